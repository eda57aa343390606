#ifndef CTL_STORE_H
#define CTL_STORE_H
/*
 * Reading records from files. A line that is not one whole record is passed over with a note on stderr: whoever could write there
 * must not be able to keep the others from being shown.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define STORE_LOG	"alerts.jsonl"	/* in [paths] log */

/* RECORD is borrowed; LINE is its text without the newline. False: no more. */
typedef bool store_fn(void *arg, json_t *record, const char *line, size_t len);

/* Shows FN every record of PATH, oldest first, and with FOLLOW those that are written from then on, also to a new file of that name. */
struct store_ask { const char *path; bool follow; store_fn *fn; void *arg; };
/* 0, or -errno: it cannot be read. */
int	store_read(const struct store_ask *);

/* The member at a path such as "process.parent.executable"; NULL if there is none. */
json_t	*store_get(const json_t *record, const char *path);
/* Its text; "" if there is none. */
const char *store_text(const json_t *record, const char *path);
bool	store_number(const json_t *record, const char *path, int64_t *);
/* @timestamp; 0 if there is none. */
uint64_t store_time(const json_t *record);
/* Part of a path behind the last slash. */
const char *store_name(const char *path);

#endif
