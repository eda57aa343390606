#ifndef TESTS_FUZZ_ENTRIES_H
#define TESTS_FUZZ_ENTRIES_H
/* Two texts of a file, before and after a line "%%", behind a byte that says which file: both are read and compared. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* Watch is a process, not a library: what reads files is taken in whole. */
#include "watch/span.c"
#include "watch/entries.c"
#include "watch/parse.c"
#include "watch/accounts.c"
#include "watch/rights.c"
#undef SHOWN_MAX
#include "watch/jobs.c"
#include "watch/units.c"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
on_difference(void *arg, const struct entry *before, const struct entry *after)
{
	uint32_t *n = arg;

	if (!before && !after)
		abort();
	if (before && after && order_of_names(before, after) != 0)
		abort();
	++*n;
}

static void
proper_entry(const struct entry *e)
{
	struct span rest = e->value, a;
	size_t used = 0;

	if (e->object >= OBJECT__MAX || e->key.n > ENTRY_KEY || e->value.n > ENTRY_VALUE)
		abort();
	while (value_next(&rest, &a)) {
		used += a.n + 1;
		a = value_shown(a);
		for (size_t i = 0; i < a.n; i++)
			if ((unsigned char)a.s[i] < ' ')
				abort();
	}
	if (used != e->value.n)
		abort();
}

static uint32_t
read_file(struct entries *e, const char *path, struct span text, bool link)
{
	static const uint8_t key[16] = { 7 };
	struct fact_file f = { .path = span_of(path), .mode = 0100644, .link = link };
	char *exact = malloc(text.n ? text.n : 1);
	struct entry one, last = { 0 };
	uint32_t n = 0;

	if (!exact || !fact_find(f.path.s, f.path.n, &f.fact))
		abort();
	if (text.n)
		memcpy(exact, text.s, text.n);
	f.text = (struct span){ exact, text.n };
	entries_init(e, key);
	parse_file(e, &f);
	free(exact);
	if (entries_sort(e))
		abort();
	for (size_t at = 0; entries_next(e, &at, &one); last = one, n++) {
		proper_entry(&one);
		if (n && order_of_names(&last, &one) > 0)
			abort();
	}
	if (n != e->n)
		abort();
	return n;
}

static int
fuzz_entries(const char *const *paths, size_t count, const uint8_t *data, size_t len)
{
	struct span all = { (const char *)data + 1, len ? len - 1 : 0 }, before = all, after = { "", 0 };
	struct entries b, a;
	uint32_t told = 0, same = 0;

	if (!len)
		return 0;
	const char *path = paths[(data[0] & 0x7f) % count], *cut = memmem(all.s, all.n, "\n%%\n", 4);
	if (cut) {
		before.n = (size_t)(cut + 1 - all.s);
		after = (struct span){ cut + 4, all.n - before.n - 3 };
	}
	uint32_t n = read_file(&b, path, before, data[0] & 0x80), k = read_file(&a, path, after, data[0] & 0x80);
	if (entries_compare(&b, &a, on_difference, &told) != told || (!b.over && !a.over && told > n + k))
		abort();
	if (entries_compare(&a, &a, on_difference, &same))
		abort();
	entries_done(&b);
	entries_done(&a);
	return 0;
}

#endif
