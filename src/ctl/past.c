#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/grow.h"
#include "ctl/past.h"
#include "ctl/store.h"
#include "ctl/term.h"
#include "ctl/view.h"

#define AFTER_NS	(10 * NS_PER_SEC)	/* as the flight recorder does */
#define INDENT_MAX	16			/* levels that are shown as such */
#define LINES_BEFORE	80			/* of the timeline, on a terminal and in text */
#define LINES_AFTER	20

/* An entity id; 0 if there is none. */
static uint64_t
entity_at(const json_t *of, const char *member)
{
	const char *s = store_text(of, member);

	return strlen(s) == 16 && strspn(s, "0123456789abcdef") == 16 ? strtoull(s, NULL, 16) : 0;
}

static void
kin_of_record(struct kin *k, const json_t *record)
{
	const json_t *list = store_get(record, "yett.process.ancestor"), *one;
	uint64_t parent = entity_at(record, "process.parent.entity_id"), root = entity_at(record, "yett.tree.entity_id");
	size_t i;

	*k = (struct kin){ .root = root ? root : entity_at(record, "yett.summary.tree.entity_id"),
		.process = entity_at(record, "process.entity_id") };
	if (parent)
		k->up[k->n++] = parent;
	json_array_foreach(list, i, one) {
		uint64_t up = entity_at(one, "entity_id");
		if (up && (i || up != parent) && k->n < KIN_MAX)
			k->up[k->n++] = up;
	}
}

static bool
take(void *arg, json_t *record, const char *line, size_t len)
{
	struct past *p = arg;
	uint64_t time = store_time(record);
	struct kin k;

	(void)line, (void)len;
	if (p->to_ns && time > p->to_ns)
		return false;
	kin_of_record(&k, record);
	if (time < p->from_ns || strcmp(store_text(record, "event.kind"), "state") == 0 || !family_takes(&p->family, &k))
		return true;
	struct past_one *larger = p->n < PAST_RECORDS ? grow(p->one, p->n, &p->room, sizeof(*larger)) : NULL;
	p->left_out += !larger;
	if (!larger)
		return true;
	p->one = larger;
	p->one[p->n++] = (struct past_one){ json_incref(record), time };
	return true;
}

/* The process ENTITY; NULL: it is not of the family, or there is no room. */
static struct past_process *
process(struct past *p, uint64_t entity)
{
	if (!family_has(&p->family, entity))
		return NULL;
	for (size_t i = p->n_processes; i-- > 0; )
		if (p->process[i].entity == entity)
			return &p->process[i];
	struct past_process *larger = grow(p->process, p->n_processes, &p->process_room, sizeof(*larger));
	if (!larger)
		return NULL;
	p->process = larger;
	p->process[p->n_processes] = (struct past_process){ .entity = entity, .executable = "", .user = "" };
	return &p->process[p->n_processes++];
}

/* An ancestor: it is known by its descendants, unless it has records of its own. */
static bool
meet(struct past *p, const json_t *of, uint64_t below, bool of_root)
{
	uint64_t entity = entity_at(of, "entity_id");
	struct past_process *child = process(p, below);

	if (child && below != entity && !child->parent)
		child->parent = entity;
	struct past_process *up = process(p, entity);
	if (!up)
		return false;
	up->of_root = up->of_root || of_root;
	if (!up->pid)
		store_number(of, "pid", &up->pid);
	if (!*up->executable)
		up->executable = store_text(of, "executable");
	return entity != p->family.root;
}

/* What it runs now: a program that was denied did not start. */
static const char *
program(const json_t *record)
{
	bool denied = strcmp(store_text(record, "yett.verdict"), "deny") == 0 && view_kind(record) == EVENT_EXEC;

	return store_text(record, denied ? "process.previous.executable" : "process.executable");
}

static void
place(struct past *p, const json_t *record)
{
	const json_t *parent = store_get(record, "process.parent"), *list = store_get(record, "yett.process.ancestor"), *one;
	uint64_t below = entity_at(record, "process.entity_id");
	struct past_process *own = process(p, below);
	size_t i;

	if (!own)
		return;
	bool of_root = p->family.root && entity_at(record, "yett.tree.entity_id") == p->family.root;
	store_number(record, "process.pid", &own->pid);
	own->executable = *program(record) ? program(record) : own->executable;
	own->user = *store_text(record, "user.name") ? store_text(record, "user.name") : own->user;
	if (below == p->family.root)
		return;
	own->of_root = of_root;
	if (parent) {
		if (!meet(p, parent, below, of_root))
			return;
		below = entity_at(parent, "entity_id");
	}
	json_array_foreach(list, i, one) {
		if (entity_at(one, "entity_id") == below)
			continue;
		if (!meet(p, one, below, of_root))
			return;
		below = entity_at(one, "entity_id");
	}
}

/* The root, which no record may name but as the tree that it is of; who stands nowhere else stands below it. */
static void
root_the_tree(struct past *p)
{
	struct past_process *root = process(p, p->family.root);

	if (!root)
		return;
	if (!root->pid && !store_number(p->alert, "yett.tree.pid", &root->pid))
		store_number(p->alert, "yett.summary.tree.pid", &root->pid);
	root->parent = 0;
	for (size_t i = 0; i < p->n_processes; i++)
		if (p->process[i].of_root && p->process[i].entity != p->family.root && !family_has(&p->family, p->process[i].parent))
			p->process[i].parent = p->family.root;
}

/* Behind each process those that descend from it; N: how many are in order. Whoever is in a loop was put there by nobody honest. */
static size_t
put_in_order(struct past *p, uint64_t parent, unsigned depth, size_t n)
{
	for (size_t i = 0; i < p->n_processes; i++) {
		struct past_process *one = &p->process[i];
		if (one->shown || one->parent != parent)
			continue;
		one->shown = true;
		one->depth = depth;
		p->order[n++] = i;
		n = put_in_order(p, one->entity, depth + 1, n);
	}
	return n;
}

static int
grow_tree(struct past *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		place(p, p->one[i].record);
	root_the_tree(p);
	p->order = calloc(p->n_processes + 1, sizeof(*p->order));
	if (!p->order)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_processes; i++)
		if (!family_has(&p->family, p->process[i].parent))
			p->process[i].parent = 0;
	n = put_in_order(p, 0, 0, n);
	for (size_t i = 0; i < p->n_processes; i++)
		if (!p->process[i].shown) {
			p->process[i].parent = 0;
			n = put_in_order(p, 0, 0, n);
		}
	return 0;
}

static int
by_time(const void *x, const void *y)
{
	const struct past_one *a = x, *b = y;

	return (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
}

int
past_gather(struct past *p, const struct past_ask *ask)
{
	char path[PATH_MAX];
	struct store_ask from = { .log = ask->log, .fn = take, .arg = p };

	*p = (struct past){ .alert = ask->alert, .alert_ns = store_time(ask->alert) };
	kin_of_record(&p->kin, ask->alert);
	if (!p->kin.process)
		return 0;
	family_begin(&p->family, &p->kin);
	if (ask->file) {
		snprintf(path, sizeof(path), "%s/%s", ask->log, ask->file);
		snprintf(p->source, sizeof(p->source), "%.40s", ask->file);
		from.path = path;
	} else {
		p->from_ns = from.since_ns = p->alert_ns > ask->span_ns ? p->alert_ns - ask->span_ns : 0;
		p->to_ns = p->alert_ns + AFTER_NS;
		snprintf(p->source, sizeof(p->source), "the logs");
	}
	int err = store_read(&from);
	if (err)
		return err;
	if (p->n)
		qsort(p->one, p->n, sizeof(*p->one), by_time);
	return grow_tree(p);
}

void
past_done(struct past *p)
{
	for (size_t i = 0; i < p->n; i++)
		json_decref(p->one[i].record);
	free(p->one);
	free(p->process);
	free(p->order);
	*p = (struct past){ 0 };
}

static void
show_process(const struct past *p, const struct past_process *one, unsigned columns)
{
	unsigned indent = 2 + 2 * (one->depth < INDENT_MAX ? one->depth : INDENT_MAX);
	bool is_it = one->entity == p->kin.process;
	char text[8192];

	unsigned used = (unsigned)printf("%*s%" PRId64 " ", (int)indent, "", one->pid) + (is_it ? 14 : 0);
	snprintf(text, sizeof(text), "%s%s%s%s", *one->executable ? one->executable : "?", *one->user ? " (" : "", one->user,
	    *one->user ? ")" : "");
	term_fit(text, (struct fit){ !columns ? sizeof(text) : columns > used + 8 ? columns - used : 8, false });
	puts(is_it ? "  <- the alert" : "");
}

/* What it was about. */
static void
object(const json_t *record, char *out, size_t size)
{
	static const char *const places[] = { "file.path", "destination.ip", "yett.target.process.executable", "process.executable" };
	const char *line = view_kind(record) == EVENT_EXEC ? store_text(record, "process.command_line") : "";

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !*line; i++)
		line = store_text(record, places[i]);
	snprintf(out, size, "%s", line);
}

static const char *
action(const json_t *record)
{
	const char *of = store_text(record, "yett.summary.of");

	return *of ? of : store_text(record, "event.action");
}

static double
offset(const struct past *p, const struct past_one *one)
{
	return ((double)one->time_ns - (double)p->alert_ns) / 1e9;
}

static void
show_moment(const struct past *p, const struct past_one *one, unsigned columns)
{
	char text[4096];
	enum color color;
	const char *outcome = view_outcome(one->record, &color), *rule = store_text(one->record, "rule.name");
	int64_t pid = 0, count;

	store_number(one->record, "process.pid", &pid);
	unsigned used = (unsigned)printf("%+10.3f %7" PRId64 "  ", offset(p, one), pid) + 11 + 8 + 20;
	term_word(color, outcome, 11);
	term_fit(action(one->record), (struct fit){ 7, true });
	putchar(' ');
	term_fit(rule, (struct fit){ 19, true });
	putchar(' ');
	object(one->record, text, sizeof(text) - 32);
	if (store_get(one->record, "yett.summary") && store_number(one->record, "yett.count", &count))
		snprintf(text, 32, "%" PRId64 " more like it", count);
	term_fit(text, (struct fit){ !columns ? sizeof(text) : columns > used ? columns - used : 1, false });
	putchar('\n');
}

static void
show_timeline(const struct past *p, unsigned columns)
{
	size_t at = 0, from, to;

	while (at < p->n && p->one[at].time_ns < p->alert_ns)
		at++;
	from = at > LINES_BEFORE ? at - LINES_BEFORE : 0;
	to = p->n - at > LINES_AFTER ? at + LINES_AFTER : p->n;
	puts("\nTimeline, in seconds from the alert on:");
	if (from)
		printf("  ... %zu earlier ones: --json has all\n", from);
	for (size_t i = from; i < to; i++)
		show_moment(p, &p->one[i], columns);
	if (to < p->n)
		printf("  ... %zu later ones: --json has all\n", p->n - to);
	if (p->left_out)
		printf("  %" PRIu64 " records more had no room\n", p->left_out);
}

void
past_show(const struct past *p)
{
	unsigned columns = term_columns();

	if (!p->n)
		return;
	printf("\nProcess tree, by %zu record%s of %s:\n", p->n, p->n == 1 ? "" : "s", p->source);
	for (size_t i = 0; i < p->n_processes; i++)
		show_process(p, &p->process[p->order[i]], columns);
	show_timeline(p, columns);
}

static json_t *
hex(uint64_t entity)
{
	char text[17];

	snprintf(text, sizeof(text), "%016" PRIx64, entity);
	return json_string(text);
}

void
past_json(const struct past *p, json_t *all)
{
	json_t *tree = json_array(), *timeline = json_array();
	char text[4096];

	for (size_t i = 0; i < p->n_processes; i++) {
		const struct past_process *one = &p->process[p->order[i]];
		json_t *item = json_pack("{sI, so, si, ss, ss}", "pid", (json_int_t)one->pid, "entity_id", hex(one->entity),
		    "depth", (int)one->depth, "executable", one->executable, "user", one->user);
		if (one->parent)
			json_object_set_new(item, "parent_entity_id", hex(one->parent));
		json_array_append_new(tree, item);
	}
	for (size_t i = 0; i < p->n; i++) {
		const json_t *record = p->one[i].record;
		enum color color;
		object(record, text, sizeof(text));
		json_array_append_new(timeline, json_pack("{sf, ss, ss, ss, ss, ss, sO*}", "offset_s", offset(p, &p->one[i]),
		    "id", store_text(record, "event.id"), "action", action(record), "outcome", view_outcome(record, &color),
		    "rule", store_text(record, "rule.name"), "object", text, "pid", store_get(record, "process.pid")));
	}
	json_object_set_new(all, "source", json_string(p->source));
	json_object_set_new(all, "tree", tree);
	json_object_set_new(all, "timeline", timeline);
	if (p->left_out)
		json_object_set_new(all, "left_out", json_integer((json_int_t)p->left_out));
}
