#ifndef BASE_LOOP_H
#define BASE_LOOP_H
/*
 * An epoll loop with two priorities: as long as an urgent source has something, the others wait one turn at most. Sources
 * are embedded in their owners and removed before they die; one that was removed is not served any more, not even in this turn. One
 * loop per process, no threads.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct source;
/* EVENTS are EPOLLIN and friends. Returns 0, or -errno to end the loop with it. */
typedef int source_fn(struct source *, uint32_t events);

struct source {
	int		 fd;
	bool		 urgent;
	source_fn	*ready;
	void		*owner;
};

#define LOOP_EVENTS 64

struct loop {
	int	epoll_fd;
	bool	stop;
	int	status;		/* what loop_run returns */
	/* Called before each wait; returns the longest wait in ms, -1 for ever. NULL: for ever. */
	int	(*before)(struct loop *);
	void	*owner;
	struct epoll_event ready[LOOP_EVENTS];	/* of this turn; NULL: served, or removed */
	int	n_ready;
};

int	loop_init(struct loop *);
void	loop_done(struct loop *);
/* EVENTS: EPOLLIN, EPOLLOUT...; level-triggered. 0 or -errno. */
int	loop_add(struct loop *, struct source *, uint32_t events);
/* The same of FD, to be served by FN for the loop's owner. What opened FD may just have failed: then -errno of that. */
int	loop_watch(struct loop *, struct source *, int fd, source_fn *fn, uint32_t events);
/* FD instead of what S has, which is closed; -1: nothing any more. `ready` and `owner` stay. 0 or -errno. */
int	loop_replace(struct loop *, struct source *, int fd, uint32_t events);
int	loop_change(struct loop *, struct source *, uint32_t events);
void	loop_remove(struct loop *, struct source *);
/* Runs until loop_stop() or a source returns an error. */
int	loop_run(struct loop *);
void	loop_stop(struct loop *, int status);

/* A timerfd on the boot clock; returns the fd or -errno. FIRST 0: not armed. EVERY 0: goes off once. */
int	timer_open(uint64_t first_ns, uint64_t every_ns);
int	timer_set(int fd, uint64_t first_ns, uint64_t every_ns);
/* Reads the expirations; call it in the timer's source_fn. */
uint64_t timer_read(int fd);
/* A source_fn that does no more: of a timer that is only there to end a wait. */
int	timer_ready(struct source *, uint32_t events);

#endif
