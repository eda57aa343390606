#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/config.h"
#include "policy/near.h"
#include "policy/read.h"
#include "policy/scalar.h"

#define SIZE_LEAST	(64 << 10)
#define SOCKET_PATH	107		/* sun_path without its terminator */

enum type {
	TYPE_WORD_, TYPE_NAME_, TYPE_PATH_, TYPE_MOUNTS_, TYPE_DURATION_, TYPE_SPAN_, TYPE_PLACE_, TYPE_ARGV_, TYPE_NUMBER_, TYPE_SIZE_
};

static const char *const modes[] = { [MODE_MONITOR] = "monitor", [MODE_ENFORCE] = "enforce", NULL };
static const char *const decisions[] = { [DECISION_ALLOW] = "allow", [DECISION_DENY] = "deny", NULL };
static const char *const switches[] = { "off", "on", NULL };
static const char *const syncs[] = { [SYNC_ALERT] = "alert", [SYNC_BATCH] = "batch", NULL };
static const char *const audit_modes[] = { [AUDIT_MODE_AUTO] = "auto", [AUDIT_MODE_OWN] = "own", [AUDIT_MODE_MULTICAST] = "multicast",
	[AUDIT_MODE_OFF] = "off", NULL };

static const char *const exec_ways[] = { "light", "full", NULL };

struct row {
	struct config_key	 text;
	enum type		 type;
	size_t			 offset, size;	/* of the member */
	const char *const	*words;
	const char		*usual;		/* word for the usual place, NULL none */
	uint64_t		 most;		/* seconds, a number, or bytes */
};

/* What the argument of a key is, by its type. */
#define ARG_WORD(x)		.words = (x)
#define ARG_NAME(x)		.words = NULL
#define ARG_PATH(x)		.words = NULL
#define ARG_MOUNTS(x)		.words = NULL
#define ARG_ARGV(x)		.words = NULL
#define ARG_PLACE(x)		.usual = (x)
#define ARG_DURATION(x)		.most = (x)
#define ARG_SPAN(x)		.most = (x)
#define ARG_NUMBER(x)		.most = (x)
#define ARG_SIZE(x)		.most = (x)

static const struct row rows[] = {
#define KEY(section_, key_, type_, member_, arg_, standard_, values_, help_) \
	{ .text = { .section = #section_, .key = #key_, .values = values_, .standard = standard_, .help = help_ }, \
	  .type = TYPE_##type_##_, .offset = offsetof(struct config, member_), .size = sizeof(((struct config *)0)->member_), \
	  ARG_##type_(arg_) },
#include "policy/config.def"
#undef KEY
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))
_Static_assert(ROWS <= 64, "a bit for each of them in struct reading");

struct reading {
	struct config	*c;
	struct faults	*faults;
	const char	*file;
	uint64_t	 seen;		/* a bit for each row */
	int		 mounts;	/* line of filesystems */
	bool		 unknown, skip;	/* this section; what continues this key */
};

static int
wrong(struct reading *r, const struct row *row, int line, const char *value, const char *why)
{
	fault_add(r->faults, r->file, line, "%s = %.100s: %s", row->text.key, value, why);
	return -EINVAL;
}

static int
set_word(struct reading *r, const struct row *row, const char *value, int line)
{
	char why[160], hint[80];
	unsigned n = 0;
	char *at = (char *)r->c + row->offset;

	while (row->words[n] && strcmp(row->words[n], value) != 0)
		n++;
	if (!row->words[n]) {
		snprintf(why, sizeof(why), "must be %s%s", row->text.values, near_hint(near_name(value, row->words, n), hint, sizeof(hint)));
		return wrong(r, row, line, value, why);
	}
	if (row->size == sizeof(bool))
		*(bool *)at = n != 0;
	else
		memcpy(at, &n, sizeof(n));
	return 0;
}

static int
set_path(struct reading *r, const struct row *row, const char *value, int line)
{
	size_t len = strlen(value);

	if (value[0] != '/')
		return wrong(r, row, line, value, "must be an absolute path");
	if (len >= CONFIG_PATH)
		return wrong(r, row, line, value, "is too long: at most 255 bytes");
	while (len > 1 && value[len - 1] == '/')
		len--;
	snprintf((char *)r->c + row->offset, row->size, "%.*s", (int)len, value);
	return 0;
}

static int
set_name(struct reading *r, const struct row *row, const char *value, int line)
{
	if (!*value || strlen(value) > 20 || strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(value))
		return wrong(r, row, line, value, "must be a short user name");
	snprintf((char *)r->c + row->offset, row->size, "%s", value);
	return 0;
}

static int
add_mount(struct reading *r, const struct row *row, const char *value, int line)
{
	size_t len = strlen(value);

	if (value[0] != '/' || len >= CONFIG_PATH)
		return wrong(r, row, line, value, "must be absolute paths of at most 255 bytes, or auto alone");
	if (r->c->n_filesystems == CONFIG_FILESYSTEMS)
		return wrong(r, row, line, value, "at most 64 mount points");
	while (len > 1 && value[len - 1] == '/')
		len--;
	snprintf(r->c->filesystems[r->c->n_filesystems++], CONFIG_PATH, "%.*s", (int)len, value);
	return 0;
}

static int
set_mounts(struct reading *r, const struct row *row, const char *value, int line, bool more)
{
	char text[READ_LINE];

	if (!more) {
		r->c->filesystems_auto = strcmp(value, "auto") == 0;
		r->c->n_filesystems = 0;
		r->mounts = line;
	}
	if (r->c->filesystems_auto)
		return more ? wrong(r, row, line, value, "follows auto, which stands alone") : 0;
	snprintf(text, sizeof(text), "%s", value);
	for (char *save = NULL, *one = strtok_r(text, ", \t", &save); one; one = strtok_r(NULL, ", \t", &save)) {
		int err = add_mount(r, row, one, line);
		if (err)
			return err;
	}
	return 0;	/* that there are none shows at the end: further lines may follow */
}

static int
set_duration(struct reading *r, const struct row *row, const char *value, int line)
{
	char why[80];
	uint64_t ns;

	if (scalar_duration(value, &ns) || ns < 10 * NS_PER_MS || ns > row->most * NS_PER_SEC) {
		snprintf(why, sizeof(why), "must be a time of %s, e.g. 500ms, 2s, 5m", row->text.values);
		return wrong(r, row, line, value, why);
	}
	memcpy((char *)r->c + row->offset, &ns, sizeof(ns));
	return 0;
}

static int
set_size(struct reading *r, const struct row *row, const char *value, int line)
{
	int64_t n;
	char why[80];

	if (scalar_number(TYPE_U64, value, &n) || n < SIZE_LEAST || (uint64_t)n > row->most) {
		snprintf(why, sizeof(why), "must be a size of %s", row->text.values);
		return wrong(r, row, line, value, why);
	}
	memcpy((char *)r->c + row->offset, &n, sizeof(n));
	return 0;
}

static int
set_span(struct reading *r, const struct row *row, const char *value, int line)
{
	const uint64_t off = 0;

	if (strcmp(value, "off") != 0)
		return set_duration(r, row, value, line);
	memcpy((char *)r->c + row->offset, &off, sizeof(off));
	return 0;
}

static int
set_place(struct reading *r, const struct row *row, const char *value, int line)
{
	char why[80];

	if (strcmp(value, "off") == 0) {
		*((char *)r->c + row->offset) = '\0';
		return 0;
	}
	if (row->usual && strcmp(value, row->usual) == 0) {
		snprintf((char *)r->c + row->offset, row->size, "%s", value);
		return 0;
	}
	if (row->usual && strlen(value) > SOCKET_PATH)
		return wrong(r, row, line, value, "is too long for a socket: at most 107 bytes");
	if (value[0] == '/')
		return set_path(r, row, value, line);
	snprintf(why, sizeof(why), "must be %s%s%s", row->usual ? row->usual : "", row->usual ? ", " : "", "off, or an absolute path");
	return wrong(r, row, line, value, why);
}

static int
set_number(struct reading *r, const struct row *row, const char *value, int line)
{
	char why[80];
	uint64_t n;

	if (scalar_unsigned(value, row->most, &n) || n == 0) {
		snprintf(why, sizeof(why), "must be a number, %s", row->text.values);
		return wrong(r, row, line, value, why);
	}
	uint32_t number = (uint32_t)n;
	memcpy((char *)r->c + row->offset, &number, sizeof(number));
	return 0;
}

static int
add_argument(struct reading *r, const struct row *row, const struct read_item *item, const char *s)
{
	struct config_argv *a = (void *)((char *)r->c + row->offset);
	size_t used = 0, len = strlen(s) + 1;

	for (unsigned i = 0; i < a->n; i++)
		used += strlen(a->text + used) + 1;
	if (len > sizeof(a->text) - used)
		return wrong(r, row, item->line, item->value, "is too long: program and arguments have at most 2047 bytes");
	memcpy(a->text + used, s, len);
	a->n++;
	return 0;
}

/* The first line is split at blanks; each further line is one argument, blanks included. */
static int
set_argv(struct reading *r, const struct row *row, const struct read_item *item)
{
	struct config_argv *a = (void *)((char *)r->c + row->offset);
	char text[READ_LINE];

	if (item->more)
		return a->n ? add_argument(r, row, item, item->value) : wrong(r, row, item->line, item->value, "follows off, which stands alone");
	a->n = 0;
	if (strcmp(item->value, "off") == 0)
		return 0;
	if (item->value[0] != '/')
		return wrong(r, row, item->line, item->value, "must be off, or a program by its absolute path and its arguments");
	snprintf(text, sizeof(text), "%s", item->value);
	for (char *save = NULL, *one = strtok_r(text, " \t", &save); one; one = strtok_r(NULL, " \t", &save)) {
		int err = add_argument(r, row, item, one);
		if (err)
			return err;
	}
	return 0;
}

static int
set(struct reading *r, const struct row *row, const struct read_item *item)
{
	if (item->more && row->type != TYPE_MOUNTS_ && row->type != TYPE_ARGV_)
		return wrong(r, row, item->line, item->value, "has one value, on one line");
	switch (row->type) {
	case TYPE_WORD_:
		return set_word(r, row, item->value, item->line);
	case TYPE_NAME_:
		return set_name(r, row, item->value, item->line);
	case TYPE_PATH_:
		return set_path(r, row, item->value, item->line);
	case TYPE_MOUNTS_:
		return set_mounts(r, row, item->value, item->line, item->more);
	case TYPE_SPAN_:
		return set_span(r, row, item->value, item->line);
	case TYPE_PLACE_:
		return set_place(r, row, item->value, item->line);
	case TYPE_NUMBER_:
		return set_number(r, row, item->value, item->line);
	case TYPE_ARGV_:
		return set_argv(r, row, item);
	case TYPE_DURATION_:
		return set_duration(r, row, item->value, item->line);
	case TYPE_SIZE_:
		break;
	}
	return set_size(r, row, item->value, item->line);
}

/* The section that has KEY, if exactly one has it, or NULL. */
static const char *
section_of(const char *key)
{
	const char *section = NULL;
	unsigned n = 0;

	for (size_t i = 0; i < ROWS; i++) {
		if (strcmp(rows[i].text.key, key) != 0)
			continue;
		section = rows[i].text.section;
		n++;
	}
	return n == 1 ? section : NULL;
}

static void
unknown_key(struct reading *r, const struct read_item *item)
{
	const char *names[ROWS], *section = section_of(item->key);
	char hint[80] = "";
	size_t n = 0;

	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].text.section, item->section) == 0)
			names[n++] = rows[i].text.key;
	if (section)
		snprintf(hint, sizeof(hint), "; it belongs into [%s]", section);
	else
		near_hint(near_name(item->key, names, n), hint, sizeof(hint));
	fault_add(r->faults, r->file, item->line, "unknown key '%.100s' in [%s]%s", item->key, item->section, hint);
}

static void
unknown_section(struct reading *r, const struct read_item *item)
{
	static const char *const sections[] = { "agent", "paths", "gate", "records", "audit", "telemetry" };
	char hint[80];

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (strcmp(sections[i], item->section) == 0)
			return;
	r->unknown = true;
	fault_add(r->faults, r->file, item->line, "unknown section [%s]%s", item->section,
	    near_hint(near_name(item->section, sections, sizeof(sections) / sizeof(sections[0])), hint, sizeof(hint)));
}

static int
on_item(void *arg, const struct read_item *item)
{
	struct reading *r = arg;
	if (!item->key) {
		r->unknown = r->skip = false;
		unknown_section(r, item);
		return 0;
	}
	if (r->unknown || (item->more && r->skip))
		return 0;
	for (size_t i = 0; i < ROWS; i++) {
		if (strcmp(rows[i].text.section, item->section) != 0 || strcmp(rows[i].text.key, item->key) != 0)
			continue;
		r->skip = !item->more && (r->seen & 1ull << i);
		if (r->skip)
			fault_add(r->faults, r->file, item->line, "'%s' is already set in this section", item->key);
		r->seen |= 1ull << i;
		if (!r->skip)
			set(r, &rows[i], item);
		return 0;
	}
	r->skip = true;
	unknown_key(r, item);
	return 0;
}

void
config_defaults(struct config *c)
{
	static struct faults none;
	struct reading r = { .c = c, .faults = &none, .file = "defaults" };

	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < ROWS; i++)
		set(&r, &rows[i], &(struct read_item){ .section = rows[i].text.section, .key = rows[i].text.key, .value = rows[i].text.standard });
}

int
config_load(struct config *c, const char *path, struct faults *faults)
{
	struct reading r = { .c = c, .faults = faults, .file = path };
	CLEANUP_FREE char *text = NULL;
	size_t len, before = faults->errors;

	config_defaults(c);
	int err = read_file(path, faults, &text, &len);
	if (err == -ENOENT)
		return 0;
	if (!err)
		err = read_text(path, text, len, faults, on_item, &r);
	if (!err && !c->filesystems_auto && !c->n_filesystems && faults->errors == before)
		fault_add(faults, path, r.mounts, "filesystems names no mount point");
	return err ? err : faults->errors > before ? -EINVAL : 0;
}

const struct config_key *
config_keys(size_t *n)
{
	static struct config_key keys[ROWS];

	for (size_t i = 0; i < ROWS; i++)
		keys[i] = rows[i].text;
	*n = ROWS;
	return keys;
}
