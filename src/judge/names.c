#include <sodium.h>
#include <string.h>
#include "judge/names.h"

_Static_assert(NAMES_KEY == crypto_shorthash_KEYBYTES, "key of SipHash");
_Static_assert(TREE_NAMES < UINT16_MAX, "names are numbered by 16 bits");

static uint32_t
chain_of(const struct names *n, const char *text, size_t len)
{
	uint64_t hash;

	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)text, len, n->key);
	return (uint32_t)(hash % NAMES_HEADS);
}

static name_id
find(const struct names *n, uint32_t chain, const char *text, size_t len, bool cut)
{
	name_id id = n->head[chain];

	for (; id; id = n->name[id].next) {
		const struct name *have = &n->name[id];
		if (have->len == len && have->cut == cut && !memcmp(have->text, text, len))
			return id;
	}
	return 0;
}

static name_id
add(struct names *n, uint32_t chain, const char *text, size_t len, bool cut)
{
	name_id id = n->free;

	if (id)
		n->free = n->name[id].next;
	else if (n->top < TREE_NAMES)
		id = (name_id)++n->top;
	else
		return 0;
	struct name *new = &n->name[id];
	*new = (struct name){ .next = n->head[chain], .len = (uint16_t)len, .cut = cut };
	memcpy(new->text, text, len);
	n->head[chain] = id;
	n->used++;
	return id;
}

name_id
names_take(struct names *n, const char *text, size_t len)
{
	bool cut = len > TREE_PATH;

	if (len == 0)
		return 0;
	if (cut)
		len = TREE_PATH;
	uint32_t chain = chain_of(n, text, len);
	name_id id = find(n, chain, text, len, cut);
	if (!id)
		id = add(n, chain, text, len, cut);
	return names_hold(n, id);
}

name_id
names_hold(struct names *n, name_id id)
{
	if (id)
		n->name[id].refs++;
	return id;
}

void
names_drop(struct names *n, name_id id)
{
	struct name *old = &n->name[id];

	if (!id || --old->refs > 0)
		return;
	name_id *at = &n->head[chain_of(n, old->text, old->len)];
	while (*at != id)
		at = &n->name[*at].next;
	*at = old->next;
	old->next = n->free;
	n->free = id;
	n->used--;
}

const char *
names_text(const struct names *n, name_id id, size_t *len)
{
	*len = n->name[id].len;
	return n->name[id].text;
}

bool
names_cut(const struct names *n, name_id id)
{
	return n->name[id].cut;
}
