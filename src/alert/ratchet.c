#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>
#include "alert/keep.h"
#include "alert/ratchet.h"
#include "base/cleanup.h"

#define SLOT_SEED	12
#define SLOT_SUM	(SLOT_SEED + crypto_sign_SEEDBYTES)
#define SLOT_USED	(SLOT_SUM + 16)

struct key {
	uint8_t		secret[crypto_sign_SECRETKEYBYTES];	/* starts with the seed */
	uint8_t		public[crypto_sign_PUBLICKEYBYTES];
	uint64_t	epoch;
	uint64_t	valid;
};

struct ratchet {			/* in locked memory */
	struct key	slot[2];
	uint8_t		page[RATCHET_SLOT];
	uint64_t	now;		/* slot that signs; the other is free or holds the drawn key */
	int64_t		fd;
};

int
ratchet_new(struct ratchet **out)
{
	if (sodium_init() < 0)
		return -ENOMEM;
	struct ratchet *r = sodium_malloc((sizeof(*r) + 63) & ~(size_t)63);	/* a multiple of 64 is aligned so */
	if (!r)
		return -ENOMEM;
	memset(r, 0, sizeof(*r));
	r->fd = -1;
	*out = r;
	return 0;
}

void
ratchet_free(struct ratchet *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close((int)r->fd);
	sodium_free(r);
}

static void
draw(struct key *k, uint64_t epoch)
{
	crypto_sign_keypair(k->public, k->secret);
	k->epoch = epoch;
	k->valid = 1;
}

static void
forget(struct key *k)
{
	sodium_memzero(k, sizeof(*k));
}

static void
sum(const uint8_t *page, uint8_t out[16])
{
	uint8_t hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, page, SLOT_SUM);
	memcpy(out, hash, 16);
}

static void
pack(uint8_t *page, const struct key *k)
{
	memset(page, 0, RATCHET_SLOT);
	memcpy(page, "YRK1", 4);
	for (int i = 0; i < 8; i++)
		page[4 + i] = (uint8_t)(k->epoch >> (56 - 8 * i));
	memcpy(page + SLOT_SEED, k->secret, crypto_sign_SEEDBYTES);
	sum(page, page + SLOT_SUM);
}

static void
unpack(const uint8_t *page, struct key *k)
{
	uint8_t want[16];

	forget(k);
	sum(page, want);
	if (memcmp(page, "YRK1", 4) != 0 || sodium_memcmp(page + SLOT_SUM, want, sizeof(want)) != 0)
		return;
	for (int i = 0; i < 8; i++)
		k->epoch = k->epoch << 8 | page[4 + i];
	crypto_sign_seed_keypair(k->public, k->secret, page + SLOT_SEED);
	k->valid = 1;
}

static int
put_slot(struct ratchet *r, unsigned slot)
{
	if (r->slot[slot].valid)
		pack(r->page, &r->slot[slot]);
	else
		memset(r->page, 0, sizeof(r->page));
	int err = keep_put((int)r->fd, r->page, sizeof(r->page), (uint64_t)slot * RATCHET_SLOT);
	sodium_memzero(r->page, sizeof(r->page));
	return err;
}

static void
take_fd(struct ratchet *r, int fd)
{
	if (r->fd >= 0)
		close((int)r->fd);
	r->fd = fd;
}

int
ratchet_create(struct ratchet *r, int dir, const char *name, uint64_t epoch)
{
	int fd = keep_create(dir, name, O_TRUNC, 0600);

	if (fd < 0)
		return fd;
	take_fd(r, fd);
	draw(&r->slot[0], epoch);
	forget(&r->slot[1]);
	r->now = 0;
	int err = put_slot(r, 0);
	if (!err)
		err = put_slot(r, 1);	/* both pages exist from now on: no later write of a key needs room */
	if (err)
		return err;
	return fdatasync(fd) || fsync(dir) ? -errno : 0;
}

int
ratchet_load(struct ratchet *r, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	take_fd(r, fd);
	for (unsigned i = 0; i < 2; i++) {
		ssize_t n = pread(fd, r->page, SLOT_USED, (off_t)i * RATCHET_SLOT);
		if (n < 0)
			return -errno;
		forget(&r->slot[i]);
		if (n == SLOT_USED)
			unpack(r->page, &r->slot[i]);
	}
	sodium_memzero(r->page, sizeof(r->page));
	return 0;
}

const uint8_t *
ratchet_slot(const struct ratchet *r, unsigned slot)
{
	return r->slot[slot].valid ? r->slot[slot].public : NULL;
}

uint64_t
ratchet_slot_epoch(const struct ratchet *r, unsigned slot)
{
	return r->slot[slot].epoch;
}

int
ratchet_use(struct ratchet *r, unsigned slot)
{
	r->now = slot;
	forget(&r->slot[!slot]);
	int err = put_slot(r, !slot);
	return err ? err : ratchet_sync(r);
}

const uint8_t *
ratchet_public(const struct ratchet *r)
{
	return r->slot[r->now].public;
}

uint64_t
ratchet_epoch(const struct ratchet *r)
{
	return r->slot[r->now].epoch;
}

void
ratchet_sign(const struct ratchet *r, const void *msg, size_t len, uint8_t sig[64])
{
	crypto_sign_detached(sig, NULL, msg, len, r->slot[r->now].secret);
}

const uint8_t *
ratchet_draw(struct ratchet *r)
{
	struct key *next = &r->slot[!r->now];

	draw(next, r->slot[r->now].epoch + 1);
	return next->public;
}

int
ratchet_store(struct ratchet *r)
{
	int err = put_slot(r, !r->now);

	return err ? err : ratchet_sync(r);
}

void
ratchet_advance(struct ratchet *r)
{
	unsigned old = (unsigned)r->now;

	r->now = !old;
	forget(&r->slot[old]);
	/* If this write fails, the next key overwrites the slot. */
	put_slot(r, old);
}

int
ratchet_sync(struct ratchet *r)
{
	return fdatasync((int)r->fd) ? -errno : 0;
}
