/*
 * Any bytes as a log, or behind a log, with keys that nobody else has. The first byte: 'a' behind a log, which is then opened and goes
 * on; 'e' behind an empty one; else alone, with the anchor known ('k') or not. Randomness is played, so every run has the same keys.
 */
#include <sodium.h>
#include "../unit/logs.h"
#include "alert/recover.h"

static struct logs logs;
static struct blob log_before, keys_before, anchor_before, pub_before;

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
play(void *buf, const size_t size)
{
	static uint64_t state = 1;
	uint8_t *out = buf;

	for (size_t i = 0; i < size; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		out[i] = (uint8_t)(state >> 56);
	}
}

static const char *play_name(void) { return "played"; }
static uint32_t play_one(void) { uint32_t n; play(&n, sizeof(n)); return n; }
static struct randombytes_implementation played = { .implementation_name = play_name, .random = play_one, .buf = play };

static void
end(void)
{
	logs_close(&logs);
	free(log_before.data);
	free(keys_before.data);
	free(anchor_before.data);
	free(pub_before.data);
}

static void
append(struct chain *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		must(logs_append(c, i, 10, i % 2) == 0);
	must(chain_commit(c) == 0);
}

/* Three batches, and what belongs to them. */
static void
start(void)
{
	enum chain_found found;
	struct chain *c;
	uint64_t torn;

	must(randombytes_set_implementation(&played) == 0 && sodium_init() >= 0 && logs_open(&logs));
	atexit(end);
	must(chain_open(&c, &(struct chain_place){ CHAIN_ALERTS, logs.log, logs.state }, &found, &torn) == 0);
	for (unsigned n = 1; n <= 3; n++)
		append(c, n);
	chain_free(c);
	log_before = blob_read(logs.log, CHAIN_FILE);
	keys_before = blob_read(logs.state, RATCHET_FILE);
	anchor_before = blob_read(logs.state, ANCHOR_FILE);
	pub_before = blob_read(logs.state, ANCHOR_PUB);
	must(log_before.data && keys_before.data && anchor_before.data && pub_before.data);
}

/* The files as they were, with a log of HEAD and TAIL. */
static void
put_back(struct blob head, const uint8_t *tail, size_t len)
{
	CLEANUP_FREE char *all = malloc(head.len + len + 1);

	must(all != NULL);
	memcpy(all, head.data ? head.data : "", head.len);
	memcpy(all + head.len, tail, len);
	logs_empty(&logs);
	must(blob_write(logs.log, CHAIN_FILE, all, head.len + len));
	must(blob_write(logs.state, RATCHET_FILE, keys_before.data, keys_before.len));
	must(blob_write(logs.state, ANCHOR_FILE, anchor_before.data, anchor_before.len));
	must(blob_write(logs.state, ANCHOR_PUB, pub_before.data, pub_before.len));
}

/* All up to the end that was found are records that follow each other, and the last is sealed by a key that is ours. */
static void
is_sealed(const char *text, const struct recovered *r, const struct ratchet *keys)
{
	char prev[65];
	uint64_t n = 0;
	struct line l = { 0 };
	size_t len = 0;

	memset(prev, '0', 64);
	prev[64] = '\0';
	for (size_t at = 0; at < r->end; at += len, n++) {
		const char *nl = memchr(text + at, '\n', r->end - at);
		must(nl != NULL);
		len = (size_t)(nl - text) + 1 - at;
		must(line_parse(text + at, len, &l) && l.sequence == n && strcmp(l.prev, prev) == 0);
		line_hash(text + at, len, prev);
		if (at + len == r->end)
			must(l.is_signed && ((l.has_next && memcmp(l.next, ratchet_slot(keys, r->slot), 32) == 0) ||
			    line_signed_by(text + at, &l, ratchet_slot(keys, r->slot))));
	}
	must(n == r->sequence && strcmp(prev, r->prev) == 0);
	must(r->end == 0 || strcmp(l.log, r->log) == 0);
}

static void
alone(const uint8_t *data, size_t size, bool known)
{
	struct recovered r;
	struct ratchet *keys;
	uint8_t anchor[32];
	struct recover_from from = { .key = known ? anchor : NULL };

	memset(from.prev, '0', 64);
	put_back((struct blob){ 0 }, data, size);
	CLEANUP_FD int fd = openat(logs.log, CHAIN_FILE, O_RDONLY | O_CLOEXEC);
	must(ratchet_new(&keys) == 0 && ratchet_load(keys, logs.state, RATCHET_FILE) == 0 && anchor_read(logs.state, ANCHOR_FILE, anchor) == 0);
	must(fd >= 0 && recover(fd, keys, &from, &r) == 0);
	if (r.fits) {
		must(r.end <= size && ratchet_slot(keys, r.slot));
		is_sealed((const char *)data, &r, keys);
	}
	ratchet_free(keys);
}

/* A log whose first records are missing is evidence, and is kept whole: who removed them does not get the rest cut as a torn tail. */
static bool
begins_later(const uint8_t *data, size_t size)
{
	const uint8_t *nl = size ? memchr(data, '\n', size) : NULL;
	struct line l = { 0 };

	return nl && line_parse((const char *)data, (size_t)(nl - data) + 1, &l) && l.sequence != 0;
}

/* Nobody signed what stands behind HEAD, so it does not count. */
static void
behind(struct blob head, const uint8_t *data, size_t size)
{
	enum chain_found found;
	struct chain *c;
	struct verify v;
	uint8_t anchor[32];
	uint64_t torn;

	put_back(head, data, size);
	if (!head.len)
		logs_each(logs.state, logs_remove);
	if (!head.len)	/* keys that have signed nothing yet */
		must(chain_keys_init(CHAIN_ALERTS, logs.state, (char[65]){ 0 }) == 0);
	must(chain_open(&c, &(struct chain_place){ CHAIN_ALERTS, logs.log, logs.state }, &found, &torn) == 0);
	if (!head.len && begins_later(data, size))
		must(found == CHAIN_BROKEN && torn == 0);
	else
		must(found == (size ? CHAIN_TORN : head.len ? CHAIN_WHOLE : CHAIN_NEW) && torn == size);
	append(c, 2);
	chain_free(c);
	CLEANUP_BLOB struct blob log = blob_read(logs.log, CHAIN_FILE);
	must(log.data && memcmp(log.data, head.data ? head.data : "", head.len) == 0 && anchor_read(logs.state, ANCHOR_FILE, anchor) == 0);
	must(logs_prove(log, anchor, &v) == DAMAGE_NONE && v.sealed == v.records && v.records == (head.len ? 8 : 2));
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!log_before.data)
		start();
	if (size == 0)
		return 0;
	if (data[0] == 'a')
		behind(log_before, data + 1, size - 1);
	else if (data[0] == 'e')
		behind((struct blob){ 0 }, data + 1, size - 1);
	else
		alone(data + 1, size - 1, data[0] == 'k');
	return 0;
}
