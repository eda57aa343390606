#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alert/segment.h"
#include "base/cleanup.h"
#include "base/grow.h"
#include "ctl/flight.h"
#include "ctl/term.h"
#include "ctl/view.h"

#define ONLY	"\"action\":\"flight"	/* lines of records about files, and few others */
#define LOOKS	2			/* a file that goes while we look has a record by then */

/* What a record says of one file. */
struct known { char file[FLIGHT_FILE], sha256[65]; bool removed; size_t nth; };
struct all { struct known *at; size_t n, room; bool failed; };

struct found { size_t good, removed, unproved; char bad[FLIGHT_FILE]; const char *why; };

static void
cleanup_all(struct all *a)
{
	free(a->at);
}

const char *
flight_detail(const json_t *record, const char *word)
{
	const json_t *list = store_get(record, "yett.details"), *one;
	size_t n = strlen(word), i;

	json_array_foreach(list, i, one) {
		const char *s = json_string_value(one);
		if (s && strncmp(s, word, n) == 0 && s[n] == '=')
			return s + n + 1;
	}
	return NULL;
}

bool
flight_file(const char *text, char file[FLIGHT_FILE])
{
	if (!text || strncmp(text, "flight/", 7) != 0 || strspn(text + 7, "0123456789abcdef") != 16 || strcmp(text + 23, ".jsonl") != 0)
		return false;
	snprintf(file, FLIGHT_FILE, "%s", text);
	return true;
}

static bool
is_state(const json_t *record, const char *action)
{
	return strcmp(store_text(record, "event.kind"), "state") == 0 && strcmp(store_text(record, "event.action"), action) == 0;
}

bool
flight_names(const json_t *record, const char *id)
{
	const json_t *list = store_get(record, "yett.details"), *one;
	size_t i;

	if (!is_state(record, "flight-recorded"))
		return false;
	json_array_foreach(list, i, one) {
		const char *s = json_string_value(one);
		if (s && strncmp(s, "alert=", 6) == 0 && strcmp(s + 6, id) == 0)
			return true;
	}
	return false;
}

struct search { const struct flight_ask *ask; bool found; };

static bool
is_it(void *arg, json_t *record, const char *line, size_t len)
{
	struct search *s = arg;

	if (strncmp(store_text(record, "event.id"), s->ask->id, strlen(s->ask->id)) != 0)
		return true;
	s->found = true;
	return s->ask->fn(s->ask->arg, record, line, len);
}

int
flight_search(const struct flight_ask *ask, char file[FLIGHT_FILE])
{
	struct search s = { ask, false };
	char path[PATH_MAX], named[FLIGHT_FILE], here[FLIGHT_FILE], part[32];
	const struct dirent *e;

	snprintf(path, sizeof(path), "%s/flight", ask->log);
	CLEANUP_DIR DIR *d = opendir(path);
	snprintf(part, sizeof(part), "\"id\":\"%.16s", ask->id);
	while (d && !s.found && (e = readdir(d))) {
		snprintf(named, sizeof(named), "flight/%.30s", e->d_name);
		if (!flight_file(named, here))
			continue;
		snprintf(path, sizeof(path), "%s/%s", ask->log, here);
		int err = store_read(&(struct store_ask){ .path = path, .only = part, .fn = is_it, .arg = &s });
		if (err && err != -ENOENT)
			return err;
	}
	if (!s.found)
		return -ENOENT;
	memcpy(file, here, FLIGHT_FILE);
	return 0;
}

static int
by_file(const void *x, const void *y)
{
	return strcmp(((const struct known *)x)->file, ((const struct known *)y)->file);
}

static int
by_file_and_time(const void *x, const void *y)
{
	const struct known *a = x, *b = y;
	int n = by_file(a, b);

	return n ? n : (a->nth > b->nth) - (a->nth < b->nth);
}

/* SHA256 NULL: it was removed. */
static void
learn(struct all *a, const char *file, const char *sha256)
{
	struct known *larger = grow(a->at, a->n, &a->room, sizeof(*larger));

	a->failed = a->failed || !larger;
	if (!larger)
		return;
	a->at = larger;
	struct known *k = &a->at[a->n];
	*k = (struct known){ .removed = !sha256, .nth = a->n++ };
	snprintf(k->file, sizeof(k->file), "%s", file);
	snprintf(k->sha256, sizeof(k->sha256), "%s", sha256 ? sha256 : "");
}

/* By file; of each what was said last. */
static void
sort(struct all *a)
{
	size_t n = 0;

	if (a->n)
		qsort(a->at, a->n, sizeof(*a->at), by_file_and_time);
	for (size_t i = 0; i < a->n; i++)
		if (i + 1 == a->n || by_file(&a->at[i], &a->at[i + 1]) != 0)
			a->at[n++] = a->at[i];
	a->n = n;
}

static bool
note(void *arg, json_t *record, const char *line, size_t len)
{
	const json_t *list = store_get(record, "yett.details"), *one;
	const char *sha256 = flight_detail(record, "sha256");
	char file[FLIGHT_FILE];
	size_t i;

	(void)line, (void)len;
	if (is_state(record, "flight-recorded") && sha256 && flight_file(flight_detail(record, "file"), file))
		learn(arg, file, sha256);
	if (!is_state(record, "flights-removed"))
		return true;
	json_array_foreach(list, i, one) {
		const char *s = json_string_value(one);
		if (s && strncmp(s, "file=", 5) == 0 && flight_file(s + 5, file))
			learn(arg, file, NULL);
	}
	return true;
}

/* 0, or -errno: the file cannot be read, -ENOENT among it; *SAME: it is what was recorded. */
static int
compare(const char *log, const struct known *k, bool *same)
{
	char path[PATH_MAX], hex[65];

	snprintf(path, sizeof(path), "%s/%s", log, k->file);
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int err = fd < 0 ? -errno : segment_hash(fd, hex);
	*same = !err && strcmp(hex, k->sha256) == 0;
	return err;
}

/* False: a file is not there; the records may say by now that it was removed. */
static bool
check(const char *log, const struct all *a, struct found *f)
{
	*f = (struct found){ 0 };
	for (size_t i = 0; i < a->n; i++) {
		const struct known *k = &a->at[i];
		bool same = true;
		int err = k->removed ? 0 : compare(log, k, &same);
		f->removed += k->removed;
		f->good += !k->removed && same;
		if (same || f->why)
			continue;
		snprintf(f->bad, sizeof(f->bad), "%s", k->file);
		f->why = err == -ENOENT ? "this file was recorded and is not there" :
		    err ? "this file was recorded and cannot be read" : "this file is not what was recorded";
		if (err == -ENOENT)
			return false;
	}
	return true;
}

/* Those that no record names. 0 or -errno: nobody knows. */
static int
count_unproved(const char *log, const struct all *a, size_t *n)
{
	char path[PATH_MAX], named[FLIGHT_FILE], file[FLIGHT_FILE];
	const struct dirent *e;

	snprintf(path, sizeof(path), "%s/flight", log);
	CLEANUP_DIR DIR *d = opendir(path);
	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(d))) {
		snprintf(named, sizeof(named), "flight/%.30s", e->d_name);
		*n += flight_file(named, file) && !(a->n && bsearch(file, a->at, a->n, sizeof(*a->at), by_file));
	}
	return 0;
}

static void
show(const struct found *f)
{
	fputs("flights: ", stdout);
	if (f->why)
		printf("%s: ", f->bad);
	term_word(f->why ? COLOR_BAD : COLOR_GOOD, f->why ? "altered" : "whole", 0);
	printf(": %s\n", f->why ? f->why : "every file is what its record says");
	printf("  %zu as recorded, %zu removed since\n", f->good, f->removed);
	if (f->unproved)
		printf("  %zu without a record: it went with its segment, or a crash came between\n", f->unproved);
}

static void
show_json(const struct found *f, bool told)
{
	printf("%s\"flights\": {\"result\": \"%s\", \"files\": %zu, \"removed\": %zu, \"unproved\": %zu", told ? ", " : "{",
	    f->why ? "altered" : "whole", f->good, f->removed, f->unproved);
	if (f->why)
		printf(", \"why\": \"%s\", \"file\": \"%s\"", f->why, f->bad);
	putchar('}');
}

enum answer
flight_verify(const struct ctl *ctl, const char *log, bool *told)
{
	CLEANUP(cleanup_all) struct all a = { 0 };
	struct found f;
	int err = 0;

	for (int look = 0; look < LOOKS && !err; look++) {
		a.n = 0;
		err = store_read(&(struct store_ask){ .log = log, .only = ONLY, .fn = note, .arg = &a });
		sort(&a);
		if (!err && check(log, &a, &f))
			break;
	}
	if (!err)
		err = a.failed ? -ENOMEM : count_unproved(log, &a, &f.unproved);
	if (err) {
		ctl_error("%s/flight: %s", log, strerror(-err));
		return err == -EACCES ? ANSWER_FORBIDDEN : ANSWER_NO;
	}
	if (!a.n && !f.unproved)
		return ANSWER_DONE;
	if (ctl->json)
		show_json(&f, *told);
	else
		show(&f);
	*told = true;
	return f.why ? ANSWER_ALTERED : ANSWER_DONE;
}
