#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "policy/draft.h"
#include "policy/near.h"
#include "policy/read.h"

#define BLANKS		" \t"
#define KEYS_MAX	512	/* of one section: its keys are looked up one by one */

static const char *const kinds[SECTION__MAX] = {
	[SECTION_POLICY] = "policy", [SECTION_LIST] = "list", [SECTION_RULE] = "rule", [SECTION_EXCEPTION] = "exception",
	[SECTION_CORRELATION] = "correlation", [SECTION_TEST] = "test",
};

struct reading {
	struct draft		*d;
	const char		*file, *ruleset;
	struct draft_section	*now, *policy;
	struct draft_key	*key;		/* NULL: what is indented below it is not wanted */
	unsigned		 keys;		/* of this section */
};

static int
kind_of(const char *section, size_t *word)
{
	*word = strcspn(section, " ");
	for (int k = 0; k < SECTION__MAX; k++)
		if (strlen(kinds[k]) == *word && memcmp(kinds[k], section, *word) == 0)
			return k;
	return -1;
}

static bool
good_name(const char *s)
{
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == strlen(s);
}

static void
remember(struct reading *r, struct names *names, struct draft_section *s)
{
	const struct draft_section *first = names_find(names, s->name);

	if (first)
		fault_add(r->d->faults, s->file, s->line, "[%s %s] is already defined at %s:%d", kinds[s->kind], s->name, first->file, first->line);
	else
		names_add(names, s->name, s);
}

static void
unknown_section(struct reading *r, const char *section, int line)
{
	char hint[80], word[READ_SECTION + 1];

	snprintf(word, sizeof(word), "%.*s", (int)strcspn(section, " "), section);
	fault_add(r->d->faults, r->file, line, "unknown section [%s]%s", section,
	    near_hint(near_name(word, kinds, SECTION__MAX), hint, sizeof(hint)));
}

static int
begin_section(struct reading *r, const char *section, int line)
{
	size_t word;
	int kind = kind_of(section, &word);
	const char *name = section + word + strspn(section + word, " ");

	r->now = NULL;
	r->key = NULL;
	if (kind < 0) {
		unknown_section(r, section, line);
		return 0;
	}
	if ((kind == SECTION_POLICY) != (*name == '\0')) {
		fault_add(r->d->faults, r->file, line, kind == SECTION_POLICY ? "[policy] has no name" : "[%s] needs a name", kinds[kind]);
		return 0;
	}
	if (kind != SECTION_POLICY && kind != SECTION_TEST && !good_name(name))
		fault_add(r->d->faults, r->file, line, "a name has letters, digits, '.', '-' and '_' only: '%s'", name);
	struct draft_section *s = pool_take(&r->d->pool, sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = (struct draft_section){ .kind = (enum section_kind)kind, .name = pool_copy(&r->d->pool, name, strlen(name)), .file = r->file,
		.ruleset = r->ruleset, .line = line };
	s->end = &s->keys;
	*r->d->end = s;
	r->d->end = &s->next;
	r->now = s;
	r->keys = 0;
	if (kind == SECTION_POLICY)
		r->policy = s;
	else if (kind == SECTION_LIST)
		remember(r, &r->d->lists, s);
	else if (kind == SECTION_RULE || kind == SECTION_CORRELATION)
		remember(r, &r->d->rules, s);
	else if (kind == SECTION_EXCEPTION)
		remember(r, &r->d->exceptions, s);
	return 0;
}

static int
add_text(struct reading *r, const struct read_item *item)
{
	struct draft_text *t = pool_take(&r->d->pool, sizeof(*t));

	if (!t)
		return -ENOMEM;
	*t = (struct draft_text){ .text = pool_copy(&r->d->pool, item->value, strlen(item->value)), .line = item->line };
	*r->key->end = t;
	r->key->end = &t->next;
	return t->text ? 0 : -ENOMEM;
}

static int
on_item(void *arg, const struct read_item *item)
{
	struct reading *r = arg;

	if (!item->key)
		return begin_section(r, item->section, item->line);
	if (!r->now)
		return 0;
	if (item->more)
		return r->key ? add_text(r, item) : 0;
	for (struct draft_key *k = r->now->keys; k; k = k->next) {
		if (strcmp(k->key, item->key) == 0) {
			fault_add(r->d->faults, r->file, item->line, "'%s' is already set at line %d", item->key, k->line);
			r->key = NULL;
			return 0;
		}
	}
	if (r->keys++ == KEYS_MAX) {
		fault_add(r->d->faults, r->file, item->line, "more than %d keys in one section", KEYS_MAX);
		r->now = NULL;
		return 0;
	}
	struct draft_key *k = pool_take(&r->d->pool, sizeof(*k));
	if (!k)
		return -ENOMEM;
	*k = (struct draft_key){ .key = pool_copy(&r->d->pool, item->key, strlen(item->key)), .line = item->line };
	k->end = &k->text;
	*r->now->end = k;
	r->now->end = &k->next;
	r->key = k;
	return add_text(r, item);
}

int
draft_hear(struct draft *d, const char *path, const char *text, size_t len)
{
	struct draft_file *f = pool_take(&d->pool, sizeof(*f));
	unsigned char hash[crypto_hash_sha256_BYTES];

	if (!f)
		return -ENOMEM;
	*f = (struct draft_file){ .path = path };
	crypto_hash_sha256(hash, (const unsigned char *)text, len);
	sodium_bin2hex(f->hash, sizeof(f->hash), hash, sizeof(hash));
	*d->files_end = f;
	d->files_end = &f->next;
	crypto_hash_sha256_update(&d->hashing, (const unsigned char *)text, len);
	return 0;
}

int
draft_read_text(struct draft *d, const char *name, const char *text, size_t len)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	size_t n = strlen(base);

	if (n > 4 && strcmp(base + n - 4, ".ini") == 0)
		n -= 4;
	struct reading r = { .d = d, .file = pool_copy(&d->pool, name, strlen(name)), .ruleset = pool_copy(&d->pool, base, n) };
	if (!r.file || !r.ruleset)
		return -ENOMEM;
	struct draft_section **first = d->end;
	if (draft_hear(d, r.file, text, len))
		return -ENOMEM;
	int err = read_text(r.file, text, len, d->faults, on_item, &r);
	for (struct draft_section *s = *first; s; s = s->next) {
		s->policy = r.policy;	/* wherever in the file it stands */
		if (s->kind == SECTION_LIST && err != -ENOMEM && draft_read_values(d, s))
			err = -ENOMEM;
	}
	return err;
}

struct source_file { char name[256]; bool admin; };
struct source_files { struct source_file *at; size_t n, room; };

static bool
off(const char *dir, const char *name)
{
	char path[4096], target[16];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	ssize_t n = readlink(path, target, sizeof(target));
	return n == 9 && memcmp(target, "/dev/null", 9) == 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct source_file *)a)->name, ((const struct source_file *)b)->name);
}

/* The admin's replaces the vendor's of the same name. */
static int
list_directory(struct source_files *l, const char *path, bool admin, struct faults *faults)
{
	CLEANUP_DIR DIR *dir = path && *path ? opendir(path) : NULL;
	const struct dirent *e;

	if (!dir)
		return 0;
	read_check_directory(dirfd(dir), path, faults);
	while ((e = readdir(dir))) {
		size_t n = strlen(e->d_name);
		if (n < 5 || e->d_name[0] == '.' || strcmp(e->d_name + n - 4, ".ini") != 0)
			continue;
		struct source_file *old = NULL;
		for (size_t i = 0; i < l->n; i++)
			if (strcmp(l->at[i].name, e->d_name) == 0)
				old = &l->at[i];
		if (old) {
			old->admin = admin;
			continue;
		}
		if (l->n == l->room) {
			size_t room = l->room ? l->room * 2 : 32;
			struct source_file *at = realloc(l->at, room * sizeof(*at));
			if (!at)
				return -ENOMEM;
			l->at = at;
			l->room = room;
		}
		snprintf(l->at[l->n].name, sizeof(l->at[0].name), "%s", e->d_name);
		l->at[l->n++].admin = admin;
	}
	return 0;
}

/* Does the text that stands for a file stand for this one? */
static bool
replaced(const struct policy_sources *s, const char *name)
{
	const char *slash = s->instead.name ? strrchr(s->instead.name, '/') : NULL;

	return s->instead.name && strcmp(slash ? slash + 1 : s->instead.name, name) == 0;
}

static int
read_listed(struct draft *d, const struct source_files *l, const struct policy_sources *s)
{
	for (size_t i = 0; i < l->n; i++) {
		const char *dir = l->at[i].admin ? s->policies : s->vendor_policies;
		char path[4096];
		CLEANUP_FREE char *text = NULL;
		size_t len;
		if (replaced(s, l->at[i].name) || off(dir, l->at[i].name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, l->at[i].name);
		int err = read_file(path, d->faults, &text, &len);
		if (err == -ENOENT)
			continue;	/* gone since it was listed */
		if (!err)
			err = draft_read_text(d, path, text, len);
		if (err == -ENOMEM)
			return err;
	}
	return 0;
}

int
draft_read(struct draft *d, const struct policy_sources *s)
{
	struct source_files l = { 0 };
	int err = list_directory(&l, s->vendor_policies, false, d->faults);
	if (!err)
		err = list_directory(&l, s->policies, true, d->faults);
	if (l.n)
		qsort(l.at, l.n, sizeof(l.at[0]), by_name);
	if (!err)
		err = read_listed(d, &l, s);
	if (!err && s->instead.name)
		err = draft_read_text(d, s->instead.name, s->instead.text, s->instead.len);
	free(l.at);
	return err;
}

void
draft_begin(struct draft *d, struct faults *faults)
{
	*d = (struct draft){ .faults = faults };
	d->end = &d->sections;
	d->files_end = &d->files;
	crypto_hash_sha256_init(&d->hashing);
}

void
draft_hash(struct draft *d, char hex[static DRAFT_HASH])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256_final(&d->hashing, hash);
	sodium_bin2hex(hex, DRAFT_HASH, hash, sizeof(hash));
}

void
draft_done(struct draft *d)
{
	names_done(&d->lists);
	names_done(&d->rules);
	names_done(&d->exceptions);
	pool_done(&d->pool);
}

struct draft_key *
draft_key(struct draft_section *s, const char *key)
{
	for (struct draft_key *k = s->keys; k; k = k->next) {
		if (strcmp(k->key, key) == 0) {
			k->used = true;
			return k;
		}
	}
	return NULL;
}

const char *
draft_whole(struct draft *d, struct draft_section *s, const char *key)
{
	struct draft_key *k = draft_key(s, key);
	size_t n = 0;

	if (!k)
		return "";
	if (!k->text->next)
		return k->text->text;
	for (struct draft_text *t = k->text; t; t = t->next)
		n += strlen(t->text) + 1;
	char *all = pool_take(&d->pool, n), *at = all;
	if (!all)
		return "";
	for (struct draft_text *t = k->text; t; t = t->next) {
		at = stpncpy(at, t->text, n - (size_t)(at - all));
		*at++ = t->next ? ' ' : '\0';
	}
	return all;
}

/* Takes one value from *S on into *OUT, which moves behind it. Returns what is wrong with it, or NULL. */
static const char *
take_value(const char **s, char **out, bool *quoted)
{
	const char *p = *s;
	char *begin = *out, *o = begin;

	*quoted = *p == '"';
	if (*quoted) {
		for (p++; *p && !(p[0] == '"' && p[1] != '"'); p++) {
			p += p[0] == '"';
			*o++ = *p;
		}
		if (*p != '"')
			return "a quoted value does not end";
		p++;
		p += strspn(p, BLANKS);
		if (*p && *p != ',')
			return "a quoted value is followed by more than a comma";
	} else {
		while (*p && *p != ',')
			*o++ = *p++;
		while (o > begin && strchr(BLANKS, o[-1]))
			o--;
		if (o == begin)
			return "an empty value before a comma; write \"\" if it is meant";
	}
	*o++ = '\0';
	*out = o;
	*s = *p ? p + 1 : p;
	return NULL;
}

/* A line may end with a comma. The values of one need no more room than the line itself: commas become terminators. */
static const char *
split_line(struct draft *d, const struct draft_text *t, struct draft_value ***end)
{
	const char *at = t->text + strspn(t->text, BLANKS);
	char *out = pool_take(&d->pool, strlen(at) + 1);

	while (out && *at) {
		struct draft_value *v = pool_take(&d->pool, sizeof(*v));
		if (!v)
			break;
		*v = (struct draft_value){ .value = out, .line = t->line };
		const char *why = take_value(&at, &out, &v->quoted);
		if (why)
			return why;
		**end = v;
		*end = &v->next;
		at += strspn(at, BLANKS);
	}
	return NULL;
}

struct draft_value *
draft_values(struct draft *d, const struct draft_section *s, struct draft_key *k)
{
	struct draft_value **end = &k->values;

	for (const struct draft_text *t = k->split ? NULL : k->text; t; t = t->next) {
		const char *why = split_line(d, t, &end);
		if (why)
			fault_add(d->faults, s->file, t->line, "%s", why);
		k->bad |= why != NULL;
	}
	k->split = true;
	return k->values;
}
