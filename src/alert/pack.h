#ifndef ALERT_PACK_H
#define ALERT_PACK_H
/*
 * Closed segments as zstd files, made a piece at a time so that nobody waits for them, and read as the records that they hold. What is read
 * may come from anywhere: a frame that claims more memory than PACK_WINDOW is refused.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PACK_WINDOW	23	/* log2 of bytes */

/* Reading. */
struct unpack;
/*
 * *OUT is NULL where FD is no zstd file, or cannot be read from its start. Reads from there with pread(); FD stays the caller's. 0 or
 * -ENOMEM.
 */
int	unpack_open(struct unpack **out, int fd);
void	unpack_close(struct unpack *);
/* Bytes, 0 at the end, -EBADMSG: no whole zstd file, or -errno of reading. */
ssize_t	unpack_read(struct unpack *, void *buf, size_t size);

/* Writing: FROM of directory DIR becomes TO, whole and synced, before FROM is removed. */
struct pack;
/* 0, or -errno: nothing is left behind that harms. */
int	pack_open(struct pack **, int dir, const char *from, const char *to);
/* One piece. 1: there is more; 0: done; -errno: it was given up. Either way but 1, call pack_close(). */
int	pack_step(struct pack *);
void	pack_close(struct pack *);

#endif
