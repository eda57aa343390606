#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "policy/build.h"
#include "policy/near.h"

enum mod {
	MOD_CONTAINS, MOD_STARTSWITH, MOD_ENDSWITH, MOD_CIDR, MOD_ALL, MOD_CASED, MOD_NOCASE, MOD_EXISTS, MOD_GT, MOD_GTE, MOD_LT,
	MOD_LTE, MOD_BASE64OFFSET, MOD_FIELDREF, MOD_RE, MOD_I, MOD_M, MOD_S, MOD__MAX
};

static const char *const mods[MOD__MAX] = {
	[MOD_CONTAINS] = "contains", [MOD_STARTSWITH] = "startswith", [MOD_ENDSWITH] = "endswith", [MOD_CIDR] = "cidr",
	[MOD_ALL] = "all", [MOD_CASED] = "cased", [MOD_NOCASE] = "nocase", [MOD_EXISTS] = "exists", [MOD_GT] = "gt", [MOD_GTE] = "gte",
	[MOD_LT] = "lt", [MOD_LTE] = "lte", [MOD_BASE64OFFSET] = "base64offset", [MOD_FIELDREF] = "fieldref", [MOD_RE] = "re",
	[MOD_I] = "i", [MOD_M] = "m", [MOD_S] = "s",
};
#define VALUES_SHOWN	200	/* bytes */
#define BIT(m)		(1u << MOD_##m)
#define OF_RE		(BIT(I) | BIT(M) | BIT(S))
#define FOR_TEXT	(BIT(CONTAINS) | BIT(STARTSWITH) | BIT(ENDSWITH) | BIT(ALL) | BIT(CASED) | BIT(NOCASE) | BIT(EXISTS) | \
			 BIT(BASE64OFFSET) | BIT(FIELDREF) | BIT(RE) | OF_RE)
#define FOR_NUMBER	(BIT(GT) | BIT(GTE) | BIT(LT) | BIT(LTE) | BIT(EXISTS) | BIT(FIELDREF))
#define HOWS		(BIT(CONTAINS) | BIT(STARTSWITH) | BIT(ENDSWITH) | BIT(CIDR) | BIT(GT) | BIT(GTE) | BIT(LT) | BIT(LTE) | BIT(BASE64OFFSET) | \
			 BIT(RE))

struct parsed { bool not; const char *group; size_t group_len; enum field field; unsigned mods; };

static bool	fault(struct build *, const struct draft_section *, const struct draft_key *, const char *fmt, ...)
		__attribute__((format(printf, 4, 5)));

static bool
fault(struct build *b, const struct draft_section *s, const struct draft_key *k, const char *fmt, ...)
{
	char why[FAULT_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	fault_add(b->d.faults, s->file, k->line, "%s", why);
	return false;
}

static bool
take_modifiers(struct build *b, const struct draft_section *s, const struct draft_key *k, const char *at, unsigned *out)
{
	while (*at == '|') {
		size_t n = strcspn(++at, "|");
		char word[32], hint[80];
		int found = -1;
		snprintf(word, sizeof(word), "%.*s", (int)n, at);
		for (int m = 0; m < MOD__MAX; m++)
			if (strcmp(mods[m], word) == 0)
				found = m;
		if (found < 0)
			return fault(b, s, k, "unknown modifier '|%s'%s", word, near_hint(near_name(word, mods, MOD__MAX), hint, sizeof(hint)));
		*out |= 1u << found;
		at += n;
	}
	return true;
}

/* What was meant: "actoin" is no condition. */
static const char *
nearest(const struct draft_section *s, const struct draft_key *k, const char *name)
{
	const char *const *settings = logic_settings(s);
	size_t n = 0;

	while (settings[n])
		n++;
	const char *setting = strcmp(k->key, name) == 0 ? near_name(name, settings, n) : NULL;
	return setting ? setting : field_nearest(name);
}

static bool
parse_key(struct build *b, const struct draft_section *s, const struct draft_key *k, struct parsed *out)
{
	const char *at = k->key, *slash;
	char name[64], hint[80];

	*out = (struct parsed){ .group = "selection", .group_len = 9 };
	if (strncmp(at, "not ", 4) == 0) {
		out->not = true;
		at += 4 + strspn(at + 4, " ");
	}
	slash = strchr(at, '/');
	if (slash) {
		out->group = at;
		out->group_len = (size_t)(slash - at);
		at = slash + 1;
		if (!out->group_len || strcspn(out->group, " \t()*/") < out->group_len)
			return fault(b, s, k, "the name of a group is not empty and has no blanks, parentheses or *");
	}
	size_t n = strcspn(at, "|");
	snprintf(name, sizeof(name), "%.*s", (int)n, at);
	int f = field_find(name);
	if (f < 0)
		return fault(b, s, k, "unknown field or key '%s'%s", name, near_hint(nearest(s, k, name), hint, sizeof(hint)));
	out->field = (enum field)f;
	return take_modifiers(b, s, k, at + n, &out->mods);
}

static enum value_as
read_as(enum field_type t)
{
	switch (t) {
	case TYPE_PATH: case TYPE_DIR: case TYPE_ANCESTORS:
		return AS_PATH;
	case TYPE_TEXT: case TYPE_LIST: case TYPE_JOINED: case TYPE_NAME: case TYPE_EXT: case TYPE_ANCESTOR_NAMES:
		return AS_TEXT;
	case TYPE_I32: case TYPE_I64: case TYPE_U16: case TYPE_U32: case TYPE_U64: case TYPE_OCTAL: case TYPE_CLOCK:
		return AS_NUMBER;
	case TYPE_BIT:
		return AS_BIT;
	case TYPE_HASH:
		return AS_HASH;
	case TYPE_IP:
		break;
	}
	return AS_ADDRESS;
}

static unsigned
fitting(enum value_as as)
{
	switch (as) {
	case AS_PATH: case AS_TEXT:
		return FOR_TEXT;
	case AS_NUMBER:
		return FOR_NUMBER;
	case AS_BIT: case AS_HASH:
		return BIT(EXISTS);
	case AS_ADDRESS:
		break;
	}
	return BIT(EXISTS) | BIT(CIDR);
}

static bool
check_modifiers(struct build *b, const struct draft_section *s, const struct draft_key *k, const struct parsed *p, enum value_as as)
{
	unsigned how = p->mods & HOWS & ~(p->mods & BIT(BASE64OFFSET) ? BIT(CONTAINS) : 0);

	for (int m = 0; m < MOD__MAX; m++)
		if ((p->mods & ~fitting(as)) & 1u << m)
			return fault(b, s, k, "'|%s' does not fit %s", mods[m], field_info(p->field)->name);
	if (how & (how - 1))
		return fault(b, s, k, "only one of contains, startswith, endswith, base64offset, re, gt, gte, lt, lte fits in %s", k->key);
	if ((p->mods & BIT(EXISTS)) && (p->mods & ~BIT(EXISTS)))
		return fault(b, s, k, "'|exists' stands alone");
	if ((p->mods & OF_RE) && !(p->mods & BIT(RE)))
		return fault(b, s, k, "'|i', '|m' and '|s' belong to '|re'; without it, letters of either case are '|nocase'");
	if ((p->mods & BIT(RE)) && (p->mods & (BIT(CASED) | BIT(NOCASE))))
		return fault(b, s, k, "'|re' goes with neither cased nor nocase: '|re|i' does not look at the case of letters");
	if ((p->mods & BIT(FIELDREF)) && (p->mods & (BIT(ALL) | BIT(RE) | BIT(BASE64OFFSET))))
		return fault(b, s, k, "'|fieldref' does not go with all, re or base64offset");
	if ((p->mods & BIT(BASE64OFFSET)) && (p->mods & BIT(NOCASE)))
		return fault(b, s, k, "'|base64offset' does not go with nocase: base64 has letters of both cases");
	if ((p->mods & BIT(CASED)) && (p->mods & BIT(NOCASE)))
		return fault(b, s, k, "'|cased' and '|nocase' contradict each other");
	return true;
}

static enum value_how
how_of(unsigned m)
{
	if (m & BIT(BASE64OFFSET))
		return HOW_BASE64;
	if (m & BIT(RE))
		return HOW_REGEX;
	if (m & BIT(CONTAINS))
		return HOW_CONTAINS;
	if (m & BIT(STARTSWITH))
		return HOW_STARTS;
	if (m & BIT(ENDSWITH))
		return HOW_ENDS;
	if (m & BIT(GT))
		return HOW_GT;
	if (m & BIT(GTE))
		return HOW_GTE;
	if (m & BIT(LT))
		return HOW_LT;
	if (m & BIT(LTE))
		return HOW_LTE;
	return m & BIT(CIDR) ? HOW_CIDR : HOW_EQUALS;
}

static unsigned
flags_of(unsigned m)
{
	return (m & BIT(I) ? REGEX_CASELESS : 0) | (m & BIT(M) ? REGEX_MULTILINE : 0) | (m & BIT(S) ? REGEX_DOTALL : 0);
}

static bool
compile_exists(struct build *b, struct draft_section *s, struct draft_key *k, struct l_condition *c)
{
	const char *v = k->text->text;

	if (strcmp(v, "true") != 0 && strcmp(v, "false") != 0)
		return fault(b, s, k, "'%.80s' is not true or false", v);
	c->test = L_EXISTS;
	c->arg = v[0] == 't';
	return true;
}

static bool
compile_reference(struct build *b, struct draft_section *s, struct draft_key *k, const struct parsed *p, struct l_condition *c)
{
	static const enum l_how hows[] = { [HOW_EQUALS] = L_EQUALS, [HOW_CONTAINS] = L_CONTAINS, [HOW_STARTS] = L_STARTS, [HOW_ENDS] = L_ENDS };
	const char *v = k->text->text;
	enum value_how how = how_of(p->mods);
	char hint[80];
	int other = field_find(v);

	if (other < 0)
		return fault(b, s, k, "unknown field '%.80s'%s", v, near_hint(field_nearest(v), hint, sizeof(hint)));
	if (how > HOW_ENDS || !layout_comparable(p->field, (enum field)other))
		return fault(b, s, k, "%.80s cannot be compared with %s in this way", k->key, v);
	c->test = L_FIELD;
	c->arg = (uint32_t)other | (uint32_t)hows[how] << 16;
	return true;
}

/* As written, for those who explain a verdict; long ones are told by their beginning. */
static uint32_t
values_string(struct build *b, struct draft_section *s, const struct draft_key *k)
{
	const char *all = draft_whole(&b->d, s, k->key);
	char text[VALUES_SHOWN + 1];

	if ((size_t)snprintf(text, sizeof(text), "%s", all) >= sizeof(text))
		memcpy(text + VALUES_SHOWN - 3, "...", 3);
	return build_string(b, text);
}

bool
term_compile(struct build *b, struct draft_section *s, struct draft_key *k, struct term *out)
{
	struct parsed p;

	k->used = true;
	if (!parse_key(b, s, k, &p))
		return false;
	enum value_as as = read_as(field_info(p.field)->type);
	if (!check_modifiers(b, s, k, &p, as))
		return false;
	struct l_condition c = { .field = (uint16_t)p.field, .line = (uint32_t)k->line, .key = build_string(b, k->key),
		.values = values_string(b, s, k) };
	c.flags = (uint8_t)((p.not ? L_NOT : 0) | (p.mods & BIT(ALL) ? L_ALL : 0) | (p.mods & BIT(NOCASE) ? L_NOCASE : 0));
	bool good;
	if (p.mods & BIT(EXISTS)) {
		good = compile_exists(b, s, k, &c);
	} else if (p.mods & BIT(FIELDREF)) {
		good = compile_reference(b, s, k, &p, &c);
	} else {
		struct set_spec spec = { .type = field_info(p.field)->type, .as = as, .how = how_of(p.mods), .nocase = p.mods & BIT(NOCASE),
			.flags = flags_of(p.mods) };
		c.test = as == AS_NUMBER || as == AS_BIT ? L_RANGE : L_VALUES;
		good = set_compile(b, s, k, &spec, &c.arg);
	}
	*out = (struct term){ .group = p.group, .group_len = p.group_len, .condition = c };
	return good;
}
