/*
 * Power fails, disks fail. A session of the real code is recorded call by call; then every image of the disk that can be left behind
 * after each call is given to the real code again. Nothing that was acknowledged may be lost, and the log must go on and be proved.
 */
#include "alert/keep.h"
#include "chains.h"
#include "disk.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define IMAGES_MAX	160		/* after one call; when more are possible, dice choose */
#define NEST_EACH	37		/* every so many images the recovery itself is interrupted too */

/* What has to hold of whatever a crash leaves. */
struct promise {
	struct blob	 log;		/* what the log was in the end: a crash leaves the beginning of it */
	struct blob	 evidence[2];	/* must be in a file, in whole: of the log directory, of the state directory */
	bool		 may_break;	/* no key continues what was found first */
	uint64_t	 dice;		/* not 0: what the session does is left to them */
	bool		 segments;	/* some are closed on the way */
	const uint8_t	*rotates;	/* a new anchor takes the place of this one on the way */
};

static struct { uint64_t images, nested, torn, lost, rotated; } seen;

/* -- what a crash left */

static bool found_it;
static struct blob wanted;

static void
compare(int dir, const char *name)
{
	CLEANUP_BLOB struct blob b = blob_read(dir, name);

	found_it = found_it || (b.data && b.len == wanted.len && memcmp(b.data, wanted.data, b.len) == 0);
}

static bool
is_kept(int dir, struct blob what)
{
	found_it = !what.data;
	wanted = what;
	logs_each(dir, compare);
	return found_it;
}

static uint64_t
lines_of(struct blob b)
{
	uint64_t n = 0;

	for (size_t i = 0; i < b.len; i++)
		n += b.data[i] == '\n';
	return n;
}

/* The log that went before, where it was set aside, and then the present one. */
static struct blob
read_both(const struct logs *l, const struct promise *p)
{
	struct blob now = log_read(l->log), both = { 0 };
	char id[17];

	if (!p->rotates)
		return now;
	anchor_id(p->rotates, id);
	CLEANUP_BLOB struct blob before = log_read_in(l->log, id);
	both.data = malloc(before.len + now.len + 1);
	assert_non_null(both.data);
	memcpy(both.data, before.data, before.len);
	memcpy(both.data + before.len, now.data, now.len);
	both.len = before.len + now.len;
	free(now.data);
	return both;
}

/*
 * Whoever has the old anchor can prove all there is: either nothing has happened, or the old log names the new anchor. Returns the number
 * of records that were set aside.
 */
static uint64_t
prove_rotation(const struct logs *l, const struct promise *p, const struct chain *c)
{
	uint8_t anchor[32], named[32];
	struct verify v;
	char id[17];

	anchor_of(l, anchor);
	if (memcmp(anchor, p->rotates, 32) == 0) {
		assert_null(chain_follows(c));
		return 0;
	}
	anchor_id(p->rotates, id);
	CLEANUP_BLOB struct blob before = log_read_in(l->log, id);
	assert_int_equal(logs_prove(before, p->rotates, &v), DAMAGE_NONE);
	assert_non_null(chain_follows(c));
	assert_string_equal(chain_follows(c)->log, id);
	assert_string_equal(chain_follows(c)->prev, v.prev);
	assert_true(chain_follows(c)->sequence == v.records);
	prove_aside(l, p->rotates, v.records, 2, named);
	assert_memory_equal(named, anchor, 32);
	return v.records;
}

/* Opens what is left in L, goes on, and proves all of it. */
static void
goes_on(const struct logs *l, const struct promise *p, uint64_t acked)
{
	enum chain_found found;
	struct chain *c;
	uint64_t torn;

	int err = chain_open(&c, &(struct chain_place){ CHAIN_ALERTS, l->log, l->state }, &found, &torn);
	if (err)
		fail_msg("the log cannot be opened: %s", strerror(-err));
	if (found == CHAIN_BROKEN && !p->may_break)
		fail_msg("a crash breaks the chain");
	uint64_t n = chain_head(c)->sequence, before = p->rotates ? prove_rotation(l, p, c) : 0;
	if (before + n < acked)
		fail_msg("%llu records are there, %llu were acknowledged", (unsigned long long)(before + n), (unsigned long long)acked);
	CLEANUP_BLOB struct blob log = read_both(l, p);
	assert_true(lines_of(log) == before + n);
	assert_true(log.len <= p->log.len);
	assert_memory_equal(log.data, p->log.data ? p->log.data : "", log.len);
	assert_true(is_kept(l->log, p->evidence[0]));
	assert_true(is_kept(l->state, p->evidence[1]));
	write_batch(c, 2);
	if (p->segments) {
		assert_int_equal(chain_close_segment(c), 0);
		assert_null(chain_sums_key(c));
		prove_sums(l, chain_head(c)->segment - 1);
	}
	chain_free(c);
	prove_own(l, n + 2);
	chain_free(open_chain(l, CHAIN_WHOLE));
	seen.images++;
	seen.torn += found == CHAIN_TORN;
	seen.lost += lines_of(p->log) > before + n;
	seen.rotated += before > 0;
}

static void explore(const struct session *s, const struct promise *p, bool nested);

/* The same, noted, and interrupted in its turn. */
static void
recovery_is_interrupted(struct logs *l, const struct promise *p, uint64_t acked)
{
	struct chain *c;
	enum chain_found found;
	uint64_t torn;
	struct session s;
	struct promise again = *p;

	disk_record(l);
	disk_acked(acked);
	assert_int_equal(chain_open(&c, &(struct chain_place){ CHAIN_ALERTS, l->log, l->state }, &found, &torn), 0);
	write_batch(c, 1);
	disk_acked((p->rotates ? prove_rotation(l, p, c) : 0) + chain_head(c)->sequence);
	chain_free(c);
	disk_stop(&s);
	again.log = read_both(l, p);
	explore(&s, &again, true);
	free(again.log.data);
	session_free(&s);
	seen.nested++;
}

static struct logs level[2];	/* where images are; those of interrupted recoveries in the second */

static int
remove_levels(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(level); i++)
		if (level[i].path[0])
			logs_close(&level[i]);
	return 0;
}

static void
try_image(const struct image *im, const struct promise *p, uint64_t acked, bool nested)
{
	struct logs *l = &level[nested];

	if (!l->path[0])
		assert_true(logs_open(l));
	image_write(im, l);
	if (!nested && seen.images % NEST_EACH == 0) {
		recovery_is_interrupted(l, p, acked);
		image_write(im, l);
	}
	goes_on(l, p, acked);
}

/* Every image after every call of S. */
static void
explore(const struct session *s, const struct promise *p, bool nested)
{
	static struct image images[2];
	struct image *im = &images[nested];
	uint64_t acked = 0, dice = s->notes, most = nested ? IMAGES_MAX / 8 : IMAGES_MAX;
	CLEANUP_FREE struct model *m = malloc(sizeof(*m));

	assert_non_null(m);
	*m = *s->start;
	for (unsigned i = 0; i < s->notes; i++) {
		model_step(m, &s->note[i]);
		if (s->note[i].kind == NOTE_ACKED)
			acked = s->note[i].at;
		image_init(im, m);
		uint64_t n = image_count(im, most);
		for (uint64_t k = 0; k < n && k < most; k++) {
			if (n <= most)
				image_choose(im, k);
			else
				image_roll(im, &dice, k % 2);
			try_image(im, p, acked, nested);
		}
	}
}

/* -- sessions */

/* Batches of every kind: one record, several, sealed and not, as long as several sectors. */
static void
session_goes_on(struct chain *c)
{
	static const struct { unsigned size; bool sealed; } rows[][4] = {
		{ { 10, true } }, { { 300, false }, { 900, true } }, { { 5, true }, { 5, true }, { 5, false } }, { { 2000, false } },
		{ { 700, false }, { 10, true }, { 10, false }, { 10, true } },
	};
	uint64_t n = chain_head(c)->sequence;

	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t k = 0; k < COUNT(rows[i]) && rows[i][k].size; k++, n++)
			assert_int_equal(logs_append(c, (unsigned)n, rows[i][k].size, rows[i][k].sealed), 0);
		assert_int_equal(chain_commit(c), 0);
		disk_acked(n);
		if (i == 2)
			assert_int_equal(chain_rest(c), 0);
	}
}

/* Segments of one record and of several, closed one right behind the other and with something between. */
static void
session_closes(struct chain *c)
{
	uint64_t n = chain_head(c)->sequence;

	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(logs_append(c, (unsigned)n, 200 * i, true), 0);
		n++;
		if (i == 2) {
			assert_int_equal(logs_append(c, (unsigned)n, 600, false), 0);
			n++;
		}
		assert_int_equal(chain_commit(c), 0);
		disk_acked(n);
		if (i != 1)
			assert_int_equal(chain_close_segment(c), 0);
	}
}

/* A new anchor, with records before and behind it and segments of both logs. */
static void
session_rotates(struct chain *c)
{
	uint64_t n = chain_head(c)->sequence;
	char hex[65];

	write_batch(c, 1);
	disk_acked(++n);
	assert_int_equal(chain_close_segment(c), 0);
	write_batch(c, 2);
	disk_acked(n += 2);
	assert_int_equal(chain_plan_rotation(c, hex), 0);
	assert_int_equal(logs_append(c, (unsigned)n, 700, true), 0);
	assert_int_equal(chain_commit(c), 0);
	disk_acked(++n);
	assert_int_equal(chain_rotate(c), 0);
	for (unsigned i = 0; i < 3; i++) {
		write_batch(c, i + 1);
		disk_acked(n += i + 1);
		if (i == 1)
			assert_int_equal(chain_close_segment(c), 0);
	}
}

static uint64_t
records_of(const struct logs *l)
{
	CLEANUP_BLOB struct blob log = log_read(l->log);

	return lines_of(log);
}

static unsigned
roll(uint64_t *dice, unsigned sides)
{
	*dice = *dice * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*dice >> 33) % sides;
}

/* Batches of one to five records of any size, sealed or not, and now and then a segment is closed, or the last erasing made durable. */
static void
session_by_chance(struct chain *c, uint64_t *dice)
{
	uint64_t n = chain_head(c)->sequence;

	for (int batch = 0; batch < 6; batch++) {
		for (unsigned left = 1 + roll(dice, 5); left; left--, n++)
			assert_int_equal(logs_append(c, (unsigned)n, 1 + roll(dice, roll(dice, 2) ? 60 : 1500), roll(dice, 2)), 0);
		assert_int_equal(chain_commit(c), 0);
		disk_acked(n);
		unsigned then = roll(dice, 6);
		if (then == 0)
			assert_int_equal(chain_close_segment(c), 0);
		else if (then == 1)
			assert_int_equal(chain_rest(c), 0);
	}
}

/* Opens what is in L, writes, and looks at what every crash on the way leaves. */
static void
crash_everywhere(const struct logs *l, enum chain_found want, struct promise *p, uint64_t acked)
{
	struct session s;

	memset(&seen, 0, sizeof(seen));
	disk_record(l);
	disk_acked(acked);
	struct chain *c = open_chain(l, want);
	p->dice ? session_by_chance(c, &p->dice) : p->rotates ? session_rotates(c) : p->segments ? session_closes(c) : session_goes_on(c);
	chain_free(c);
	disk_stop(&s);
	p->log = read_both(l, p);
	prove_own(l, records_of(l));
	explore(&s, p, false);
	free(p->log.data);
	session_free(&s);
	print_message("%llu crashes, %llu of them with a torn tail, %llu before the last record; %llu recoveries were interrupted\n",
	    (unsigned long long)seen.images, (unsigned long long)seen.torn, (unsigned long long)seen.lost, (unsigned long long)seen.nested);
	if (!p->dice)
		assert_true(seen.images > 500 && seen.torn > 50 && seen.lost > 100 && seen.nested > 10);
}

static void
a_crash_at_the_first_start_loses_nothing(void **state)
{
	struct promise p = { 0 };

	crash_everywhere(*state, CHAIN_NEW, &p, 0);
}

static void
a_crash_while_a_log_goes_on_loses_nothing(void **state)
{
	const struct logs *l = *state;
	struct promise p = { 0 };

	write_log(l, 2);
	crash_everywhere(l, CHAIN_WHOLE, &p, 3);
}

static void
a_crash_while_segments_are_closed_loses_nothing(void **state)
{
	const struct logs *l = *state;
	struct promise p = { .segments = true };

	write_log(l, 2);
	crash_everywhere(l, CHAIN_WHOLE, &p, 3);
}

static void
a_crash_while_the_anchor_changes_loses_nothing_and_trusts_nobody(void **state)
{
	const struct logs *l = *state;
	uint8_t anchor[32];
	struct promise p = { .segments = true, .rotates = anchor };

	write_log(l, 2);
	anchor_of(l, anchor);
	crash_everywhere(l, CHAIN_WHOLE, &p, 3);
	print_message("%llu of them with the new anchor\n", (unsigned long long)seen.rotated);
	assert_true(seen.rotated > 100 && seen.images - seen.rotated > 100);
}

/* YETT_SESSIONS of them. */
static void
a_crash_in_a_session_by_chance_loses_nothing(void **state)
{
	const char *said = getenv("YETT_SESSIONS");
	uint64_t sessions = said ? strtoull(said, NULL, 10) : 2, images = 0;
	struct logs *l = *state;

	for (uint64_t i = 0; i < sessions; i++) {
		struct promise p = { .dice = 2 * i + 1, .segments = true };
		logs_empty(l);
		write_log(l, 2);
		crash_everywhere(l, CHAIN_WHOLE, &p, 3);
		images += seen.images;
	}
	print_message("%llu sessions by chance, %llu crashes in all\n", (unsigned long long)sessions, (unsigned long long)images);
	assert_true(images > 300 * sessions);
}

static void
a_crash_while_a_torn_tail_is_cut_loses_nothing(void **state)
{
	const struct logs *l = *state;
	static char tail[] = "{\"torn\":";
	struct promise p = { .evidence[0] = { tail, sizeof(tail) } };

	write_log(l, 2);
	CLEANUP_BLOB struct blob log = blob_read(l->log, CHAIN_FILE);
	log.data = realloc(log.data, log.len + sizeof(tail));
	assert_non_null(log.data);
	memcpy(log.data + log.len, tail, sizeof(tail));
	assert_true(blob_write(l->log, CHAIN_FILE, log.data, log.len + sizeof(tail)));
	crash_everywhere(l, CHAIN_TORN, &p, 3);
}

static void
a_crash_while_a_broken_log_is_replaced_loses_no_evidence(void **state)
{
	const struct logs *l = *state;

	write_log(l, 2);
	struct promise p = { .may_break = true, .evidence = { blob_read(l->log, CHAIN_FILE), blob_read(l->state, ANCHOR_FILE) } };
	assert_int_equal(unlinkat(l->state, RATCHET_FILE, 0), 0);
	crash_everywhere(l, CHAIN_BROKEN, &p, 0);
	free(p.evidence[0].data);
	free(p.evidence[1].data);
}

/* A disk that refuses something once: what was refused comes again, and the power fails on the way. */
static void
a_crash_after_a_failed_commit_loses_nothing(void **state)
{
	struct logs *l = *state;
	unsigned failed = 0;

	memset(&seen, 0, sizeof(seen));
	for (int k = 0; k < 8; k++) {
		struct session s;
		struct promise p = { 0 };
		logs_empty(l);
		write_log(l, 2);
		disk_record(l);
		disk_acked(3);
		struct chain *c = open_chain(l, CHAIN_WHOLE);
		assert_int_equal(logs_append(c, 3, 800, true), 0);
		assert_int_equal(logs_append(c, 4, 10, false), 0);
		disk.fail_at = disk.calls + k;
		disk.fail_errno = ENOSPC;
		failed += chain_commit(c) == -ENOSPC;
		disk.fail_at = -1;
		assert_int_equal(chain_commit(c), 0);
		disk_acked(5);
		write_batch(c, 1);
		disk_acked(6);
		chain_free(c);
		disk_stop(&s);
		p.log = blob_read(l->log, CHAIN_FILE);
		explore(&s, &p, false);
		free(p.log.data);
		session_free(&s);
	}
	assert_int_equal(failed, 4);	/* the key, its sync, the batch, its sync; to erase the old key may fail */
	assert_true(seen.images > 500 && seen.torn > 50);
}

/* -- disks that fail, without a crash */

static const int errors[] = { EIO, ENOSPC };

/* Call number K of what follows fails; ON: and all after it. */
static void
let_fail(int k, size_t error, bool on)
{
	disk.calls = 0;
	disk.fail_at = k;
	disk.fail_errno = errors[error];
	disk.fail_on = on;
	disk.halved = false;
}

/* Call K of a commit fails. Returns false when there is no such call. */
static bool
commit_that_fails(struct logs *l, int k, size_t error, int how)
{
	enum chain_found found;
	uint64_t torn, n = 3;
	struct chain *c;
	bool on = how & 1, ends = how & 2;

	logs_empty(l);
	write_log(l, 2);
	c = open_chain(l, CHAIN_WHOLE);
	assert_int_equal(logs_append(c, 3, 1000, false), 0);
	assert_int_equal(logs_append(c, 4, 1000, true), 0);
	let_fail(k, error, on);
	int err = chain_commit(c), again = on && err ? chain_commit(c) : err;
	bool met = disk.calls > k;
	let_fail(-1, 0, false);
	assert_true(err == 0 || err == -errors[error]);
	assert_int_equal(again, err);
	if (err && !ends)
		err = chain_commit(c);
	n += err ? 0 : 2;
	if (ends) {
		chain_free(c);
		assert_int_equal(chain_open(&c, &(struct chain_place){ CHAIN_ALERTS, l->log, l->state }, &found, &torn), 0);
		assert_int_not_equal(found, CHAIN_BROKEN);
	}
	assert_true(chain_head(c)->sequence >= n);
	n = chain_head(c)->sequence;
	prove_own(l, n);
	write_batch(c, 3);
	chain_free(c);
	prove_own(l, n + 3);
	chain_free(open_chain(l, CHAIN_WHOLE));
	return met;
}

static void
each_call_of_a_commit_may_fail(void **state)
{
	for (size_t error = 0; error < COUNT(errors); error++)
		for (int how = 0; how < 4; how++) {
			int k = 0;
			while (commit_that_fails(*state, k, error, how))
				k++;
			assert_true(k >= 5);
		}
}

/* Call K of opening fails, in a state that DAMAGE made. Returns false when there is no such call. */
static bool
open_that_fails(struct logs *l, int k, size_t error, int what)
{
	enum chain_found found, wants[] = { CHAIN_NEW, CHAIN_WHOLE, CHAIN_TORN, CHAIN_BROKEN };
	static char brace[] = { '{' };
	struct blob keep = { 0 };
	uint64_t torn, n = 0;
	struct chain *c = NULL;

	logs_empty(l);
	if (what) {
		write_log(l, 2);
		n = 3;
	}
	CLEANUP_BLOB struct blob log = blob_read(l->log, CHAIN_FILE);
	if (what == 2) {
		log.data[log.len++] = '{';	/* blob_read() leaves a byte */
		assert_true(blob_write(l->log, CHAIN_FILE, log.data, log.len));
		keep = (struct blob){ brace, 1 };
	} else if (what == 3) {
		assert_int_equal(unlinkat(l->state, RATCHET_FILE, 0), 0);
		keep = log;
		n = 0;
	}
	let_fail(k, error, false);
	int err = chain_open(&c, &(struct chain_place){ CHAIN_ALERTS, l->log, l->state }, &found, &torn);
	bool met = disk.calls > k;
	let_fail(-1, 0, false);
	assert_true(err == 0 || err == -errors[error]);
	assert_int_equal(err == 0, c != NULL);
	chain_free(c);
	if (met)
		assert_int_equal(err, -errors[error]);
	assert_int_equal(chain_open(&c, &(struct chain_place){ CHAIN_ALERTS, l->log, l->state }, &found, &torn), 0);
	if (what != 3)
		assert_true(found == wants[what] || (what == 2 && found == CHAIN_WHOLE) || (!met && found <= CHAIN_WHOLE));
	assert_true(is_kept(l->log, keep));
	assert_true(chain_head(c)->sequence == n);
	write_batch(c, 2);
	chain_free(c);
	prove_own(l, n + 2);
	return met;
}

static void
each_call_of_opening_may_fail(void **state)
{
	for (size_t error = 0; error < COUNT(errors); error++)
		for (int what = 0; what < 4; what++) {
			int k = 0;
			while (open_that_fails(*state, k, error, what))
				k++;
			assert_true(k >= 5);
		}
}

/* A commit, or the end of a log, is asked for again until it works. How often it did not. */
static unsigned
insist(int (*fn)(struct chain *), struct chain *c, size_t error, bool on)
{
	unsigned failed = 0;

	for (int err; (err = fn(c)); failed++) {
		assert_int_equal(err, -errors[error]);
		assert_false(chain_has_room(c));
		if (on && failed)	/* twice in vain, then the disk is well again */
			let_fail(-1, 0, false);
	}
	return failed;
}

/*
 * Call K from the plan to the new log fails. HOW, bits: all after it too; the process ends where it fails. Returns false when there is no
 * such call.
 */
static bool
rotation_that_fails(struct logs *l, int k, size_t error, int how)
{
	uint8_t anchor[32];
	struct promise p = { .rotates = anchor };
	bool on = how & 1, ends = how & 2;
	char hex[65];

	logs_empty(l);
	write_log(l, 2);
	anchor_of(l, anchor);
	struct chain *c = open_chain(l, CHAIN_WHOLE);
	assert_int_equal(chain_close_segment(c), 0);
	write_batch(c, 1);
	let_fail(k, error, on);
	int err = chain_plan_rotation(c, hex);
	bool planned = !err;
	if (planned) {
		assert_int_equal(logs_append(c, 4, 100, true), 0);
		err = ends ? chain_commit(c) : insist(chain_commit, c, error, on) ? -errors[error] : 0;
		if (!ends || !err)
			err = ends ? chain_rotate(c) : insist(chain_rotate, c, error, on) ? -errors[error] : err;
	}
	bool met = disk.calls > k || err;
	let_fail(-1, 0, false);
	assert_true(err == 0 || err == -errors[error]);
	if (ends) {
		enum chain_found found;
		uint64_t torn;
		chain_free(c);
		assert_int_equal(chain_open(&c, &(struct chain_place){ CHAIN_ALERTS, l->log, l->state }, &found, &torn), 0);
		assert_int_not_equal(found, CHAIN_BROKEN);
	}
	uint64_t before = prove_rotation(l, &p, c);
	assert_true(before == 5 || (before == 0 && (!planned || ends)));
	uint64_t n = chain_head(c)->sequence;
	assert_true(before ? n == 0 : n == 4 || n == 5);
	write_batch(c, 2);
	chain_free(c);
	prove_own(l, n + 2);
	chain_free(open_chain(l, CHAIN_WHOLE));
	return met;
}

static void
each_call_of_a_new_anchor_may_fail(void **state)
{
	for (size_t error = 0; error < COUNT(errors); error++)
		for (int how = 0; how < 4; how++) {
			int k = 0;
			while (rotation_that_fails(*state, k, error, how))
				k++;
			assert_true(k >= 30);
		}
}

static void
evidence_is_not_replaced_where_the_file_system_cannot_promise_it(void **state)
{
	const struct logs *l = *state;

	assert_true(blob_write(l->log, "from", "new", 3));
	assert_true(blob_write(l->log, "to", "old", 3));
	for (int i = 0; i < 2; i++) {
		let_fail(0, 0, false);
		disk.fail_errno = EINVAL;	/* as of a file system without RENAME_NOREPLACE */
		assert_int_equal(keep_aside(l->log, "from", "to"), i ? 0 : -EEXIST);
		CLEANUP_BLOB struct blob b = blob_read(l->log, "to");
		assert_memory_equal(b.data, i ? "new" : "old", 3);
		assert_int_equal(unlinkat(l->log, "to", 0), 0);
	}
	let_fail(-1, 0, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_crash_at_the_first_start_loses_nothing),
		TEST(a_crash_while_a_log_goes_on_loses_nothing),
		TEST(a_crash_while_segments_are_closed_loses_nothing),
		TEST(a_crash_while_the_anchor_changes_loses_nothing_and_trusts_nobody),
		TEST(a_crash_in_a_session_by_chance_loses_nothing),
		TEST(a_crash_while_a_torn_tail_is_cut_loses_nothing),
		TEST(a_crash_while_a_broken_log_is_replaced_loses_no_evidence),
		TEST(a_crash_after_a_failed_commit_loses_nothing),
		TEST(each_call_of_a_commit_may_fail),
		TEST(each_call_of_opening_may_fail),
		TEST(each_call_of_a_new_anchor_may_fail),
		TEST(evidence_is_not_replaced_where_the_file_system_cannot_promise_it),
	};

	return cmocka_run_group_tests(tests, NULL, remove_levels);
}
