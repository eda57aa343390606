#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include "judge/correlate.h"
#include "policy/layout.h"

#define HEADS		4096u
#define SLICES		16u
#define NS_PER_SEC	1000000000ull

typedef uint16_t group_id;		/* 1-based; 0: none */
_Static_assert(CORRELATE_GROUPS < UINT16_MAX, "a group has a 16-bit number");

struct counted { uint64_t n, at[CORRELATE_TIMES]; };				/* event_count, few */
struct sliced { uint64_t slice[SLICES]; uint32_t n[SLICES]; };			/* event_count, many: number of the slice, events in it */
struct valued { uint64_t hash[CORRELATION_VALUES], at[CORRELATION_VALUES]; };	/* value_count */
struct staged { uint64_t at[CORRELATION_RULES]; };				/* temporal: last match; ordered: begin of the chain that got here */

struct group {
	uint64_t	key[2];		/* of its values; unused in trees */
	uint64_t	generation;	/* rises with each use of the place, so an old mark points nowhere */
	uint64_t	last_ns, fired_ns;
	uint16_t	correlation;
	bool		used, hashed;
	group_id	same_hash, older, newer;	/* newer: of free ones too */
	union { struct counted counted; struct sliced sliced; struct valued valued; struct staged staged; } state;
};

struct line { uint32_t n; group_id oldest, newest; };	/* groups of one correlation, by last use */

struct correlate {
	uint8_t		key[crypto_shorthash_siphashx24_KEYBYTES];
	struct tree	*tree;
	struct terms	*terms;
	uint64_t	evicted, generation;
	uint32_t	n, top;
	group_id	free;
	uint64_t	id[CORRELATIONS_MAX];	/* of the correlations of the policy in force */
	struct line	line[CORRELATIONS_MAX];
	group_id	head[HEADS];
	struct group	group[CORRELATE_GROUPS + 1];
};

/* What is being correlated: one event for one correlation. */
struct matter {
	struct correlate	*c;
	const struct policy	*p;
	const struct l_correlation *def;
	uint16_t		 index;
	const struct event	*ev;
	uint64_t		 key[2];
};

int
correlate_new(struct correlate **out, struct tree *tree, struct terms *terms)
{
	struct correlate *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (c == MAP_FAILED)
		return -errno;
	if (getrandom(c->key, sizeof(c->key), 0) != (ssize_t)sizeof(c->key)) {
		munmap(c, sizeof(*c));
		return -EIO;
	}
	c->tree = tree;
	c->terms = terms;
	*out = c;
	return 0;
}

void
correlate_free(struct correlate *c)
{
	if (c)
		munmap(c, sizeof(*c));
}

static group_id *
head_of(struct correlate *c, const uint64_t key[2])
{
	return &c->head[key[0] % HEADS];
}

static void
line_out(struct correlate *c, group_id i)
{
	struct group *g = &c->group[i];
	struct line *l = &c->line[g->correlation];

	*(g->older ? &c->group[g->older].newer : &l->oldest) = g->newer;
	*(g->newer ? &c->group[g->newer].older : &l->newest) = g->older;
	g->older = g->newer = 0;
	l->n--;
}

static void
line_newest(struct correlate *c, group_id i)
{
	struct group *g = &c->group[i];
	struct line *l = &c->line[g->correlation];

	g->older = l->newest;
	*(g->older ? &c->group[g->older].newer : &l->oldest) = i;
	l->newest = i;
	l->n++;
}

static void
forget(struct correlate *c, group_id i)
{
	struct group *g = &c->group[i];

	line_out(c, i);
	if (g->hashed) {
		group_id *at = head_of(c, g->key);
		while (*at != i)
			at = &c->group[*at].same_hash;
		*at = g->same_hash;
	}
	*g = (struct group){ .newer = c->free };
	c->free = i;
	c->n--;
}

static uint64_t
age(uint64_t now_ns, uint64_t then_ns)
{
	return now_ns > then_ns ? now_ns - then_ns : 0;
}

/* Room for one more: the oldest group of the correlation with most of them. */
static void
make_room(struct matter *m)
{
	struct correlate *c = m->c;
	unsigned most = m->index;

	for (unsigned i = 0; i < m->p->correlations.n && i < CORRELATIONS_MAX; i++)
		if (c->line[i].n > c->line[most].n)
			most = i;
	group_id i = c->line[most].oldest;
	if (age(m->ev->boot_ns, c->group[i].last_ns) <= layout_correlations(m->p)[most].timespan_ns)
		c->evicted++;
	forget(c, i);
}

static struct group *
begin(struct matter *m, bool hashed)
{
	struct correlate *c = m->c;

	if (!c->free && c->top == CORRELATE_GROUPS)
		make_room(m);
	group_id i = c->free;
	if (i)
		c->free = c->group[i].newer;
	else
		i = (group_id)++c->top;
	struct group *g = &c->group[i];
	*g = (struct group){ .key = { m->key[0], m->key[1] }, .generation = ++c->generation, .correlation = m->index, .used = true,
		.hashed = hashed };
	if (hashed) {
		g->same_hash = *head_of(c, m->key);
		*head_of(c, m->key) = i;
	}
	line_newest(c, i);
	c->n++;
	return g;
}

/* A mark on a process names a group: its place and its generation. */
static uint64_t
mark_of(const struct correlate *c, const struct group *g)
{
	return g->generation << 16 | (uint64_t)(g - c->group);
}

static bool
is_ours(void *arg, uint64_t mark)
{
	struct matter *m = arg;
	const struct group *g = &m->c->group[mark & 0xffff];

	return (mark & 0xffff) <= CORRELATE_GROUPS && g->used && g->generation == mark >> 16 && g->correlation == m->index &&
	    memcmp(g->key, m->key, sizeof(g->key)) == 0;
}

static struct group *
find_tree(struct matter *m)
{
	bool ordered = m->def->type == L_TEMPORAL || m->def->type == L_TEMPORAL_ORDERED;
	uint64_t mark = tree_marked(m->c->tree, m->ev->process.pid, is_ours, m);

	if (mark)
		return &m->c->group[mark & 0xffff];
	struct group *g = begin(m, false);
	tree_mark(m->c->tree, m->ev->process.pid, mark_of(m->c, g), !ordered);
	return g;
}

static struct group *
find(struct matter *m)
{
	for (group_id i = *head_of(m->c, m->key); i; i = m->c->group[i].same_hash) {
		const struct group *g = &m->c->group[i];
		if (g->correlation == m->index && memcmp(g->key, m->key, sizeof(g->key)) == 0)
			return &m->c->group[i];
	}
	return begin(m, true);
}

/* The values of all fields of one event that make its group, as bytes. False: one of them has none. */
struct values { size_t len; uint8_t bytes[4096]; };

static void
put(struct values *v, const void *bytes, size_t len)
{
	uint32_t n = (uint32_t)len;

	if (sizeof(n) + len > sizeof(v->bytes) - v->len)
		len = n = 0;		/* longer than any path that is kept: told apart by the others */
	memcpy(v->bytes + v->len, &n, sizeof(n));
	memcpy(v->bytes + v->len + sizeof(n), bytes, len);
	v->len += sizeof(n) + len;
}

static bool
put_field(struct values *v, const struct event *ev, enum field f)
{
	struct field_cursor cur;
	struct value one;

	if (field_open(&cur, ev, f) != FIELD_PRESENT || !field_next(&cur, &one))
		return false;
	if (field_is_number(field_info(f)->type))
		put(v, &one.number, sizeof(one.number));
	else
		put(v, one.text, one.len);
	return true;
}

static bool
put_by(struct values *v, const struct event *ev, uint32_t by)
{
	if (by < FIELD__MAX)
		return put_field(v, ev, (enum field)by);
	switch ((enum l_by)by) {
	case L_BY_ENTITY:
		put(v, &ev->process.entity, sizeof(ev->process.entity));
		return ev->process.entity != 0;
	case L_BY_PARENT_ENTITY:
		put(v, &ev->parent.entity, sizeof(ev->parent.entity));
		return ev->parent.entity != 0;
	case L_BY_SESSION:
		put(v, &ev->process.session, sizeof(ev->process.session));
		return ev->process.session != UINT32_MAX;
	case L_BY_TREE: case L_BY_HOST: case L_BY__END:
		break;
	}
	return true;
}

static bool
by_tree(const struct matter *m)
{
	for (uint32_t i = 0; i < m->def->n_by; i++)
		if (layout_refs(m->p)[m->def->by + i] == L_BY_TREE)
			return true;
	return false;
}

static bool
gather(const struct matter *m, struct values *v)
{
	v->len = 0;
	for (uint32_t i = 0; i < m->def->n_by; i++)
		if (!put_by(v, m->ev, layout_refs(m->p)[m->def->by + i]))
			return false;
	return true;
}

static bool
count_event(struct group *g, const struct l_correlation *def, uint64_t now_ns)
{
	struct counted *k = &g->state.counted;

	k->at[k->n++ % CORRELATE_TIMES] = now_ns;
	return k->n >= def->count && age(now_ns, k->at[(k->n - def->count) % CORRELATE_TIMES]) <= def->timespan_ns;
}

/* The oldest slice is counted as a whole: it never says too few. */
static bool
count_slice(struct group *g, const struct l_correlation *def, uint64_t now_ns)
{
	struct sliced *s = &g->state.sliced;
	uint64_t slice = now_ns / (def->timespan_ns / (SLICES - 1) + 1) + 1, total = 0;
	unsigned at = (unsigned)(slice % SLICES);

	if (s->slice[at] != slice) {
		s->slice[at] = slice;
		s->n[at] = 0;
	}
	s->n[at]++;
	for (unsigned i = 0; i < SLICES; i++)
		if (s->slice[i] && s->slice[i] + SLICES > slice)
			total += s->n[i];
	return total >= def->count;
}

static void
note_value(struct valued *v, uint64_t hash, uint64_t now_ns)
{
	unsigned oldest = 0;

	for (unsigned i = 0; i < CORRELATION_VALUES; i++) {
		if (v->hash[i] == hash) {
			v->at[i] = now_ns;
			return;
		}
		if (v->at[i] < v->at[oldest])
			oldest = i;
	}
	v->hash[oldest] = hash;
	v->at[oldest] = now_ns;
}

static bool
count_values(struct group *g, struct matter *m)
{
	struct field_cursor cur;
	struct value one;
	uint64_t now_ns = m->ev->boot_ns, hash;
	uint32_t n = 0;
	bool number = field_is_number(field_info((enum field)m->def->field)->type);

	if (field_open(&cur, m->ev, (enum field)m->def->field) != FIELD_PRESENT)
		return false;
	while (field_next(&cur, &one)) {
		const void *bytes = number ? (const void *)&one.number : one.text;
		crypto_shorthash((unsigned char *)&hash, bytes, number ? sizeof(one.number) : one.len, m->c->key);
		note_value(&g->state.valued, hash ? hash : 1, now_ns);
	}
	for (unsigned i = 0; i < CORRELATION_VALUES; i++)
		n += g->state.valued.hash[i] && age(now_ns, g->state.valued.at[i]) <= m->def->timespan_ns;
	return n >= m->def->count;
}

static bool
all_came(struct group *g, const struct l_correlation *def, uint64_t now_ns)
{
	for (uint32_t i = 0; i < def->n_refs; i++)
		if (!g->state.staged.at[i] || age(now_ns, g->state.staged.at[i]) > def->timespan_ns)
			return false;
	return true;
}

/* Stage I is reached by a chain that reached the one before in time. The youngest begin is kept: it lasts longest. */
static bool
in_order(struct group *g, const struct l_correlation *def, uint32_t stage, uint64_t now_ns)
{
	uint64_t *at = g->state.staged.at;

	if (stage == 0)
		at[0] = now_ns;
	else if (at[stage - 1] && age(now_ns, at[stage - 1]) <= def->timespan_ns)
		at[stage] = at[stage - 1];
	else
		return false;
	return stage + 1 == def->n_refs;
}

/* RULE matched. From the last stage to the first, so that one event does not climb two. */
static bool
stages(struct group *g, struct matter *m, uint32_t rule)
{
	bool ordered = m->def->type == L_TEMPORAL_ORDERED, done = false;

	for (uint32_t i = m->def->n_refs; i-- > 0;) {
		if (layout_refs(m->p)[m->def->ref + i] != rule)
			continue;
		if (ordered)
			done = in_order(g, m->def, i, m->ev->boot_ns) || done;
		else
			g->state.staged.at[i] = m->ev->boot_ns;
	}
	return ordered ? done : all_came(g, m->def, m->ev->boot_ns);
}

static bool
holds(struct group *g, struct matter *m, uint32_t rule)
{
	switch ((enum l_type)m->def->type) {
	case L_EVENT_COUNT:
		return m->def->count <= CORRELATE_TIMES ? count_event(g, m->def, m->ev->boot_ns) : count_slice(g, m->def, m->ev->boot_ns);
	case L_VALUE_COUNT:
		return count_values(g, m);
	case L_TEMPORAL: case L_TEMPORAL_ORDERED:
		return stages(g, m, rule);
	case L_NEW_TERMS: case L_TYPE__MAX:
		break;
	}
	return false;
}

/* What holds on is told once in its timespan; but what shall be denied is denied each time. */
static bool
fires(struct group *g, const struct matter *m)
{
	bool denies = layout_rules(m->p)[m->def->rule].actions & ACTION_DENY;

	if (g->fired_ns && !denies && age(m->ev->boot_ns, g->fired_ns) < m->def->timespan_ns)
		return false;
	g->fired_ns = m->ev->boot_ns;
	return true;
}

static bool
is_new(struct matter *m, const struct values *v)
{
	struct term_seen s = { .id = m->def->id, .bytes = v->bytes, .len = v->len, .now_s = (uint32_t)(m->ev->wall_ns / NS_PER_SEC),
		.window_s = (uint32_t)(m->def->window_ns / NS_PER_SEC), .learn_s = (uint32_t)(m->def->learn_ns / NS_PER_SEC) };

	return m->c->terms && terms_new(m->c->terms, &s);
}

static bool
comes_true(struct matter *m, uint32_t rule)
{
	struct values v;

	if (!gather(m, &v))
		return false;
	if (m->def->type == L_NEW_TERMS)
		return is_new(m, &v);
	crypto_shorthash_siphashx24((unsigned char *)m->key, v.bytes, v.len, m->c->key);
	struct group *g = by_tree(m) ? find_tree(m) : find(m);
	g->last_ns = m->ev->boot_ns;
	line_out(m->c, (group_id)(g - m->c->group));
	line_newest(m->c, (group_id)(g - m->c->group));
	return holds(g, m, rule) && fires(g, m);
}

static void
come_true(struct correlated *out, uint32_t rule)
{
	for (unsigned i = 0; i < out->n; i++)
		if (out->rule[i] == rule)
			return;
	if (out->n < CORRELATED_MAX)
		out->rule[out->n++] = (uint16_t)rule;
}

void
correlate(struct correlate *c, const struct policy *p, const struct event *ev, const struct verdict *v, struct correlated *out)
{
	out->n = 0;
	for (unsigned i = 0; i < v->n_fed; i++) {
		const struct l_rule *r = layout_rules(p) + v->fed[i];
		for (uint32_t k = 0; k < r->n_feeds; k++) {
			uint32_t index = layout_refs(p)[r->feed + k];
			struct matter m = { .c = c, .p = p, .def = layout_correlations(p) + index, .index = (uint16_t)index, .ev = ev };
			if (index < CORRELATIONS_MAX && comes_true(&m, v->fed[i]))
				come_true(out, m.def->rule);
		}
	}
}

static uint32_t
needs_of(const struct policy *p, const struct l_correlation *def)
{
	uint32_t needs = def->type == L_VALUE_COUNT ? field_info((enum field)def->field)->have : 0;

	for (uint32_t i = 0; i < def->n_by; i++) {
		uint32_t by = layout_refs(p)[def->by + i];
		needs |= by < FIELD__MAX ? field_info((enum field)by)->have : by == L_BY_SESSION ? HAVE_AUID : 0;
	}
	return needs;
}

uint32_t
correlate_needs(const struct policy *p, const struct verdict *v)
{
	uint32_t needs = 0;

	for (unsigned i = 0; i < v->n_fed; i++) {
		const struct l_rule *r = layout_rules(p) + v->fed[i];
		for (uint32_t k = 0; k < r->n_feeds; k++)
			needs |= needs_of(p, layout_correlations(p) + layout_refs(p)[r->feed + k]);
	}
	return needs;
}

/* The correlation of the new policy with this id, or CORRELATIONS_MAX. */
static unsigned
find_id(const struct policy *p, uint64_t id)
{
	unsigned i = 0;

	while (i < p->correlations.n && i < CORRELATIONS_MAX && layout_correlations(p)[i].id != id)
		i++;
	return i < p->correlations.n ? i : CORRELATIONS_MAX;
}

void
correlate_policy(struct correlate *c, const struct policy *p)
{
	uint16_t moved[CORRELATIONS_MAX];

	for (unsigned i = 0; i < CORRELATIONS_MAX; i++)
		moved[i] = (uint16_t)(c->id[i] ? find_id(p, c->id[i]) : CORRELATIONS_MAX);
	for (uint32_t i = 1; i <= c->top; i++)
		if (c->group[i].used && moved[c->group[i].correlation] == CORRELATIONS_MAX)
			forget(c, (group_id)i);
	struct line old[CORRELATIONS_MAX];
	memcpy(old, c->line, sizeof(old));
	memset(c->line, 0, sizeof(c->line));
	for (unsigned i = 0; i < CORRELATIONS_MAX; i++)
		if (moved[i] < CORRELATIONS_MAX)
			c->line[moved[i]] = old[i];
	for (uint32_t i = 1; i <= c->top; i++)
		if (c->group[i].used)
			c->group[i].correlation = moved[c->group[i].correlation];
	for (unsigned i = 0; i < CORRELATIONS_MAX; i++)
		c->id[i] = i < p->correlations.n ? layout_correlations(p)[i].id : 0;
}

bool
correlate_joins(const struct policy *p, uint64_t a, uint64_t b)
{
	for (uint32_t i = 0; i < p->correlations.n; i++) {
		const struct l_correlation *def = layout_correlations(p) + i;
		uint64_t kinds = 0;
		for (uint32_t k = 0; k < def->n_refs; k++)
			kinds |= layout_rules(p)[layout_refs(p)[def->ref + k]].kinds;
		if ((kinds & a) && (kinds & b))
			return true;
	}
	return false;
}

void
correlate_stats(const struct correlate *c, struct correlate_stats *out)
{
	out->groups = c->n;
	out->evicted = c->evicted + (c->terms ? c->terms->evicted : 0);
}
