#include <sodium.h>
#include <string.h>
#include "judge/terms.h"

#define MAGIC	0x31736d7265746579ull
#define WAYS	8u

void
terms_init(struct terms *t, const uint8_t key[16])
{
	memset(t, 0, sizeof(*t));
	t->magic = MAGIC;
	memcpy(t->key, key, sizeof(t->key));
}

bool
terms_fit(const struct terms *t, size_t size)
{
	return size == sizeof(*t) && t->magic == MAGIC;
}

/* Since when the definition ID learns. The youngest goes when there are too many: who adds definitions shall not make old ones forget. */
static uint32_t
learns_since(struct terms *t, uint64_t id, uint32_t now_s)
{
	unsigned youngest = 0;

	for (unsigned i = 0; i < TERMS_DEFINITIONS; i++) {
		if (t->definition[i].id == id)
			return t->definition[i].since_s;
		if (!t->definition[i].id || t->definition[i].since_s > t->definition[youngest].since_s)
			youngest = i;
		if (!t->definition[i].id)
			break;
	}
	t->definition[youngest].id = id;
	t->definition[youngest].since_s = now_s;
	return now_s;
}

static uint64_t
print_of(const struct terms *t, const struct term_seen *s)
{
	crypto_generichash_state st;
	uint8_t out[16];
	uint64_t print;

	crypto_generichash_init(&st, t->key, sizeof(t->key), sizeof(out));
	crypto_generichash_update(&st, (const unsigned char *)&s->id, sizeof(s->id));
	crypto_generichash_update(&st, s->bytes, s->len);
	crypto_generichash_final(&st, out, sizeof(out));
	memcpy(&print, out, sizeof(print));
	return print ? print : 1;
}

bool
terms_new(struct terms *t, const struct term_seen *s)
{
	uint64_t print = print_of(t, s);
	uint32_t since = learns_since(t, s->id, s->now_s), first = (uint32_t)(print % (TERMS_PLACES / WAYS)) * WAYS, oldest = first;

	atomic_fetch_add_explicit(&t->changes, 1, memory_order_relaxed);
	for (uint32_t i = first; i < first + WAYS; i++) {
		if (t->place[i].print == print) {
			bool stale = s->now_s > t->place[i].seen_s && s->now_s - t->place[i].seen_s > s->window_s;
			t->place[i].seen_s = s->now_s;
			return stale && s->now_s - since >= s->learn_s;
		}
		if (t->place[i].seen_s < t->place[oldest].seen_s)
			oldest = i;
	}
	t->evicted += t->place[oldest].print != 0;
	t->place[oldest].print = print;
	t->place[oldest].seen_s = s->now_s;
	return s->now_s >= since && s->now_s - since >= s->learn_s;
}
