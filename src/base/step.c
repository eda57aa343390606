#include "base/clock.h"
#include "base/step.h"

#define SLEW_PART	1000	/* of the time that has passed */
#define TRIES		8

int64_t
step_look(struct step_watch *w, uint64_t wall_ns, uint64_t boot_ns)
{
	int64_t ahead = (int64_t)(wall_ns - boot_ns), off = (int64_t)((uint64_t)ahead - (uint64_t)w->ahead_ns);
	int64_t slewed = (int64_t)((boot_ns - w->boot_ns) / SLEW_PART);

	if (!w->known || off >= STEP_LEAST_NS || off <= -STEP_LEAST_NS) {
		bool first = !w->known;
		*w = (struct step_watch){ true, ahead, boot_ns };
		return first ? 0 : off;
	}
	w->boot_ns = boot_ns;
	w->ahead_ns += off > slewed ? slewed : off < -slewed ? -slewed : off;
	return 0;
}

bool
step_read(uint64_t *wall_ns, uint64_t *boot_ns)
{
	for (int i = 0; i < TRIES; i++) {
		*boot_ns = now_boot_ns();
		*wall_ns = now_wall_ns();
		if (now_boot_ns() - *boot_ns < NS_PER_MS)
			return true;
	}
	return false;
}
