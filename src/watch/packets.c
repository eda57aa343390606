#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "watch/packets.h"

#define READ_AT_ONCE	64	/* packets, before others have their turn */
#define PAUSE_MS	5
#define DNS_PORT	53

/* Only now may the gate still see it: most who ask are gone with the answer. */
static void
ask_holds(struct packets *w, struct lookup *l, const struct asker *a)
{
	struct msg_holds m = { .inode = l->inode, .pid = a->caller.process.pid, .fd = a->fd };

	for (unsigned i = 0; i < l->holders; i++)
		if (l->holder[i].pid == m.pid && l->holder[i].fd == a->fd)
			return;
	if (l->holders == LOOKUP_HOLDERS)
		return;
	l->holder[l->holders].pid = m.pid;
	l->holder[l->holders++].fd = a->fd;
	outbox_ask(w->out, &m);
}

static void
put_asker(struct packets *w, const struct lookup *l)
{
	struct event *ev = &w->event;

	/* Of a process the gate knows more. */
	if (!l->caller.process.pid && l->uid != UINT32_MAX) {
		ev->process.uid = l->uid;
		ev->process.ruid = ev->process.gid = UINT32_MAX;
		ev->have |= HAVE_USER;
	}
	if (!l->caller.process.pid)
		return;
	caller_put(&l->caller, ev);
	ev->flags |= FLAG_GUESSED;
	ev->sensors |= 1u << SENSOR_AUDIT;
}

static void
on_settled(void *arg, struct lookup *l)
{
	struct packets *w = arg;
	const struct asker *a = askers_find(&w->askers, l);

	if (a)
		l->caller = a->caller;
}

static void
on_told(void *arg, struct lookup *l)
{
	struct packets *w = arg;
	struct event *ev = &w->event;

	event_init(ev, EVENT_DNS, SENSOR_PACKET);
	ev->wall_ns = l->wall_ns;
	ev->boot_ns = l->boot_ns;
	ev->flags |= FLAG_NOTIFIED;
	ev->source = l->from;
	ev->peer = l->to;
	ev->socket = l->inode;
	ev->have |= HAVE_SOURCE | HAVE_PEER | HAVE_DNS;
	event_set_str(ev, TEXT_DNS_NAME, l->name);
	event_set_str(ev, TEXT_DNS_TYPE, l->type);
	event_set_str(ev, TEXT_DNS_CODE, l->code);
	event_set(ev, TEXT_DNS_ANSWERS, l->answers, l->answers_len);
	put_asker(w, l);
	counter_add(w->page, COUNTER_LOOKUPS, 1);
	outbox_put(w->out, ev);
}

static void
take_question(struct packets *w, const struct packet *p, bool ours, uint64_t now_ns)
{
	struct lookup *l = lookups_ask(&w->lookups, p, &w->dns, now_ns, now_wall_ns());
	struct diag_socket s;
	const struct asker *a;

	counter_add(w->page, COUNTER_LOOKUPS_EARLY, w->lookups.early - w->early);
	w->early = w->lookups.early;
	if (!l || !ours || diag_find(&w->diag, p, &s))
		return;
	l->inode = s.inode;
	l->uid = s.uid;
	for (unsigned n = 0; l->holders < LOOKUP_HOLDERS && (a = askers_next(&w->askers, l, &n));)
		ask_holds(w, l, a);
}

static void
take_message(struct packets *w, const struct packet *p, const uint8_t *m, size_t len, bool ours, uint64_t now_ns)
{
	int err = dns_parse(m, len, &w->dns);

	if (err)
		counter_add(w->page, COUNTER_DNS_BROKEN, 1);
	else if (!w->dns.response && p->to.port == DNS_PORT)
		take_question(w, p, ours, now_ns);
	else if (w->dns.response && p->from.port == DNS_PORT)
		lookups_answer(&w->lookups, p, &w->dns, now_ns);
}

/* In TCP each message has its length before it. What does not begin in its segment is not put together. */
static void
take_stream(struct packets *w, const struct packet *p, bool ours, uint64_t now_ns)
{
	size_t at = 0;

	while (p->len - at > 2) {
		size_t there = p->len - at - 2, len = packet_word(p->payload + at);
		take_message(w, p, p->payload + at + 2, len < there ? len : there, ours, now_ns);
		if (len >= there)
			return;
		at += 2 + len;
	}
}

void
packets_take(struct packets *w, const uint8_t *bytes, size_t len, bool ours, uint64_t now_ns)
{
	struct packet p;
	int err = packet_parse(bytes, len, &p);

	counter_add(w->page, COUNTER_PACKETS, 1);
	if (err == -EBADMSG)
		counter_add(w->page, COUNTER_DNS_BROKEN, 1);
	else if (!err && p.tcp)
		take_stream(w, &p, ours, now_ns);
	else if (!err)
		take_message(w, &p, p.payload, p.len, ours, now_ns);
}

/* 0 when the socket is empty, 1 when a packet was taken, or -errno. */
static int
read_one(struct packets *w, uint64_t now_ns)
{
	struct sockaddr_ll from = { 0 };
	socklen_t size = sizeof(from);
	ssize_t n = recvfrom(w->source.fd, w->packet, sizeof(w->packet), MSG_DONTWAIT, (struct sockaddr *)&from, &size);

	/* An interface that goes down says so once. */
	if (n < 0)
		return errno == EAGAIN || errno == EINTR || errno == ENETDOWN ? 0 : -errno;
	packets_take(w, w->packet, (size_t)n, from.sll_pkttype == PACKET_OUTGOING, now_ns);
	return 1;
}

static void
count_lost(struct packets *w)
{
	struct tpacket_stats st = { 0 };
	socklen_t size = sizeof(st);

	if (getsockopt(w->source.fd, SOL_PACKET, PACKET_STATISTICS, &st, &size) == 0 && st.tp_drops)
		counter_add(w->page, COUNTER_PACKETS_LOST, st.tp_drops);
}

static int
packets_ready(struct source *s, uint32_t events)
{
	struct packets *w = s->owner;
	uint64_t now = now_boot_ns();
	int more = 1;

	(void)events;
	for (unsigned i = 0; i < READ_AT_ONCE && more > 0 && !outbox_busy(w->out); i++)
		more = read_one(w, now);
	count_lost(w);
	return more < 0 ? more : 0;
}

/* What cannot be passed on yet is better off in the kernel's buffer than lost here. */
static void
pause_reading(struct packets *w, bool pause)
{
	if (w->source.fd >= 0 && pause != w->paused)
		loop_change(w->loop, &w->source, pause ? 0 : EPOLLIN);
	w->paused = pause;
}

int
packets_tick(struct packets *w, uint64_t now_ns)
{
	pause_reading(w, outbox_busy(w->out));
	if (w->paused)
		return PAUSE_MS;
	uint64_t next = lookups_tick(&w->lookups, now_ns);

	return next ? (int)((next - now_ns + NS_PER_MS - 1) / NS_PER_MS) : -1;
}

/* Who speaks to no address speaks to this host. */
static void
put_loopback(struct peer *to)
{
	static const uint8_t nowhere[16];

	if (memcmp(to->addr, nowhere, sizeof(nowhere)) != 0)
		return;
	if (to->family == AF_INET)
		memcpy(to->addr, "\x7f\0\0\1", 4);
	else
		to->addr[15] = 1;
}

void
packets_asked(struct packets *w, const struct event *ev)
{
	struct asker a = { .to = ev->peer, .fd = (uint32_t)ev->syscall_arg0, .boot_ns = ev->boot_ns };
	bool sent = !(ev->have & HAVE_RESULT) || ev->result >= 0 || ev->result == -EINPROGRESS;

	if (a.to.port != DNS_PORT || !sent)
		return;
	put_loopback(&a.to);
	caller_take(&a.caller, ev);
	askers_put(&w->askers, &a);
	for (unsigned i = 0; i < LOOKUPS && w->lookups.open; i++) {
		struct lookup *l = &w->lookups.place[i];
		if (w->lookups.hash[i] && l->inode && !l->settled && asker_may(&a, l))
			ask_holds(w, l, &a);
	}
}

int
packets_use(struct packets *w, int fd)
{
	w->paused = false;
	return loop_replace(w->loop, &w->source, fd, EPOLLIN);
}

int
packets_init(struct packets *w, struct loop *l, const struct watch_setup *setup, struct outbox *out)
{
	w->source = (struct source){ .fd = -1, .ready = packets_ready, .owner = w };
	w->loop = l;
	w->out = out;
	w->page = setup->page;
	w->diag = (struct diag){ .fd = setup->diag_sock, .sequence = (uint32_t)now_boot_ns() };
	lookups_init(&w->lookups, on_settled, on_told, w);
	return packets_use(w, setup->sense[SENSE_PACKETS]);
}
