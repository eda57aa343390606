#include <errno.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "watch/audit.h"
#include "watch/control.h"
#include "watch/devices.h"
#include "watch/facts.h"
#include "watch/packets.h"
#include "watch/watch.h"

#define TICK_MS 250		/* while something may run out of time */
#define FACTS_MS 50		/* while a change of a file waits to be looked at */

static struct watch {
	struct loop	loop;
	struct outbox	out;
	struct listener	audit;
	struct packets	packets;
	struct devices	devices;
	struct control	control;
	struct facts	facts;
	struct source	warden;
	bool		deaf;		/* what the warden has waits, until there is room for more files */
	_Alignas(8) char buffer[WIRE_MAX];
} the_watch;

static int
watch_on_reply(struct watch *w, const struct wire_msg *m)
{
	return control_on_reply(&w->control, m);
}

static int
watch_on_audit(struct watch *w, const struct wire_msg *m)
{
	struct msg_audit a;

	memcpy(&a, m->payload, sizeof(a));
	return listener_use(&w->audit, m->fd, a.kinds, a.told);
}

static int
watch_on_audit_end(struct watch *w, const struct wire_msg *m)
{
	(void)m;
	return listener_use(&w->audit, -1, 0, 0);
}

static int
use_sense(struct watch *w, const struct wire_msg *m, int fd)
{
	struct msg_sense s;

	memcpy(&s, m->payload, sizeof(s));
	if (s.sense == SENSE_PACKETS)
		return packets_use(&w->packets, fd);
	return s.sense == SENSE_DEVICES ? devices_use(&w->devices, fd) : -EBADMSG;
}

static int
watch_on_sense(struct watch *w, const struct wire_msg *m)
{
	return use_sense(w, m, m->fd);
}

static int
watch_on_sense_end(struct watch *w, const struct wire_msg *m)
{
	return use_sense(w, m, -1);
}

static int
watch_on_facts(struct watch *w, const struct wire_msg *m)
{
	return facts_take(&w->facts, m, now_boot_ns());
}

typedef int message_fn(struct watch *, const struct wire_msg *);
static message_fn *const handlers[MSG__MAX] = {
	[MSG_REPLY] = watch_on_reply, [MSG_SEALED] = watch_on_reply, [MSG_AUDIT] = watch_on_audit, [MSG_AUDIT_END] = watch_on_audit_end,
	[MSG_SENSE] = watch_on_sense, [MSG_SENSE_END] = watch_on_sense_end,
	[MSG_FACT] = watch_on_facts, [MSG_FACT_OPEN] = watch_on_facts, [MSG_FACT_GONE] = watch_on_facts,
	[MSG_FACT_FOUND] = watch_on_facts, [MSG_WALK] = watch_on_facts,
};

/* The warden is believed, but not blindly: what does not hold together ends this process, and a new one starts. */
static int
warden_ready(struct source *s, uint32_t events)
{
	struct watch *w = s->owner;
	struct wire_msg m;
	int err = wire_recv(s->fd, ROOM_WARDEN, ROOM_WATCH, w->buffer, sizeof(w->buffer), &m);

	(void)events;
	if (err)
		return err == -EAGAIN ? 0 : err;
	return handlers[m.type](w, &m);
}

static int
watch_before(struct loop *l)
{
	struct watch *w = l->owner;
	uint64_t now = now_boot_ns();
	unsigned open = listener_tick(&w->audit, now);
	int tick = control_tick(&w->control, now) || open ? TICK_MS : -1, due = packets_tick(&w->packets, now);

	bool waits = facts_tick(&w->facts, now), deaf = !facts_room(&w->facts);
	if (deaf != w->deaf && loop_change(&w->loop, &w->warden, deaf ? 0 : EPOLLIN) == 0)
		w->deaf = deaf;
	if (waits)
		tick = tick < 0 || tick > FACTS_MS ? FACTS_MS : tick;
	return due < 0 || (tick >= 0 && tick < due) ? tick : due;
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
		err = packets_init(&w->packets, &w->loop, setup, &w->out);
	if (!err)
		err = devices_init(&w->devices, &w->loop, setup, &w->out);
	if (!err)
		err = listener_init(&w->audit, &w->loop, setup, &w->out, &w->packets);
	if (!err)
		facts_init(&w->facts, &w->out, &w->audit.logons, setup->page);
	w->warden = (struct source){ .fd = setup->warden_sock, .ready = warden_ready, .owner = w };
	if (!err)
		err = loop_add(&w->loop, &w->warden, EPOLLIN);
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
