#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "base/netlink.h"
#include "base/procfs.h"
#include "event/fact.h"
#include "gate/coverage.h"
#include "gate/fan.h"
#include "gate/fetch.h"
#include "gate/late.h"
#include "gate/linger.h"
#include "gate/proc.h"
#include "gate/started.h"

#define BUSY_NS		(5 * NS_PER_MS)	/* wake-ups closer than this: read by the clock instead */
#define BUSY_WAIT_MS	5
#define SOON_WAIT_MS	1	/* where somebody wants to know of who is gone soon: then it has no program in /proc any more */
#define CHECK_NS	NS_PER_SEC
#define MUTED_BEATS	3		/* forks of the warden that were not heard: somebody muted us */
#define HEAL_STEPS	200		/* each raises the kernel's count of listeners by one */
#define HEAL_OP		77		/* any operation that the kernel does not know */

/* linux/cn_proc.h of 6.1 has no filter; see enum proc_cn_event. */
#define WANTED	(0x00000001u /* FORK */ | 0x00000002u /* EXEC */ | 0x00000004u /* UID */ | 0x00000040u /* GID */ | 0x00000080u /* SID */ | \
	0x80000000u /* EXIT */)

struct proc_request {
	struct nlmsghdr	nl;
	struct cb_id	id;		/* struct cn_msg, whose last member has no end */
	uint32_t	seq, ack;
	uint16_t	len, flags;
	uint32_t	op, events;
} __attribute__((packed));
_Static_assert(offsetof(struct proc_request, op) == sizeof(struct nlmsghdr) + sizeof(struct cn_msg), "the same");

/* The kernel's event, by hand, because the header of the build host may lack what this kernel sends. None was ever shorter. */
struct proc_message {
	uint32_t what, cpu;
	uint64_t timestamp_ns;
	int32_t	 a, b, c, d;	/* fork: parent, its group, child, its group; others: pid, group, ... */
};

static void
put_note(struct gate *g, const struct proc_note *note)
{
	struct proc_reader *r = &g->reader;

	if (r->note_head - r->note_tail == PROC_NOTES) {
		counter_add(g->setup.page, COUNTER_NOTES_LOST, 1);
		return;
	}
	struct proc_note *n = &r->note[r->note_head++ % PROC_NOTES];
	*n = *note;
	n->boot_ns = now_boot_ns();
}

static void
note(struct gate *g, enum event_kind kind, int32_t pid, int32_t exit_code)
{
	put_note(g, &(struct proc_note){ .kind = kind, .pid = pid, .exit_code = exit_code });
}

/* Does an exec of PID wait to be judged? */
static bool
is_noted(const struct proc_reader *r, int32_t pid)
{
	for (uint32_t i = r->note_tail; i != r->note_head; i++)
		if (r->note[i % PROC_NOTES].kind == EVENT_EXEC && r->note[i % PROC_NOTES].pid == pid)
			return true;
	return false;
}

static bool
asked(const struct gate *g, enum event_kind kind)
{
	return (g->kinds & 1ull << kind) != 0;
}

/* An exec that nothing explains is judged now, if any rule is about execs. */
static void
slipped(struct gate *g, int32_t pid, struct coverage_file file, bool open)
{
	if (asked(g, EVENT_EXEC))
		put_note(g, &(struct proc_note){ .kind = EVENT_EXEC, .pid = pid, .open = open, .file = file });
	else if (open)
		coverage_settle(g, file.dev, COVERAGE_CACHED);
}

/*
 * What the kernel asked about may not be what runs: an exec can fail after the question, and one from a memfd or an uncovered
 * file system raises none. /proc says what it is, as long as the process lives.
 */
static void
on_exec(struct gate *g, int32_t pid, uint64_t at_ns)
{
	const char *pending = tree_pending_exe(g->tree, pid), *heard;
	char exe[4096];
	struct stat st;
	ssize_t n = fetch_program(g, pid, exe, sizeof(exe));
	bool there = n > 0 && fetch_program_file(g, pid, &st) == 0;
	size_t len;

	if (n <= 0 && asked(g, EVENT_START))	/* it was opened after the last look */
		started_hear(g);
	/* What was only heard of was not asked about. */
	bool seen = n > 0 && pending[0] && strncmp(pending, exe, TREE_PATH - 1) == 0;
	if (!pending[0] && (heard = started_name(g, pid, &len)))
		tree_pending(g->tree, pid, heard, len);

	linger_end(g, pid);
	late_heard(g, pid, SENSOR_PROC, NULL);
	struct coverage_exec e = { .pid = pid, .at_ns = at_ns, .exe = exe, .len = n > 0 ? (size_t)n : 0,
		.st = there ? &st : NULL, .seen = seen };
	enum coverage_answer answer = coverage_ran(g, &e);
	if (asked(g, EVENT_START) && !page_owns(g->setup.page, pid))
		started_note(g, &e);
	bool late = tree_exec(g->tree, pid, exe, e.len);
	if (answer == COVERAGE_EXPLAINED)
		return;
	if (!late || !is_noted(&g->reader, pid))
		slipped(g, pid, e.file, answer == COVERAGE_OPEN);
	else if (answer == COVERAGE_OPEN)
		coverage_settle(g, e.file.dev, COVERAGE_CACHED);
}

static void
on_end(struct gate *g, int32_t pid, uint32_t status)
{
	int32_t code = status & 0x7f ? -(int32_t)(status & 0x7f) : (int32_t)(status >> 8 & 0xff);

	if (asked(g, EVENT_EXIT))
		note(g, EVENT_EXIT, pid, code);
	linger_end(g, pid);
	tree_exit(g->tree, pid);
}

static void
on_message(struct gate *g, const struct proc_message *m)
{
	/* The kernel stamps with the clock that stops in sleep; a start is told by the one that does not. */
	uint64_t start_ns = m->timestamp_ns + (now_boot_ns() - clock_ns(CLOCK_MONOTONIC));

	switch (m->what) {
	case 0x00000001:
		if (m->c != m->d) {
			tree_thread(g->tree, m->d, true);
			return;
		}
		tree_fork(g->tree, m->b, m->c, start_ns);
		if (asked(g, EVENT_FORK) && !page_owns(g->setup.page, m->b))
			note(g, EVENT_FORK, m->c, 0);
		return;
	case 0x00000002:
		on_exec(g, m->b, start_ns);
		return;
	case 0x00000004:
		tree_uid(g->tree, m->b, (uint32_t)m->c, (uint32_t)m->d);
		if (asked(g, EVENT_SETUID))
			note(g, EVENT_SETUID, m->b, 0);
		return;
	case 0x00000040:
		tree_gid(g->tree, m->b, (uint32_t)m->d);
		return;
	case 0x00000080:
		tree_sid(g->tree, m->b);
		return;
	case 0x80000000:
		if (m->a == m->b)
			on_end(g, m->b, (uint32_t)m->c);
		else
			tree_thread(g->tree, m->b, false);
		return;
	}	/* others are for older kernels, whose filter we are: nothing to do */
}

static void
take_message(struct gate *g, const void *buf, size_t n)
{
	const struct nlmsghdr *nl = buf;
	const struct cn_msg *cn = mnl_nlmsg_get_payload(nl);
	const size_t heads = MNL_NLMSG_HDRLEN + sizeof(*cn);
	struct proc_message m;

	/* mnl_nlmsg_ok() takes lengths above 2 GiB for negative ones, and lets them pass. */
	if (n < heads || nl->nlmsg_len < heads || nl->nlmsg_len > n)
		return;
	size_t room = nl->nlmsg_len - heads;
	if (cn->id.idx != CN_IDX_PROC || cn->id.val != CN_VAL_PROC || cn->len > room || cn->len < sizeof(m))
		return;
	memcpy(&m, cn->data, sizeof(m));
	on_message(g, &m);
}

static void
lost(struct gate *g)
{
	counter_add(g->setup.page, COUNTER_PROC_LOST, 1);
	g->reader.seed_wanted = true;
}

static unsigned
collect(struct gate *g)
{
	unsigned n = 0;

	if (asked(g, EVENT_START))
		started_hear(g);
	for (;;) {
		_Alignas(struct nlmsghdr) char buf[512];
		ssize_t got = netlink_take(g->setup.proc_sock, buf, sizeof(buf));
		if (got == -ENOBUFS)
			lost(g);
		if (got == -ENOBUFS || got == -EBADMSG)
			continue;
		if (got < 0)
			break;
		n++;
		take_message(g, buf, (size_t)got);
	}
	if (n) {
		atomic_store(&g->setup.page->gate.proc_heard_ns, now_boot_ns());
		g->reader.beats = atomic_load(&g->setup.page->warden.beats);
		g->reader.heals = 0;
		g->reader.last_ns = now_boot_ns();
		counter_add(g->setup.page, COUNTER_PROC_EVENTS, n);
	}
	return n;
}

void
proc_collect(struct gate *g)
{
	collect(g);
}

static int
on_ready(struct source *s, uint32_t events)
{
	struct gate *g = s->owner;
	struct proc_reader *r = &g->reader;
	uint64_t now = now_boot_ns();

	(void)events;
	if (now - r->last_ns < BUSY_NS) {
		r->moderated = true;
		loop_change(&g->loop, s, 0);
	}
	collect(g);
	return 0;
}

static int
seed_one(void *arg, int32_t pid)
{
	struct gate *g = arg;
	struct proc_stat st;
	struct proc_cred c = { 0 };
	char exe[TREE_PATH] = "";

	if (proc_stat(g->proc, pid, &st))
		return 0;
	if (fetch_program(g, pid, exe, sizeof(exe)) < 0)
		exe[0] = '\0';
	proc_cred(g->proc, pid, &c);
	tree_seed(g->tree, &(struct tree_process){ .pid = pid, .ppid = st.ppid, .start_ns = st.start_ns, .uid = c.uid,
		.ruid = c.ruid, .gid = c.gid, .sid = (uint32_t)st.sid, .executable = exe, .comm = st.comm });
	return 0;
}

static int
seed(struct gate *g)
{
	int err = proc_each(g->proc, seed_one, g);

	tree_seed_done(g->tree);
	counter_add(g->setup.page, COUNTER_TREE_SEEDS, 1);
	g->reader.seed_wanted = false;
	return err;
}

static void
request(struct gate *g, uint32_t op)
{
	struct proc_request m = { .nl = { .nlmsg_type = NLMSG_DONE }, .id = { CN_IDX_PROC, CN_VAL_PROC }, .op = op,
		.events = WANTED };
	size_t data = g->setup.proc_filter ? 8 : 4;

	m.len = (uint16_t)data;
	m.nl.nlmsg_len = (uint32_t)(offsetof(struct proc_request, op) + data);
	if (send(g->setup.proc_sock, &m, m.nl.nlmsg_len, MSG_DONTWAIT) < 0)
		return;		/* tried again with the next check; silence is told meanwhile */
}

/*
 * Any user of Linux 6.6 and later can drive the kernel's count of listeners below one and so mute the connector for everybody, without
 * an error on our socket. An operation that the kernel does not know, then LISTEN, raises it by one; LISTEN alone does not.
 */
static void
heal(struct gate *g)
{
	struct proc_reader *r = &g->reader;

	if (r->heals++ == 0)
		counter_add(g->setup.page, COUNTER_PROC_MUTED, 1);
	for (int i = 0; i < HEAL_STEPS; i++) {
		request(g, HEAL_OP);
		request(g, PROC_CN_MCAST_LISTEN);
	}
	r->seed_wanted = true;
}

int
proc_tend(struct gate *g, uint64_t now_ns)
{
	struct proc_reader *r = &g->reader;

	/* Who is judged drains the socket too: it is quiet when nothing has come for a while. */
	if (r->moderated && collect(g) == 0 && now_ns - r->last_ns >= BUSY_NS) {
		r->moderated = false;
		loop_change(&g->loop, &r->source, EPOLLIN);
	}
	if (now_ns - r->check_ns >= CHECK_NS) {
		r->check_ns = now_ns;
		started_hear(g);	/* what nobody asks for any more keeps its file system busy */
		if (atomic_load(&g->setup.page->warden.beats) >= r->beats + MUTED_BEATS)
			heal(g);
	}
	if (r->seed_wanted)
		seed(g);
	if (r->note_head != r->note_tail || g->started.head != g->started.tail)
		return 0;
	if (!r->moderated)
		return (int)(CHECK_NS / NS_PER_MS);
	return g->kinds & (policy_watch_kinds(WATCH_HEARD) | 1ull << EVENT_START | FACT_KINDS) ? SOON_WAIT_MS : BUSY_WAIT_MS;
}

/* An exec that raised no question: the file is what the process runs from. Of one that is gone the tree has the name. */
static void
note_exec(struct gate *g, const struct proc_note *note)
{
	struct event *ev = &g->report.event;
	char exe[4096];
	struct stat st;
	ssize_t n = fetch_program(g, note->pid, exe, sizeof(exe));

	if (n > 0 && fetch_program_file(g, note->pid, &st) == 0 && st.st_dev == note->file.dev && st.st_ino == note->file.ino)
		fan_attributes(g, &st);
	else
		n = (ssize_t)tree_program(g->tree, note->pid, exe, sizeof(exe));
	if (n > 0) {
		event_set(ev, TEXT_EXECUTABLE, exe, (size_t)n);
		event_set(ev, TEXT_FILE_PATH, exe, (size_t)n);
		ev->have |= HAVE_FILE;
	}
	ev->tried |= HAVE_FILE | HAVE_ATTRIBUTES;
	fetch(g, NULL, HAVE_HASH);	/* as far as it is known: nobody has opened the file for us */
	ev->tried |= HAVE_SCANNED;
}

/* Need nobody have asked about the exec in hand, since the answer is yes whoever asks? */
static bool
needed_none(struct gate *g, const struct proc_note *note)
{
	bool none = judge_always_allows(g->policy, &g->report.event, VIEW_OBJECT);

	coverage_settle(g, note->file.dev, none ? COVERAGE_CACHED : COVERAGE_MISSED);
	return none;
}

/* The note in hand as an event. False: nobody has to hear of it. */
static bool
tell_note(struct gate *g, const struct proc_note *n)
{
	struct event *ev = &g->report.event;

	event_init(ev, n->kind, SENSOR_PROC);
	ev->flags |= FLAG_NOTIFIED;
	ev->boot_ns = n->boot_ns;
	ev->wall_ns = now_wall_ns();
	ev->process.pid = n->pid;
	if (n->kind == EVENT_EXIT) {
		ev->exit_code = n->exit_code;
		ev->have |= HAVE_EXIT;
	}
	if (n->kind == EVENT_EXEC)
		note_exec(g, n);
	fetch_place(g);
	return !n->open || !needed_none(g, n);
}

bool
proc_next(struct gate *g)
{
	struct proc_reader *r = &g->reader;
	struct coverage_late late;

	while (coverage_overdue(g, now_boot_ns(), &late))
		slipped(g, late.pid, late.file, true);
	while (r->note_head != r->note_tail)
		if (tell_note(g, &r->note[r->note_tail++ % PROC_NOTES]))
			return true;
	return started_next(g);
}

int
proc_start(struct gate *g)
{
	struct proc_reader *r = &g->reader;

	r->source = (struct source){ .fd = g->setup.proc_sock, .ready = on_ready, .owner = g };
	r->beats = atomic_load(&g->setup.page->warden.beats);
	int err = seed(g);
	return err ? err : loop_add(&g->loop, &r->source, EPOLLIN);
}
