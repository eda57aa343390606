#ifndef JUDGE_TERMS_H
#define JUDGE_TERMS_H
/*
 * Combinations of values that were seen, for correlations of type new_terms: a block of memory of fixed size that the caller owns, may
 * share between processes and may keep in a file. What was not seen for longest goes when a set is full, counted. Which set
 * a combination falls into is keyed at random.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TERMS_PLACES	65536u
#define TERMS_DEFINITIONS 256u

struct terms {
	uint64_t	magic;
	uint8_t		key[16];
	_Atomic uint64_t changes;
	uint64_t	evicted;
	struct { uint64_t id; uint32_t since_s, unused; } definition[TERMS_DEFINITIONS];
	struct { uint64_t print; uint32_t seen_s, unused; } place[TERMS_PLACES];
};

/* Empties it, with a new key of 16 random bytes. */
void	terms_init(struct terms *, const uint8_t key[16]);
/* Was it made by terms_init() of this version, and is each word of it possible? For what comes from a file. */
bool	terms_fit(const struct terms *, size_t size);

/* A combination (LEN bytes) of the definition ID, seen at NOW. */
struct term_seen { uint64_t id; const void *bytes; size_t len; uint32_t now_s, window_s, learn_s; };
/* Notes it. True: it was not seen for the window, and the definition has learnt for long enough to say so. */
bool	terms_new(struct terms *, const struct term_seen *);

#endif
