#include <string.h>
#include "ctl/sigma_value.h"

#define TEXTS_MAX	256	/* that one value may stand for */
#define VALUE_MAX	3900	/* bytes: a line of a policy has 4096 */
#define OFFSET_LEAST	3	/* bytes that base64offset of yett takes */
#define OFFSET_MOST	512

/* A backslash takes the meaning from a wildcard and from itself; before anything else it is a backslash. */
struct sigma_glyphs *
sigma_glyphs(struct pool *pool, const char *s)
{
	struct sigma_glyphs *g = sigma_take(pool, sizeof(*g));

	g->at = sigma_take(pool, (strlen(s) + 1) * sizeof(g->at[0]));
	for (; *s; s++) {
		if (*s == '\\' && s[1] && strchr("*?\\", s[1]))
			g->at[g->n++] = (unsigned char)*++s;
		else if (*s == '*')
			g->at[g->n++] = SIGMA_ANY;
		else
			g->at[g->n++] = *s == '?' ? SIGMA_ONE : (unsigned char)*s;
	}
	return g;
}

const char *
sigma_pattern(struct pool *pool, const struct sigma_glyphs *g, bool path)
{
	char *out = sigma_take(pool, g->n * 3 + 1), *o = out;

	for (size_t i = 0; i < g->n; i++) {
		uint16_t c = g->at[i];
		if (c == SIGMA_ANY) {
			if (i && g->at[i - 1] == SIGMA_ANY)
				continue;
			/* Between two slashes, ** may be nothing at all, slash included; not so here. */
			if (path && i && g->at[i - 1] == '/' && i + 1 < g->n && g->at[i + 1] == '/')
				*o++ = '?';
			if (path)
				*o++ = '*';
			*o++ = '*';
		} else if (c == SIGMA_ONE) {
			*o++ = '?';
		} else {
			if (c == '*' || c == '?' || c == '\\' || (path && c == '['))
				*o++ = '\\';
			*o++ = (char)c;
		}
	}
	return out;
}

/* Bytes of the character at S, its code in *CODE; 0: not UTF-8. */
static size_t
character(const unsigned char *s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] & 0xf8) == 0xf0 ? 4 : 0;

	if (n == 0)
		return 0;
	*code = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	return *code < least[n] || *code > 0x10ffff ? 0 : n;
}

/* Turns, hides or ends what is around it, or is no character at all. */
static bool
is_odd(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff ||
	    (c >= 0xd800 && c <= 0xdfff);
}

const char *
sigma_unwritable(const char *text)
{
	uint32_t c = 0;

	if (strlen(text) > VALUE_MAX)
		return "a value of more than 3900 bytes";
	for (size_t n; *text; text += n) {
		n = character((const unsigned char *)text, &c);
		if (n == 0)
			return "a value that is not UTF-8";
		if (is_odd(c) && c != '\t')
			return "a value with a character that no line of a policy can hold, as it controls, turns or hides text";
	}
	return NULL;
}

const char *
sigma_clean(struct pool *pool, const char *text)
{
	char *out = sigma_copy(pool, text, strlen(text));
	uint32_t c;

	for (size_t i = 0, n; out[i]; i += n) {
		n = character((const unsigned char *)out + i, &c);
		if (n && !is_odd(c))
			continue;
		bool blank = n && (c == '\n' || c == '\r' || c == '\t');
		n = n ? n : 1;
		memset(out + i, blank ? ' ' : '?', n);
	}
	return out;
}

static struct sigma_glyphs *
copy(struct pool *pool, const struct sigma_glyphs *g, size_t room)
{
	struct sigma_glyphs *c = sigma_take(pool, sizeof(*c));

	c->at = sigma_take(pool, (g->n + room) * sizeof(c->at[0]));
	c->n = g->n;
	if (g->n)
		memcpy(c->at, g->at, g->n * sizeof(c->at[0]));
	return c;
}

static bool
has_wildcard(const struct sigma_glyphs *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->at[i] >= SIGMA_ANY)
			return true;
	return false;
}

static bool
has_nul(const struct sigma_glyphs *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->at[i] == 0)
			return true;
	return false;
}

static void
put_unit(struct sigma_glyphs *g, uint32_t unit, bool big)
{
	g->at[g->n++] = big ? unit >> 8 & 0xff : unit & 0xff;
	g->at[g->n++] = big ? unit & 0xff : unit >> 8 & 0xff;
}

static struct sigma_glyphs *
widen(struct pool *pool, const struct sigma_glyphs *g, enum sigma_wide wide)
{
	struct sigma_glyphs *out = sigma_take(pool, sizeof(*out));
	char *bytes = sigma_take(pool, g->n + 1);
	bool big = wide == SIGMA_UTF16BE;
	uint32_t c;

	out->at = sigma_take(pool, (g->n * 2 + 2) * sizeof(out->at[0]));
	for (size_t i = 0; i < g->n; i++)
		bytes[i] = (char)g->at[i];
	if (wide == SIGMA_UTF16)
		put_unit(out, 0xfeff, false);
	for (size_t at = 0, n; at < g->n; at += n) {
		n = character((const unsigned char *)bytes + at, &c);
		if (n == 0) {		/* YAML is UTF-8; a byte that is not is taken as it is */
			n = 1;
			c = (unsigned char)bytes[at];
		}
		if (c >= 0x10000)
			put_unit(out, 0xd800 + ((c - 0x10000) >> 10), big);
		put_unit(out, c >= 0x10000 ? 0xdc00 + ((c - 0x10000) & 0x3ff) : c, big);
	}
	return out;
}

/* Digits of base64 of G behind SHIFT bytes that are not known: all of them, or those that are sure. */
static struct sigma_glyphs *
base64(struct pool *pool, const struct sigma_glyphs *g, size_t shift, bool sure)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct sigma_glyphs *out = sigma_take(pool, sizeof(*out));
	size_t bits = (shift + g->n) * 8;

	out->at = sigma_take(pool, (g->n * 2 + 8) * sizeof(out->at[0]));
	for (size_t at = shift ? shift + 1 : 0; sure ? (at + 1) * 6 <= bits : at * 6 < bits; at++) {
		unsigned six = 0;
		for (size_t b = at * 6; b < at * 6 + 6; b++)
			six = six << 1 | (b < bits ? g->at[b / 8 - shift] >> (7 - b % 8) & 1u : 0);
		out->at[out->n++] = (unsigned char)digits[six];
	}
	while (!sure && out->n % 4)
		out->at[out->n++] = '=';
	return out;
}

static struct sigma_glyphs *
offsets(struct pool *pool, const struct sigma_glyphs *g)
{
	struct sigma_glyphs *a = base64(pool, g, 0, true);

	a->next = base64(pool, g, 1, true);
	a->next->next = base64(pool, g, 2, true);
	return a;
}

bool
sigma_offset_is_plain(const struct sigma_mods *m, const struct sigma_glyphs *g)
{
	return m->base64offset && m->wide == SIGMA_NARROW && g->n >= OFFSET_LEAST && g->n <= OFFSET_MOST && !has_wildcard(g);
}

static bool
is_letter(uint16_t c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Where an option begins. */
static bool
is_dash(const struct sigma_glyphs *g, size_t i)
{
	return (g->at[i] == '-' || g->at[i] == '/') && !(i && is_letter(g->at[i - 1])) && i + 1 < g->n && is_letter(g->at[i + 1]);
}

/* G with its dashes as the digits of CHOICE in base 5 say, or all the same where SAME. */
static struct sigma_glyphs *
with_dashes(struct pool *pool, const struct sigma_glyphs *g, unsigned choice, bool same)
{
	static const char *const dashes[] = { "-", "/", "\u2013", "\u2014", "\u2015" };
	struct sigma_glyphs *out = sigma_take(pool, sizeof(*out));

	out->at = sigma_take(pool, (g->n * 3 + 1) * sizeof(out->at[0]));
	for (size_t i = 0; i < g->n; i++) {
		if (!is_dash(g, i)) {
			out->at[out->n++] = g->at[i];
			continue;
		}
		for (const char *d = dashes[choice % 5]; *d; d++)
			out->at[out->n++] = (unsigned char)*d;
		choice = same ? choice : choice / 5;
	}
	return out;
}

static struct sigma_glyphs *
windash(struct pool *pool, const struct sigma_glyphs *g)
{
	struct sigma_glyphs *first = NULL, **end = &first;
	unsigned dashes = 0, choices = 1;

	for (size_t i = 0; i < g->n; i++)
		dashes += is_dash(g, i);
	bool same = dashes > 3;
	for (unsigned d = 0; d < (same ? 1 : dashes); d++)
		choices *= 5;
	for (unsigned c = 0; c < choices; c++) {
		*end = with_dashes(pool, g, c, same);
		end = &(*end)->next;
	}
	return first;
}

/* The values that --expand gives to the placeholder, separated by commas; NULL: none. */
static const char *
placeholder(const struct sigma_import *imp, const char *name, size_t len)
{
	for (unsigned i = 0; i < imp->n_expand; i++)
		if (strncmp(imp->expand[i], name, len) == 0 && imp->expand[i][len] == '=')
			return imp->expand[i] + len + 1;
	return NULL;
}

/* Finds %name% that no backslash takes the meaning from. */
static const char *
find_placeholder(const char *s, size_t *len)
{
	for (; *s; s++) {
		if (*s == '\\' && s[1]) {
			s++;
			continue;
		}
		const char *end = *s == '%' ? strchr(s + 1, '%') : NULL;
		if (end && end > s + 1) {
			*len = (size_t)(end - s) + 1;
			return s;
		}
	}
	return NULL;
}

static const char *
unquote_percent(struct pool *pool, const char *s)
{
	char *out = sigma_take(pool, strlen(s) + 1), *o = out;

	for (; *s; s++)
		if (!(s[0] == '\\' && s[1] == '%'))
			*o++ = *s;
	return out;
}

/* Replaces one placeholder after the other; LINES is a queue of texts that may still have one. */
static const char *
expand(struct sigma_import *imp, const char *value, struct sigma_lines *out)
{
	struct sigma_lines queue = { 0 };
	size_t len;

	sigma_line_add(imp->pool, &queue, value);
	for (const struct sigma_line *l = queue.first; l; l = l->next) {
		const char *at = find_placeholder(l->text, &len);
		if (!at) {
			sigma_line_add(imp->pool, out, unquote_percent(imp->pool, l->text));
			continue;
		}
		const char *values = placeholder(imp, at + 1, len - 2);
		if (!values)
			return sigma_print(imp->pool, "the placeholder %.*s is the admin's to define: say --expand %.*s=VALUE,...", (int)len, at,
			    (int)len - 2, at + 1);
		for (size_t n; *values; values += n + (values[n] == ',')) {
			n = strcspn(values, ",");
			sigma_line_add(imp->pool, &queue, sigma_print(imp->pool, "%.*s%.*s%s", (int)(at - l->text), l->text, (int)n, values, at + len));
		}
		if (queue.n > TEXTS_MAX)
			return "placeholders stand for more than 256 values";
	}
	return NULL;
}

static const char *
add_texts(struct sigma_import *imp, const struct sigma_mods *m, const char *text, struct sigma_glyphs ***end)
{
	struct sigma_glyphs *plain = sigma_glyphs(imp->pool, text), *g = m->windash ? windash(imp->pool, plain) : plain;
	bool encodes = m->wide != SIGMA_NARROW || m->base64 || m->base64offset;

	if (encodes && has_wildcard(plain))
		return "a wildcard in a value that is to be encoded";
	for (struct sigma_glyphs *next; g; g = next) {
		next = g->next;
		g->next = NULL;
		struct sigma_glyphs *wide = m->wide == SIGMA_NARROW ? g : widen(imp->pool, g, m->wide);
		bool native = sigma_offset_is_plain(m, wide);
		**end = m->base64 ? base64(imp->pool, wide, 0, false) : m->base64offset && !native ? offsets(imp->pool, wide) :
		    copy(imp->pool, wide, 1);
		if (has_nul(**end))
			return "a value with NUL bytes, which no text of an event has; utf16 is for base64";
		while (**end)
			*end = &(**end)->next;
	}
	return NULL;
}

struct sigma_glyphs *
sigma_texts(struct sigma_import *imp, const struct sigma_mods *m, const char *value, const char **why)
{
	struct sigma_glyphs *first = NULL, **end = &first;
	struct sigma_lines texts = { 0 };

	*why = NULL;
	if (m->expand)
		*why = expand(imp, value, &texts);
	else
		sigma_line_add(imp->pool, &texts, value);
	for (const struct sigma_line *l = texts.first; l && !*why; l = l->next)
		*why = add_texts(imp, m, l->text, &end);
	return *why ? NULL : first;
}
