#include <errno.h>
#include <libaudit.h>
#include <libmnl/libmnl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/netlink.h"
#include "warden/audit.h"
#include "warden/audit_rules.h"

#define BACKLOG_LIMIT	8192
#define RECEIVE_BYTES	(16 << 20)
#define MESSAGE_BYTES	16384
/* What others tell of by themselves, and audit adds to where it is on: it is not switched on for that. */
#define ALONG		(1ull << EVENT_ACCOUNT | 1ull << EVENT_SERVICE)

/* What the kernel answers to one request: FN gets every message that is neither acknowledgement nor error. */
typedef void answer_fn(void *arg, uint16_t type, const void *data, size_t len);

static int
send_request(int sock, uint16_t type, uint16_t flags, uint32_t sequence, const struct iovec *body)
{
	struct nlmsghdr head = {
		.nlmsg_len = (uint32_t)(sizeof(head) + body->iov_len), .nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags), .nlmsg_seq = sequence,
	};
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct iovec parts[2] = { { &head, sizeof(head) }, *body };
	struct msghdr msg = { .msg_name = &kernel, .msg_namelen = sizeof(kernel), .msg_iov = parts, .msg_iovlen = 2 };

	return sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* One datagram of the kernel. -EAGAIN: from somebody else, or cut. */
static ssize_t
receive(int sock, void *buf, size_t size, uint64_t until_ns)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	uint64_t now = now_boot_ns();

	if (now >= until_ns)
		return -ETIMEDOUT;
	if (poll(&p, 1, (int)((until_ns - now) / NS_PER_MS) + 1) <= 0)
		return -EAGAIN;
	ssize_t n = netlink_take(sock, buf, size);
	return n == -EBADMSG ? -EAGAIN : n;
}

/* Acknowledged requests end with the acknowledgement, listings with NLMSG_DONE, AUDIT_GET with its answer. */
static int
ask(struct audit_link *link, uint16_t type, const struct iovec *body, answer_fn *fn, void *arg)
{
	_Alignas(struct nlmsghdr) char buf[MESSAGE_BYTES];
	uint32_t sequence = ++link->sequence;
	uint64_t until = now_boot_ns() + AUDIT_REQUEST_NS;
	int err = send_request(link->control, type, NLM_F_ACK, sequence, body);
	bool answered = !fn, acked = false;

	while (!err && !(acked && answered)) {
		ssize_t n = receive(link->control, buf, sizeof(buf), until);
		if (n == -EAGAIN)
			continue;
		if (n < 0)
			return (int)n;
		int left = (int)n;
		for (const struct nlmsghdr *h = (const void *)buf; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
			if (h->nlmsg_seq != sequence)
				continue;
			if (h->nlmsg_type == NLMSG_ERROR && mnl_nlmsg_get_payload_len(h) >= sizeof(e->error)) {
				err = e->error;
				acked = true;
			} else if (h->nlmsg_type == NLMSG_DONE) {
				answered = true;
			} else if (fn) {
				fn(arg, h->nlmsg_type, mnl_nlmsg_get_payload(h), mnl_nlmsg_get_payload_len(h));
				answered |= type == AUDIT_GET;
			}
		}
	}
	return err;
}

static void
on_status(void *arg, uint16_t type, const void *data, size_t len)
{
	/* Older kernels have a shorter struct; what they do not tell stays 0. */
	if (type == AUDIT_GET)
		memcpy(arg, data, len < sizeof(struct audit_status) ? len : sizeof(struct audit_status));
}

static int
get_status(struct audit_link *link, struct audit_status *st)
{
	struct iovec none = { NULL, 0 };

	*st = (struct audit_status){ 0 };
	return ask(link, AUDIT_GET, &none, on_status, st);
}

static int
set_status(struct audit_link *link, struct audit_status *st, uint32_t mask)
{
	struct iovec body = { st, sizeof(*st) };

	st->mask = mask;
	return ask(link, AUDIT_SET, &body, NULL, NULL);
}

static void
on_rule(void *arg, uint16_t type, const void *data, size_t len)
{
	if (type == AUDIT_LIST_RULES)
		rules_listed(arg, data, len);
}

static int
list_rules(struct audit_link *link, struct rules *found)
{
	struct iovec none = { NULL, 0 };

	rules_init(found, link->key);
	return ask(link, AUDIT_LIST_RULES, &none, on_rule, found);
}

static int
change_rule(struct audit_link *link, uint16_t type, struct rule *r)
{
	struct iovec body = { r, rule_size(r) };

	return ask(link, type, &body, NULL, NULL);
}

static int
add_rule(struct audit_link *link, struct rule *r)
{
	int err = change_rule(link, AUDIT_ADD_RULE, r);

	if (err == -EINVAL && (rule_needs(r) & ~link->lacks)) {
		link->lacks |= rule_needs(r);
		return -ERESTART;
	}
	return err == -EEXIST ? 0 : err;
}

/* Adds what is missing in HAVE. *CHANGED counts. -errno: of the first rule that the kernel refuses; -ERESTART: ask for less. */
static int
add_missing(struct audit_link *link, const struct rules *have, struct rules *want, int *changed)
{
	int first = 0;

	link->dark = 0;
	for (unsigned i = 0; i < want->count; i++) {
		if (rules_hold(have, &want->rule[i]))
			continue;
		int err = add_rule(link, &want->rule[i]);
		if (err == -ERESTART)
			return err;
		if (err)
			link->dark |= 1ull << want->kind[i];
		else
			++*changed;
		first = first ? first : err;
	}
	return first;
}

/* Brings the kernel's rules to those wanted, once more for each thing that the kernel turns out to lack. */
static int
sync_rules(struct audit_link *link, int *changed)
{
	CLEANUP_FREE struct rules *have = malloc(sizeof(*have)), *want = malloc(sizeof(*want));
	int err;

	if (!have || !want)
		return -ENOMEM;
	do {
		rules_want(want, link->key, link->kinds, link->lacks);
		err = list_rules(link, have);
		if (err)
			return err;
		atomic_store(&link->page->warden.audit_never, have->never);
		for (unsigned i = 0; i < have->count; i++)
			if (!rules_hold(want, &have->rule[i]))
				change_rule(link, AUDIT_DEL_RULE, &have->rule[i]);	/* stays: more is told than asked for */
		err = add_missing(link, have, want, changed);
	} while (err == -ERESTART);
	return err;
}

/* Whether audit was enabled by a yett that did not come to restore it: nobody listens, and every rule is a yett's. */
static bool
left_enabled(struct audit_link *link, const struct audit_status *st)
{
	CLEANUP_FREE struct rules *found = malloc(sizeof(*found));
	bool listener = st->pid && (kill((pid_t)st->pid, 0) == 0 || errno != ESRCH);

	if (!found || listener || list_rules(link, found))
		return false;
	return !found->strangers && (found->count || found->others);
}

static int
open_socket(unsigned groups)
{
	CLEANUP_FD int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);
	struct sockaddr_nl self = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int bytes = RECEIVE_BYTES;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		return -errno;
	if (bind(fd, (struct sockaddr *)&self, sizeof(self)))
		return -errno;
	return steal_fd(&fd);
}

/*
 * Registers FD as the kernel's audit socket, in the name of this process: the kernel takes the port from the socket that asks. No
 * acknowledgement is asked for, since from here on records arrive there and only watch reads them; whether it worked is asked elsewhere.
 */
static int
take_slot(struct audit_link *link, int fd)
{
	struct audit_status st = { .mask = AUDIT_STATUS_PID, .pid = (uint32_t)getpid() };
	struct iovec body = { &st, sizeof(st) };
	int err = send_request(fd, AUDIT_SET, 0, ++link->sequence, &body);

	if (!err)
		err = get_status(link, &st);
	return err ? err : st.pid == (uint32_t)getpid() ? 0 : -EEXIST;
}

static int
open_data(struct audit_link *link)
{
	int err = -EEXIST;

	if (link->mode != AUDIT_MODE_MULTICAST) {
		CLEANUP_FD int fd = open_socket(0);
		err = fd < 0 ? fd : take_slot(link, fd);
		if (!err) {
			link->data = steal_fd(&fd);
			link->multicast = false;
			return 0;
		}
	}
	if (link->mode == AUDIT_MODE_OWN)
		return err;
	int fd = open_socket(1u << (AUDIT_NLGRP_READLOG - 1));
	if (fd < 0)
		return fd;
	link->data = fd;
	link->multicast = true;
	return 0;
}

/* Sets what MASK names to what ST says, remembering that it was us. */
static int
touch(struct audit_link *link, struct audit_status *st, uint32_t mask, int *wrong)
{
	++*wrong;
	link->touched |= mask;
	return set_status(link, st, mask);
}

/* Enabled; and where the queue is ours, one that is long enough and makes nobody wait. *WRONG counts what was not so. */
static int
prepare(struct audit_link *link, int *wrong)
{
	struct audit_status st, now;
	int err = get_status(link, &now);

	if (err)
		return err;
	atomic_store(&link->page->warden.audit_locked, now.enabled == 2);
	if (now.enabled == 2)
		return 0;
	st = now;
	st.backlog_wait_time = 0;
	st.backlog_limit = BACKLOG_LIMIT;
	st.enabled = 1;
	if (now.backlog_wait_time && !link->multicast)
		err = touch(link, &st, AUDIT_STATUS_BACKLOG_WAIT_TIME, wrong);
	if (!err && now.backlog_limit && now.backlog_limit < BACKLOG_LIMIT && !link->multicast)
		err = touch(link, &st, AUDIT_STATUS_BACKLOG_LIMIT, wrong);
	if (!err && !now.enabled)
		err = touch(link, &st, AUDIT_STATUS_ENABLED, wrong);
	return err;
}

static void
publish(struct audit_link *link, enum audit_state state)
{
	atomic_store(&link->page->warden.audit_dark, link->dark);
	atomic_store(&link->page->warden.audit_no_uring, (link->lacks & LACKS_URING) != 0);
	atomic_store(&link->page->warden.audit, state);
}

static void
say_dark(const struct audit_link *link, int err)
{
	for (unsigned k = 0; k < EVENT__MAX; k++)
		if (link->dark >> k & 1)
			log_errno(err, "audit: the kernel refuses the rules for `on = %s`: such events are not seen%s",
			    event_kind_name((enum event_kind)k), atomic_load(&link->page->warden.audit_locked) ?
			    " (rules are locked by auditctl -e 2 until the next boot)" : "");
	if (atomic_load(&link->page->warden.audit_never))
		log_notice("audit: a rule `-a task,never` hides processes from audit; remove it and restart what should be seen");
}

static void
remember(struct audit_link *link, const struct audit_status *st)
{
	link->saved = (struct audit_saved){ st->enabled, st->backlog_limit, st->backlog_wait_time };
	link->lost = st->lost;
	link->touched = 0;
	atomic_store(&link->page->warden.audit_locked, st->enabled == 2);
	if (st->enabled == 1 && left_enabled(link, st)) {
		link->saved.enabled = 0;
		link->touched = AUDIT_STATUS_ENABLED;
	}
}

static int
start(struct audit_link *link)
{
	struct audit_status st;
	int ignored = 0;

	link->control = open_socket(0);
	if (link->control < 0)
		return link->control;
	int err = get_status(link, &st);
	if (err)
		return err;
	remember(link, &st);
	err = open_data(link);
	if (!err)
		err = prepare(link, &ignored);
	if (!err)
		log_notice(link->multicast ? "audit: reading beside another owner of the audit socket" :
		    "audit: reading records from the kernel; its log has none of them meanwhile");
	return err;
}

static void
restore(struct audit_link *link)
{
	CLEANUP_FREE struct rules *left = malloc(sizeof(*left));
	struct audit_status st = {
		.enabled = link->saved.enabled, .backlog_limit = link->saved.backlog_limit,
		.backlog_wait_time = link->saved.backlog_wait_time, .pid = 0,
	};

	if (!left || list_rules(link, left))
		return;
	atomic_store(&link->page->warden.audit_never, left->never);
	for (unsigned i = 0; i < left->count; i++)
		change_rule(link, AUDIT_DEL_RULE, &left->rule[i]);
	if (left->others && !left->strangers)
		link->touched = 0;		/* another yett goes on: it needs audit as it is */
	if (link->touched)
		set_status(link, &st, link->touched);
	if ((link->touched & AUDIT_STATUS_ENABLED) && !st.enabled)
		log_notice("audit: off again; programs started since keep paying a little for it until the next boot, "
		    "or until `auditctl -a task,never` and their restart");
	if (link->data >= 0 && !link->multicast)
		set_status(link, &st, AUDIT_STATUS_PID);
}

static void
leave(struct audit_link *link)
{
	if (link->control >= 0) {
		restore(link);
		close(link->control);
	}
	if (link->data >= 0)
		close(link->data);
	link->control = link->data = -1;
	link->dark = 0;
}

/*
 * An earlier instance of this tag may have died with its rules in force. Where audit cannot even be asked, none are. What is found says
 * whether audit could be used, also while nothing asks for it.
 */
static void
tidy(struct audit_link *link)
{
	struct audit_status st;

	if (link->tidied || link->data >= 0)
		return;
	link->tidied = true;
	link->control = open_socket(0);
	int err = link->control < 0 ? link->control : get_status(link, &st);
	if (!err)
		remember(link, &st);
	atomic_store(&link->page->warden.audit_error, (uint64_t)-err);
	leave(link);
}

uint64_t
audit_kinds(void)
{
	uint64_t kinds = 0;

	for (unsigned k = 0; k < EVENT__MAX; k++)
		if (event_kind_sensor((enum event_kind)k) == SENSOR_AUDIT)
			kinds |= 1ull << k;
	return kinds;
}

void
audit_begin(struct audit_link *link, enum audit_mode mode, const char *tag, struct page *page)
{
	*link = (struct audit_link){ .data = -1, .control = -1, .mode = mode, .page = page };
	snprintf(link->key, sizeof(link->key), RULE_KEY_PREFIX "%s", tag);
	publish(link, mode == AUDIT_MODE_OFF ? AUDIT_OFF : AUDIT_UNNEEDED);
}

int
audit_update(struct audit_link *link, uint64_t kinds, bool exec_full)
{
	const uint64_t execs = 1ull << EVENT_EXEC | 1ull << EVENT_START;
	int changed = 0, err = 0;

	link->kinds = link->told = (kinds & audit_kinds()) | (exec_full && (kinds & execs) ? 1ull << EVENT_EXEC : 0);
	if (link->told)
		link->kinds = link->told |= kinds & ALONG;
	if (kinds & 1ull << EVENT_DNS)
		link->kinds |= 1ull << EVENT_DNS | 1ull << EVENT_CONNECT;	/* who asks: packets do not tell */
	if (link->kinds & 1ull << EVENT_LISTEN)
		link->kinds |= 1ull << EVENT_BIND;	/* only bind() tells the address */
	tidy(link);
	if (link->mode == AUDIT_MODE_OFF) {
		if (link->kinds)
			log_notice("audit: policies ask for events of audit, which `[audit] mode = off` switches off");
		return 0;
	}
	if (!link->kinds) {
		leave(link);
		publish(link, AUDIT_UNNEEDED);
		return 0;
	}
	if (link->data < 0)
		err = start(link);
	atomic_store(&link->page->warden.audit_error, (uint64_t)-err);
	if (err) {
		log_errno(err, "audit: cannot be used, and what policies ask of it is not seen");
		leave(link);
		link->dark = link->kinds;
		publish(link, AUDIT_FAILED);
		return err;
	}
	err = sync_rules(link, &changed);
	if (err && !link->dark)
		link->dark = link->kinds;
	say_dark(link, err);
	publish(link, err ? AUDIT_FAILED : link->multicast ? AUDIT_MULTICAST : AUDIT_OWN);
	return err;
}

int
audit_check(struct audit_link *link)
{
	struct audit_status st;
	int wrong = 0;

	if (link->data < 0)
		return 0;
	int err = get_status(link, &st);
	if (!err && !link->multicast && st.pid != (uint32_t)getpid()) {
		wrong++;
		err = take_slot(link, link->data);
	}
	if (!err)
		err = prepare(link, &wrong);
	if (!err)
		err = sync_rules(link, &wrong);
	publish(link, err ? AUDIT_FAILED : link->multicast ? AUDIT_MULTICAST : AUDIT_OWN);
	return err ? err : wrong;
}

int
audit_lost(struct audit_link *link, uint64_t *delta)
{
	struct audit_status st;

	*delta = 0;
	if (link->data < 0)
		return 0;
	int err = get_status(link, &st);
	if (err)
		return err;
	*delta = (uint32_t)(st.lost - link->lost);
	link->lost = st.lost;
	return 0;
}

void
audit_end(struct audit_link *link)
{
	leave(link);
}
