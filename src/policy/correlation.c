#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "policy/build.h"
#include "policy/near.h"
#include "policy/scalar.h"

#define SECOND_NS	1000000000ull
#define DAY_NS		(86400 * SECOND_NS)
#define TIMESPAN_MOST	(3600 * SECOND_NS)
#define WINDOW_MOST	(400 * DAY_NS)
#define COUNT_MOST	1000000

static const char *const types[L_TYPE__MAX] = {
	[L_EVENT_COUNT] = "event_count", [L_VALUE_COUNT] = "value_count", [L_TEMPORAL] = "temporal",
	[L_TEMPORAL_ORDERED] = "temporal_ordered", [L_NEW_TERMS] = "new_terms",
};
static const struct { const char *name; enum l_by by; } bys[] = {
	{ "process.entity_id", L_BY_ENTITY }, { "process.parent.entity_id", L_BY_PARENT_ENTITY }, { "process.tree", L_BY_TREE },
	{ "session", L_BY_SESSION }, { "host", L_BY_HOST },
};
#define BYS (sizeof(bys) / sizeof(bys[0]))

/* A correlation under way. */
struct making { struct build *b; struct draft_section *s; struct l_correlation c; };

static void
fault(const struct making *m, const char *key, const char *why)
{
	const struct draft_key *k = draft_key(m->s, key);

	fault_add(m->b->d.faults, m->s->file, k ? k->line : m->s->line, "%s: %s", key, why);
}

static void
take_type(struct making *m)
{
	const char *v = draft_whole(&m->b->d, m->s, "type");
	char why[160], hint[80];

	for (uint32_t t = 0; t < L_TYPE__MAX; t++) {
		if (strcmp(v, types[t]) == 0) {
			m->c.type = t;
			return;
		}
	}
	snprintf(why, sizeof(why), "'%.40s' is none of event_count, value_count, temporal, temporal_ordered, new_terms%s", v,
	    near_hint(near_name(v, types, L_TYPE__MAX), hint, sizeof(hint)));
	fault(m, "type", why);
}

/* A duration under KEY, at most MOST; FALLBACK without the key. */
static uint64_t
take_duration(struct making *m, const char *key, uint64_t most, uint64_t fallback)
{
	const char *v = draft_whole(&m->b->d, m->s, key);
	uint64_t ns = fallback;

	if (draft_key(m->s, key) && (scalar_duration(v, &ns) || ns > most))
		fault(m, key, most == TIMESPAN_MOST ? "is a time such as 60s or 5m, at most 1h" : "is a time such as 14d, at most 400d");
	return ns;
}

static void
take_times(struct making *m)
{
	if (m->c.type == L_NEW_TERMS) {
		m->c.window_ns = take_duration(m, "window", WINDOW_MOST, 14 * DAY_NS);
		m->c.learn_ns = take_duration(m, "learn", WINDOW_MOST, DAY_NS);
		return;
	}
	m->c.timespan_ns = take_duration(m, "timespan", TIMESPAN_MOST, SECOND_NS);
	if (!draft_key(m->s, "timespan"))
		fault(m, "timespan", "within which time? At most 1h");
	else if (m->c.timespan_ns < SECOND_NS / 1000)
		fault(m, "timespan", "is too short: at least 1ms");
}

/* gte: 10, or gt: 9. */
static void
take_condition(struct making *m)
{
	const char *v = draft_whole(&m->b->d, m->s, "condition");
	bool counts = m->c.type == L_EVENT_COUNT || m->c.type == L_VALUE_COUNT, more = strncmp(v, "gt:", 3) == 0;
	uint64_t n;

	m->c.count = 1;
	if (!counts) {
		if (draft_key(m->s, "condition"))
			fault(m, "condition", "is for event_count and value_count");
		return;
	}
	size_t word = more ? 3 : strncmp(v, "gte:", 4) == 0 ? 4 : 0;
	const char *digits = v + word + strspn(v + word, " ");
	uint64_t most = m->c.type == L_VALUE_COUNT ? CORRELATION_VALUES : COUNT_MOST;
	if (!word || scalar_unsigned(digits, most, &n) || n + more == 0 || n + more > most)
		fault(m, "condition", m->c.type == L_VALUE_COUNT ? "is `gte: N` or `gt: N`, up to 64 values" :
		    "is `gte: N` or `gt: N`, up to 1000000; fewer than N cannot be noticed when something happens");
	else
		m->c.count = (uint32_t)n + more;
}

static void
take_field(struct making *m)
{
	const char *v = draft_whole(&m->b->d, m->s, "field");
	int f = field_find(v);
	char why[160], hint[80];

	if (m->c.type != L_VALUE_COUNT) {
		if (draft_key(m->s, "field"))
			fault(m, "field", "is for value_count; name fields of new_terms in group-by");
		return;
	}
	if (f < 0) {
		snprintf(why, sizeof(why), "'%.60s' is no field whose values could be counted%s", v,
		    near_hint(field_nearest(v), hint, sizeof(hint)));
		fault(m, "field", why);
		return;
	}
	m->c.field = (uint32_t)f;
}

static int
by_find(const char *name)
{
	for (size_t i = 0; i < BYS; i++)
		if (strcmp(bys[i].name, name) == 0)
			return (int)bys[i].by;
	return field_find(name);
}

static const char *
by_nearest(const char *name)
{
	const char *names[BYS];

	for (size_t i = 0; i < BYS; i++)
		names[i] = bys[i].name;
	const char *near = near_name(name, names, BYS);
	return near ? near : field_nearest(name);
}

static void
take_by(struct making *m)
{
	struct draft_key *k = draft_key(m->s, "group-by");
	const struct draft_value *v = k ? draft_values(&m->b->d, m->s, k) : NULL;
	char why[200], hint[80];

	m->c.by = (uint32_t)m->b->refs.n;
	for (; v; v = v->next) {
		int by = by_find(v->value);
		uint32_t ref = (uint32_t)by;
		if (by < 0) {
			snprintf(why, sizeof(why), "'%.60s' is no field, and none of process.tree, process.entity_id, process.parent.entity_id, "
			    "session, host%s", v->value, near_hint(by_nearest(v->value), hint, sizeof(hint)));
			fault(m, "group-by", why);
		}
		table_add(&m->b->refs, &ref, 1);
		m->c.n_by++;
	}
	if (k && !k->values && !k->bad)
		fault(m, "group-by", "has no value");
	if (m->c.n_by > CORRELATION_BY)
		fault(m, "group-by", "has more than 8 fields");
	if (m->c.type == L_NEW_TERMS && !k)
		fault(m, "group-by", "which fields make a combination that may be new?");
}

/* So that a definition that did not change keeps its state over a reload. */
static uint64_t
identity(struct making *m)
{
	crypto_generichash_state st;
	uint64_t id;

	crypto_generichash_init(&st, NULL, 0, crypto_generichash_BYTES_MIN > sizeof(id) ? crypto_generichash_BYTES_MIN : sizeof(id));
	unsigned char out[crypto_generichash_BYTES_MIN];
	crypto_generichash_update(&st, (const unsigned char *)m->s->name, strlen(m->s->name) + 1);
	for (const struct draft_key *k = m->s->keys; k; k = k->next) {
		crypto_generichash_update(&st, (const unsigned char *)k->key, strlen(k->key) + 1);
		for (const struct draft_text *t = k->text; t; t = t->next)
			crypto_generichash_update(&st, (const unsigned char *)t->text, strlen(t->text) + 1);
	}
	crypto_generichash_final(&st, out, sizeof(out));
	memcpy(&id, out, sizeof(id));
	return id;
}

void
correlation_compile(struct build *b, struct draft_section *s)
{
	struct making m = { .b = b, .s = s };
	struct l_rule r = { 0 };

	take_type(&m);
	take_times(&m);
	take_condition(&m);
	take_field(&m);
	take_by(&m);
	build_needed(b, s, "rules", ": which rules does it join?");
	m.c.id = identity(&m);
	build_common(b, s, &r);
	if (b->correlations.n == CORRELATIONS_MAX)
		fault(&m, "type", "more than 256 correlations in all");
	r.correlation = table_add(&b->correlations, &m.c, 1) + 1;
	if (r.actions & ACTION_ALLOW)
		fault(&m, "action", "a correlation cannot allow: write a rule");
	build_unknown_keys(b, s, logic_settings(s));
	table_add(&b->rules, &r, 1);
}

static uint32_t
rule_find(struct build *b, const char *name)
{
	for (uint32_t i = 0; i < b->rules.n; i++)
		if (strcmp(table_at(&b->strings, ((const struct l_rule *)table_at(&b->rules, i))->name), name) == 0)
			return i;
	return UINT32_MAX;
}

static bool
take_rule(struct making *m, const struct draft_value *v)
{
	uint32_t i = rule_find(m->b, v->value);
	const char *names[512];
	char hint[80];
	size_t n = 0;

	if (i != UINT32_MAX && !((const struct l_rule *)table_at(&m->b->rules, i))->correlation) {
		table_add(&m->b->refs, &i, 1);
		m->c.n_refs++;
		return true;
	}
	for (const struct draft_section *s = m->b->d.sections; s && n < 512; s = s->next)
		if (s->kind == SECTION_RULE)
			names[n++] = s->name;
	fault_add(m->b->d.faults, m->s->file, v->line, i == UINT32_MAX ? "there is no rule '%.80s'%s" :
	    "'%.80s' is a correlation itself: name rules%s", v->value, near_hint(near_name(v->value, names, n), hint, sizeof(hint)));
	return false;
}

/* All kinds of events that may complete it: of its rules, or where an order is given of the last. */
static void
join_kinds(struct making *m, struct l_rule *r)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < m->c.n_refs; i++) {
		const struct l_rule *one = table_at(&m->b->rules, *(const uint32_t *)table_at(&m->b->refs, m->c.ref + i));
		r->kinds |= one->kinds;
		last = one->kinds;
	}
	build_check_actions(m->b, m->s, m->c.type == L_TEMPORAL_ORDERED ? last : r->kinds, r);
}

static void
join_one(struct build *b, struct draft_section *s)
{
	uint32_t at = rule_find(b, s->name);
	struct draft_key *k = draft_key(s, "rules");

	if (at == UINT32_MAX || !k)
		return;
	struct l_rule *r = table_at(&b->rules, at);
	struct making m = { .b = b, .s = s, .c = *(const struct l_correlation *)table_at(&b->correlations, r->correlation - 1) };
	bool good = true;
	m.c.rule = at;
	m.c.ref = (uint32_t)b->refs.n;
	for (const struct draft_value *v = draft_values(&b->d, s, k); v; v = v->next)
		good = take_rule(&m, v) && good;
	bool temporal = m.c.type == L_TEMPORAL || m.c.type == L_TEMPORAL_ORDERED;
	if (good && temporal && m.c.n_refs < 2)
		fault(&m, "rules", "names at least two rules that have to come together");
	if (m.c.n_refs > CORRELATION_RULES)
		fault(&m, "rules", "names more than 16 rules");
	join_kinds(&m, r);
	memcpy(table_at(&b->correlations, r->correlation - 1), &m.c, sizeof(m.c));
}

static bool
names_rule(struct build *b, const struct l_correlation *c, uint32_t rule)
{
	for (uint32_t i = 0; i < c->n_refs; i++)
		if (*(const uint32_t *)table_at(&b->refs, c->ref + i) == rule)
			return true;
	return false;
}

void
correlation_join(struct build *b)
{
	for (struct draft_section *s = b->d.sections; s; s = s->next)
		if (s->kind == SECTION_CORRELATION)
			join_one(b, s);
	for (uint32_t i = 0; i < b->rules.n && b->correlations.n; i++) {
		struct l_rule *r = table_at(&b->rules, i);
		r->feed = (uint32_t)b->refs.n;
		for (uint32_t c = 0; c < b->correlations.n; c++) {
			if (names_rule(b, table_at(&b->correlations, c), i)) {
				table_add(&b->refs, &c, 1);
				r->n_feeds++;
			}
		}
	}
}

bool
correlation_names(struct build *b, const char *rule)
{
	for (struct draft_section *s = b->d.sections; s; s = s->next) {
		struct draft_key *k = s->kind == SECTION_CORRELATION ? draft_key(s, "rules") : NULL;
		for (const struct draft_value *v = k ? draft_values(&b->d, s, k) : NULL; v; v = v->next)
			if (strcmp(v->value, rule) == 0)
				return true;
	}
	return false;
}
