/* What the rows exercise: each word of the language must have been met by one event and missed by another. Taken in whole by replay.c. */
#include <stdio.h>
#include <string.h>
#include "judge/correlate.h"
#include "policy/layout.h"
#include "policy/read.h"
#include "policy/term.c"	/* for its table of modifiers: one without rows must not go unnoticed */

enum operator { OPERATOR_AND, OPERATOR_OR, OPERATOR_NOT, OPERATOR_PARENTHESES, OPERATOR_ONE, OPERATOR_ANY, OPERATOR_ALL, OPERATOR_THEM,
	OPERATOR_PATTERN, OPERATOR_STANDARD, OPERATOR_NOT_KEY, OPERATOR__MAX };
static const char *const operators[OPERATOR__MAX] = { "and", "or", "not", "( )", "1 of", "any of", "all of", "them", "name*",
	"(no condition, filter)", "not FIELD" };

struct tally { unsigned met, missed; };
static uint32_t carried[EVENT__MAX];		/* what events of a kind had in some row: enum event_have */
static struct tally met_types[L_TYPE__MAX], met_by[L_BY__END - L_BY_ENTITY + 1];
static struct tally met_fields[FIELD__MAX], met_mods[MOD__MAX], met_kinds[EVENT__MAX], met_actions[16], met_operators[OPERATOR__MAX];

/* Which operators the conditions of the policy at hand have, by "rule NAME" and "exception NAME". */
static struct { char section[READ_SECTION + 1]; unsigned operators; bool condition; } known[1024];
static unsigned n_known;

static void
count(struct tally *t, enum truth truth)
{
	t->met += truth == TRUTH_TRUE;
	t->missed += truth == TRUTH_FALSE;
}

static unsigned
operators_in(const char *condition)
{
	static const struct { const char *word; enum operator operator; } words[] = { { "and", OPERATOR_AND }, { "or", OPERATOR_OR },
		{ "not", OPERATOR_NOT }, { "1", OPERATOR_ONE }, { "any", OPERATOR_ANY }, { "all", OPERATOR_ALL }, { "them", OPERATOR_THEM } };
	unsigned found = strchr(condition, '(') ? 1u << OPERATOR_PARENTHESES : 0;

	for (const char *s = condition; *s;) {
		s += strspn(s, " \t()");
		size_t n = strcspn(s, " \t()");
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strlen(words[i].word) == n && memcmp(words[i].word, s, n) == 0)
				found |= 1u << words[i].operator;
		if (n && s[n - 1] == '*')
			found |= 1u << OPERATOR_PATTERN;
		s += n;
	}
	return found;
}

static int
on_policy_item(void *arg, const struct read_item *item)
{
	(void)arg;
	if (!item->key) {
		if (n_known == sizeof(known) / sizeof(known[0]))
			return -ENOSPC;
		snprintf(known[n_known].section, sizeof(known[0].section), "%s", item->section);
		known[n_known].operators = 0;
		known[n_known++].condition = false;
	} else if (strcmp(item->key, "condition") == 0) {
		known[n_known - 1].operators |= operators_in(item->value);
		known[n_known - 1].condition = true;
	} else if (strncmp(item->key, "filter", 6) == 0 && strchr(item->key, '/')) {
		known[n_known - 1].operators |= 1u << OPERATOR_STANDARD;
	}
	return 0;
}

static void
coverage_event(const struct event *ev)
{
	carried[ev->kind] |= ev->have;
}

static void
coverage_forget(void)
{
	n_known = 0;
}

/* Adds what one good text of the policy at hand has. */
static int
coverage_read(const char *name, const char *text, size_t len)
{
	static struct faults faults;

	return read_text(name, text, len, &faults, on_policy_item, NULL);
}

static void
count_operators(const char *kind, const char *name, enum truth truth)
{
	char section[READ_SECTION + 64];

	snprintf(section, sizeof(section), "%s %s", kind, name);
	for (unsigned i = 0; i < n_known; i++) {
		if (strcmp(known[i].section, section) != 0)
			continue;
		for (int o = 0; o < OPERATOR__MAX; o++)
			if (known[i].operators & 1u << o && (o != OPERATOR_STANDARD || !known[i].condition))
				count(&met_operators[o], truth);
	}
}

/* The key of a condition as written: not GROUP/FIELD|MODIFIER|... */
static void
count_condition(const struct judge_step *step)
{
	const char *at = step->key, *slash = strchr(at, '/');
	char name[64], word[32];

	if (strncmp(at, "not ", 4) == 0)
		count(&met_operators[OPERATOR_NOT_KEY], step->truth);
	at = slash ? slash + 1 : at + (strncmp(at, "not ", 4) == 0) * 4;
	at += strspn(at, " ");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "|"), at);
	int f = field_find(name);
	if (f >= 0)
		count(&met_fields[f], step->truth);
	for (at += strlen(name); *at == '|'; at += strcspn(at, "|")) {
		at++;
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, "|"), at);
		for (int m = 0; m < MOD__MAX; m++)
			if (strcmp(mods[m], word) == 0)
				count(&met_mods[m], step->truth);
	}
}

/* Who is judged; the argument of coverage_step(). */
struct covered { const struct policy *policy; enum event_kind kind; };

static void
coverage_step(void *arg, const struct judge_step *step)
{
	const struct covered *c = arg;
	struct rule_info rule;
	const char *name, *reason;

	if (step->key) {
		count_condition(step);
	} else if (step->exception) {
		policy_exception(c->policy, step->index, &name, &reason);
		count_operators("exception", name, step->truth);
	} else {
		policy_rule(c->policy, step->index, &rule);
		count_operators("rule", rule.name, step->truth);
		count(&met_kinds[c->kind], step->truth);
		for (int i = 0; i < 16; i++)
			if (rule.actions & 1u << i)
				count(&met_actions[i], step->truth);
	}
}

/* All correlations that V feeds, and those of them that came true. */
static void
coverage_correlated(const struct policy *p, const struct verdict *v, const struct correlated *out)
{
	for (unsigned i = 0; i < v->n_fed; i++) {
		const struct l_rule *r = layout_rules(p) + v->fed[i];
		for (uint32_t k = 0; k < r->n_feeds; k++) {
			const struct l_correlation *c = layout_correlations(p) + layout_refs(p)[r->feed + k];
			enum truth came = TRUTH_FALSE;
			for (unsigned n = 0; n < out->n; n++)
				if (out->rule[n] == c->rule)
					came = TRUTH_TRUE;
			count(&met_types[c->type], came);
			for (uint32_t n = 0; n < c->n_by; n++) {
				uint32_t by = layout_refs(p)[c->by + n];
				count(&met_by[by < L_BY_ENTITY ? 0 : by - L_BY_ENTITY + 1], came);
			}
		}
	}
}

/* One class of words: says how often each was met and missed. Returns whether each was both. */
static bool
show_class(const char *class, const struct tally *t, const char *const *names, unsigned n)
{
	bool whole = true;

	printf("coverage of %s, times met/missed:\n", class);
	for (unsigned i = 0; i < n; i++) {
		if (!names[i])
			continue;
		bool both = t[i].met && t[i].missed;
		printf("  %5u/%-5u %s%s\n", t[i].met, t[i].missed, names[i], both ? "" : "   <- needs a row that it meets and one that it misses");
		whole = whole && both;
	}
	return whole;
}

/* By an event that a sensor reports. */
static bool
is_carried(enum field f)
{
	for (int k = 0; k < EVENT__MAX; k++)
		if (event_kind_sensor((enum event_kind)k) != SENSOR_NOBODY && field_on(f, (enum event_kind)k))
			return true;
	return false;
}

/* What only some events carry: one that is said to, and of which no row has it, is as good as a guess. */
static bool
show_carriers(void)
{
	uint32_t common = HAVE_ALL;
	bool whole = true;

	for (int k = 0; k < EVENT__MAX; k++)
		common &= field_carried((enum event_kind)k);
	printf("coverage of what events carry:\n");
	for (int k = 0; k < EVENT__MAX; k++) {
		uint32_t lacking = field_carried((enum event_kind)k) & ~common & ~carried[k];
		if (event_kind_sensor((enum event_kind)k) == SENSOR_NOBODY)
			continue;
		printf("  %-12s %#x", event_kind_name((enum event_kind)k), field_carried((enum event_kind)k) & ~common);
		whole = whole && !lacking;
		for (int f = 0; f < FIELD__MAX; f++) {
			if (field_info((enum field)f)->have & lacking)
				printf("   <- needs a row with %s", field_info((enum field)f)->name);
			lacking &= ~field_info((enum field)f)->have;
		}
		putchar('\n');
	}
	return whole;
}

/* Prints all classes; counts in PASSED and FAILED those where nothing is missing and where something is. */
static void
coverage_show(unsigned *passed, unsigned *failed)
{
	static const char *const types[L_TYPE__MAX] = { "event_count", "value_count", "temporal", "temporal_ordered", "new_terms" };
	static const char *const bys[] = { "a field", "process.entity_id", "process.parent.entity_id", "process.tree", "session", "host" };
	const char *fields[FIELD__MAX], *modifiers[MOD__MAX], *kinds[EVENT__MAX], *actions[16];
	const struct { const char *class; const struct tally *tally; const char *const *names; unsigned n; } classes[] = {
		{ "fields", met_fields, fields, FIELD__MAX }, { "modifiers", met_mods, modifiers, MOD__MAX },
		{ "kinds of events", met_kinds, kinds, EVENT__MAX }, { "actions", met_actions, actions, 16 },
		{ "operators", met_operators, operators, OPERATOR__MAX }, { "types of correlations", met_types, types, L_TYPE__MAX },
		{ "group-by", met_by, bys, L_BY__END - L_BY_ENTITY + 1 } };

	for (int f = 0; f < FIELD__MAX; f++)
		fields[f] = is_carried((enum field)f) ? field_info((enum field)f)->name : NULL;
	for (int m = 0; m < MOD__MAX; m++)
		modifiers[m] = mods[m];
	for (int k = 0; k < EVENT__MAX; k++)
		kinds[k] = event_kind_sensor((enum event_kind)k) == SENSOR_NOBODY ? NULL : event_kind_name((enum event_kind)k);
	for (int i = 0; i < 16; i++)
		actions[i] = action_find(action_name((enum action)(1 << i))) ? action_name((enum action)(1 << i)) : NULL;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		bool whole = show_class(classes[i].class, classes[i].tally, classes[i].names, classes[i].n);
		*passed += whole;
		*failed += !whole;
	}
	bool whole = show_carriers();
	*passed += whole;
	*failed += !whole;
}
