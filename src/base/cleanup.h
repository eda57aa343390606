#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H
/*
 * Ownership by scope: a variable marked CLEANUP_x is released when it leaves its scope, unless it
 * was stolen. There is no goto ladder anywhere in yett.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <dirent.h>

static inline void
cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void
cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void
cleanup_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void
cleanup_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define CLEANUP(fn)	__attribute__((cleanup(fn)))
#define CLEANUP_FD	CLEANUP(cleanup_fd)
#define CLEANUP_FREE	CLEANUP(cleanup_free)
#define CLEANUP_FILE	CLEANUP(cleanup_file)
#define CLEANUP_DIR	CLEANUP(cleanup_dir)

/* Takes the descriptor out of its variable: the caller owns it now. */
static inline int
steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define steal_ptr(pp)	({ __typeof__(*(pp)) taken_ = *(pp); *(pp) = NULL; taken_; })

#endif
