#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "alert/json.h"
#include "base/cleanup.h"
#include "ctl/ctl.h"
#include "ctl/store.h"
#include "ctl/when.h"

#define BLOCK		(4 * RECORD_MAX)
#define NOTES_MAX	5
#define POLL_NS		200000000l

struct store {
	const struct store_ask *ask;
	int		 fd;
	char		*buf;
	size_t		 used;
	uint64_t	 offset, line;
	unsigned	 bad;
	bool		 skipping;	/* until the next newline */
};

static void
note(struct store *st, const char *why)
{
	if (st->bad++ < NOTES_MAX)
		ctl_error("%s:%llu: passed over: %s", st->ask->path, (unsigned long long)st->line, why);
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

/* False: FN has seen enough. LINE is terminated. */
static bool
tell(struct store *st, const char *line, size_t len)
{
	st->line++;
	json_t *record = parse(line, len);
	bool more = true;

	if (json_is_object(record))
		more = st->ask->fn(st->ask->arg, record, line, len);
	else
		note(st, "this line is not a record");
	json_decref(record);
	return more;
}

/* Tells all whole lines in the buffer. */
static bool
tell_lines(struct store *st)
{
	char *at = st->buf, *end = st->buf + st->used;
	bool more = true;

	for (char *newline; more && (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1) {
		*newline = '\0';
		if (st->skipping)
			st->skipping = false;
		else
			more = tell(st, at, (size_t)(newline - at));
	}
	st->used = (size_t)(end - at);
	memmove(st->buf, at, st->used);
	if (st->used >= RECORD_MAX) {
		if (!st->skipping) {
			st->line++;
			note(st, "this line is longer than any record");
		}
		st->skipping = true;
		st->used = 0;
	}
	return more;
}

/* Is the file at PATH another one than FD, or has it become shorter than what was read? */
static bool
replaced(const struct store *st)
{
	struct stat named, held;

	if (stat(st->ask->path, &named) != 0 || fstat(st->fd, &held) != 0)
		return false;
	return named.st_dev != held.st_dev || named.st_ino != held.st_ino || (uint64_t)held.st_size < st->offset;
}

static int
reopen(struct store *st)
{
	int fd = open(st->ask->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	if (st->fd >= 0)
		close(st->fd);
	st->fd = fd;
	st->used = 0;
	st->offset = st->line = 0;
	st->skipping = false;
	return 0;
}

/* Bytes read, 0 at the end, or -errno. */
static ssize_t
fill(struct store *st)
{
	ssize_t n = read(st->fd, st->buf + st->used, BLOCK - st->used);

	if (n < 0)
		return -errno;
	st->offset += (uint64_t)n;
	st->used += (size_t)n;
	return n;
}

static void
at_end(struct store *st)
{
	if (st->used && !st->skipping) {
		st->line++;
		note(st, "this line has no end: torn, or just being written");
	}
	if (st->bad > NOTES_MAX)
		ctl_error("%s: %u lines passed over in all; see: yettctl verify", st->ask->path, st->bad);
}

static int
wait_for_more(struct store *st)
{
	static const struct timespec nap = { 0, POLL_NS };

	fflush(stdout);
	if (ferror(stdout))
		return -EPIPE;
	nanosleep(&nap, NULL);
	if (st->fd >= 0 && !replaced(st))
		return 0;
	int err = reopen(st);
	return err == -ENOENT ? 0 : err;
}

int
store_read(const struct store_ask *ask)
{
	CLEANUP_FREE char *buf = malloc(BLOCK);
	struct store st = { .ask = ask, .fd = -1, .buf = buf };
	int err = buf ? reopen(&st) : -ENOMEM;

	if (ask->follow && err == -ENOENT)
		err = 0;
	while (err == 0) {
		ssize_t n = st.fd >= 0 ? fill(&st) : 0;
		if (n < 0)
			err = (int)n;
		else if (n > 0 && !tell_lines(&st))
			break;
		else if (n == 0 && ask->follow)
			err = wait_for_more(&st);
		else if (n == 0) {
			at_end(&st);
			break;
		}
	}
	cleanup_fd(&st.fd);
	return err;
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
