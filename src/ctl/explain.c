#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/load.h"
#include "ctl/object.h"
#include "ctl/term.h"
#include "ctl/trace.h"
#include "policy/given.h"
#include "policy/near.h"

struct explain_options { const char *on, *as, *parent, *previous; struct words ancestors, args; };

/* What is asked: the options, and the operands told apart. */
struct question {
	const struct explain_options *o;
	enum event_kind	 kind;
	const char	*file;
	char		**fields;		/* FIELD=VALUE, others among them are passed over */
};

static enum answer
find_kind(const char *name, enum event_kind *kind)
{
	const char *names[EVENT__MAX];
	char hint[64];
	int found = event_kind_find(name ? name : "exec");

	if (found >= 0) {
		*kind = (enum event_kind)found;
		return ANSWER_DONE;
	}
	for (int i = 0; i < EVENT__MAX; i++)
		names[i] = event_kind_name((enum event_kind)i);
	ctl_error("'%s' is no kind of event%s", name, near_hint(near_name(name, names, EVENT__MAX), hint, sizeof(hint)));
	return ANSWER_USAGE;
}

/* FIELD=VALUE has a name of a field before its '='; a path may have an '=' too, but then with a slash before it. */
static bool
is_field(const char *operand)
{
	const char *equals = strchr(operand, '=');

	return equals && !memchr(operand, '/', (size_t)(equals - operand));
}

static bool
of_file(enum event_kind kind)
{
	return event_kind_sensor(kind) == SENSOR_FANOTIFY || event_kind_sensor(kind) == SENSOR_FILES;
}

static enum answer
sort_operands(struct question *q, char **operands)
{
	q->fields = operands;
	for (; *operands; operands++) {
		if (is_field(*operands))
			continue;
		if (q->file) {
			ctl_error("explain is about one file: '%s' or '%s'?", q->file, *operands);
			return ANSWER_USAGE;
		}
		q->file = *operands;
	}
	if (!q->file && of_file(q->kind)) {
		ctl_error("say which FILE. See: yettctl explain --help");
		return ANSWER_USAGE;
	}
	return ANSWER_DONE;
}

static enum answer
set_user(struct event *ev, const struct policy *policy, const char *who)
{
	char *end;
	unsigned long id = who ? strtoul(who, &end, 10) : getuid();
	struct passwd *pw = who && *who && *end ? getpwnam(who) : getpwuid((uid_t)id);

	if (who && (!*who || (*end && !pw))) {
		ctl_error("there is no user '%s'", who);
		return ANSWER_USAGE;
	}
	ev->process.uid = ev->process.ruid = pw ? pw->pw_uid : (uint32_t)id;
	ev->process.gid = pw ? pw->pw_gid : (uint32_t)id;
	const char *name = policy_user(policy, ev->process.uid);
	event_set_str(ev, TEXT_USER_NAME, *name || !pw ? name : pw->pw_name);
	event_set_str(ev, TEXT_GROUP_NAME, policy_group(policy, ev->process.gid));
	ev->have |= HAVE_USER;
	return ANSWER_DONE;
}

/* argv as a list; the first is the program, as whoever asks has named it. */
static void
set_args(struct event *ev, const char *file, const struct words *args)
{
	char text[EVENT_ARGS_MAX];
	size_t len = 0;

	for (unsigned i = 0; i <= args->n; i++) {
		const char *arg = i ? args->at[i - 1] : file;
		size_t n = strlen(arg) + 1;
		if (n > sizeof(text) - len) {
			ev->flags |= FLAG_ARGS_CUT;
			break;
		}
		memcpy(text + len, arg, n);
		len += n;
	}
	event_set(ev, TEXT_ARGS, text, len);
	ev->args_count = args->n + 1;
	ev->have |= HAVE_ARGS;
}

static void
set_lineage(struct event *ev, const struct explain_options *o)
{
	const char *previous = o->previous ? o->previous : o->parent;

	if (o->parent) {
		event_set_str(ev, TEXT_PARENT_EXECUTABLE, o->parent);
		event_add_ancestor(ev, 0, 0, o->parent, strlen(o->parent));
		ev->have |= HAVE_PARENT;
	}
	if (previous) {
		event_set_str(ev, TEXT_PREVIOUS_EXECUTABLE, previous);
		ev->have |= HAVE_PREVIOUS;
	}
	for (unsigned i = 0; i < o->ancestors.n; i++)
		event_add_ancestor(ev, 0, 0, o->ancestors.at[i], strlen(o->ancestors.at[i]));
	ev->have |= HAVE_ANCESTORS;
}

static void
set_file(struct event *ev, const struct policy *policy, const char *path)
{
	int err = object_read(ev, path);

	if (err)
		ctl_error("%s: %s: judged by its path only", path, strerror(-err));
	else
		event_set_str(ev, TEXT_FILE_OWNER, policy_user(policy, ev->file.uid));
}

static enum answer
set_fields(struct event *ev, char **operands)
{
	for (; *operands; operands++) {
		const char *equals = strchr(*operands, '=');
		char name[64], why[FAULT_TEXT];
		if (!is_field(*operands))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(equals - *operands), *operands);
		int field = field_find(name);
		if (field < 0) {
			ctl_error("there is no field '%s'%s. See: yettctl fields", name, near_hint(field_nearest(name), why, sizeof(why)));
			return ANSWER_USAGE;
		}
		if (policy_event_set(ev, (enum field)field, equals + 1, strlen(equals + 1), why, sizeof(why)) != 0) {
			ctl_error("%s: %s", *operands, why);
			return ANSWER_USAGE;
		}
	}
	return ANSWER_DONE;
}

static enum answer
build(struct event *ev, const struct question *q, const struct policy *policy)
{
	size_t len;

	event_init(ev, q->kind, event_kind_sensor(q->kind));
	ev->wall_ns = now_wall_ns();
	ev->boot_ns = now_boot_ns();
	enum answer a = set_user(ev, policy, q->o->as);
	if (a != ANSWER_DONE)
		return a;
	if (q->file && of_file(q->kind))
		set_file(ev, policy, q->file);
	else if (q->file)
		event_set_str(ev, TEXT_EXECUTABLE, q->file);
	if (q->kind == EVENT_EXEC) {
		const char *path = event_text(ev, TEXT_FILE_PATH, &len);
		char copy[PATH_MAX];
		snprintf(copy, sizeof(copy), "%.*s", (int)len, path);
		event_set_str(ev, TEXT_EXECUTABLE, copy);
	}
	if (q->file && (q->kind == EVENT_EXEC || q->o->args.n))
		set_args(ev, q->file, &q->o->args);
	ev->have |= HAVE_PROCESS;
	set_lineage(ev, q->o);
	return set_fields(ev, q->fields);
}

static void
show(const struct ctl *ctl, const struct question *q, const struct trace *t)
{
	char text[512];

	if (ctl->json) {
		json_t *all = trace_json(t);
		json_object_set_new(all, "on", json_string(event_kind_name(q->kind)));
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(all);
		return;
	}
	bool denied = t->verdict.would == DECISION_DENY;
	trace_verdict(t, text, sizeof(text));
	term_word(denied ? COLOR_BAD : COLOR_GOOD, denied ? t->verdict.decision == DECISION_DENY ? "DENY" : "WOULD DENY" : "ALLOW", 11);
	term_definition("", 0, text);
	trace_show(t);
}

static enum answer
explain_run(struct ctl *ctl, const void *options, char **operands)
{
	struct question q = { .o = options };
	const struct policy *policy;
	static struct event ev;
	struct trace trace;
	enum answer a = find_kind(q.o->on, &q.kind);

	if (a == ANSWER_DONE)
		a = sort_operands(&q, operands);
	if (a == ANSWER_DONE)
		a = load_policy(ctl, &policy);
	if (a != ANSWER_DONE)
		return a;
	a = build(&ev, &q, policy);
	if (a == ANSWER_DONE && trace_judge(&trace, policy, &ev) == 0) {
		show(ctl, &q, &trace);
		a = trace.verdict.would == DECISION_DENY ? ANSWER_NO : ANSWER_DONE;
		trace_done(&trace);
	}
	policy_close(policy);
	return a;
}

static const struct option_row explain_rows[] = {
	{ "on", 0, OPTION_TEXT, offsetof(struct explain_options, on), "KIND", "exec, open, write, connect, ...; default exec" },
	{ "as", 0, OPTION_TEXT, offsetof(struct explain_options, as), "USER", "name or number; default whoever asks" },
	{ "parent", 0, OPTION_TEXT, offsetof(struct explain_options, parent), "EXE", "program of the parent" },
	{ "previous", 0, OPTION_TEXT, offsetof(struct explain_options, previous), "EXE",
	    "program that calls execve; default that of the parent" },
	{ "ancestor", 0, OPTION_WORDS, offsetof(struct explain_options, ancestors), "EXE",
	    "program of the parent's parent; again for those above" },
	{ "arg", 0, OPTION_WORDS, offsetof(struct explain_options, args), "ARG", "argument; again for further ones" },
	{ 0 }
};

const struct command explain_command = { .name = "explain", .operands = "FILE [FIELD=VALUE...]", .options = explain_rows,
	.size = sizeof(struct explain_options), .most = 64, .config = true, .run = explain_run,
	.help = "what the policies on disk would decide now, and why; exit 0 allow, 1 deny, also where it is only monitored" };
