#ifndef ALERT_RATCHET_H
#define ALERT_RATCHET_H
/*
 * The keys: one that signs now and, while a batch is on its way to the disk, the one that signs next. Both are random; none can be
 * derived from another. The file has two slots of CHAIN_SLOT bytes, "YRK1", epoch (8 bytes, big-endian), seed (32), first 16 bytes of
 * the SHA-256 of all that. Secrets live in locked memory outside core dumps, as far as the host permits locking.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RATCHET_SLOT	4096
#define RATCHET_FILE	"ratchet"

struct ratchet;

/* Returns 0 or -ENOMEM. */
int	ratchet_new(struct ratchet **);
void	ratchet_free(struct ratchet *);

/* Writes a new file NAME with a new key of that epoch; synced, also its directory. What was there is overwritten. 0 or -errno. */
int	ratchet_create(struct ratchet *, int dir, const char *name, uint64_t epoch);
/* Reads the slots. 0, -ENOENT, or another -errno; slots that are damaged are just not there. */
int	ratchet_load(struct ratchet *, int dir, const char *name);

/* Public key of slot 0 or 1 after loading, NULL if the slot holds none. */
const uint8_t *ratchet_slot(const struct ratchet *, unsigned slot);
uint64_t ratchet_slot_epoch(const struct ratchet *, unsigned slot);
/* This slot signs; the other is erased. 0 or -errno. */
int	ratchet_use(struct ratchet *, unsigned slot);

const uint8_t *ratchet_public(const struct ratchet *);
uint64_t ratchet_epoch(const struct ratchet *);
void	ratchet_sign(const struct ratchet *, const void *msg, size_t len, uint8_t sig[64]);

/* Draws the next key; its public half. Nothing is written. */
const uint8_t *ratchet_draw(struct ratchet *);
/* Puts the drawn key on disk, into the free slot. 0 or -errno: try again. */
int	ratchet_store(struct ratchet *);
/* The drawn key signs from now on; the old one is erased from memory and overwritten in its slot. */
void	ratchet_advance(struct ratchet *);
/* Makes the last overwriting durable. 0 or -errno. */
int	ratchet_sync(struct ratchet *);

#endif
