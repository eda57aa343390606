#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "policy/draft.h"
#include "policy/read.h"

#define BLANKS	" \t"

/* A file of values that is read. */
struct filing {
	struct draft		*d;
	struct draft_section	*list;
	const char		*path;
	bool			 csv;
	struct draft_value	**end;
	size_t			 n;
	int			 line;
};

/* In place: without the blanks around it. */
static char *
trim(char *s)
{
	s += strspn(s, BLANKS);
	for (size_t n = strlen(s); n && strchr(BLANKS, s[n - 1]); n--)
		s[n - 1] = '\0';
	return s;
}

/* In place: the first column of a line, quoted or not; NULL with the reason in WHY. */
static char *
column(char *s, const char **why)
{
	s = trim(s);
	if (*s != '"') {
		s[strcspn(s, ",")] = '\0';
		s = trim(s);
		*why = *s ? NULL : "the first column is empty";
		return *why ? NULL : s;
	}
	char *out = s, *at = s + 1;
	for (; *at && !(at[0] == '"' && at[1] != '"'); at++) {
		at += at[0] == '"';
		*out++ = *at;
	}
	if (*at++ != '"')
		*why = "a quoted value does not end";
	else if (at[strspn(at, BLANKS)] && at[strspn(at, BLANKS)] != ',')
		*why = "a quoted value is followed by more than a comma";
	else
		*why = out == s ? "the first column is empty" : NULL;
	*out = '\0';
	return *why ? NULL : s;
}

/* One line, terminated. 0 or -ENOMEM. */
static int
take_line(struct filing *f, char *s, size_t len)
{
	const char *why = len > READ_LINE ? "is longer than 4096 bytes" : read_bad_text(s, len);
	char *value = why ? NULL : trim(s);

	if (why) {
		fault_add(f->d->faults, f->path, f->line, len > READ_LINE ? "the line %s" : "the line has %s", why);
		return 0;
	}
	if (!*value || *value == '#')
		return 0;
	if (f->csv && !(value = column(value, &why))) {
		fault_add(f->d->faults, f->path, f->line, "%s", why);
		return 0;
	}
	struct draft_value *v = pool_take(&f->d->pool, sizeof(*v));
	if (!v)
		return -ENOMEM;
	*v = (struct draft_value){ .value = value, .file = f->path, .line = f->line, .quoted = true };
	*f->end = v;
	f->end = &v->next;
	f->n++;
	return 0;
}

/* TEXT is cut up. */
static int
take_lines(struct filing *f, char *text, size_t len)
{
	int err = 0;

	for (char *at = text, *end = text + len; at < end && !err;) {
		char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline ? newline : end) - at);
		f->line++;
		if (!newline)
			fault_add(f->d->faults, f->path, f->line, "the last line has no newline: is the file whole?");
		at[n] = '\0';
		err = take_line(f, at, n);
		at += n + 1;
	}
	return err;
}

/* What `policy diff` shows of a file whose name did not change. */
static int
note(struct filing *f, const char *text, size_t len)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[DRAFT_HASH], line[160];

	crypto_hash_sha256(hash, (const unsigned char *)text, len);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	struct draft_text *t = pool_take(&f->d->pool, sizeof(*t));
	snprintf(line, sizeof(line), "# %zu bytes, SHA-256 %s", len, hex);
	if (!t || !(t->text = pool_copy(&f->d->pool, line, strlen(line))))
		return -ENOMEM;
	struct draft_text **end = &f->list->notes;
	while (*end)
		end = &(*end)->next;
	*end = t;
	return 0;
}

/* Somebody else who can replace the file is as good as its owner. */
static void
check_directory(struct draft *d, const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[4096];

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path + (slash == path)) : 1, slash ? path : ".");
	CLEANUP_FD int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		read_check_directory(fd, dir, d->faults);
}

static int
read_values(struct filing *f, int line)
{
	CLEANUP_FREE char *read = NULL;
	size_t len = 0;
	int err = read_file_most(f->path, VALUES_FILE_MAX, f->d->faults, &read, &len);

	if (err == -ENOENT)
		fault_add(f->d->faults, f->list->file, line, "there is no file %.200s", f->path);
	if (err)
		return err == -ENOMEM ? err : 0;
	check_directory(f->d, f->path);
	const char *path = pool_copy(&f->d->pool, f->path, strlen(f->path));
	err = path ? draft_hear(f->d, path, read, len) : -ENOMEM;
	char *text = err ? NULL : pool_copy(&f->d->pool, read, len);
	err = text ? note(f, text, len) : -ENOMEM;
	if (!err)
		err = take_lines(f, text, len);
	f->d->filed += f->n;
	if (!err && !f->n)
		fault_add(f->d->faults, f->path, 0, "has no value");
	if (f->d->filed > VALUES_MAX)
		fault_add(f->d->faults, f->path, 0, "more than %u values in the files of all policies", VALUES_MAX);
	return err;
}

int
draft_read_values(struct draft *d, struct draft_section *list)
{
	struct draft_key *k = draft_key(list, "values_file");
	const char *slash = strrchr(list->file, '/');
	struct filing f = { .d = d, .list = list, .end = &list->filed };

	for (const struct draft_value *v = k ? draft_values(d, list, k) : NULL; v; v = v->next) {
		char path[4096];
		int dir = slash && v->value[0] != '/' ? (int)(slash - list->file) + 1 : 0;
		size_t len = (size_t)snprintf(path, sizeof(path), "%.*s%s", dir, list->file, v->value);
		if (len >= sizeof(path) || !len) {
			fault_add(d->faults, list->file, v->line, "'%.80s' is no path of a file", v->value);
			continue;
		}
		f.path = pool_copy(&d->pool, path, len);
		f.csv = len > 4 && strcmp(path + len - 4, ".csv") == 0;
		f.n = 0;
		f.line = 0;
		int err = f.path ? read_values(&f, v->line) : -ENOMEM;
		if (err)
			return err;
	}
	return 0;
}
