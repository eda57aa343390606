#ifndef GATE_AHEAD_H
#define GATE_AHEAD_H
/*
 * Programs are hashed when they were written, so that their first exec finds the answer: where a rule hangs on what is in a program, and
 * somebody would wait for it. The kernel tells of every file that was closed behind a writer; a moment later, when its times can tell a
 * further change, what has a right to be executed, and at whose place a rule may come to ask for it, goes to scan, one at a time, which
 * reads it only if it begins as a program does.
 * What comes too fast, or is changed in its rights or its name later, is hashed when it is run, as everything else.
 */
#include "base/loop.h"
#include "event/event.h"

#define AHEAD_MAX	64

struct gate;
struct ahead {
	struct source	source;
	bool		rests;		/* the kernel is not listened to until due_ns */
	uint64_t	due_ns;
	unsigned	n;		/* files that wait, the first to come first */
	struct { int fd; uint64_t due_ns; } file[AHEAD_MAX];
	uint64_t	ticket;		/* of the scan that is under way; 0: none is */
};

/* Begins to listen, if there is a group for it. 0 or -errno. */
int	ahead_start(struct gate *);
/* Hands on what is due. Returns ms until the next, -1 none. */
int	ahead_tend(struct gate *, uint64_t now_ns);

#endif
