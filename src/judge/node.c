#include <string.h>
#include "judge/node.h"

#define DEPTH_MAX	128		/* dead ancestors are kept up to here */
#define NAME_TRIES	64		/* dead processes given up for the name of another */

node_id
node_find(const struct tree *t, int32_t pid)
{
	node_id i = t->head[(uint32_t)pid % PID_HEADS];

	while (i && t->node[i].pid != pid)
		i = t->node[i].same_hash;
	return i;
}

static void
hash_in(struct tree *t, node_id i)
{
	node_id *head = &t->head[(uint32_t)t->node[i].pid % PID_HEADS];

	t->node[i].same_hash = *head;
	t->node[i].hashed = true;
	*head = i;
}

static void
hash_out(struct tree *t, node_id i)
{
	node_id *at = &t->head[(uint32_t)t->node[i].pid % PID_HEADS];

	if (!t->node[i].hashed)
		return;
	while (*at != i)
		at = &t->node[*at].same_hash;
	*at = t->node[i].same_hash;
	t->node[i].hashed = false;
}

static void
list_out(struct tree *t, node_id i)
{
	struct node *n = &t->node[i];

	if (n->list == LIST_NONE)
		return;
	if (n->older)
		t->node[n->older].newer = n->newer;
	else
		t->oldest[n->list] = n->newer;
	if (n->newer)
		t->node[n->newer].older = n->older;
	else
		t->newest[n->list] = n->older;
	n->list = LIST_NONE;
	n->older = n->newer = 0;
}

static void
list_newest(struct tree *t, node_id i, enum node_list list)
{
	struct node *n = &t->node[i];

	list_out(t, i);
	n->list = (uint8_t)list;
	n->older = t->newest[list];
	if (n->older)
		t->node[n->older].newer = i;
	else
		t->oldest[list] = i;
	t->newest[list] = i;
}

static void
list_oldest(struct tree *t, node_id i, enum node_list list)
{
	struct node *n = &t->node[i];

	list_out(t, i);
	n->list = (uint8_t)list;
	n->newer = t->oldest[list];
	if (n->newer)
		t->node[n->newer].older = i;
	else
		t->newest[list] = i;
	t->oldest[list] = i;
}

void
node_adopt(struct tree *t, node_id parent, node_id i)
{
	struct node *n = &t->node[i], *p = &t->node[parent];

	n->parent = parent;
	n->prev = n->next = 0;
	if (!parent)
		return;
	n->next = p->child;
	if (n->next)
		t->node[n->next].prev = i;
	p->child = i;
	if (p->list == LIST_LEAVES)
		list_newest(t, parent, LIST_INNER);
}

static void
leave_parent(struct tree *t, node_id i)
{
	struct node *n = &t->node[i];
	node_id parent = n->parent;

	if (!parent)
		return;
	if (n->prev)
		t->node[n->prev].next = n->next;
	else
		t->node[parent].child = n->next;
	if (n->next)
		t->node[n->next].prev = n->prev;
	n->parent = n->next = n->prev = 0;
	/* Nobody is left who descends from it: it goes first. */
	if (t->node[parent].list == LIST_INNER && !t->node[parent].child)
		list_oldest(t, parent, LIST_LEAVES);
}

static void
forget(struct tree *t, node_id i)
{
	struct node *n = &t->node[i];
	uint32_t generation = n->generation + 1;

	hash_out(t, i);
	list_out(t, i);
	leave_parent(t, i);
	names_drop(&t->names, n->name);
	names_drop(&t->names, n->previous);
	names_drop(&t->names, n->pending);
	names_drop(&t->names, n->overtaken);
	names_drop(&t->names, n->was.name);
	if (n->state == NODE_LIVE)
		t->live--;
	t->used--;
	*n = (struct node){ .generation = generation, .newer = t->free };
	t->free = i;
}

void
node_mark(struct node *n, uint64_t mark)
{
	memmove(&n->mark[1], &n->mark[0], (NODE_MARKS - 1) * sizeof(n->mark[0]));
	n->mark[0] = mark;
}

/* Takes a dead ancestor out of the line; its children remember it as their parent. */
static void
splice(struct tree *t, node_id i, bool cut)
{
	struct node *n = &t->node[i];

	while (n->child) {
		node_id c = n->child;
		struct node *child = &t->node[c];
		child->cut = child->cut || n->cut || cut;
		for (unsigned k = NODE_MARKS; k-- > 0;)
			if (n->mark[k])
				node_mark(child, n->mark[k]);
		if (child->was.pid == 0)
			child->was = (struct facts){ .pid = n->pid, .uid = n->uid, .start_ns = n->start_ns, .entity = n->entity,
			    .name = names_hold(&t->names, n->name) };
		n->child = child->next;
		if (n->child)
			t->node[n->child].prev = 0;
		node_adopt(t, n->parent, c);
	}
	forget(t, i);
	t->stats.spliced++;
}

static bool
stands_above(const struct tree *t, node_id i, name_id name, unsigned *depth)
{
	*depth = 0;
	for (node_id a = t->node[i].parent; a && *depth < DEPTH_MAX; a = t->node[a].parent, ++*depth)
		if (t->node[a].name == name)
			return true;
	return false;
}

/*
 * No ancestor condition can tell whether a program stands above once or twice, so the lower one goes. The parent that it
 * remembers may go with it: what was folded stands further up, what was cut is marked. The dead line is bounded even when all
 * programs differ.
 */
static void
fold(struct tree *t, node_id i)
{
	const struct node *n = &t->node[i];
	unsigned depth;

	if (n->state != NODE_DEAD || !n->child)
		return;
	bool twice = stands_above(t, i, n->name, &depth);
	if (twice && n->name)
		splice(t, i, false);
	else if (!twice && depth == DEPTH_MAX)
		splice(t, i, true);
}

static void
fold_later(struct tree *t, node_id i)
{
	uint32_t at = t->fold_at++ % FOLDS;
	node_id old = t->fold[at].node;
	uint32_t generation = t->fold[at].generation;

	t->fold[at].node = i;
	t->fold[at].generation = t->node[i].generation;
	if (old && t->node[old].generation == generation)
		fold(t, old);
}

void
node_die(struct tree *t, node_id i)
{
	struct node *n = &t->node[i];

	if (n->state != NODE_LIVE)
		return;
	n->state = NODE_DEAD;
	n->threads = 0;
	t->live--;
	names_drop(&t->names, n->pending);
	names_drop(&t->names, n->overtaken);
	n->pending = n->overtaken = 0;
	list_newest(t, i, n->child ? LIST_INNER : LIST_LEAVES);
	if (n->child)
		fold_later(t, i);
}

void
node_revive(struct tree *t, node_id i)
{
	struct node *n = &t->node[i];

	if (n->state != NODE_DEAD)
		return;
	list_out(t, i);
	n->state = NODE_LIVE;
	t->live++;
}

/*
 * Room for one more: the oldest dead process without descendants; else the youngest dead ancestor, because who fills the tree
 * with dead ancestors shall lose his own first.
 */
static bool
evict(struct tree *t)
{
	if (t->oldest[LIST_LEAVES])
		forget(t, t->oldest[LIST_LEAVES]);
	else if (t->newest[LIST_INNER])
		splice(t, t->newest[LIST_INNER], true);
	else
		return false;
	return true;
}

static node_id
place_node(struct tree *t)
{
	if (!t->free && t->top == TREE_NODES && !evict(t)) {
		t->stats.full++;
		return 0;
	}
	node_id i = t->free;
	if (i)
		t->free = t->node[i].newer;
	else
		i = ++t->top;
	t->node[i].newer = 0;
	t->used++;
	return i;
}

name_id
node_name(struct tree *t, const char *text, size_t len)
{
	name_id id = names_take(&t->names, text, len);

	for (int i = 0; i < NAME_TRIES && !id && len && t->oldest[LIST_LEAVES]; i++) {
		forget(t, t->oldest[LIST_LEAVES]);
		id = names_take(&t->names, text, len);
	}
	if (!id && len)
		t->stats.names_full++;
	return id;
}

node_id
node_add(struct tree *t, int32_t pid, uint64_t start_ns)
{
	node_id old = node_find(t, pid);

	if (old) {
		node_die(t, old);
		hash_out(t, old);
	}
	node_id i = place_node(t);
	if (!i)
		return 0;
	struct node *n = &t->node[i];
	n->pid = pid;
	n->start_ns = start_ns;
	n->entity = start_ns ? tree_entity(t->boot, pid, start_ns) : 0;
	n->state = NODE_LIVE;
	t->live++;
	hash_in(t, i);
	return i;
}

/*
 * The old program of a process with children stays between it and them: the node becomes a dead one, a new one takes its place.
 * Returns the node to use; the same one if there is no room.
 */
static node_id
leave_ghost(struct tree *t, node_id i)
{
	node_id new = place_node(t);

	if (!new) {
		t->node[i].cut = true;
		return i;
	}
	struct node *old = &t->node[i], *n = &t->node[new];
	node_id parent = old->parent;
	uint32_t generation = n->generation;
	leave_parent(t, i);
	hash_out(t, i);
	*n = *old;
	n->generation = generation;
	n->child = 0;
	names_hold(&t->names, n->name);
	names_hold(&t->names, n->previous);
	old->pending = old->overtaken = 0;
	old->was = (struct facts){ 0 };
	node_adopt(t, parent, new);
	hash_in(t, new);
	t->live++;
	node_adopt(t, new, i);
	node_die(t, i);
	return new;
}

node_id
node_run(struct tree *t, node_id i, name_id name)
{
	if (t->node[i].child && t->node[i].name != name)
		i = leave_ghost(t, i);
	struct node *n = &t->node[i];
	names_drop(&t->names, n->previous);
	n->previous = n->name;
	n->name = name;
	return i;
}
