#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "policy/build.h"
#include "policy/glob.h"
#include "policy/near.h"
#include "policy/pattern.h"
#include "policy/scalar.h"

#define LIST_DEPTH	32
#define BASE64_LEAST	3		/* bytes: of less, hardly a digit of base64 is sure */
#define BASE64_MOST	512
#define MANY		8		/* patterns: in order from so many on */

struct filling {
	struct build		*b;
	const struct set_spec	*spec;
	const struct draft_section *owner, *section;	/* of the condition, and where the value stands */
	const struct draft_key	*key;			/* the condition */
	struct table		 exact, pattern, range;	/* struct l_text, l_pattern, l_range */
	unsigned		 depth;
	bool			 bad;
};

/* A value of a list is told once, whoever uses it. */
static void
wrong(struct filling *f, struct draft_value *v, const char *why)
{
	struct faults *faults = f->b->d.faults;

	f->bad = true;
	if (v->told)
		return;
	v->told = true;
	if (f->section == f->owner)
		fault_add(faults, f->section->file, v->line, "'%.80s' %s", v->value, why);
	else
		fault_add(faults, v->file ? v->file : f->section->file, v->line, "'%.60s' %s; %s:%d uses it", v->value, why, f->owner->file,
		    f->key->line);
}

static void
add_number(struct filling *f, struct draft_value *v)
{
	struct l_range r = { INT64_MIN, INT64_MAX };
	char why[80];
	int64_t n;

	if (scalar_number(f->spec->type, v->value, &n)) {
		snprintf(why, sizeof(why), "is not %s", scalar_number_help(f->spec->type));
		wrong(f, v, why);
		return;
	}
	/* Nothing is greater than the greatest: the range is empty then. */
	switch (f->spec->how) {
	case HOW_GT: r = n == INT64_MAX ? (struct l_range){ INT64_MAX, INT64_MIN } : (struct l_range){ n + 1, INT64_MAX }; break;
	case HOW_GTE: r.lo = n; break;
	case HOW_LT: r = n == INT64_MIN ? (struct l_range){ INT64_MAX, INT64_MIN } : (struct l_range){ INT64_MIN, n - 1 }; break;
	case HOW_LTE: r.hi = n; break;
	case HOW_EQUALS: case HOW_CONTAINS: case HOW_STARTS: case HOW_ENDS: case HOW_BASE64: case HOW_CIDR: case HOW_REGEX:
		r.lo = r.hi = n;
		break;
	}
	table_add(&f->range, &r, 1);
}

static void
add_exact(struct filling *f, const void *s, size_t len)
{
	struct l_text t = build_text(f->b, s, len);

	table_add(&f->exact, &t, 1);
}

static void
add_pattern(struct filling *f, enum l_kind kind, const void *s, size_t len, size_t head)
{
	struct l_pattern p = { .text = build_text(f->b, s, len), .kind = (uint16_t)kind, .head = (uint16_t)head };

	if (kind == L_GLOB_PATH || kind == L_GLOB_TEXT)
		p.tail = (uint16_t)glob_tail(s, len);
	table_add(&f->pattern, &p, 1);
}

static void
add_hash(struct filling *f, struct draft_value *v)
{
	uint8_t hash[32];

	if (scalar_hash(v->value, hash))
		wrong(f, v, "is not a SHA-256: 64 hexadecimal digits");
	else
		add_exact(f, hash, sizeof(hash));
}

static void
add_network(struct filling *f, struct draft_value *v)
{
	uint8_t net[17];
	size_t len;

	if (scalar_network(v->value, net, &len))
		wrong(f, v, "is not a network: an address, '/', its bits, and nothing behind them");
	else
		add_pattern(f, L_NETWORK, net, len - 1, net[len - 1]);
}

static void
add_address(struct filling *f, struct draft_value *v)
{
	uint8_t addr[16];
	size_t len;

	if (!strchr(v->value, '/')) {
		if (scalar_address(v->value, addr, &len))
			wrong(f, v, "is not an address");
		else
			add_exact(f, addr, len);
	} else if (f->spec->how != HOW_CIDR) {
		wrong(f, v, "is a network: write destination.ip|cidr");
	} else {
		add_network(f, v);
	}
}

/* The three ways in which the base64 of something longer can hold that of S. */
static void
add_base64(struct filling *f, struct draft_value *v, const char *s, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char out[BASE64_MOST * 2];

	if (len < BASE64_LEAST || len > BASE64_MOST) {
		wrong(f, v, "is too short or too long for base64offset: 3 to 512 bytes");
		return;
	}
	for (size_t shift = 0; shift < 3; shift++) {
		size_t bits = (shift + len) * 8, skip = shift ? shift + 1 : 0, n = 0;
		for (size_t at = skip; (at + 1) * 6 <= bits; at++) {
			unsigned six = 0;
			for (size_t b = at * 6; b < at * 6 + 6; b++)
				six = six << 1 | ((unsigned)(unsigned char)s[b / 8 - shift] >> (7 - b % 8) & 1);
			out[n++] = digits[six];
		}
		add_pattern(f, L_SUBSTRING, out, n, 0);
	}
}

static void
add_glob(struct filling *f, struct draft_value *v, const char *s)
{
	enum value_how how = f->spec->how;
	bool path = f->spec->as == AS_PATH && how == HOW_EQUALS;
	char glob[GLOB_MAX + 1];
	int n = snprintf(glob, sizeof(glob), "%s%s%s", how == HOW_CONTAINS || how == HOW_ENDS ? "*" : "", s,
	    how == HOW_CONTAINS || how == HOW_STARTS ? "*" : "");

	if (n > GLOB_MAX)
		wrong(f, v, "is too long for a pattern");
	else
		add_pattern(f, path ? L_GLOB_PATH : L_GLOB_TEXT, glob, (size_t)n, glob_head(glob, (size_t)n, path));
}

static void
add_plain(struct filling *f, struct draft_value *v, char *s, size_t len)
{
	len = glob_unquote(s, len, s);
	switch (f->spec->how) {
	case HOW_CONTAINS: add_pattern(f, L_SUBSTRING, s, len, 0); return;
	case HOW_STARTS: add_pattern(f, L_PREFIX, s, len, 0); return;
	case HOW_ENDS: add_pattern(f, L_SUFFIX, s, len, 0); return;
	case HOW_BASE64: add_base64(f, v, s, len); return;
	case HOW_EQUALS: case HOW_GT: case HOW_GTE: case HOW_LT: case HOW_LTE: case HOW_CIDR: case HOW_REGEX:
		add_exact(f, s, len);
		return;
	}
}

/* A comma in {2,5} ended the value. What is left compiles, and means something else. */
static bool
torn(const struct draft_value *v)
{
	size_t n = strlen(v->value), digits = 0;

	while (digits < n && v->value[n - 1 - digits] >= '0' && v->value[n - 1 - digits] <= '9')
		digits++;
	return !v->quoted && digits && digits < n && v->value[n - 1 - digits] == '{';
}

/* The index of an expression in its table. */
static uint32_t
intern_regex(struct build *b, const struct draft_value *v, unsigned flags, size_t size)
{
	size_t len = strlen(v->value);
	char *key = pool_take(&b->d.pool, len + 2);
	uint32_t *at = pool_take(&b->d.pool, sizeof(*at));

	if (!key || !at)
		return 0;
	key[0] = (char)('0' + flags);
	memcpy(key + 1, v->value, len);
	const uint32_t *known = names_find(&b->known_regexes, key);
	if (known)
		return *known;
	struct l_regex r = { .text = build_text(b, v->value, len), .flags = flags };
	*at = table_add(&b->regexes, &r, 1);
	names_add(&b->known_regexes, key, at);
	b->regex_bytes += (size + 15) & ~(uint64_t)15;
	return *at;
}

static void
add_regex(struct filling *f, struct draft_value *v)
{
	char reason[180], why[240];
	size_t len = strlen(v->value), size = regex_try(v->value, len, f->spec->flags, reason, sizeof(reason));

	if (torn(v)) {
		wrong(f, v, "was ended by a comma: write the expression in quotes");
		return;
	}
	if (!size) {
		snprintf(why, sizeof(why), "is no regular expression: %s", reason);
		wrong(f, v, why);
		return;
	}
	uint32_t i = intern_regex(f->b, v, f->spec->flags, size);
	if (i < REGEXES_MAX)
		add_pattern(f, L_REGEX, v->value, len, i);
	else
		f->bad = true;		/* all of them are refused in the end */
}

static void
add_words(struct filling *f, struct draft_value *v)
{
	size_t len = strlen(v->value);
	char *s = pool_copy(&f->b->d.pool, v->value, len);
	bool path = f->spec->as == AS_PATH && f->spec->how == HOW_EQUALS;

	if (!s)
		return;
	for (size_t i = 0; f->spec->nocase && i < len; i++)
		s[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 'a' - 'A' : s[i]);
	const char *why = glob_wrong(s, len, path);
	if (why)
		wrong(f, v, why);
	else if (f->spec->how != HOW_BASE64 && glob_is(s, len, path))
		add_glob(f, v, s);
	else
		add_plain(f, v, s, len);
}

static void
near_list(struct filling *f, struct draft_value *v, const char *name)
{
	const char *names[256];
	char hint[80];
	size_t n = 0;

	f->bad = true;
	if (v->told)
		return;
	v->told = true;
	for (struct draft_section *s = f->b->d.sections; s && n < 256; s = s->next)
		if (s->kind == SECTION_LIST)
			names[n++] = s->name;
	fault_add(f->b->d.faults, f->section->file, v->line, "there is no [list %.80s]%s", name,
	    near_hint(near_name(name, names, n), hint, sizeof(hint)));
}

static void add_values(struct filling *f, struct draft_value *v);	/* lists hold values, values name lists */

static void
add_list(struct filling *f, struct draft_value *v)
{
	const char *name = v->value + 1;
	struct draft_section *l = names_find(&f->b->d.lists, name);
	const struct draft_section *outer = f->section;

	if (!l) {
		near_list(f, v, name);
	} else if (l->busy) {
		wrong(f, v, "is a list that holds itself");
	} else if (f->depth == LIST_DEPTH) {
		wrong(f, v, "is a list in a list, and so on, 32 deep");
	} else {
		struct draft_key *k = draft_key(l, "values");
		f->bad |= !k && !l->filed;	/* which was told when the list was looked at */
		l->busy = l->used = true;
		f->depth++;
		f->section = l;
		add_values(f, k ? draft_values(&f->b->d, l, k) : NULL);
		add_values(f, l->filed);
		f->section = outer;
		f->depth--;
		l->busy = false;
	}
}

static void
add_value(struct filling *f, struct draft_value *v)
{
	switch (f->spec->as) {
	case AS_PATH: case AS_TEXT:
		if (f->spec->how == HOW_REGEX)
			add_regex(f, v);
		else
			add_words(f, v);
		break;
	case AS_NUMBER: case AS_BIT:
		add_number(f, v);
		break;
	case AS_HASH:
		add_hash(f, v);
		break;
	case AS_ADDRESS:
		add_address(f, v);
		break;
	}
}

static void
add_values(struct filling *f, struct draft_value *v)
{
	for (; v; v = v->next) {
		if (v->value[0] == '@' && !v->quoted)
			add_list(f, v);
		else
			add_value(f, v);
	}
}

static const struct build *sorting;	/* qsort() has no argument for it; one compilation at a time in a process */

static int
by_length_and_bytes(const void *x, const void *y)
{
	const struct l_text *a = x, *b = y;

	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(sorting->strings.at + a->off, sorting->strings.at + b->off, a->len);
}

static int
by_part_and_key(const void *x, const void *y)
{
	const struct l_pattern *a = x, *b = y;
	const char *strings = sorting->strings.at;
	enum pattern_part p = pattern_part(strings, a), q = pattern_part(strings, b);

	if (p != q)
		return p < q ? -1 : 1;
	/* Of the rest, the cheapest first. */
	return p == PATTERN_REST ? (a->kind > b->kind) - (a->kind < b->kind) : pattern_order(strings, p, a, b);
}

/* Patterns in order of their keys; each is told where the next is up from it. N are of PART. */
static void
link_up(const struct build *b, enum pattern_part part, struct l_pattern *p, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		uint32_t up = 1;
		while (up && !pattern_begins(b->strings.at, part, &p[i - up], &p[i]))
			up = p[i - up].up ? up + p[i - up].up : 0;
		p[i].up = up;
	}
}

/* So that a text need not be compared with each of them. */
static void
sort_patterns(const struct build *b, struct table *patterns, struct l_set *out)
{
	struct l_pattern *p = table_at(patterns, 0);

	qsort(p, patterns->n, sizeof(*p), by_part_and_key);
	for (size_t i = 0; i < patterns->n; i++) {
		enum pattern_part part = pattern_part(b->strings.at, &p[i]);
		out->n_heads += part == PATTERN_HEADS;
		out->n_tails += part == PATTERN_TAILS;
	}
	link_up(b, PATTERN_HEADS, p, out->n_heads);
	link_up(b, PATTERN_TAILS, p + out->n_heads, out->n_tails);
}

static int
by_lowest(const void *x, const void *y)
{
	const struct l_range *a = x, *b = y;

	return (a->lo > b->lo) - (a->lo < b->lo);
}

/* Rising, and none overlaps another, so that a number has one place where it can be. */
static void
sort_ranges(struct table *ranges)
{
	struct l_range *r = table_at(ranges, 0);
	size_t kept = 0;

	qsort(r, ranges->n, sizeof(*r), by_lowest);
	for (size_t i = 1; i < ranges->n; i++) {
		if (r[i].lo > r[kept].hi)
			r[++kept] = r[i];
		else if (r[i].hi > r[kept].hi)
			r[kept].hi = r[i].hi;
	}
	ranges->n = kept + 1;
}

static uint32_t
move(struct table *to, struct table *from, uint32_t *n)
{
	*n = (uint32_t)from->n;
	uint32_t at = from->n ? table_add(to, from->at, from->n) : 0;
	to->failed |= from->failed;
	table_done(from);
	return at;
}

/* Two conditions with the same values read the same way share one set. */
static const char *
set_key(struct build *b, const struct draft_key *k, const struct set_spec *spec)
{
	size_t n = 32;

	for (const struct draft_text *t = k->text; t; t = t->next)
		n += strlen(t->text) + 1;
	char *key = pool_take(&b->d.pool, n);
	size_t at = 0;
	if (!key)
		return NULL;
	at += (size_t)snprintf(key, n, "%d %d %d %u", (int)spec->type, (int)spec->how, spec->nocase, spec->flags);
	for (const struct draft_text *t = k->text; t; t = t->next)
		at += (size_t)snprintf(key + at, n - at, "\n%s", t->text);
	return key;
}

bool
set_compile(struct build *b, struct draft_section *s, struct draft_key *k, const struct set_spec *spec, uint32_t *set)
{
	struct filling f = { .b = b, .spec = spec, .owner = s, .section = s, .key = k,
		.exact = TABLE_OF(struct l_text), .pattern = TABLE_OF(struct l_pattern), .range = TABLE_OF(struct l_range) };
	const char *key = set_key(b, k, spec);
	const uint32_t *known = key ? names_find(&b->known_sets, key) : NULL;
	struct l_set out = { 0 };

	if (!key)
		return false;
	if (known) {
		*set = *known;
		return true;
	}
	add_values(&f, draft_values(&b->d, s, k));
	if (!f.bad && !k->bad && !f.exact.n && !f.pattern.n && !f.range.n) {
		fault_add(b->d.faults, s->file, k->line, "'%s' has no value", k->key);
		f.bad = true;
	}
	sorting = b;
	if (f.exact.n)
		qsort(f.exact.at, f.exact.n, sizeof(struct l_text), by_length_and_bytes);
	out.exact = move(&b->texts, &f.exact, &out.n_exact);
	if (f.pattern.n >= MANY)
		sort_patterns(b, &f.pattern, &out);
	out.pattern = move(&b->patterns, &f.pattern, &out.n_pattern);
	if (f.range.n)
		sort_ranges(&f.range);
	out.range = move(&b->ranges, &f.range, &out.n_range);
	*set = table_add(&b->sets, &out, 1);
	uint32_t *keep = pool_take(&b->d.pool, sizeof(*keep));
	if (keep && !f.bad) {
		*keep = *set;
		names_add(&b->known_sets, key, keep);
	}
	return !f.bad;
}
