/* A regular expression against a text. The first byte is flags; a NUL ends the expression. Whatever they are, it ends soon. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "policy/layout.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* As much of a block as expressions are read from. */
struct block { struct policy policy; struct l_regex regex; char strings[REGEX_TEXT_MAX + 1]; };

static struct regexes *
open_one(const char *s, size_t len, unsigned flags, size_t bytes)
{
	static struct block b;
	struct regexes *r;

	b.policy.regexes = (struct span){ offsetof(struct block, regex), 1 };
	b.policy.strings = (struct span){ offsetof(struct block, strings), REGEX_TEXT_MAX + 1 };
	b.policy.regex_bytes = (bytes + 15) & ~(size_t)15;
	b.regex = (struct l_regex){ .text = { 0, (uint32_t)len }, .flags = flags };
	memcpy(b.strings, s, len);
	b.strings[len] = '\0';
	if (regexes_open(&b.policy, &r))
		abort();	/* what was tried, and has its room, opens */
	return r;
}

static void
look(struct regexes *r, const char *s, size_t n)
{
	uint32_t first = REGEX_STEPS, second = REGEX_STEPS;
	enum regex_answer answer = regex_match(r, 0, s, n, &first);

	if (first > REGEX_STEPS || answer > REGEX_TOO_HARD)
		abort();
	if (regex_match(r, 0, s, n, &second) != answer || first != second)
		abort();	/* pure */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data + 1;
	char why[200];

	if (size == 0)
		return 0;
	const char *end = memchr(s, '\0', size - 1);
	size_t len = end ? (size_t)(end - s) : size - 1, bytes = regex_try(s, len, data[0] & REGEX_ALL, why, sizeof(why));
	if (!bytes)
		return memchr(why, '\0', sizeof(why)) ? 0 : -1;
	size_t n = end ? size - 2 - len : 0;
	/* No byte to spare. */
	char *text = malloc(n);
	if (n && !text)
		abort();
	if (n)
		memcpy(text, end + 1, n);
	struct regexes *r = open_one(s, len, data[0] & REGEX_ALL, bytes);
	look(r, text ? text : "", n);
	look(r, "", 0);
	regexes_close(r);
	free(text);
	return 0;
}
