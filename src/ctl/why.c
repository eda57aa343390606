#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/load.h"
#include "ctl/recall.h"
#include "ctl/store.h"
#include "ctl/term.h"
#include "ctl/trace.h"
#include "ctl/view.h"
#include "ctl/when.h"

#define PID_DIGITS	7	/* the kernel's largest process id has so many: what is longer is an event */

/* Which record is meant, and the last one that fits. */
struct wanted {
	const char	*text;
	enum { BY_ID, BY_PID, BY_PATH } by;
	int64_t		 pid;
	unsigned	 found;
	json_t		*record;
};

static bool
fits_path(const json_t *record, const char *member, const char *path)
{
	const char *there = store_text(record, member);

	return *there && strcmp(strchr(path, '/') ? there : store_name(there), path) == 0;
}

static bool
fits(const struct wanted *w, const json_t *record)
{
	int64_t pid;

	switch (w->by) {
	case BY_ID:
		return strncmp(store_text(record, "event.id"), w->text, strlen(w->text)) == 0;
	case BY_PID:
		return store_number(record, "process.pid", &pid) && pid == w->pid;
	case BY_PATH:
		return fits_path(record, "file.path", w->text) || fits_path(record, "process.executable", w->text);
	}
	return false;
}

static bool
keep(void *arg, json_t *record, const char *line, size_t len)
{
	struct wanted *w = arg;

	(void)line, (void)len;
	if (!fits(w, record))
		return true;
	w->found++;
	json_decref(w->record);
	w->record = json_incref(record);
	return true;
}

static void
understand(struct wanted *w)
{
	size_t n = strlen(w->text);

	if (n <= PID_DIGITS && strspn(w->text, "0123456789") == n) {
		w->by = BY_PID;
		w->pid = strtoll(w->text, NULL, 10);
	} else {
		w->by = n > PID_DIGITS && n <= 16 && strspn(w->text, "0123456789abcdef") == n ? BY_ID : BY_PATH;
	}
}

static enum answer
find(const struct ctl *ctl, struct wanted *w)
{
	const char *path = ctl->config.log;
	int err = store_read(&(struct store_ask){ .log = path, .fn = keep, .arg = w });
	if (err == -EACCES) {
		ctl_error("%s: not permitted: this needs root, or the group of these files", path);
		return ANSWER_FORBIDDEN;
	}
	if (err) {
		ctl_error("%s: %s", path, err == -ENOENT ? "there are no records yet. Is yettd running? See: yettctl status" : strerror(-err));
		return ANSWER_NO;
	}
	if (w->record)
		return ANSWER_DONE;
	ctl_error("no record is about %s '%s'. What was allowed without a rule is not recorded; ask: yettctl explain FILE",
	    w->by == BY_ID ? "event" : w->by == BY_PID ? "process" : "file", w->text);
	return ANSWER_NO;
}

static void
show_record(const struct wanted *w)
{
	char when[WHEN_TEXT], head[64];
	enum color color;
	const char *outcome = view_outcome(w->record, &color);

	when_short(store_time(w->record), now_wall_ns(), when);
	term_word(color, outcome, 11);
	snprintf(head, sizeof(head), "%s  event ", when);
	fputs(head, stdout);
	term_put(stdout, store_text(w->record, "event.id"), strlen(store_text(w->record, "event.id")));
	if (w->found > 1)
		printf("  (the last of %u)", w->found);
	putchar('\n');
	term_definition("", 0, store_text(w->record, "event.reason"));
}

/* Does the judge say today what was said then? */
static bool
same_verdict(const json_t *record, const struct trace *t)
{
	return strcmp(store_text(record, "yett.would"), decision_name(t->verdict.would)) == 0;
}

static void
show_trace(const struct wanted *w, const struct trace *t, unsigned left_out)
{
	char text[512];

	trace_verdict(t, text, sizeof(text));
	printf("\nBy the policies on disk: ");
	term_definition("", 0, text);
	if (!same_verdict(w->record, t))
		term_definition("", 0, "This is not what was decided then: policies, mode or exceptions are others now.");
	if (left_out)
		printf("%u values of the record could not be judged again.\n", left_out);
	trace_show(t);
}

static void
show_json(const struct wanted *w, const struct trace *t)
{
	json_t *all = json_pack("{sO}", "record", w->record);

	if (t) {
		json_object_set_new(all, "now", trace_json(t));
		json_object_set_new(all, "same_verdict", json_boolean(same_verdict(w->record, t)));
	}
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

/* What was only told, not judged, is shown as it is. */
static enum answer
explain(struct ctl *ctl, const struct wanted *w)
{
	static struct event ev;
	const struct policy *policy;
	struct trace trace;
	unsigned left_out = 0;
	bool judged = recall(&ev, w->record, &left_out);

	if (!ctl->json)
		show_record(w);
	if (!judged) {
		if (ctl->json)
			show_json(w, NULL);
		return ANSWER_DONE;
	}
	enum answer a = load_policy(ctl, &policy);
	if (a != ANSWER_DONE)
		return a;
	if (trace_judge(&trace, policy, &ev) != 0)
		a = ANSWER_BROKEN;
	else if (ctl->json)
		show_json(w, &trace);
	else
		show_trace(w, &trace, left_out);
	trace_done(&trace);
	policy_close(policy);
	return a;
}

static enum answer
why_run(struct ctl *ctl, const void *options, char **operands)
{
	CLEANUP_FREE char *real = strchr(operands[0], '/') ? realpath(operands[0], NULL) : NULL;
	struct wanted w = { .text = real ? real : operands[0] };

	(void)options;
	understand(&w);
	enum answer a = find(ctl, &w);
	if (a == ANSWER_DONE)
		a = explain(ctl, &w);
	json_decref(w.record);
	return a;
}

const struct command why_command = { .name = "why", .operands = "ID|PID|PATH", .least = 1, .most = 1, .config = true, .run = why_run,
	.help = "the last record of an event, a process or a file, and its facts judged again: each rule that matched, each that nearly did" };
