#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/store.h"
#include "ctl/term.h"
#include "ctl/when.h"
#include "wire/page.h"

#define DAY_S		86400u
#define SLACK_NS	(5 * NS_PER_SEC)	/* the record of an hour comes a moment after its end */

struct coverage_options { const char *since; };

static const struct { const char *name, *help; } whats[COVERAGE__MAX] = {
#define COVERAGE(id, name, help) { name, help },
#include "wire/coverage.def"
#undef COVERAGE
};

/* Of one file system on one day (since 1970, UTC). */
struct row { uint64_t day; char *path; uint64_t count[COVERAGE__MAX]; };
/* What no file system is to blame for: yett did not run; it ran and its counts went with a crash; times the kernel could queue no more. */
struct day { uint64_t day, dark_ns, lost_ns, overflows, gates; };

struct ledger {
	uint64_t	since_ns;
	struct row	*row;
	size_t		rows;
	struct day	*day;
	size_t		days;
	uint64_t	last_ns, counted_ns;	/* the last record; the last that says what ran until then */
	bool		stopped, failed;	/* in good order; no memory */
};

static struct day *
day_of(struct ledger *l, uint64_t day)
{
	size_t at = 0;

	while (at < l->days && l->day[at].day < day)
		at++;
	if (at < l->days && l->day[at].day == day)
		return &l->day[at];
	struct day *more = realloc(l->day, (l->days + 1) * sizeof(*more));
	if (!more) {
		l->failed = true;
		return NULL;
	}
	l->day = more;
	memmove(&more[at + 1], &more[at], (l->days++ - at) * sizeof(*more));
	more[at] = (struct day){ .day = day };
	return &more[at];
}

static struct row *
row_of(struct ledger *l, uint64_t day, const char *path)
{
	for (size_t i = 0; i < l->rows; i++)
		if (l->row[i].day == day && strcmp(l->row[i].path, path) == 0)
			return &l->row[i];
	struct row *more = realloc(l->row, (l->rows + 1) * sizeof(*more));
	char *copy = strdup(path);
	l->row = more ? more : l->row;
	if (!more || !copy || !day_of(l, day)) {
		free(copy);
		l->failed = true;
		return NULL;
	}
	more[l->rows] = (struct row){ .day = day, .path = copy };
	return &more[l->rows++];
}

/* The time between two moments, to the days that it lies in: to what PLACE says of a day. */
static void
add_time(struct ledger *l, uint64_t from_ns, uint64_t to_ns, size_t place)
{
	from_ns = from_ns < l->since_ns ? l->since_ns : from_ns;
	while (from_ns < to_ns) {
		uint64_t day = from_ns / NS_PER_SEC / DAY_S, end = (day + 1) * DAY_S * NS_PER_SEC;
		struct day *d = day_of(l, day);
		if (!d)
			return;
		end = end < to_ns ? end : to_ns;
		*(uint64_t *)(void *)((char *)d + place) += end - from_ns;
		from_ns = end;
	}
}

/* "judged=3 cached=1 path=/srv". A line of another form says nothing. */
static void
add_line(struct ledger *l, uint64_t day, const char *line)
{
	uint64_t count[COVERAGE__MAX] = { 0 };
	const char *path = strstr(line, "path=");

	for (const char *at = line; path && at < path; at += strcspn(at, " ") + 1) {
		const char *value = memchr(at, '=', (size_t)(path - at));
		for (int c = 0; value && c < COVERAGE__MAX; c++)
			if (strlen(whats[c].name) == (size_t)(value - at) && memcmp(whats[c].name, at, (size_t)(value - at)) == 0)
				count[c] = strtoull(value + 1, NULL, 10);
	}
	struct row *r = path ? row_of(l, day, path + strlen("path=")) : NULL;
	for (int c = 0; r && c < COVERAGE__MAX; c++)
		r->count[c] += count[c];
}

static void
add_counts(struct ledger *l, const json_t *record, uint64_t time_ns)
{
	static const char since[] = "since=";
	const json_t *list = store_get(record, "yett.details"), *one;
	uint64_t day = time_ns / NS_PER_SEC / DAY_S;
	size_t i;

	l->counted_ns = time_ns;
	if (time_ns < l->since_ns + SLACK_NS)
		return;
	json_array_foreach(list, i, one) {
		const char *line = json_is_string(one) ? json_string_value(one) : "";
		if (strncmp(line, since, sizeof(since) - 1) == 0)
			day = strtoull(line + sizeof(since) - 1, NULL, 10) / DAY_S;
		else
			add_line(l, day, line);
	}
}

static void
add_times(struct ledger *l, const json_t *record, uint64_t time_ns, size_t place)
{
	struct day *d = time_ns < l->since_ns ? NULL : day_of(l, time_ns / NS_PER_SEC / DAY_S);
	int64_t n = 1;

	store_number(record, "yett.count", &n);
	if (d)
		*(uint64_t *)(void *)((char *)d + place) += place == offsetof(struct day, gates) ? 1 : (uint64_t)n;
}

/* Every record tells that yett was there. */
static bool
take(void *arg, json_t *record, const char *line, size_t len)
{
	struct ledger *l = arg;
	const char *action = store_text(record, "event.action");
	uint64_t now = store_time(record);

	(void)line;
	(void)len;
	if (strcmp(store_text(record, "event.kind"), "state") != 0)
		action = "";
	if (strcmp(action, "agent-start") == 0) {
		if (l->last_ns)
			add_time(l, l->last_ns, now, offsetof(struct day, dark_ns));
		if (l->last_ns && !l->stopped)
			add_time(l, l->counted_ns, l->last_ns, offsetof(struct day, lost_ns));
		l->counted_ns = now;
		l->stopped = false;
	} else if (strcmp(action, "agent-stop") == 0) {
		l->stopped = true;
	} else if (strcmp(action, "coverage") == 0) {
		add_counts(l, record, now);
	} else if (strcmp(action, "exec-overflow") == 0) {
		add_times(l, record, now, offsetof(struct day, overflows));
	} else if (strcmp(action, "gate-restart") == 0) {
		add_times(l, record, now, offsetof(struct day, gates));
	}
	/* The first records of a process are written before the one that says that it started. */
	if (strcmp(action, "log-start") != 0 && strcmp(action, "log-torn") != 0 && strcmp(action, "log-broken") != 0)
		l->last_ns = now;
	return true;
}

static int
by_day_and_path(const void *x, const void *y)
{
	const struct row *a = x, *b = y;

	return a->day != b->day ? (a->day < b->day ? -1 : 1) : strcmp(a->path, b->path);
}

static void
day_text(uint64_t day, char out[16])
{
	time_t t = (time_t)(day * DAY_S);
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, 16, "%Y-%m-%d", &tm))
		snprintf(out, 16, "?");
}

static uint64_t
sum(const struct row *r, int from, int end)
{
	uint64_t n = 0;

	for (int c = from; c < end; c++)
		n += r->count[c];
	return n;
}

static uint64_t
ran(const struct row *r)
{
	return sum(r, 0, COVERAGE__MAX);
}

static uint64_t
not_judged(const struct row *r)
{
	return sum(r, COVERAGE_CACHED + 1, COVERAGE_GONE);
}

static void
show_row(const struct row *r)
{
	uint64_t unjudged = not_judged(r);

	printf("  ");
	term_fit(r->path, (struct fit){ 30, true });
	printf(" %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " ", ran(r), r->count[COVERAGE_JUDGED], r->count[COVERAGE_CACHED]);
	char text[24];
	snprintf(text, sizeof(text), "%10" PRIu64, unjudged);
	term_word(unjudged ? COLOR_BAD : COLOR_NONE, text, 0);
	putchar('\n');
	for (int c = COVERAGE_CACHED + 1; c < COVERAGE__MAX; c++)
		if (r->count[c])
			printf("    %" PRIu64 " %s\n", r->count[c], whats[c].help);
}

static void
show_day(const struct ledger *l, const struct day *d)
{
	char text[64];

	day_text(d->day, text);
	printf("%-32s %10s %10s %10s %10s\n", text, "RAN", "JUDGED", "CACHED", "UNJUDGED");
	for (size_t i = 0; i < l->rows; i++)
		if (l->row[i].day == d->day)
			show_row(&l->row[i]);
	when_span(d->dark_ns, text, sizeof(text));
	if (d->dark_ns)
		printf("  yett did not run for %s: nobody knows what was started then\n", text);
	when_span(d->lost_ns, text, sizeof(text));
	if (d->lost_ns)
		printf("  the counts of %s went with yettd, which was not stopped in good order\n", text);
	if (d->overflows)
		printf("  %" PRIu64 " times the kernel had no room for more questions\n", d->overflows);
	if (d->gates)
		printf("  %" PRIu64 " gates were replaced\n", d->gates);
}

static void
show_json(const struct ledger *l)
{
	json_t *days = json_array(), *root = json_pack("{s:o}", "days", days);

	for (size_t i = 0; i < l->days; i++) {
		const struct day *d = &l->day[i];
		char text[16];
		json_t *mounts = json_array();
		for (size_t k = 0; k < l->rows; k++) {
			const struct row *r = &l->row[k];
			if (r->day != d->day)
				continue;
			json_t *m = json_pack("{s:s,s:I}", "filesystem", r->path, "ran", (json_int_t)ran(r));
			for (int c = 0; c < COVERAGE__MAX; c++)
				json_object_set_new(m, whats[c].name, json_integer((json_int_t)r->count[c]));
			json_object_set_new(m, "unjudged", json_integer((json_int_t)not_judged(r)));
			json_array_append_new(mounts, m);
		}
		day_text(d->day, text);
		json_array_append_new(days, json_pack("{s:s,s:o,s:f,s:f,s:I,s:I}", "day", text, "filesystems", mounts,
		    "not_running_s", (double)d->dark_ns / 1e9, "counts_lost_s", (double)d->lost_ns / 1e9, "exec_overflows",
		    (json_int_t)d->overflows, "gate_restarts", (json_int_t)d->gates));
	}
	json_dumpf(root, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(root);
}

static void
show(const struct ledger *l)
{
	char until[WHEN_TEXT];

	for (size_t i = 0; i < l->days; i++)
		show_day(l, &l->day[i]);
	when_short(l->counted_ns, now_wall_ns(), until);
	if (l->days)
		printf("Until %s UTC; what ran since then is told at the end of the hour.\n", until);
	else
		printf("Nothing is told of programs that were started: the first record comes at the end of the hour.\n");
}

static enum answer
read_ledger(struct ctl *ctl, struct ledger *l)
{
	const char *path = ctl->config.log;
	int err = store_read(&(struct store_ask){ .log = path, .fn = take, .arg = l });
	if (!err && !l->failed)
		return ANSWER_DONE;
	ctl_error("%s: %s", path, err == -EACCES ? "not permitted: this needs root, or the group of these files" :
	    err == -ENOENT ? "there are no records yet. Is yettd running? See: yettctl status" : strerror(err ? -err : ENOMEM));
	return err == -EACCES ? ANSWER_FORBIDDEN : err == -ENOENT ? ANSWER_NO : ANSWER_BROKEN;
}

static enum answer
coverage_run(struct ctl *ctl, const void *options, char **operands)
{
	const struct coverage_options *o = options;
	struct ledger l = { 0 };

	(void)operands;
	if (o->since && !when_since(o->since, now_wall_ns(), &l.since_ns)) {
		ctl_error("--since takes a time such as 1h, 7d, today or 2026-11-24T09:30, not '%s'", o->since);
		return ANSWER_USAGE;
	}
	enum answer a = read_ledger(ctl, &l);
	if (a == ANSWER_DONE) {
		if (l.rows)
			qsort(l.row, l.rows, sizeof(l.row[0]), by_day_and_path);
		ctl->json ? show_json(&l) : show(&l);
	}
	for (size_t i = 0; i < l.rows; i++)
		free(l.row[i].path);
	free(l.row);
	free(l.day);
	return a;
}

static const struct option_row coverage_rows[] = {
	{ "since", 's', OPTION_TEXT, offsetof(struct coverage_options, since), "TIME", "1h, 7d, today, or a date and time in UTC; whole hours" },
	{ 0 }
};

const struct command coverage_command = { .name = "coverage", .operands = "", .options = coverage_rows,
	.size = sizeof(struct coverage_options), .config = true, .run = coverage_run,
	.help = "of the programs that were started, by day and file system, how many were judged, and why others were not" };
