#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "base/procfs.h"
#include "gate/content.h"
#include "gate/ends.h"
#include "gate/fetch.h"
#include "gate/labels.h"

#define ANCESTRY_MAX	64	/* steps up /proc for a process that the tree does not know */

static struct event *
event(struct gate *g)
{
	return &g->report.event;
}

static void
name_user(struct gate *g)
{
	struct event *ev = event(g);

	event_set_str(ev, TEXT_USER_NAME, policy_user(g->policy, ev->process.uid));
	event_set_str(ev, TEXT_GROUP_NAME, policy_group(g->policy, ev->process.gid));
}

static void
fetch_user(struct gate *g)
{
	struct event *ev = event(g);
	struct proc_cred c;

	if (ev->have & HAVE_USER)
		return;
	/* Of one that has ended /proc says nothing, or tells of another that has its number by now. */
	bool gone = (ev->flags & FLAG_NOTIFIED) && tree_knows(g->tree, ev->process.pid) && !tree_lives(g->tree, ev->process.pid);
	if (!gone && proc_cred(g->proc, ev->process.pid, &c) == 0) {
		ev->process.uid = c.uid;
		ev->process.ruid = c.ruid;
		ev->process.gid = c.gid;
		ev->have |= HAVE_USER;
	} else if (tree_user(g->tree, ev->process.pid, ev)) {
		return;
	}
	name_user(g);
}

static void
fetch_login(struct gate *g)
{
	struct event *ev = event(g);
	uint32_t n;

	if (proc_number(g->proc, ev->process.pid, "loginuid", &n) == 0) {
		ev->process.auid = n;
		ev->have |= HAVE_AUID;
	}
	if (proc_number(g->proc, ev->process.pid, "sessionid", &n) == 0)
		ev->process.session = n;
}

static void
fetch_cgroup(struct gate *g)
{
	struct event *ev = event(g);
	char text[2048], service[256], container[80];
	ssize_t n = proc_read(g->proc, ev->process.pid, "cgroup", text, sizeof(text));

	if (n < 0)
		return;
	proc_cgroup_names(text, (size_t)n, service, sizeof(service), container, sizeof(container));
	if (event_set_str(ev, TEXT_SERVICE, service) == 0 && event_set_str(ev, TEXT_CONTAINER, container) == 0)
		ev->have |= HAVE_CGROUP;
}

static void
fetch_link(struct gate *g, const char *which, enum event_text text, uint32_t have)
{
	char target[4096];
	ssize_t n = proc_link(g->proc, event(g)->process.pid, which, target, sizeof(target));

	if (n >= 0 && event_set(event(g), text, target, (size_t)n) == 0)
		event(g)->have |= have;
}

static void
fetch_comm(struct gate *g)
{
	char comm[17];
	ssize_t n = proc_read(g->proc, event(g)->process.pid, "comm", comm, sizeof(comm));

	if (n > 0 && comm[n - 1] == '\n')
		n--;
	if (n >= 0 && event_set(event(g), TEXT_COMM, comm, (size_t)n) == 0)
		event(g)->have |= HAVE_COMM;
}

static uint32_t
count_strings(const char *s, size_t len)
{
	uint32_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += s[i] == '\0';
	return n;
}

/* LEN below 0: they could not be read. What is missing is told: an attacker may have seen to it, and no list is empty because of that. */
static void
put_strings(struct event *ev, enum event_text text, uint32_t have, const char *s, ssize_t len)
{
	if (len < 0 || event_set(ev, text, s, (size_t)len))
		ev->flags |= FLAG_ARGS_CUT;
	else
		ev->have |= have;
}

static void
fetch_cmdline(struct gate *g, int32_t pid, enum event_text text, uint32_t have)
{
	struct event *ev = event(g);
	char args[EVENT_ARGS_MAX];

	if (pid <= 0)
		return;
	ssize_t n = proc_read(g->proc, pid, "cmdline", args, sizeof(args));
	if (n == (ssize_t)sizeof(args))
		ev->flags |= FLAG_ARGS_CUT;
	if (n >= 0 && have == HAVE_ARGS)
		ev->args_count = count_strings(args, (size_t)n);
	put_strings(ev, text, have, args, n);
}

/* Variables that change what a program loads or runs; the rest of an environment is nobody's business. */
static int
telling_variable(const char *s, size_t len)
{
	static const char *const names[] = { "LD_", "GCONV_PATH=", "PYTHON", "PERL5", "RUBYOPT=", "NODE_OPTIONS=", "BASH_ENV=",
		"ENV=", "PROMPT_COMMAND=", "JAVA_TOOL_OPTIONS=", "GIT_SSH", "HISTFILE=", "PATH=", "http_proxy=", "https_proxy=" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);
		if (len >= n && memcmp(s, names[i], n) == 0)
			return 1;
	}
	return 0;
}

/* argv and envp of the execve() that the thread waits in: its registers are fixed, the memory they point to is not. */
static void
fetch_exec(struct gate *g, const struct question *q, uint32_t needs)
{
	struct event *ev = event(g);
	struct proc_syscall sc;
	char text[EVENT_ARGS_MAX];
	uint32_t count;

	if (proc_syscall(g->proc, q->tid, &sc) || (sc.number != SYS_execve && sc.number != SYS_execveat)) {
		ev->flags |= FLAG_ARGS_CUT;
		return;
	}
	unsigned argv = sc.number == SYS_execveat ? 2 : 1;
	int args_cut = 0, env_cut = 0;
	if (needs & HAVE_ARGS)
		put_strings(ev, TEXT_ARGS, HAVE_ARGS, text,
		    proc_strings(q->tid, sc.args[argv], text, sizeof(text), NULL, &ev->args_count, &args_cut));
	if (needs & HAVE_ENV)
		put_strings(ev, TEXT_ENV, HAVE_ENV, text,
		    proc_strings(q->tid, sc.args[argv + 1], text, sizeof(text), telling_variable, &count, &env_cut));
	if (args_cut || env_cut)
		ev->flags |= FLAG_ARGS_CUT;
}

static void
fetch_args(struct gate *g, const struct question *q, uint32_t needs)
{
	struct event *ev = event(g);
	uint32_t lacks = needs & (HAVE_ARGS | HAVE_ENV) & ~ev->have;

	if (!lacks)
		return;
	if (q && q->kind == EVENT_EXEC && q->group >= 0)
		fetch_exec(g, q, lacks);
	else if (lacks & HAVE_ARGS)
		fetch_cmdline(g, ev->process.pid, TEXT_ARGS, HAVE_ARGS);
}

/*
 * The controlling terminal; and whether the process talks to it, as far as names tell: what standard input and error are open on is not
 * asked, for it may be on a file system that never answers.
 */
static void
fetch_tty(struct gate *g)
{
	struct event *ev = event(g);
	char name[PROC_TTY_NAME], path[PROC_TTY_NAME + 8], target[2][64];
	struct proc_stat st;

	if (proc_stat(g->proc, ev->process.pid, &st))
		return;
	proc_tty_name(st.tty, name);
	if (event_set_str(ev, TEXT_TTY, name))
		return;
	ev->tty = st.tty;
	ev->have |= HAVE_TTY;
	int n = snprintf(path, sizeof(path), "/dev/%s", name);
	ssize_t in = proc_link(g->proc, ev->process.pid, "fd/0", target[0], sizeof(target[0]));
	ssize_t err = proc_link(g->proc, ev->process.pid, "fd/2", target[1], sizeof(target[1]));
	if (name[0] && in == n && err == n && memcmp(target[0], path, (size_t)n) == 0 && memcmp(target[1], path, (size_t)n) == 0)
		ev->flags |= FLAG_INTERACTIVE;
}

ssize_t
fetch_program(struct gate *g, int32_t pid, char *exe, size_t size)
{
	static const char deleted[] = " (deleted)";
	size_t tail = sizeof(deleted) - 1;
	ssize_t n = proc_link(g->proc, pid, "exe", exe, size);

	if (n > (ssize_t)tail && memcmp(exe + n - tail, deleted, tail) == 0) {
		n -= (ssize_t)tail;
		exe[n] = '\0';
	}
	return n;
}

int
fetch_program_file(struct gate *g, int32_t pid, struct stat *st)
{
	char name[32];

	snprintf(name, sizeof(name), "%d/exe", pid);
	return fstatat(g->proc, name, st, 0) ? -errno : 0;
}

/* One process and its ancestors from /proc, the eldest first, so that each finds its parent. */
static void
seed_line(struct gate *g, int32_t pid)
{
	struct proc_stat line[ANCESTRY_MAX];
	unsigned n = 0;

	while (n < ANCESTRY_MAX && pid > 0 && !tree_knows(g->tree, pid) && proc_stat(g->proc, pid, &line[n]) == 0)
		pid = line[n++].ppid;
	while (n-- > 0) {
		char exe[TREE_PATH] = "";
		struct proc_cred c = { 0 };
		if (fetch_program(g, line[n].pid, exe, sizeof(exe)) < 0)
			exe[0] = '\0';
		proc_cred(g->proc, line[n].pid, &c);
		tree_seed(g->tree, &(struct tree_process){ .pid = line[n].pid, .ppid = line[n].ppid, .start_ns = line[n].start_ns,
			.uid = c.uid, .ruid = c.ruid, .gid = c.gid, .sid = (uint32_t)line[n].sid, .executable = exe, .comm = line[n].comm });
	}
}

/*
 * The program of a process whose EXEC message told no name, while it still lives; else as the kernel's audit has it, but not as a program
 * says of itself.
 */
static void
name_it(struct gate *g, int32_t pid)
{
	struct event *ev = event(g);
	char exe[TREE_PATH];
	ssize_t n = fetch_program(g, pid, exe, sizeof(exe));
	size_t len;
	const char *told = event_text(ev, TEXT_EXECUTABLE, &len);

	if (n > 0)
		tree_name(g->tree, pid, exe, (size_t)n);
	else if (len && ev->sensor == SENSOR_AUDIT && (ev->have & HAVE_SYSCALL))
		tree_name(g->tree, pid, told, len);
}

/* A thread has a number of its own, which the tree does not know. */
void
fetch_target(struct gate *g)
{
	struct event *ev = event(g);
	char exe[TREE_PATH];

	if (!(ev->have & HAVE_TARGET) || ev->text[TEXT_TARGET_EXECUTABLE].len)
		return;
	ssize_t n = fetch_program(g, ev->target.pid, exe, sizeof(exe));
	if (n > 0)
		event_set(ev, TEXT_TARGET_EXECUTABLE, exe, (size_t)n);
}

void
fetch_place(struct gate *g)
{
	struct event *ev = event(g);
	int32_t pid = ev->process.pid;
	struct proc_status status;

	/* A thread other than the first is known by its group. */
	if (!tree_knows(g->tree, pid) && proc_status(g->proc, pid, &status) == 0)
		ev->process.pid = pid = status.tgid;
	if (!tree_knows(g->tree, pid))
		seed_line(g, pid);
	if (tree_unnamed(g->tree, pid))
		name_it(g, pid);
	tree_place(g->tree, ev);
	fetch_target(g);
	if (ev->have & HAVE_USER)	/* the event brought it, but only its number */
		name_user(g);
	ev->tried |= HAVE_PARENT | HAVE_PREVIOUS | HAVE_ANCESTORS | HAVE_PROCESS;
}

void
fetch(struct gate *g, const struct question *q, uint32_t needs)
{
	struct event *ev = event(g);

	if (needs & HAVE_USER)
		fetch_user(g);
	if (needs & HAVE_AUID & ~ev->have)
		fetch_login(g);
	if (needs & HAVE_CGROUP & ~ev->have)
		fetch_cgroup(g);
	if (needs & HAVE_CWD & ~ev->have)
		fetch_link(g, "cwd", TEXT_CWD, HAVE_CWD);
	if (needs & HAVE_COMM & ~ev->have)
		fetch_comm(g);
	if (needs & HAVE_TTY & ~ev->have)
		fetch_tty(g);
	if (needs & HAVE_LABEL & ~ev->have)
		labels_fetch(g);
	fetch_args(g, q, needs);
	if (needs & HAVE_PARENT_ARGS & ~ev->have)
		fetch_cmdline(g, ev->parent.pid, TEXT_PARENT_ARGS, HAVE_PARENT_ARGS);
	content_fetch(g, needs);
	ends_fetch(g, needs);
	/* What is in a file may still come from scan; everything else was looked for. */
	ev->tried |= needs & ~HAVE_SCANNED;
}
