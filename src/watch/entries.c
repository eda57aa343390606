#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "watch/entries.h"

#define GROUP_MAX	64	/* entries of one key that are compared as changes of each other */
#define HASH_TEXT	(2 * crypto_shorthash_BYTES)

/* Key and value follow. */
struct head { uint16_t object, key, value; };

static const char *const objects[OBJECT__MAX] = {
	[OBJECT_USER] = "user", [OBJECT_PASSWORD] = "password", [OBJECT_GROUP] = "group", [OBJECT_MEMBER] = "member",
	[OBJECT_SHADOW_GROUP] = "shadow-group", [OBJECT_SUDOERS] = "sudoers", [OBJECT_KEY] = "authorized-key", [OBJECT_PAM] = "pam",
	[OBJECT_PRELOAD] = "ld-preload", [OBJECT_SSHD] = "sshd", [OBJECT_CRON] = "cron", [OBJECT_AT] = "at", [OBJECT_TIMER] = "timer",
	[OBJECT_UNIT] = "unit", [OBJECT_INIT] = "init",
};

const char *
change_object_name(enum change_object o)
{
	return objects[o];
}

void
entries_init(struct entries *e, const uint8_t key[16])
{
	*e = (struct entries){ 0 };
	memcpy(e->key, key, sizeof(e->key));
}

void
entries_done(struct entries *e)
{
	free(e->at);
	e->at = NULL;
	e->len = e->room = 0;
	e->n = 0;
}

/* Room for N more bytes, or it is over. */
static bool
make_room(struct entries *e, size_t n)
{
	size_t room = e->room ? e->room : 512;

	if (e->over || e->len + n > ENTRIES_BYTES) {
		e->over = true;
		return false;
	}
	while (room < e->len + n)
		room *= 2;
	uint8_t *at = room > e->room ? realloc(e->at, room) : e->at;
	if (!at) {
		e->over = true;
		return false;
	}
	e->at = at;
	e->room = room;
	return true;
}

static void
hash_text(const struct entries *e, struct span t, char out[HASH_TEXT + 1])
{
	uint8_t hash[crypto_shorthash_BYTES];

	crypto_shorthash(hash, (const uint8_t *)(t.n ? t.s : ""), t.n, e->key);
	sodium_bin2hex(out, HASH_TEXT + 1, hash, sizeof(hash));
}

static size_t
copy_shown(char *to, struct span t)
{
	for (size_t i = 0; i < t.n; i++)
		to[i] = (unsigned char)t.s[i] < ' ' || t.s[i] == 0x7f ? ' ' : t.s[i];
	return t.n;
}

/* TEXT of up to ROOM bytes; the rest of it stands behind SECRET. Returns the length. */
static size_t
put_cut(const struct entries *e, char *to, size_t room, struct span text)
{
	char hash[HASH_TEXT + 1];

	if (text.n <= room)
		return copy_shown(to, text);
	size_t n = copy_shown(to, (struct span){ text.s, room - HASH_TEXT - 1 });
	hash_text(e, text, hash);
	to[n] = SECRET;
	memcpy(to + n + 1, hash, HASH_TEXT);
	return room;
}

void
value_begin(struct value *v, const struct entries *of)
{
	v->of = of;
	v->len = 0;
}

/* Several long attributes share what there is. */
static size_t
room_for(const struct value *v, const char *name)
{
	size_t used = v->len + strlen(name) + 1, left = used < sizeof(v->text) ? sizeof(v->text) - used : 0;

	return left < ENTRY_KEY ? left : ENTRY_KEY;
}

void
value_put(struct value *v, const char *name, struct span text)
{
	size_t room = room_for(v, name), n = strlen(name);

	if (!text.n || room < 2 * HASH_TEXT)
		return;
	memcpy(v->text + v->len, name, n);
	v->len += n;
	v->len += put_cut(v->of, v->text + v->len, room, text);
	v->text[v->len++] = '\0';
}

void
value_secret(struct value *v, const char *name, const char *shown, struct span text)
{
	char hash[HASH_TEXT + 1];
	size_t n = strlen(name), k = strlen(shown);

	if (room_for(v, name) < k + 2 * HASH_TEXT)
		return;
	hash_text(v->of, text, hash);
	memcpy(v->text + v->len, name, n);
	copy_shown(v->text + v->len + n, (struct span){ shown, k });
	v->len += n + k;
	v->text[v->len++] = SECRET;
	memcpy(v->text + v->len, hash, HASH_TEXT);
	v->len += HASH_TEXT;
	v->text[v->len++] = '\0';
}

void
entries_add(struct entries *e, enum change_object object, struct span key, const struct value *v)
{
	char text[ENTRY_KEY];
	size_t n = put_cut(e, text, sizeof(text), key), k = v ? v->len : 0;
	struct head h = { .object = (uint16_t)object, .key = (uint16_t)n, .value = (uint16_t)k };

	if (!make_room(e, sizeof(h) + n + k))
		return;
	memcpy(e->at + e->len, &h, sizeof(h));
	memcpy(e->at + e->len + sizeof(h), text, n);
	if (k)
		memcpy(e->at + e->len + sizeof(h) + n, v->text, k);
	e->len += sizeof(h) + n + k;
	e->n++;
}

static struct entry
entry_at(const uint8_t *at)
{
	struct head h;

	memcpy(&h, at, sizeof(h));
	const char *text = (const char *)at + sizeof(h);
	return (struct entry){ .object = (enum change_object)h.object, .key = { text, h.key }, .value = { text + h.key, h.value } };
}

static size_t
size_of(const struct entry *e)
{
	return sizeof(struct head) + e->key.n + e->value.n;
}

static int
order_of(struct span a, struct span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.s, b.s, n) : 0;

	return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int
order_of_names(const struct entry *a, const struct entry *b)
{
	return a->object != b->object ? (a->object > b->object) - (a->object < b->object) : order_of(a->key, b->key);
}

static int
by_entry(const void *x, const void *y)
{
	struct entry a = entry_at(*(const uint8_t *const *)x), b = entry_at(*(const uint8_t *const *)y);
	int order = order_of_names(&a, &b);

	return order ? order : order_of(a.value, b.value);
}

int
entries_sort(struct entries *e)
{
	CLEANUP_FREE const uint8_t **order = NULL;
	CLEANUP_FREE uint8_t *sorted = NULL;
	struct entry one;
	size_t at = 0, n = 0;

	if (!e->n || e->over)
		return 0;
	order = calloc(e->n, sizeof(*order));
	sorted = malloc(e->len);
	if (!order || !sorted)
		return -ENOMEM;
	for (size_t from = 0; entries_next(e, &at, &one); from = at)
		order[n++] = e->at + from;
	qsort(order, n, sizeof(*order), by_entry);
	at = 0;
	for (size_t i = 0; i < n; i++) {
		one = entry_at(order[i]);
		memcpy(sorted + at, order[i], size_of(&one));
		at += size_of(&one);
	}
	free(e->at);
	e->at = steal_ptr(&sorted);
	e->room = e->len;
	return 0;
}

bool
entries_next(const struct entries *e, size_t *at, struct entry *out)
{
	if (*at >= e->len)
		return false;
	*out = entry_at(e->at + *at);
	*at += size_of(out);
	return true;
}

bool
value_next(struct span *value, struct span *attribute)
{
	const char *end = value->n ? memchr(value->s, '\0', value->n) : NULL;

	if (!end)
		return false;
	*attribute = (struct span){ value->s, (size_t)(end - value->s) };
	*value = (struct span){ end + 1, value->n - attribute->n - 1 };
	return true;
}

struct span
value_shown(struct span attribute)
{
	const char *end = attribute.n ? memchr(attribute.s, SECRET, attribute.n) : NULL;

	return end ? (struct span){ attribute.s, (size_t)(end - attribute.s) } : attribute;
}

/* Where one side of a comparison is. */
struct side { const struct entries *of; size_t at; struct entry now; bool there; };

static void
step(struct side *s)
{
	s->there = entries_next(s->of, &s->at, &s->now);
}

static bool
belongs(const struct side *s, const struct entry *name)
{
	return s->there && order_of_names(&s->now, name) == 0;
}

struct comparing { difference_fn *fn; void *arg; uint32_t n; };

static void
differ(struct comparing *c, const struct entry *before, const struct entry *after)
{
	c->fn(c->arg, before, after);
	c->n++;
}

/* All entries of one key: what is in both is no news, what is left over changed into each other, in order. */
static void
compare_group(struct comparing *c, struct side *b, struct side *a, const struct entry *name)
{
	struct entry gone[GROUP_MAX], come[GROUP_MAX];
	unsigned n = 0, k = 0, pairs;

	for (;;) {
		bool old = belongs(b, name), new = belongs(a, name);
		if (!old && !new)
			break;
		int order = !old ? 1 : !new ? -1 : order_of(b->now.value, a->now.value);
		if (order < 0 && n == GROUP_MAX)
			differ(c, &b->now, NULL);
		else if (order < 0)
			gone[n++] = b->now;
		else if (order > 0 && k == GROUP_MAX)
			differ(c, NULL, &a->now);
		else if (order > 0)
			come[k++] = a->now;
		if (order <= 0)
			step(b);
		if (order >= 0)
			step(a);
	}
	pairs = n < k ? n : k;
	for (unsigned i = 0; i < n || i < k; i++)
		differ(c, i < n ? &gone[i] : NULL, i < pairs || i >= n ? &come[i] : NULL);
}

uint32_t
entries_compare(const struct entries *before, const struct entries *after, difference_fn *fn, void *arg)
{
	struct side b = { .of = before }, a = { .of = after };
	struct comparing c = { fn, arg, 0 };

	step(&b);
	step(&a);
	while (b.there || a.there) {
		const struct entry name = !a.there || (b.there && order_of_names(&b.now, &a.now) <= 0) ? b.now : a.now;
		compare_group(&c, &b, &a, &name);
	}
	return c.n;
}
