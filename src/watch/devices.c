#include <errno.h>
#include <string.h>
#include "base/clock.h"
#include "base/netlink.h"
#include "watch/devices.h"
#include "watch/uevent.h"

#define READ_AT_ONCE	64	/* messages, before others have their turn */

static void
tell(struct devices *w, const struct uevent *u)
{
	struct event *ev = &w->event;

	event_init(ev, EVENT_DEVICE, SENSOR_UEVENT);
	ev->wall_ns = now_wall_ns();
	ev->boot_ns = now_boot_ns();
	ev->flags |= FLAG_NOTIFIED;
	ev->have |= HAVE_CHANGE;
	event_set_str(ev, TEXT_CHANGE_TYPE, u->added ? "added" : "removed");
	event_set_str(ev, TEXT_CHANGE_OBJECT, u->subsystem);
	event_set_str(ev, TEXT_CHANGE_ENTRY, u->name);
	event_set(ev, u->added ? TEXT_CHANGE_AFTER : TEXT_CHANGE_BEFORE, u->facts, u->facts_len);
	counter_add(w->page, COUNTER_DEVICES, 1);
	outbox_put(w->out, ev);
}

/* 0 when the socket is empty, 1 when a message was taken, or -errno. */
static int
read_one(struct devices *w)
{
	struct uevent u;
	ssize_t n = netlink_take(w->source.fd, w->message, sizeof(w->message));

	if (n == -ENOBUFS) {
		counter_add(w->page, COUNTER_DEVICES_LOST, 1);
		return 1;
	}
	if (n < 0 && n != -EBADMSG)
		return n == -EAGAIN ? 0 : (int)n;
	int err = n < 0 ? (int)n : uevent_parse(w->message, (size_t)n, &u);
	if (err == -EBADMSG)
		counter_add(w->page, COUNTER_DEVICES_BROKEN, 1);
	else if (!err)
		tell(w, &u);
	return 1;
}

static int
devices_ready(struct source *s, uint32_t events)
{
	struct devices *w = s->owner;
	int more = 1;

	(void)events;
	for (unsigned i = 0; i < READ_AT_ONCE && more > 0; i++)
		more = read_one(w);
	return more < 0 ? more : 0;
}

int
devices_use(struct devices *w, int fd)
{
	return loop_replace(w->loop, &w->source, fd, EPOLLIN);
}

int
devices_init(struct devices *w, struct loop *l, const struct watch_setup *setup, struct outbox *out)
{
	w->source = (struct source){ .fd = -1, .ready = devices_ready, .owner = w };
	w->loop = l;
	w->out = out;
	w->page = setup->page;
	return devices_use(w, setup->sense[SENSE_DEVICES]);
}
