#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "policy/layout.h"

static bool
span_fits(struct span s, size_t width, size_t size)
{
	return s.off % 8 == 0 && s.off >= sizeof(struct policy) && s.off <= size && (uint64_t)s.n * width <= size - s.off;
}

static bool
part(uint32_t at, uint32_t n, struct span of)
{
	return n == 0 || (at < of.n && n <= of.n - at);
}

static bool
text_fits(const struct policy *p, struct l_text t)
{
	return part(t.off, t.len, p->strings) && (uint64_t)t.off + t.len < p->strings.n;
}

static bool
logic_fits(const struct policy *p, const struct l_logic *l)
{
	const uint32_t *op = layout_ops(p) + l->op;
	int depth = 0;

	if (!part(l->group, l->n_groups, p->groups) || l->n_groups > GROUPS_MAX || !l->n_ops || !part(l->op, l->n_ops, p->ops))
		return false;
	for (uint32_t i = 0; i < l->n_ops; i++) {
		if (op[i] == OP_NOT) {
			if (depth < 1)
				return false;
		} else if (op[i] == OP_AND || op[i] == OP_OR) {
			if (--depth < 1)
				return false;
		} else if (op[i] >= l->n_groups || ++depth > STACK_MAX) {
			return false;
		}
	}
	return depth == 1;
}

static bool
string_fits(const struct policy *p, uint32_t off)
{
	return off < p->strings.n;
}

static bool
rule_fits(const struct policy *p, const struct l_rule *r)
{
	if (!string_fits(p, r->name) || !string_fits(p, r->ruleset) || !string_fits(p, r->description) || !string_fits(p, r->message) ||
	    !string_fits(p, r->technique) || !string_fits(p, r->file))
		return false;
	if ((uint64_t)r->labels >> p->labels.n)
		return false;
	if (r->severity > SEVERITY_CRITICAL || r->mode > MODE_ENFORCE || r->wanted > MODE_ENFORCE || !part(r->ref, r->n_refs, p->refs) ||
	    !part(r->ask, r->n_asks, p->asks))
		return false;
	for (uint32_t i = 0; i < r->n_refs; i++)
		if (layout_refs(p)[r->ref + i] >= p->exceptions.n)
			return false;
	if (!part(r->feed, r->n_feeds, p->refs))
		return false;
	for (uint32_t i = 0; i < r->n_feeds; i++)
		if (layout_refs(p)[r->feed + i] >= p->correlations.n)
			return false;
	if (r->correlation)
		return r->correlation <= p->correlations.n && !r->logic.n_groups && !r->logic.n_ops;
	return logic_fits(p, &r->logic);
}

static bool
by_fits(uint32_t by)
{
	return by < FIELD__MAX || (by >= L_BY_ENTITY && by < L_BY__END);
}

static bool
correlation_fits(const struct policy *p, const struct l_correlation *c)
{
	const uint32_t *refs = layout_refs(p);

	if (c->rule >= p->rules.n || layout_rules(p)[c->rule].correlation != 1 + (uint32_t)(c - layout_correlations(p)))
		return false;
	if (c->type >= L_TYPE__MAX || !c->count || c->field >= FIELD__MAX || !part(c->ref, c->n_refs, p->refs) || !part(c->by, c->n_by, p->refs))
		return false;
	if (!c->n_refs || c->n_refs > CORRELATION_RULES || c->n_by > CORRELATION_BY ||
	    (c->type == L_VALUE_COUNT && c->count > CORRELATION_VALUES))
		return false;
	for (uint32_t i = 0; i < c->n_refs; i++)
		if (refs[c->ref + i] >= p->rules.n)
			return false;
	for (uint32_t i = 0; i < c->n_by; i++)
		if (!by_fits(refs[c->by + i]))
			return false;
	return true;
}

static bool
condition_fits(const struct policy *p, const struct l_condition *c)
{
	if (c->field >= FIELD__MAX || c->test >= L_TEST__MAX || !string_fits(p, c->key) || !string_fits(p, c->values) ||
	    c->same >= p->conditions.n)
		return false;
	bool number = field_is_number(field_info((enum field)c->field)->type);
	switch ((enum l_test)c->test) {
	case L_VALUES:
		return !number && c->arg < p->sets.n;
	case L_RANGE:
		return number && !(c->flags & L_ALL) && c->arg < p->sets.n;
	case L_FIELD:
		return (c->arg & 0xffff) < FIELD__MAX && c->arg >> 16 < L_HOW__MAX && layout_comparable((enum field)c->field,
		    (enum field)(c->arg & 0xffff));
	case L_EXISTS: case L_TEST__MAX:
		break;
	}
	return c->test == L_EXISTS;
}

static bool
pattern_fits(const struct policy *p, const struct l_pattern *t)
{
	if (t->kind >= L_KIND__MAX || !text_fits(p, t->text))
		return false;
	if (t->kind == L_REGEX)
		return t->head < p->regexes.n;
	if (t->kind == L_NETWORK)
		return (t->text.len == 4 || t->text.len == 16) && t->head <= t->text.len * 8;
	return t->head <= t->text.len && t->tail <= t->text.len;
}

static bool
regex_fits(const struct policy *p, const struct l_regex *r)
{
	return text_fits(p, r->text) && r->text.len <= REGEX_TEXT_MAX && !(r->flags & ~(uint32_t)REGEX_ALL);
}

static bool
crowd_fits(const struct policy *p, const struct l_crowd *c)
{
	bool dense = crowd_dense(*c, p->rules.n);

	if (c->n > p->rules.n || !part(c->at, dense ? crowd_words(p->rules.n) : c->n, p->members))
		return false;
	for (uint32_t i = 0; !dense && i < c->n; i++)
		if (layout_members(p)[c->at + i] >= p->rules.n)
			return false;
	return true;
}

/* What an event of a kind asks is all that it can be sent to: no correlation, which has no logic that could be asked. */
static bool
kind_fits(const struct policy *p, const struct l_crowd *c)
{
	const uint32_t *member = layout_members(p) + c->at;
	bool dense = crowd_dense(*c, p->rules.n);

	if (!crowd_fits(p, c))
		return false;
	for (uint32_t r = 0; dense && r < crowd_words(p->rules.n) * 32; r++)
		if ((member[r / 32] & 1u << r % 32) && (r >= p->rules.n || layout_rules(p)[r].correlation))
			return false;
	for (uint32_t i = 0; !dense && i < c->n; i++)
		if (layout_rules(p)[member[i]].correlation)
			return false;
	return true;
}

static bool
lane_fits(const struct policy *p, const struct l_lane *l)
{
	if (l->field >= FIELD__MAX || l->stage >= STAGE__MAX || l->spot >= SPOT__MAX || l->nocase > 1 || !crowd_fits(p, &l->rules))
		return false;
	if (l->spot == SPOT_ASK)
		return l->condition < p->conditions.n;
	if (field_is_number(field_info((enum field)l->field)->type) && l->spot != SPOT_WHOLE)
		return false;
	return l->bits < 32 && part(l->head, (1u << l->bits) + 1, p->heads);
}

static bool
head_fits(const struct policy *p, const uint32_t *head)
{
	return *head <= p->clues.n;
}

static bool
clue_fits(const struct policy *p, const struct l_clue *a)
{
	return a->crowd < p->crowds.n;
}

static bool
set_fits(const struct policy *p, const struct l_set *s)
{
	const struct l_pattern *t = layout_patterns(p) + s->pattern;

	if (!part(s->exact, s->n_exact, p->texts) || !part(s->pattern, s->n_pattern, p->patterns) || !part(s->range, s->n_range, p->ranges) ||
	    s->n_heads > s->n_pattern || s->n_tails > s->n_pattern - s->n_heads)
		return false;
	for (uint32_t i = 0; i < s->n_heads + s->n_tails; i++)
		if (t[i].up > (i < s->n_heads ? i : i - s->n_heads))
			return false;
	return true;
}

static bool
exception_fits(const struct policy *p, const struct l_exception *x)
{
	return string_fits(p, x->name) && string_fits(p, x->reason) && string_fits(p, x->expires) && string_fits(p, x->file) &&
	    logic_fits(p, &x->logic);
}

static bool
group_fits(const struct policy *p, const struct l_group *g)
{
	return string_fits(p, g->name) && part(g->condition, g->n_conditions, p->conditions);
}

static bool
place_fits(const struct policy *p, const struct l_place *l)
{
	return l->kind <= WATCH_EVERYTHING && l->events && !(l->events & ~(uint32_t)WATCH_ALL) && string_fits(p, l->path);
}

static bool
section_fits(const struct policy *p, const struct l_section *s)
{
	return string_fits(p, s->kind) && string_fits(p, s->name) && string_fits(p, s->file) && string_fits(p, s->text);
}

static bool
file_fits(const struct policy *p, const struct l_file *f)
{
	return string_fits(p, f->path) && string_fits(p, f->hash);
}

static bool
label_fits(const struct policy *p, const uint32_t *name)
{
	return string_fits(p, *name);
}

static bool
name_fits(const struct policy *p, const struct l_name *n)
{
	return string_fits(p, n->name);
}

#define EACH(member, fits) \
	for (uint32_t i = 0; i < p->member.n; i++) \
		if (!fits(p, layout_##member(p) + i)) \
			return false;

static bool
text_at_fits(const struct policy *p, const struct l_text *t)
{
	return text_fits(p, *t);
}

bool
layout_check(const struct policy *p, size_t size)
{
	if (size < sizeof(*p) || p->magic != LAYOUT_MAGIC || p->version != LAYOUT_VERSION || p->size != size || p->fields != FIELD__MAX ||
	    p->events != EVENT__MAX || p->mode > MODE_ENFORCE || p->exec_default > DECISION_DENY || p->open_default > DECISION_DENY ||
	    memchr(p->hash, '\0', sizeof(p->hash)) == NULL)
		return false;
#define TABLE(member, type) if (!span_fits(p->member, sizeof(type), size)) return false;
	LAYOUT_TABLES(TABLE)
#undef TABLE
	if (!p->strings.n || layout_strings(p)[p->strings.n - 1] != '\0' || p->kinds.n != EVENT__MAX || p->loose.n != STAGE__MAX ||
	    p->seekers.n != HAVE_BITS || p->rules.n > RULES_MAX || p->exceptions.n > RULES_MAX || p->regexes.n > REGEXES_MAX ||
	    p->regex_bytes > REGEX_BYTES_MAX || p->labels.n > LABELS_MAX)
		return false;
	EACH(rules, rule_fits)
	EACH(correlations, correlation_fits)
	EACH(exceptions, exception_fits)
	EACH(groups, group_fits)
	EACH(conditions, condition_fits)
	EACH(sets, set_fits)
	EACH(texts, text_at_fits)
	EACH(patterns, pattern_fits)
	EACH(regexes, regex_fits)
	EACH(kinds, kind_fits)
	EACH(loose, crowd_fits)
	EACH(seekers, crowd_fits)
	EACH(crowds, crowd_fits)
	EACH(lanes, lane_fits)
	EACH(clues, clue_fits)
	EACH(heads, head_fits)
	EACH(places, place_fits)
	EACH(asks, place_fits)
	EACH(sections, section_fits)
	EACH(files, file_fits)
	EACH(labels, label_fits)
	EACH(users, name_fits)
	EACH(user_groups, name_fits)
	return true;
}

#define OWN_BYTES	65536	/* in front of the block; a multiple of the size of a page on every machine */

int
policy_open(int fd, const struct policy **out)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size < (off_t)sizeof(struct policy) || st.st_size > UINT32_MAX)
		return -EBADMSG;
	size_t size = (size_t)st.st_size;
	char *at = mmap(NULL, OWN_BYTES + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return -errno;
	int err = -EBADMSG;
	const struct policy *p = mmap(at + OWN_BYTES, size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	if (p == MAP_FAILED)
		err = -errno;
	else if (layout_check(p, size))
		err = p->regexes.n ? regexes_open(p, &policy_own(p)->regexes) : 0;
	if (err)
		munmap(at, OWN_BYTES + size);
	else
		*out = p;
	return err;
}

void
policy_close(const struct policy *p)
{
	if (!p)
		return;
	regexes_close(policy_own(p)->regexes);
	munmap((char *)(uintptr_t)p - OWN_BYTES, OWN_BYTES + (size_t)p->size);
}

uint64_t
policy_kinds(const struct policy *p)
{
	return p->asked;
}

static uint32_t
logic_hangs_on(const struct policy *p, const struct l_logic *l)
{
	uint32_t have = 0;

	for (uint32_t g = 0; g < l->n_groups; g++) {
		const struct l_group *group = layout_groups(p) + l->group + g;
		for (uint32_t i = 0; i < group->n_conditions; i++)
			have |= field_info((enum field)layout_conditions(p)[group->condition + i].field)->have;
	}
	return have;
}

uint32_t
policy_hangs_on(const struct policy *p, enum event_kind kind)
{
	uint32_t have = 0;

	for (uint32_t i = 0; i < p->rules.n; i++) {
		const struct l_rule *r = layout_rules(p) + i;
		if (!(r->kinds & 1ull << kind))
			continue;
		have |= logic_hangs_on(p, &r->logic);
		for (uint32_t k = 0; k < r->n_refs; k++)
			have |= logic_hangs_on(p, &layout_exceptions(p)[layout_refs(p)[r->ref + k]].logic);
	}
	return have;
}

enum mode
policy_mode(const struct policy *p)
{
	return (enum mode)p->mode;
}

unsigned
policy_rules(const struct policy *p)
{
	return p->rules.n;
}

const char *
policy_hash(const struct policy *p)
{
	return p->hash;
}

void
policy_rule(const struct policy *p, unsigned rule, struct rule_info *out)
{
	const struct l_rule *r = layout_rules(p) + rule;

	*out = (struct rule_info){ .name = layout_string(p, r->name), .ruleset = layout_string(p, r->ruleset),
		.description = layout_string(p, r->description), .message = layout_string(p, r->message),
		.technique = layout_string(p, r->technique), .file = layout_string(p, r->file), .line = (int)r->line, .kinds = r->kinds,
		.actions = r->actions, .severity = (enum severity)r->severity, .mode = (enum mode)r->mode,
		.correlation = r->correlation != 0, .labels = r->labels };
}

void
policy_exception(const struct policy *p, unsigned exception, const char **name, const char **reason)
{
	const struct l_exception *x = layout_exceptions(p) + exception;

	*name = layout_string(p, x->name);
	*reason = layout_string(p, x->reason);
}

unsigned
policy_labels(const struct policy *p)
{
	return p->labels.n;
}

const char *
policy_label(const struct policy *p, unsigned i)
{
	return layout_string(p, layout_labels(p)[i]);
}

static const char *
name_of(const struct policy *p, const struct l_name *names, uint32_t n, uint32_t id)
{
	uint32_t lo = 0, hi = n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (names[mid].id == id)
			return layout_string(p, names[mid].name);
		if (names[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return "";
}

const char *
policy_user(const struct policy *p, uint32_t uid)
{
	return name_of(p, layout_users(p), p->users.n, uid);
}

const char *
policy_group(const struct policy *p, uint32_t gid)
{
	return name_of(p, layout_user_groups(p), p->user_groups.n, gid);
}

bool
policy_loader(const struct policy *p, uint64_t dev, uint64_t ino)
{
	const struct l_loader *l = layout_loaders(p);

	for (uint32_t i = 0; i < p->loaders.n; i++)
		if (l[i].dev == dev && l[i].ino == ino)
			return true;
	return false;
}

unsigned
policy_files(const struct policy *p)
{
	return p->files.n;
}

const char *
policy_file(const struct policy *p, unsigned i, const char **hash)
{
	const struct l_file *f = layout_files(p) + i;

	*hash = layout_string(p, f->hash);
	return layout_string(p, f->path);
}

unsigned
policy_places(const struct policy *p)
{
	return p->places.n;
}

void
policy_place(const struct policy *p, unsigned i, struct watch_place *out)
{
	const struct l_place *l = layout_places(p) + i;

	*out = (struct watch_place){ .kind = (enum watch_kind)l->kind, .path = layout_string(p, l->path), .events = l->events };
}

static const struct { enum event_kind kind; enum watch_event event; } watched[] = {
	{ EVENT_OPEN, WATCH_OPENS }, { EVENT_WRITE, WATCH_OPENS }, { EVENT_CREATE, WATCH_CREATE }, { EVENT_RENAME, WATCH_RENAME },
	{ EVENT_DELETE, WATCH_DELETE }, { EVENT_CHMOD, WATCH_CHMOD }, { EVENT_LOAD, WATCH_LOADS }, { EVENT_SCRIPT, WATCH_SCRIPTS },
	{ EVENT_MODIFY, WATCH_MODIFY },
};

unsigned
policy_watch_events(uint64_t kinds)
{
	unsigned events = 0;

	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
		if (kinds & 1ull << watched[i].kind)
			events |= watched[i].event;
	return events;
}

uint64_t
policy_watch_kinds(unsigned events)
{
	uint64_t kinds = 0;

	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
		if (events & watched[i].event)
			kinds |= 1ull << watched[i].kind;
	return kinds;
}
