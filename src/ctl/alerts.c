#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/store.h"
#include "ctl/view.h"
#include "ctl/when.h"
#include "policy/near.h"

struct alerts_options { bool follow; const char *since, *rule, *severity; };

struct query {
	const struct ctl *ctl;
	bool		 alerts;	/* else all others */
	const char	*rule;
	uint64_t	 since_ns;
	enum severity	 least;
	unsigned	 columns, shown;
};

static bool
names_rule(const json_t *record, const char *pattern)
{
	const json_t *list = store_get(record, "yett.matched"), *name;
	size_t i;

	if (fnmatch(pattern, store_text(record, "rule.name"), 0) == 0)
		return true;
	json_array_foreach(list, i, name)
		if (json_is_string(name) && fnmatch(pattern, json_string_value(name), 0) == 0)
			return true;
	return false;
}

static bool
wanted(const struct query *q, const json_t *record)
{
	if (view_is_alert(record) != q->alerts || store_time(record) < q->since_ns || view_severity(record) < q->least)
		return false;
	return !q->rule || names_rule(record, q->rule);
}

/* What it was about: "bash (nginx)", or what yett says of itself. */
static void
subject(const json_t *record, char *out, size_t size)
{
	const char *exe = store_text(record, "process.executable"), *parent = store_text(record, "process.parent.executable");
	int kind = view_kind(record);

	if (kind == EVENT_AGENT || !*exe || store_get(record, "yett.summary"))
		snprintf(out, size, "%s", store_text(record, "event.reason"));
	else if (kind == EVENT_OPEN || kind == EVENT_WRITE)
		snprintf(out, size, "%s %s", store_name(exe), store_text(record, "file.path"));
	else
		snprintf(out, size, "%s%s%s%s", store_name(exe), *parent ? " (" : "", store_name(parent), *parent ? ")" : "");
}

/* Columns of rule and user where the line is LEFT columns long. */
struct widths { unsigned rule, user; };

static struct widths
widths(const struct query *q, unsigned used)
{
	unsigned left = q->columns > used ? q->columns - used : 0;

	if (!q->columns)
		return (struct widths){ 32, 12 };
	return left > 60 ? (struct widths){ 28, 10 } : (struct widths){ left * 2 / 5, 7 };
}

static void
show_line(const struct query *q, const json_t *record)
{
	static const enum color colors[] = {
		[SEVERITY_INFO] = COLOR_NONE, [SEVERITY_LOW] = COLOR_NONE, [SEVERITY_MEDIUM] = COLOR_ODD, [SEVERITY_HIGH] = COLOR_BAD,
		[SEVERITY_CRITICAL] = COLOR_BAD,
	};
	enum severity severity = view_severity(record);
	enum color color = COLOR_NONE;
	const char *outcome = view_outcome(record, &color), *rule = store_text(record, "rule.name");
	char when[WHEN_TEXT], what[1024], id[9];

	when_short(store_time(record), now_wall_ns(), when);
	snprintf(id, sizeof(id), "%s", store_text(record, "event.id"));	/* as much as `why` needs */
	unsigned used = term_fit(id, (struct fit){ 8, true });
	used += (unsigned)printf(" %s ", when);
	term_word(colors[severity], severity_name(severity), 9);
	term_word(color, outcome, 11);
	used += 20;
	struct widths w = widths(q, used);
	term_fit(*rule ? rule : store_text(record, "event.action"), (struct fit){ w.rule, true });
	putchar(' ');
	term_fit(store_text(record, "user.name"), (struct fit){ w.user, true });
	putchar(' ');
	used += w.rule + w.user + 2;
	subject(record, what, sizeof(what));
	term_fit(what, (struct fit){ q->columns ? (q->columns > used ? q->columns - used : 1) : sizeof(what), false });
	putchar('\n');
}

static bool
show(void *arg, json_t *record, const char *line, size_t len)
{
	struct query *q = arg;

	if (!wanted(q, record))
		return true;
	q->shown++;
	if (q->ctl->json) {
		fwrite(line, 1, len, stdout);
		putchar('\n');
	} else {
		show_line(q, record);
	}
	return !ferror(stdout);
}

static enum answer
read_options(const struct alerts_options *o, struct query *q)
{
	static const char *const names[] = { "info", "low", "medium", "high", "critical" };
	char hint[64];

	if (o->since && !when_since(o->since, now_wall_ns(), &q->since_ns)) {
		ctl_error("--since takes a time such as 1h, 7d, today or 2026-11-24T09:30, not '%s'", o->since);
		return ANSWER_USAGE;
	}
	int least = o->severity ? severity_find(o->severity) : SEVERITY_INFO;
	if (least < 0) {
		ctl_error("--severity is info, low, medium, high or critical, not '%s'%s", o->severity,
		    near_hint(near_name(o->severity, names, 5), hint, sizeof(hint)));
		return ANSWER_USAGE;
	}
	q->least = (enum severity)least;
	q->rule = o->rule;
	return ANSWER_DONE;
}

static enum answer
run(struct ctl *ctl, const struct alerts_options *o, bool alerts)
{
	struct query q = { .ctl = ctl, .alerts = alerts, .columns = term_columns() };
	enum answer a = read_options(o, &q);
	const char *path = ctl->config.log;

	if (a != ANSWER_DONE)
		return a;
	int err = store_read(&(struct store_ask){ .log = path, .since_ns = q.since_ns, .follow = o->follow, .fn = show, .arg = &q });
	if (err == -EACCES) {
		ctl_error("%s: not permitted: this needs root, or the group of these files", path);
		return ANSWER_FORBIDDEN;
	}
	if (err == -ENOENT) {
		ctl_error("there are no records yet in %s. Is yettd running? See: yettctl status", path);
		return ANSWER_NO;
	}
	if (err && err != -EPIPE) {
		ctl_error("%s: %s", path, strerror(-err));
		return ANSWER_BROKEN;
	}
	return q.shown ? ANSWER_DONE : ANSWER_NO;
}

static enum answer
alerts_run(struct ctl *ctl, const void *options, char **operands)
{
	(void)operands;
	return run(ctl, options, true);
}

static enum answer
events_run(struct ctl *ctl, const void *options, char **operands)
{
	(void)operands;
	return run(ctl, options, false);
}

static const struct option_row alerts_rows[] = {
	{ "follow", 'f', OPTION_FLAG, offsetof(struct alerts_options, follow), NULL, "go on with what is written from now on" },
	{ "since", 's', OPTION_TEXT, offsetof(struct alerts_options, since), "TIME", "1h, 7d, today, or a date and time in UTC" },
	{ "rule", 'r', OPTION_TEXT, offsetof(struct alerts_options, rule), "RULE", "of this rule; * and ? are wildcards" },
	{ "severity", 0, OPTION_TEXT, offsetof(struct alerts_options, severity), "LEVEL", "at least info, low, medium, high or critical" },
	{ 0 }
};

const struct command alerts_command = { .name = "alerts", .operands = "", .options = alerts_rows,
	.size = sizeof(struct alerts_options), .config = true, .run = alerts_run,
	.help = "what was denied or alerted, one line each, times in UTC; exit 1 if there is nothing" };
const struct command events_command = { .name = "events", .operands = "", .options = alerts_rows,
	.size = sizeof(struct alerts_options), .config = true, .run = events_run,
	.help = "the other records: telemetry, and what yett tells of itself" };
