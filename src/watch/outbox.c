#include <errno.h>
#include <string.h>
#include "base/clock.h"
#include "watch/outbox.h"

static void
copy_in(struct outbox *o, const void *bytes, size_t n)
{
	size_t at = (o->head + o->used) % OUTBOX_BYTES, first = n < OUTBOX_BYTES - at ? n : OUTBOX_BYTES - at;

	memcpy(o->ring + at, bytes, first);
	memcpy(o->ring, (const uint8_t *)bytes + first, n - first);
	o->used += n;
}

static void
copy_out(const struct outbox *o, size_t skip, void *bytes, size_t n)
{
	size_t at = (o->head + skip) % OUTBOX_BYTES, first = n < OUTBOX_BYTES - at ? n : OUTBOX_BYTES - at;

	memcpy(bytes, o->ring + at, first);
	memcpy((uint8_t *)bytes + first, o->ring, n - first);
}

static int
listen_for(struct outbox *o, uint32_t events)
{
	return loop_change(o->loop, &o->source, events);
}

static bool
keep(struct outbox *o, const struct event *ev)
{
	uint32_t n = (uint32_t)event_wire_size(ev);

	if (sizeof(n) + n > OUTBOX_BYTES - o->used)
		return false;
	if (!o->used)
		listen_for(o, EPOLLOUT);
	copy_in(o, &n, sizeof(n));
	copy_in(o, ev, n);
	return true;
}

/* True: sent, or kept for later. */
static bool
pass(struct outbox *o, const struct event *ev)
{
	int err = o->used ? -EAGAIN : wire_send(o->source.fd, MSG_EVENT, ev, event_wire_size(ev), -1);

	return !err || (err == -EAGAIN && keep(o, ev));
}

static void
make_agent(struct event *ev, const char *action, uint64_t count, const char *reason)
{
	event_init(ev, EVENT_AGENT, SENSOR_SELF);
	ev->wall_ns = now_wall_ns();
	ev->boot_ns = now_boot_ns();
	ev->flags |= FLAG_NOTIFIED;
	ev->count = count;
	event_set_str(ev, TEXT_ACTION, action);
	ev->have |= HAVE_ACTION;
	if (reason)
		event_set_str(ev, TEXT_REASON, reason);
}

void
outbox_put(struct outbox *o, const struct event *ev)
{
	if (!pass(o, ev))
		counter_add(o->page, COUNTER_EVENTS_LOST, 1);
}

bool
outbox_busy(const struct outbox *o)
{
	return o->used > OUTBOX_BYTES / 2;
}

void
outbox_ask(struct outbox *o, const struct msg_holds *m)
{
	if (!o->used)
		wire_send(o->source.fd, MSG_HOLDS, m, sizeof(*m), -1);
}

void
outbox_tell(struct outbox *o, const char *action, uint64_t count, const char *reason)
{
	make_agent(&o->scratch, action, count, reason);
	outbox_put(o, &o->scratch);
}

static int
outbox_ready(struct source *s, uint32_t events)
{
	struct outbox *o = s->owner;
	uint32_t n;

	if (events & (EPOLLERR | EPOLLHUP))
		return -EPIPE;
	while (o->used) {
		copy_out(o, 0, &n, sizeof(n));
		copy_out(o, sizeof(n), &o->scratch, n);
		int err = wire_send(s->fd, MSG_EVENT, &o->scratch, n, -1);
		if (err == -EAGAIN)
			return 0;
		if (err)
			return err;
		o->head = (o->head + sizeof(n) + n) % OUTBOX_BYTES;
		o->used -= sizeof(n) + n;
	}
	return listen_for(o, 0);
}

int
outbox_init(struct outbox *o, struct loop *l, int gate_sock, struct page *page)
{
	memset(o, 0, offsetof(struct outbox, scratch));
	o->loop = l;
	o->page = page;
	o->source = (struct source){ .fd = gate_sock, .ready = outbox_ready, .owner = o };
	return loop_add(l, &o->source, 0);
}
