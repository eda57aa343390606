#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include "event/fact.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct row { enum event_kind kind; enum fact_format format; const char *path; bool units; } rows[] = {
#define FACT(kind, format, path) { EVENT_##kind, FORMAT_##format, path, false },
#define UNITS(path) { EVENT_SERVICE, FORMAT_UNIT, path, true },
#include "event/fact.def"
#undef FACT
#undef UNITS
};

static bool
ends(const char *s, size_t n, const char *tail)
{
	size_t k = strlen(tail);

	return n > k && memcmp(s + n - k, tail, k) == 0;
}

static bool
ends_in(const char *s, size_t n, const char *const *tails, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ends(s, n, tails[i]))
			return true;
	return false;
}

/* Editors, package managers and crontab(1) write beside the file first. */
static bool
passing(const char *name, size_t n)
{
	static const char *const tails[] = { "~", "#", ".swp", ".swx", ".tmp", ".dpkg-new", ".dpkg-tmp", ".dpkg-old", ".dpkg-dist",
		".rpmnew", ".rpmsave", ".rpmorig", ".ucf-new", ".ucf-old", ".ucf-dist" };

	return !n || name[0] == '.' || strncmp(name, "tmp.", 4) == 0 || ends_in(name, n, tails, COUNT(tails));
}

static bool
unit_name(const char *name, size_t n)
{
	static const char *const tails[] = { ".service", ".socket", ".path", ".timer" };

	return ends_in(name, n, tails, COUNT(tails));
}

static bool
unit_directory(const char *name, size_t n)
{
	static const char *const tails[] = { ".wants", ".requires", ".service.d", ".socket.d", ".path.d", ".timer.d" };

	return ends_in(name, n, tails, COUNT(tails));
}

/* Length of the directory that a path lies in, without its slash. */
static size_t
parent(const char *path, size_t n)
{
	while (n && path[n - 1] != '/')
		n--;
	return n ? n - 1 : 0;
}

/* A directory of N bytes is that one of the table. */
static bool
is_directory(const char *dir, size_t n, const char *of, size_t k)
{
	if (of[0] != '~')
		return n == k && memcmp(dir, of, n) == 0;
	return n > k - 1 && memcmp(dir + n - (k - 1), of + 1, k - 1) == 0;
}

static bool
is_units(const char *dir, size_t n)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].units && is_directory(dir, n, rows[i].path, strlen(rows[i].path)))
			return true;
	return false;
}

static bool
find_file(const char *path, size_t dir, const char *name, struct fact *out)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		size_t k = parent(r->path, strlen(r->path));
		if (r->units || !is_directory(path, dir, r->path, k) || fnmatch(r->path + k + 1, name, FNM_PERIOD) != 0)
			continue;
		*out = (struct fact){ r->kind, r->format };
		return true;
	}
	return false;
}

static bool
find_unit(const char *path, size_t dir, const char *name, size_t n, struct fact *out)
{
	size_t up = parent(path, dir);
	const char *last = path + up + 1;
	size_t k = dir - up - 1;
	bool part = ends(last, k, ".d"), timer = part ? ends(last, k, ".timer.d") : ends(name, n, ".timer");

	if (!is_units(path, dir) && !(unit_directory(last, k) && is_units(path, up)))
		return false;
	if (part ? !ends(name, n, ".conf") : !unit_name(name, n))
		return false;
	*out = (struct fact){ timer ? EVENT_SCHEDULE : EVENT_SERVICE, FORMAT_UNIT };
	return true;
}

bool
fact_find(const char *path, size_t len, struct fact *out)
{
	char text[FACT_PATH];

	if (len < 2 || len >= sizeof(text) || path[0] != '/' || memchr(path, '\0', len))
		return false;
	memcpy(text, path, len);
	text[len] = '\0';
	size_t dir = parent(text, len);
	const char *name = text + dir + 1;
	if (!dir || passing(name, len - dir - 1))
		return false;
	return find_file(text, dir, name, out) || find_unit(text, dir, name, len - dir - 1, out);
}

/* The directory that a row names. */
static struct fact_directory
directory_of(const struct row *r)
{
	size_t len = r->units ? strlen(r->path) : parent(r->path, strlen(r->path));
	bool home = r->path[0] == '~';
	uint64_t kinds = r->units ? 1ull << EVENT_SERVICE | 1ull << EVENT_SCHEDULE : 1ull << r->kind;

	return (struct fact_directory){ .path = r->path + home, .len = len - home, .kinds = kinds, .home = home, .units = r->units };
}

bool
fact_is_place(const char *path, size_t len)
{
	size_t dir = parent(path, len);

	if (dir && unit_directory(path + dir + 1, len - dir - 1) && is_units(path, dir))
		return true;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (is_directory(path, len, rows[i].path, rows[i].units ? strlen(rows[i].path) : parent(rows[i].path, strlen(rows[i].path))))
			return true;
	return false;
}

static bool
same(const struct fact_directory *a, const struct fact_directory *b)
{
	return a->home == b->home && a->len == b->len && memcmp(a->path, b->path, a->len) == 0;
}

/* Rows before R name it, too. */
static bool
named_before(size_t r, const struct fact_directory *d)
{
	for (size_t i = 0; i < r; i++) {
		struct fact_directory other = directory_of(&rows[i]);
		if (same(&other, d))
			return true;
	}
	return false;
}

bool
fact_directory(unsigned i, struct fact_directory *out)
{
	for (size_t r = 0; r < COUNT(rows); r++) {
		struct fact_directory d = directory_of(&rows[r]);
		if (named_before(r, &d) || i-- > 0)
			continue;
		for (size_t k = r + 1; k < COUNT(rows); k++) {
			struct fact_directory other = directory_of(&rows[k]);
			if (same(&other, &d))
				d.kinds |= other.kinds;
		}
		*out = d;
		return true;
	}
	return false;
}
