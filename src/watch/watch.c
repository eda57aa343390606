#include <errno.h>
#include "base/clock.h"
#include "base/log.h"
#include "watch/audit.h"
#include "watch/control.h"
#include "watch/watch.h"

#define TICK_MS 250		/* while something may run out of time */

static struct watch {
	struct loop	loop;
	struct outbox	out;
	struct listener	audit;
	struct control	control;
} the_watch;

static int
watch_before(struct loop *l)
{
	struct watch *w = l->owner;
	uint64_t now = now_boot_ns();
	unsigned open = listener_tick(&w->audit, now);

	return control_tick(&w->control, now) || open ? TICK_MS : -1;
}

static int
watch_start(struct watch *w, const struct watch_setup *setup)
{
	int err = loop_init(&w->loop);

	w->loop.before = watch_before;
	w->loop.owner = w;
	if (!err)
		err = outbox_init(&w->out, &w->loop, setup->gate_sock, setup->page);
	if (!err)
		err = control_init(&w->control, &w->loop, setup);
	if (!err)
		err = listener_init(&w->audit, &w->loop, setup, &w->out);
	return err;
}

int
watch_main(const struct watch_setup *setup)
{
	struct watch *w = &the_watch;
	int err = watch_start(w, setup);

	if (!err)
		err = loop_run(&w->loop);
	loop_done(&w->loop);
	/* The other processes are gone: that is how this one is told to end. */
	if (err == -EPIPE)
		return 0;
	if (err)
		log_errno(err, "ends");
	return err ? 1 : 0;
}
