#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H
/*
 * What a process gives up after its fork: user, capabilities, descriptors, system calls, limits. Applied once, in the one order that works.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct limit { int resource; uint64_t value; };		/* RLIMIT_x; lowered, never raised */

struct sandbox {
	const char	*title;			/* comm, at most 15 bytes */
	bool		 change_user;		/* to uid/gid below, with no further groups */
	uid_t		 uid;
	gid_t		 gid;
	uint64_t	 caps;			/* bit per CAP_x that stays permitted and effective; all others leave every set */
	const int	*syscalls;		/* libseccomp numbers, ended by SANDBOX_END; anything else kills the process */
	const int	*refused;		/* where syscalls is NULL: all but these, which fail with EPERM; for who runs programs of others */
	const struct limit *limits;		/* ended by resource -1 */
	int		 oom_score;		/* oom_score_adj; set before dumpable, which makes it unwritable */
	const int	*keep;			/* descriptors to keep besides 0-2, ended by -1; NULL: all */
	bool		 die_with_parent;	/* PR_SET_PDEATHSIG SIGKILL */
};
#define SANDBOX_END	(-100000)

/*
 * Applies S to this process: parent-death signal, oom score, close_range, limits, user, capabilities (bounding, ambient and
 * inheritable sets emptied too), no_new_privs, dumpable 0, seccomp last. What the host does not let us do (e.g. an oom score without
 * CAP_SYS_RESOURCE) is skipped only where the comment in sandbox.c says why that is safe. Returns 0 or -errno, and then the
 * process must exit.
 */
int	sandbox_enter(const struct sandbox *);

#endif
