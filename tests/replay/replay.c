/*
 * Replays tables of events through the judge: rows of FILE.replay say what happens, and what is to become of it.
 * Usage: replay [--coverage] FILE...     --coverage: also fails if a word of the language is not both met and missed by some row.
 *
 * A file has sections, which begin with a line "=== NAME":
 *
 *   === policy             an INI text exactly as an admin writes it; its [test] sections run too
 *   === policy-dir DIR     the policies of DIR; the lines below are what the admin adds to them
 *   === policy-dir DIR MORE   the same, where he has also linked all policies of the directory MORE
 *   === config             mode = enforce | monitor, exec_default, open_default = allow | deny; without it: enforce, allow, allow.
 *                          Behind events it begins again with the same policy
 *   === events             rows; what happens in them happens one after the other on one host that knows nothing before
 *
 * A row is one line, which an indented line continues; a line with # is a comment:
 *
 *   exec  process.executable=/bin/sh user.id=0 process.args="a b",c   -> deny by web-server-shell
 *   +5s open file.path=/etc/shadow                                    -> allow by default; matched a, b; actions alert
 *
 * Before the arrow: x20 if it happens twenty times, each time with the same outcome; perhaps a time, +5s after the row before (which is
 * +0s) or at=2026-05-01T12:00:00Z on the clock, which never goes back and begins at 2026-01-01; the kind of event; FIELD=VALUE. Only lists
 * have several values, with commas between them. A value
 * with blanks, commas or quotes stands in quotes, a quote in it is "", and "x"*100 is a hundred of them. Other words:
 *   cut=args,ancestry,path   the sensor had no room for all of it
 *   unknown=FIELD,...        nobody has looked yet; all others that are not given are known to have no value
 *   session=N                number of the log-on session
 * The first words of a row may be these instead, which make and end processes; one that process.pid names is then known by its birth:
 *   process fork 10 20, process exec 20 /usr/bin/sh, process session 20, process exit 20
 *
 * Behind the arrow: "allow by" or "deny by" the deciding rule or "default", or "needs FIELD, ..." for what the judge has to know first,
 * where one field stands for all that are fetched with it. Then, with semicolons between them:
 *   would allow|deny         what all rules say, also those that are only monitored; if not said: the same
 *   matched A, B             all rules that matched, in order of name, ", ..." if some found no room; if not said: the deciding one
 *   exception X              that covered a rule; if not said: none
 *   labels A, B              that the process gets, which process.pid names; if not said: none. It and those that are forked by it have
 *                            them in the rows that follow, which need not say process.label
 *   actions A, B             that are taken; would-actions: of rules that are only monitored. severity S. mode M: of what decided.
 *   rule, ruleset, technique, message ...    as the record has them
 * The latter are looked at where they are said; but where no rule matched, there are no actions.
 *
 * Each row is judged in three ways, and the verdicts must be equal: at once, explained, and as the gate does it, which knows nothing and
 * fetches what it is asked for.
 */
#include <errno.h>
#include <stdarg.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "judge/correlate.h"
/* One program; its parts are taken in whole. */
#include "parts/coverage.c"
#include "parts/row.c"

#define LOCAL		"90-local.ini"		/* what the admin adds to === policy-dir */
#define BEGIN_WALL_NS	(1767225600 * NS_PER_SEC)	/* 2026-01-01 */
#define BEGIN_BOOT_NS	(3600 * NS_PER_SEC)

/* Everything that lives from one row to the next. */
struct session {
	const struct policy	*policy;	/* NULL: it could not be compiled */
	struct tree		*tree;
	struct terms		*terms;
	struct correlate	*correlate;
	uint64_t		 wall_ns, boot_ns, events;
};
#define BOOT		7		/* names the boot of that host */

enum section { SECTION_NONE, SECTION_POLICY_TEXT, SECTION_POLICY_DIR, SECTION_CONFIG, SECTION_EVENTS };

struct reading {
	const char		*file;
	int			 line;		/* of the row or line at hand */
	enum section		 section;
	char			*policy;	/* text of the session, below as many newlines as stand above it in the file */
	size_t			 policy_len;
	char			 dir[256], more[256];	/* of === policy-dir, else "" */
	struct policy_sources	 settings;
	struct session		 session;
	unsigned		 passed, failed;
};

__attribute__((format(printf, 2, 3)))
static void
fail(struct reading *r, const char *fmt, ...)
{
	va_list ap;

	printf("%s:%d: ", r->file, r->line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	r->failed++;
}

/* As the gate does it: whatever the judge asks for is looked up, and no more. False: it asks again for what it was told. */
static bool
judge_piecemeal(const struct policy *p, const struct event *whole, struct verdict *v)
{
	static struct event ev;

	ev = *whole;
	ev.have = ev.tried = 0;
	for (;;) {
		judge(p, &ev, v);
		if (!v->needs)
			return true;
		if (v->needs & ev.tried)
			return false;
		ev.have |= v->needs & whole->have;
		ev.tried |= v->needs;
	}
}

/* What the rules that matched complete. */
static void
session_correlate(struct session *s, const struct event *ev, struct verdict *v)
{
	struct correlated out;

	if (v->needs)
		return;
	correlate(s->correlate, s->policy, ev, v, &out);
	coverage_correlated(s->policy, v, &out);
	for (unsigned i = 0; i < out.n; i++)
		judge_add(s->policy, ev, v, out.rule[i]);
}

/* The one place where a session meets an event. False, with the reason in WHY: the judge contradicts itself. */
static bool
session_judge(struct session *s, const struct event *ev, struct verdict *v, const char **why)
{
	struct covered covered = { .policy = s->policy, .kind = (enum event_kind)ev->kind };
	struct verdict again;

	coverage_event(ev);
	judge(s->policy, ev, v);
	judge_explain(s->policy, ev, &again, coverage_step, &covered);
	*why = "explained, the verdict is another one";
	if (memcmp(v, &again, sizeof(again)) != 0)
		return false;
	*why = "fetched piece by piece, the verdict is another one";
	if (ev->tried == HAVE_ALL && (!judge_piecemeal(s->policy, ev, &again) || memcmp(v, &again, sizeof(again)) != 0))
		return false;
	session_correlate(s, ev, v);
	if (ev->kind != EVENT_EXEC || v->decision == DECISION_ALLOW)
		tree_label(s->tree, ev->process.pid, v->labels);
	return true;
}

/* What happens to a process: fork PARENT CHILD, exec PID PATH, session PID, exit PID. */
static bool
session_process(struct session *s, const char *text)
{
	int a, b;
	char path[256], rest;

	s->boot_ns += NS_PER_SEC / 100;
	s->wall_ns += NS_PER_SEC / 100;
	if (sscanf(text, "process fork %d %d %c", &a, &b, &rest) == 2)
		tree_fork(s->tree, a, b, s->boot_ns);
	else if (sscanf(text, "process exec %d %255s %c", &a, path, &rest) == 2)
		tree_exec(s->tree, a, path, strlen(path));
	else if (sscanf(text, "process session %d %c", &a, &rest) == 1)
		tree_sid(s->tree, a);
	else if (sscanf(text, "process exit %d %c", &a, &rest) == 1)
		tree_exit(s->tree, a);
	else
		return false;
	return true;
}

static bool
session_open(struct session *s)
{
	static const uint8_t key[16] = "replay";

	s->terms = malloc(sizeof(*s->terms));
	if (!s->terms || tree_new(&s->tree, BOOT) || correlate_new(&s->correlate, s->tree, s->terms))
		return false;
	terms_init(s->terms, key);
	correlate_policy(s->correlate, s->policy);
	/* The first process, and a shell below it. */
	tree_fork(s->tree, 0, 1, 1);
	tree_seed(s->tree, &(struct tree_process){ .pid = 1, .start_ns = 1, .sid = 1, .executable = "/usr/lib/systemd/systemd", .comm = "" });
	tree_seed_done(s->tree);
	return true;
}

static void
session_labels(const struct session *s, struct row *r)
{
	uint32_t labels = tree_labels(s->tree, r->ev.process.pid);
	char why[80];

	for (unsigned i = 0; i < policy_labels(s->policy) && !r->set[FIELD_PROCESS_LABEL]; i++) {
		const char *name = policy_label(s->policy, i);
		if (labels & 1u << i)
			policy_event_set(&r->ev, FIELD_PROCESS_LABEL, name, strlen(name), why, sizeof(why));
	}
}

static bool
session_time(struct session *s, struct row *r)
{
	if (r->at_ns && r->at_ns < s->wall_ns)
		return wrong(r, "the clock does not go back");
	uint64_t later_ns = r->at_ns ? r->at_ns - s->wall_ns : r->later_ns;
	s->wall_ns += later_ns;
	s->boot_ns += later_ns;
	r->ev.wall_ns = s->wall_ns;
	r->ev.boot_ns = s->boot_ns;
	r->ev.id = ++s->events;
	if (tree_start_ns(s->tree, r->ev.process.pid))
		r->ev.process.entity = tree_entity(BOOT, r->ev.process.pid, tree_start_ns(s->tree, r->ev.process.pid));
	session_labels(s, r);
	if (tree_start_ns(s->tree, r->ev.parent.pid))
		r->ev.parent.entity = tree_entity(BOOT, r->ev.parent.pid, tree_start_ns(s->tree, r->ev.parent.pid));
	return true;
}

static bool
run_once(struct reading *r, char *text)
{
	static struct row row;
	struct outcome judged;
	struct verdict v;
	const char *why;
	char expected[4096], got[4096];

	if (!row_read(&row, text) || !session_time(&r->session, &row)) {
		fail(r, "%s", row.why);
	} else if (!session_judge(&r->session, &row.ev, &v, &why)) {
		fail(r, "%s", why);
	} else {
		outcome_of(r->session.policy, &row.ev, &v, &judged);
		if (outcome_same(&row.expected, &judged)) {
			r->passed++;
			return true;
		}
		outcome_words(&row.expected, &row.expected, expected, sizeof(expected));
		outcome_words(&judged, &row.expected, got, sizeof(got));
		fail(r, "expected %s\n    but it is %s", expected, got);
	}
	return false;
}

static void
run_row(struct reading *r, char *text)
{
	unsigned times = 1;
	int n = 0;

	if (sscanf(text, "x%u %n", &times, &n) != 1 || !n)
		times = 1;
	for (bool good = true; good && times--;) {
		CLEANUP_FREE char *copy = strdup(text + n);
		good = copy && run_once(r, copy);
	}
}

static void
show_faults(struct reading *r, const struct faults *faults, int err)
{
	char text[FAULT_TEXT + 300];

	for (size_t i = 0; i < faults->count; i++) {
		struct fault f = faults->fault[i];
		if (strstr(f.file, "/" LOCAL))
			snprintf(f.file, sizeof(f.file), "%s", r->file);
		fault_format(&f, text, sizeof(text));
		printf("%s\n", text);
	}
	fail(r, "this policy does not compile: %s", strerror(-err));
}

static int
write_file(const char *path, const char *text, size_t len)
{
	CLEANUP_FILE FILE *f = fopen(path, "we");

	return f && fwrite(text, 1, len, f) == len && fflush(f) == 0 ? 0 : -errno;
}

/* Each policy of MORE has a link in DIR, or has none any more. */
static int
link_more(const char *more, const char *dir, bool there)
{
	struct dirent **entries;
	char real[PATH_MAX], from[PATH_MAX + 300], to[800];
	int n = scandir(more, &entries, NULL, alphasort), err = n < 0 || !realpath(more, real) ? -errno : 0;

	for (int i = 0; i < n; i++) {
		const char *dot = strrchr(entries[i]->d_name, '.');
		snprintf(from, sizeof(from), "%s/%s", real, entries[i]->d_name);
		snprintf(to, sizeof(to), "%s/%s", dir, entries[i]->d_name);
		if (!err && dot && strcmp(dot, ".ini") == 0 && (there ? symlink(from, to) : unlink(to)))
			err = -errno;
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return err;
}

/* The shipped policies, and beside them what the admin adds, in a directory as it has to be. */
static int
build_directory(struct reading *r, struct faults *faults)
{
	const char *tmp = getenv("TMPDIR");
	char dir[512], path[600];

	snprintf(dir, sizeof(dir), "%s/replay-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return -errno;
	snprintf(path, sizeof(path), "%s/" LOCAL, dir);
	r->settings.vendor_policies = r->dir;
	r->settings.policies = dir;
	int err = r->policy ? write_file(path, r->policy, r->policy_len) : 0;
	if (!err && *r->more)
		err = link_more(r->more, dir, true);
	err = err ? err : policy_build(&r->settings, faults);
	unlink(path);
	if (*r->more)
		link_more(r->more, dir, false);
	rmdir(dir);
	return err;
}

static int
read_conditions(const char *dir)
{
	struct faults faults = { 0 };
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort), err = n < 0 ? -errno : 0;

	for (int i = 0; i < n; i++) {
		const char *dot = strrchr(entries[i]->d_name, '.');
		CLEANUP_FREE char *text = NULL;
		char path[600];
		size_t len;
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		if (dot && strcmp(dot, ".ini") == 0 && !err)
			err = read_file(path, &faults, &text, &len);
		if (text && !err)
			err = coverage_read(path, text, len);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return err;
}

static void
session_end(struct reading *r)
{
	policy_close(r->session.policy);
	correlate_free(r->session.correlate);
	tree_free(r->session.tree);
	free(r->session.terms);
	r->session = (struct session){ .wall_ns = BEGIN_WALL_NS, .boot_ns = BEGIN_BOOT_NS };
}

static void
session_begin(struct reading *r)
{
	struct faults faults = { 0 };

	if (!r->policy && !*r->dir) {
		fail(r, "there is no policy above these events");
		return;
	}
	CLEANUP_FD int fd = *r->dir ? build_directory(r, &faults) :
	    policy_build_text(&r->settings, r->file, r->policy, r->policy_len, &faults);
	int err = fd < 0 ? fd : policy_open(fd, &r->session.policy);
	coverage_forget();
	if (!err && r->policy)
		err = coverage_read(r->file, r->policy, r->policy_len);
	if (!err && *r->dir)
		err = read_conditions(r->dir);
	if (!err && *r->more)
		err = read_conditions(r->more);
	if (err)
		show_faults(r, &faults, err);
	else if (!session_open(&r->session))
		fail(r, "no memory");
}

static void
reset_settings(struct reading *r)
{
	r->settings = (struct policy_sources){ .mode = MODE_ENFORCE, .exec_default = DECISION_ALLOW, .open_default = DECISION_ALLOW,
		.judge = judge };
}

/* The line that begins a section; the lines above are done with. */
static void
begin_section(struct reading *r, const char *name)
{
	bool events = r->section == SECTION_EVENTS;

	r->section = SECTION_NONE;
	if (strcmp(name, "events") == 0) {
		r->section = SECTION_EVENTS;
		if (events)
			session_end(r);
		session_begin(r);
		return;
	}
	session_end(r);
	reset_settings(r);
	if (strcmp(name, "config") == 0) {
		r->section = SECTION_CONFIG;
		return;
	}
	free(steal_ptr(&r->policy));
	r->dir[0] = r->more[0] = '\0';
	if (strcmp(name, "policy") == 0)
		r->section = SECTION_POLICY_TEXT;
	else if (sscanf(name, "policy-dir %255s %255s", r->dir, r->more) >= 1)
		r->section = SECTION_POLICY_DIR;
	else
		fail(r, "there is no section '%s': policy, policy-dir DIR, config or events", name);
}

/* Adds a line to the policy, at the same line number as in this file, so that faults name the right one. */
static void
add_policy(struct reading *r, const char *text, size_t len)
{
	size_t above = r->policy ? 0 : (size_t)r->line - 1;
	char *more = realloc(r->policy, r->policy_len * (r->policy != NULL) + above + len);

	if (!more) {
		fail(r, "no memory");
		return;
	}
	if (!r->policy)
		r->policy_len = 0;
	r->policy = more;
	memset(more + r->policy_len, '\n', above);
	memcpy(more + r->policy_len + above, text, len);
	r->policy_len += above + len;
}

static void
take_setting_line(struct reading *r, const char *text)
{
	char key[32], value[32], rest;
	bool deny, bad = sscanf(text, " %31[a-z_] = %31[a-z] %c", key, value, &rest) != 2;

	deny = !bad && strcmp(value, "deny") == 0;
	if (!bad && strcmp(key, "mode") == 0) {
		r->settings.mode = strcmp(value, "enforce") == 0 ? MODE_ENFORCE : MODE_MONITOR;
		bad = r->settings.mode == MODE_MONITOR && strcmp(value, "monitor") != 0;
	} else if (!bad && strcmp(key, "exec_default") == 0) {
		r->settings.exec_default = deny ? DECISION_DENY : DECISION_ALLOW;
		bad = !deny && strcmp(value, "allow") != 0;
	} else if (!bad && strcmp(key, "open_default") == 0) {
		r->settings.open_default = deny ? DECISION_DENY : DECISION_ALLOW;
		bad = !deny && strcmp(value, "allow") != 0;
	} else {
		bad = true;
	}
	if (bad)
		fail(r, "a setting is mode = enforce | monitor, exec_default or open_default = allow | deny");
}

/* One line, or a row of several; TEXT is terminated and LEN includes the newline. */
static void
take_lines(struct reading *r, char *text, size_t len)
{
	if (r->section == SECTION_POLICY_TEXT || r->section == SECTION_POLICY_DIR) {
		add_policy(r, text, len);
		return;
	}
	if (*past_blanks(text) == '\0' || *text == '#')
		return;
	if (r->section == SECTION_CONFIG)
		take_setting_line(r, text);
	else if (r->section == SECTION_EVENTS && strncmp(text, "process ", 8) == 0 && r->session.policy) {
		if (!session_process(&r->session, text))
			fail(r, "a process does: fork PARENT CHILD, exec PID PATH, session PID or exit PID");
	} else if (r->section == SECTION_EVENTS && r->session.policy)
		run_row(r, text);
	else if (r->section == SECTION_NONE)
		fail(r, "this line is in no section");
}

/* Bytes of the lines at AT that belong together, up to END; *LINES is how many. */
static size_t
together(const struct reading *r, const char *at, const char *end, int *lines)
{
	size_t len = 0;

	*lines = 0;
	do {
		const char *newline = memchr(at + len, '\n', (size_t)(end - at) - len);
		len = newline ? (size_t)(newline - at) + 1 : (size_t)(end - at);
		++*lines;
	} while (r->section == SECTION_EVENTS && *at != '#' && *at != '\n' && at + len < end && (at[len] == ' ' || at[len] == '\t'));
	return len;
}

static void
replay(struct reading *r, const char *text, size_t size)
{
	int lines;

	r->line = 1;
	for (const char *at = text, *end = text + size; at < end; r->line += lines) {
		size_t len = together(r, at, end, &lines);
		CLEANUP_FREE char *copy = strndup(at, len);
		at += len;
		if (!copy) {
			fail(r, "no memory");
		} else if (strncmp(copy, "=== ", 4) == 0) {
			trim(copy);
			begin_section(r, copy + 4);
		} else {
			take_lines(r, copy, len);
		}
	}
	session_end(r);
	free(steal_ptr(&r->policy));
}

/* The whole of a file; the caller frees it. */
static char *
whole_file(const char *path, size_t *len)
{
	CLEANUP_FILE FILE *f = fopen(path, "re");
	struct stat st;

	if (!f || fstat(fileno(f), &st) || !S_ISREG(st.st_mode))
		return NULL;
	CLEANUP_FREE char *text = malloc((size_t)st.st_size + 1);
	if (!text)
		return NULL;
	*len = fread(text, 1, (size_t)st.st_size, f);
	return ferror(f) || memchr(text, '\0', *len) ? NULL : steal_ptr(&text);
}

int
main(int argc, char **argv)
{
	bool coverage = argc > 1 && strcmp(argv[1], "--coverage") == 0;
	unsigned passed = 0, failed = 0;

	if (argc < 2 + coverage) {
		fprintf(stderr, "usage: replay [--coverage] FILE...\n");
		return 2;
	}
	for (int i = 1 + coverage; i < argc; i++) {
		struct reading r = { .file = argv[i] };
		size_t len;
		CLEANUP_FREE char *text = whole_file(argv[i], &len);
		reset_settings(&r);
		if (text)
			replay(&r, text, len);
		else
			fail(&r, "cannot be read: %s", strerror(errno));
		if (!r.passed && !r.failed)
			fail(&r, "has no row");
		printf("%s %s: %u rows\n", r.failed ? "not ok" : "ok", r.file, r.passed + r.failed);
		passed += r.passed;
		failed += r.failed;
	}
	if (coverage)
		coverage_show(&passed, &failed);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
