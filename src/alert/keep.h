#ifndef ALERT_KEEP_H
#define ALERT_KEEP_H
/*
 * Small files that must be whole after a crash, and evidence that must never be overwritten. DIR is a directory descriptor that
 * can be synced (not O_PATH). All return 0 or -errno.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define KEEP_TRIES 1000	/* so many names for one piece of evidence */

/* The file NAME holds DATA or what it held before, never a part; synced. It belongs to the owner of DIR. */
int	keep_write(int dir, const char *name, const void *data, size_t len, mode_t mode);
/* Reads all of NAME; the number of bytes, -EFBIG if it does not fit, or -errno. */
ssize_t	keep_read(int dir, const char *name, void *buf, size_t size);
bool	keep_exists(int dir, const char *name);
/* All that is in DIR, from the beginning, by a descriptor of its own, for closedir(); NULL with errno. */
DIR	*keep_list(int dir);
/* Renames without ever replacing; synced. */
int	keep_aside(int dir, const char *from, const char *to);
/* Evidence that is in the way: renamed to NAME.TAG, or with a number behind it. That there is none is no error. */
int	keep_tagged(int dir, const char *name, const char *tag);
/* A directory SUB of DIR, of its owner, for evidence that belongs together. That there is one is no error. */
int	keep_sub(int dir, const char *sub);
/* Moves NAME there, or with a number behind it. That there is none is no error. Nothing is durable before keep_sub_sync(). */
int	keep_into(int dir, const char *name, const char *sub);
int	keep_sub_sync(int dir, const char *sub);
/* Copies bytes FROM to TO of FD into the new file NAME; synced. -EEXIST if there is one. */
int	keep_copy(int fd, uint64_t from, uint64_t to, int dir, const char *name);

/* Building stones: reads some of it at OFF, 0 at the end; writes all of it there. */
ssize_t	keep_get(int fd, void *buf, size_t size, uint64_t off);
int	keep_put(int fd, const void *data, size_t len, uint64_t off);
/* Opens a new file of the owner of DIR, emptying what was there. */
int	keep_create(int dir, const char *name, int flags, mode_t mode);

#endif
