#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/netlink.h"
#include "watch/audit.h"
#include "watch/translate.h"

#define READ_AT_ONCE	64		/* datagrams, before others have their turn */
#define REPLACE		1329		/* AUDIT_REPLACE: somebody else asks for the kernel's audit socket */

/*
 * Did the warden do it? Where the kernel names the caller, that decides. Where it does not (the warden is older than audit on this
 * boot), nobody who logged in did it; that our settings and rules still stand is what audit_check() of the warden looks after.
 */
static bool
our_change(const struct listener *w, const struct audited *a)
{
	struct record r = { .type = AUDIT_CONFIG_CHANGE, .body = a->config_text, .len = a->config.len };
	int64_t auid;

	if (a->parts & PART_SYSCALL)
		return page_owns(w->page, a->pid);
	return record_number(&r, "auid", 10, &auid) || auid == UINT32_MAX || auid == -1;
}

static void
tell_change(struct listener *w, const struct audited *a)
{
	char text[sizeof(a->config_text) + 1];
	size_t n = a->config.len, from = 0;

	if (our_change(w, a))
		return;
	for (size_t i = 0; i < n; i++)
		text[i] = a->config_text[i] >= ' ' && a->config_text[i] < 0x7f ? a->config_text[i] : '?';
	text[n] = '\0';
	while (text[from] == ' ')
		from++;
	outbox_tell(w->out, "audit-changed", 1, text + from);
}

/* A listen has the address of the bind before it. */
static void
join_bound(struct listener *w, const struct audited *a)
{
	struct event *ev = &w->event;
	const struct peer *peer;

	uint32_t fd = (uint32_t)ev->syscall_arg0;

	/* Of port 0 the kernel makes another, which only the socket knows. */
	if (ev->kind == EVENT_BIND && (ev->have & HAVE_PEER) && ev->peer.port && ev->result >= 0 && fd != AUDITED_NO_FD) {
		bound_put(&w->bounds, a->pid, fd, &ev->peer);
	} else if (ev->kind == EVENT_LISTEN && (peer = bound_find(&w->bounds, a->pid, fd))) {
		ev->peer = *peer;
		ev->have |= HAVE_PEER;
	}
}

static void
pass_on(struct listener *w)
{
	if (!(w->told >> w->event.kind & 1))
		return;
	counter_add(w->page, COUNTER_AUDIT_EVENTS, 1);
	outbox_put(w->out, &w->event);
}

static void
on_audited(void *arg, const struct audited *a, unsigned n)
{
	struct listener *w = arg;

	if (a->parts & PART_CONFIG) {
		tell_change(w, a);
		return;
	}
	if (page_owns(w->page, a->pid))
		return;
	if (translate(a, n, w->assemble.kinds, now_boot_ns(), &w->event))
		return;
	join_bound(w, a);
	if (w->event.kind == EVENT_CONNECT || w->event.kind == EVENT_DNS)
		packets_asked(w->packets, &w->event);
	pass_on(w);
}

/* What a program says, or the kernel of a session: one record each. */
static int
take_said(struct listener *w, unsigned type, const char *text, size_t len, uint64_t now_ns)
{
	struct record r;
	int err = record_parse(&r, type, text, len);

	if (!err)
		err = logons_take(&w->logons, &r, w->told, now_ns, &w->event);
	if (!err)
		pass_on(w);
	return err == -ENOMSG ? 0 : err;
}

/*
 * One datagram, one record. nlmsg_len counts the header in multicast and leaves it out in unicast, so the length of the datagram
 * is what holds.
 */
int
listener_take(struct listener *w, const void *datagram, size_t len, uint64_t now_ns)
{
	struct nlmsghdr h;
	int32_t pid;

	if (len < sizeof(h))
		return -EBADMSG;
	memcpy(&h, datagram, sizeof(h));
	const char *text = (const char *)datagram + sizeof(h);
	len -= sizeof(h);
	if (h.nlmsg_type < NLMSG_MIN_TYPE)
		return 0;		/* an answer to the warden's registration */
	if (h.nlmsg_type == REPLACE && len >= sizeof(pid)) {
		memcpy(&pid, text, sizeof(pid));
		if (!page_owns(w->page, pid))
			outbox_tell(w->out, "audit-changed", 1, "Another process asks for the audit socket of the kernel");
		return 0;
	}
	counter_add(w->page, COUNTER_AUDIT_RECORDS, 1);
	if (logons_hear(h.nlmsg_type))
		return take_said(w, h.nlmsg_type, text, len, now_ns);
	int err = assemble_put(&w->assemble, h.nlmsg_type, text, len, now_ns);
	if (w->assemble.forced != w->forced) {
		counter_add(w->page, COUNTER_AUDIT_BROKEN, w->assemble.forced - w->forced);
		w->forced = w->assemble.forced;
	}
	return err;
}

/* 0 when the socket is empty, 1 when a datagram was taken, or -errno. */
static int
read_one(struct listener *w, uint64_t now_ns)
{
	ssize_t n = netlink_take(w->source.fd, w->datagram, sizeof(w->datagram));

	if (n == -ENOBUFS) {
		counter_add(w->page, COUNTER_AUDIT_LOST, 1);
		return 1;
	}
	if (n < 0 && n != -EBADMSG)
		return n == -EAGAIN ? 0 : (int)n;
	if (n < 0 || listener_take(w, w->datagram, (size_t)n, now_ns))
		counter_add(w->page, COUNTER_AUDIT_BROKEN, 1);
	return 1;
}

static int
listener_ready(struct source *s, uint32_t events)
{
	struct listener *w = s->owner;
	uint64_t now = now_boot_ns();
	int more = 1;

	(void)events;
	for (unsigned i = 0; i < READ_AT_ONCE && more > 0; i++)
		more = read_one(w, now);
	return more < 0 ? more : 0;
}

unsigned
listener_tick(struct listener *w, uint64_t now_ns)
{
	assemble_expire(&w->assemble, now_ns);
	while (logons_due(&w->logons, now_ns, &w->event))
		pass_on(w);
	return w->assemble.open + logons_wait(&w->logons);
}

int
listener_use(struct listener *w, int fd, uint64_t kinds, uint64_t told)
{
	w->assemble.kinds = kinds;
	w->told = told;
	return loop_replace(w->loop, &w->source, fd, EPOLLIN);
}

int
listener_init(struct listener *w, struct loop *l, const struct watch_setup *setup, struct outbox *out, struct packets *packets)
{
	w->source = (struct source){ .fd = -1, .ready = listener_ready, .owner = w };
	w->loop = l;
	w->out = out;
	w->packets = packets;
	w->page = setup->page;
	w->forced = 0;
	assemble_init(&w->assemble, setup->audit_kinds, on_audited, w);
	return listener_use(w, setup->audit_sock, setup->audit_kinds, setup->told_kinds);
}
