#ifndef JUDGE_HASHES_H
#define JUDGE_HASHES_H
/*
 * What scan found out about file contents, by identity of the content: device, inode, times of change and modification, size.
 * A fixed number of places in one mapping. Which set a file falls into is keyed at random, so nobody can choose files that drive
 * out a particular other one; within a set the one not asked for longest goes.
 */
#include <stddef.h>
#include "event/event.h"

struct hashes;

struct hashed {
	uint8_t		sha256[32];
	uint8_t		type;		/* enum file_type of event/content.h, as it was put in */
	uint8_t		interpreter_len;
	char		interpreter[254];
};

/* Room for at least N files, of each of which SIZE bytes are known: struct hashed, or another. Returns 0 or -errno. */
int	hashes_new(struct hashes **, size_t n, size_t size);
void	hashes_free(struct hashes *);
/* By the identity in FILE (sha256 unused); NULL: not known. Valid until the next hashes_put(). */
const void *hashes_find(struct hashes *, const struct file *);
/* Remembers WHAT; replaces what was known of the same identity. */
void	hashes_put(struct hashes *, const struct file *, const void *what);
/* Forgets everything. */
void	hashes_clear(struct hashes *);

#endif
