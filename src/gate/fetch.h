#ifndef GATE_FETCH_H
#define GATE_FETCH_H
/* What the judge asks for beyond the question itself: looked up only when a rule hangs on it, or for a record. */
#include "gate/state.h"

/* What a record of a finding tells, as far as it can still be had. */
#define FETCH_FOR_RECORD (HAVE_USER | HAVE_AUID | HAVE_CGROUP | HAVE_COMM | HAVE_CWD | HAVE_ARGS | HAVE_PARENT_ARGS | \
	HAVE_TTY | HAVE_LABEL | HAVE_SOURCE | HAVE_PEER | HAVE_TARGET | HAVE_FILE)

/*
 * Fetches NEEDS (enum event_have) about the process of the event in hand and marks them tried; what is in the file is only looked up in
 * what scan has said already. Q: the question, or NULL for an event that nobody waits for. /proc is read, nothing on a disk is opened.
 */
void	fetch(struct gate *, const struct question *q, uint32_t needs);

/* Places the event in the tree; a process that the tree does not know is read from /proc with its ancestors. */
void	fetch_place(struct gate *);

/* Names the program of the target of the event in hand, if it has one. */
void	fetch_target(struct gate *);

/* What a process runs, without the kernel's remark that the file has no name any more. Length, or -errno. */
ssize_t	fetch_program(struct gate *, int32_t pid, char *exe, size_t size);
/* The file that it runs. 0 or -errno. */
int	fetch_program_file(struct gate *, int32_t pid, struct stat *);

#endif
