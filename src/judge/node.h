#ifndef JUDGE_NODE_H
#define JUDGE_NODE_H
/*
 * Inside of the process tree, shared by tree.c (who lives, who is remembered) and lineage.c (what is told of it).
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

struct node {
	int32_t		pid;
	node_id		parent, child, next, prev;	/* next, prev: among the children of the parent */
	node_id		same_hash;
	node_id		older, newer;			/* in its list of dead ones; newer: free ones too */
	uint64_t	start_ns, entity;
	uint32_t	uid, sid, round, generation, threads;
	name_id		name, previous, pending;
	uint8_t		state, list;			/* enum node_state, enum node_list */
	bool		hashed, cut, missing, leaderless;	/* missing: the parent was not found yet */
	struct facts	was;				/* real parent, folded away */
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
node_id	tree_find(const struct tree *, int32_t pid);

#endif
