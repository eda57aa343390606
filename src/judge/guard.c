#include <stdio.h>
#include <string.h>
#include "judge/guard.h"
#include "judge/judge.h"
#include "policy/layout.h"

#define REACTIONS	(ACTION_KILL | ACTION_KILL_PARENT | ACTION_KILL_TREE | ACTION_SUSPEND)
#define CALLERS_MAX	12
#define OBJECTIONS_MAX	64
#define NAMES_MAX	16		/* of one role */
#define DEFAULT		(-1)		/* in place of a rule */

/* What a host is made of. Of a role that others start, every program that is there counts; of one that starts others, the first. */
enum role {
	ROLE_NONE, ROLE_INIT, ROLE_EXECUTOR, ROLE_MOUNT, ROLE_GETTY, ROLE_LOGIN, ROLE_SULOGIN, ROLE_SSHD, ROLE_SESSION, ROLE_SFTP, ROLE_PAM,
	ROLE_SUDO, ROLE_SH, ROLE_SYSTEMCTL, ROLE_PACKAGES, ROLE_EDITOR, ROLE_TOOLS, ROLE_YETTD, ROLE_YETTCTL, ROLE_LOADER, ROLE_ACCOUNTS,
	ROLE_LIBRARY, ROLE_LINKS, ROLE__FILES,
	/* Not by name. */
	ROLE_SHELLS = ROLE__FILES,	/* of /etc/shells */
	ROLE_OWN_SHELL,			/* of the person who is there */
};

static const char *const names[ROLE__FILES][NAMES_MAX] = {
	[ROLE_INIT] = { "/sbin/init", "/usr/lib/systemd/systemd", "/lib/systemd/systemd", "/usr/sbin/init", "/sbin/openrc-init", "/sbin/runit" },
	[ROLE_EXECUTOR] = { "/usr/lib/systemd/systemd-executor", "/lib/systemd/systemd-executor", "/usr/lib/systemd/systemd-shutdown" },
	[ROLE_MOUNT] = { "/bin/mount", "/usr/bin/mount", "/bin/umount", "/usr/bin/umount" },
	[ROLE_GETTY] = { "/sbin/agetty", "/usr/sbin/agetty", "/sbin/getty", "/usr/sbin/getty", "/sbin/mingetty" },
	[ROLE_LOGIN] = { "/bin/login", "/usr/bin/login" },
	[ROLE_SULOGIN] = { "/sbin/sulogin", "/usr/sbin/sulogin" },
	[ROLE_SSHD] = { "/usr/sbin/sshd", "/usr/bin/sshd", "/usr/sbin/dropbear" },
	[ROLE_SESSION] = { "/usr/lib/openssh/sshd-session", "/usr/libexec/openssh/sshd-session", "/usr/lib/ssh/sshd-session",
		"/usr/lib/openssh/sshd-auth", "/usr/libexec/openssh/sshd-auth", "/usr/lib/ssh/sshd-auth" },
	[ROLE_SFTP] = { "/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server" },
	[ROLE_PAM] = { "/sbin/unix_chkpwd", "/usr/sbin/unix_chkpwd", "/usr/bin/unix_chkpwd", "/sbin/unix_update", "/usr/sbin/unix_update" },
	[ROLE_SUDO] = { "/usr/bin/sudo", "/bin/su", "/usr/bin/su", "/usr/bin/doas", "/usr/bin/pkexec", "/usr/local/bin/sudo", "/usr/bin/run0" },
	[ROLE_SH] = { "/bin/sh", "/bin/bash", "/usr/bin/sh", "/usr/bin/bash" },
	[ROLE_SYSTEMCTL] = { "/bin/systemctl", "/usr/bin/systemctl", "/usr/bin/journalctl", "/sbin/reboot", "/sbin/rc-service",
		"/usr/sbin/service" },
	[ROLE_PACKAGES] = { "/usr/bin/apt", "/usr/bin/apt-get", "/usr/bin/dpkg", "/usr/bin/rpm", "/usr/bin/dnf", "/usr/bin/yum", "/usr/bin/zypper",
		"/sbin/apk", "/usr/bin/pacman" },
	[ROLE_EDITOR] = { "/usr/bin/vi", "/bin/vi", "/usr/bin/vim", "/usr/bin/nano", "/bin/nano", "/usr/bin/ed", "/bin/ed", "/usr/bin/emacs" },
	[ROLE_TOOLS] = { "/bin/cat", "/bin/cp", "/bin/mv", "/bin/rm", "/bin/ls", "/bin/chmod", "/bin/kill", "/usr/bin/kill", "/usr/bin/id" },
	[ROLE_YETTD] = { "/usr/sbin/yettd" },
	[ROLE_YETTCTL] = { "/usr/bin/yettctl" },
	[ROLE_LOADER] = { "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-linux.so.2", "/lib/ld-musl-x86_64.so.1" },
	[ROLE_ACCOUNTS] = { "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/nsswitch.conf", "/etc/pam.d/common-auth", "/etc/pam.d/sshd",
		"/etc/pam.d/login", "/etc/pam.d/sudo", "/etc/pam.d/su", "/etc/sudoers", "/etc/ssh/sshd_config" },
	[ROLE_LINKS] = { "/etc/ld.so.cache" },
	[ROLE_LIBRARY] = { "/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib64/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6",
		"/lib/x86_64-linux-gnu/libpam.so.0", "/usr/lib64/libpam.so.0", "/lib/x86_64-linux-gnu/libsystemd.so.0" },
};

enum need { NEED_START, NEED_LOGIN, NEED_ROOT, NEED_REPAIR, NEED_YETT, NEED_RUNNING };
static const char *const needs[] = {
	[NEED_START] = "to start the system", [NEED_LOGIN] = "to log in", [NEED_ROOT] = "to become root", [NEED_REPAIR] = "to repair the system",
	[NEED_YETT] = "to change the policy again", [NEED_RUNNING] = "now, for it runs",
};

enum how { AS_ROOT, AS_PEOPLE, DIRECTLY = 1 << 4, ONE_WILL_DO = 1 << 5, READS = 1 << 6, LOADS = 1 << 7, MAPS = 1 << 8 };

/*
 * SUBJECT is started below BY, the parent first; DIRECTLY: by the execve of the first, whose parent is the second. READS: it is opened by
 * the first; MAPS: as a library. LOADS: it is the loader of the first, which the second starts.
 */
struct situation {
	enum need	need;
	enum role	subject, by[4];
	unsigned	how;
	const char	*args[3];	/* behind the name */
};

static const struct situation situations[] = {
	{ NEED_START, ROLE_INIT, { ROLE_INIT }, AS_ROOT, { NULL } },
	{ NEED_START, ROLE_EXECUTOR, { ROLE_INIT }, AS_ROOT, { NULL } },
	{ NEED_START, ROLE_MOUNT, { ROLE_INIT }, AS_ROOT, { "/usr" } },
	{ NEED_START, ROLE_SH, { ROLE_INIT }, AS_ROOT, { "-c", "true" } },
	{ NEED_START, ROLE_LOADER, { ROLE_INIT, ROLE_INIT }, AS_ROOT | LOADS, { NULL } },
	{ NEED_START, ROLE_LINKS, { ROLE_INIT }, AS_ROOT | READS, { NULL } },
	{ NEED_START, ROLE_LIBRARY, { ROLE_INIT }, AS_ROOT | READS | MAPS, { NULL } },
	{ NEED_START, ROLE_LOADER, { ROLE_INIT }, AS_ROOT | READS, { NULL } },
	{ NEED_LOGIN, ROLE_GETTY, { ROLE_INIT }, AS_ROOT, { "--noclear", "tty1" } },
	{ NEED_LOGIN, ROLE_LOGIN, { ROLE_GETTY, ROLE_INIT }, AS_ROOT | DIRECTLY, { "--", "root" } },
	{ NEED_LOGIN, ROLE_SULOGIN, { ROLE_INIT }, AS_ROOT, { NULL } },
	{ NEED_LOGIN, ROLE_SSHD, { ROLE_INIT }, AS_ROOT, { "-D" } },
	{ NEED_LOGIN, ROLE_SSHD, { ROLE_SSHD, ROLE_INIT }, AS_ROOT, { "-D", "-R" } },
	{ NEED_LOGIN, ROLE_SESSION, { ROLE_SSHD, ROLE_INIT }, AS_ROOT, { "-D", "-R" } },
	{ NEED_LOGIN, ROLE_SFTP, { ROLE_SSHD, ROLE_SSHD, ROLE_INIT }, AS_PEOPLE, { NULL } },
	{ NEED_LOGIN, ROLE_PAM, { ROLE_SSHD, ROLE_INIT }, AS_ROOT, { "root", "nullok" } },
	{ NEED_LOGIN, ROLE_PAM, { ROLE_LOGIN, ROLE_INIT }, AS_ROOT, { "root", "nullok" } },
	{ NEED_LOGIN, ROLE_SHELLS, { ROLE_SSHD, ROLE_SSHD, ROLE_INIT }, AS_ROOT, { NULL } },
	{ NEED_LOGIN, ROLE_SHELLS, { ROLE_LOGIN, ROLE_INIT }, AS_ROOT, { NULL } },
	{ NEED_LOGIN, ROLE_OWN_SHELL, { ROLE_SSHD, ROLE_SSHD, ROLE_INIT }, AS_PEOPLE, { NULL } },
	{ NEED_LOGIN, ROLE_OWN_SHELL, { ROLE_LOGIN, ROLE_INIT }, AS_PEOPLE, { NULL } },
	{ NEED_LOGIN, ROLE_LOADER, { ROLE_SH, ROLE_SSHD, ROLE_INIT }, AS_ROOT | LOADS, { NULL } },
	{ NEED_LOGIN, ROLE_LOADER, { ROLE_SH, ROLE_LOGIN, ROLE_INIT }, AS_ROOT | LOADS, { NULL } },
	{ NEED_LOGIN, ROLE_ACCOUNTS, { ROLE_SSHD, ROLE_INIT }, AS_ROOT | READS, { NULL } },
	{ NEED_LOGIN, ROLE_ACCOUNTS, { ROLE_LOGIN, ROLE_INIT }, AS_ROOT | READS, { NULL } },
	{ NEED_LOGIN, ROLE_LINKS, { ROLE_SSHD, ROLE_INIT }, AS_ROOT | READS, { NULL } },
	{ NEED_LOGIN, ROLE_LINKS, { ROLE_LOGIN, ROLE_INIT }, AS_ROOT | READS, { NULL } },
	{ NEED_LOGIN, ROLE_LINKS, { ROLE_SH, ROLE_LOGIN, ROLE_INIT }, AS_ROOT | READS, { NULL } },
	{ NEED_LOGIN, ROLE_LIBRARY, { ROLE_SSHD, ROLE_INIT }, AS_ROOT | READS | MAPS, { NULL } },
	{ NEED_LOGIN, ROLE_LIBRARY, { ROLE_LOGIN, ROLE_INIT }, AS_ROOT | READS | MAPS, { NULL } },
	{ NEED_LOGIN, ROLE_LIBRARY, { ROLE_SH, ROLE_LOGIN, ROLE_INIT }, AS_ROOT | READS | MAPS, { NULL } },
	{ NEED_ROOT, ROLE_SUDO, { ROLE_OWN_SHELL, ROLE_SSHD, ROLE_INIT }, AS_PEOPLE, { "-i" } },
	{ NEED_ROOT, ROLE_SUDO, { ROLE_OWN_SHELL, ROLE_LOGIN, ROLE_INIT }, AS_PEOPLE, { "-i" } },
	{ NEED_ROOT, ROLE_PAM, { ROLE_SUDO, ROLE_OWN_SHELL, ROLE_INIT }, AS_PEOPLE, { "root", "nullok" } },
	{ NEED_ROOT, ROLE_SH, { ROLE_SUDO, ROLE_SH, ROLE_INIT }, AS_ROOT, { "-i" } },
	{ NEED_ROOT, ROLE_ACCOUNTS, { ROLE_SUDO, ROLE_SH, ROLE_INIT }, AS_ROOT | READS, { NULL } },
	{ NEED_REPAIR, ROLE_SYSTEMCTL, { ROLE_SH, ROLE_SSHD, ROLE_INIT }, AS_ROOT, { "stop", "yettd" } },
	{ NEED_REPAIR, ROLE_SYSTEMCTL, { ROLE_SH, ROLE_LOGIN, ROLE_INIT }, AS_ROOT, { "stop", "yettd" } },
	{ NEED_REPAIR, ROLE_PACKAGES, { ROLE_SH, ROLE_SSHD, ROLE_INIT }, AS_ROOT, { "install", "yett" } },
	{ NEED_REPAIR, ROLE_PACKAGES, { ROLE_SH, ROLE_LOGIN, ROLE_INIT }, AS_ROOT, { "install", "yett" } },
	{ NEED_REPAIR, ROLE_EDITOR, { ROLE_SH, ROLE_SSHD, ROLE_INIT }, AS_ROOT | ONE_WILL_DO, { "/etc/yett/yett.conf" } },
	{ NEED_REPAIR, ROLE_EDITOR, { ROLE_SH, ROLE_LOGIN, ROLE_INIT }, AS_ROOT | ONE_WILL_DO, { "/etc/yett/yett.conf" } },
	{ NEED_REPAIR, ROLE_MOUNT, { ROLE_SH, ROLE_SSHD, ROLE_INIT }, AS_ROOT, { "/mnt" } },
	{ NEED_REPAIR, ROLE_MOUNT, { ROLE_SH, ROLE_LOGIN, ROLE_INIT }, AS_ROOT, { "/mnt" } },
	{ NEED_REPAIR, ROLE_TOOLS, { ROLE_SH, ROLE_SSHD, ROLE_INIT }, AS_ROOT, { NULL } },
	{ NEED_REPAIR, ROLE_TOOLS, { ROLE_SH, ROLE_LOGIN, ROLE_INIT }, AS_ROOT, { NULL } },
	{ NEED_YETT, ROLE_YETTD, { ROLE_INIT }, AS_ROOT, { "-f" } },
	{ NEED_YETT, ROLE_YETTCTL, { ROLE_SH, ROLE_SSHD, ROLE_INIT }, AS_ROOT, { "reload" } },
	{ NEED_YETT, ROLE_YETTCTL, { ROLE_SH, ROLE_LOGIN, ROLE_INIT }, AS_ROOT, { "reload" } },
};

void
guard_wants(const struct policy *p, struct host_ask *out)
{
	*out = (struct host_ask){ .names = &names[0][0], .n_names = ROLE__FILES * NAMES_MAX };
	for (uint32_t i = 0; i < p->conditions.n; i++)
		if (field_info((enum field)layout_conditions(p)[i].field)->have == HAVE_HASH)
			out->hashes = true;
}

struct objection { enum need need; int rule; bool ends; size_t count; char first[2 * HOST_PATH]; };

struct guarding {
	const struct guard_ask	*ask;
	const struct policy	*p;
	const struct host	*host;
	struct event		 ev;
	struct objection	 objection[OBJECTIONS_MAX];
	unsigned		 n;
	size_t			 found;
};

/* What is judged: a file, who starts or opens it, and what stands above, the parent first. */
struct scene {
	enum need		 need;
	enum event_kind		 kind;
	const struct host_file	*file, *program;	/* program: of the process; on exec what is being started */
	const struct host_file	*previous;		/* image that calls execve; NULL: the parent's */
	const struct host_file	*above[CALLERS_MAX];
	unsigned		 n_above;
	uint32_t		 uid, ruid, gid, login;
	const char		*args;			/* each ends with NUL */
	size_t			 args_len;
	const char		*service;
	int32_t			 pid;
	bool			 loader;
};

static void
put_process(struct guarding *g, const struct scene *s)
{
	struct event *ev = &g->ev;
	const struct host_file *parent = s->n_above ? s->above[0] : NULL, *previous = s->previous ? s->previous : parent;

	ev->process = (struct process){ .pid = s->pid, .uid = s->uid, .ruid = s->ruid, .gid = s->gid, .auid = s->login, .session = UINT32_MAX };
	event_set_str(ev, TEXT_EXECUTABLE, s->program->path);
	event_set_str(ev, TEXT_USER_NAME, policy_user(g->p, s->uid));
	event_set_str(ev, TEXT_GROUP_NAME, policy_group(g->p, s->gid));
	event_set_str(ev, TEXT_CWD, "/");
	event_set_str(ev, TEXT_SERVICE, s->service ? s->service : "");
	event_set(ev, TEXT_ARGS, s->args, s->args_len);
	for (size_t i = 0; i < s->args_len; i++)
		ev->args_count += s->args[i] == '\0' || i + 1 == s->args_len;
	if (parent)
		event_set_str(ev, TEXT_PARENT_EXECUTABLE, parent->path);
	if (previous)
		event_set_str(ev, TEXT_PREVIOUS_EXECUTABLE, previous->path);
	for (unsigned i = 0; i < s->n_above; i++)
		event_add_ancestor(ev, 0, 0, s->above[i]->path, strlen(s->above[i]->path));
	ev->have |= HAVE_PROCESS | HAVE_USER | HAVE_AUID | HAVE_CWD | HAVE_ARGS | HAVE_ANCESTORS | (parent ? HAVE_PARENT : 0) |
	    (previous ? HAVE_PREVIOUS : 0) | (s->service ? HAVE_CGROUP : 0);
}

static void
put_file(struct guarding *g, const struct host_file *f)
{
	struct event *ev = &g->ev;

	ev->file = (struct file){ .dev = f->dev, .ino = f->ino, .size = f->size, .ctime_ns = f->ctime_ns, .mtime_ns = f->mtime_ns,
		.uid = f->uid, .gid = f->gid, .mode = f->mode, .links = f->links };
	memcpy(ev->file.sha256, f->sha256, sizeof(ev->file.sha256));
	event_set_str(ev, TEXT_FILE_PATH, f->path);
	event_set_str(ev, TEXT_FILE_OWNER, policy_user(g->p, f->uid));
	event_set_str(ev, TEXT_FILESYSTEM, f->filesystem);
	event_file_flags(ev);
	ev->have |= HAVE_FILE | HAVE_ATTRIBUTES | (f->hashed ? HAVE_HASH : 0);
}

/* The rule that says no, or ends a process; DEFAULT; or -2: nobody does. */
static int
blames(const struct guarding *g, const struct verdict *v, bool *ends)
{
	const struct l_rule *r = layout_rules(g->p);
	uint8_t standard = g->ev.kind == EVENT_EXEC ? g->p->exec_default : g->p->open_default;
	int by = -2;

	for (unsigned i = 0; i < v->matches && by < 0; i++) {
		const struct l_rule *one = &r[v->matched[i]];
		if (one->wanted == MODE_ENFORCE && (one->actions & (ACTION_DENY | REACTIONS)))
			by = v->matched[i];
	}
	/* More matched than are told. */
	if (by < 0 && v->best_would >= 0 && r[v->best_would].wanted == MODE_ENFORCE)
		by = v->best_would;
	if (by < 0 && v->best_allow < 0 && standard == DECISION_DENY)
		by = DEFAULT;
	*ends = by >= 0 && !(r[by].actions & ACTION_DENY);
	return by;
}

static int
hear(struct guarding *g, const struct scene *s, bool *ends)
{
	struct verdict v;

	event_init(&g->ev, s->kind, SENSOR_FANOTIFY);
	g->ev.wall_ns = g->ask->wall_ns;
	g->ev.boot_ns = g->ask->boot_ns;
	put_file(g, s->file);
	put_process(g, s);
	g->ev.flags |= s->loader ? FLAG_LOADER : 0;
	g->ev.tried = HAVE_ALL;
	judge(g->p, &g->ev, &v);
	return blames(g, &v, ends);
}

static void
describe(const struct guarding *g, const struct scene *s, char *out, size_t size)
{
	const char *user = policy_user(g->p, s->uid);
	char who[40];

	if (*user)
		snprintf(who, sizeof(who), "%.32s", user);
	else
		snprintf(who, sizeof(who), "user %u", s->uid);
	if (s->kind != EVENT_EXEC)
		snprintf(out, size, "%.64s, which %.64s reads as %s", s->file->path, s->program->path, who);
	else if (s->pid)
		snprintf(out, size, "%.64s (pid %d) as %s below %.64s", s->file->path, s->pid, who, s->n_above ? s->above[0]->path : "nothing");
	else
		snprintf(out, size, "%.64s as %s below %.64s", s->file->path, who, s->n_above ? s->above[0]->path : "nothing");
}

static void
object(struct guarding *g, const struct scene *s, int by, bool ends)
{
	struct objection *o = g->objection;

	g->found++;
	while (o < g->objection + g->n && (o->rule != by || o->need != s->need))
		o++;
	if (o == g->objection + OBJECTIONS_MAX)
		return;
	if (o == g->objection + g->n) {
		*o = (struct objection){ .need = s->need, .rule = by, .ends = ends };
		describe(g, s, o->first, sizeof(o->first));
		g->n++;
	}
	o->count++;
}

/* ---- What a host needs ---- */

static const struct host_file *
file_at(const struct guarding *g, uint32_t i)
{
	const struct host_file *f = i < g->host->n_files ? &g->host->file[i] : NULL;

	return f && f->path[0] ? f : NULL;
}

static const struct host_file *
named(const struct guarding *g, enum role role, unsigned i)
{
	return file_at(g, (uint32_t)role * NAMES_MAX + i);
}

static const struct host_file *
first_named(const struct guarding *g, enum role role)
{
	const struct host_file *f = NULL;

	for (unsigned i = 0; i < NAMES_MAX && !f; i++)
		f = named(g, role, i);
	return f;
}

/* The program of a caller; NULL: this host has none. */
static const struct host_file *
caller(const struct guarding *g, const enum role *by, const struct host_person *who)
{
	const struct host_process *first = host_find(g->host, 1);
	const struct host_file *f = NULL;

	if (by[0] == ROLE_OWN_SHELL)
		return file_at(g, who->shell);
	if (by[0] == ROLE_INIT && first)
		f = file_at(g, first->file);
	/* Who logs in is served by a program of its own where there is one. */
	if (by[0] == ROLE_SSHD && by[1] == ROLE_SSHD)
		f = first_named(g, ROLE_SESSION);
	return f ? f : first_named(g, by[0]);
}

/* The N-th program of a role, or NULL. */
static const struct host_file *
subject(const struct guarding *g, enum role role, unsigned n, const struct host_person *who)
{
	if (role == ROLE_OWN_SHELL)
		return n == 0 ? file_at(g, who->shell) : NULL;
	if (role == ROLE_SHELLS)
		return n < g->host->n_shells ? file_at(g, g->host->shell[n]) : NULL;
	return named(g, role, n);
}

/* The same file by another name of its role was looked at already. */
static bool
seen(const struct guarding *g, enum role role, unsigned n, const struct host_person *who)
{
	const struct host_file *f = subject(g, role, n, who);

	for (unsigned i = 0; i < n; i++) {
		const struct host_file *other = subject(g, role, i, who);
		if (other && strcmp(other->path, f->path) == 0)
			return true;
	}
	return false;
}

static size_t
put_args(const struct situation *t, const char *path, char *out, size_t size)
{
	size_t n = (size_t)snprintf(out, size, "%s", path) + 1;

	for (unsigned i = 0; i < 3 && t->args[i]; i++)
		n += (size_t)snprintf(out + n, size - n, "%s", t->args[i]) + 1;
	return n;
}

/* False: nobody on this host could be in it. */
static bool
set_callers(const struct guarding *g, const struct situation *t, const struct host_person *who, struct scene *s)
{
	const struct host_file *chain[4] = { NULL };
	unsigned n = 0, skip = 0;

	for (; n < 4 && t->by[n] != ROLE_NONE; n++)
		if (!(chain[n] = caller(g, &t->by[n], who)))
			return false;
	if (t->how & (READS | LOADS)) {
		s->program = chain[0];
		skip = 1;
	} else if (t->how & DIRECTLY) {
		s->previous = chain[0];
		skip = 1;
	}
	for (unsigned i = skip; i < n; i++)
		s->above[s->n_above++] = chain[i];
	return true;
}

static void
try_person(struct guarding *g, const struct situation *t, const struct host_person *who)
{
	char args[512];
	enum event_kind kind = t->how & MAPS ? EVENT_LOAD : t->how & READS ? EVENT_OPEN : EVENT_EXEC;
	struct scene s = { .need = t->need, .kind = kind, .uid = who->uid, .ruid = who->uid, .gid = who->gid,
		.login = t->need == NEED_START ? UINT32_MAX : who->uid, .args = args, .loader = t->how & LOADS }, denied;
	unsigned most = t->subject == ROLE_SHELLS ? HOST_SHELLS : NAMES_MAX, asked = 0, refused = 0;
	int by = -2;
	bool ends = false;

	if (!set_callers(g, t, who, &s))
		return;
	for (unsigned i = 0; i < most; i++) {
		s.file = subject(g, t->subject, i, who);
		if (!s.file || !s.file->gated || seen(g, t->subject, i, who))
			continue;
		if (!(t->how & (READS | LOADS)))
			s.program = s.file;
		s.args_len = put_args(t, s.program->path, args, sizeof(args));
		bool one_ends = false;
		int one = hear(g, &s, &one_ends);
		asked++;
		if (one == -2)
			continue;
		if (!(t->how & ONE_WILL_DO))
			object(g, &s, one, one_ends);
		if (refused++ == 0) {
			denied = s;
			by = one;
			ends = one_ends;
		}
	}
	if ((t->how & ONE_WILL_DO) && asked && refused == asked)
		object(g, &denied, by, ends);
}

static void
try_situation(struct guarding *g, const struct situation *t)
{
	static const struct host_person root = { .shell = HOST_NONE };

	if (!(t->how & AS_PEOPLE))
		try_person(g, t, &root);
	for (size_t i = 0; (t->how & AS_PEOPLE) && i < g->host->n_people; i++)
		try_person(g, t, &g->host->person[i]);
}

/* ---- What runs ---- */

/* Others than root can write the program: nothing that the host needs. */
static bool
strange(const struct host_file *f)
{
	return f->uid != 0 || (f->mode & 022);
}

static void
try_process(struct guarding *g, const struct host_process *p)
{
	const struct host_file *f = file_at(g, p->file);
	struct scene s = { .need = NEED_RUNNING, .kind = EVENT_EXEC, .file = f, .program = f, .uid = p->uid, .ruid = p->ruid, .gid = p->gid,
		.login = p->login, .args = g->host->texts + p->args, .args_len = p->args_len, .service = p->service, .pid = p->pid };
	bool ends = false;

	if (!f || !f->gated || p->forked || strange(f))
		return;
	const struct host_process *up = host_find(g->host, p->ppid);
	for (; up && s.n_above < CALLERS_MAX; up = host_find(g->host, up->ppid))
		if (file_at(g, up->file))
			s.above[s.n_above++] = file_at(g, up->file);
	int by = hear(g, &s, &ends);
	if (by != -2)
		object(g, &s, by, ends);
}

static void
tell(const struct guarding *g, const struct objection *o, struct faults *faults)
{
	const struct l_rule *r = o->rule >= 0 ? layout_rules(g->p) + o->rule : NULL;
	const char *remedy = g->ask->forced ? "" : o->need == NEED_RUNNING ? "; let it through, or say --force if it is what is meant" :
	    r ? "; let it through, by `not` or an [exception], or say --force" : "; allow it by a rule, or say --force";
	char more[40] = "", why[FAULT_TEXT];
	size_t n;

	if (r)
		n = (size_t)snprintf(why, sizeof(why), "[rule %.48s] would %s", layout_string(g->p, r->name), o->ends ? "end" : "deny");
	else
		n = (size_t)snprintf(why, sizeof(why), "no rule allows");
	if (o->count > 1)
		snprintf(more, sizeof(more), ", and %zu more", o->count - 1);
	snprintf(why + n, sizeof(why) - n, " what is needed %s: %s%s%s", needs[o->need], o->first, more, remedy);
	(g->ask->forced ? fault_warn : fault_add)(faults, r ? layout_string(g->p, r->file) : "exec_default, open_default",
	    r ? (int)r->line : 0, "%s", why);
}

size_t
guard(const struct guard_ask *ask, struct faults *faults)
{
	struct guarding g = { .ask = ask, .p = ask->policy, .host = ask->host };

	for (size_t i = 0; i < sizeof(situations) / sizeof(situations[0]); i++)
		try_situation(&g, &situations[i]);
	for (size_t i = 0; i < ask->host->n_processes; i++)
		try_process(&g, &ask->host->process[i]);
	for (unsigned i = 0; i < g.n; i++)
		tell(&g, &g.objection[i], faults);
	return g.found;
}
