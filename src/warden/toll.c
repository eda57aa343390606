#include "base/clock.h"
#include "warden/toll.h"

#define AGAIN_NS (60 * NS_PER_SEC)

static const struct { enum counter counter; const char *action, *what; } losses[] = {
#define LOSS(counter, action, what) { COUNTER_##counter, action, what },
#include "wire/loss.def"
#undef LOSS
};

bool
toll_next(struct toll *t, const struct page *page, uint64_t now_ns, bool at_once, struct toll_loss *out)
{
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		enum counter c = losses[i].counter;
		uint64_t n = counter_get(page, c), told = t->of[c].told;
		if (n == told || (now_ns < t->of[c].due_ns && !at_once))
			continue;
		t->of[c].told = n;
		t->of[c].due_ns = now_ns + AGAIN_NS;
		*out = (struct toll_loss){ losses[i].action, losses[i].what, n - told };
		return true;
	}
	return false;
}
