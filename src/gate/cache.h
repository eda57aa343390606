#ifndef GATE_CACHE_H
#define GATE_CACHE_H
/*
 * Allows that the kernel remembers. Where the answer about a program is yes without a trace, whoever asks, its inode gets a mark that
 * keeps exec from asking again: such an exec costs nothing. The kernel drops the mark when the file is written, truncated, deleted or
 * evicted. All marks go when one of these files is changed in another way (mode, owner, links, name), when a directory is renamed, when
 * the policy changes, and when the gate dies.
 *
 * A store into a shared mapping drops no mark. So a file that others than root may write is marked only as long as we hold a read lease on
 * it: its first writer waits until the mark is gone. Each costs a descriptor, which keeps its file system busy, so they are few and short.
 */
#include "gate/state.h"

#ifndef FAN_MARK_IGNORE
#define FAN_MARK_IGNORE		0x00000400	/* Linux 6.0 */
#endif
#ifndef FAN_MARK_EVICTABLE
#define FAN_MARK_EVICTABLE	0x00000200	/* Linux 5.19 */
#endif

/* Where in `known` a file has its place. */
static inline unsigned
cache_place(const struct file *f)
{
	return (unsigned)((f->ino ^ f->dev * 0x9e3779b97f4a7c15ull) % CACHE_KNOWN);
}

/* Begins to listen. 0 or -errno; without what it takes from the kernel nothing is ever cached. */
int	cache_start(struct gate *);
/* The event in hand was allowed, without a trace: may exec stop asking about Q? Before it is answered. */
void	cache_allow(struct gate *, struct question *q);
/* Everything is asked about again. */
void	cache_flush(struct gate *);
/* A descriptor that is kept keeps its file system from being unmounted: only where one was mounted before yettd started. */
bool	cache_may_stay_busy(const struct gate *, uint64_t dev);
/* Is told when the file of FD changes in a way that its marks do not notice: everything is asked about again then. False: it cannot be. */
bool	cache_watch(struct gate *, int fd);
/* Its file has changed just now: a script that makes, runs and removes it should not cost others their marks. */
bool	cache_is_young(const struct event *);
/* Is the file of FD still what the event says? What changed before cache_watch() was told to nobody. */
bool	cache_unchanged(int fd, const struct file *);
/* Ends leases that are old or being broken. Returns ms until the next, -1 none. */
int	cache_tend(struct gate *, uint64_t now_ns);

#endif
