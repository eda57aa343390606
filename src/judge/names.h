#ifndef JUDGE_NAMES_H
#define JUDGE_NAMES_H
/*
 * Paths of programs, each kept once and counted. A fixed pool inside the process tree; the hash is keyed, so nobody can choose paths
 * that all meet in one chain. Name 0 is "not known".
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "judge/tree.h"

#define NAMES_KEY	16
#define NAMES_HEADS	16384

typedef uint16_t name_id;

struct name {
	uint32_t	refs;		/* 0: free */
	name_id		next;		/* in its chain, or of the free ones */
	uint16_t	len;
	bool		cut;		/* the path was longer */
	char		text[TREE_PATH + 1];
};

struct names {
	uint8_t		key[NAMES_KEY];
	name_id		head[NAMES_HEADS], free;
	uint32_t	top, used;	/* slots ever used; in use */
	struct name	name[TREE_NAMES + 1];
};

/* The name of LEN bytes with one more reference, which the caller owns; 0 for "" and when the pool is full. */
name_id	names_take(struct names *, const char *text, size_t len);
name_id	names_hold(struct names *, name_id);
void	names_drop(struct names *, name_id);
/* Terminated; "" for 0. */
const char *names_text(const struct names *, name_id, size_t *len);
bool	names_cut(const struct names *, name_id);

#endif
