#include <string.h>
#include "alert/family.h"

void
kin_of(struct kin *k, const struct report *r)
{
	const struct event *ev = &r->event;

	*k = (struct kin){ .root = r->root, .process = ev->process.entity };
	if (ev->parent.entity)
		k->up[k->n++] = ev->parent.entity;
	for (unsigned i = 0; i < ev->ancestors && k->n < KIN_MAX; i++)
		if (ev->ancestor[i].entity && (i || ev->ancestor[i].entity != ev->parent.entity))
			k->up[k->n++] = ev->ancestor[i].entity;
}

/* Where it is, or would be. */
static unsigned
place(const struct family *f, uint64_t process)
{
	unsigned i = (unsigned)((process * 0x9e3779b97f4a7c15ull) >> 32) % FAMILY_SLOTS;

	while (f->slot[i] && f->slot[i] != process)
		i = (i + 1) % FAMILY_SLOTS;
	return i;
}

bool
family_has(const struct family *f, uint64_t process)
{
	return process && f->slot[place(f, process)] == process;
}

static void
add(struct family *f, uint64_t process)
{
	unsigned i = place(f, process);

	if (!process || f->slot[i] || f->n == FAMILY_MAX)
		return;
	f->slot[i] = process;
	f->n++;
}

/* Whoever is of the family, and its parent where that must be, too: the way to the root leads over it, whether it is named or not. */
static void
add_own(struct family *f, const struct kin *k)
{
	add(f, k->process);
	if (k->root && k->root == f->root && k->process != k->root && k->n)
		add(f, k->up[0]);
}

void
family_begin(struct family *f, const struct kin *k)
{
	unsigned root = 0;

	memset(f, 0, sizeof(*f));
	f->root = k->root;
	add(f, k->root);
	add_own(f, k);
	/* Whoever stands above the root is everybody's ancestor. */
	while (root < k->n && k->up[root] != k->root)
		root++;
	for (unsigned i = 0; i < root && root < k->n && k->process != k->root; i++)
		add(f, k->up[i]);
}

bool
family_takes(struct family *f, const struct kin *k)
{
	unsigned known = 0;
	bool same = f->root && k->root == f->root;

	while (known < k->n && !family_has(f, k->up[known]))
		known++;
	if (!same && known == k->n && !family_has(f, k->process))
		return false;
	add_own(f, k);
	for (unsigned i = 0; i < known && known < k->n; i++)
		add(f, k->up[i]);
	return true;
}
