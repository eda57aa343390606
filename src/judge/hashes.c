#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include "judge/hashes.h"

#define WAYS	8u

struct identity { uint64_t dev, ino, ctime_ns, mtime_ns, size; };	/* without gaps: it is compared and hashed as bytes */

struct place {
	uint64_t	used;		/* turn of the last use; 0: empty */
	struct identity	id;
	uint64_t	what[];		/* what is known, `size` bytes */
};

struct hashes {
	size_t		bytes, sets, size, stride;	/* stride: of one place */
	uint64_t	turn;
	uint8_t		key[crypto_shorthash_KEYBYTES];
	_Alignas(8) char place[];	/* sets * WAYS */
};

int
hashes_new(struct hashes **out, size_t n, size_t size)
{
	size_t sets = n / WAYS + (n % WAYS != 0) + (n == 0), stride = sizeof(struct place) + (size + 7) / 8 * 8;

	if (size > UINT16_MAX || sets > (SIZE_MAX - sizeof(struct hashes)) / (WAYS * stride))
		return -EINVAL;
	size_t bytes = sizeof(struct hashes) + sets * WAYS * stride;
	struct hashes *h = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (h == MAP_FAILED)
		return -errno;
	if (getrandom(h->key, sizeof(h->key), 0) != (ssize_t)sizeof(h->key)) {
		munmap(h, bytes);
		return -EIO;
	}
	h->bytes = bytes;
	h->sets = sets;
	h->size = size;
	h->stride = stride;
	*out = h;
	return 0;
}

void
hashes_free(struct hashes *h)
{
	if (h)
		munmap(h, h->bytes);
}

static struct identity
identity_of(const struct file *f)
{
	return (struct identity){ f->dev, f->ino, f->ctime_ns, f->mtime_ns, f->size };
}

/* Number of the first place of its set. */
static size_t
set_of(const struct hashes *h, const struct identity *id)
{
	uint64_t hash;

	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)id, sizeof(*id), h->key);
	return hash % h->sets * WAYS;
}

static struct place *
place_at(struct hashes *h, size_t i)
{
	return (struct place *)(void *)(h->place + i * h->stride);
}

static struct place *
find(struct hashes *h, size_t set, const struct identity *id)
{
	for (unsigned i = 0; i < WAYS; i++) {
		struct place *p = place_at(h, set + i);
		if (p->used && !memcmp(&p->id, id, sizeof(*id)))
			return p;
	}
	return NULL;
}

const void *
hashes_find(struct hashes *h, const struct file *f)
{
	struct identity id = identity_of(f);
	struct place *p = find(h, set_of(h, &id), &id);

	if (!p)
		return NULL;
	p->used = ++h->turn;
	return p->what;
}

static struct place *
oldest(struct hashes *h, size_t set)
{
	struct place *p = place_at(h, set);

	for (unsigned i = 1; i < WAYS; i++)
		if (place_at(h, set + i)->used < p->used)
			p = place_at(h, set + i);
	return p;
}

void
hashes_put(struct hashes *h, const struct file *f, const void *what)
{
	struct identity id = identity_of(f);
	size_t set = set_of(h, &id);
	struct place *p = find(h, set, &id);

	if (!p)
		p = oldest(h, set);
	p->used = ++h->turn;
	p->id = id;
	memcpy(p->what, what, h->size);
}

void
hashes_clear(struct hashes *h)
{
	memset(h->place, 0, h->sets * WAYS * h->stride);
	h->turn = 0;
}
