#include <string.h>
#include "watch/span.h"

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

struct span
span_of(const char *s)
{
	return (struct span){ s, strlen(s) };
}

bool
span_line(struct span *rest, struct span *line)
{
	const char *end;

	if (!rest->n)
		return false;
	end = memchr(rest->s, '\n', rest->n);
	*line = (struct span){ rest->s, end ? (size_t)(end - rest->s) : rest->n };
	size_t used = line->n + (end != NULL);
	*rest = (struct span){ rest->s + used, rest->n - used };
	return true;
}

bool
span_field(struct span *rest, char c, struct span *field)
{
	const char *end;

	if (!rest->s)
		return false;
	end = memchr(rest->s, c, rest->n);
	*field = (struct span){ rest->s, end ? (size_t)(end - rest->s) : rest->n };
	*rest = end ? (struct span){ end + 1, rest->n - field->n - 1 } : (struct span){ NULL, 0 };
	return true;
}

struct span
span_word(struct span *rest)
{
	struct span w = *rest;

	while (w.n && blank(*w.s))
		w.s++, w.n--;
	size_t n = 0;
	while (n < w.n && !blank(w.s[n]))
		n++;
	*rest = (struct span){ w.s + n, w.n - n };
	return (struct span){ w.s, n };
}

struct span
span_trim(struct span t)
{
	while (t.n && blank(*t.s))
		t.s++, t.n--;
	while (t.n && blank(t.s[t.n - 1]))
		t.n--;
	return t;
}

bool
span_same(struct span a, struct span b)
{
	return a.n == b.n && (!a.n || memcmp(a.s, b.s, a.n) == 0);
}

bool
span_is(struct span t, const char *s)
{
	return span_same(t, span_of(s));
}

bool
span_starts(struct span t, const char *s)
{
	size_t n = strlen(s);

	return t.n >= n && memcmp(t.s, s, n) == 0;
}

bool
span_ends(struct span t, const char *s)
{
	size_t n = strlen(s);

	return t.n >= n && memcmp(t.s + t.n - n, s, n) == 0;
}
