#ifndef CTL_CROWD_H
#define CTL_CROWD_H
/* Whom a switch of the host would affect: processes that do now what it forbids, found by one pass over /proc. */
#include <stddef.h>
#include <stdint.h>

enum crowd_of {
	CROWD_NOBODY,
	CROWD_MEMFD,		/* runs a program that lives in memory only */
	CROWD_TRACERS,		/* traces another process */
	CROWD_NAMESPACE,	/* is in another user namespace than the first process */
	CROWD_URING,		/* holds a ring of io_uring */
	CROWD_BPF,		/* holds BPF programs or maps and is not root */
	CROWD_TMP, CROWD_VAR_TMP, CROWD_SHM,	/* runs a program from /tmp, /var/tmp, /dev/shm */
	CROWD__MAX
};

#define CROWD_NAMED	8

/* Each process counts once; NAME is that of its program, with '?' for what is not printable ASCII. */
struct crowd { size_t n; struct { int32_t pid; char name[48]; } first[CROWD_NAMED]; };

struct crowds {
	struct crowd	of[CROWD__MAX];
	size_t		processes, hidden;	/* looked at; of these those that may not be looked into */
};

/*
 * PROC is a descriptor of /proc, or of a directory like it. TELL, unless it is NULL, is called with ARG after each process. 0 or -errno;
 * what ends meanwhile is left out.
 */
int	crowds_look(int proc, struct crowds *, void (*tell)(void *arg, const struct crowds *), void *arg);

#endif
