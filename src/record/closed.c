#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "alert/keep.h"
#include "alert/pack.h"
#include "alert/segment.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/grow.h"
#include "base/log.h"
#include "record/closed.h"

struct one { uint64_t number, bytes, changed_ns; bool packed; };
struct all { struct one *one; size_t n, room; };

static void
cleanup_all(struct all *a)
{
	free(a->one);
}

static bool
keep_one(struct all *a, const struct one *one)
{
	struct one *larger = grow(a->one, a->n, &a->room, sizeof(*larger));

	if (!larger)
		return false;
	a->one = larger;
	a->one[a->n++] = *one;
	return true;
}

static int
by_number(const void *x, const void *y)
{
	const struct one *a = x, *b = y;

	return (a->number > b->number) - (a->number < b->number);
}

/* All closed segments of a chain that are there, the oldest first. False: it cannot be said. */
static bool
list(const struct closed *c, enum chain_which which, struct all *a)
{
	CLEANUP_DIR DIR *d = keep_list(c->dir);
	const struct dirent *e;

	if (!d)
		return false;
	while ((e = readdir(d))) {
		enum segment_file file;
		int64_t number = segment_number(e->d_name, chain_stem(which), &file);
		struct stat st;
		if (number <= 0 || !segment_has_records(file) || fstatat(c->dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (!keep_one(a, &(struct one){ .number = (uint64_t)number, .bytes = (uint64_t)st.st_size, .packed = file == SEGMENT_PACKED,
		    .changed_ns = (uint64_t)st.st_mtim.tv_sec * NS_PER_SEC }))
			return false;
	}
	if (a->n)
		qsort(a->one, a->n, sizeof(a->one[0]), by_number);
	return true;
}

void
closed_init(struct closed *c, int log_dir, const struct config *config)
{
	*c = (struct closed){ .dir = log_dir, .config = config };
}

void
closed_end(struct closed *c)
{
	pack_close(c->pack);
	c->pack = NULL;
}

void
closed_packs(struct closed *c, enum chain_which which)
{
	c->wanted[which] = true;
}

bool
closed_is_packing(const struct closed *c)
{
	return c->pack != NULL;
}

/* Begins with the oldest that is not packed. */
static bool
begin_one(struct closed *c, enum chain_which which)
{
	CLEANUP(cleanup_all) struct all a = { 0 };
	char from[SEGMENT_NAME], to[SEGMENT_NAME];

	if (!c->wanted[which] || !list(c, which, &a))
		return false;
	for (size_t i = 0; i < a.n; i++) {
		if (a.one[i].packed)
			continue;
		segment_name(from, chain_stem(which), a.one[i].number, SEGMENT_RECORDS);
		segment_name(to, chain_stem(which), a.one[i].number, SEGMENT_PACKED);
		int err = pack_open(&c->pack, c->dir, from, to);
		if (err)
			log_errno(err, "%s cannot be packed", from);
		c->of = which;
		c->number = a.one[i].number;
		c->wanted[which] = !err;
		return !err;
	}
	c->wanted[which] = false;
	return false;
}

bool
closed_pack(struct closed *c)
{
	if (!c->pack) {
		for (int i = 0; i < CHAIN__MAX; i++)
			if (begin_one(c, (enum chain_which)i))
				return true;
		return false;
	}
	int err = pack_step(c->pack);
	if (err > 0)
		return true;
	pack_close(c->pack);
	c->pack = NULL;
	if (err) {
		log_errno(err, "segment %llu of %s cannot be packed; it stays as it is", (unsigned long long)c->number, chain_stem(c->of));
		c->wanted[c->of] = false;
	}
	return true;
}

bool
closed_plan(const struct closed *c, enum chain_which which, uint64_t wall_ns, struct trim *t)
{
	uint64_t total = 0, most = which == CHAIN_ALERTS ? c->config->keep_alerts : c->config->keep_events;
	CLEANUP(cleanup_all) struct all a = { 0 };

	*t = (struct trim){ 0 };
	if (!list(c, which, &a))
		return false;
	for (size_t i = 0; i < a.n; i++)
		total += a.one[i].bytes;
	for (size_t i = 0; i < a.n; i++) {
		const struct one *one = &a.one[i];
		bool old = wall_ns > one->changed_ns && wall_ns - one->changed_ns > c->config->keep_age_ns;
		if (!old && total - t->bytes <= most)
			break;
		t->first = t->first ? t->first : one->number;
		t->last = one->number;
		t->bytes += one->bytes;
	}
	return t->last;
}

void
closed_remove(struct closed *c, enum chain_which which, const struct trim *t)
{
	char name[SEGMENT_NAME];

	if (c->pack && c->of == which && c->number >= t->first && c->number <= t->last)
		closed_end(c);
	for (uint64_t n = t->first; n <= t->last; n++)
		for (int packed = 0; packed < 2; packed++) {
			segment_name(name, chain_stem(which), n, packed ? SEGMENT_PACKED : SEGMENT_RECORDS);
			if (unlinkat(c->dir, name, 0) && errno != ENOENT)
				log_errno(-errno, "%s cannot be removed", name);
		}
	fsync(c->dir);
}
