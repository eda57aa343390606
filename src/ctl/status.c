#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/control.h"
#include "ctl/store.h"
#include "ctl/term.h"
#include "ctl/when.h"

struct status_options { bool quiet; };

static int64_t
number(const json_t *status, const char *path)
{
	int64_t n = 0;

	store_number(status, path, &n);
	return n;
}

/* A row: the name of a thing, and what is to be said of it, broken at words. */
__attribute__((format(printf, 2, 3))) static void
row(const char *name, const char *fmt, ...)
{
	char head[32], text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(head, sizeof(head), "  %s", name);
	term_definition(head, 15, text);
}

static void
show_head(const json_t *s)
{
	bool enforce = strcmp(store_text(s, "mode"), "enforce") == 0;
	int64_t back = number(s, "enforce_in_s");
	char up[40], until[40] = "";

	when_span((uint64_t)number(s, "uptime_s") * NS_PER_SEC, up, sizeof(up));
	if (!enforce && back > 0)
		when_span((uint64_t)back * NS_PER_SEC, until, sizeof(until));
	printf("yett ");
	term_put(stdout, store_text(s, "version"), strlen(store_text(s, "version")));
	printf(": ");
	term_word(enforce ? COLOR_GOOD : COLOR_ODD, enforce ? "ENFORCING" : "MONITORING", 0);
	if (!enforce)
		printf(" (nothing is blocked%s%s)", until[0] ? "; enforcing again in " : "", until);
	printf(", up %s\n", up);
	if (number(s, "confirm_in_s") > 0)
		row("change", "waits for confirmation, %" PRId64 " s left: yettctl confirm", number(s, "confirm_in_s"));
}

static void
show_processes(const json_t *s)
{
	const json_t *list = json_object_get(s, "processes"), *p;
	char text[512] = "";
	size_t i;

	json_array_foreach(list, i, p) {
		size_t len = strlen(text);
		int64_t restarts = number(p, "restarts");
		char pid[32] = "not running", more[48] = "";
		if (json_is_true(json_object_get(p, "running")))
			snprintf(pid, sizeof(pid), "%" PRId64, number(p, "pid"));
		if (restarts)
			snprintf(more, sizeof(more), " (%" PRId64 " restarts)", restarts);
		snprintf(text + len, sizeof(text) - len, "%s%.16s %s%s", len ? ", " : "", store_text(p, "name"), pid, more);
	}
	row("processes", "%s", text);
}

static void
show_sensors(const json_t *s)
{
	const json_t *dark = store_get(s, "sensors.audit.dark"), *kind;
	const char *why = store_text(s, "sensors.audit.why");
	char kinds[256] = "";
	size_t i;

	json_array_foreach(dark, i, kind) {
		size_t len = strlen(kinds);
		snprintf(kinds + len, sizeof(kinds) - len, "%s%s", len ? ", " : "; not seen: ", json_string_value(kind));
	}
	row("fanotify", "%s; %" PRId64 " questions, %" PRId64 " lost", store_text(s, "sensors.fanotify.state"),
	    number(s, "sensors.fanotify.events"), number(s, "sensors.fanotify.lost"));
	row("facts", "%s; %" PRId64 " files, %" PRId64 " changes, %" PRId64 " of them missed, %" PRId64 " lost",
	    store_text(s, "sensors.facts.state"), number(s, "sensors.facts.files"), number(s, "sensors.facts.events"),
	    number(s, "sensors.facts.missed"), number(s, "sensors.facts.lost"));
	row("files", "%s; %" PRId64 " events, %" PRId64 " times lost, %" PRId64 " without a place", store_text(s, "sensors.files.state"),
	    number(s, "sensors.files.events"), number(s, "sensors.files.lost"), number(s, "sensors.files.unplaced"));
	row("proc", "%s; %" PRId64 " messages, the last %" PRId64 " s ago; lost %" PRId64 " times, muted %" PRId64 " times",
	    store_text(s, "sensors.proc.state"), number(s, "sensors.proc.events"), number(s, "sensors.proc.heard_s"),
	    number(s, "sensors.proc.lost"), number(s, "sensors.proc.muted"));
	row("audit", "%s%s%s%s; %" PRId64 " events, %" PRId64 " records lost%s", store_text(s, "sensors.audit.state"), *why ? " (" : "", why,
	    *why ? ")" : "", number(s, "sensors.audit.events"), number(s, "sensors.audit.lost"), kinds);
	row("packets", "%s; %" PRId64 " lookups, %" PRId64 " packets lost, %" PRId64 " unreadable", store_text(s, "sensors.packets.state"),
	    number(s, "sensors.packets.events"), number(s, "sensors.packets.lost"), number(s, "sensors.packets.broken"));
	row("devices", "%s; %" PRId64 " events, %" PRId64 " times lost, %" PRId64 " unreadable", store_text(s, "sensors.devices.state"),
	    number(s, "sensors.devices.events"), number(s, "sensors.devices.lost"), number(s, "sensors.devices.broken"));
}

static void
show_work(const json_t *s)
{
	const char *error = store_text(s, "records.error");

	row("policies", "%" PRId64 " rules, generation %" PRId64, number(s, "policy.rules"), number(s, "policy.generation"));
	row("verdicts", "%" PRId64 " execs and %" PRId64 " opens asked; %" PRId64 " denied, %" PRId64 " would be denied; %" PRId64 " alerts",
	    number(s, "counters.exec_asked"), number(s, "counters.open_asked"), number(s, "counters.denied"),
	    number(s, "counters.would_deny"), number(s, "counters.alerts"));
	if (number(s, "latency_us.answers"))
		row("latency", "p50 %" PRId64 " us, p90 %" PRId64 " us, p99 %" PRId64 " us, longest %" PRId64 " us, of %" PRId64 " answers",
		    number(s, "latency_us.p50"), number(s, "latency_us.p90"), number(s, "latency_us.p99"), number(s, "latency_us.max"),
		    number(s, "latency_us.answers"));
	row("records", "%" PRId64 " written, %" PRId64 " waiting, key epoch %" PRId64 "%s%s", number(s, "records.sequence"),
	    number(s, "records.pending"), number(s, "records.epoch"), *error ? "; error " : "", error);
}

/* What of it is used. */
static void
show_ways(const json_t *s)
{
	static const struct { const char *name, *done, *done_word, *lost; } ways[] = {
		{ "journal", "counters.journal_sent", "sent", "counters.journal_lost" },
		{ "syslog", "counters.syslog_sent", "sent", "counters.syslog_lost" },
		{ "programs", "counters.run", "run", "counters.run_lost" },
	};
	int64_t folded = number(s, "counters.folded"), killed = number(s, "counters.run_killed"), failed = number(s, "counters.run_failed");
	char text[512] = "";

	if (folded)
		row("folded", "%" PRId64 " alerts into %" PRId64 " summaries, %" PRId64 " waiting for one", folded, number(s, "counters.summaries"),
		    number(s, "records.folding"));
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int64_t done = number(s, ways[i].done), lost = number(s, ways[i].lost);
		size_t len = strlen(text);
		if (done || lost)
			snprintf(text + len, sizeof(text) - len, "%s%s %" PRId64 " %s, %" PRId64 " lost", len ? "; " : "", ways[i].name, done,
			    ways[i].done_word, lost);
	}
	size_t len = strlen(text);
	if (killed || failed || number(s, "counters.run_folded"))
		snprintf(text + len, sizeof(text) - len, " (%" PRId64 " failed, %" PRId64 " killed, %" PRId64 " alerts beyond the limits)",
		    failed, killed, number(s, "counters.run_folded"));
	if (number(s, "counters.metrics_lost")) {
		len = strlen(text);
		snprintf(text + len, sizeof(text) - len, "%smetrics not written %" PRId64 " times", len ? "; " : "",
		    number(s, "counters.metrics_lost"));
	}
	if (text[0])
		row("ways out", "%s", text);
}

static void
show_mounts(const json_t *s)
{
	const json_t *list = json_object_get(s, "mounts"), *m;
	unsigned covered = 0, not_covered = 0;
	size_t i;

	json_array_foreach(list, i, m)
		json_is_true(json_object_get(m, "covered")) ? covered++ : not_covered++;
	row("file systems", "%u covered, %u not", covered, not_covered);
	json_array_foreach(list, i, m) {
		char text[512];
		if (json_is_true(json_object_get(m, "covered")))
			continue;
		snprintf(text, sizeof(text), "not covered: %s (%s): %s", store_text(m, "path"), store_text(m, "type"), store_text(m, "why"));
		term_definition("", 15, text);
	}
}

static void
show_places(const json_t *s)
{
	const json_t *list = json_object_get(s, "places"), *p;
	unsigned marked = 0, awaited = 0;
	size_t i;

	json_array_foreach(list, i, p) {
		marked += strcmp(store_text(p, "state"), "marked") == 0;
		awaited += strcmp(store_text(p, "state"), "awaited") == 0;
	}
	row("places", "%u marked, %u awaited", marked, awaited);
	json_array_foreach(list, i, p) {
		char text[512];
		if (strcmp(store_text(p, "state"), "refused") != 0)
			continue;
		snprintf(text, sizeof(text), "not seen: %s %s: %s", store_text(p, "kind"), store_text(p, "path"), store_text(p, "why"));
		term_definition("", 15, text);
	}
}

static void
show_losses(const json_t *s)
{
	char text[512] = "";
	const char *name;
	json_t *n;

	json_object_foreach(json_object_get(s, "losses"), name, n) {
		size_t len = strlen(text);
		if (json_integer_value(n) > 0)
			snprintf(text + len, sizeof(text) - len, "%s%s %" JSON_INTEGER_FORMAT, len ? ", " : "", name, json_integer_value(n));
	}
	row("losses", "%s", text[0] ? text : "none");
}

static void
show_problems(const json_t *s)
{
	const json_t *list = json_object_get(s, "problems"), *p;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	term_word(COLOR_BAD, "Problems:", 0);
	putchar('\n');
	json_array_foreach(list, i, p) {
		const char *text = json_string_value(p);
		term_definition("  -", 4, text ? text : "");
	}
}

static enum answer
status_run(struct ctl *ctl, const void *options, char **operands)
{
	const struct status_options *o = options;
	struct control_reply reply = { 0 };
	json_error_t error;

	(void)operands;
	enum answer a = control_ask(ctl, "status", &reply);
	if (o->quiet || !reply.len)
		return a;
	if (a != ANSWER_DONE && a != ANSWER_NO) {
		ctl_error("%s", reply.text);
		return a;
	}
	if (ctl->json) {
		printf("%s\n", reply.text);
		return a;
	}
	json_t *s = json_loadb(reply.text, reply.len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(s)) {
		json_decref(s);
		ctl_error("the state that yettd told cannot be understood (%s); is it of this version (%s)?", error.text, VERSION);
		return ANSWER_UNREACHABLE;
	}
	show_head(s);
	show_processes(s);
	show_sensors(s);
	show_work(s);
	show_ways(s);
	show_mounts(s);
	show_places(s);
	show_losses(s);
	show_problems(s);
	json_decref(s);
	return a;
}

static const struct option_row status_rows[] = {
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct status_options, quiet), NULL, "print nothing, only answer by the exit status" },
	{ 0 }
};

const struct command status_command = { .name = "status", .operands = "", .options = status_rows,
	.size = sizeof(struct status_options), .config = true, .run = status_run,
	.help = "state of yettd: mode, processes, sensors, file systems, losses; exit 0 healthy, 1 degraded, 4 not running" };
