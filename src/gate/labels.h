#ifndef GATE_LABELS_H
#define GATE_LABELS_H
/* Labels that rules give to processes: bits in the tree, names in the policy. */
#include "gate/state.h"

/* Gives what the verdict in hand says to the process in hand, before it can do anything else. */
void	labels_give(struct gate *);
/* The names of those of the process in hand, into the event in hand. */
void	labels_fetch(struct gate *);
/* A policy comes in place of the present one, which may be none: bits of the tree go by their names. */
void	labels_policy(struct gate *, const struct policy *);

#endif
