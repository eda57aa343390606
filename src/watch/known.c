#include <stdlib.h>
#include <string.h>
#include "base/mix.h"
#include "watch/known.h"

#define PASSWD		"/etc/passwd"
#define BUCKETS		(sizeof(((struct knowns *)0)->bucket) / sizeof(struct known *))

static unsigned
bucket_of(const char *path, size_t len)
{
	return (unsigned)(mix(MIX_BASIS, path, len) % BUCKETS);
}

struct known *
known_find(const struct knowns *all, const char *path, size_t len)
{
	struct known *k = all->bucket[bucket_of(path, len)];

	while (k && (k->len != len || memcmp(k->path, path, len) != 0))
		k = k->next;
	return k;
}

struct known *
known_add(struct knowns *all, const char *path, size_t len, const struct fact *fact)
{
	struct known *k = all->n < KNOWN_FILES ? calloc(1, sizeof(*k) + len + 1) : NULL;
	unsigned b = bucket_of(path, len);

	if (!k)
		return NULL;
	memcpy(k->path, path, len);
	k->len = len;
	k->fact = *fact;
	k->next = all->bucket[b];
	all->bucket[b] = k;
	all->n++;
	return k;
}

void
known_keep(struct knowns *all, struct known *k, struct entries *fresh)
{
	all->bytes -= k->entries.len;
	entries_done(&k->entries);
	k->large = fresh->over || all->bytes + fresh->len > KNOWN_BYTES;
	if (k->large)
		entries_done(fresh);
	k->entries = *fresh;
	*fresh = (struct entries){ 0 };
	all->bytes += k->entries.len;
}

void
known_drop(struct knowns *all, struct known *k)
{
	struct known **at = &all->bucket[bucket_of(k->path, k->len)];

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	all->bytes -= k->entries.len;
	all->n--;
	entries_done(&k->entries);
	free(k);
}

void
known_each(struct knowns *all, known_fn *fn, void *arg)
{
	for (size_t b = 0; b < BUCKETS; b++)
		for (struct known *k = all->bucket[b], *next; k; k = next) {
			next = k->next;
			if (!fn(arg, k))
				return;
		}
}

struct span
known_attribute(const struct entry *e, const char *name)
{
	struct span value = e->value, a;
	size_t n = strlen(name);

	while (value_next(&value, &a))
		if (span_starts(a, name))
			return (struct span){ a.s + n, a.n - n };
	return (struct span){ NULL, 0 };
}

bool
known_number(struct span text, uint32_t *out)
{
	uint64_t n = 0;

	if (!text.n || text.n > 10)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.s[i] < '0' || text.s[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text.s[i] - '0');
	}
	*out = (uint32_t)n;
	return n <= UINT32_MAX;
}

bool
known_user(const struct knowns *all, struct span name, uint32_t *uid)
{
	const struct known *k = known_find(all, PASSWD, sizeof(PASSWD) - 1);
	struct entry e;

	for (size_t at = 0; k && entries_next(&k->entries, &at, &e);)
		if (span_same(e.key, name))
			return known_number(known_attribute(&e, "uid="), uid);
	return false;
}

bool
known_with(const struct knowns *all, const char *attribute, struct span text, struct span *name, uint32_t *uid)
{
	const struct known *k = known_find(all, PASSWD, sizeof(PASSWD) - 1);
	struct entry e;

	for (size_t at = 0; k && entries_next(&k->entries, &at, &e);) {
		if (!span_same(known_attribute(&e, attribute), text))
			continue;
		*name = e.key;
		return known_number(known_attribute(&e, "uid="), uid);
	}
	return false;
}
