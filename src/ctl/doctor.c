#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/load.h"
#include "ctl/sight.h"
#include "ctl/store.h"
#include "ctl/switches.h"
#include "ctl/term.h"

#define INDENT		34		/* of what is said of a row */
#define NAMED_RULES	2
#define VAIN_SHOWN	16
#define DIRECTORY	"telemetry/"	/* of policies that record all, beside the shipped ones that are in force */
#define PROGRESS_NS	NS_PER_SEC

/* ---- Rows ---- */

/* STATE as in JSON, but "part": lit, though not all of it is recorded. */
static bool
is_in(const json_t *row, const char *state)
{
	const char *is = store_text(row, "state");

	if (strcmp(is, "lit") == 0 && !json_is_true(json_object_get(row, "all")))
		is = "part";
	return strcmp(is, state) == 0;
}

/* What would have it recorded, in few words. */
static const char *
light(const json_t *row)
{
	const char *by = store_text(row, "light");

	return strncmp(by, DIRECTORY, sizeof(DIRECTORY) - 1) == 0 ? store_name(by) : by;
}

static unsigned
count(const json_t *rows, const char *state)
{
	const json_t *row;
	unsigned n = 0;
	size_t i;

	json_array_foreach(rows, i, row)
		n += is_in(row, state);
	return n;
}

/* "telemetry-dns, network-shell and 3 more", or what else asks. */
static void
put_rules(const json_t *row, char *out, size_t size)
{
	const json_t *rules = json_object_get(row, "rules"), *name;
	size_t i, n = json_array_size(rules);

	out[0] = '\0';
	json_array_foreach(rules, i, name) {
		size_t len = strlen(out);
		if (i < NAMED_RULES)
			snprintf(out + len, size - len, "%s%s", i ? ", " : "", json_string_value(name));
	}
	size_t len = strlen(out);
	if (n > NAMED_RULES)
		snprintf(out + len, size - len, " and %zu more", n - NAMED_RULES);
	if (!n)
		snprintf(out, size, "%s", json_is_true(json_object_get(row, "all")) ? "always" : "of the files of some rules");
}

static void
show_row(const json_t *row)
{
	const json_t *misses = json_object_get(row, "misses"), *text;
	int64_t number = 0;
	char head[80], said[256];
	size_t i;

	store_number(row, "number", &number);
	snprintf(head, sizeof(head), "  %2d %s", (int)number, store_text(row, "name"));
	if (is_in(row, "dark"))
		snprintf(said, sizeof(said), "%s", store_text(row, "why"));
	else if (is_in(row, "nothing"))
		snprintf(said, sizeof(said), "the kernel has nothing of the kind");
	else if (is_in(row, "unasked"))
		snprintf(said, sizeof(said), "%s", light(row));
	else
		put_rules(row, said, sizeof(said));
	if (is_in(row, "part")) {
		size_t len = strlen(said);
		snprintf(said + len, sizeof(said) - len, "; all of it: %s", light(row));
	}
	term_definition(head, INDENT, said);
	json_array_foreach(misses, i, text) {
		char line[640];
		if (strcmp(json_string_value(text), SIGHT_UNMATCHED) == 0)
			continue;	/* the title says so */
		snprintf(line, sizeof(line), "- %s", json_string_value(text));
		term_definition("", INDENT, line);
	}
}

static void
show_rows(const json_t *rows, const char *state, enum color color, const char *title)
{
	const json_t *row;
	size_t i;

	if (!count(rows, state))
		return;
	term_word(color, title, 0);
	printf(" (%u)\n", count(rows, state));
	json_array_foreach(rows, i, row)
		if (is_in(row, state))
			show_row(row);
}

/* The commands that would have the rows recorded which nobody asks for, or asks for all of. */
static void
show_remedies(const struct ctl *ctl, const json_t *rows)
{
	const json_t *row;
	const char *told[8] = { NULL };
	size_t i, n = 0;

	json_array_foreach(rows, i, row) {
		const char *by = store_text(row, "light");
		char text[2 * CONFIG_PATH + 128];
		bool known = false;
		for (size_t t = 0; t < n; t++)
			known |= strcmp(told[t], by) == 0;
		if (!(is_in(row, "unasked") || is_in(row, "part")) || known || n == sizeof(told) / sizeof(told[0]))
			continue;
		told[n++] = by;
		if (strncmp(by, DIRECTORY, sizeof(DIRECTORY) - 1) == 0)
			snprintf(text, sizeof(text), "ln -s %s/%s %s/ && yettctl reload", ctl->config.vendor_policies, by, ctl->config.policies);
		else if (strcmp(by, "telemetry.ini") == 0)
			snprintf(text, sizeof(text), "%s/telemetry.ini is in force unless %s/telemetry.ini stands in its place: remove that, and yettctl "
			    "reload", ctl->config.vendor_policies, ctl->config.policies);
		else
			continue;
		term_definition("", 2, text);
	}
}

static void
show_vain(const json_t *vain)
{
	const json_t *one;
	size_t i;

	if (!json_array_size(vain))
		return;
	term_word(COLOR_BAD, "Asked for, but not seen", 0);
	putchar('\n');
	json_array_foreach(vain, i, one) {
		char head[300];
		snprintf(head, sizeof(head), "  %s", store_text(one, "name"));
		if (i < VAIN_SHOWN)
			term_definition(head, 18, store_text(one, "why"));
	}
	if (json_array_size(vain) > VAIN_SHOWN)
		printf("  and %zu more\n", json_array_size(vain) - VAIN_SHOWN);
}

/* ---- Sensors ---- */

/* "on; 12 events, 0 lost": its state, then each of its numbers by name. */
static void
show_sensor(const char *name, json_t *sensor)
{
	const char *key, *why = store_text(sensor, "why"), *error = store_text(sensor, "error");
	char head[32], text[512];
	json_t *value;

	snprintf(head, sizeof(head), "  %s", name);
	snprintf(text, sizeof(text), "%s%s%s%s%s", store_text(sensor, "state"), *why ? ": " : "", why, *error ? ": " : "", error);
	json_object_foreach(sensor, key, value) {
		size_t len = strlen(text);
		if (json_is_integer(value))
			snprintf(text + len, sizeof(text) - len, "; %s %" JSON_INTEGER_FORMAT, key, json_integer_value(value));
	}
	term_definition(head, 13, text);
}

static void
show_sensors(json_t *sensors)
{
	const char *name;
	json_t *sensor;

	term_word(COLOR_STRONG, "Sensors", 0);
	putchar('\n');
	json_object_foreach(sensors, name, sensor)
		show_sensor(name, sensor);
}

/* What was lost since yettd started. */
static void
show_losses(json_t *losses)
{
	char text[1024] = "";
	const char *name;
	json_t *n;

	json_object_foreach(losses, name, n) {
		size_t len = strlen(text);
		if (json_integer_value(n) > 0)
			snprintf(text + len, sizeof(text) - len, "%s%s %" JSON_INTEGER_FORMAT, len ? ", " : "", name, json_integer_value(n));
	}
	term_definition("  losses", 13, text[0] ? text : "none");
}

/* ---- All of it ---- */

static void
show(const struct ctl *ctl, const json_t *sight, const json_t *status)
{
	const json_t *rows = json_object_get(sight, "rows");

	printf("Of the %zu rows of telemetry, %u are lit on this host, %u of them in part.\n\n", json_array_size(rows),
	    count(rows, "lit") + count(rows, "part"), count(rows, "part"));
	show_rows(rows, "lit", COLOR_GOOD, "Lit");
	show_rows(rows, "part", COLOR_GOOD, "Lit in part: what a rule matches");
	show_rows(rows, "unasked", COLOR_ODD, "Could be seen, but no rule asks");
	show_remedies(ctl, rows);
	show_rows(rows, "nothing", COLOR_STRONG, "Nothing to see");
	show_rows(rows, "dark", COLOR_BAD, "Dark");
	show_vain(json_object_get(sight, "asked_dark"));
	putchar('\n');
	show_sensors(json_object_get(status, "sensors"));
	show_losses(json_object_get(status, "losses"));
	putchar('\n');
}

/* With SIGHT and STATUS where yettd runs. */
static void
show_json(json_t *sight, json_t *status, const struct switches *s)
{
	json_t *all = json_pack("{sb sO? sO? sO? sO? so sI sI}", "running", status != NULL, "rows", json_object_get(sight, "rows"), "asked_dark",
	    json_object_get(sight, "asked_dark"), "sensors", json_object_get(status, "sensors"), "losses", json_object_get(status, "losses"),
	    "switches", switches_json(s), "processes", (json_int_t)s->crowds.processes, "hidden", (json_int_t)s->crowds.hidden);

	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

/* What yettd says; NULL after an error on stderr. */
static json_t *
ask_status(const struct ctl *ctl, enum answer *a)
{
	static struct control_reply reply;
	json_error_t error;

	*a = control_ask(ctl, "status", &reply);
	if (*a == ANSWER_NO)
		*a = ANSWER_DONE;
	if (*a != ANSWER_DONE && reply.len)
		ctl_error("%s", reply.text);
	if (*a != ANSWER_DONE)
		return NULL;
	json_t *s = json_loadb(reply.text, reply.len, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object(s))
		return s;
	json_decref(s);
	ctl_error("the state that yettd told cannot be understood (%s); is it of this version (%s)?", error.text, VERSION);
	*a = ANSWER_UNREACHABLE;
	return NULL;
}

static json_t *
look(const struct ctl *ctl, const json_t *status, int root, enum answer *a)
{
	static struct control_reply reply;
	struct sight_ask ask = { .status = status, .config = &ctl->config, .root = root };

	*a = load_in_force(ctl, &ask.policy, &reply);
	if (*a != ANSWER_DONE)
		return NULL;
	json_t *sight = sight_look(&ask);
	policy_close(ask.policy);
	if (json_array_size(json_object_get(sight, "asked_dark")))
		*a = ANSWER_NO;
	return sight;
}

struct progress { uint64_t began_ns, shown_ns; };

/* Only where it takes long, and somebody looks. */
static void
progress(void *arg, const struct crowds *c)
{
	struct progress *p = arg;
	uint64_t now = now_boot_ns();

	if (now - p->began_ns < PROGRESS_NS || now - p->shown_ns < PROGRESS_NS / 5 || !isatty(STDERR_FILENO))
		return;
	p->shown_ns = now;
	fprintf(stderr, "\r%zu processes looked at ", c->processes);
}

static enum answer
doctor_run(struct ctl *ctl, const void *options, char **operands)
{
	static struct switches switches;
	enum answer a;

	(void)options, (void)operands;
	CLEANUP_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	json_t *status = ask_status(ctl, &a), *sight = status ? look(ctl, status, root, &a) : NULL;
	struct progress p = { .began_ns = now_boot_ns() };
	int err = switches_look(root, &switches, progress, &p);
	if (p.shown_ns)
		fprintf(stderr, "\r%40s\r", "");
	if (err)
		ctl_error("the processes of this host cannot be looked at: %s", strerror(-err));
	if (ctl->json) {
		show_json(sight, sight ? status : NULL, &switches);
	} else {
		if (sight)
			show(ctl, sight, status);
		switches_show(&switches);
	}
	json_decref(sight);
	json_decref(status);
	return a;
}

const struct command doctor_command = { .name = "doctor", .operands = "", .config = true, .run = doctor_run,
	.help = "what of all that happens yett sees on this host, and what not and why; switches of the host that close blind spots; exit 0 "
	"nothing that rules ask for is dark, 1 something is, 4 yettd does not run" };
