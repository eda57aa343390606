#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include "judge/node.h"

#define SAME_START_NS	20000000u	/* two clocks tell of one start: /proc counts in ticks */

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

void
tree_fork(struct tree *t, int32_t parent, int32_t child, uint64_t start_ns)
{
	node_id p = parent != child ? node_find(t, parent) : 0;

	if (parent <= 0 || child <= 0)
		return;
	if (p)
		node_revive(t, p);	/* before room is made: the living are not evicted */
	node_id i = node_add(t, child, start_ns);
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
	n->ruid = from->ruid;
	n->gid = from->gid;
	n->sid = from->sid;
	n->labels = from->labels;
	n->name = names_hold(&t->names, from->name);
	n->previous = names_hold(&t->names, from->previous);
	memcpy(n->comm, from->comm, sizeof(n->comm));
	node_adopt(t, p, i);
}

/* PENDING is what the kernel asked about, or nothing, and NAME what runs. It may be that both have run by now. */
static node_id
run(struct tree *t, node_id i, name_id name, bool seen)
{
	i = node_run(t, i, name);
	struct node *n = &t->node[i];
	names_drop(&t->names, n->overtaken);
	n->overtaken = seen && n->pending && n->pending != name ? names_hold(&t->names, n->pending) : 0;
	names_drop(&t->names, n->pending);
	return i;
}

/* The message before this one was of the program that was asked about: it ran the present one before we could look. */
static void
correct(struct tree *t, struct node *n, name_id name)
{
	names_drop(&t->names, n->previous);
	n->previous = n->overtaken;
	n->overtaken = 0;
	names_drop(&t->names, n->pending);
	names_drop(&t->names, name);
}

bool
tree_exec(struct tree *t, int32_t pid, const char *exe, size_t len)
{
	node_id i = node_find(t, pid);

	if (!i)
		return false;
	node_revive(t, i);
	name_id name = node_name(t, exe, len);
	if (!len)
		name = names_hold(&t->names, t->node[i].pending);
	bool late = len && name == t->node[i].name && t->node[i].overtaken;
	if (late)
		correct(t, &t->node[i], name);
	else
		i = run(t, i, name, len);
	struct node *n = &t->node[i];
	n->pending = 0;
	n->threads = 0;		/* the others died of it */
	n->leaderless = false;
	return late;
}

void
tree_exit(struct tree *t, int32_t pid)
{
	node_id i = node_find(t, pid);

	if (!i || t->node[i].state != NODE_LIVE)
		return;
	if (t->node[i].threads)
		t->node[i].leaderless = true;
	else
		node_die(t, i);
}

void
tree_thread(struct tree *t, int32_t pid, bool born)
{
	node_id i = node_find(t, pid);
	struct node *n = &t->node[i];

	if (!i || n->state != NODE_LIVE)
		return;
	if (born)
		n->threads++;
	else if (n->threads && --n->threads == 0 && n->leaderless)
		node_die(t, i);
}

void
tree_uid(struct tree *t, int32_t pid, uint32_t ruid, uint32_t uid)
{
	node_id i = node_find(t, pid);

	if (i) {
		t->node[i].ruid = ruid;
		t->node[i].uid = uid;
	}
}

void
tree_gid(struct tree *t, int32_t pid, uint32_t gid)
{
	node_id i = node_find(t, pid);

	if (i)
		t->node[i].gid = gid;
}

void
tree_sid(struct tree *t, int32_t pid)
{
	node_id i = node_find(t, pid);

	if (i)
		t->node[i].sid = (uint32_t)pid;
}

void
tree_comm(struct tree *t, int32_t pid, const char comm[16])
{
	node_id i = node_find(t, pid);

	if (i)
		memcpy(t->node[i].comm, comm, 16);
}

void
tree_name(struct tree *t, int32_t pid, const char *exe, size_t len)
{
	name_id name = node_name(t, exe, len);
	node_id i = node_find(t, pid);		/* after the name: room for it may have cost this process, if it is dead */

	if (!i || t->node[i].name) {
		names_drop(&t->names, name);
		return;
	}
	t->node[i].name = name;
}

void
tree_pending(struct tree *t, int32_t pid, const char *exe, size_t len)
{
	name_id name = node_name(t, exe, len);
	node_id i = node_find(t, pid);

	if (!i || t->node[i].state != NODE_LIVE) {
		names_drop(&t->names, name);
		return;
	}
	names_drop(&t->names, t->node[i].pending);
	t->node[i].pending = name;
}

void
tree_label(struct tree *t, int32_t pid, uint32_t labels)
{
	node_id i = node_find(t, pid);

	if (i)
		t->node[i].labels |= labels;
}

void
tree_relabel(struct tree *t, const uint8_t to[static 32])
{
	for (node_id i = 1; i <= t->top; i++) {
		uint32_t old = t->node[i].labels, new = 0;
		for (unsigned bit = 0; old; old >>= 1, bit++)
			new |= (old & 1) && to[bit] < 32 ? 1u << to[bit] : 0;
		t->node[i].labels = new;
	}
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
	node_id p = node_find(t, ppid);

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
	n->labels |= t->node[p].labels;
	node_adopt(t, p, i);
}

void
tree_seed(struct tree *t, const struct tree_process *p)
{
	node_id i = node_find(t, p->pid);

	if (p->pid <= 0)
		return;
	if (!t->seeding)
		t->round++;
	t->seeding = true;
	if (i && !same_process(&t->node[i], p->start_ns))
		i = 0;
	if (i)
		node_revive(t, i);
	else
		i = node_add(t, p->pid, p->start_ns);
	if (!i)
		return;
	if (!t->node[i].start_ns && p->start_ns) {
		t->node[i].start_ns = p->start_ns;
		t->node[i].entity = tree_entity(t->boot, p->pid, p->start_ns);
	}
	name_id name = node_name(t, p->executable, strlen(p->executable));
	if (!name || name == t->node[i].name)
		names_drop(&t->names, name);
	else if (!t->node[i].name)
		t->node[i].name = name;
	else
		i = node_run(t, i, name);
	struct node *n = &t->node[i];
	n->uid = p->uid;
	n->ruid = p->ruid;
	n->gid = p->gid;
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
			node_die(t, i);
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
