#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include "ctl/sigma_value.h"
#include "event/field.h"
#include "policy/scalar.h"

/* --- modifiers --- */

struct modifier { const char *name; unsigned group; void (*set)(struct sigma_mods *); };

/* Of a group, at most one may be given. */
enum { GROUP_NONE = 0, GROUP_HOW = 1, GROUP_WIDE = 2, GROUP_WRAP = 4 };

#define MODIFIER(name, what) static void set_##name(struct sigma_mods *m) { what; }
MODIFIER(contains, m->wrap = SIGMA_INSIDE)
MODIFIER(startswith, m->wrap = SIGMA_BEGIN)
MODIFIER(endswith, m->wrap = SIGMA_END)
MODIFIER(all, m->all = true)
MODIFIER(cased, m->cased = true)
MODIFIER(neq, m->neq = true)
MODIFIER(re, m->how = SIGMA_RE)
MODIFIER(cidr, m->how = SIGMA_CIDR)
MODIFIER(exists, m->how = SIGMA_EXISTS)
MODIFIER(fieldref, m->how = SIGMA_FIELDREF)
MODIFIER(gt, m->how = SIGMA_GT)
MODIFIER(gte, m->how = SIGMA_GTE)
MODIFIER(lt, m->how = SIGMA_LT)
MODIFIER(lte, m->how = SIGMA_LTE)
MODIFIER(base64, m->base64 = true)
MODIFIER(base64offset, m->base64offset = true)
MODIFIER(windash, m->windash = true)
MODIFIER(expand, m->expand = true)
MODIFIER(utf16le, m->wide = SIGMA_UTF16LE)
MODIFIER(utf16be, m->wide = SIGMA_UTF16BE)
MODIFIER(utf16, m->wide = SIGMA_UTF16)
MODIFIER(i, m->flags[strlen(m->flags)] = 'i')
MODIFIER(m, m->flags[strlen(m->flags)] = 'm')
MODIFIER(s, m->flags[strlen(m->flags)] = 's')

static const struct modifier modifiers[] = {
	{ "contains", GROUP_WRAP, set_contains }, { "startswith", GROUP_WRAP, set_startswith }, { "endswith", GROUP_WRAP, set_endswith },
	{ "all", GROUP_NONE, set_all }, { "cased", GROUP_NONE, set_cased }, { "neq", GROUP_NONE, set_neq },
	{ "re", GROUP_HOW, set_re }, { "cidr", GROUP_HOW, set_cidr }, { "exists", GROUP_HOW, set_exists },
	{ "fieldref", GROUP_HOW, set_fieldref }, { "gt", GROUP_HOW, set_gt }, { "gte", GROUP_HOW, set_gte }, { "lt", GROUP_HOW, set_lt },
	{ "lte", GROUP_HOW, set_lte }, { "base64", GROUP_NONE, set_base64 }, { "base64offset", GROUP_NONE, set_base64offset },
	{ "windash", GROUP_NONE, set_windash }, { "expand", GROUP_NONE, set_expand }, { "utf16le", GROUP_WIDE, set_utf16le },
	{ "wide", GROUP_WIDE, set_utf16le }, { "utf16be", GROUP_WIDE, set_utf16be }, { "utf16", GROUP_WIDE, set_utf16 },
	{ "i", GROUP_NONE, set_i }, { "m", GROUP_NONE, set_m }, { "s", GROUP_NONE, set_s },
};
#define MODIFIERS (sizeof(modifiers) / sizeof(modifiers[0]))

static const char *
check_modifiers(const struct sigma_mods *m)
{
	bool encodes = m->base64 || m->base64offset || m->wide != SIGMA_NARROW, text = encodes || m->windash;
	bool wraps = m->wrap != SIGMA_WHOLE;

	if (m->flags[0] && m->how != SIGMA_RE)
		return "the modifiers i, m and s belong to re";
	if (m->how != SIGMA_EQUALS && (text || (wraps && m->how != SIGMA_FIELDREF)))
		return "modifiers that do not go together";
	if (m->base64 && m->base64offset)
		return "base64 and base64offset do not go together";
	return NULL;
}

const char *
sigma_mods_read(struct pool *pool, const char *key, const char **field, struct sigma_mods *out)
{
	size_t n = strcspn(key, "|");
	unsigned seen = 0, groups = 0;

	*out = (struct sigma_mods){ 0 };
	*field = sigma_copy(pool, key, n);
	for (const char *at = key + n; *at; at += n) {
		n = strcspn(++at, "|");
		const struct modifier *found = NULL;
		for (size_t i = 0; i < MODIFIERS; i++)
			if (strlen(modifiers[i].name) == n && strncasecmp(modifiers[i].name, at, n) == 0)
				found = &modifiers[i];
		if (!found)
			return sigma_print(pool, "the modifier '%.*s' is unknown here", (int)n, at);
		unsigned bit = 1u << (found - modifiers);
		if ((seen & bit) || (found->group && groups & found->group))
			return sigma_print(pool, "modifiers that do not go together: '%.80s'", key);
		seen |= bit;
		groups |= found->group;
		found->set(out);
	}
	return check_modifiers(out);
}

/* --- comparisons --- */

/* A comparison under way: tests of FIELD that are alternatives, or must all hold. */
struct comparing {
	struct sigma_import *imp;
	const struct sigma_field *field;
	const struct sigma_mods *mods;
	struct sigma_lines *left;
	struct sigma_logic *out;
	const char	*why;
};

static void
refuse(struct comparing *c, const char *why)
{
	if (!c->why)
		c->why = why;
}

static void
add_test(struct comparing *c, const struct sigma_test *t)
{
	const char *why = NULL;

	for (const struct sigma_line *v = t->values.first; v && !why; v = v->next)
		why = sigma_unwritable(v->text);
	if (why)
		refuse(c, why);
	else if (t->values.n)
		sigma_logic_add(c->out, sigma_logic_test(c->imp->pool, t));
}

static void
add_exists(struct comparing *c, bool exists)
{
	struct sigma_test t = { .field = c->field->name, .how = SIGMA_EXISTS };

	sigma_line_add(c->imp->pool, &t.values, exists ? "true" : "false");
	add_test(c, &t);
}

/* A text between wildcards. */
struct piece { bool lead, trail, wild; struct sigma_glyphs inner; struct piece *next; };

static struct piece *
piece_of(struct comparing *c, const struct sigma_glyphs *g)
{
	struct piece *p = sigma_take(c->imp->pool, sizeof(*p));
	enum sigma_wrap wrap = c->mods->wrap;
	size_t begin = 0, end = g->n;

	while (begin < end && g->at[begin] == SIGMA_ANY)
		begin++;
	while (end > begin && g->at[end - 1] == SIGMA_ANY)
		end--;
	*p = (struct piece){ .lead = begin > 0 || wrap == SIGMA_INSIDE || wrap == SIGMA_END,
		.trail = end < g->n || wrap == SIGMA_INSIDE || wrap == SIGMA_BEGIN, .inner = { .at = g->at + begin, .n = end - begin } };
	for (size_t i = begin; i < end; i++)
		p->wild |= g->at[i] >= SIGMA_ANY;
	/* The name of a directory has no slash behind it here. */
	if (strcmp(c->field->name, "process.working_directory") == 0 && !p->trail && p->inner.n > 1 && p->inner.at[p->inner.n - 1] == '/')
		p->inner.n--;
	return p;
}

/* The piece as a pattern for the whole of the text. */
static const char *
whole_pattern(struct comparing *c, const struct piece *p, bool path)
{
	struct sigma_glyphs g = { .at = sigma_take(c->imp->pool, (p->inner.n + 2) * sizeof(g.at[0])) };

	if (p->lead)
		g.at[g.n++] = SIGMA_ANY;
	memcpy(g.at + g.n, p->inner.at, p->inner.n * sizeof(g.at[0]));
	g.n += p->inner.n;
	if (p->trail)
		g.at[g.n++] = SIGMA_ANY;
	return sigma_pattern(c->imp->pool, &g, path);
}

static bool
is_path(const char *field)
{
	int f = field_find(field);
	enum field_type t = f < 0 ? TYPE_TEXT : field_info((enum field)f)->type;

	return t == TYPE_PATH || t == TYPE_DIR || t == TYPE_ANCESTORS;
}

/* All pieces as one test: by their common form, or by patterns of the whole. */
static void
add_pieces(struct comparing *c, const struct piece *pieces)
{
	static const enum sigma_how hows[2][2] = { { SIGMA_EQUALS, SIGMA_STARTS }, { SIGMA_ENDS, SIGMA_CONTAINS } };
	struct sigma_test t = { .field = c->field->name, .all = c->mods->all, .nocase = !c->mods->cased && !c->mods->base64 };
	bool mixed = false, rooted = c->field->watched, wild = false;

	if (!pieces)
		return;
	for (const struct piece *p = pieces; p; p = p->next) {
		mixed |= p->lead != pieces->lead || p->trail != pieces->trail;
		rooted = rooted && !p->lead && p->inner.n && p->inner.at[0] == '/';
		wild |= p->wild;
	}
	if (rooted)
		t.nocase = false;
	bool whole = mixed || (rooted && wild), path = is_path(c->field->name);
	t.how = whole ? SIGMA_EQUALS : hows[pieces->lead][pieces->trail];
	for (const struct piece *p = pieces; p; p = p->next)
		sigma_line_add(c->imp->pool, &t.values,
		    whole ? whole_pattern(c, p, path) : sigma_pattern(c->imp->pool, &p->inner, path && t.how == SIGMA_EQUALS));
	t.all = t.all && t.values.n > 1;
	add_test(c, &t);
}

/* base64offset, as yett knows it too, or its three forms. */
static void
add_offset(struct comparing *c, const struct sigma_glyphs *g)
{
	struct sigma_test t = { .field = c->field->name, .how = SIGMA_CONTAINS };

	if (sigma_offset_is_plain(c->mods, g)) {
		t.how = SIGMA_BASE64OFFSET;
		sigma_line_add(c->imp->pool, &t.values, sigma_pattern(c->imp->pool, g, false));
	}
	for (; t.how == SIGMA_CONTAINS && g; g = g->next)
		if (g->n)
			sigma_line_add(c->imp->pool, &t.values, sigma_pattern(c->imp->pool, g, false));
	add_test(c, &t);
}

static void
compare_text(struct comparing *c, const struct sigma_tree *first)
{
	struct piece *pieces = NULL, **end = &pieces;
	unsigned n = 0;

	for (const struct sigma_tree *v = first; v && !c->why; v = v->next) {
		if (v->null || (!*v->text && c->mods->wrap == SIGMA_WHOLE)) {
			add_exists(c, false);
			continue;
		}
		const struct sigma_glyphs *g = sigma_texts(c->imp, c->mods, v->text, &c->why);
		if (g && c->mods->base64offset) {
			add_offset(c, g);
			continue;
		}
		for (; g && !c->why; g = g->next) {
			struct piece *p = piece_of(c, g);
			if (!p->inner.n) {
				add_exists(c, true);
				continue;
			}
			*end = p;
			end = &p->next;
			if (++n > SIGMA_NODES)
				refuse(c, "values that stand for more than 20000 texts");
		}
	}
	if (!c->why)
		add_pieces(c, pieces);
}

static void
compare_re(struct comparing *c, const struct sigma_tree *first)
{
	struct sigma_test t = { .field = c->field->name, .how = SIGMA_RE, .all = c->mods->all,
		.flags = sigma_copy(c->imp->pool, c->mods->flags, strlen(c->mods->flags)) };

	for (const struct sigma_tree *v = first; v; v = v->next) {
		if (v->null || !*v->text)
			refuse(c, "a regular expression without anything in it");
		else
			sigma_line_add(c->imp->pool, &t.values, v->text);
	}
	t.all = t.all && t.values.n > 1;
	add_test(c, &t);
}

static void
compare_number(struct comparing *c, enum field_type type, const struct sigma_tree *first)
{
	struct sigma_test t = { .field = c->field->name, .how = c->mods->how };
	int64_t n;

	for (const struct sigma_tree *v = first; v; v = v->next) {
		if (v->null)
			add_exists(c, false);
		else if (scalar_number(type, v->text, &n))
			refuse(c, sigma_print(c->imp->pool, "'%.40s' is no number, as %s has", v->text, c->field->name));
		else
			sigma_line_add(c->imp->pool, &t.values, v->text);
	}
	if (c->mods->wrap != SIGMA_WHOLE || (c->mods->all && t.values.n > 1))
		refuse(c, sigma_print(c->imp->pool, "%s is a number here, and compared as one", c->field->name));
	add_test(c, &t);
}

static void
compare_bit(struct comparing *c, const struct sigma_tree *first)
{
	struct sigma_test t = { .field = c->field->name };

	for (const struct sigma_tree *v = first; v; v = v->next) {
		if (!v->null && (strcasecmp(v->text, "true") == 0 || strcasecmp(v->text, "false") == 0))
			sigma_line_add(c->imp->pool, &t.values, strcasecmp(v->text, "true") == 0 ? "true" : "false");
		else
			refuse(c, sigma_print(c->imp->pool, "%s is true or false", c->field->name));
	}
	add_test(c, &t);
}

/* "SHA256=...", alone or among others, or the digits alone. */
static const char *
sha256_of(struct pool *pool, const char *text)
{
	uint8_t hash[32];

	while (*text) {
		size_t n = strcspn(text, ",;");
		const char *one = sigma_copy(pool, text, n);
		if (strncasecmp(one, "SHA256=", 7) == 0)
			one += 7;
		if (scalar_hash(one, hash) == 0)
			return one;
		text += n + (text[n] != '\0');
	}
	return NULL;
}

static void
compare_hash(struct comparing *c, const struct sigma_tree *first)
{
	struct sigma_test t = { .field = c->field->name };
	bool others = false;

	for (const struct sigma_tree *v = first; v; v = v->next) {
		const char *hash = v->null ? NULL : sha256_of(c->imp->pool, v->text);
		if (hash)
			sigma_line_add(c->imp->pool, &t.values, hash);
		else
			others = true;
	}
	if (!t.values.n)
		refuse(c, "a hash that is no SHA-256: yett knows files by SHA-256 only");
	else if (others)
		sigma_line_add(c->imp->pool, c->left, "hashes that are no SHA-256");
	add_test(c, &t);
}

/* "10.", "192.168." and "fe80:" are networks that were written as the beginning of a text. */
static const char *
network_of(struct comparing *c, const char *s)
{
	static const char *const rest[] = { "", ".0.0.0/8", ".0.0/16", ".0/24" };
	size_t n = strlen(s), digits = strspn(s, "0123456789."), dots = 0;

	for (size_t i = 0; i < n; i++)
		dots += s[i] == '.';
	if (n > 1 && digits == n && dots >= 1 && dots <= 3 && s[n - 1] == '.')
		return sigma_print(c->imp->pool, "%.*s%s", (int)n - 1, s, rest[dots]);
	if (n == 5 && s[4] == ':')
		return sigma_print(c->imp->pool, "%s:/16", s);
	return NULL;
}

/* The network without the bits behind its own, which Sigma does not mind. */
static const char *
clean_network(struct comparing *c, const char *s)
{
	uint8_t net[17];
	size_t len, n = strcspn(s, "/");
	uint64_t bits;
	char text[INET6_ADDRSTRLEN];

	if (!s[n] || scalar_address(sigma_copy(c->imp->pool, s, n), net, &len) || scalar_unsigned(s + n + 1, len * 8, &bits))
		return NULL;
	for (uint64_t b = bits; b < len * 8; b++)
		net[b / 8] &= (uint8_t)~(0x80u >> (b % 8));
	if (!inet_ntop(len == 4 ? AF_INET : AF_INET6, net, text, sizeof(text)))
		return NULL;
	return sigma_print(c->imp->pool, "%s/%u", text, (unsigned)bits);
}

static const char *
address_of(struct comparing *c, const struct sigma_tree *v, bool *network)
{
	size_t n = strlen(v->text), len;
	bool star = n && v->text[n - 1] == '*';
	uint8_t addr[16];

	*network = true;
	if (c->mods->wrap == SIGMA_BEGIN || (c->mods->wrap == SIGMA_WHOLE && star))
		return network_of(c, sigma_copy(c->imp->pool, v->text, n - star));
	if (c->mods->wrap != SIGMA_WHOLE)
		return NULL;
	if (strchr(v->text, '/'))
		return c->mods->how == SIGMA_CIDR ? clean_network(c, v->text) : NULL;
	*network = false;
	return scalar_address(v->text, addr, &len) == 0 ? v->text : NULL;
}

static void
compare_address(struct comparing *c, const struct sigma_tree *first)
{
	struct sigma_test t = { .field = c->field->name };

	for (const struct sigma_tree *v = first; v; v = v->next) {
		bool network = false;
		const char *text = v->null ? NULL : address_of(c, v, &network);
		if (v->null)
			add_exists(c, false);
		else if (!text)
			refuse(c, sigma_print(c->imp->pool, "'%.60s' is neither an address nor a network", v->text));
		else
			sigma_line_add(c->imp->pool, &t.values, text);
		t.how = network ? SIGMA_CIDR : t.how;
	}
	if (c->mods->all && t.values.n > 1)
		refuse(c, sigma_print(c->imp->pool, "%s cannot be several addresses at once", c->field->name));
	add_test(c, &t);
}

static void
compare_exists(struct comparing *c, const struct sigma_tree *first)
{
	for (const struct sigma_tree *v = first; v; v = v->next) {
		if (!v->null && (strcasecmp(v->text, "true") == 0 || strcasecmp(v->text, "yes") == 0))
			add_exists(c, true);
		else if (!v->null && (strcasecmp(v->text, "false") == 0 || strcasecmp(v->text, "no") == 0))
			add_exists(c, false);
		else
			refuse(c, "exists is true or false");
	}
}

/* Which comparisons fit which fields is said in yett-policy(5). */
static void
compare(struct comparing *c, const struct sigma_tree *first)
{
	int f = field_find(c->field->name);
	enum field_type type = f < 0 ? TYPE_TEXT : field_info((enum field)f)->type;
	enum sigma_how how = c->mods->how;
	bool ordered = how == SIGMA_GT || how == SIGMA_GTE || how == SIGMA_LT || how == SIGMA_LTE;

	if (how == SIGMA_EXISTS)
		compare_exists(c, first);
	else if (type != TYPE_BIT && field_is_number(type) && (how == SIGMA_EQUALS || ordered))
		compare_number(c, type, first);
	else if (type == TYPE_IP && (how == SIGMA_EQUALS || how == SIGMA_CIDR))
		compare_address(c, first);
	else if (type == TYPE_HASH && how == SIGMA_EQUALS)
		compare_hash(c, first);
	else if (type == TYPE_BIT && how == SIGMA_EQUALS)
		compare_bit(c, first);
	else if ((f < 0 || field_is_text(type)) && how == SIGMA_EQUALS)
		compare_text(c, first);
	else if ((f < 0 || field_is_text(type)) && how == SIGMA_RE)
		compare_re(c, first);
	else
		refuse(c, sigma_print(c->imp->pool, "a comparison that does not fit %s", c->field->name));
}

struct sigma_logic *
sigma_compare(struct sigma_import *imp, const struct sigma_field *field, const struct sigma_mods *mods, const struct sigma_tree *values,
    struct sigma_lines *left)
{
	struct comparing c = { .imp = imp, .field = field, .mods = mods, .left = left,
		.out = sigma_logic_new(imp->pool, mods->all ? SIGMA_AND : SIGMA_OR, NULL) };
	struct sigma_tree alone = *values;
	const struct sigma_tree *first = values->kind == SIGMA_LIST ? values->first : &alone;

	alone.next = NULL;
	if (!first)
		refuse(&c, sigma_print(imp->pool, "'%.60s' has no value", values->key ? values->key : ""));
	for (const struct sigma_tree *v = first; v; v = v->next)
		if (v->kind != SIGMA_SCALAR)
			refuse(&c, "a value that is a list or a map");
	if (!c.why)
		compare(&c, first);
	if (c.why)
		return sigma_logic_new(imp->pool, SIGMA_CANNOT, c.why);
	return mods->neq ? sigma_logic_not(imp->pool, c.out) : c.out;
}
