#ifndef WIRE_LATENCY_H
#define WIRE_LATENCY_H
/* How long answers took, from the shared page. */
#include "wire/page.h"

struct latency { uint64_t bucket[PAGE_LATENCY_BUCKETS], total; };

void	latency_read(struct latency *, const struct page *);
/* Upper bound, in microseconds, of the bucket in which the value lies that PER_MILLE of all do not exceed. */
uint64_t latency_rank(const struct latency *, unsigned per_mille);

#endif
