/* Closed segments: names, signatures that minisign takes, sums, packing, and where a chain goes on when parts of all that are lost. */
#include "alert/minisign.h"
#include "alert/pack.h"
#include "alert/segment.h"
#include "chains.h"

static void
names_are_found_again_and_others_are_not_taken_for_them(void **state)
{
	(void)state;
	static const char *const others[] = { "alerts.jsonl", "alerts-1.jsonl", "alerts-000000017.jsonl", "alerts-00000017.jsonl.1234",
		"alerts-00000017.jsonl.tmp", "events-00000017.jsonl", "alerts-0000001a.sums", "alerts-00000017", "", "alerts-" };
	char name[SEGMENT_NAME];
	enum segment_file is;

	for (int f = SEGMENT_RECORDS; f <= SEGMENT_SIG; f++)
		for (uint64_t n = 0; n < 100000000; n = 3 * n + 1) {
			segment_name(name, "alerts", n, (enum segment_file)f);
			assert_int_equal(segment_number(name, "alerts", &is), n);
			assert_int_equal(is, f);
			assert_int_equal(segment_number(name, "events", &is), -1);
		}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(segment_number(others[i], "alerts", &is), -1);
}

static struct ratchet *
new_keys(const struct logs *l)
{
	struct ratchet *r;

	assert_int_equal(ratchet_new(&r), 0);
	assert_int_equal(ratchet_create(r, l->state, "keys", 0), 0);
	return r;
}

static void
a_signature_holds_for_its_bytes_its_comment_and_its_key_only(void **state)
{
	const struct logs *l = *state;
	struct ratchet *keys = new_keys(l);
	char text[MINISIGN_TEXT], note[MINISIGN_NOTE], line[MINISIGN_KEY];
	uint8_t other[32], key[32];
	size_t n = minisign_sign(keys, "abc", 3, "what it says", text);

	assert_true(minisign_check(text, n, "abc", 3, ratchet_public(keys), note));
	assert_string_equal(note, "what it says");
	assert_false(minisign_check(text, n, "abd", 3, ratchet_public(keys), note));
	assert_false(minisign_check(text, n, "abc", 2, ratchet_public(keys), note));
	memcpy(other, ratchet_public(keys), 32);
	other[7] ^= 1;
	assert_false(minisign_check(text, n, "abc", 3, other, note));
	for (size_t i = 0; i <= n; i++)		/* cut anywhere */
		assert_true(minisign_check(text, i, "abc", 3, ratchet_public(keys), note) == (i == n));
	for (size_t i = 0; i < n; i++) {	/* changed anywhere but in what nobody signs: comment and number of the key */
		char c = text[i];
		text[i] = c == 'x' ? 'y' : 'x';
		bool is = minisign_check(text, n, "abc", 3, ratchet_public(keys), note);
		assert_true(!is || i < (size_t)(strchr(text, '\n') - text) + 16);
		text[i] = c;
	}
	minisign_key(ratchet_public(keys), line);
	assert_true(minisign_key_read(line, strlen(line), key));
	assert_memory_equal(key, ratchet_public(keys), 32);
	assert_false(minisign_key_read(line, strlen(line) - 1, key));
	ratchet_free(keys);
}

static void
a_chain_goes_on_over_closed_segments_and_restarts(void **state)
{
	const struct logs *l = *state;
	struct chain *c = open_chain(l, CHAIN_NEW);
	uint64_t n = 0;

	assert_int_equal(chain_close_segment(c), 0);	/* there is nothing to close */
	assert_int_equal(chain_head(c)->segment, 1);
	for (unsigned i = 1; i <= 12; i++) {
		write_batch(c, i % 3 + 1);
		n += i % 3 + 1;
		assert_int_equal(logs_append(c, 1, 10, true), 0);
		assert_int_equal(chain_close_segment(c), -EBUSY);
		assert_int_equal(chain_commit(c), 0);
		n++;
		assert_true(chain_size(c) > 0);
		assert_int_equal(chain_close_segment(c), 0);
		assert_true(chain_size(c) == 0);
		assert_int_equal(chain_head(c)->segment, i + 1);
		if (i % 4 == 0) {
			chain_free(c);
			c = open_chain(l, CHAIN_WHOLE);
			assert_int_equal(chain_head(c)->segment, i + 1);
		}
		assert_int_equal(chain_head(c)->sequence, n);
	}
	chain_free(c);
	prove_own(l, n);
	prove_sums(l, 12);
}

/* Each closed one, of the three that there are, by turns. */
static void
write_segments(const struct logs *l)
{
	struct chain *c = open_chain(l, CHAIN_NEW);

	for (int i = 0; i < 3; i++) {
		write_batch(c, 2);
		assert_int_equal(chain_close_segment(c), 0);
	}
	write_batch(c, 2);
	chain_free(c);
}

static void
remove_all(const struct logs *l, const char *end)
{
	char name[64];

	for (unsigned n = 0; n < 9; n++) {
		snprintf(name, sizeof(name), "alerts-%08u%s", n, end);
		unlinkat(l->log, name, 0);
	}
}

static void
old_segments_may_go_and_the_chain_goes_on(void **state)
{
	const struct logs *l = *state;
	struct segment s;
	struct verify v;

	write_segments(l);
	remove_all(l, ".jsonl");
	struct chain *c = open_chain(l, CHAIN_WHOLE);
	assert_int_equal(chain_head(c)->sequence, 8);
	assert_null(chain_sums_key(c));
	write_batch(c, 1);
	chain_free(c);
	/* The signed comment of the last sums says from where on. */
	assert_int_equal(segment_read(l->log, "alerts", 3, NULL, &s), 0);
	CLEANUP_BLOB struct blob log = blob_read(l->log, CHAIN_FILE);
	verify_from(&v, s.end, s.head, s.key);
	for (size_t at = 0; at < log.len; ) {
		size_t len = (size_t)((char *)memchr(log.data + at, '\n', log.len - at) - log.data) + 1 - at;
		assert_int_equal(verify_line(&v, log.data + at, len), DAMAGE_NONE);
		at += len;
	}
	assert_int_equal(v.sequence, 9);
	/* All of them may go, and nothing was written since. */
	logs_empty(*state);
	write_segments(l);
	c = open_chain(l, CHAIN_WHOLE);
	assert_int_equal(chain_close_segment(c), 0);
	chain_free(c);
	remove_all(l, ".jsonl");
	assert_int_equal(unlinkat(l->log, CHAIN_FILE, 0), 0);
	c = open_chain(l, CHAIN_WHOLE);
	assert_int_equal(chain_head(c)->sequence, 8);
	assert_int_equal(chain_head(c)->segment, 5);
	write_batch(c, 1);
	chain_free(c);
}

static void
lost_sums_begin_anew_and_are_told(void **state)
{
	static const char *const lost[] = { "sums", "sums.minisig", "key", "all" };
	const struct logs *l = *state;
	struct segment s;
	uint8_t key[32];

	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		logs_empty(*state);
		write_segments(l);
		if (i == 0 || i == 3)
			remove_all(l, ".sums");
		if (i == 1 || i == 3)
			remove_all(l, ".sums.minisig");
		if (i >= 2)
			assert_int_equal(unlinkat(l->state, "segments", 0), 0);
		struct chain *c = open_chain(l, CHAIN_WHOLE);
		assert_int_equal(chain_head(c)->sequence, 8);
		assert_int_equal(chain_head(c)->segment, 4);
		assert_non_null(chain_sums_key(c));
		memcpy(key, chain_sums_key(c), 32);
		write_batch(c, 1);
		assert_int_equal(chain_close_segment(c), 0);
		assert_null(chain_sums_key(c));
		chain_free(c);
		assert_int_equal(segment_read(l->log, "alerts", 4, key, &s), 0);
		prove_own(l, 9);
		chain_free(open_chain(l, CHAIN_WHOLE));
	}
}

static void
what_is_in_the_way_is_set_aside(void **state)
{
	const struct logs *l = *state;
	struct chain *c = open_chain(l, CHAIN_NEW);

	write_batch(c, 2);
	assert_true(blob_write(l->log, "alerts-00000001.jsonl", "mine", 4));
	assert_int_equal(chain_close_segment(c), 0);
	write_batch(c, 1);
	chain_free(c);
	prove_own(l, 3);
	CLEANUP_BLOB struct blob b = blob_read(l->log, "alerts-00000001.jsonl.in-the-way");
	assert_int_equal(b.len, 4);
}

static void
a_log_that_is_moved_or_removed_is_put_back(void **state)
{
	const struct logs *l = *state;
	struct chain *c = open_chain(l, CHAIN_NEW);

	write_batch(c, 3);
	assert_int_equal(chain_mend(c), 0);
	assert_int_equal(unlinkat(l->log, CHAIN_FILE, 0), 0);
	assert_int_equal(logs_append(c, 3, 10, true), 0);
	assert_int_equal(chain_mend(c), 1);
	assert_int_equal(chain_commit(c), 0);
	prove_own(l, 4);
	assert_int_equal(chain_mend(c), 0);
	/* Moved, with another in its place, and what an earlier try left behind. */
	assert_int_equal(renameat(l->log, CHAIN_FILE, l->log, "mine"), 0);
	assert_true(blob_write(l->log, CHAIN_FILE, "not this", 8));
	assert_true(blob_write(l->log, CHAIN_FILE ".again", "nor this", 8));
	assert_int_equal(chain_mend(c), 1);
	write_batch(c, 2);
	prove_own(l, 6);
	CLEANUP_BLOB struct blob aside = blob_read(l->log, CHAIN_FILE ".in-the-way");
	assert_int_equal(aside.len, 8);
	assert_int_equal(chain_close_segment(c), 0);
	prove_sums(l, 1);
	assert_int_equal(unlinkat(l->log, CHAIN_FILE, 0), 0);	/* an empty one */
	assert_int_equal(chain_mend(c), 1);
	write_batch(c, 1);
	chain_free(c);
	prove_own(l, 7);
	chain_free(open_chain(l, CHAIN_WHOLE));
}

static void
two_chains_share_their_directories(void **state)
{
	const struct logs *l = *state;
	enum chain_found found;
	struct chain *alerts = open_chain(l, CHAIN_NEW), *events;
	uint64_t torn;
	uint8_t key[2][32];

	assert_int_equal(chain_open(&events, &(struct chain_place){ CHAIN_EVENTS, l->log, l->state }, &found, &torn), 0);
	assert_int_equal(found, CHAIN_NEW);
	assert_string_not_equal(chain_head(alerts)->log, chain_head(events)->log);
	write_batch(alerts, 2);
	write_batch(events, 3);
	assert_int_equal(chain_close_segment(events), 0);
	write_batch(alerts, 1);
	chain_free(alerts);
	chain_free(events);
	prove_own(l, 3);
	assert_int_equal(anchor_read(l->state, chain_anchor_file(CHAIN_ALERTS), key[0]), 0);
	assert_int_equal(anchor_read(l->state, chain_anchor_file(CHAIN_EVENTS), key[1]), 0);
	assert_memory_not_equal(key[0], key[1], 32);
	prove(l->log, "events-00000001.jsonl", key[1], 3);
}

/* -- packing */

static void
pack(const struct logs *l, const char *from, const char *to)
{
	struct pack *p;
	int err;

	assert_int_equal(pack_open(&p, l->log, from, to), 0);
	while ((err = pack_step(p)) > 0)
		;
	pack_close(p);
	assert_int_equal(err, 0);
}

static uint64_t
count_lines(const struct logs *l, const char *name, int *err)
{
	CLEANUP_FD int fd = openat(l->log, name, O_RDONLY | O_CLOEXEC);
	char block[5000];
	struct unpack *u;
	uint64_t n = 0;
	ssize_t got;

	assert_true(fd >= 0);
	assert_int_equal(unpack_open(&u, fd), 0);
	assert_non_null(u);
	while ((got = unpack_read(u, block, sizeof(block))) > 0)
		for (ssize_t i = 0; i < got; i++)
			n += block[i] == '\n';
	unpack_close(u);
	*err = (int)got;
	return n;
}

static void
packed_lines_are_the_same_lines(void **state)
{
	const struct logs *l = *state;
	struct chain *c = open_chain(l, CHAIN_NEW);
	int err;

	for (unsigned i = 0; i < 300; i++) {	/* more than a piece */
		assert_int_equal(logs_append(c, i, 3000, true), 0);
		if (i % 50 == 49)
			assert_int_equal(chain_commit(c), 0);
	}
	assert_int_equal(chain_close_segment(c), 0);
	chain_free(c);
	CLEANUP_BLOB struct blob before = blob_read(l->log, "alerts-00000001.jsonl");
	assert_true(before.len > 900000);
	pack(l, "alerts-00000001.jsonl", "alerts-00000001.jsonl.zst");
	assert_int_equal(faccessat(l->log, "alerts-00000001.jsonl", F_OK, 0), -1);
	CLEANUP_BLOB struct blob packed = blob_read(l->log, "alerts-00000001.jsonl.zst");
	assert_true(packed.data && packed.len < before.len / 2);
	assert_int_equal(count_lines(l, "alerts-00000001.jsonl.zst", &err), 300);
	assert_int_equal(err, 0);
	/* Cut anywhere it is no whole file, and says so. */
	for (size_t cut = 4; cut < packed.len; cut += 1 + packed.len / 97) {
		assert_true(blob_write(l->log, "cut", packed.data, cut));
		count_lines(l, "cut", &err);
		assert_int_equal(err, -EBADMSG);
	}
	packed.data[packed.len / 2] ^= 1;
	assert_true(blob_write(l->log, "cut", packed.data, packed.len));
	count_lines(l, "cut", &err);
	assert_int_equal(err, -EBADMSG);
}

static void
a_pack_that_is_given_up_leaves_the_segment(void **state)
{
	const struct logs *l = *state;
	struct pack *p;

	assert_true(blob_write(l->log, "a", "text\n", 5));
	assert_int_equal(pack_open(&p, l->log, "none", "none.zst"), -ENOENT);
	assert_int_equal(pack_open(&p, l->log, "a", "a.zst"), 0);
	assert_int_equal(pack_step(p), 1);
	pack_close(p);
	CLEANUP_BLOB struct blob b = blob_read(l->log, "a");
	assert_int_equal(b.len, 5);
	assert_int_equal(faccessat(l->log, "a.zst", F_OK, 0), -1);
	assert_int_equal(faccessat(l->log, "a.zst.tmp", F_OK, 0), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_are_found_again_and_others_are_not_taken_for_them),
		TEST(a_signature_holds_for_its_bytes_its_comment_and_its_key_only),
		TEST(a_chain_goes_on_over_closed_segments_and_restarts),
		TEST(old_segments_may_go_and_the_chain_goes_on),
		TEST(lost_sums_begin_anew_and_are_told),
		TEST(what_is_in_the_way_is_set_aside),
		TEST(a_log_that_is_moved_or_removed_is_put_back),
		TEST(two_chains_share_their_directories),
		TEST(packed_lines_are_the_same_lines),
		TEST(a_pack_that_is_given_up_leaves_the_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
