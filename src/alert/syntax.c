#include <stdint.h>
#include <string.h>
#include "alert/syntax.h"

struct scan { const uint8_t *at, *end; };

static bool
next_is(struct scan *s, uint8_t c)
{
	if (s->at >= s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static void
blanks(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
		s->at++;
}

static bool
hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
escape(struct scan *s)
{
	if (s->at >= s->end)
		return false;
	uint8_t c = *s->at++;
	if (c != 'u')
		return c && strchr("\"\\/bfnrt", c);
	for (int i = 0; i < 4; i++, s->at++)
		if (s->at >= s->end || !hex(*s->at))
			return false;
	return true;
}

/* The bytes after the first of a UTF-8 character; LOW and HIGH bound the first of them. */
static bool
tail_bytes(struct scan *s, int n, uint8_t low, uint8_t high)
{
	for (int i = 0; i < n; i++, low = 0x80, high = 0xbf)
		if (s->at >= s->end || *s->at < low || *s->at++ > high)
			return false;
	return true;
}

static bool
character(struct scan *s)
{
	uint8_t c = *s->at++;

	if (c < 0x80)
		return c >= 0x20;
	if (c < 0xc2 || c > 0xf4)
		return false;
	if (c < 0xe0)
		return tail_bytes(s, 1, 0x80, 0xbf);
	if (c < 0xf0)
		return tail_bytes(s, 2, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf);
	return tail_bytes(s, 3, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf);
}

static bool
string(struct scan *s)
{
	if (!next_is(s, '"'))
		return false;
	while (s->at < s->end) {
		if (next_is(s, '"'))
			return true;
		if (next_is(s, '\\') ? !escape(s) : !character(s))
			return false;
	}
	return false;
}

static bool
digits(struct scan *s)
{
	const uint8_t *from = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > from;
}

static bool
number(struct scan *s)
{
	next_is(s, '-');
	if (!next_is(s, '0') && !digits(s))
		return false;
	if (next_is(s, '.') && !digits(s))
		return false;
	if (next_is(s, 'e') || next_is(s, 'E')) {
		if (!next_is(s, '+'))
			next_is(s, '-');
		return digits(s);
	}
	return true;
}

static bool
word(struct scan *s, const char *w)
{
	size_t n = strlen(w);

	if ((size_t)(s->end - s->at) < n || memcmp(s->at, w, n) != 0)
		return false;
	s->at += n;
	return true;
}

static bool
scalar(struct scan *s)
{
	if (s->at < s->end && *s->at == '"')
		return string(s);
	return word(s, "true") || word(s, "false") || word(s, "null") || number(s);
}

struct stack { uint64_t object; unsigned depth; };	/* bit per level: object or array */

static bool
push(struct stack *st, bool object)
{
	if (st->depth == SYNTAX_DEPTH)
		return false;
	uint64_t bit = 1ull << st->depth++;
	st->object = object ? st->object | bit : st->object & ~bit;
	return true;
}

static bool
in_object(const struct stack *st)
{
	return st->object >> (st->depth - 1) & 1;
}

/* A member name with its colon. */
static bool
name(struct scan *s, struct syntax_member *m)
{
	const uint8_t *from = s->at;

	if (!string(s))
		return false;
	*m = (struct syntax_member){ .name = (const char *)from + 1, .len = (size_t)(s->at - from) - 2 };
	blanks(s);
	if (!next_is(s, ':'))
		return false;
	blanks(s);
	return true;
}

/* After a value: closes what ends here. True when another value follows in MORE, or the root is closed. */
static bool
after_value(struct scan *s, struct stack *st, bool *more)
{
	while (st->depth) {
		blanks(s);
		if (next_is(s, ',')) {
			blanks(s);
			*more = true;
			return true;
		}
		if (!next_is(s, in_object(st) ? '}' : ']'))
			return false;
		st->depth--;
	}
	*more = false;
	return true;
}

/* One value, or the start of one: OPENED tells that an object or array began. */
static bool
value(struct scan *s, struct stack *st, bool *opened)
{
	*opened = false;
	if (next_is(s, '{')) {
		*opened = true;
		return push(st, true);
	}
	if (next_is(s, '[')) {
		*opened = true;
		return push(st, false);
	}
	return scalar(s);
}

bool
syntax_object(const char *text, size_t len, struct syntax_member last[2])
{
	struct scan s = { (const uint8_t *)text, (const uint8_t *)text + len };
	struct stack st = { 0 };
	bool more = true, opened = true;

	memset(last, 0, 2 * sizeof(last[0]));
	if (!next_is(&s, '{') || !push(&st, true))
		return false;
	while (more) {
		struct syntax_member m = { 0 };
		blanks(&s);
		/* An object or array that was just opened may be empty. */
		bool empty = opened && s.at < s.end && *s.at == (in_object(&st) ? '}' : ']');
		opened = false;
		if (!empty) {
			bool root = st.depth == 1;
			if (in_object(&st) && !name(&s, &m))
				return false;
			if (root) {
				last[1] = last[0];
				last[0] = m;
			}
			if (!value(&s, &st, &opened))
				return false;
		}
		if (!opened && !after_value(&s, &st, &more))
			return false;
	}
	blanks(&s);
	return s.at == s.end;
}
