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
	struct hashed	what;
};

struct hashes {
	size_t		bytes, sets;
	uint64_t	turn;
	uint8_t		key[crypto_shorthash_KEYBYTES];
	struct place	place[];	/* sets * WAYS */
};

int
hashes_new(struct hashes **out, size_t n)
{
	size_t sets = n / WAYS + (n % WAYS != 0) + (n == 0);

	if (sets > (SIZE_MAX - sizeof(struct hashes)) / (WAYS * sizeof(struct place)))
		return -EINVAL;
	size_t bytes = sizeof(struct hashes) + sets * WAYS * sizeof(struct place);
	struct hashes *h = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (h == MAP_FAILED)
		return -errno;
	if (getrandom(h->key, sizeof(h->key), 0) != (ssize_t)sizeof(h->key)) {
		munmap(h, bytes);
		return -EIO;
	}
	h->bytes = bytes;
	h->sets = sets;
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

static struct place *
set_of(struct hashes *h, const struct identity *id)
{
	uint64_t hash;

	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)id, sizeof(*id), h->key);
	return &h->place[hash % h->sets * WAYS];
}

static struct place *
find(struct place *set, const struct identity *id)
{
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].used && !memcmp(&set[i].id, id, sizeof(*id)))
			return &set[i];
	return NULL;
}

const struct hashed *
hashes_find(struct hashes *h, const struct file *f)
{
	struct identity id = identity_of(f);
	struct place *p = find(set_of(h, &id), &id);

	if (!p)
		return NULL;
	p->used = ++h->turn;
	return &p->what;
}

static struct place *
oldest(struct place *set)
{
	struct place *p = set;

	for (unsigned i = 1; i < WAYS; i++)
		if (set[i].used < p->used)
			p = &set[i];
	return p;
}

void
hashes_put(struct hashes *h, const struct file *f, uint8_t type, const char *interpreter, size_t len)
{
	struct identity id = identity_of(f);
	struct place *set = set_of(h, &id);

	if (len > sizeof(set->what.interpreter))
		return;
	struct place *p = find(set, &id);
	if (!p)
		p = oldest(set);
	p->used = ++h->turn;
	p->id = id;
	p->what.type = type;
	p->what.interpreter_len = (uint8_t)len;
	memcpy(p->what.sha256, f->sha256, sizeof(p->what.sha256));
	memcpy(p->what.interpreter, interpreter, len);
}

void
hashes_clear(struct hashes *h)
{
	memset(h->place, 0, h->sets * WAYS * sizeof(h->place[0]));
	h->turn = 0;
}
