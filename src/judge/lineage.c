#include <errno.h>
#include <string.h>
#include "judge/node.h"

/*
 * Who has a long line of living descendants must not push the first of them out of sight: the nearest ancestors are listed and the
 * first ones, and of those between them nobody if there are more. A program that is listed already is not listed again.
 */
#define NEAREST		(EVENT_ANCESTORS / 2)
#define FIRST		(EVENT_ANCESTORS - NEAREST)
#define WALK_MAX	2048		/* no process that a host needs stands deeper */

struct line {
	uint64_t	seen[TREE_NAMES / 64 + 1];	/* bit per name */
	unsigned	found, walked;			/* different ones; all */
	bool		cut;
	struct facts	nearest[NEAREST], first[FIRST];	/* first: a ring */
};

bool
tree_knows(const struct tree *t, int32_t pid)
{
	return node_find(t, pid) != 0;
}

bool
tree_lives(const struct tree *t, int32_t pid)
{
	return t->node[node_find(t, pid)].state == NODE_LIVE;
}

int
tree_user(const struct tree *t, int32_t pid, struct event *ev)
{
	node_id i = node_find(t, pid);
	const struct node *n = &t->node[i];

	if (!i)
		return -ENOENT;
	ev->process.uid = n->uid;
	ev->process.ruid = n->ruid;
	ev->process.gid = n->gid;
	ev->have |= HAVE_USER;
	return 0;
}

bool
tree_unnamed(const struct tree *t, int32_t pid)
{
	node_id i = node_find(t, pid);

	return i && !t->node[i].name;
}

size_t
tree_program(const struct tree *t, int32_t pid, char *exe, size_t size)
{
	size_t len;
	const char *text = names_text(&t->names, t->node[node_find(t, pid)].name, &len);

	len = len < size ? len : size;
	memcpy(exe, text, len);
	return len;
}

uint64_t
tree_start_ns(const struct tree *t, int32_t pid)
{
	return t->node[node_find(t, pid)].start_ns;
}

uint32_t
tree_labels(const struct tree *t, int32_t pid)
{
	return t->node[node_find(t, pid)].labels;
}

const char *
tree_pending_exe(const struct tree *t, int32_t pid)
{
	size_t len;

	return names_text(&t->names, t->node[node_find(t, pid)].pending, &len);
}

static struct facts
facts_of(const struct node *n)
{
	return (struct facts){ .pid = n->pid, .uid = n->uid, .start_ns = n->start_ns, .entity = n->entity, .name = n->name };
}

/* Pid 0: none. */
static struct facts
parent_of(const struct tree *t, const struct node *n)
{
	return n->was.pid || !n->parent ? n->was : facts_of(&t->node[n->parent]);
}

int32_t
tree_parent(const struct tree *t, int32_t pid)
{
	return parent_of(t, &t->node[node_find(t, pid)]).pid;
}

static void
list_one(struct line *l, struct facts f)
{
	uint64_t bit = 1ull << (f.name % 64);

	if (l->walked++ > 0 && (l->seen[f.name / 64] & bit))
		return;
	l->seen[f.name / 64] |= bit;
	if (l->found < NEAREST)
		l->nearest[l->found] = f;
	else
		l->first[(l->found - NEAREST) % FIRST] = f;
	l->found++;
}

static void
walk_line(const struct tree *t, const struct node *n, struct line *l)
{
	l->cut = n->cut || n->missing;
	if (n->was.pid) {
		l->cut = l->cut || !n->was.name;
		list_one(l, n->was);
	}
	for (node_id i = n->parent; i; i = t->node[i].parent) {
		if (l->walked == WALK_MAX) {
			l->cut = true;
			return;
		}
		l->cut = l->cut || t->node[i].cut || t->node[i].missing || !t->node[i].name;
		list_one(l, facts_of(&t->node[i]));
	}
}

static void
set_name(const struct tree *t, struct event *ev, enum event_text which, name_id name)
{
	size_t len;
	const char *text = names_text(&t->names, name, &len);

	if (names_cut(&t->names, name))
		ev->flags |= FLAG_PATH_CUT;
	if (event_set(ev, which, text, len))
		ev->text[which] = (struct slice){ 0 };
}

/* The parent's text is there already. */
static void
add_ancestor(const struct tree *t, struct event *ev, const struct facts *f, const struct facts *parent)
{
	size_t len;
	const char *text = names_text(&t->names, f->name, &len);
	bool shared = f->name == parent->name && ev->text[TEXT_PARENT_EXECUTABLE].len == len;

	if (event_add_ancestor(ev, f->pid, f->entity, text, shared ? 0 : len) == 0 && shared)
		ev->ancestor[ev->ancestors - 1].executable = ev->text[TEXT_PARENT_EXECUTABLE];
}

static void
place_ancestors(const struct tree *t, const struct node *n, const struct facts *parent, struct event *ev)
{
	struct line l = { 0 };

	walk_line(t, n, &l);
	ev->ancestors = 0;
	for (unsigned i = 0; i < l.found && i < NEAREST; i++)
		add_ancestor(t, ev, &l.nearest[i], parent);
	unsigned far = l.found > NEAREST ? l.found - NEAREST : 0;
	if (far > FIRST)
		l.cut = true;
	for (unsigned i = far > FIRST ? far - FIRST : 0; i < far; i++)
		add_ancestor(t, ev, &l.first[i % FIRST], parent);
	if (l.cut)
		ev->flags |= FLAG_ANCESTRY_CUT;
	ev->have |= HAVE_ANCESTORS;
}

/* Nobody waited for this exec, and it has happened: the process runs what the event tells of. */
static bool
already_runs(const struct tree *t, const struct node *n, const struct event *ev)
{
	size_t len, told;
	const char *runs = names_text(&t->names, n->name, &len), *text = event_text(ev, TEXT_EXECUTABLE, &told);

	return (ev->flags & FLAG_NOTIFIED) && told >= len && (told == len || names_cut(&t->names, n->name)) && memcmp(runs, text, len) == 0;
}

static void
place_process(const struct tree *t, const struct node *n, struct event *ev)
{
	bool exec = ev->kind == EVENT_EXEC, told = ev->kind == EVENT_START && ev->text[TEXT_EXECUTABLE].len;
	name_id previous = n->previous;

	/* Who was told of a start may have gone on to the next program: what was before that one is not what was before this. */
	if ((exec || told) && !already_runs(t, n, ev))
		previous = exec ? n->name : 0;

	ev->process.start_ns = n->start_ns;
	ev->process.entity = n->entity;
	if (!(ev->have & HAVE_USER))
		ev->process.uid = n->uid;
	if (!exec && !told && n->name)	/* else what the event brought, if it did */
		set_name(t, ev, TEXT_EXECUTABLE, n->name);
	if (ev->text[TEXT_EXECUTABLE].len)
		ev->have |= HAVE_PROCESS;
	if (previous) {
		set_name(t, ev, TEXT_PREVIOUS_EXECUTABLE, previous);
		ev->have |= HAVE_PREVIOUS;
	}
	size_t len = strnlen(n->comm, sizeof(n->comm));
	if (len && !(ev->have & HAVE_COMM) && event_set(ev, TEXT_COMM, n->comm, len) == 0)
		ev->have |= HAVE_COMM;
}

static void
place_parent(const struct tree *t, const struct facts *parent, struct event *ev)
{
	ev->parent.pid = parent->pid;
	ev->parent.uid = parent->uid;
	ev->parent.start_ns = parent->start_ns;
	ev->parent.entity = parent->entity;
	if (parent->pid == 0)
		ev->tried |= HAVE_PARENT;	/* nobody needs to look for it */
	if (!parent->name)
		return;
	set_name(t, ev, TEXT_PARENT_EXECUTABLE, parent->name);
	ev->have |= HAVE_PARENT;
}

static void
place_target(const struct tree *t, struct event *ev)
{
	const struct node *n = &t->node[node_find(t, ev->target.pid)];

	if ((ev->have & HAVE_TARGET) && n->name)
		set_name(t, ev, TEXT_TARGET_EXECUTABLE, n->name);
}

int
tree_place(const struct tree *t, struct event *ev)
{
	node_id i = node_find(t, ev->process.pid);
	const struct node *n = &t->node[i];

	place_target(t, ev);
	if (!i)
		return -ENOENT;
	struct facts parent = parent_of(t, n);
	place_process(t, n, ev);
	place_parent(t, &parent, ev);
	place_ancestors(t, n, &parent, ev);
	return 0;
}

/* Init and kthreadd. Their children may not have left their session: who started all would stand for all. */
static bool
is_root(const struct node *n)
{
	return n->pid == 1 || n->pid == 2;
}

/* Of I, which may be 0: the eldest ancestor in the same session. */
static node_id
eldest(const struct tree *t, node_id i)
{
	for (unsigned n = 0; i && n < WALK_MAX; n++) {
		node_id up = t->node[i].parent;
		if (!up || t->node[up].sid != t->node[i].sid || is_root(&t->node[up]))
			break;
		i = up;
	}
	return i;
}

void
tree_mark(struct tree *t, int32_t pid, uint64_t mark, bool session)
{
	node_id i = node_find(t, pid);

	if (session)
		i = eldest(t, i);
	if (i)
		node_mark(&t->node[i], mark);
}

int32_t
tree_root(const struct tree *t, int32_t pid, uint64_t *entity)
{
	node_id i = eldest(t, node_find(t, pid));

	*entity = i ? t->node[i].entity : 0;
	return i ? t->node[i].pid : 0;
}

uint64_t
tree_marked(const struct tree *t, int32_t pid, tree_mark_fn *wanted, void *arg)
{
	unsigned n = 0;

	for (node_id i = node_find(t, pid); i && n < WALK_MAX; i = t->node[i].parent, n++)
		for (unsigned k = 0; k < NODE_MARKS; k++)
			if (t->node[i].mark[k] && wanted(arg, t->node[i].mark[k]))
				return t->node[i].mark[k];
	return 0;
}

/* The one after I, children first, without leaving what is below ROOT; 0. */
static node_id
next_below(const struct tree *t, node_id root, node_id i)
{
	if (t->node[i].child)
		return t->node[i].child;
	while (i != root && !t->node[i].next)
		i = t->node[i].parent;
	return i == root ? 0 : t->node[i].next;
}

size_t
tree_descendants(const struct tree *t, int32_t pid, int32_t *pids, size_t n)
{
	node_id root = node_find(t, pid);
	size_t found = 0;

	for (node_id i = root; i; i = next_below(t, root, i)) {
		if (t->node[i].state != NODE_LIVE)
			continue;
		if (found < n)
			pids[found] = t->node[i].pid;
		found++;
	}
	return found;
}

void
tree_stats(const struct tree *t, struct tree_stats *out)
{
	*out = t->stats;
	out->nodes = t->used;
	out->live = t->live;
	out->names = t->names.used;
}
