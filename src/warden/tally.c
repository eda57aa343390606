#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "warden/tally.h"

#define HOUR_S 3600

static const char *const names[COVERAGE__MAX] = {
#define COVERAGE(id, name, help) name,
#include "wire/coverage.def"
#undef COVERAGE
};

/* What has come to entry I since it was told; true: something. */
static bool
add_entry(struct tally *t, const struct page *page, uint32_t i, struct tally_told *sum)
{
	const char *path = page->coverage[i].path, *place = NULL;
	char line[256] = "";
	size_t n = 0;

	for (int c = 0; c < COVERAGE__MAX; c++) {
		uint64_t now = atomic_load(&page->coverage[i].count[c]), more = now - t->told[i][c];
		t->told[i][c] = now;
		if (!more)
			continue;
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s=%llu ", names[c], (unsigned long long)more);
		sum->ran += more;
		sum->judged += c == COVERAGE_JUDGED ? more : 0;
		sum->cached += c == COVERAGE_CACHED ? more : 0;
		sum->gone += c == COVERAGE_GONE ? more : 0;
	}
	if (n && path[0] != '/')
		place = t->place(t->arg, atomic_load(&page->coverage[i].dev));
	if (n)
		details_add(&sum->details, "%spath=%.*s", line, PAGE_COVERAGE_PATH - 1, place ? place : path);
	return n > 0;
}

bool
tally_next(struct tally *t, const struct page *page, uint64_t wall_ns, bool last, struct tally_told *out)
{
	uint64_t now_s = wall_ns / NS_PER_SEC, hour = now_s / HOUR_S;
	uint32_t n = atomic_load(&page->gate.coverages);
	bool any = false;

	if (!t->hour) {
		t->hour = hour;
		t->since_s = now_s;
	}
	if (hour == t->hour && !last)
		return false;
	*out = (struct tally_told){ 0 };
	details_add(&out->details, "since=%llu", (unsigned long long)t->since_s);
	for (uint32_t i = 0; i < n && i < PAGE_COVERAGES; i++)
		any = add_entry(t, page, i, out) || any;
	t->hour = hour;
	t->since_s = now_s;
	return any;
}
