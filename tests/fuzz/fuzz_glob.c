/* A pattern against a text, as the naive matcher sees it. The first byte says whether they are paths; a NUL ends the pattern. */
#include <stdint.h>
#include <stdlib.h>
#include "../unit/naive_glob.h"
#include "policy/glob.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
compare(const char *pattern, size_t len, const char *text, size_t n, bool path)
{
	bool met = glob_match(pattern, len, text, n, path);
	size_t head = glob_head(pattern, len, path);
	char *plain = malloc(len + 1);

	if (head > len || (met && (n < head || (head && memcmp(pattern, text, head) != 0))))
		abort();
	size_t m = glob_unquote(pattern, len, plain);
	if (m > len)
		abort();
	if (!glob_wrong(pattern, len, path)) {
		size_t tail = glob_tail(pattern, len);
		if (tail > len || (met && (n < tail || (tail && memcmp(pattern + len - tail, text + n - tail, tail) != 0))))
			abort();
		if (len <= NAIVE_MAX && n <= NAIVE_MAX && met != naive_glob(pattern, len, text, n, path))
			abort();
		if (!glob_is(pattern, len, path) && len <= GLOB_MAX && met != (m == n && (!n || memcmp(plain, text, n) == 0)))
			abort();
	}
	free(plain);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *pattern = (const char *)data + 1;

	if (size == 0)
		return 0;
	const char *end = memchr(pattern, '\0', size - 1);
	size_t len = end ? (size_t)(end - pattern) : size - 1;
	const char *text = end ? end + 1 : pattern + len;
	/* No byte to spare behind either. */
	char *p = malloc(len), *t = malloc(size - (size_t)(text - (const char *)data));
	size_t n = size - (size_t)(text - (const char *)data);
	if ((len && !p) || (n && !t))
		abort();
	if (len)
		memcpy(p, pattern, len);
	if (n)
		memcpy(t, text, n);
	compare(p, len, t, n, data[0] == 'p');
	free(p);
	free(t);
	return 0;
}
