#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "alert/anchor.h"
#include "alert/chain.h"
#include "alert/json.h"
#include "alert/pack.h"
#include "alert/segment.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "ctl/ctl.h"
#include "ctl/store.h"
#include "ctl/when.h"

#define BLOCK		(4 * RECORD_MAX)
#define NOTES_MAX	5
#define POLL_NS		200000000l

/* One log: the closed segments that are there, the oldest first, and then the open one; or one file. */
struct log {
	const struct store_ask *ask;
	char		 path[PATH_MAX];	/* that is read now, or comes next */
	char		 open[PATH_MAX];	/* the last of them, and the only one that grows */
	char		 dir[CONFIG_PATH + 32];	/* where they lie: [paths] log, or a directory in it */
	const char	*stem;			/* NULL: there is only that */
	bool		 ended;			/* it was set aside: what there is now is all */
	bool		 done;			/* and all of it was read */
	uint64_t	 segment;		/* that is read now; 0: the open one */
	int		 fd;
	struct unpack	*packed;
	char		*buf;
	size_t		 used, at;		/* bytes there; of these told */
	uint64_t	 offset, line;
	unsigned	 bad;
	bool		 skipping;		/* until the next newline */
	json_t		*record;		/* the next to be told; NULL: it has to be read */
	const char	*text;
	size_t		 len;
	uint64_t	 time;
	int		 err;			/* it cannot be read */
};

static void
note(struct log *l, const char *why)
{
	if (l->bad++ < NOTES_MAX)
		ctl_error("%s:%llu: passed over: %s", l->path, (unsigned long long)l->line, why);
}

/*
 * Numbers too long for an integer become texts, so that one of them (a register of a process that is watched) cannot hide its record.
 * OUT has room for three times LEN.
 */
static size_t
quote_long_numbers(const char *s, size_t len, char *out)
{
	bool quoted = false;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		size_t minus = s[i] == '-', run = quoted ? 0 : minus + strspn(s + i + minus, "0123456789");
		if (run >= 19) {
			out[n++] = '"';
			memcpy(out + n, s + i, run);
			n += run;
			out[n++] = '"';
			i += run - 1;
			continue;
		}
		if (s[i] == '"')
			quoted = !quoted;
		else if (quoted && s[i] == '\\' && i + 1 < len)
			out[n++] = s[i++];
		out[n++] = s[i];
	}
	return n;
}

static json_t *
parse(const char *line, size_t len)
{
	json_error_t error;
	json_t *record = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);

	if (record || json_error_code(&error) != json_error_numeric_overflow)
		return record;
	CLEANUP_FREE char *quoted = malloc(3 * len);
	if (!quoted)
		return NULL;
	return json_loadb(quoted, quote_long_numbers(line, len, quoted), JSON_REJECT_DUPLICATES, &error);
}

static void
close_file(struct log *l)
{
	unpack_close(l->packed);
	l->packed = NULL;
	cleanup_fd(&l->fd);
	l->used = l->at = 0;
	l->offset = l->line = 0;
	l->skipping = false;
}

static int
open_file(struct log *l)
{
	close_file(l);
	l->fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (l->fd < 0)
		return -errno;
	return l->stem && !l->segment ? 0 : unpack_open(&l->packed, l->fd);	/* what is open is never packed, whatever it begins with */
}

/* Has a segment nothing that was asked for? Its file is as old as its last record, or younger. */
static bool
is_too_old(const struct log *l, const struct stat *st)
{
	return l->ask->since_ns && (uint64_t)st->st_mtim.tv_sec + 1 < l->ask->since_ns / NS_PER_SEC;
}

/* The lowest number above AFTER of a closed segment; 0: there is none. PATH is its file. */
static uint64_t
next_segment(const struct log *l, uint64_t after, char path[PATH_MAX])
{
	CLEANUP_DIR DIR *d = opendir(l->dir);
	const struct dirent *e;
	uint64_t lowest = 0;

	while (d && (e = readdir(d))) {
		enum segment_file file;
		int64_t n = segment_number(e->d_name, l->stem, &file);
		struct stat st;
		if (n <= (int64_t)after || (lowest && (uint64_t)n >= lowest) || !segment_has_records(file) ||
		    fstatat(dirfd(d), e->d_name, &st, 0) || is_too_old(l, &st))
			continue;
		lowest = (uint64_t)n;
		snprintf(path, PATH_MAX, "%s/%s", l->dir, e->d_name);
	}
	return lowest;
}

/* Opens what comes behind the file that is read now. 0, -ENOENT: there is nothing, or -errno. */
static int
open_next(struct log *l, bool first)
{
	if (l->stem && (first || l->segment)) {
		uint64_t n = next_segment(l, l->segment, l->path);
		l->segment = n;
		if (n)
			return open_file(l);
	} else if (!first) {
		return -ENOENT;
	}
	memcpy(l->path, l->open, sizeof(l->path));
	return open_file(l);
}

/* Is the file at PATH another one than FD, or has it become shorter than what was read? */
static bool
replaced(const struct log *l)
{
	struct stat named, held;

	if (stat(l->path, &named) != 0 || fstat(l->fd, &held) != 0)
		return false;
	return named.st_dev != held.st_dev || named.st_ino != held.st_ino || (uint64_t)held.st_size < l->offset;
}

/* Bytes read, 0 at the end, or -errno. What was told makes room. */
static ssize_t
fill(struct log *l)
{
	l->used -= l->at;
	memmove(l->buf, l->buf + l->at, l->used);
	l->at = 0;
	ssize_t n = l->packed ? unpack_read(l->packed, l->buf + l->used, BLOCK - l->used) : read(l->fd, l->buf + l->used, BLOCK - l->used);
	if (n < 0)
		return l->packed ? n : -errno;
	l->offset += (uint64_t)n;
	l->used += (size_t)n;
	return n;
}

static void
at_end(struct log *l)
{
	if (l->used > l->at && !l->skipping) {
		l->line++;
		note(l, "this line has no end: torn, or just being written");
	}
	if (l->bad > NOTES_MAX)
		ctl_error("%s: %u lines passed over in all; see: yettctl verify", l->path, l->bad);
	l->bad = 0;
}

/* The line up to NEWLINE, if it is a record. */
static bool
take_line(struct log *l, char *newline)
{
	char *text = l->buf + l->at;

	*newline = '\0';
	l->at = (size_t)(newline - l->buf) + 1;
	if (l->skipping) {
		l->skipping = false;
		return false;
	}
	l->line++;
	if (l->ask->only && !memmem(text, (size_t)(newline - text), l->ask->only, strlen(l->ask->only)))
		return false;
	l->text = text;
	l->len = (size_t)(newline - text);
	l->record = parse(text, l->len);
	if (!json_is_object(l->record)) {
		note(l, "this line is not a record");
		json_decref(l->record);
		l->record = NULL;
		return false;
	}
	l->time = store_time(l->record);
	return true;
}

/* The next record of the file that is open. 1; 0: there is none yet; -errno. */
static int
next_of_file(struct log *l)
{
	for (;;) {
		char *newline = memchr(l->buf + l->at, '\n', l->used - l->at);
		if (newline) {
			if (take_line(l, newline))
				return 1;
			continue;
		}
		if (l->used - l->at >= RECORD_MAX) {
			if (!l->skipping) {
				l->line++;
				note(l, "this line is longer than any record");
			}
			l->skipping = true;
			l->at = l->used;
		}
		ssize_t n = fill(l);
		if (n <= 0)
			return (int)n;
	}
}

/* Loads the next record of the log, if there is one now. */
static void
load_next(struct log *l)
{
	while (!l->record && !l->err && !l->done) {
		int got = l->fd < 0 ? 0 : next_of_file(l);
		if (got < 0)
			l->err = got;
		if (got)
			return;
		if (l->fd >= 0 && !l->segment) {
			if (!l->ask->follow || l->ended)
				at_end(l);
			l->done = l->ended;
			return;
		}
		at_end(l);
		int err = open_next(l, l->fd < 0);
		l->done = err == -ENOENT && l->ended;
		if (err == -ENOENT)
			return;
		l->err = err;
	}
}

static int
wait_for_more(struct log *logs, unsigned n)
{
	static const struct timespec nap = { 0, POLL_NS };

	fflush(stdout);
	if (ferror(stdout))
		return -EPIPE;
	nanosleep(&nap, NULL);
	for (unsigned i = 0; i < n; i++) {
		struct log *l = &logs[i];
		if (l->ended || (l->fd >= 0 && !replaced(l)))
			continue;
		int err = open_file(l);
		if (err && err != -ENOENT)
			return err;
	}
	return 0;
}

/* The log that has the oldest record; NULL: none has any. */
static struct log *
oldest(struct log *logs, unsigned n)
{
	struct log *first = NULL;

	for (unsigned i = 0; i < n; i++) {
		load_next(&logs[i]);
		if (logs[i].record && (!first || logs[i].time < first->time))
			first = &logs[i];
	}
	return first;
}

static int
read_logs(const struct store_ask *ask, struct log *logs, unsigned n)
{
	for (;;) {
		struct log *l = oldest(logs, n);
		for (unsigned i = 0; i < n; i++)
			if (logs[i].err)
				return logs[i].err;
		if (!l && !ask->follow)
			return 0;
		if (!l) {
			int err = wait_for_more(logs, n);
			if (err)
				return err;
			continue;
		}
		bool more = ask->fn(ask->arg, l->record, l->text, l->len);
		json_decref(l->record);
		l->record = NULL;
		if (!more)
			return 0;
	}
}

/* All logs that are read together. */
struct logs { struct log *log; unsigned n; };

static void
cleanup_logs(struct logs *all)
{
	for (unsigned i = 0; i < all->n; i++) {
		json_decref(all->log[i].record);
		close_file(&all->log[i]);
		free(all->log[i].buf);
	}
	free(all->log);
}

/* One more, the log STEM in DIR, or where that is NULL the file that was asked for. 0; -ENOENT: there is no such log; -errno. */
static int
add_log(struct logs *all, const struct store_ask *ask, const char *dir, const char *stem)
{
	struct log *more = reallocarray(all->log, all->n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	all->log = more;
	struct log *l = &more[all->n];
	*l = (struct log){ .ask = ask, .fd = -1, .stem = stem, .ended = dir && dir != ask->log, .buf = malloc(BLOCK) };
	if (!l->buf)
		return -ENOMEM;
	snprintf(l->dir, sizeof(l->dir), "%s", dir ? dir : "");
	if (!dir)
		snprintf(l->open, sizeof(l->open), "%s", ask->path);
	else if ((size_t)snprintf(l->open, sizeof(l->open), "%s/%s.jsonl", dir, stem) >= sizeof(l->open))
		l->open[0] = '\0';
	all->n++;
	return open_next(l, true);
}

/* Both logs in a directory. 1: there is one of them. */
static int
add_both(struct logs *all, const struct store_ask *ask, const char *dir)
{
	int any = 0, err = 0;

	for (int i = 0; i < CHAIN__MAX && !err; i++) {
		int one = add_log(all, ask, dir, chain_stem((enum chain_which)i));
		any |= one == 0;
		err = one == -ENOENT ? 0 : one;
		if (one == -ENOENT && dir != ask->log)	/* nobody will write it any more */
			free(all->log[--all->n].buf);
	}
	return err ? err : any;
}

/* Those that were set aside: in directories with the name of a log. */
static int
add_aside(struct logs *all, const struct store_ask *ask)
{
	CLEANUP_DIR DIR *d = opendir(ask->log);
	const struct dirent *e;
	char path[PATH_MAX];
	struct stat st;
	int any = 0;

	while (d && any >= 0 && (e = readdir(d))) {
		if (!anchor_is_id(e->d_name) || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISDIR(st.st_mode))
			continue;
		snprintf(path, sizeof(path), "%s/%s", ask->log, e->d_name);
		int one = add_both(all, ask, path);
		any = one < 0 ? one : any | one;
	}
	return any;
}

int
store_read(const struct store_ask *ask)
{
	CLEANUP(cleanup_logs) struct logs all = { 0 };
	int any, aside = 0;

	if (ask->path) {
		int err = add_log(&all, ask, NULL, NULL);
		any = err == -ENOENT ? 0 : err ? err : 1;
	} else {
		any = add_both(&all, ask, ask->log);
		aside = any < 0 ? 0 : add_aside(&all, ask);
	}
	if (any < 0 || aside < 0)
		return any < 0 ? any : aside;
	if (!any && !aside && !ask->follow)
		return -ENOENT;
	return read_logs(ask, all.log, all.n);
}

json_t *
store_get(const json_t *record, const char *path)
{
	const json_t *at = record;
	char name[64];

	while (at && *path) {
		size_t n = strcspn(path, ".");
		if (n >= sizeof(name))
			return NULL;
		memcpy(name, path, n);
		name[n] = '\0';
		at = json_object_get(at, name);
		path += n + (path[n] == '.');
	}
	return (json_t *)(uintptr_t)at;
}

const char *
store_text(const json_t *record, const char *path)
{
	const char *s = json_string_value(store_get(record, path));

	return s ? s : "";
}

bool
store_number(const json_t *record, const char *path, int64_t *n)
{
	const json_t *value = store_get(record, path);

	if (json_is_integer(value)) {
		*n = json_integer_value(value);
		return true;
	}
	const char *s = json_string_value(value);
	char *end;
	if (!s || !*s)
		return false;
	errno = 0;
	*n = strtoll(s, &end, 10);
	return *end == '\0' && errno == 0;
}

uint64_t
store_time(const json_t *record)
{
	uint64_t ns = 0;

	return when_parse(store_text(record, "@timestamp"), &ns) ? ns : 0;
}

const char *
store_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}
