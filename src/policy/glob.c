#include <stdint.h>
#include <string.h>
#include "policy/glob.h"

#define WORDS	(GLOB_MAX / 64 + 1)

struct places { uint64_t word[WORDS]; };

static bool
is_quoted(const char *p, size_t len, size_t i)
{
	return p[i] == '\\' && i + 1 < len && p[i + 1] && strchr("*?[]\\", p[i + 1]);
}

/* The index behind a set that begins at I, or 0. */
static size_t
set_end(const char *p, size_t len, size_t i)
{
	i++;
	if (i < len && (p[i] == '!' || p[i] == '^'))
		i++;
	for (size_t first = i; i < len; i++) {
		if (p[i] == ']' && i > first)
			return i + 1;
		if (is_quoted(p, len, i))
			i++;
	}
	return 0;
}

static unsigned char
member(const char *p, size_t len, size_t *i)
{
	if (is_quoted(p, len, *i))
		(*i)++;
	return (unsigned char)p[(*i)++];
}

/* Does the set at I hold C? A range that runs backwards is empty. */
static bool
set_holds(const char *p, size_t len, size_t i, unsigned char c)
{
	size_t end = set_end(p, len, i) - 1;
	bool negated = p[++i] == '!' || p[i] == '^', found = false;

	i += negated;
	while (i < end) {
		unsigned char low = member(p, len, &i), high = low;
		if (i + 1 < end && p[i] == '-') {
			i++;
			high = member(p, len, &i);
		}
		found |= c >= low && c <= high;
	}
	return found != negated && c != '/';
}

static const char *
set_wrong(const char *p, size_t len, size_t i)
{
	size_t end = set_end(p, len, i);

	if (!end)
		return "'[' without ']' (write \\[ for the letter)";
	i += 1 + (p[i + 1] == '!' || p[i + 1] == '^');
	while (i < end - 1) {
		unsigned char low = member(p, len, &i);
		if (i + 1 < end - 1 && p[i] == '-') {
			i++;
			if (member(p, len, &i) < low)
				return "a range in [] runs backwards";
		}
	}
	return NULL;
}

const char *
glob_wrong(const char *p, size_t len, bool path)
{
	const char *why = NULL;

	for (size_t i = 0; i < len && !why; i++) {
		if (is_quoted(p, len, i)) {
			i++;
		} else if (p[i] == '\\' && i + 1 == len) {
			why = "ends with a backslash (write \\\\ for the letter)";
		} else if (path && p[i] == '[') {
			why = set_wrong(p, len, i);
			i = why ? i : set_end(p, len, i) - 1;
		}
	}
	if (!why && len > GLOB_MAX && glob_is(p, len, path))
		why = "a pattern with wildcards of more than 512 bytes";
	return why;
}

static bool
is_wild(char c, bool path)
{
	return c == '*' || c == '?' || (path && c == '[');
}

size_t
glob_head(const char *p, size_t len, bool path)
{
	size_t i = 0;

	while (i < len && !is_wild(p[i], path) && !is_quoted(p, len, i))
		i++;
	return i;
}

/* A bracket or a backslash may belong to something before it: what stands behind the last of them is literal. */
size_t
glob_tail(const char *p, size_t len)
{
	size_t n = 0;

	while (n < len && !memchr("*?[]\\", p[len - 1 - n], 5))
		n++;
	return n;
}

bool
glob_is(const char *p, size_t len, bool path)
{
	for (size_t i = 0; i < len; i++) {
		if (is_quoted(p, len, i))
			i++;
		else if (is_wild(p[i], path))
			return true;
	}
	return false;
}

size_t
glob_unquote(const char *p, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (is_quoted(p, len, i))
			i++;
		out[n++] = p[i];
	}
	return n;
}

size_t
glob_letters(const char *p, size_t len, bool path, size_t *at, char *out)
{
	size_t i = *at, n = 0;

	while (i < len && !is_wild(p[i], path)) {
		i += is_quoted(p, len, i);
		out[n++] = p[i++];
	}
	if (!n) {
		size_t end = path && p[i] == '[' ? set_end(p, len, i) : 0;
		i = end ? end : i + 1;
	}
	*at = i;
	return n;
}

static bool
is_cross(const char *p, size_t len, size_t i, bool path)
{
	return path && p[i] == '*' && i + 1 < len && p[i + 1] == '*';
}

/* Adds place I and those that it reaches without a letter. */
static void
enter(struct places *set, const char *p, size_t len, size_t i, bool path)
{
	for (;;) {
		uint64_t bit = 1ull << (i % 64);
		if (set->word[i / 64] & bit)
			return;
		set->word[i / 64] |= bit;
		if (i == len || p[i] != '*')
			return;
		i += is_cross(p, len, i, path) ? 2 : 1;
	}
}

/* The same behind a slash of the pattern: the directories of "**" + "/" may be none, but only as long as nothing else was taken. */
static void
enter_directory(struct places *set, const char *p, size_t len, size_t i, bool path)
{
	enter(set, p, len, i, path);
	while (i + 2 < len && is_cross(p, len, i, path) && p[i + 2] == '/') {
		i += 3;
		enter(set, p, len, i, path);
	}
}

/* Where place I leads on the letter C. */
static void
step(struct places *next, const char *p, size_t len, size_t i, unsigned char c, bool path)
{
	if (p[i] == '*') {
		if (!path || c != '/' || is_cross(p, len, i, path))
			enter(next, p, len, i, path);
	} else if (p[i] == '?') {
		if (!path || c != '/')
			enter(next, p, len, i + 1, path);
	} else if (path && p[i] == '[' && set_end(p, len, i)) {
		if (set_holds(p, len, i, c))
			enter(next, p, len, set_end(p, len, i), path);
	} else {
		size_t letter = i + is_quoted(p, len, i);
		if ((unsigned char)p[letter] != c)
			return;
		if (c == '/')
			enter_directory(next, p, len, letter + 1, path);
		else
			enter(next, p, len, letter + 1, path);
	}
}

bool
glob_match(const char *p, size_t len, const char *s, size_t n, bool path)
{
	struct places now = { { 0 } };
	size_t words = len / 64 + 1;
	uint64_t any = 1;

	if (len > GLOB_MAX)
		return false;
	enter(&now, p, len, 0, path);
	for (size_t at = 0; at < n && any; at++) {
		struct places next = { { 0 } };
		any = 0;
		for (size_t w = 0; w < words; w++) {
			for (uint64_t bits = now.word[w]; bits; bits &= bits - 1) {
				size_t i = w * 64 + (size_t)__builtin_ctzll(bits);
				if (i < len)
					step(&next, p, len, i, (unsigned char)s[at], path);
			}
		}
		for (size_t w = 0; w < words; w++)
			any |= next.word[w];
		now = next;
	}
	return now.word[len / 64] >> (len % 64) & 1;
}
