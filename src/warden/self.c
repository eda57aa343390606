#include <inttypes.h>
#include <signal.h>
#include "base/clock.h"
#include "warden/self.h"
#include "warden/tell.h"

/* Not while there is no room to tell it. */
static void
tell_losses(struct warden *w, uint64_t now, bool at_once)
{
	struct toll_loss l;

	while ((w->n_told < TOLD_MAX || at_once) && toll_next(&w->self.toll, w->page, now, at_once, &l))
		tell(w, l.action, l.count, "%llu %s.", (unsigned long long)l.count, l.what);
}

static void
tell_step(struct warden *w)
{
	uint64_t wall, boot;
	int64_t ns = step_read(&wall, &boot) ? step_look(&w->self.clocks, wall, boot) : 0;
	uint64_t ms = (uint64_t)(ns < 0 ? -ns : ns) / NS_PER_MS;

	if (ns)
		tell(w, "clock-step", ms, "The wall clock was set %s by %llu.%03llu s.", ns < 0 ? "back" : "forward",
		    (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000));
}

/* Also of a file system that is not gated. */
static const char *
place_of(const void *arg, uint64_t dev)
{
	const struct warden *w = arg;

	for (unsigned i = 0; i < w->n_mounted && i < MOUNTED_MAX; i++)
		if (w->mounted[i].dev == dev)
			return w->mounted[i].path;
	return NULL;
}

/* Each hour of the wall clock, so that no record is about two days; LAST: also what there is of this one. */
static void
tell_coverage(struct warden *w, bool last)
{
	static struct tally_told t;

	w->self.tally.place = place_of;
	w->self.tally.arg = w;
	if (tally_next(&w->self.tally, w->page, now_wall_ns(), last, &t))
		tell_of(w, &(struct telling){ .what = "coverage", .count = t.ran, .details = &t.details },
		    "%llu programs were started: %llu were judged, %llu allowed by what the kernel remembers, %llu not judged; %llu ended before "
		    "it could be seen what they were.",
		    (unsigned long long)t.ran, (unsigned long long)t.judged, (unsigned long long)t.cached,
		    (unsigned long long)(t.ran - t.judged - t.cached - t.gone), (unsigned long long)t.gone);
}

void
self_second(struct warden *w, uint64_t now_ns)
{
	tell_step(w);
	tell_losses(w, now_ns, false);
	tell_coverage(w, false);
}

void
self_start(struct warden *w)
{
	static struct details d;

	d = (struct details){ 0 };
	details_add(&d, "kernel: %s", w->host.kernel);
	details_add(&d, "boot: %s", w->host.boot_id);
	details_add(&d, "kernel command line: %s", w->glass[0] ? w->glass : "nothing about yett");
	details_files(&d, w->config_path, w->policy);
	tell_of(w, &(struct telling){ .what = "agent-start", .count = policy_rules(w->policy), .details = &d },
	    "yettd %s started: mode %s, %u rules, policy %s, kernel %s.", VERSION,
	    w->groups.mode == MODE_ENFORCE ? "enforce" : "monitor", policy_rules(w->policy), policy_hash(w->policy), w->host.kernel);
}

static void
tell_stop(struct warden *w)
{
	char by[WHO_WORDS];

	if (w->self.stop_signal)
		tell_of(w, &(struct telling){ .what = "agent-stop", .count = 1, .by = &w->self.stopped_by },
		    "yettd was stopped in good order by %s from %s.", w->self.stop_signal == SIGINT ? "SIGINT" : "SIGTERM",
		    who_words(&w->self.stopped_by, by));
	else
		tell(w, "agent-stop", 1, "yettd ended by itself, because of an error that its log tells.");
}

void
self_stop(struct warden *w)
{
	tell_losses(w, now_boot_ns(), true);
	tell_coverage(w, true);
	tell_stop(w);
}
