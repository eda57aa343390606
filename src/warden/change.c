#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "judge/judge.h"
#include "warden/backstop.h"
#include "warden/change.h"
#include "warden/child.h"
#include "warden/kernel.h"
#include "warden/marks.h"
#include "warden/roles.h"
#include "warden/senses.h"
#include "warden/standing.h"
#include "warden/tell.h"
#include "warden/trial.h"
#include "warden/vet.h"

#define HELPER_NS	(30 * NS_PER_SEC)	/* longest reading of policies */

static struct policy_sources
sources(const struct config *c, enum mode mode)
{
	return (struct policy_sources){ .vendor_policies = c->vendor_policies, .policies = c->policies, .mode = mode,
		.exec_default = c->exec_default, .open_default = c->open_default, .judge = judge };
}

/* Owns FD. */
static int
take_policy(struct warden *w, int fd)
{
	const struct policy *p;
	int err = policy_open(fd, &p);

	if (err) {
		close(fd);
		return err;
	}
	w->self.changes.len = 0;
	w->self.changes.cut = false;
	if (w->policy) {
		details_changes(&w->self.changes, w->policy, p);
		policy_close(w->policy);
	}
	cleanup_fd(&w->policy_fd);
	w->policy = p;
	w->policy_fd = fd;
	w->generation++;
	atomic_store(&w->page->warden.rules, policy_rules(p));
	atomic_store(&w->page->warden.policy_generation, w->generation);
	return 0;
}

int
change_first(struct warden *w)
{
	struct faults faults = { 0 };
	struct policy_sources s = sources(&w->config, w->first_mode);
	int fd = policy_build(&s, &faults);

	if (fd >= 0)
		fd = take_policy(w, fd);
	/* A host must come up with whatever is there: at start it is only said, but said loudly. */
	if (fd >= 0)
		w->objections = vet(&w->config, w->policy, true, &faults);
	for (size_t i = 0; i < faults.count; i++) {
		char line[700];
		fault_format(&faults.fault[i], line, sizeof(line));
		fprintf(stderr, "%s\n", line);
	}
	return fd;
}

static const char *
mode_word(enum mode m)
{
	return m == MODE_ENFORCE ? "enforce" : "monitor";
}

static void
give_policy(struct warden *w)
{
	struct msg_policy m = { .generation = w->generation, .mode = (uint8_t)w->groups.mode };
	int err = wire_send(edge_fd(w, EDGE_GATE_WARDEN, ROOM_WARDEN), MSG_POLICY, &m, sizeof(m), w->policy_fd);

	/* A gate that is too far behind to be told gets it by its successor. */
	if (err)
		child_replace(w, ROOM_GATE, "it was too far behind to be told of a new policy");
}

/* Watch reads what audit gives: a new need may be a new socket, or none. One that is too far behind to be told is replaced. */
static void
give_audit(struct warden *w)
{
	struct msg_audit m = { .kinds = w->audit.kinds, .told = w->audit.told };
	enum msg_type type = w->audit.data >= 0 ? MSG_AUDIT : MSG_AUDIT_END;

	if (!w->child[ROOM_WATCH].pid || wire_send(edge_fd(w, EDGE_WATCH_WARDEN, ROOM_WARDEN), type, &m, sizeof(m), w->audit.data) == 0)
		return;
	child_replace(w, ROOM_WATCH, "it was too far behind to be told of a new audit socket");
}

static void
update_audit(struct warden *w)
{
	int data = w->audit.data;
	uint64_t kinds = w->audit.kinds, told = w->audit.told;
	int err = audit_update(&w->audit, policy_kinds(w->policy), w->config.exec_full);

	if (err)
		log_errno(err, "audit does not tell all that the policies ask for");
	if (data != w->audit.data || kinds != w->audit.kinds || told != w->audit.told)
		give_audit(w);
}

/* New groups are marked before the old ones go, so at no moment nobody asks. */
static int
switch_groups(struct warden *w, enum mode mode)
{
	struct groups fresh, old = w->groups;
	int err = groups_open(mode, &fresh);

	if (err)
		return err;
	marks_forget(w);
	err = marks_apply(w, &fresh);
	if (err) {
		groups_close(&fresh);
		marks_forget(w);
		marks_apply(w, &old);
		return err;
	}
	child_kill(w, ROOM_GATE);
	backstop_read(w, false);
	backstop_sweep(w, mode == MODE_MONITOR ? DECISION_ALLOW : w->config.deadline_verdict);
	groups_close(&old);
	w->groups = fresh;
	atomic_store(&w->page->warden.mode, mode);
	return child_start(w, ROOM_GATE);
}

/* One fault a line, as far as there is room. Returns the length. */
static size_t
list_faults(const struct faults *f, char *text, size_t size)
{
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < f->count && n + 700 < size; i++) {
		fault_format(&f->fault[i], text + n, size - n);
		n += strlen(text + n);
		n += (size_t)snprintf(text + n, size - n, "\n");
	}
	return n;
}

static void
refuse(struct warden *w, const struct helper *h, const struct faults *f, int err)
{
	static char text[16384];
	char by[WHO_WORDS];
	size_t n = list_faults(f, text, sizeof(text));

	snprintf(text + n, sizeof(text) - n, "%zu errors (%s). The running policy (generation %llu) stays in force, in mode %s.", f->errors,
	    errno_name(err), (unsigned long long)w->generation, mode_word(w->groups.mode));
	counter_add(w->page, COUNTER_RELOADS_REFUSED, 1);
	tell_of(w, &(struct telling){ .what = "policy-refused", .count = f->errors, .by = &h->by },
	    "A change that was asked for by %s was refused: %s", who_words(&h->by, by), f->count ? f->fault[0].why : errno_name(err));
	tell_admin(w, &h->request, 3, text);
}

/* What was set by hand and for good outlives a death. */
static void
keep_mode(struct warden *w)
{
	int err = standing_keep(&w->config, w->groups.mode);

	if (err)
		log_errno(err, "the mode will not outlive a death of yettd");
}

/* A configuration that changed its mind ends that. */
static void
remember_mode(struct warden *w, const struct helper *h, bool moved)
{
	if (h->change == CHANGE_MODE && h->request.ticket && !h->request.for_ns)
		keep_mode(w);
	else if (h->change == CHANGE_RELOAD && moved)
		standing_end(&w->config);
}

/* Nothing waits any more: what holds now is either that of the configuration, or was set by hand. */
static void
settle_mode(struct warden *w)
{
	if (w->groups.mode != w->config.mode)
		keep_mode(w);
	else
		standing_end(&w->config);
}

/* The policy that was taken, in MODE, becomes what gate, marks and audit go by. 0 or -errno: not all of it could be marked. */
static int
put_in_force(struct warden *w, enum mode mode)
{
	int err;

	if (mode != w->groups.mode) {
		err = switch_groups(w, mode);
	} else {
		err = marks_apply(w, &w->groups);
		give_policy(w);
		w->prune = true;
	}
	update_audit(w);
	senses_update(w);
	counter_add(w->page, COUNTER_RELOADS, 1);
	return err;
}

/* How long what an admin asked for holds. */
static void
note_request(struct warden *w, const struct msg_request *q)
{
	bool monitor = q->request == REQUEST_MONITOR;

	if (q->request != REQUEST_RELOAD)
		atomic_store(&w->page->warden.monitor_until_ns, monitor && q->for_ns ? now_boot_ns() + q->for_ns : 0);
	if (monitor)
		trial_monitor(w);
	else
		trial_begin(w, q->for_ns);
}

static void
apply(struct warden *w, const struct helper *h)
{
	static char text[16384];
	const struct loaded *l = w->loaded;
	bool moved = h->mode != w->groups.mode;
	char waits[160], by[WHO_WORDS];
	int err = put_in_force(w, h->mode);

	remember_mode(w, h, moved);
	if (h->request.ticket)
		note_request(w, &h->request);
	size_t n = list_faults(&l->faults, text, sizeof(text)), start = n;
	snprintf(text + n, sizeof(text) - n, "Mode %s, policy generation %llu in force: %u rules.%s%s", mode_word(w->groups.mode),
	    (unsigned long long)w->generation, policy_rules(w->policy),
	    err ? " Not all file systems could be marked: see yettctl status." : "", trial_words(w, waits, sizeof(waits)));
	const struct telling of = { .what = moved ? "mode-change" : "policy-loaded", .count = policy_rules(w->policy), .by = &h->by,
	    .details = &w->self.changes };
	if (h->by.pid)
		tell_of(w, &of, "%s Policy %s, asked for by %s.%s", text + start, policy_hash(w->policy), who_words(&h->by, by),
		    l->objections ? " It was forced: it denies what is needed to repair this host." : "");
	else
		tell_of(w, &of, "%s Policy %s: the time of monitor mode is over.", text + start, policy_hash(w->policy));
	tell_admin(w, &h->request, 0, text);
}

static void
end_helper(struct warden *w)
{
	struct helper *h = &w->helper;

	atomic_store(&w->page->warden.helper, 0);
	loop_remove(&w->loop, &h->source);
	close(h->source.fd);
	while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(h->sock);
	h->pid = 0;
}

/* Paths, users and file systems are for a restart; times and defaults hold from the next gate on. */
static void
take_config(struct warden *w, const struct config *c)
{
	struct config old = w->config;

	w->config = *c;
	memcpy(w->config.user, old.user, sizeof(old.user));
	memcpy(w->config.log, old.log, sizeof(old.log));
	memcpy(w->config.state, old.state, sizeof(old.state));
	memcpy(w->config.run, old.run, sizeof(old.run));
	memcpy(w->config.filesystems, old.filesystems, sizeof(old.filesystems));
	w->config.n_filesystems = old.n_filesystems;
	memcpy(w->config.journal, old.journal, sizeof(old.journal));
	memcpy(w->config.syslog, old.syslog, sizeof(old.syslog));
	memcpy(w->config.metrics, old.metrics, sizeof(old.metrics));
	w->config.hook = old.hook;
	w->config.filesystems_auto = old.filesystems_auto;
}

/* The helper is done, or dead. */
static int
on_helper(struct source *s, uint32_t events)
{
	struct warden *w = s->owner;
	struct helper h = w->helper;
	struct wire_msg m = { .fd = -1 };
	struct loaded *l = w->loaded;

	(void)events;
	int err = wire_recv(h.sock, ROOM_WARDEN, ROOM_GATE, w->buffer, sizeof(w->buffer), &m);
	end_helper(w);
	l->faults.count = l->faults.count > FAULTS_MAX ? FAULTS_MAX : l->faults.count;
	bool waits = h.request.ticket && h.request.request != REQUEST_MONITOR && h.request.for_ns;
	if (!err && waits && (err = trial_keep(w)))
		close(m.fd);
	if (!err)
		err = take_policy(w, m.fd);
	if (err) {
		trial_begin(w, 0);
		refuse(w, &h, &l->faults, l->err ? l->err : err);
		return 0;
	}
	take_config(w, &l->config);
	h.mode = l->mode == MODE_ENFORCE ? MODE_ENFORCE : MODE_MONITOR;
	apply(w, &h);
	return 0;
}

/* Does it deny nothing that what is in force does not deny? Then nobody is kept from asking for it again. */
static bool
no_stronger(const struct warden *w, const struct loaded *l, const struct policy *p)
{
	return l->mode <= w->groups.mode && strcmp(policy_hash(p), policy_hash(w->policy)) == 0 &&
	    l->config.exec_default <= w->config.exec_default && l->config.open_default <= w->config.open_default;
}

/* What a policy would take from this host is no reason to keep it out where nobody could say --force: when a time runs out. */
static int
helper_vet(const struct warden *w, struct loaded *l, int fd)
{
	const struct helper *h = &w->helper;
	const struct policy *p;
	int err = policy_open(fd, &p);

	if (err)
		return err;
	bool timed = h->change == CHANGE_MODE && !h->request.ticket, forced = h->request.force || timed || no_stronger(w, l, p);
	/* The way to monitor mode is always open. */
	if (h->change == CHANGE_RELOAD || l->mode == MODE_ENFORCE)
		l->objections = vet(&w->config, p, forced, &l->faults);
	policy_close(p);
	return l->faults.errors ? -EPERM : 0;
}

static int
helper_build(const struct warden *w, struct loaded *l)
{
	if (w->helper.change == CHANGE_MODE)
		return policy_in_mode(w->policy, l->mode);
	struct policy_sources s = sources(&l->config, l->mode);
	return policy_build(&s, &l->faults);
}

static int
helper_run(struct warden *w, int sock)
{
	struct loaded *l = w->loaded;
	struct msg_policy m = { 0 };
	bool reload = w->helper.change == CHANGE_RELOAD;

	memset(&l->faults, 0, sizeof(l->faults));
	l->objections = 0;
	l->config = w->config;
	l->err = reload ? config_load(&l->config, w->config_path, &l->faults) : 0;
	if (l->err)
		return 1;
	/* A mode that was set by hand holds until the file says another one than before. */
	l->mode = l->config.mode != w->config.mode ? l->config.mode : w->helper.mode;
	int fd = helper_build(w, l);
	l->err = fd < 0 ? fd : helper_vet(w, l, fd);
	return l->err || wire_send(sock, MSG_POLICY, &m, sizeof(m), fd);
}

int
change_begin(struct warden *w, enum change change, enum mode mode, const struct msg_request *request)
{
	struct helper *h = &w->helper;
	int pair[2];

	if (h->pid)
		return -EBUSY;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	*h = (struct helper){ .sock = pair[0], .started_ns = now_boot_ns(), .change = change, .mode = mode };
	if (request) {
		h->request = *request;
		who_find(&h->by, request->pid, request->uid);
	}
	pid_t pid = fork();
	if (pid == 0) {
		atomic_store(&w->page->warden.helper, getpid());
		_exit(helper_run(w, pair[1]));
	}
	int err = -errno;
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return err;
	}
	h->pid = pid;
	atomic_store(&w->page->warden.helper, pid);
	h->source = (struct source){ .fd = (int)syscall(SYS_pidfd_open, pid, 0), .ready = on_helper, .owner = w };
	return loop_add(&w->loop, &h->source, EPOLLIN);
}

/* Nobody confirmed. */
static void
go_back(struct warden *w)
{
	struct earlier k;
	int fd = trial_end(w, &k), err = fd < 0 ? fd : take_policy(w, fd);

	if (err) {
		log_errno(err, "what was in force before cannot come back yet");
		return;
	}
	w->config = k.config;
	if (k.mode == MODE_ENFORCE)
		atomic_store(&w->page->warden.monitor_until_ns, 0);
	err = put_in_force(w, k.mode);
	settle_mode(w);
	tell_of(w, &(struct telling){ .what = "policy-reverted", .count = policy_rules(w->policy), .details = &w->self.changes },
	    "Nobody confirmed: back to mode %s and the policy of generation %llu, as %llu.%s Policy %s.", mode_word(w->groups.mode),
	    (unsigned long long)k.generation, (unsigned long long)w->generation, err ? " Not all file systems could be marked." : "",
	    policy_hash(w->policy));
}

void
change_tend(struct warden *w, uint64_t now_ns)
{
	uint64_t until = atomic_load(&w->page->warden.monitor_until_ns);

	if (w->helper.pid && now_ns - w->helper.started_ns > HELPER_NS)
		kill(w->helper.pid, SIGKILL);	/* on_helper() tells that nothing came */
	if (w->prune && atomic_load(&w->page->gate.policy_generation) == w->generation) {
		marks_prune(w);
		w->prune = false;
	}
	if (!w->helper.pid && trial_over(w, now_ns))
		go_back(w);
	if (until && now_ns >= until && change_begin(w, CHANGE_MODE, MODE_ENFORCE, NULL) == 0)
		atomic_store(&w->page->warden.monitor_until_ns, 0);
}

/* What needs no helper. */
static void
confirm(struct warden *w, const struct msg_request *q)
{
	char text[160], by[WHO_WORDS];
	struct who who;

	if (!trial_confirm(w)) {
		tell_admin(w, q, 1, "Nothing waits for confirmation.");
		return;
	}
	settle_mode(w);
	snprintf(text, sizeof(text), "Confirmed: mode %s and policy generation %llu stay.", mode_word(w->groups.mode),
	    (unsigned long long)w->generation);
	who_find(&who, q->pid, q->uid);
	tell_of(w, &(struct telling){ .what = "policy-confirmed", .count = policy_rules(w->policy), .by = &who },
	    "%s Policy %s, asked for by %s.", text, policy_hash(w->policy), who_words(&who, by));
	tell_admin(w, q, 0, text);
}

static void
hand_policy(struct warden *w, const struct msg_request *q)
{
	static struct msg_reply r;

	r.ticket = q->ticket;
	r.status = 0;
	r.len = (uint32_t)snprintf(r.text, sizeof(r.text), "{\"generation\":%llu,\"mode\":\"%s\",\"rules\":%u,\"hash\":\"%s\"}",
	    (unsigned long long)w->generation, mode_word(w->groups.mode), policy_rules(w->policy), policy_hash(w->policy));
	int err = wire_send(edge_fd(w, EDGE_WATCH_WARDEN, ROOM_WARDEN), MSG_SEALED, &r, MSG_REPLY_MIN + r.len, w->policy_fd);
	if (err)
		log_errno(err, "the policy could not be handed to an admin");
}

void
change_request(struct warden *w, const struct msg_request *q)
{
	enum mode mode = w->groups.mode;
	enum change change = CHANGE_MODE;

	if (q->request >= REQUEST__MAX || q->request == REQUEST_ROTATE)
		return;
	if (q->request == REQUEST_CONFIRM) {
		confirm(w, q);
		return;
	}
	if (q->request == REQUEST_POLICY) {
		hand_policy(w, q);
		return;
	}
	if (q->request == REQUEST_RELOAD)
		change = CHANGE_RELOAD;
	else
		mode = q->request == REQUEST_ENFORCE ? MODE_ENFORCE : MODE_MONITOR;
	int err = change_begin(w, change, mode, q);
	if (err) {
		tell_admin(w, q, 1, err == -EBUSY ? "Another change is under way; ask again in a moment." : errno_name(err));
		return;
	}
}
