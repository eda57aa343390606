#include <signal.h>
#include <sodium.h>
#include "chains.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define SEED_AT		12	/* in a slot of the ratchet */

static mode_t
mode_of(int dir, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode;
}

static void
a_new_chain_has_keys_an_anchor_and_no_record(void **state)
{
	const struct logs *l = *state;
	char hex[65];
	uint8_t key[32], blob[64];
	size_t len;

	assert_int_equal(chain_anchor(CHAIN_ALERTS, l->state, hex), -ENOENT);
	mode_t mask = umask(0777);
	struct chain *c = open_chain(l, CHAIN_NEW);
	umask(mask);
	const struct chain_head *h = chain_head(c);
	assert_true(h->sequence == 0 && h->segment == 1 && h->epoch == 0);
	assert_string_equal(h->prev, "0000000000000000000000000000000000000000000000000000000000000000");
	assert_true(chain_is_empty(c) && chain_has_room(c));
	assert_int_equal(chain_commit(c), 0);
	anchor_of(l, key);
	assert_int_equal(chain_anchor(CHAIN_ALERTS, l->state, hex), 0);
	assert_int_equal(mode_of(l->state, RATCHET_FILE), S_IFREG | 0600);
	assert_int_equal(mode_of(l->state, ANCHOR_FILE), S_IFREG | 0644);
	assert_int_equal(mode_of(l->state, ANCHOR_PUB), S_IFREG | 0644);
	assert_int_equal(mode_of(l->log, CHAIN_FILE), S_IFREG | 0640);
	/* The same key as minisign reads it: a comment, then "Ed", the name of the key, the key. */
	CLEANUP_BLOB struct blob pub = blob_read(l->state, ANCHOR_PUB);
	const char *second = memchr(pub.data, '\n', pub.len);
	assert_memory_equal(pub.data, "untrusted comment: ", 19);
	assert_int_equal(pub.data + pub.len - second, 1 + 56 + 1);
	assert_int_equal(sodium_base642bin(blob, sizeof(blob), second + 1, 56, NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL), 0);
	assert_int_equal(len, 42);
	assert_memory_equal(blob, "Ed", 2);
	assert_memory_equal(blob + 10, key, 32);
	char id[17];
	sodium_bin2hex(id, sizeof(id), blob + 2, 8);
	assert_string_equal(id, h->log);
	chain_free(c);
}

static void
keys_can_be_made_before_the_first_start(void **state)
{
	const struct logs *l = *state;
	char hex[65], again[65];

	assert_int_equal(chain_keys_init(CHAIN_ALERTS, l->state, hex), 0);
	assert_int_equal(chain_keys_init(CHAIN_ALERTS, l->state, again), -EEXIST);
	chain_free(open_chain(l, CHAIN_NEW));
	assert_int_equal(chain_anchor(CHAIN_ALERTS, l->state, again), 0);
	assert_string_equal(hex, again);
	write_log(l, 2);
	prove_own(l, 3);
	assert_int_equal(unlinkat(l->state, ANCHOR_FILE, 0), 0);
	assert_int_equal(chain_keys_init(CHAIN_ALERTS, l->state, again), -EEXIST);	/* the ratchet alone is reason enough */
}

static void
each_commit_seals_all_before_it_and_changes_the_key(void **state)
{
	const struct logs *l = *state;
	struct chain *c = open_chain(l, CHAIN_NEW);
	uint64_t n = 0;

	for (unsigned i = 1; i < 12; i++) {
		write_batch(c, i);
		n += i;
		assert_true(chain_is_empty(c));
		assert_true(chain_head(c)->sequence == n);
		assert_true(chain_head(c)->epoch == i);
		prove_own(l, n);
		if (i % 3 == 0) {
			assert_int_equal(chain_rest(c), 0);
			assert_int_equal(chain_rest(c), 0);
		}
	}
	chain_free(c);
}

static void
what_was_not_committed_is_not_there(void **state)
{
	const struct logs *l = *state;

	write_log(l, 3);
	struct chain *c = open_chain(l, CHAIN_WHOLE);
	assert_int_equal(logs_append(c, 1, 10, true), 0);
	assert_int_equal(logs_append(c, 2, 10, false), 0);
	assert_false(chain_is_empty(c));
	assert_true(chain_head(c)->sequence == 8);
	chain_free(c);
	prove_own(l, 6);
	c = open_chain(l, CHAIN_WHOLE);
	assert_true(chain_head(c)->sequence == 6);
	chain_free(c);
}

static void
a_chain_goes_on_after_any_number_of_starts(void **state)
{
	const struct logs *l = *state;
	struct chain_head before;
	uint8_t first[32], key[32];

	write_log(l, 1);
	anchor_of(l, first);
	for (unsigned i = 0; i < 30; i++) {
		struct chain *c = open_chain(l, CHAIN_WHOLE);
		write_batch(c, 2);
		before = *chain_head(c);
		chain_free(c);
		c = open_chain(l, CHAIN_WHOLE);
		assert_memory_equal(chain_head(c)->prev, before.prev, sizeof(before.prev));
		assert_string_equal(chain_head(c)->log, before.log);
		assert_true(chain_head(c)->sequence == before.sequence && chain_head(c)->epoch == before.epoch);
		chain_free(c);
	}
	anchor_of(l, key);
	assert_memory_equal(key, first, 32);
	prove_own(l, 61);
}

/* -- tails that were never acknowledged */

static void
append_bytes(const struct logs *l, const void *data, size_t len)
{
	CLEANUP_FD int fd = openat(l->log, CHAIN_FILE, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_true(write(fd, data, len) == (ssize_t)len);
}

/* A record that would be next, as anybody can make one: linked, and signed by KEY if there is one. */
static size_t
forge(const struct logs *l, uint8_t *secret, char *out, size_t size)
{
	CLEANUP_BLOB struct blob log = blob_read(l->log, CHAIN_FILE);
	const char *last = log.data;
	char prev[65], coded[87];
	uint8_t sig[64];
	unsigned n = 0;

	for (const char *nl; (nl = memchr(last, '\n', (size_t)(log.data + log.len - last))) && nl + 1 < log.data + log.len; n++)
		last = nl + 1;
	line_hash(last, (size_t)(log.data + log.len - last), prev);
	int len = snprintf(out, size,
	    "{\"yett\":{\"x\":1,\"v\":1,\"log\":\"0011223344556677\",\"seg\":0,\"boot\":\"\",\"mono\":0,\"seq\":%u,\"prev\":\"%s\"%s}",
	    n + 1, prev, secret ? ",\"next\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"" : "");
	assert_true(len > 0 && (size_t)len + LINE_TAIL < size);
	if (!secret)
		return (size_t)len + (size_t)snprintf(out + len, size - (size_t)len, "}\n");
	crypto_sign_detached(sig, NULL, (const uint8_t *)out, (size_t)len, secret);
	sodium_bin2base64(coded, sizeof(coded), sig, sizeof(sig), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return (size_t)len + (size_t)snprintf(out + len, size - (size_t)len, ",\"sig\":\"%s\"}\n", coded);
}

/* The tail that was just added is kept aside as NAME, byte by byte, and the chain goes on without it. */
static void
tail_is_kept(const struct logs *l, const char *tail, size_t len, const char *name)
{
	uint64_t torn, n;
	enum chain_found found;
	struct chain *c;

	append_bytes(l, tail, len);
	assert_int_equal(chain_open(&c, &(struct chain_place){ CHAIN_ALERTS, l->log, l->state }, &found, &torn), 0);
	assert_int_equal(found, CHAIN_TORN);
	assert_true(torn == len);
	n = chain_head(c)->sequence;
	CLEANUP_BLOB struct blob kept = blob_read(l->log, name);
	assert_int_equal(kept.len, len);
	assert_memory_equal(kept.data, tail, len);
	prove_own(l, n);
	chain_free(c);
	chain_free(open_chain(l, CHAIN_WHOLE));
}

static void
a_tail_that_nobody_acknowledged_is_kept_aside_and_cut(void **state)
{
	const struct logs *l = *state;
	static char big[200000];
	char line[1024];
	uint8_t public[32], secret[64];

	write_log(l, 4);		/* ten records */
	size_t len = forge(l, NULL, line, sizeof(line));
	tail_is_kept(l, line, len, CHAIN_FILE ".torn-10");
	tail_is_kept(l, line, len - 1, CHAIN_FILE ".torn-10.1");
	tail_is_kept(l, line, 1, CHAIN_FILE ".torn-10.2");
	crypto_sign_keypair(public, secret);
	len = forge(l, secret, line, sizeof(line));
	tail_is_kept(l, line, len, CHAIN_FILE ".torn-10.3");
	tail_is_kept(l, "\n", 1, CHAIN_FILE ".torn-10.4");
	tail_is_kept(l, "\0\0\0\0\0\0\0\0\n\0\n{}\n", 15, CHAIN_FILE ".torn-10.5");
	tail_is_kept(l, big, sizeof(big), CHAIN_FILE ".torn-10.6");
	struct chain *c = open_chain(l, CHAIN_WHOLE);
	write_batch(c, 2);
	chain_free(c);
	prove_own(l, 12);
	tail_is_kept(l, "{", 1, CHAIN_FILE ".torn-12");
}

static void
a_first_batch_that_is_torn_leaves_an_empty_log(void **state)
{
	const struct logs *l = *state;

	chain_free(open_chain(l, CHAIN_NEW));
	append_bytes(l, "{\"a\":", 5);
	struct chain *c = open_chain(l, CHAIN_TORN);
	assert_true(chain_head(c)->sequence == 0);
	write_batch(c, 3);
	chain_free(c);
	prove_own(l, 3);
}

/* -- logs that no key continues */

static void cut_to_a_line(const struct logs *l)
{
	CLEANUP_BLOB struct blob log = blob_read(l->log, CHAIN_FILE);
	const char *second = (const char *)memchr(log.data, '\n', log.len) + 1;

	assert_true(blob_write(l->log, CHAIN_FILE, log.data, (size_t)(second - log.data)));
}

static void flip_the_first_record(const struct logs *l)
{
	CLEANUP_BLOB struct blob log = blob_read(l->log, CHAIN_FILE);

	log.data[6] ^= 1;
	assert_true(blob_write(l->log, CHAIN_FILE, log.data, log.len));
}

static void remove_the_first_record(const struct logs *l)
{
	CLEANUP_BLOB struct blob log = blob_read(l->log, CHAIN_FILE);
	const char *second = (const char *)memchr(log.data, '\n', log.len) + 1;

	assert_true(blob_write(l->log, CHAIN_FILE, second, (size_t)(log.data + log.len - second)));
}

static void empty_the_log(const struct logs *l) { assert_true(blob_write(l->log, CHAIN_FILE, "", 0)); }
static void remove_the_log(const struct logs *l) { assert_int_equal(unlinkat(l->log, CHAIN_FILE, 0), 0); }
static void remove_the_keys(const struct logs *l) { assert_int_equal(unlinkat(l->state, RATCHET_FILE, 0), 0); }
static void empty_the_keys(const struct logs *l) { assert_true(blob_write(l->state, RATCHET_FILE, "", 0)); }
static void garble_the_keys(const struct logs *l)
{
	CLEANUP_BLOB struct blob keys = blob_read(l->state, RATCHET_FILE);

	for (size_t at = SEED_AT; at < keys.len; at += RATCHET_SLOT)
		keys.data[at] ^= 1;
	assert_true(blob_write(l->state, RATCHET_FILE, keys.data, keys.len));
}

static void
a_log_that_no_key_continues_is_kept_and_another_begins(void **state)
{
	struct logs *l = *state;
	static const struct { void (*damage)(const struct logs *); bool log_left; } cases[] = {
		{ cut_to_a_line, true }, { flip_the_first_record, true }, { remove_the_first_record, true }, { empty_the_log, true },
		{ remove_the_log, false }, { remove_the_keys, true }, { empty_the_keys, true }, { garble_the_keys, true },
	};
	uint8_t old[32], new[32], kept[32];
	char id[17], name[64];

	for (size_t i = 0; i < COUNT(cases); i++) {
		logs_empty(l);
		write_log(l, 3);
		anchor_of(l, old);
		anchor_id(old, id);
		cases[i].damage(l);
		CLEANUP_BLOB struct blob before = blob_read(l->log, CHAIN_FILE);
		struct chain *c = open_chain(l, CHAIN_BROKEN);
		assert_true(chain_head(c)->sequence == 0 && chain_head(c)->epoch == 0);
		write_batch(c, 2);
		chain_free(c);
		anchor_of(l, new);
		assert_memory_not_equal(old, new, 32);
		prove_own(l, 2);
		snprintf(name, sizeof(name), "%s/%s", id, CHAIN_FILE);
		CLEANUP_BLOB struct blob after = blob_read(l->log, name);
		assert_int_equal(after.data != NULL, cases[i].log_left);
		assert_int_equal(after.len, before.len);
		assert_memory_equal(after.data ? after.data : "", before.data ? before.data : "", before.len);
		snprintf(name, sizeof(name), "%s.%s", ANCHOR_FILE, id);
		CLEANUP_BLOB struct blob hex = blob_read(l->state, name);
		assert_int_equal(sodium_hex2bin(kept, sizeof(kept), hex.data, 64, NULL, NULL, NULL), 0);
		assert_memory_equal(kept, old, 32);
	}
}

static void
what_was_kept_aside_is_never_overwritten(void **state)
{
	const struct logs *l = *state;
	uint8_t key[32];
	char id[17], name[64];

	write_log(l, 2);
	anchor_of(l, key);
	anchor_id(key, id);
	snprintf(name, sizeof(name), "%s/%s", id, CHAIN_FILE);
	assert_int_equal(mkdirat(l->log, id, 0700), 0);
	assert_true(blob_write(l->log, name, "evidence", 8));
	remove_the_keys(l);
	chain_free(open_chain(l, CHAIN_BROKEN));
	CLEANUP_BLOB struct blob first = blob_read(l->log, name);
	assert_int_equal(first.len, 8);
	assert_memory_equal(first.data, "evidence", 8);
	snprintf(name, sizeof(name), "%s/%s.1", id, CHAIN_FILE);
	prove(l->log, name, key, 3);
}

static void
a_lost_anchor_is_not_invented(void **state)
{
	const struct logs *l = *state;
	uint8_t key[32], other[32];

	write_log(l, 3);
	anchor_of(l, key);
	assert_int_equal(unlinkat(l->state, ANCHOR_FILE, 0), 0);
	struct chain *c = open_chain(l, CHAIN_WHOLE);
	write_batch(c, 2);
	chain_free(c);
	assert_int_equal(anchor_read(l->state, ANCHOR_FILE, other), -ENOENT);
	prove(l->log, CHAIN_FILE, key, 8);
	assert_true(blob_write(l->state, ANCHOR_FILE, "not hex", 7));
	chain_free(open_chain(l, CHAIN_WHOLE));
	assert_int_equal(anchor_read(l->state, ANCHOR_FILE, other), -EBADMSG);
}

static void
what_is_no_file_is_refused_at_once(void **state)
{
	struct logs *l = *state;
	static const struct { const char *target; mode_t type; } cases[] = {
		{ "/etc/passwd", S_IFLNK }, { "nowhere", S_IFLNK }, { NULL, S_IFIFO }, { NULL, S_IFDIR },
	};
	struct chain *c = NULL;
	enum chain_found found;
	uint64_t torn;

	for (size_t i = 0; i < COUNT(cases); i++)
		for (int which = 0; which < 2; which++) {
			int dir = which ? l->state : l->log;
			const char *name = which ? RATCHET_FILE : CHAIN_FILE;
			logs_empty(l);
			write_log(l, 1);
			assert_int_equal(unlinkat(dir, name, 0), 0);
			if (cases[i].type == S_IFLNK)
				assert_int_equal(symlinkat(cases[i].target, dir, name), 0);
			else if (cases[i].type == S_IFIFO)
				assert_int_equal(mknodat(dir, name, S_IFIFO | 0600, 0), 0);
			else
				assert_int_equal(mkdirat(dir, name, 0700), 0);
			assert_true(chain_open(&c, &(struct chain_place){ CHAIN_ALERTS, l->log, l->state }, &found, &torn) < 0);
			assert_null(c);
			unlinkat(dir, name, cases[i].type == S_IFDIR ? AT_REMOVEDIR : 0);
		}
}

/* -- limits */

static void
a_record_of_the_largest_size_is_one_and_one_byte_more_is_not(void **state)
{
	const struct logs *l = *state;
	struct chain *c = open_chain(l, CHAIN_NEW);
	static char body[RECORD_MAX];
	int head = snprintf(body, sizeof(body), "{\"yett\":{\"x\":\"");
	struct chain_line line = { .body = body, .len = RECORD_MAX - CHAIN_SUFFIX, .mono_ns = UINT64_MAX, .boot_id = BOOT_ID, .sealed = true };

	memset(body + head, 'x', sizeof(body) - (size_t)head);
	body[line.len - 1] = '"';
	assert_int_equal(chain_append(c, &line), 0);
	line.len++;
	assert_int_equal(chain_append(c, &line), -EMSGSIZE);
	assert_true(chain_head(c)->sequence == 1);
	line.len = SIZE_MAX - CHAIN_SUFFIX + 1;
	assert_int_equal(chain_append(c, &line), -EMSGSIZE);
	assert_int_equal(chain_commit(c), 0);
	prove_own(l, 1);
	chain_free(c);
}

static void
a_full_batch_takes_nothing_until_it_is_committed(void **state)
{
	const struct logs *l = *state;
	struct chain *c = open_chain(l, CHAIN_NEW);
	unsigned n = 0;

	for (; chain_has_room(c); n++)
		assert_int_equal(logs_append(c, n, 60000, n % 2), 0);
	assert_true(n > 10);
	assert_int_equal(logs_append(c, n, 10, true), -ENOSPC);
	assert_true(chain_head(c)->sequence == n);
	assert_int_equal(chain_commit(c), 0);
	assert_int_equal(logs_append(c, n, 10, true), 0);
	assert_int_equal(chain_commit(c), 0);
	chain_free(c);
	prove_own(l, n + 1);
}

static void
a_disk_without_room_loses_nothing_and_acknowledges_nothing(void **state)
{
	const struct logs *l = *state;
	struct chain *c = open_chain(l, CHAIN_NEW);
	struct stat st;
	uint64_t n = 10;
	unsigned refused = 0;

	signal(SIGXFSZ, SIG_IGN);
	write_batch(c, 10);
	for (unsigned i = 0; i < 60; i++) {	/* no room for the key, then for part of the batch, then for all of it */
		assert_int_equal(fstatat(l->log, CHAIN_FILE, &st, 0), 0);
		off_t before = st.st_size;
		for (unsigned k = 0; k < 3; k++)
			assert_int_equal(logs_append(c, k, 100, k == 2), 0);
		n += 3;
		if (!commit_within(c, i < 20 ? i * 450 : (rlim_t)before + 40 * (i - 20))) {
			refused++;
			assert_int_equal(fstatat(l->log, CHAIN_FILE, &st, 0), 0);
			assert_int_equal(st.st_size, before);
			prove_own(l, n - 3);
			assert_false(chain_has_room(c));
			assert_int_equal(logs_append(c, 9, 10, true), -EBUSY);
			assert_true(chain_head(c)->sequence == n);
			if (refused % 2) {	/* it is tried again, or the process ends */
				assert_int_equal(chain_commit(c), 0);
			} else {
				n -= 3;
				chain_free(c);
				c = open_chain(l, CHAIN_WHOLE);
			}
		}
		assert_true(chain_has_room(c));
		assert_true(chain_head(c)->sequence == n);
		prove_own(l, n);
	}
	assert_in_range(refused, 30, 58);
	chain_free(c);
	signal(SIGXFSZ, SIG_DFL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_chain_has_keys_an_anchor_and_no_record),
		TEST(keys_can_be_made_before_the_first_start),
		TEST(each_commit_seals_all_before_it_and_changes_the_key),
		TEST(what_was_not_committed_is_not_there),
		TEST(a_chain_goes_on_after_any_number_of_starts),
		TEST(a_tail_that_nobody_acknowledged_is_kept_aside_and_cut),
		TEST(a_first_batch_that_is_torn_leaves_an_empty_log),
		TEST(a_log_that_no_key_continues_is_kept_and_another_begins),
		TEST(what_was_kept_aside_is_never_overwritten),
		TEST(a_lost_anchor_is_not_invented),
		TEST(what_is_no_file_is_refused_at_once),
		TEST(a_record_of_the_largest_size_is_one_and_one_byte_more_is_not),
		TEST(a_full_batch_takes_nothing_until_it_is_committed),
		TEST(a_disk_without_room_loses_nothing_and_acknowledges_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
