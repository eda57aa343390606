#ifndef TESTS_UNIT_CHAINS_H
#define TESTS_UNIT_CHAINS_H
/* What cmocka tests of chains share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <cmocka.h>
#include "logs.h"

static inline int
make_logs(void **state)
{
	static struct logs l;

	*state = &l;
	return logs_open(&l) ? 0 : -1;
}

static inline int
remove_logs(void **state)
{
	logs_close(*state);
	return 0;
}

static inline struct chain *
open_chain(const struct logs *l, enum chain_found want)
{
	struct chain *c;
	enum chain_found found;
	uint64_t torn;

	assert_int_equal(chain_open(&c, &(struct chain_place){ CHAIN_ALERTS, l->log, l->state }, &found, &torn), 0);
	assert_int_equal(found, want);
	if (want != CHAIN_TORN)
		assert_true(torn == 0);
	return c;
}

/* Appends and commits N records, the first ones unsealed. */
static inline void
write_batch(struct chain *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(logs_append(c, i, 20 * i, i + 1 == n), 0);
	assert_int_equal(chain_commit(c), 0);
}

static inline void
write_log(const struct logs *l, unsigned batches)
{
	CLEANUP_BLOB struct blob log = blob_read(l->log, CHAIN_FILE);
	struct chain *c = open_chain(l, log.len ? CHAIN_WHOLE : CHAIN_NEW);

	for (unsigned i = 0; i < batches; i++)
		write_batch(c, i % 4 + 1);
	chain_free(c);
}

static inline void
anchor_of(const struct logs *l, uint8_t key[32])
{
	assert_int_equal(anchor_read(l->state, ANCHOR_FILE, key), 0);
}

/* The log NAME is whole from the anchor KEY on and has N records, all sealed. */
static inline void
prove(int dir, const char *name, const uint8_t key[32], uint64_t n)
{
	struct verify v;
	CLEANUP_BLOB struct blob log = blob_read(dir, name);

	assert_non_null(log.data);
	assert_int_equal(logs_prove(log, key, &v), DAMAGE_NONE);
	assert_true(v.records == n);
	assert_true(v.sealed == n);
}

/* All of it, with its closed segments. */
static inline void
prove_own(const struct logs *l, uint64_t n)
{
	struct verify v;
	uint8_t key[32];
	CLEANUP_BLOB struct blob log = log_read(l->log);

	anchor_of(l, key);
	assert_int_equal(logs_prove(log, key, &v), DAMAGE_NONE);
	assert_true(v.records == n);
	assert_true(v.sealed == n);
}

/* In DIR, the sums of closed segments lead from ANCHOR to number LAST, and each is that of its records. LINES: the key behind the last. */
static inline void
prove_sums_in(int dir, const uint8_t anchor[32], uint64_t last, uint8_t lines[32])
{
	char name[SEGMENT_NAME], hex[65];
	struct segment s;
	uint8_t key[32];

	memcpy(key, anchor, sizeof(key));
	for (uint64_t n = 0; n <= last; n++) {
		assert_int_equal(segment_read(dir, "alerts", n, key, &s), 0);
		memcpy(key, s.next, sizeof(key));
		memcpy(lines, s.key, sizeof(s.key));
		segment_name(name, "alerts", n, SEGMENT_RECORDS);
		CLEANUP_FD int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
		if (n == 0)
			continue;
		assert_true(fd >= 0);
		assert_int_equal(segment_hash(fd, hex), 0);
		assert_string_equal(hex, s.hash);
		assert_true(s.before[0]);
	}
	assert_int_equal(segment_read(dir, "alerts", last + 1, NULL, &s), -ENOENT);
}

static inline void
prove_sums(const struct logs *l, uint64_t last)
{
	uint8_t key[32], lines[32];

	anchor_of(l, key);
	prove_sums_in(l->log, key, last, lines);
}

/* The log of ANCHOR lies set aside with N records, all sealed, and sums up to segment LAST; both end with the key NEXT. */
static inline void
prove_aside(const struct logs *l, const uint8_t anchor[32], uint64_t n, uint64_t last, uint8_t next[32])
{
	struct verify v;
	uint8_t lines[32];
	char id[17];

	anchor_id(anchor, id);
	CLEANUP_BLOB struct blob log = log_read_in(l->log, id);
	assert_int_equal(logs_prove(log, anchor, &v), DAMAGE_NONE);
	assert_true(v.records == n && v.sealed == n);
	CLEANUP_FD int dir = openat(l->log, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	prove_sums_in(dir, anchor, last, lines);
	assert_memory_equal(lines, v.key, 32);
	memcpy(next, v.key, 32);
}

static inline void
limit_files(rlim_t most)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = most;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A batch of three does not fit on the disk while files may have MOST bytes. Returns whether it did. */
static inline bool
commit_within(struct chain *c, rlim_t most)
{
	limit_files(most);
	int err = chain_commit(c);
	limit_files(RLIM_INFINITY);
	assert_true(err == 0 || err == -EFBIG);
	return err == 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_logs, remove_logs)

#endif
