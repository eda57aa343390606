/* Is it one JSON object? Asked of the real parser and of another one, which is as plain as the grammar of RFC 8259 and recurses. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "alert/syntax.h"

struct at { const char *p, *end; unsigned depth; };

static bool value(struct at *);

static bool
take(struct at *a, char c)
{
	return a->p < a->end && *a->p == c && a->p++;
}

static void
blanks(struct at *a)
{
	while (take(a, ' ') || take(a, '\t') || take(a, '\n') || take(a, '\r'))
		;
}

static bool
digits(struct at *a)
{
	const char *from = a->p;

	while (a->p < a->end && isdigit((unsigned char)*a->p))
		a->p++;
	return a->p > from;
}

static bool
number(struct at *a)
{
	take(a, '-');
	if (!take(a, '0') && !digits(a))
		return false;
	if (take(a, '.') && !digits(a))
		return false;
	if (take(a, 'e') || take(a, 'E')) {
		(void)(take(a, '+') || take(a, '-'));
		return digits(a);
	}
	return true;
}

/* The code point of the UTF-8 character at P and its length, or 0: decoded and judged by its value. */
static int
decode(const unsigned char *p, size_t left)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	int n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
	unsigned code = n == 1 ? p[0] : n ? p[0] & (0x7fu >> n) : 0;

	if (!n || left < (size_t)n)
		return 0;
	for (int i = 1; i < n; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	return code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) || code < 0x20 ? 0 : n;
}

static bool
string(struct at *a)
{
	if (!take(a, '"'))
		return false;
	while (a->p < a->end && *a->p != '"') {
		if (*a->p == '\\') {
			a->p++;
			if (a->p == a->end || !*a->p || !strchr("\"\\/bfnrtu", *a->p))
				return false;
			for (int i = *a->p++ == 'u' ? 4 : 0; i > 0; i--)
				if (a->p == a->end || !isxdigit((unsigned char)*a->p++))
					return false;
			continue;
		}
		int n = decode((const unsigned char *)a->p, (size_t)(a->end - a->p));
		if (!n)
			return false;
		a->p += n;
	}
	return take(a, '"');
}

static bool
list(struct at *a, bool object)
{
	char close = object ? '}' : ']';

	if (++a->depth > SYNTAX_DEPTH)
		return false;
	blanks(a);
	if (take(a, close)) {
		a->depth--;
		return true;
	}
	do {
		blanks(a);
		if (object && !string(a))
			return false;
		blanks(a);
		if (object && !take(a, ':'))
			return false;
		blanks(a);
		if (!value(a))
			return false;
		blanks(a);
	} while (take(a, ','));
	a->depth--;
	return take(a, close);
}

static bool
value(struct at *a)
{
	static const char *const words[] = { "true", "false", "null" };

	if (a->p < a->end && *a->p == '"')
		return string(a);
	if (take(a, '{'))
		return list(a, true);
	if (take(a, '['))
		return list(a, false);
	for (int i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);
		if ((size_t)(a->end - a->p) >= n && memcmp(a->p, words[i], n) == 0) {
			a->p += n;
			return true;
		}
	}
	return number(a);
}

static bool
object(const char *text, size_t len)
{
	struct at a = { text, text + len, 0 };

	if (!take(&a, '{') || !list(&a, true))
		return false;
	blanks(&a);
	return a.p == a.end;
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct syntax_member last[2];

	if (syntax_object(text, size, last) != object(text, size))
		abort();
	for (int i = 0; i < 2; i++)	/* also of what is refused, names lie within the text */
		if (last[i].name && (last[i].name <= text || last[i].name + last[i].len >= text + size || last[i].name[-1] != '"' ||
		    last[i].name[last[i].len] != '"'))
			abort();
	return 0;
}
