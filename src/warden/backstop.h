#ifndef WARDEN_BACKSTOP_H
#define WARDEN_BACKSTOP_H
/*
 * No question is ever left unanswered: for a gate that is dead or past its deadline the warden answers, by the number of the descriptor,
 * which any holder of the group may do. Only one process reads a group at a time, so the gate is gone before anything else happens.
 */
#include "warden/warden.h"

/* Is the gate past its deadline? WHY says how. */
bool	backstop_overdue(const struct warden *, uint64_t now_ns, const char **why);
/* Answers everything that a gate which is gone had taken. Returns how many. */
unsigned backstop_sweep(struct warden *, enum decision);
/* While no gate may be started: be the one reader. */
void	backstop_read(struct warden *, bool on);

#endif
