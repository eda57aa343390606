/* A log that is proved in pieces is proved as in one run. */
#include "chains.h"

/* Where each line ends, the start first. */
static size_t
line_ends(struct blob log, size_t *end, size_t most)
{
	size_t n = 0;

	end[n++] = 0;
	for (size_t at = 0; at < log.len && n < most; end[n++] = at) {
		const char *nl = memchr(log.data + at, '\n', log.len - at);
		assert_non_null(nl);
		at = (size_t)(nl - log.data) + 1;
	}
	assert_int_equal(end[n - 1], log.len);
	return n;
}

static void
over_lines(struct verify *v, const struct blob *log, size_t from, size_t to)
{
	for (size_t at = from; at < to; ) {
		size_t len = (size_t)((const char *)memchr(log->data + at, '\n', log->len - at) - log->data) + 1 - at;
		assert_int_equal(verify_line(v, log->data + at, len), DAMAGE_NONE);
		at += len;
	}
}

/* Sealed records in the middle of a batch, unsealed ones, and batches of one. */
static void
mixed_log(const struct logs *l)
{
	struct chain *c = open_chain(l, CHAIN_NEW);

	for (unsigned batch = 0, n = 0; batch < 12; batch++) {
		for (unsigned i = 0; i <= batch % 5; i++, n++)
			assert_int_equal(logs_append(c, n, 37 * i, (n * 7 + i) % 3 == 0), 0);
		assert_int_equal(chain_commit(c), 0);
	}
	chain_free(c);
}

static void
skipping_ends_where_proving_does(void **state)
{
	const struct logs *l = *state;
	uint8_t key[32];
	size_t end[128], pairs = 0;

	mixed_log(l);
	anchor_of(l, key);
	CLEANUP_BLOB struct blob log = blob_read(l->log, CHAIN_FILE);
	size_t n = line_ends(log, end, sizeof(end) / sizeof(end[0]));
	assert_true(n > 30);
	for (int anchored = 0; anchored < 2; anchored++)
		for (size_t from = 0; from < n; from++)
			for (size_t to = from; to < n; to++, pairs++) {
				struct verify proved, skipped;
				verify_init(&proved, anchored ? key : NULL);
				over_lines(&proved, &log, 0, end[from]);
				skipped = proved;
				verify_skip(&skipped, log.data + end[from], end[to] - end[from]);
				over_lines(&proved, &log, end[from], end[to]);
				assert_true(verify_same(&proved, &skipped));
			}
	assert_true(pairs > 900);
}

/* What is said of a place is compared word by word: nothing that a piece hangs on may differ unseen. */
static void
places_that_differ_are_told_apart(void **state)
{
	const struct logs *l = *state;
	uint8_t key[32];
	struct verify v, other;

	mixed_log(l);
	anchor_of(l, key);
	CLEANUP_BLOB struct blob log = blob_read(l->log, CHAIN_FILE);
	verify_init(&v, key);
	verify_skip(&v, log.data, log.len);
	assert_true(verify_same(&v, &v));
#define DIFFERS(change) do { other = v; change; assert_false(verify_same(&v, &other)); } while (0)
	DIFFERS(other.key[31] ^= 1);
	DIFFERS(other.keyed = false);
	DIFFERS(other.sequence++);
	DIFFERS(other.sealed++);
	DIFFERS(other.records++);
	DIFFERS(other.prev[63] ^= 1);
	DIFFERS(other.last_good_sequence++);
	DIFFERS(other.last_good_time[0] ^= 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(skipping_ends_where_proving_does, make_logs, remove_logs),
		cmocka_unit_test_setup_teardown(places_that_differ_are_told_apart, make_logs, remove_logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
