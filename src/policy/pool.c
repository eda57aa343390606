#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "policy/pool.h"

#define CHUNK_BYTES	65536
#define TABLE_BYTES	(1u << 30)	/* offsets in the layout have 32 bits */

struct chunk {
	struct chunk	*next;
	size_t		 used, size;
	_Alignas(8) char bytes[];
};

struct name_slot {
	const char	*key;
	void		*value;
	uint32_t	 hash;
};

void *
pool_take(struct pool *p, size_t n)
{
	struct chunk *c = p->chunks;

	n = (n + 7) & ~(size_t)7;
	if (!c || c->size - c->used < n) {
		size_t size = n > CHUNK_BYTES ? n : CHUNK_BYTES;
		c = calloc(1, sizeof(*c) + size);
		if (!c) {
			p->failed = true;
			return NULL;
		}
		c->size = size;
		c->next = p->chunks;
		p->chunks = c;
	}
	void *taken = c->bytes + c->used;
	c->used += n;
	return taken;
}

char *
pool_copy(struct pool *p, const char *s, size_t len)
{
	char *copy = pool_take(p, len + 1);

	if (copy && len)
		memcpy(copy, s, len);
	return copy;
}

void
pool_done(struct pool *p)
{
	for (struct chunk *c = p->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	p->chunks = NULL;
}

uint32_t
pool_hash(const char *s, size_t len, uint32_t seed)
{
	uint64_t h = 14695981039346656037ull ^ seed;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)s[i]) * 1099511628211ull;
	return (uint32_t)(h ^ h >> 32);
}

static struct name_slot *
slot_of(struct name_slot *slots, size_t size, const char *key, uint32_t hash)
{
	size_t i = hash & (size - 1);

	while (slots[i].key && (slots[i].hash != hash || strcmp(slots[i].key, key) != 0))
		i = (i + 1) & (size - 1);
	return &slots[i];
}

void *
names_find(const struct names *n, const char *key)
{
	if (!n->size)
		return NULL;
	return slot_of(n->slots, n->size, key, pool_hash(key, strlen(key), 0))->value;
}

static int
grow(struct names *n)
{
	size_t size = n->size ? n->size * 2 : 64;
	struct name_slot *slots = calloc(size, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < n->size; i++)
		if (n->slots[i].key)
			*slot_of(slots, size, n->slots[i].key, n->slots[i].hash) = n->slots[i];
	free(n->slots);
	n->slots = slots;
	n->size = size;
	return 0;
}

int
names_add(struct names *n, const char *key, void *value)
{
	uint32_t hash = pool_hash(key, strlen(key), 0);

	if (n->used * 2 >= n->size && grow(n) < 0)
		return -ENOMEM;
	struct name_slot *s = slot_of(n->slots, n->size, key, hash);
	if (s->key)
		return -EEXIST;
	*s = (struct name_slot){ .key = key, .value = value, .hash = hash };
	n->used++;
	return 0;
}

void
names_done(struct names *n)
{
	free(n->slots);
	*n = (struct names){ 0 };
}

uint32_t
table_add(struct table *t, const void *elements, size_t n)
{
	if (t->n + n > t->room) {
		size_t room = t->room ? t->room : 16;
		while (room < t->n + n)
			room *= 2;
		void *at = room * t->width <= TABLE_BYTES ? realloc(t->at, room * t->width) : NULL;
		if (!at) {
			t->failed = true;
			return 0;
		}
		t->at = at;
		t->room = room;
	}
	if (t->failed)
		return 0;
	if (elements && n)
		memcpy(t->at + t->n * t->width, elements, n * t->width);
	else if (n)
		memset(t->at + t->n * t->width, 0, n * t->width);
	t->n += n;
	return (uint32_t)(t->n - n);
}

void *
table_at(const struct table *t, size_t i)
{
	return t->at + i * t->width;
}

void
table_done(struct table *t)
{
	free(t->at);
	*t = (struct table){ .width = t->width };
}
