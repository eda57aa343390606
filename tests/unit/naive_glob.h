#ifndef TESTS_UNIT_NAIVE_GLOB_H
#define TESTS_UNIT_NAIVE_GLOB_H
/*
 * What policy/glob.h says of matching, written down as directly as can be: for well-formed patterns, with which the real one is
 * compared. Each pair of places is looked at once, so it ends; pattern and text have at most NAIVE_MAX bytes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define NAIVE_MAX 128

struct naive {
	const char	*begin, *end, *text, *text_end;
	bool		 path;
	unsigned char	 known[NAIVE_MAX + 1][NAIVE_MAX + 1];	/* 0 not yet, 1 does not match from here, 2 does */
};

static inline bool
naive_quoted(const struct naive *r, const char *p)
{
	return p[0] == '\\' && p + 1 < r->end && p[1] && strchr("*?[]\\", p[1]);
}

static inline const char *
naive_member(const struct naive *r, const char *p, unsigned char *c)
{
	p += naive_quoted(r, p);
	*c = (unsigned char)*p;
	return p + 1;
}

/* The set that begins at P: is C in it? Returns what follows it, or NULL if it does not end. */
static inline const char *
naive_set(const struct naive *r, const char *p, unsigned char c, bool *holds)
{
	bool negated = p + 1 < r->end && (p[1] == '!' || p[1] == '^'), found = false;
	const char *first = p + 1 + negated;

	for (p = first; p < r->end && (*p != ']' || p == first);) {
		unsigned char low, high;
		p = naive_member(r, p, &low);
		high = low;
		if (p + 1 < r->end && p[0] == '-' && p[1] != ']')
			p = naive_member(r, p + 1, &high);
		found = found || (c >= low && c <= high);
	}
	*holds = found != negated && c != '/';
	return p < r->end ? p + 1 : NULL;
}

static inline bool naive_from(struct naive *r, const char *p, const char *s);

/* Behind a slash of a path; of each "**" + "/" that follows, the directories may be none. */
static inline bool
naive_slash(struct naive *r, const char *p, const char *s)
{
	while (!naive_from(r, p, s)) {
		if (r->end - p < 3 || memcmp(p, "**/", 3) != 0)
			return false;
		p += 3;
	}
	return true;
}

static inline bool
naive_step(struct naive *r, const char *p, const char *s)
{
	bool more = s < r->text_end, inside = more && (!r->path || *s != '/'), holds;

	if (p == r->end)
		return !more;
	if (r->path && r->end - p > 1 && p[0] == '*' && p[1] == '*')
		return naive_from(r, p + 2, s) || (more && naive_from(r, p, s + 1));
	if (*p == '*')
		return naive_from(r, p + 1, s) || (inside && naive_from(r, p, s + 1));
	if (*p == '?')
		return inside && naive_from(r, p + 1, s + 1);
	if (r->path && *p == '[') {
		const char *next = naive_set(r, p, more ? (unsigned char)*s : 0, &holds);
		return next && more && holds && naive_from(r, next, s + 1);
	}
	if (r->path && *p == '/')
		return more && *s == '/' && naive_slash(r, p + 1, s + 1);
	p += naive_quoted(r, p);
	return more && *p == *s && naive_from(r, p + 1, s + 1);
}

static inline bool
naive_from(struct naive *r, const char *p, const char *s)
{
	unsigned char *known = &r->known[p - r->begin][s - r->text];

	if (!*known)
		*known = naive_step(r, p, s) ? 2 : 1;
	return *known == 2;
}

static inline bool
naive_glob(const char *pattern, size_t len, const char *text, size_t n, bool path)
{
	static struct naive r;

	for (size_t i = 0; i <= len; i++)
		memset(r.known[i], 0, n + 1);
	r.begin = pattern;
	r.end = pattern + len;
	r.text = text;
	r.text_end = text + n;
	r.path = path;
	return naive_from(&r, pattern, text);
}

#endif
