#ifndef CTL_PAST_H
#define CTL_PAST_H
/* What the process tree of an alert did: the tree, and the records about it in order of time. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "alert/family.h"

#define PAST_RECORDS	5000

struct past_one { json_t *record; uint64_t time_ns; };
/* A process; its texts are those of a record. PARENT: entity, 0 unknown. OF_ROOT: a record says that it is in the tree of the root. */
struct past_process { uint64_t entity, parent; int64_t pid; const char *executable, *user; unsigned depth; bool shown, of_root; };

struct past {
	const json_t	*alert;
	uint64_t	 alert_ns;
	struct kin	 kin;			/* of the alert */
	struct family	 family;
	uint64_t	 from_ns, to_ns;	/* records between; 0: all */
	struct past_one	*one;
	size_t		 n, room;
	uint64_t	 left_out;		/* beyond PAST_RECORDS, or for want of memory */
	struct past_process *process;		/* FAMILY_MAX at most */
	size_t		 n_processes, process_room;
	size_t		*order;			/* of the processes, each behind its parent */
	char		 source[64];		/* of the records, in words */
};

/*
 * What the file NAME of directory LOG has, or where it is NULL what both logs have of the time SPAN_NS before ALERT up to a while after it.
 * The alert is the caller's and has to stay. 0, also if nothing is known of a process, or -errno.
 */
struct past_ask { json_t *alert; const char *log, *file; uint64_t span_ns; };
int	past_gather(struct past *, const struct past_ask *);
void	past_done(struct past *);

void	past_show(const struct past *);
/* Adds `tree` and `timeline` to the object. */
void	past_json(const struct past *, json_t *);

#endif
