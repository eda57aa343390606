/* Keys of a chain: where their secrets are, and where they are no more. */
#include <signal.h>
#include <sodium.h>
#include "chains.h"

#define SEED_AT		12	/* in a slot */
#define SEED		32

/* Seeds on disk, made unrecognisable so that a scan of our own memory does not find them here. Returns how many. */
static unsigned
seeds_on_disk(const struct logs *l, uint8_t masked[2][SEED])
{
	CLEANUP_FD int fd = openat(l->state, RATCHET_FILE, O_RDONLY | O_CLOEXEC);
	uint8_t slot[SEED_AT + SEED];
	unsigned n = 0;

	for (off_t i = 0; i < 2; i++) {
		assert_int_equal(pread(fd, slot, sizeof(slot), i * RATCHET_SLOT), sizeof(slot));
		if (memcmp(slot, "YRK1", 4) != 0)
			continue;
		for (int k = 0; k < SEED; k++)
			masked[n][k] = (uint8_t)(slot[SEED_AT + k] ^ 0x55);
		n++;
	}
	sodium_memzero(slot, sizeof(slot));
	return n;
}

static bool
is_masked(const uint8_t *bytes, const uint8_t masked[SEED])
{
	for (int i = 0; i < SEED; i++)
		if ((bytes[i] ^ 0x55) != masked[i])
			return false;
	return true;
}

static bool
file_holds(int dir, const char *name, const uint8_t masked[SEED])
{
	CLEANUP_BLOB struct blob b = blob_read(dir, name);
	bool held = false;

	assert_non_null(b.data);
	for (size_t at = 0; at + SEED <= b.len && !held; at++)
		held = is_masked((const uint8_t *)b.data + at, masked);
	sodium_memzero(b.data, b.len);
	return held;
}

static void
the_key_that_signed_is_erased_from_the_disk(void **state)
{
	const struct logs *l = *state;
	enum { ROUNDS = 8 };
	uint8_t old[ROUNDS][SEED], now[2][SEED];
	struct chain *c = open_chain(l, CHAIN_NEW);

	for (unsigned i = 0; i < ROUNDS; i++) {
		assert_int_equal(seeds_on_disk(l, now), 1);
		memcpy(old[i], now[0], SEED);
		assert_true(file_holds(l->state, RATCHET_FILE, old[i]));
		write_batch(c, 2);
		assert_int_equal(seeds_on_disk(l, now), 1);
		for (unsigned k = 0; k <= i; k++)
			assert_false(file_holds(l->state, RATCHET_FILE, old[k]));
		if (i == 4) {
			chain_free(c);
			c = open_chain(l, CHAIN_WHOLE);
		}
	}
	chain_free(c);
}

static void
both_keys_are_on_disk_while_a_batch_is_not(void **state)
{
	const struct logs *l = *state;
	struct chain *c = open_chain(l, CHAIN_NEW);
	uint8_t before[2][SEED], now[2][SEED], after[2][SEED];

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(logs_append(c, 1, 20000, true), 0);
	assert_int_equal(seeds_on_disk(l, before), 1);
	assert_false(commit_within(c, 2 * RATCHET_SLOT));
	assert_int_equal(seeds_on_disk(l, now), 2);
	assert_memory_equal(now[0], before[0], SEED);
	assert_false(commit_within(c, 2 * RATCHET_SLOT));	/* the same next key: the batch names it already */
	assert_int_equal(seeds_on_disk(l, after), 2);
	assert_memory_equal(after[1], now[1], SEED);
	chain_free(c);
	c = open_chain(l, CHAIN_NEW);			/* the batch is gone; its key goes too */
	assert_int_equal(seeds_on_disk(l, after), 1);
	assert_memory_equal(after[0], before[0], SEED);
	write_batch(c, 1);
	chain_free(c);
	prove_own(l, 1);
	signal(SIGXFSZ, SIG_DFL);
}

/* Looks at every byte of this process that can be read. */
static bool
memory_holds(const uint8_t masked[SEED])
{
	static uint8_t window[1 << 20];
	CLEANUP_FILE FILE *maps = fopen("/proc/self/maps", "re");
	CLEANUP_FD int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	CLEANUP_FREE char *line = NULL;
	size_t size = 0, scanned = 0;
	bool held = false;

	assert_non_null(maps);
	assert_true(mem >= 0);
	while (!held && getline(&line, &size, maps) > 0) {
		unsigned long from, to;
		char r, w;
		if (sscanf(line, "%lx-%lx %c%c", &from, &to, &r, &w) != 4 || r != 'r' || w != 'w' || to - from > 64ul << 20)
			continue;	/* so much has only the shadow of a sanitiser */
		for (unsigned long at = from; at < to && !held; at += sizeof(window) - SEED) {
			ssize_t n = pread(mem, window, to - at < sizeof(window) ? to - at : sizeof(window), (off_t)at);
			if (n <= 0)
				break;
			scanned += (size_t)n;
			const uint8_t *p = window;
			while (!held && n >= SEED && (p = memchr(p, masked[0] ^ 0x55, (size_t)(window + n - SEED + 1 - p))))
				held = is_masked(p++, masked);
		}
	}
	sodium_memzero(window, sizeof(window));
	assert_true(scanned > 4096);
	return held;
}

static void
the_key_that_signed_is_erased_from_memory(void **state)
{
	const struct logs *l = *state;
	struct chain *c = open_chain(l, CHAIN_NEW);
	uint8_t old[2][SEED], now[2][SEED];

	for (int i = 0; i < 2; i++) {
		assert_int_equal(seeds_on_disk(l, old), 1);
		assert_true(memory_holds(old[0]));	/* the scan finds what is there */
		write_batch(c, 2);
		assert_false(memory_holds(old[0]));
		assert_int_equal(seeds_on_disk(l, now), 1);
		assert_true(memory_holds(now[0]));
		chain_free(c);
		assert_false(memory_holds(now[0]));
		c = open_chain(l, CHAIN_WHOLE);
	}
	chain_free(c);
}

/* -- the file */

#define SLOT_USED	60	/* bytes of a slot that mean something */

static struct ratchet *
load(const struct logs *l)
{
	struct ratchet *r;

	assert_int_equal(ratchet_new(&r), 0);
	assert_int_equal(ratchet_load(r, l->state, RATCHET_FILE), 0);
	return r;
}

/* A file with two keys, as while a batch is on its way; their public halves in order of epoch. */
static struct blob
two_keys(const struct logs *l, uint8_t keys[2][32])
{
	struct ratchet *r;

	assert_int_equal(ratchet_new(&r), 0);
	assert_int_equal(ratchet_create(r, l->state, RATCHET_FILE, 0), 0);
	memcpy(keys[0], ratchet_public(r), 32);
	memcpy(keys[1], ratchet_draw(r), 32);
	assert_int_equal(ratchet_store(r), 0);
	ratchet_free(r);
	return blob_read(l->state, RATCHET_FILE);
}

static bool
slot_is(const struct ratchet *r, unsigned slot, const uint8_t key[32], uint64_t epoch)
{
	return ratchet_slot(r, slot) && memcmp(ratchet_slot(r, slot), key, 32) == 0 && ratchet_slot_epoch(r, slot) == epoch;
}

static void
keys_are_read_as_they_were_written(void **state)
{
	const struct logs *l = *state;
	uint8_t keys[2][32], sig[64];
	CLEANUP_BLOB struct blob file = two_keys(l, keys);
	struct ratchet *r = load(l);

	assert_int_equal(file.len, 2 * RATCHET_SLOT);
	assert_true(slot_is(r, 0, keys[0], 0));
	assert_true(slot_is(r, 1, keys[1], 1));
	assert_int_equal(ratchet_use(r, 1), 0);
	assert_true(ratchet_epoch(r) == 1);
	assert_memory_equal(ratchet_public(r), keys[1], 32);
	ratchet_sign(r, "abc", 3, sig);
	assert_int_equal(crypto_sign_verify_detached(sig, (const uint8_t *)"abc", 3, keys[1]), 0);
	assert_null(ratchet_slot(r, 0));
	ratchet_free(r);
	/* The one that was not chosen is gone from the disk, all of it. */
	CLEANUP_BLOB struct blob after = blob_read(l->state, RATCHET_FILE);
	for (unsigned i = 0; i < RATCHET_SLOT; i++)
		assert_int_equal(after.data[i], 0);
	r = load(l);
	assert_null(ratchet_slot(r, 0));
	assert_true(slot_is(r, 1, keys[1], 1));
	ratchet_free(r);
}

static void
a_damaged_slot_is_just_not_there(void **state)
{
	const struct logs *l = *state;
	uint8_t keys[2][32];
	CLEANUP_BLOB struct blob file = two_keys(l, keys);

	for (unsigned slot = 0; slot < 2; slot++)
		for (unsigned at = 0; at < SLOT_USED; at++) {
			char *byte = &file.data[slot * RATCHET_SLOT + at];
			*byte ^= (char)(1 << at % 8);
			assert_true(blob_write(l->state, RATCHET_FILE, file.data, file.len));
			struct ratchet *r = load(l);
			assert_null(ratchet_slot(r, slot));
			assert_true(slot_is(r, !slot, keys[!slot], !slot));
			ratchet_free(r);
			*byte ^= (char)(1 << at % 8);
		}
}

static void
a_short_file_has_the_slots_that_are_whole(void **state)
{
	const struct logs *l = *state;
	static const struct { size_t len; bool has[2]; } cases[] = {
		{ 0, { false, false } }, { 1, { false, false } }, { SLOT_USED - 1, { false, false } }, { SLOT_USED, { true, false } },
		{ RATCHET_SLOT, { true, false } }, { RATCHET_SLOT + SLOT_USED - 1, { true, false } }, { RATCHET_SLOT + SLOT_USED, { true, true } },
	};
	uint8_t keys[2][32];
	CLEANUP_BLOB struct blob file = two_keys(l, keys);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(blob_write(l->state, RATCHET_FILE, file.data, cases[i].len));
		struct ratchet *r = load(l);
		for (unsigned slot = 0; slot < 2; slot++)
			assert_int_equal(ratchet_slot(r, slot) != NULL, cases[i].has[slot]);
		ratchet_free(r);
	}
}

static void
keys_change_places_and_none_comes_again(void **state)
{
	const struct logs *l = *state;
	struct ratchet *r;
	uint8_t old[6][32];

	assert_int_equal(ratchet_new(&r), 0);
	assert_int_equal(ratchet_create(r, l->state, RATCHET_FILE, 0), 0);
	for (unsigned i = 0; i < 6; i++) {
		memcpy(old[i], ratchet_public(r), 32);
		assert_true(ratchet_epoch(r) == i);
		for (unsigned k = 0; k < i; k++)
			assert_memory_not_equal(old[k], old[i], 32);
		ratchet_draw(r);
		assert_memory_equal(ratchet_public(r), old[i], 32);	/* a drawn key does not sign yet */
		assert_int_equal(ratchet_store(r), 0);
		ratchet_advance(r);
		assert_int_equal(ratchet_sync(r), 0);
		struct ratchet *other = load(l);
		assert_null(ratchet_slot(other, i % 2));
		assert_true(slot_is(other, !(i % 2), ratchet_public(r), i + 1));
		ratchet_free(other);
	}
	ratchet_free(r);
	ratchet_free(NULL);
	assert_int_equal(ratchet_new(&r), 0);
	assert_int_equal(ratchet_load(r, l->state, "none"), -ENOENT);
	ratchet_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_key_that_signed_is_erased_from_the_disk),
		TEST(both_keys_are_on_disk_while_a_batch_is_not),
		TEST(the_key_that_signed_is_erased_from_memory),
		TEST(keys_are_read_as_they_were_written),
		TEST(a_damaged_slot_is_just_not_there),
		TEST(a_short_file_has_the_slots_that_are_whole),
		TEST(keys_change_places_and_none_comes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
