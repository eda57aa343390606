#include <stdio.h>
#include <string.h>
#include "policy/near.h"

#define NEAR_MAX	63

/* Edits (insert, remove, replace) between two names of at most NEAR_MAX bytes. */
static unsigned
edits(const char *a, size_t n, const char *b, size_t m)
{
	unsigned row[NEAR_MAX + 1];

	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned least = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < least)
				least = row[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			row[j] = least;
		}
	}
	return row[m];
}

const char *
near_name(const char *wrong, const char *const *names, size_t n)
{
	const char *best = NULL;
	size_t len = strlen(wrong);
	unsigned limit = 1 + (unsigned)len / 3;

	if (len > NEAR_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t other = strlen(names[i]);
		unsigned d = other <= NEAR_MAX ? edits(wrong, len, names[i], other) : limit + 1;
		if (d <= limit && d < other) {
			best = names[i];
			limit = d ? d - 1 : 0;
		}
	}
	return best;
}

const char *
near_hint(const char *nearest, char *out, size_t size)
{
	if (nearest)
		snprintf(out, size, "; did you mean '%s'?", nearest);
	else
		out[0] = '\0';
	return out;
}
