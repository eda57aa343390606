#ifndef JUDGE_CORRELATE_H
#define JUDGE_CORRELATE_H
/*
 * Correlations: what rules matched, counted and put in order over time. Pure like the judge: its time is the event's, so the same events
 * give the same verdicts whenever they are replayed. One block of memory, mapped once; a group of events has one place in it. When
 * all places are taken the oldest group of the correlation that has most of them goes, so that who floods one correlation
 * pushes out no other; that is counted.
 *
 * Groups of process.tree: the process that the first event came from and all its descendants, whatever session or parent they have
 * later. Where events are only counted, the first ancestor of the same session stands for it.
 */
#include "judge/judge.h"
#include "judge/terms.h"
#include "judge/tree.h"

#define CORRELATE_GROUPS	4096
#define CORRELATE_TIMES		64	/* up to so many events are counted exactly; more in sixteenths of the timespan */
#define CORRELATED_MAX		8	/* that come true by one event */

struct correlate;

/* Returns 0 or -errno. TREE, whose processes are marked, and TERMS (may be NULL) stay the caller's. */
int	correlate_new(struct correlate **, struct tree *, struct terms *);
void	correlate_free(struct correlate *);
/* Another policy is in force: groups of correlations that did not change stay. Call it before correlate() with that policy. */
void	correlate_policy(struct correlate *, const struct policy *);

struct correlated { unsigned n; uint16_t rule[CORRELATED_MAX]; };	/* indices of rules, for judge_add() */

/* What the groups of the correlations that VERDICT feeds are made of: fetch it before correlate(). Bits of enum event_have. */
uint32_t correlate_needs(const struct policy *, const struct verdict *);
/* VERDICT is final for EV. Once for each event: it counts. */
void	correlate(struct correlate *, const struct policy *, const struct event *, const struct verdict *, struct correlated *);

/* Does one count matches on some of kinds A and on some of kinds B (bits per enum event_kind)? */
bool	correlate_joins(const struct policy *, uint64_t a, uint64_t b);

struct correlate_stats { uint64_t groups, evicted; };
void	correlate_stats(const struct correlate *, struct correlate_stats *);

#endif
