/*
 * Takes the kernel's audit for a moment, does what the rules name, and looks at the events that come out; then looks whether
 * everything is as it was. Prints "ok - " and "not ok - " lines; what it was that differed goes to stderr.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include "warden/audit.c"
#include "warden/audit_rules.c"
#include "watch/assemble.c"
#include "watch/audit.c"
#include "watch/bound.c"
#include "watch/logons.c"
#include "watch/outbox.c"
#include "watch/record.c"
#include "watch/said.c"
#include "watch/translate.c"

#define SEEN_MAX 256

static struct page *page;
static struct audit_link ours;
static struct loop loop;
static struct outbox outbox;
static struct listener hearing;
static struct packets packets;
static struct event seen[SEEN_MAX];
static unsigned n_seen;
static _Alignas(8) char buffer[WIRE_MAX];

static void
tell(bool good, const char *what)
{
	printf("%s - %s\n", good ? "ok" : "not ok", what);
	fflush(stdout);
}

struct state { struct audit_status status; unsigned ours; bool others; };

static struct state
look(const char *key)
{
	struct audit_link probe = { .data = -1, .control = open_socket(0), .page = page };
	struct rules *r = calloc(1, sizeof(*r));
	struct state s = { .ours = 999 };

	snprintf(probe.key, sizeof(probe.key), "%s", key);
	if (probe.control >= 0 && r && !get_status(&probe, &s.status) && !list_rules(&probe, r)) {
		s.ours = r->count;
		s.others = r->others;
	}
	if (probe.control >= 0)
		close(probe.control);
	free(r);
	return s;
}

static void
touch_network(void)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6, .sin6_port = htons(10) };
	struct sockaddr_un local = { .sun_family = AF_UNIX, .sun_path = "/nonexistent" };
	int s = socket(AF_INET, SOCK_STREAM, 0), six = socket(AF_INET6, SOCK_DGRAM, 0), un = socket(AF_UNIX, SOCK_STREAM, 0);

	connect(un, (struct sockaddr *)&local, sizeof(local));
	connect(s, (struct sockaddr *)&v4, sizeof(v4));
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr);
	connect(six, (struct sockaddr *)&mapped, sizeof(mapped));
	close(s);
	s = socket(AF_INET, SOCK_STREAM, 0);
	v4.sin_port = 0;
	bind(s, (struct sockaddr *)&v4, sizeof(v4));
	listen(s, 3);
}

/* connect without calling it. False: this kernel has no io_uring for us. */
static bool
touch_uring(void)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(11), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct io_uring_params p = { 0 };
	int s = socket(AF_INET, SOCK_STREAM, 0), ring = (int)syscall(SYS_io_uring_setup, 1, &p);

	if (ring < 0)
		return false;
	char *queue = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	struct io_uring_sqe *e = mmap(NULL, p.sq_entries * sizeof(*e), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (queue == MAP_FAILED || (void *)e == MAP_FAILED)
		return false;
	memset(e, 0, sizeof(*e));
	e->opcode = IORING_OP_CONNECT;
	e->fd = s;
	e->addr = (uintptr_t)&v4;
	e->off = sizeof(v4);
	memset(queue + p.sq_off.array, 0, sizeof(uint32_t));
	*(uint32_t *)(void *)(queue + p.sq_off.tail) = 1;
	return syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1;
}

static void
touch_processes(void)
{
	char byte = 0;
	struct iovec v = { &byte, 1 };
	pid_t child = fork();

	if (child == 0)
		for (;;)
			pause();
	ptrace(PTRACE_ATTACH, child, NULL, NULL);
	waitpid(child, NULL, __WALL);
	ptrace(PTRACE_DETACH, child, NULL, NULL);
	process_vm_writev(child, &v, 1, &v, 1, 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void
touch_kernel(void)
{
	struct bpf_insn program[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K }, { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER };
	char dir[] = "/tmp/yett-live-audit.XXXXXX";

	attr.insns = (uintptr_t)program;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t)"GPL";
	syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	close(memfd_create("in memory", MFD_CLOEXEC));
	syscall(SYS_delete_module, "no_such_module", 0);
	if (!mkdtemp(dir) || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return;
	mount("none", dir, "tmpfs", 0, NULL);
	umount2(dir, 0);
	rmdir(dir);
}

static pid_t
work(bool *uring)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		touch_network();
		*uring = touch_uring();
		touch_processes();
		touch_kernel();
		_exit(*uring ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	*uring = status == 0;
	return pid;
}

/* Runs the loop until nothing came for a while; the other end of the outbox is the gate. */
static void
collect(int gate, unsigned turns)
{
	struct wire_msg m;

	for (unsigned i = 0; i < turns; i++) {
		struct pollfd p = { .fd = hearing.source.fd, .events = POLLIN };
		if (poll(&p, 1, 50) == 1)
			listener_ready(&hearing.source, EPOLLIN);
		listener_tick(&hearing, now_boot_ns());
		while (!wire_recv(gate, ROOM_WATCH, ROOM_GATE, buffer, sizeof(buffer), &m))
			if (n_seen < SEEN_MAX && !event_from_wire(&seen[n_seen], m.payload, m.len))
				n_seen++;
	}
}

static const struct event *
find_event(enum event_kind kind, const char *call, pid_t pid, unsigned nth)
{
	for (unsigned i = 0; i < n_seen; i++) {
		size_t n;
		const char *name = event_text(&seen[i], TEXT_SYSCALL, &n);
		if (seen[i].kind == kind && n == strlen(call) && !memcmp(name, call, n) && (!pid || seen[i].process.pid == pid) && nth-- == 0)
			return &seen[i];
	}
	return NULL;
}

static bool
is_peer(const struct event *ev, const char *address, unsigned port)
{
	struct in_addr want;

	inet_aton(address, &want);
	return ev && (ev->have & HAVE_PEER) && ev->peer.family == AF_INET && !memcmp(ev->peer.addr, &want, 4) && ev->peer.port == port;
}

static bool
is_here(const struct event *ev)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self));
	size_t m;
	const char *exe = ev ? event_text(ev, TEXT_EXECUTABLE, &m) : NULL;

	return exe && n > 0 && m == (size_t)n && !memcmp(exe, self, m) && ev->process.uid == getuid() && (ev->have & HAVE_USER);
}

static void
check_events(pid_t pid, bool uring)
{
	const struct event *c = find_event(EVENT_CONNECT, "connect", pid, 0), *m = find_event(EVENT_CONNECT, "connect", pid, 1);
	const struct event *b = find_event(EVENT_BIND, "bind", pid, 0), *t = find_event(EVENT_PTRACE, "ptrace", pid, 0);
	const struct event *w = find_event(EVENT_PTRACE, "process_vm_writev", pid, 0), *f = find_event(EVENT_MEMFD, "memfd_create", pid, 0);
	const struct event *d = find_event(EVENT_MODULE, "delete_module", pid, 0), *p = find_event(EVENT_BPF, "bpf", pid, 0);
	size_t n;

	tell(is_peer(c, "127.0.0.1", 9) && is_here(c) && c->result == -ECONNREFUSED, "connect: address, port, program, user and result");
	tell(is_peer(m, "127.0.0.1", 10), "connect to an IPv4 address in IPv6 clothes is told as IPv4");
	const struct event *u = find_event(EVENT_CONNECT, "connect", pid, 2);
	if (uring)
		tell(is_peer(u, "127.0.0.1", 11) && is_here(u), "connect by io_uring");
	else
		printf("skip - no io_uring here\n");
	tell(!find_event(EVENT_CONNECT, "connect", pid, uring ? 3 : 2), "connect to a local socket is not told");
	tell(is_peer(b, "127.0.0.1", 0) && (b->have & HAVE_RESULT) && b->result == 0, "bind");
	tell(is_here(find_event(EVENT_LISTEN, "listen", pid, 0)), "listen");
	tell(t && t->syscall_arg0 == PTRACE_ATTACH && (t->have & HAVE_TARGET) && t->target.pid > pid && t->target.uid == getuid() &&
	    !find_event(EVENT_PTRACE, "ptrace", pid, 1), "ptrace: attach with its target; detach is not told");
	tell(w && t && w->target.pid == t->target.pid, "process_vm_writev with its target");
	tell(f && f->result >= 0, "memfd_create");
	tell(d && d->result < 0, "delete_module, although it failed");
	tell(p && p->syscall_arg0 == 5 && p->result >= 0, "bpf: a program is loaded");
	m = find_event(EVENT_MOUNT, "mount", pid, 1);
	tell(m && (m->have & HAVE_FILE) && !strncmp(event_text(m, TEXT_FILE_PATH, &n), "/tmp/yett-live-audit.", 21), "mount with its place");
	tell(find_event(EVENT_MOUNT, "umount2", pid, 0) != NULL, "umount2");
}

static void
check_healing(void)
{
	struct audit_status st = { .enabled = 0 };
	struct rules *have = calloc(1, sizeof(*have));

	tell(audit_check(&ours) == 0, "nothing to heal when all is well");
	if (!have || list_rules(&ours, have) || !have->count)
		tell(false, "rules can be listed");
	else
		change_rule(&ours, AUDIT_DEL_RULE, &have->rule[have->count / 2]);
	tell(audit_check(&ours) == 1, "a rule that somebody removed comes back");
	set_status(&ours, &st, AUDIT_STATUS_ENABLED);
	tell(audit_check(&ours) == 1, "audit that somebody switched off is on again");
	tell(audit_check(&ours) == 0, "and then all is well");
	free(have);
}

/* Another instance, beside ours: what it exits with says what was wrong. */
static int
be_second(void)
{
	struct audit_link second;

	audit_begin(&second, AUDIT_MODE_AUTO, "live-second", page);
	if (audit_update(&second, 1ull << EVENT_MEMFD, false) || !second.multicast)
		return 1;
	int wrong = look("yett-live-second").ours == 2 ? 0 : 2;
	audit_end(&second);
	return wrong;
}

static void
check_second(const char *key)
{
	unsigned before = look(key).ours;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(be_second());
	waitpid(pid, &status, 0);
	tell(status == 0, "a second instance reads beside the owner, with rules of its own");
	struct state after = look(key);
	tell(after.ours == before && after.status.enabled == 1 && after.status.pid == (uint32_t)getpid() &&
	    look("yett-live-second").ours == 0, "and leaves ours alone when it ends");
	tell(audit_check(&ours) == 0, "which need no healing");
}

static bool
same(const struct state *a, const struct state *b)
{
	return a->status.enabled == b->status.enabled && a->status.backlog_limit == b->status.backlog_limit &&
	    a->status.backlog_wait_time == b->status.backlog_wait_time && a->status.pid == b->status.pid && a->ours == 0 && b->ours == 0;
}

/* One that dies without a word leaves its rules behind. */
static void
check_leftovers(const struct state *before)
{
	struct audit_link dead = { .data = -1, .control = -1 };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		audit_begin(&dead, AUDIT_MODE_MULTICAST, "live-dead", page);
		_exit(audit_update(&dead, 1ull << EVENT_PTRACE, false) ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	tell(status == 0 && look("yett-live-dead").ours > 0, "an instance that dies leaves rules");
	audit_begin(&dead, AUDIT_MODE_AUTO, "live-dead", page);
	audit_update(&dead, 0, false);
	struct state after = look("yett-live-dead");
	tell(same(before, &after), "its successor removes them and switches audit off, although it needs none");
	audit_end(&dead);
}

static void
put_back(void)
{
	audit_end(&ours);
}

int
main(void)
{
	char tag[32], key[64];
	int pair[2];

	snprintf(tag, sizeof(tag), "live-%d", getpid());
	snprintf(key, sizeof(key), "yett-%s", tag);
	if (page_create(&page) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) || loop_init(&loop))
		return 2;
	struct state before = look(key);
	if (before.ours == 999 || before.status.enabled || before.status.pid || before.others) {
		printf("skip - audit is in use on this host, or cannot be asked\n");
		return 0;
	}
	audit_begin(&ours, AUDIT_MODE_AUTO, tag, page);
	atexit(put_back);
	check_leftovers(&before);
	tell(audit_update(&ours, audit_kinds(), false) == 0 && !ours.multicast && ours.data >= 0, "the kernel takes every rule");
	tell(atomic_load(&page->warden.audit) == AUDIT_OWN, "yett owns the audit socket");
	struct watch_setup setup = { .audit_sock = ours.data, .audit_kinds = ours.kinds, .told_kinds = ours.told, .page = page };
	if (outbox_init(&outbox, &loop, pair[0], page) || listener_init(&hearing, &loop, &setup, &outbox, &packets))
		return 2;
	bool uring;
	pid_t pid = work(&uring);
	collect(pair[1], 10);
	check_events(pid, uring);
	check_second(key);
	check_healing();
	tell(audit_update(&ours, 1ull << EVENT_MEMFD, false) == 0 && look(key).ours == 2, "rules that nobody needs any more go");
	tell(audit_update(&ours, 1ull << EVENT_START, true) == 0 && look(key).ours == 2, "whole argument lists on request");
	audit_update(&ours, 0, false);
	struct state after = look(key);
	tell(same(&before, &after) && atomic_load(&page->warden.audit) == AUDIT_UNNEEDED, "everything is as it was");
	return 0;
}
