#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "alert/json.h"
#include "alert/keep.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/grow.h"
#include "base/log.h"
#include "record/flight.h"
#include "record/reserve.h"

#define NOTES_MAX	4096	/* lines of one batch; more than any stream takes */
#define FILE_LINES	4096	/* of one file */
#define REMOVED_MAX	64	/* files that one record tells of */
#define PASSES_MAX	4	/* over the ring, until nobody is found whose descendants could be there */
#define EARLIER		(FLIGHT_BYTES / 4 * 3)	/* of what came before the alert: the rest is for what comes after it */
#define TRY_AGAIN_NS	(10 * NS_PER_SEC)
#define GIVE_UP		6	/* tries to write a file */

/* What is known of a line that is not on disk yet. */
struct note { struct kin kin; uint64_t at_ns, wall_ns, id; enum { NOTE_OTHER, NOTE_LINE, NOTE_ALERT } is; };
struct notes { struct note *at; unsigned n; };

struct piece { uint64_t at_ns, wall_ns; uint32_t offset, len, nth; };

struct flight {
	bool		 open, written;
	uint64_t	 due_ns;
	unsigned	 tries, alerts;
	uint64_t	 alert[FLIGHT_ALERTS];	/* ids; the first names the file */
	struct family	 family;
	char		*text;			/* FLIGHT_BYTES, while it is open */
	struct piece	*piece;			/* FILE_LINES */
	unsigned	 lines;
	size_t		 len;
	uint64_t	 left_out;		/* lines without room */
};

struct flights {
	struct flight_setup setup;
	struct ring	 ring;
	struct notes	 notes[CHAIN__MAX];
	struct flight	 flight[FLIGHT_OPEN];
	uint64_t	 evicted;		/* of the ring, as far as it was counted */
	struct flight	*written;		/* its record is to be told */
	struct flight_old old[REMOVED_MAX];	/* these go once that is told */
	unsigned	 n_old;
};

static bool
is_flight(const char *name)
{
	return strspn(name, "0123456789abcdef") == 16 && strcmp(name + 16, ".jsonl") == 0;
}

/* What a predecessor had begun. */
static void
sweep(int dir)
{
	CLEANUP_DIR DIR *d = keep_list(dir);
	const struct dirent *e;

	while (d && (e = readdir(d))) {
		size_t n = strlen(e->d_name);
		if (n > 4 && strcmp(e->d_name + n - 4, ".tmp") == 0)
			unlinkat(dir, e->d_name, 0);
	}
}

int
flights_new(struct flights **out, const struct flight_setup *s)
{
	struct flights *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->setup = *s;
	bool whole = ring_init(&f->ring, &(struct ring_bounds){ FLIGHT_RING, FLIGHT_LINES, s->span_ns }) == 0;
	for (int i = 0; i < CHAIN__MAX; i++)
		whole = (f->notes[i].at = calloc(NOTES_MAX, sizeof(struct note))) && whole;
	if (!whole) {
		flights_free(f);
		return -ENOMEM;
	}
	sweep(s->dir);
	*out = f;
	return 0;
}

static void
end_flight(struct flight *l)
{
	free(l->text);
	free(l->piece);
	memset(l, 0, sizeof(*l));
}

void
flights_free(struct flights *f)
{
	if (!f)
		return;
	for (unsigned i = 0; i < FLIGHT_OPEN; i++)
		end_flight(&f->flight[i]);
	for (int i = 0; i < CHAIN__MAX; i++)
		free(f->notes[i].at);
	ring_free(&f->ring);
	free(f);
}

void
flights_note(struct flights *f, enum chain_which which, const struct report *r)
{
	if (!f || f->notes[which].n == NOTES_MAX)
		return;
	struct note *n = &f->notes[which].at[f->notes[which].n++];
	n->at_ns = r->event.boot_ns;
	n->wall_ns = r->event.wall_ns;
	n->id = r->event.id;
	n->is = NOTE_OTHER;
	if (r->kind == REPORT_STATE)
		return;
	kin_of(&n->kin, r);
	n->is = r->kind == REPORT_ALERT && !r->repeated && r->severity >= SEVERITY_MEDIUM && n->kin.process ? NOTE_ALERT : NOTE_LINE;
}

static void
add_line(struct flight *l, const struct ring_line *line)
{
	if (l->len + line->len > FLIGHT_BYTES || l->lines == FILE_LINES) {
		l->left_out++;
		return;
	}
	memcpy(l->text + l->len, line->text, line->len);
	l->piece[l->lines] = (struct piece){ line->at_ns, line->wall_ns, (uint32_t)l->len, (uint32_t)line->len, l->lines };
	l->lines++;
	l->len += line->len;
}

/* What the ring has of the family. Of too much the latest stays. */
static void
collect(struct flight *l, const struct ring *r)
{
	bool mine[FLIGHT_LINES] = { false };
	unsigned from = r->n;
	size_t bytes = 0;
	bool grown = true;

	for (unsigned pass = 0; pass < PASSES_MAX && grown; pass++) {
		unsigned before = l->family.n;
		for (unsigned i = 0; i < r->n; i++)
			mine[i] = mine[i] || family_takes(&l->family, &ring_at(r, i)->kin);
		grown = l->family.n > before;
	}
	for (unsigned i = r->n, lines = 0; i-- > 0 && lines < FILE_LINES / 2; ) {
		bytes += mine[i] ? ring_at(r, i)->len : 0;
		if (bytes > EARLIER)
			break;
		lines += mine[i];
		from = i;
	}
	for (unsigned i = 0; i < r->n; i++)
		if (mine[i] && i >= from)
			add_line(l, ring_at(r, i));
		else
			l->left_out += mine[i];
}

/* A flight begins with what the ring has, the alert among it. */
static void
begin_flight(struct flights *f, const struct note *n, uint64_t now_ns)
{
	struct flight *l = NULL;

	for (unsigned i = 0; i < FLIGHT_OPEN && !l; i++)
		l = f->flight[i].open ? NULL : &f->flight[i];
	if (l) {
		l->text = malloc(FLIGHT_BYTES);
		l->piece = calloc(FILE_LINES, sizeof(*l->piece));
	}
	if (!l || !l->text || !l->piece) {
		if (l)
			end_flight(l);
		counter_add(f->setup.page, COUNTER_FLIGHTS_MISSED, 1);
		return;
	}
	l->open = true;
	l->due_ns = now_ns + FLIGHT_WHILE_NS;
	l->alert[l->alerts++] = n->id;
	family_begin(&l->family, &n->kin);
	collect(l, &f->ring);
}

static void
offer(struct flights *f, const struct note *n, const struct ring_line *line)
{
	bool shared = false;

	ring_put(&f->ring, line);
	for (unsigned i = 0; i < FLIGHT_OPEN; i++) {
		struct flight *l = &f->flight[i];
		if (!l->open || l->written || line->kept_ns >= l->due_ns || !family_takes(&l->family, &n->kin))
			continue;
		add_line(l, line);
		shared = true;
		if (n->is == NOTE_ALERT && l->alerts < FLIGHT_ALERTS)
			l->alert[l->alerts++] = n->id;
	}
	if (n->is == NOTE_ALERT && !shared)
		begin_flight(f, n, line->kept_ns);
}

void
flights_committed(struct flights *f, enum chain_which which, const char *text, size_t len)
{
	const char *end = text + len, *next;
	struct ring_line line = { .kept_ns = now_boot_ns() };

	if (!f)
		return;
	for (unsigned i = 0; i < f->notes[which].n && text < end; i++, text = next) {
		const struct note *n = &f->notes[which].at[i];
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		next = newline ? newline + 1 : end;
		line.kin = n->kin;
		line.at_ns = n->at_ns;
		line.wall_ns = n->wall_ns;
		line.text = text;
		line.len = (size_t)(next - text);
		if (n->is != NOTE_OTHER)
			offer(f, n, &line);
	}
	f->notes[which].n = 0;
	counter_add(f->setup.page, COUNTER_FLIGHT_EVICTED, f->ring.evicted - f->evicted);
	f->evicted = f->ring.evicted;
}

/* Which; -1: none. */
static int
next_due(const struct flights *f)
{
	int next = -1;

	for (int i = 0; f && i < FLIGHT_OPEN; i++)
		if (f->flight[i].open && !f->flight[i].written && (next < 0 || f->flight[i].due_ns < f->flight[next].due_ns))
			next = i;
	return next;
}

uint64_t
flights_due_ns(const struct flights *f)
{
	int i = next_due(f);

	return i < 0 ? 0 : f->flight[i].due_ns;
}

static int
by_age(const void *x, const void *y)
{
	const struct flight_old *a = x, *b = y;

	return a->changed_ns != b->changed_ns ? (a->changed_ns > b->changed_ns) - (a->changed_ns < b->changed_ns) : strcmp(a->name, b->name);
}

/* All files of DIR, unsorted, in *ALL, which is the caller's. How many, or -errno. */
static int
list_flights(int dir, struct flight_old **all)
{
	CLEANUP_DIR DIR *d = keep_list(dir);
	const struct dirent *e;
	size_t room = 0;
	int n = 0;

	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		struct stat st;
		if (!is_flight(e->d_name) || fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		struct flight_old *larger = grow(*all, (size_t)n, &room, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		*all = larger;
		struct flight_old *o = &(*all)[n++];
		snprintf(o->name, sizeof(o->name), "%.22s", e->d_name);
		o->bytes = (uint64_t)st.st_size;
		o->changed_ns = (uint64_t)st.st_mtim.tv_sec * NS_PER_SEC + (uint64_t)st.st_mtim.tv_nsec;
	}
	return n;
}

int
flights_plan(int dir, uint64_t bytes, struct flight_old *old, unsigned most)
{
	CLEANUP_FREE struct flight_old *all = NULL;
	uint64_t total = bytes;
	unsigned gone = 0;
	int n = list_flights(dir, &all);

	if (n <= 0 || !all)
		return n;
	for (int i = 0; i < n; i++)
		total += all[i].bytes;
	qsort(all, (size_t)n, sizeof(*all), by_age);
	for (; gone < most && gone < (unsigned)n && ((unsigned)n - gone >= FLIGHT_FILES || total > FLIGHT_DISK); gone++) {
		old[gone] = all[gone];
		total -= all[gone].bytes;
	}
	return (int)gone;
}

static void __attribute__((format(printf, 2, 3)))
detail(struct flight_news *news, const char *fmt, ...)
{
	size_t room = sizeof(news->details) - news->len;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(news->details + news->len, room, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < room)
		news->len += (size_t)n + 1;
}

static bool
plan(struct flights *f, const struct flight *l, struct flight_news *news)
{
	int n = flights_plan(f->setup.dir, l->len, f->old, REMOVED_MAX);

	if (n <= 0)
		return false;
	f->n_old = (unsigned)n;
	*news = (struct flight_news){ .gone = true, .count = (uint64_t)n };
	snprintf(news->why, sizeof(news->why), "%d files of the flight recorder are removed, the oldest ones, since it keeps at most %d files "
	    "and %llu MiB.", n, FLIGHT_FILES, FLIGHT_DISK >> 20);
	for (int i = 0; i < n; i++)
		detail(news, "file=flight/%s", f->old[i].name);
	return true;
}

static int
by_time(const void *x, const void *y)
{
	const struct piece *a = x, *b = y;

	return a->at_ns != b->at_ns ? (a->at_ns > b->at_ns) - (a->at_ns < b->at_ns) : (a->nth > b->nth) - (a->nth < b->nth);
}

static void
name_of(const struct flight *l, char name[FLIGHT_NAME])
{
	snprintf(name, FLIGHT_NAME, "%016" PRIx64 ".jsonl", l->alert[0]);
}

/* The file, whole and synced, or none. Room for alerts stays on the disk. */
static int
write_file(const struct flights *f, struct flight *l, char hex[65])
{
	CLEANUP_FREE char *sorted = malloc(l->len);
	char name[FLIGHT_NAME], tmp[FLIGHT_NAME + 8];
	uint8_t hash[crypto_hash_sha256_BYTES];
	struct statvfs fs;
	size_t at = 0;

	if (!sorted)
		return -ENOMEM;
	if (fstatvfs(f->setup.dir, &fs) || fs.f_bavail * fs.f_frsize < l->len + RESERVE_BYTES)
		return -ENOSPC;
	qsort(l->piece, l->lines, sizeof(*l->piece), by_time);
	for (unsigned i = 0; i < l->lines; i++) {
		memcpy(sorted + at, l->text + l->piece[i].offset, l->piece[i].len);
		at += l->piece[i].len;
	}
	name_of(l, name);
	int err = keep_write(f->setup.dir, name, sorted, at, 0640);
	if (err) {
		snprintf(tmp, sizeof(tmp), "%s.tmp", name);
		unlinkat(f->setup.dir, tmp, 0);
		return err;
	}
	crypto_hash_sha256(hash, (const uint8_t *)sorted, at);
	sodium_bin2hex(hex, 65, hash, sizeof(hash));
	return 0;
}

/* What a verifier needs, and who looks for the file of an alert. */
static void
describe(const struct flight *l, const char hex[65], struct flight_news *news)
{
	uint64_t from = UINT64_MAX, to = 0;
	char clock[JSON_CLOCK], name[FLIGHT_NAME];

	for (unsigned i = 0; i < l->lines; i++) {
		from = l->piece[i].wall_ns < from ? l->piece[i].wall_ns : from;
		to = l->piece[i].wall_ns > to ? l->piece[i].wall_ns : to;
	}
	*news = (struct flight_news){ .count = l->lines };
	name_of(l, name);
	snprintf(news->why, sizeof(news->why), "What the process tree of alert %016" PRIx64 " did is kept in flight/%s: %u records of "
	    "%llu.%03llu s%s.", l->alert[0], name, l->lines, (unsigned long long)((to - from) / NS_PER_SEC),
	    (unsigned long long)((to - from) / NS_PER_MS % 1000), l->left_out ? "; more had no room" : "");
	detail(news, "file=flight/%s", name);
	detail(news, "sha256=%s", hex);
	detail(news, "lines=%u", l->lines);
	json_clock(clock, from, 9);
	detail(news, "from=%s", clock);
	json_clock(clock, to, 9);
	detail(news, "to=%s", clock);
	if (l->left_out)
		detail(news, "left_out=%" PRIu64, l->left_out);
	for (unsigned i = 0; i < l->alerts; i++)
		detail(news, "alert=%016" PRIx64, l->alert[i]);
}

/* Tried again for a while; the logs have what is lost with it. */
static void
failed(struct flights *f, struct flight *l, int err, bool last)
{
	l->due_ns += TRY_AGAIN_NS;
	if (++l->tries < GIVE_UP && !last)
		return;
	log_errno(err, "what the process tree of alert %016" PRIx64 " did cannot be kept in a file", l->alert[0]);
	counter_add(f->setup.page, COUNTER_FLIGHTS_MISSED, l->alerts);
	end_flight(l);
}

bool
flights_next(struct flights *f, uint64_t now_ns, bool all, struct flight_news *news)
{
	char hex[65];
	int i;

	while ((i = next_due(f)) >= 0 && (all || f->flight[i].due_ns <= now_ns)) {
		struct flight *l = &f->flight[i];
		if (plan(f, l, news))
			return true;
		int err = write_file(f, l, hex);
		if (err) {
			failed(f, l, err, all);
			continue;
		}
		l->written = true;
		f->written = l;
		describe(l, hex, news);
		return true;
	}
	return false;
}

void
flights_told(struct flights *f, bool told)
{
	for (unsigned i = 0; i < f->n_old && told; i++)
		if (unlinkat(f->setup.dir, f->old[i].name, 0) && errno != ENOENT)
			log_errno(-errno, "flight/%s cannot be removed", f->old[i].name);
	if (f->n_old && told)
		fsync(f->setup.dir);
	f->n_old = 0;
	if (!f->written)
		return;
	counter_add(f->setup.page, COUNTER_FLIGHTS, 1);
	end_flight(f->written);
	f->written = NULL;
}
