#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/flight.h"
#include "ctl/load.h"
#include "ctl/past.h"
#include "ctl/recall.h"
#include "ctl/store.h"
#include "ctl/term.h"
#include "ctl/trace.h"
#include "ctl/view.h"
#include "ctl/when.h"

#define PID_DIGITS	7	/* the kernel's largest process id has so many: what is longer is an event */
#define SPAN_NS		(300 * NS_PER_SEC)	/* so long before an alert is looked for where the flight recorder is off */

/* Which record is meant, and the last one that fits. */
struct wanted {
	const char	*text;
	enum { BY_ID, BY_PID, BY_PATH } by;
	int64_t		 pid;
	unsigned	 found;
	json_t		*record;
	char		 file[FLIGHT_FILE];	/* of the flight recorder, that has it; "": none */
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
	if (w->record && flight_names(record, store_text(w->record, "event.id")))
		flight_file(flight_detail(record, "file"), w->file);
	if (!fits(w, record))
		return true;
	w->found++;
	w->file[0] = '\0';
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
	if (!w->record && w->by == BY_ID && (!err || err == -ENOENT))	/* the files of the flight recorder outlive the logs */
		err = flight_search(&(struct flight_ask){ path, w->text, keep, w }, w->file) == -EACCES ? -EACCES : err;
	if (w->record && err == -ENOENT)
		err = 0;
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

/* The process tree and what it did: of alerts, from the file of the flight recorder, or else from the logs. */
static void
remember(const struct ctl *ctl, const struct wanted *w, struct past *p)
{
	struct past_ask ask = { w->record, ctl->config.log, w->file[0] ? w->file : NULL, ctl->config.flight_ns ? ctl->config.flight_ns : SPAN_NS };
	char path[PATH_MAX];

	*p = (struct past){ 0 };
	if (!view_is_alert(w->record))
		return;
	snprintf(path, sizeof(path), "%s/%s", ask.log, w->file);
	if (ask.file && access(path, R_OK))
		ask.file = NULL;
	int err = past_gather(p, &ask);
	if (err && err != -ENOENT)
		ctl_error("%s: %s", ask.file ? path : ask.log, strerror(-err));
}

static void
show_json(const struct wanted *w, const struct trace *t, const struct past *p)
{
	json_t *all = json_pack("{sO}", "record", w->record);

	if (t) {
		json_object_set_new(all, "now", trace_json(t));
		json_object_set_new(all, "same_verdict", json_boolean(same_verdict(w->record, t)));
	}
	if (p->n)
		past_json(p, all);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

/* Judges it again. DONE with a trace that has to be ended. */
static enum answer
judge_again(struct ctl *ctl, struct event *ev, const struct policy **policy, struct trace *t)
{
	enum answer a = load_policy(ctl, policy);

	if (a != ANSWER_DONE || trace_judge(t, *policy, ev) == 0)
		return a;
	trace_done(t);
	policy_close(*policy);
	return ANSWER_BROKEN;
}

/* What was only told, not judged, is shown as it is. */
static enum answer
explain(struct ctl *ctl, const struct wanted *w)
{
	static struct event ev;
	const struct policy *policy;
	struct trace trace;
	struct past past;
	unsigned left_out = 0;
	bool judged = recall(&ev, w->record, &left_out);

	if (!ctl->json)
		show_record(w);
	enum answer a = judged ? judge_again(ctl, &ev, &policy, &trace) : ANSWER_DONE;
	bool traced = judged && a == ANSWER_DONE;
	remember(ctl, w, &past);
	if (ctl->json) {
		show_json(w, traced ? &trace : NULL, &past);
	} else {
		if (traced)
			show_trace(w, &trace, left_out);
		past_show(&past);
	}
	past_done(&past);
	if (traced) {
		trace_done(&trace);
		policy_close(policy);
	}
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
	.help = "the last record of an event, a process or a file, and its facts judged again: each rule that matched, each that nearly did; "
	"of an alert also its process tree and what that did before and after" };
