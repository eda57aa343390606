#ifndef JUDGE_NODE_H
#define JUDGE_NODE_H
/*
 * Inside of the process tree: node.c keeps it in order, tree.c feeds it, lineage.c tells of it.
 *
 * What holds at all times: the programs above a living process never become fewer unless FLAG_ANCESTRY_CUT says so. A process
 * that runs another program while it has children leaves a dead node with its old program between itself and them; a dead
 * node goes only when nobody descends from it, or when its program stands further up as well, or marked as cut.
 */
#include "judge/names.h"

typedef uint32_t node_id;	/* 0: none */

enum node_state { NODE_FREE, NODE_LIVE, NODE_DEAD };
enum node_list { LIST_NONE, LIST_LEAVES, LIST_INNER, LIST__MAX };

struct facts {			/* a parent that is no longer in the tree */
	int32_t		pid;		/* 0: the parent is in the tree, or there is none */
	uint32_t	uid;
	uint64_t	start_ns, entity;
	name_id		name;
};

#define NODE_MARKS 4

struct node {
	int32_t		pid;
	node_id		parent, child, next, prev;	/* next, prev: among the children of the parent */
	node_id		same_hash;
	node_id		older, newer;			/* in its list of dead ones; newer: free ones too */
	uint64_t	start_ns, entity;
	uint32_t	uid, ruid, gid, sid, round, generation, threads, labels;
	name_id		name, previous, pending, overtaken;
	uint8_t		state, list;			/* enum node_state, enum node_list */
	bool		hashed, cut, missing, leaderless;	/* missing: the parent was not found yet */
	struct facts	was;				/* real parent, folded away */
	uint64_t	mark[NODE_MARKS];		/* newest first; 0: none */
	char		comm[16];
};

#define PID_HEADS	65536u
#define FOLDS		64u	/* dead ancestors that wait for being folded: an EXEC may still follow */

struct tree {
	uint64_t	boot;
	struct names	names;
	struct tree_stats stats;		/* full, spliced, names_full; the others are counted elsewhere */
	uint32_t	used, live, top, round;
	bool		seeding;
	node_id		free, oldest[LIST__MAX], newest[LIST__MAX];
	uint32_t	fold_at;
	struct { node_id node; uint32_t generation; } fold[FOLDS];
	node_id		head[PID_HEADS];
	struct node	node[TREE_NODES + 1];
};

/* The living process PID, or the last one that had it; 0. */
node_id	node_find(const struct tree *, int32_t pid);
/* A living process without parent, in place of an older one with its pid; 0 if there is no room. */
node_id	node_add(struct tree *, int32_t pid, uint64_t start_ns);
/* Puts I, which has no parent, below PARENT, which may be 0. */
void	node_adopt(struct tree *, node_id parent, node_id i);
void	node_die(struct tree *, node_id);
/* An EXIT of the first thread is not the end of a process: what acts is alive. */
void	node_revive(struct tree *, node_id);
void	node_mark(struct node *, uint64_t mark);
/* A path as a name that the caller owns, at the cost of dead processes if need be; 0: none, or no room. May forget any dead node. */
name_id	node_name(struct tree *, const char *text, size_t len);
/* I, which lives, runs NAME from now on; takes over the reference. Returns the node that is the process from now on. */
node_id	node_run(struct tree *, node_id i, name_id name);

#endif
