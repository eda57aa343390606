#include "alert/keep.h"
#include "base/clock.h"
#include "base/log.h"
#include "record/kept.h"

#define AGAIN_NS	(60 * NS_PER_SEC)

bool
kept_is_due(const struct kept_state *s, uint64_t now_ns)
{
	return now_ns - s->at_ns >= AGAIN_NS;
}

void
kept_write(struct kept_state *s, const struct kept *k, int state_dir, uint64_t now_ns)
{
	uint64_t changes = k->bytes ? atomic_load(k->changes) : 0;

	s->at_ns = now_ns;
	if (changes == s->changes)
		return;
	int err = keep_write(state_dir, KEPT_FILE, k->bytes, k->len, 0600);
	if (err)
		log_errno(err, "what correlations have learnt could not be kept");
	else
		s->changes = changes;
}
