#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "policy/build.h"
#include "policy/glob.h"
#include "policy/near.h"

#define LIST_DEPTH 32

struct filling {
	struct build		*b;
	const struct set_spec	*spec;
	const struct draft_section *section;	/* where the value stands: for faults */
	struct table		 exact, pattern, range;	/* struct l_text, l_pattern, l_range */
	unsigned		 depth;
	bool			 bad;
};

static void
wrong(struct filling *f, int line, const char *value, const char *why)
{
	fault_add(f->b->d.faults, f->section->file, line, "'%.80s' %s", value, why);
	f->bad = true;
}

bool
number_parse(const char *s, enum value_as as, int64_t *out)
{
	char *end;

	if (as == AS_BIT) {
		*out = strcmp(s, "true") == 0;
		return *out || strcmp(s, "false") == 0;
	}
	errno = 0;
	long long n = strtoll(s, &end, as == AS_OCTAL ? 8 : 10);
	if (end == s || errno)
		return false;
	static const char units[] = "kMGT";
	const char *unit = as == AS_NUMBER && *end ? strchr(units, *end) : NULL;
	for (long i = unit ? unit - units : -1; i >= 0; i--)
		if (__builtin_mul_overflow(n, 1024, &n))
			return false;
	*out = n;
	return end[unit != NULL] == '\0';
}

static void
add_number(struct filling *f, const char *v, int line)
{
	struct l_range r = { INT64_MIN, INT64_MAX };
	int64_t n;

	if (!number_parse(v, f->spec->as, &n)) {
		wrong(f, line, v, f->spec->as == AS_BIT ? "is not true or false" : f->spec->as == AS_OCTAL ? "is not an octal number" :
		    "is not a number");
		return;
	}
	switch (f->spec->how) {
	case HOW_GT: r.lo = n == INT64_MAX ? n : n + 1; break;
	case HOW_GTE: r.lo = n; break;
	case HOW_LT: r.hi = n == INT64_MIN ? n : n - 1; break;
	case HOW_LTE: r.hi = n; break;
	case HOW_EQUALS: case HOW_CONTAINS: case HOW_STARTS: case HOW_ENDS: case HOW_BASE64: case HOW_CIDR:
		r.lo = r.hi = n;
		break;
	}
	table_add(&f->range, &r, 1);
}

static void
add_exact(struct filling *f, const char *s, size_t len)
{
	struct l_text t = build_text(f->b, s, len);

	table_add(&f->exact, &t, 1);
}

static void
add_pattern(struct filling *f, enum l_kind kind, const char *s, size_t len, size_t head)
{
	struct l_pattern p = { .text = build_text(f->b, s, len), .kind = (uint16_t)kind, .head = (uint16_t)head };

	table_add(&f->pattern, &p, 1);
}

static void
add_hash(struct filling *f, const char *v, int line)
{
	char bytes[32];
	size_t n = 0;

	for (; n < 32 && strspn(v + 2 * n, "0123456789abcdefABCDEF") >= 2; n++) {
		unsigned byte;
		sscanf(v + 2 * n, "%2x", &byte);
		bytes[n] = (char)byte;
	}
	if (n == 32 && !v[64])
		add_exact(f, bytes, 32);
	else
		wrong(f, line, v, "is not a SHA-256: 64 hexadecimal digits");
}

static void
add_address(struct filling *f, const char *v, int line)
{
	char addr[64], bytes[16], *slash, *end = NULL;
	size_t len;

	snprintf(addr, sizeof(addr), "%s", v);
	slash = strchr(addr, '/');
	if (slash)
		*slash = '\0';
	len = inet_pton(AF_INET, addr, bytes) == 1 ? 4 : inet_pton(AF_INET6, addr, bytes) == 1 ? 16 : 0;
	unsigned long bits = slash ? strtoul(slash + 1, &end, 10) : len * 8;
	if (!len || bits > len * 8 || (slash && (!slash[1] || *end)))
		wrong(f, line, v, "is not an address or a network");
	else if (slash && f->spec->how != HOW_CIDR)
		wrong(f, line, v, "is a network: write destination.ip|cidr");
	else if (bits == len * 8)
		add_exact(f, bytes, len);
	else
		add_pattern(f, L_NETWORK, bytes, len, bits);
}

/* The three ways in which the base64 of something longer can hold that of V. */
static void
add_base64(struct filling *f, const char *v, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char out[GLOB_MAX * 2] = "";

	for (size_t shift = 0; shift < 3 && len < GLOB_MAX; shift++) {
		size_t bits = (shift + len) * 8, skip = shift ? shift + 1 : 0, n = 0;
		for (size_t at = skip; (at + 1) * 6 <= bits; at++) {
			unsigned six = 0;
			for (size_t b = at * 6; b < at * 6 + 6; b++)
				six = six << 1 | ((unsigned)(unsigned char)v[b / 8 - shift] >> (7 - b % 8) & 1);
			out[n++] = digits[six];
		}
		add_pattern(f, L_SUBSTRING, out, n, 0);
	}
}

static void
add_glob(struct filling *f, const char *v, size_t len, int line)
{
	bool path = f->spec->as == AS_PATH && f->spec->how == HOW_EQUALS, before = f->spec->how == HOW_CONTAINS || f->spec->how == HOW_ENDS,
	    after = f->spec->how == HOW_CONTAINS || f->spec->how == HOW_STARTS;
	char glob[GLOB_MAX + 3];
	const char *why = glob_wrong(v, len, path);

	if (!why && len > GLOB_MAX)
		why = "is too long for a pattern";
	if (why) {
		wrong(f, line, v, why);
		return;
	}
	int n = snprintf(glob, sizeof(glob), "%s%s%s", before ? "*" : "", v, after ? "*" : "");
	add_pattern(f, path ? L_GLOB_PATH : L_GLOB_TEXT, glob, (size_t)n, glob_literal(glob, (size_t)n, path));
}

static void
add_plain(struct filling *f, char *v, size_t len)
{
	len = glob_unquote(v, len, v);
	switch (f->spec->how) {
	case HOW_CONTAINS: add_pattern(f, L_SUBSTRING, v, len, 0); return;
	case HOW_STARTS: add_pattern(f, L_PREFIX, v, len, 0); return;
	case HOW_ENDS: add_pattern(f, L_SUFFIX, v, len, 0); return;
	case HOW_BASE64: add_base64(f, v, len); return;
	case HOW_EQUALS: case HOW_GT: case HOW_GTE: case HOW_LT: case HOW_LTE: case HOW_CIDR:
		add_exact(f, v, len);
		return;
	}
}

static void
add_words(struct filling *f, const char *value, int line)
{
	size_t len = strlen(value);
	char *v = pool_copy(&f->b->d.pool, value, len);
	bool path = f->spec->as == AS_PATH && f->spec->how == HOW_EQUALS;

	if (!v)
		return;
	for (size_t i = 0; f->spec->nocase && i < len; i++)
		v[i] = (char)(v[i] >= 'A' && v[i] <= 'Z' ? v[i] + 'a' - 'A' : v[i]);
	const char *why = glob_wrong(v, len, path);
	if (why)
		wrong(f, line, v, why);
	else if (f->spec->how != HOW_BASE64 && glob_is(v, len, path))
		add_glob(f, v, len, line);
	else
		add_plain(f, v, len);
}

static int add_value(void *arg, const char *value, int line);	/* lists hold values, values name lists */

static int
near_list(void *arg, const char *value, int line)
{
	struct filling *f = arg;
	const char *names[256];
	char hint[80];
	size_t n = 0;

	for (struct draft_section *s = f->b->d.sections; s && n < 256; s = s->next)
		if (s->kind == SECTION_LIST)
			names[n++] = s->name;
	fault_add(f->b->d.faults, f->section->file, line, "there is no [list %s]%s", value,
	    near_hint(near_name(value, names, n), hint, sizeof(hint)));
	f->bad = true;
	return 0;
}

static int
add_list(struct filling *f, const char *name, int line)
{
	struct draft_section *l = names_find(&f->b->d.lists, name);
	struct draft_key *k = l ? draft_key(l, "values") : NULL;
	const struct draft_section *outer = f->section;

	if (!l)
		return near_list(f, name, line);
	if (l->busy || f->depth == LIST_DEPTH) {
		wrong(f, line, name, "is a list that holds itself");
		return 0;
	}
	if (!k)
		return 0;	/* told when the list was looked at */
	l->busy = true;
	f->depth++;
	f->section = l;
	int err = draft_values(&f->b->d, l, k, add_value, f);
	f->section = outer;
	f->depth--;
	l->busy = false;
	return err;
}

static int
add_value(void *arg, const char *value, int line)
{
	struct filling *f = arg;

	if (value[0] == '@')
		return add_list(f, value + 1, line);
	switch (f->spec->as) {
	case AS_PATH: case AS_TEXT:
		add_words(f, value, line);
		break;
	case AS_NUMBER: case AS_OCTAL: case AS_BIT:
		add_number(f, value, line);
		break;
	case AS_HASH:
		add_hash(f, value, line);
		break;
	case AS_ADDRESS:
		add_address(f, value, line);
		break;
	}
	return 0;
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

static uint32_t
move(struct table *to, struct table *from, uint32_t *n)
{
	*n = (uint32_t)from->n;
	uint32_t at = from->n ? table_add(to, from->at, from->n) : 0;
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
		return "";
	at += (size_t)snprintf(key, n, "%d %d %d", (int)spec->as, (int)spec->how, spec->nocase);
	for (const struct draft_text *t = k->text; t; t = t->next)
		at += (size_t)snprintf(key + at, n - at, "\n%s", t->text);
	return key;
}

bool
set_compile(struct build *b, struct draft_section *s, struct draft_key *k, const struct set_spec *spec, uint32_t *set)
{
	struct filling f = { .b = b, .spec = spec, .section = s, .exact = TABLE_OF(struct l_text), .pattern = TABLE_OF(struct l_pattern),
		.range = TABLE_OF(struct l_range) };
	const char *key = set_key(b, k, spec);
	uint32_t *known = names_find(&b->known_sets, key);
	struct l_set out = { 0 };

	if (known) {
		*set = *known;
		return true;
	}
	draft_values(&b->d, s, k, add_value, &f);
	if (!f.bad && !f.exact.n && !f.pattern.n && !f.range.n) {
		fault_add(b->d.faults, s->file, k->line, "'%s' has no value", k->key);
		f.bad = true;
	}
	sorting = b;
	if (f.exact.n)
		qsort(f.exact.at, f.exact.n, sizeof(struct l_text), by_length_and_bytes);
	out.exact = move(&b->texts, &f.exact, &out.n_exact);
	out.pattern = move(&b->patterns, &f.pattern, &out.n_pattern);
	out.range = move(&b->ranges, &f.range, &out.n_range);
	*set = table_add(&b->sets, &out, 1);
	uint32_t *keep = pool_take(&b->d.pool, sizeof(*keep));
	if (keep && !f.bad) {
		*keep = *set;
		names_add(&b->known_sets, key, keep);
	}
	return !f.bad;
}
