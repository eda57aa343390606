/* A new anchor: the old log names it in its last line, and lies set aside so that it can be proved; the new one says what it follows. */
#include "alert/rotation.h"
#include "chains.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* All there is to it. Returns the number of records that the old log has in the end. */
static uint64_t
rotate(struct chain *c, char hex[65])
{
	uint64_t n = chain_head(c)->sequence;

	assert_int_equal(chain_plan_rotation(c, hex), 0);
	assert_int_equal(logs_append(c, (unsigned)n, 40, true), 0);
	assert_int_equal(chain_commit(c), 0);
	assert_false(chain_has_room(c));
	assert_int_equal(logs_append(c, 0, 1, true), -EBUSY);
	assert_int_equal(chain_close_segment(c), -EBUSY);
	assert_int_equal(chain_rotate(c), 0);
	return n + 1;
}

static void
the_old_log_names_the_anchor_of_the_new_one(void **state)
{
	const struct logs *l = *state;
	struct chain_head before;
	uint8_t old[32], new[32], named[32];
	char hex[65], anchor[65], last[65];

	write_log(l, 3);
	anchor_of(l, old);
	struct chain *c = open_chain(l, CHAIN_WHOLE);
	assert_null(chain_follows(c));
	assert_int_equal(chain_close_segment(c), 0);
	write_batch(c, 2);
	before = *chain_head(c);
	uint64_t n = rotate(c, hex);
	anchor_of(l, new);
	assert_memory_not_equal(old, new, 32);
	assert_int_equal(chain_anchor(CHAIN_ALERTS, l->state, anchor), 0);
	assert_string_equal(anchor, hex);
	prove_aside(l, old, n, 2, named);
	assert_memory_equal(named, new, 32);
	assert_true(chain_head(c)->sequence == 0 && chain_head(c)->segment == 1 && chain_has_room(c));
	assert_string_not_equal(chain_head(c)->log, before.log);
	assert_string_equal(chain_follows(c)->log, before.log);
	assert_true(chain_follows(c)->sequence == n);
	memcpy(last, chain_follows(c)->prev, sizeof(last));
	write_batch(c, 3);
	assert_int_equal(chain_close_segment(c), 0);
	write_batch(c, 1);
	chain_free(c);
	prove_own(l, 4);
	prove_sums(l, 1);
	c = open_chain(l, CHAIN_WHOLE);	/* it is known for as long as the log lasts */
	assert_string_equal(chain_follows(c)->prev, last);
	chain_free(c);
	CLEANUP_BLOB struct blob log = log_read_in(l->log, before.log);
	char head[65];
	const char *line = (const char *)memrchr(log.data, '\n', log.len - 1) + 1;
	line_hash(line, (size_t)(log.data + log.len - line), head);
	assert_string_equal(head, last);
}

static void
keys_can_be_changed_again_and_again(void **state)
{
	const struct logs *l = *state;
	uint8_t anchor[32], named[32];
	char hex[65];
	struct chain *c = open_chain(l, CHAIN_NEW);

	for (unsigned i = 0; i < 5; i++) {
		anchor_of(l, anchor);
		if (i % 2)	/* also a log that has nothing but that record */
			write_batch(c, i);
		uint64_t n = rotate(c, hex);
		prove_aside(l, anchor, n, 1, named);
		anchor_of(l, anchor);
		assert_memory_equal(named, anchor, 32);
	}
	chain_free(c);
	c = open_chain(l, CHAIN_NEW);
	assert_non_null(chain_follows(c));
	chain_free(c);
}

static void
a_plan_that_no_record_told_changes_nothing(void **state)
{
	const struct logs *l = *state;
	uint8_t before[32], after[32];
	char hex[65];

	write_log(l, 2);
	anchor_of(l, before);
	struct chain *c = open_chain(l, CHAIN_WHOLE);
	assert_int_equal(chain_rotate(c), -EBUSY);
	assert_int_equal(chain_plan_rotation(c, hex), 0);
	assert_int_equal(chain_rotate(c), -EBUSY);
	chain_free(c);
	c = open_chain(l, CHAIN_WHOLE);
	write_batch(c, 2);
	assert_null(chain_follows(c));
	chain_free(c);
	anchor_of(l, after);
	assert_memory_equal(before, after, 32);
	prove_own(l, 5);
}

static void
a_log_without_its_anchor_gets_one(void **state)
{
	const struct logs *l = *state;
	uint8_t old[32], new[32], named[32];
	char hex[65];

	write_log(l, 2);
	anchor_of(l, old);
	assert_int_equal(unlinkat(l->state, ANCHOR_FILE, 0), 0);
	struct chain *c = open_chain(l, CHAIN_WHOLE);
	uint64_t n = rotate(c, hex);
	chain_free(c);
	prove_aside(l, old, n, 1, named);
	anchor_of(l, new);
	assert_memory_equal(named, new, 32);
}

static void
a_log_that_broke_later_follows_none(void **state)
{
	const struct logs *l = *state;
	char hex[65];

	struct chain *c = open_chain(l, CHAIN_NEW);
	rotate(c, hex);
	write_batch(c, 2);
	chain_free(c);
	assert_int_equal(unlinkat(l->state, RATCHET_FILE, 0), 0);
	c = open_chain(l, CHAIN_BROKEN);
	assert_null(chain_follows(c));
	write_batch(c, 1);
	chain_free(c);
	prove_own(l, 1);
}

static void
what_is_no_rotation_counts_as_none(void **state)
{
	const struct logs *l = *state;
#define Z16 "0123456789abcdef"
#define Z64 Z16 Z16 Z16 Z16
	static const struct { const char *text; bool is; } rows[] = {
		{ "yett1 done log=" Z16 " end=7 head=" Z64 " key=" Z64 "\n", true },
		{ "yett1 moving log=" Z16 " end=18446744073709551615 head=" Z64 " key=" Z64 "\n", true },
		{ "yett1 planned log=" Z16 " end=0 head=" Z64 " key=" Z64 "\n", true },
		{ "yett1 none log=" Z16 " end=0 head=" Z64 " key=" Z64 "\n", false },
		{ "yett1 moved log=" Z16 " end=0 head=" Z64 " key=" Z64 "\n", false },
		{ "yett1 done log=" Z16 " end=07 head=" Z64 " key=" Z64 "\n", false },
		{ "yett1 done log=" Z16 " end=-7 head=" Z64 " key=" Z64 "\n", false },
		{ "yett1 done  log=" Z16 " end=7 head=" Z64 " key=" Z64 "\n", false },
		{ "yett1 done log=" Z16 " end=7 head=" Z64 " key=" Z64, false },
		{ "yett1 done log=" Z16 " end=7 head=" Z64 " key=" Z64 "\n\n", false },
		{ "yett1 done log=../../../../etc/ end=7 head=" Z64 " key=" Z64 "\n", false },
		{ "yett1 done log=0123 end=7 head=" Z64 " key=" Z64 "\n", false },
		{ "", false }, { "\n", false },
	};
	struct rotation r, again;

	for (size_t i = 0; i < COUNT(rows); i++) {
		r = (struct rotation){ .end = 77 };
		assert_int_equal(rotation_parse(rows[i].text, strlen(rows[i].text), &r), rows[i].is);
		if (!rows[i].is) {
			assert_true(r.end == 77);
			assert_true(blob_write(l->state, "rotation", rows[i].text, strlen(rows[i].text)));
			assert_int_equal(rotation_read(l->state, "rotation", &r), 0);
			assert_int_equal(r.phase, ROTATION_NONE);
			continue;
		}
		assert_int_equal(rotation_write(l->state, "rotation", &r), 0);
		assert_int_equal(rotation_read(l->state, "rotation", &again), 0);
		assert_memory_equal(&r, &again, sizeof(r));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_old_log_names_the_anchor_of_the_new_one),
		TEST(keys_can_be_changed_again_and_again),
		TEST(a_plan_that_no_record_told_changes_nothing),
		TEST(a_log_without_its_anchor_gets_one),
		TEST(a_log_that_broke_later_follows_none),
		TEST(what_is_no_rotation_counts_as_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
