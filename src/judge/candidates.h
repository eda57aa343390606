#ifndef JUDGE_CANDIDATES_H
#define JUDGE_CANDIDATES_H
/* The rules that an event can concern, found by its values (policy/index.h): so many rules cost what few do. */
#include "judge/inquiry.h"

/* A bit for each rule. */
struct candidates { uint32_t word[(RULES_MAX + CROWD_BLOCK * 32 - 1) / (CROWD_BLOCK * 32) * CROWD_BLOCK]; };

/* Rules that are not refuted by what is known. All that are left out are false, whatever else is found out about the event. */
void	candidates(struct inquiry *, struct candidates *);
/* All that the kind asks. */
void	candidates_all(const struct policy *, enum event_kind, struct candidates *);
/* Leaves those whose conditions or exceptions look at one of HAVE. */
void	candidates_seeking(const struct policy *, uint32_t have, struct candidates *);
/* The first behind rule AFTER (-1: of all), or -1. */
int	candidates_next(const struct policy *, const struct candidates *, int after);

#endif
