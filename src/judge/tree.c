#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include "judge/node.h"

#define DEPTH_MAX	128		/* dead ancestors are kept up to here */
#define SAME_START_NS	20000000u	/* two clocks tell of one start: /proc counts in ticks */
#define NAME_TRIES	64		/* dead processes given up for the name of another */

static void
make_key(uint64_t boot, uint8_t key[NAMES_KEY])
{
	uint64_t half[2] = { boot, ~boot * 0x9e3779b97f4a7c15ull };

	memcpy(key, half, NAMES_KEY);
}

uint64_t
tree_entity(uint64_t boot, int32_t pid, uint64_t start_ns)
{
	struct { uint64_t start_ns; int64_t pid; } in = { start_ns, pid };
	uint8_t key[NAMES_KEY];
	uint64_t out;

	make_key(boot, key);
	crypto_shorthash((unsigned char *)&out, (const unsigned char *)&in, sizeof(in), key);
	return out ? out : 1;
}

node_id
tree_find(const struct tree *t, int32_t pid)
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

static void
adopt(struct tree *t, node_id parent, node_id i)
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
	names_drop(&t->names, n->was.name);
	if (n->state == NODE_LIVE)
		t->live--;
	t->used--;
	*n = (struct node){ .generation = generation, .newer = t->free };
	t->free = i;
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
		if (child->was.pid == 0)
			child->was = (struct facts){ .pid = n->pid, .uid = n->uid, .start_ns = n->start_ns, .entity = n->entity,
			    .name = names_hold(&t->names, n->name) };
		n->child = child->next;
		if (n->child)
			t->node[n->child].prev = 0;
		adopt(t, n->parent, c);
	}
	forget(t, i);
	t->stats.spliced++;
}

static bool
stands_above(const struct tree *t, node_id i, name_id name, unsigned *depth)
{
	*depth = 0;
	for (node_id a = t->node[i].parent; a && *depth < DEPTH_MAX; a = t->node[a].parent, ++*depth)
		if (t->node[a].name == name || (t->node[a].was.pid && t->node[a].was.name == name))
			return true;
	return false;
}

/*
 * No ancestor condition can tell whether a program stands above once or twice; so the lower one goes, if the parent that it
 * remembers is not lost with it. The dead line is bounded even when all programs differ.
 */
static void
fold(struct tree *t, node_id i)
{
	const struct node *n = &t->node[i];
	unsigned depth, unused;

	if (n->state != NODE_DEAD || !n->child)
		return;
	bool twice = stands_above(t, i, n->name, &depth);
	bool keeps = n->was.name && !stands_above(t, i, n->was.name, &unused);
	if (twice && n->name && !keeps)
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

static void
die(struct tree *t, node_id i)
{
	struct node *n = &t->node[i];

	if (n->state != NODE_LIVE)
		return;
	n->state = NODE_DEAD;
	n->threads = 0;
	t->live--;
	names_drop(&t->names, n->pending);
	n->pending = 0;
	list_newest(t, i, n->child ? LIST_INNER : LIST_LEAVES);
	if (n->child)
		fold_later(t, i);
}

/* An EXIT of the first thread is not the end of a process: what acts is alive. */
static void
revive(struct tree *t, node_id i)
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

static name_id
take_name(struct tree *t, const char *text, size_t len)
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

static node_id
add_process(struct tree *t, int32_t pid, uint64_t start_ns)
{
	node_id old = tree_find(t, pid);

	if (old) {
		die(t, old);
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

void
tree_fork(struct tree *t, int32_t parent, int32_t child, uint64_t start_ns)
{
	node_id p = parent != child ? tree_find(t, parent) : 0;

	if (parent <= 0 || child <= 0)
		return;
	if (p)
		revive(t, p);	/* before room is made: the living are not evicted */
	node_id i = add_process(t, child, start_ns);
	if (!i)
		return;
	struct node *n = &t->node[i];
	if (!p) {
		n->was.pid = parent;
		n->missing = true;
		return;
	}
	const struct node *from = &t->node[p];
	n->uid = from->uid;
	n->sid = from->sid;
	n->name = names_hold(&t->names, from->name);
	n->previous = names_hold(&t->names, from->previous);
	memcpy(n->comm, from->comm, sizeof(n->comm));
	adopt(t, p, i);
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
	old->pending = 0;
	old->was = (struct facts){ 0 };
	adopt(t, parent, new);
	hash_in(t, new);
	t->live++;
	adopt(t, new, i);
	die(t, i);
	return new;
}

/* Takes over the reference of NAME. */
static node_id
run_program(struct tree *t, node_id i, name_id name)
{
	if (t->node[i].child && t->node[i].name != name)
		i = leave_ghost(t, i);
	struct node *n = &t->node[i];
	names_drop(&t->names, n->previous);
	n->previous = n->name;
	n->name = name;
	return i;
}

void
tree_exec(struct tree *t, int32_t pid, const char *exe, size_t len)
{
	node_id i = tree_find(t, pid);

	if (!i)
		return;
	revive(t, i);
	name_id name = take_name(t, exe, len);
	if (!len)
		name = names_hold(&t->names, t->node[i].pending);
	i = run_program(t, i, name);
	struct node *n = &t->node[i];
	names_drop(&t->names, n->pending);
	n->pending = 0;
	n->threads = 0;		/* the others died of it */
	n->leaderless = false;
}

void
tree_exit(struct tree *t, int32_t pid)
{
	node_id i = tree_find(t, pid);

	if (!i || t->node[i].state != NODE_LIVE)
		return;
	if (t->node[i].threads)
		t->node[i].leaderless = true;
	else
		die(t, i);
}

void
tree_thread(struct tree *t, int32_t pid, bool born)
{
	node_id i = tree_find(t, pid);
	struct node *n = &t->node[i];

	if (!i || n->state != NODE_LIVE)
		return;
	if (born)
		n->threads++;
	else if (n->threads && --n->threads == 0 && n->leaderless)
		die(t, i);
}

void
tree_uid(struct tree *t, int32_t pid, uint32_t uid)
{
	node_id i = tree_find(t, pid);

	if (i)
		t->node[i].uid = uid;
}

void
tree_sid(struct tree *t, int32_t pid)
{
	node_id i = tree_find(t, pid);

	if (i)
		t->node[i].sid = (uint32_t)pid;
}

void
tree_comm(struct tree *t, int32_t pid, const char comm[16])
{
	node_id i = tree_find(t, pid);

	if (i)
		memcpy(t->node[i].comm, comm, 16);
}

void
tree_name(struct tree *t, int32_t pid, const char *exe, size_t len)
{
	name_id name = take_name(t, exe, len);
	node_id i = tree_find(t, pid);		/* after the name: room for it may have cost this process, if it is dead */

	if (!i || t->node[i].name) {
		names_drop(&t->names, name);
		return;
	}
	t->node[i].name = name;
}

void
tree_pending(struct tree *t, int32_t pid, const char *exe, size_t len)
{
	name_id name = take_name(t, exe, len);
	node_id i = tree_find(t, pid);

	if (!i || t->node[i].state != NODE_LIVE) {
		names_drop(&t->names, name);
		return;
	}
	names_drop(&t->names, t->node[i].pending);
	t->node[i].pending = name;
}

/* Two sources may tell of one start in different clocks, and 0 is not known. */
static bool
same_process(const struct node *n, uint64_t start_ns)
{
	uint64_t apart = n->start_ns > start_ns ? n->start_ns - start_ns : start_ns - n->start_ns;

	return !n->start_ns || !start_ns || apart <= SAME_START_NS;
}

/* /proc was read while pids came and went: a parent that is younger, or below, is another process. */
static bool
can_be_parent(const struct tree *t, node_id parent, node_id i)
{
	uint32_t steps = 0;

	if (t->node[parent].start_ns > t->node[i].start_ns + SAME_START_NS)
		return false;
	for (node_id a = parent; a && steps <= TREE_NODES; a = t->node[a].parent, steps++)
		if (a == i)
			return false;
	return true;
}

static void
link_parent(struct tree *t, node_id i, int32_t ppid)
{
	struct node *n = &t->node[i];
	node_id p = tree_find(t, ppid);

	if (n->parent || ppid <= 0)
		return;
	if (!p || !can_be_parent(t, p, i)) {
		n->missing = true;
		if (!n->was.pid)
			n->was.pid = ppid;
		return;
	}
	if (n->missing && !n->was.name)
		n->was = (struct facts){ 0 };
	n->missing = false;
	adopt(t, p, i);
}

void
tree_seed(struct tree *t, const struct tree_process *p)
{
	node_id i = tree_find(t, p->pid);

	if (p->pid <= 0)
		return;
	if (!t->seeding)
		t->round++;
	t->seeding = true;
	if (i && !same_process(&t->node[i], p->start_ns))
		i = 0;
	if (i)
		revive(t, i);
	else
		i = add_process(t, p->pid, p->start_ns);
	if (!i)
		return;
	if (!t->node[i].start_ns && p->start_ns) {
		t->node[i].start_ns = p->start_ns;
		t->node[i].entity = tree_entity(t->boot, p->pid, p->start_ns);
	}
	name_id name = take_name(t, p->executable, strlen(p->executable));
	if (!name || name == t->node[i].name)
		names_drop(&t->names, name);
	else if (!t->node[i].name)
		t->node[i].name = name;
	else
		i = run_program(t, i, name);
	struct node *n = &t->node[i];
	n->uid = p->uid;
	n->sid = p->sid;
	n->round = t->round;
	memset(n->comm, 0, sizeof(n->comm));
	memcpy(n->comm, p->comm, strnlen(p->comm, sizeof(n->comm)));
	link_parent(t, i, p->ppid);
}

void
tree_seed_done(struct tree *t)
{
	for (node_id i = 1; i <= t->top; i++) {
		struct node *n = &t->node[i];
		if (n->state == NODE_LIVE && n->round != t->round)
			die(t, i);
		else if (n->state == NODE_LIVE && n->missing)
			link_parent(t, i, n->was.pid);
	}
	t->seeding = false;
}

int
tree_new(struct tree **out, uint64_t boot)
{
	struct tree *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (t == MAP_FAILED)
		return -errno;
	t->boot = boot;
	make_key(boot, t->names.key);
	*out = t;
	return 0;
}

void
tree_free(struct tree *t)
{
	if (t)
		munmap(t, sizeof(*t));
}

void
tree_clear(struct tree *t)
{
	struct tree_stats stats = t->stats;
	uint64_t boot = t->boot;
	size_t touched = offsetof(struct tree, node) + (t->top + 1) * sizeof(t->node[0]);

	memset(t, 0, touched);
	t->boot = boot;
	t->stats = stats;
	make_key(boot, t->names.key);
}
