#ifndef GATE_HELD_H
#define GATE_HELD_H
/* Questions that wait for scan: parked, resumed, timed out. The one loop back in the way of data, and all of it. */
#include "gate/state.h"

/*
 * Has the file of FD, which is that of ASK, scanned: by the scan of this content that is under way, or a new one. Returns its ticket;
 * 0: there are too many, or scan takes nothing.
 */
uint64_t held_scan(struct gate *, const struct msg_scan *ask, int fd);
/* Is it under way? */
bool	held_scanning(const struct gate *, uint64_t ticket);

/*
 * Parks the question in hand until the content of its file is known. Questions about the same content wait for one scan.
 * Returns 0 and owns Q, or -ENOSPC / -EAGAIN: then the caller answers at once.
 */
int	held_park(struct gate *, const struct question *, const struct msg_scan *ask);

/* Scan has answered TICKET. Before held_resume(). */
void	held_scanned(struct gate *, uint64_t ticket);

/* One question whose file was scanned under TICKET, taken out into Q; false when no more wait for it. */
bool	held_resume(struct gate *, uint64_t ticket, struct question *);

/* One question that has waited longer than the deadline, taken out; false when there is none. */
bool	held_overdue(struct gate *, uint64_t now_ns, struct question *);

/* Scan was replaced, and what it had read is lost: each file is sent again, under its ticket. */
void	held_again(struct gate *);

/* Milliseconds until the next deadline, -1 when nothing waits. */
int	held_wait_ms(const struct gate *, uint64_t now_ns);

#endif
