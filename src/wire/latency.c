#include "wire/latency.h"

void
latency_read(struct latency *l, const struct page *page)
{
	l->total = 0;
	for (unsigned i = 0; i < PAGE_LATENCY_BUCKETS; i++)
		l->total += l->bucket[i] = atomic_load_explicit(&page->gate.latency[i], memory_order_relaxed);
}

uint64_t
latency_rank(const struct latency *l, unsigned per_mille)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < PAGE_LATENCY_BUCKETS; i++) {
		sum += l->bucket[i];
		if (sum * 1000 >= l->total * per_mille)
			return 1ull << i;
	}
	return 1ull << (PAGE_LATENCY_BUCKETS - 1);
}
