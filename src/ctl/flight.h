#ifndef CTL_FLIGHT_H
#define CTL_FLIGHT_H
/* The files of the flight recorder, beside the logs, and the records that name them (yett-record(5)). */
#include <jansson.h>
#include "ctl/ctl.h"
#include "ctl/store.h"

#define FLIGHT_FILE	40	/* "flight/0123456789abcdef.jsonl" */

/* Text of the first detail that begins with WORD and "=", behind that; NULL: there is none. */
const char *flight_detail(const json_t *record, const char *word);
/* The file that detail TEXT names, if it is one of those. */
bool	flight_file(const char *text, char file[FLIGHT_FILE]);
/* Is it a record that a file was written, which names alert ID? */
bool	flight_names(const json_t *record, const char *id);

/*
 * Shows FN the records of event ID, or the beginning of an id, in the first file that has any; for when no log has it any more. FILE is
 * which. 0, -ENOENT: none has, or -errno.
 */
struct flight_ask { const char *log, *id; store_fn *fn; void *arg; };
int	flight_search(const struct flight_ask *, char file[FLIGHT_FILE]);

/*
 * Every file in LOG against the record that names it; the log of alerts has to be proved before. Prints what was found where there is
 * anything to say, in JSON as a member of the object that TOLD says is open. DONE, ALTERED, or an error on stderr.
 */
enum answer flight_verify(const struct ctl *, const char *log, bool *told);

#endif
