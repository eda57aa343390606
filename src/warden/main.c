#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include "alert/keep.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/title.h"
#include "warden/backstop.h"
#include "warden/change.h"
#include "warden/child.h"
#include "warden/kernel.h"
#include "warden/marks.h"
#include "warden/outlets.h"
#include "warden/plan.h"
#include "warden/rekey.h"
#include "warden/roles.h"
#include "warden/self.h"
#include "warden/senses.h"
#include "warden/standing.h"
#include "warden/tell.h"

#define TICK_NS		(25 * NS_PER_MS)
#define STOP_WAIT_MS	5000
#define HOOK_WAIT_MS	2000
#define EXIT_INVALID	3
#define READY_NS	(5 * NS_PER_SEC)	/* so long what changes are compared with may take */

static struct warden the_warden = { .proc_sock = -1, .control_sock = -1, .log_dir = -1, .flight_dir = -1, .state_dir = -1, .state_lock = -1,
	.ways_sock = -1, .metrics_dir = -1, .notify_sock = -1, .policy_fd = -1, .admins = (gid_t)-1,
	.groups = { -1, -1, -1, MODE_MONITOR, false }, .heard = { .files = -1, .started = -1, .written = -1, .plan = -1 } };

static int
complain(int err, const char *what, const char *where)
{
	fprintf(stderr, "yettd: %s %s: %s\n", what, where, errno_name(err));
	return err < 0 ? err : -err;
}

/* A directory of ours, for the user of ROOM; an existing one is taken as it is but for its owner. */
static int
own_dir(const char *path, enum room room, mode_t mode, int *out)
{
	uid_t uid;
	gid_t gid;
	struct stat st;

	if (mkdir(path, mode) && errno != EEXIST)
		return complain(errno, "cannot create", path);
	CLEANUP_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st))
		return complain(errno, "cannot open", path);
	role_ids(room, &uid, &gid);
	if (st.st_uid != uid && fchown(fd, uid, (gid_t)-1))
		return complain(errno, "cannot give away", path);
	*out = steal_fd(&fd);
	return 0;
}

/* Whoever may read the logs may read what the flight recorder kept of them. */
static int
own_flights(const struct config *c, int log_dir, int *out)
{
	char path[CONFIG_PATH + 8];
	struct stat st;

	snprintf(path, sizeof(path), "%s/flight", c->log);
	int err = own_dir(path, ROOM_RECORD, 0750, out);
	if (!err && (fstat(log_dir, &st) || fchown(*out, (uid_t)-1, st.st_gid)))
		return complain(errno, "cannot give to the group of the logs", path);
	return err;
}

static int
open_dirs(struct warden *w)
{
	const struct config *c = &w->config;
	int err = own_dir(c->log, ROOM_RECORD, 0750, &w->log_dir);

	if (!err && c->flight_ns)
		err = own_flights(c, w->log_dir, &w->flight_dir);
	if (!err)
		err = own_dir(c->state, ROOM_RECORD, 0700, &w->state_dir);
	if (err)
		return err;
	w->state_lock = openat(w->state_dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (w->state_lock < 0)
		return complain(errno, "cannot open the lock in", c->state);
	if (flock(w->state_lock, LOCK_EX | LOCK_NB)) {
		fprintf(stderr, "yettd: another yettd runs with the state directory %s; give this one its own in [paths] state\n", c->state);
		return -EBUSY;
	}
	if (mkdir(c->run, 0755) && errno != EEXIST)
		return complain(errno, "cannot create", c->run);
	return 0;
}

static size_t
first_line(const char *path, char *out, size_t n)
{
	CLEANUP_FILE FILE *f = fopen(path, "re");

	out[0] = '\0';
	if (!f || !fgets(out, (int)n, f))
		return 0;
	out[strcspn(out, "\n")] = '\0';
	return strlen(out);
}

static void
learn_host(struct warden *w)
{
	struct host_facts *h = &w->host;
	unsigned char hash[crypto_hash_sha256_BYTES];
	struct utsname u;
	char text[CONFIG_PATH + sizeof(h->id) + 1];

	if (gethostname(h->hostname, sizeof(h->hostname) - 1))
		snprintf(h->hostname, sizeof(h->hostname), "unknown");
	first_line("/etc/machine-id", h->id, sizeof(h->id));
	first_line("/proc/sys/kernel/random/boot_id", h->boot_id, sizeof(h->boot_id));
	snprintf(h->version, sizeof(h->version), "%s", VERSION);
	if (uname(&u) == 0)
		snprintf(h->kernel, sizeof(h->kernel), "%.64s", u.release);
	crypto_hash_sha256(hash, (const unsigned char *)h->boot_id, strlen(h->boot_id));
	memcpy(&w->boot, hash, sizeof(w->boot));
	/* An agent is this host with this state: two side by side are two. */
	snprintf(text, sizeof(text), "%s:%s", h->id, w->config.state);
	crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
	sodium_bin2hex(h->agent_id, sizeof(h->agent_id), hash, 8);
}

/* What is not there, or not ours, is begun anew: then nothing is new until it was learnt again. */
static int
recall_terms(struct warden *w)
{
	struct terms *t = mmap(NULL, sizeof(*t) + 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint8_t key[sizeof(t->key)];

	if (t == MAP_FAILED)
		return -errno;
	ssize_t n = keep_read(w->state_dir, "terms", t, sizeof(*t) + 1);
	if (n < 0 || !terms_fit(t, (size_t)n)) {
		randombytes_buf(key, sizeof(key));
		terms_init(t, key);
	}
	w->terms = t;
	return 0;
}

/* yett=off and yett=monitor on the kernel command line: the way in when a policy keeps everybody out. */
static bool
break_glass(struct warden *w)
{
	char line[4096];

	w->first_mode = standing_mode(&w->config);
	if (!first_line("/proc/cmdline", line, sizeof(line)))
		return false;
	for (char *save = NULL, *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (strcmp(word, "yett=off") == 0)
			return true;
		if (strcmp(word, "yett=monitor") == 0) {
			w->first_mode = MODE_MONITOR;
			snprintf(w->glass, sizeof(w->glass), "%s", word);
		}
	}
	return false;
}

static int
open_kernel(struct warden *w)
{
	int err = groups_open(w->first_mode, &w->groups);

	if (err)
		return complain(err, "cannot open", "fanotify (is this root, with CONFIG_FANOTIFY_ACCESS_PERMISSIONS?)");
	heard_open(&w->heard);
	atomic_store(&w->page->warden.files_unable, w->heard.files < 0);
	w->proc_sock = proc_connector_open(&w->proc_filter);
	if (w->proc_sock < 0)
		return complain(w->proc_sock, "cannot open", "the proc connector (it needs the initial network namespace)");
	w->control_sock = control_open(w->config.run, w->admins);
	if (w->control_sock < 0)
		return complain(w->control_sock, "cannot open the admin socket in", w->config.run);
	for (int e = 0; e < EDGE__MAX; e++)
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, w->edges[e]))
			return complain(errno, "cannot make", "a socket pair");
	return 0;
}

static int
on_gate(struct source *s, uint32_t events)
{
	struct warden *w = s->owner;
	struct wire_msg m;
	struct msg_signal sig;

	(void)events;
	if (wire_recv(s->fd, ROOM_GATE, ROOM_WARDEN, w->buffer, sizeof(w->buffer), &m))
		return 0;
	if (m.type != MSG_SIGNAL) {
		cleanup_fd(&m.fd);
		return 0;
	}
	memcpy(&sig, m.payload, sizeof(sig));
	bool known = sig.signal == SIGKILL || sig.signal == SIGSTOP || sig.signal == SIGCONT;
	bool done = known && syscall(SYS_pidfd_send_signal, m.fd, (int)sig.signal, NULL, 0) == 0;
	counter_add(w->page, done ? COUNTER_SIGNALLED : COUNTER_SIGNAL_MISSED, 1);
	close(m.fd);
	return 0;
}

static int
on_watch(struct source *s, uint32_t events)
{
	struct warden *w = s->owner;
	struct wire_msg m;
	struct msg_request q;

	(void)events;
	if (wire_recv(s->fd, ROOM_WATCH, ROOM_WARDEN, w->buffer, sizeof(w->buffer), &m))
		return 0;
	memcpy(&q, m.payload, sizeof(q));
	if (q.request == REQUEST_ROTATE)
		rekey_request(w, &q);
	else
		change_request(w, &q);
	return 0;
}

static int
on_record(struct source *s, uint32_t events)
{
	struct warden *w = s->owner;
	struct wire_msg m;

	(void)events;
	if (wire_recv(s->fd, ROOM_RECORD, ROOM_WARDEN, w->buffer, sizeof(w->buffer), &m) == 0)
		rekey_on_rotated(w, m.payload);
	return 0;
}

static int
on_signal(struct source *s, uint32_t events)
{
	struct warden *w = s->owner;
	struct signalfd_siginfo si;

	(void)events;
	if (read(s->fd, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return 0;
	if (si.ssi_signo == SIGHUP) {
		struct msg_request q = { .request = REQUEST_RELOAD, .uid = si.ssi_uid, .pid = (int32_t)si.ssi_pid };
		int err = change_begin(w, CHANGE_RELOAD, w->groups.mode, &q);
		if (err)
			log_errno(err, "reload");
		return 0;
	}
	w->stopping = true;
	w->self.stop_signal = (int)si.ssi_signo;
	who_find(&w->self.stopped_by, (int32_t)si.ssi_pid, si.ssi_uid);
	loop_stop(&w->loop, 0);
	return 0;
}

/* The kernel says so when a mount comes or goes. */
static int
on_mounts(struct source *s, uint32_t events)
{
	struct warden *w = s->owner;

	(void)events;
	marks_apply(w, &w->groups);
	return 0;
}

static void
each_second(struct warden *w, uint64_t now)
{
	uint64_t heard = counter_get(w->page, COUNTER_PROC_EVENTS), lost = 0;

	if (heard == w->proc_events)
		child_beat(w);		/* on a busy host others do it for us */
	w->proc_events = heard;
	w->second_ns = now;
	marks_tend(w);
	audit_check(&w->audit);
	if (audit_lost(&w->audit, &lost) == 0)
		counter_add(w->page, COUNTER_AUDIT_LOST, lost);
	self_second(w, now);
	tell_flush(w);
}

static void
tell_ready(struct warden *w, uint64_t now_ns)
{
	const struct page *p = w->page;
	bool late = now_ns - atomic_load(&p->warden.started_ns) > READY_NS;

	if (w->ready || atomic_load(&p->gate.loop_ns) == 0 || atomic_load(&p->record.sequence) == 0 || !(late || opening_ready(w)))
		return;
	w->ready = true;
	notify_send(w, "READY=1");
	log_notice("ready: mode %s, %u rules, %u file systems", w->groups.mode == MODE_ENFORCE ? "enforce" : "monitor",
	    policy_rules(w->policy), w->n_marked);
}

static int
on_tick(struct source *s, uint32_t events)
{
	struct warden *w = s->owner;
	uint64_t now = now_boot_ns();

	(void)events;
	timer_read(s->fd);
	child_tend(w, now);
	change_tend(w, now);
	rekey_tend(w);
	plan_tend(w, now);
	opening_tend(w, now);
	tell_ready(w, now);
	if (now - w->second_ns >= NS_PER_SEC)
		each_second(w, now);
	if (w->watchdog_ns && now - w->watchdog_last_ns >= w->watchdog_ns) {
		w->watchdog_last_ns = now;
		notify_send(w, "WATCHDOG=1");
	}
	return 0;
}

static int
listen_all(struct warden *w)
{
	sigset_t set;
	int err = loop_init(&w->loop);

	w->loop.owner = w;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (err || (err = loop_watch(&w->loop, &w->signals, signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), on_signal, EPOLLIN)) ||
	    (err = loop_watch(&w->loop, &w->tick, timer_open(TICK_NS, TICK_NS), on_tick, EPOLLIN)) ||
	    (err = loop_watch(&w->loop, &w->mounts, open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC), on_mounts, EPOLLPRI)) ||
	    (w->heard.plan >= 0 && (err = loop_watch(&w->loop, &w->plan, w->heard.plan, plan_ready, EPOLLIN))) ||
	    (err = loop_watch(&w->loop, &w->gate_sock, edge_fd(w, EDGE_GATE_WARDEN, ROOM_WARDEN), on_gate, EPOLLIN)) ||
	    (err = loop_watch(&w->loop, &w->watch_sock, edge_fd(w, EDGE_WATCH_WARDEN, ROOM_WARDEN), on_watch, EPOLLIN)) ||
	    (err = loop_watch(&w->loop, &w->record_sock, edge_fd(w, EDGE_WARDEN_RECORD, ROOM_WARDEN), on_record, EPOLLIN)))
		return err;
	return opening_listen(w);
}

/* Children first: nothing is marked before somebody can answer. */
static int
start_all(struct warden *w)
{
	atomic_store(&w->page->process[ROOM_WARDEN].pid, getpid());
	atomic_store(&w->page->process[ROOM_WARDEN].started_ns, now_boot_ns());
	atomic_store(&w->page->warden.started_ns, now_boot_ns());
	atomic_store(&w->page->warden.mode, w->groups.mode);
	audit_begin(&w->audit, w->config.audit, w->host.agent_id, w->page);
	int err = audit_update(&w->audit, policy_kinds(w->policy), w->config.exec_full);
	if (err)
		log_errno(err, "audit does not tell all that the policies ask for");
	senses_update(w);
	const enum room order[] = { ROOM_HOOK, ROOM_RECORD, ROOM_SCAN, ROOM_WATCH, ROOM_GATE };
	for (int i = w->config.hook.n ? 0 : 1; i < 5; i++)
		if ((err = child_start(w, order[i])))
			return complain(err, "cannot start", room_name(order[i]));
	err = marks_apply(w, &w->groups);
	if (err)
		return complain(err, "cannot mark", "a single file system of [gate] filesystems");
	atomic_store(&w->page->warden.first_mounts, atomic_load(&w->page->warden.mounts));
	self_start(w);
	if (w->objections)
		tell(w, "lock-out", w->objections,
		    "The policies would deny what is needed to start, log in to or repair this host: see yettctl policy check.");
	return 0;
}

/* What the gate counted and reported goes to the disk before the gate goes. */
static void
wait_for_reports(struct warden *w)
{
	struct page *p = w->page;
	struct msg_ending ending = { .since_ns = now_boot_ns() };

	wire_send(edge_fd(w, EDGE_GATE_WARDEN, ROOM_WARDEN), MSG_ENDING, &ending, sizeof(ending), -1);

	for (int ms = 0; ms < STOP_WAIT_MS && w->child[ROOM_GATE].pid && w->child[ROOM_RECORD].pid; ms += 5) {
		if (!fold_waiting(&p->fold) && !atomic_load(&p->gate.late) && atomic_load(&p->record.acked) >= atomic_load(&p->gate.report_number))
			return;
		usleep(5000);
	}
}

/* Asks a process to finish what it has, and waits for that. */
static void
end_in_order(struct warden *w, enum room room, int most_ms)
{
	struct child *c = &w->child[room];
	siginfo_t si = { 0 };

	if (!c->pid)
		return;
	kill(c->pid, SIGTERM);
	for (int ms = 0; ms < most_ms; ms += 10) {
		if (waitid(P_PID, (id_t)c->pid, &si, WEXITED | WNOHANG | WNOWAIT) == 0 && si.si_pid)
			break;
		usleep(10000);
	}
	child_kill(w, room);
}

/* Nobody is left waiting, the rules of audit are gone, and the last record says so. */
static void
stop_all(struct warden *w)
{
	w->stopping = true;
	notify_send(w, "STOPPING=1");
	marks_flush(&w->groups);
	wait_for_reports(w);
	child_kill(w, ROOM_GATE);
	opening_stop(w);
	uint64_t unsaid = fold_waiting(&w->page->fold);
	if (unsaid)
		tell(w, "summary-lost", unsaid, "%llu alerts were counted by a gate that did not write their summaries.", (unsigned long long)unsaid);
	backstop_sweep(w, DECISION_ALLOW);
	groups_close(&w->groups);	/* whatever was not read yet is allowed by the kernel now */
	audit_end(&w->audit);
	child_kill(w, ROOM_WATCH);
	child_kill(w, ROOM_SCAN);
	self_stop(w);
	end_in_order(w, ROOM_RECORD, STOP_WAIT_MS);
	end_in_order(w, ROOM_HOOK, HOOK_WAIT_MS);
	char path[CONFIG_PATH + 32];
	snprintf(path, sizeof(path), "%s/control.sock", w->config.run);
	unlink(path);
	standing_end(&w->config);
}

static int
lock_in(void)
{
	struct sandbox s = *role_sandbox(ROOM_WARDEN);

	return sandbox_enter(&s);
}

struct options { bool foreground, test; const char *config; };

static int
daemonize(void)
{
	/* Without a service manager; under one, -f or Type=notify keeps us where we are. */
	if (getenv("NOTIFY_SOCKET"))
		return 0;
	return daemon(0, 0) ? -errno : 0;
}

static int
prepare(struct warden *w, const struct options *o)
{
	struct faults faults = { 0 };
	char name[64];

	w->config_path = o->config;
	int err = config_load(&w->config, o->config, &faults);
	for (size_t i = 0; i < faults.count; i++) {
		char line[700];
		fault_format(&faults.fault[i], line, sizeof(line));
		fprintf(stderr, "%s\n", line);
	}
	if (err)
		return EXIT_INVALID;
	bool off = break_glass(w);
	if (change_first(w)) {
		fprintf(stderr, "yettd: the policies were refused; see the lines above, or run yettctl policy check\n");
		return EXIT_INVALID;
	}
	if (o->test) {
		printf("configuration and %u rules are well\n", policy_rules(w->policy));
		return -1;
	}
	if (off) {
		fprintf(stderr, "yettd: yett=off on the kernel command line: nothing is started\n");
		return -1;
	}
	if (geteuid() != 0) {
		fprintf(stderr, "yettd: needs root: start it with systemctl start yettd, or with sudo\n");
		return 5;
	}
	if (roles_users(&w->config, name, sizeof(name))) {
		fprintf(stderr, "yettd: no user %s: run systemd-sysusers, or set [agent] user = nobody in %s\n", name, o->config);
		return EXIT_INVALID;
	}
	return 0;
}

static int
run(struct warden *w, const struct options *o)
{
	const struct group *gr = getgrnam("yett");
	const char *watchdog = getenv("WATCHDOG_USEC");

	w->admins = gr ? gr->gr_gid : (gid_t)-1;
	learn_host(w);
	if (open_dirs(w) || outlets_open(w))
		return 1;
	if (recall_terms(w) || opening_init(w))
		return 1;
	w->loaded = mmap(NULL, sizeof(*w->loaded), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w->loaded == MAP_FAILED)
		return 1;
	if (!o->foreground && daemonize())
		return 1;
	w->notify_sock = notify_open();
	w->watchdog_ns = watchdog ? strtoull(watchdog, NULL, 10) * NS_PER_US / 2 : 0;
	w->audit.data = w->audit.control = -1;
	senses_begin(w);
	if (open_kernel(w))
		return 1;
	int err = listen_all(w);
	if (err)
		return complain(err, "cannot listen", "to signals and timers") ? 1 : 0;
	if (start_all(w) == 0 && (err = lock_in()) == 0)
		err = loop_run(&w->loop);
	else
		err = err ? err : -ENODEV;
	stop_all(w);
	if (err)
		log_errno(err, "yettd ends");
	return err ? 1 : 0;
}

static void
usage(FILE *f)
{
	fprintf(f, "usage: yettd [-f] [-c FILE] [-t] [-V]\n"
	    "  -f       stay in the foreground, log to stderr\n"
	    "  -c FILE  configuration (default /etc/yett/yett.conf)\n"
	    "  -t       test configuration and policies and exit\n"
	    "  -V       print the version\n");
}

int
main(int argc, char **argv)
{
	struct options o = { .config = "/etc/yett/yett.conf" };
	int c;

	title_init(argc, argv);
	while ((c = getopt(argc, argv, "fc:tVh")) != -1) {
		if (c == 'f')
			o.foreground = true;
		else if (c == 't')
			o.test = true;
		else if (c == 'c')
			o.config = optarg;
		else if (c == 'V')
			return printf("yettd %s\n", VERSION) < 0;
		else {
			usage(c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	if (sodium_init() < 0 || page_create(&the_warden.page))
		return 1;
	int status = prepare(&the_warden, &o);
	if (status)
		return status < 0 ? 0 : status;
	return run(&the_warden, &o);
}
