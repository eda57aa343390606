#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "judge/hashes.h"

static struct file
file(uint64_t ino)
{
	struct file f = { .dev = 1, .ino = ino, .size = 100, .ctime_ns = 5, .mtime_ns = 6 };

	memcpy(f.sha256, &ino, sizeof(ino));
	return f;
}

static void
put_hash(struct hashes *h, const struct file *f, uint8_t type, const char *interpreter)
{
	struct hashed what = { .type = type, .interpreter_len = (uint8_t)strlen(interpreter) };

	memcpy(what.sha256, f->sha256, sizeof(what.sha256));
	memcpy(what.interpreter, interpreter, what.interpreter_len);
	hashes_put(h, f, &what);
}

static const struct hashed *
found(struct hashes *h, const struct file *f)
{
	return hashes_find(h, f);
}

static void
put(struct hashes *h, uint64_t ino)
{
	struct file f = file(ino);

	put_hash(h, &f, 1, "/lib/ld.so");
}

static void
a_hash_is_found_by_all_of_its_identity(void **state)
{
	(void)state;
	struct hashes *h;
	struct file f = file(7), other;

	assert_int_equal(hashes_new(&h, 64, sizeof(struct hashed)), 0);
	assert_null(hashes_find(h, &f));
	put_hash(h, &f, 2, "/bin/sh");
	memset(f.sha256, 0, sizeof(f.sha256));
	f.uid = 1000;		/* who owns it does not change what is in it */
	const struct hashed *it = found(h, &f);
	assert_non_null(it);
	assert_int_equal(it->sha256[0], 7);
	assert_int_equal(it->type, 2);
	assert_int_equal(it->interpreter_len, 7);
	assert_memory_equal(it->interpreter, "/bin/sh", 7);
	other = f, other.dev++;
	assert_null(hashes_find(h, &other));
	other = f, other.ino++;
	assert_null(hashes_find(h, &other));
	other = f, other.size++;
	assert_null(hashes_find(h, &other));
	other = f, other.ctime_ns++;
	assert_null(hashes_find(h, &other));
	other = f, other.mtime_ns++;
	assert_null(hashes_find(h, &other));
	hashes_free(h);
}

static void
the_same_identity_has_one_hash(void **state)
{
	(void)state;
	struct hashes *h;
	struct file f = file(7);

	assert_int_equal(hashes_new(&h, 1, sizeof(struct hashed)), 0);
	for (int i = 0; i < 100; i++) {
		f.sha256[0] = (uint8_t)i;
		put_hash(h, &f, 0, "");
		assert_int_equal(found(h, &f)->sha256[0], i);
	}
	put(h, 8);
	assert_non_null(hashes_find(h, &f));
	hashes_free(h);
}

static void
what_was_asked_for_stays_and_the_oldest_goes(void **state)
{
	(void)state;
	struct hashes *h;
	struct file wanted = file(1), unwanted = file(2);

	assert_int_equal(hashes_new(&h, 8, sizeof(struct hashed)), 0);		/* one set */
	put(h, 1);
	put(h, 2);
	for (uint64_t ino = 100; ino < 1000; ino++) {
		put(h, ino);
		assert_non_null(hashes_find(h, &wanted));
	}
	assert_null(hashes_find(h, &unwanted));
	hashes_free(h);
}

static void
many_files_find_room(void **state)
{
	(void)state;
	struct hashes *h;
	unsigned kept = 0;

	assert_int_equal(hashes_new(&h, 4096, sizeof(struct hashed)), 0);
	for (uint64_t ino = 1; ino <= 2048; ino++)
		put(h, ino);
	for (uint64_t ino = 1; ino <= 2048; ino++) {
		struct file f = file(ino);
		const struct hashed *it = found(h, &f);
		if (!it)
			continue;
		assert_memory_equal(it->sha256, f.sha256, sizeof(f.sha256));
		kept++;
	}
	assert_true(kept > 1900);	/* half full: hardly any set of 8 overflows */
	hashes_clear(h);
	struct file f = file(2048);
	assert_null(hashes_find(h, &f));
	hashes_free(h);
}

/* Whatever it is that is known: each file has its own bytes, and all of them. */
static void
any_size_can_be_known_of_a_file(void **state)
{
	(void)state;
	static const size_t sizes[] = { 1, 7, 8, 9, 1000, 1301, 65535 };
	static uint8_t what[65536];
	struct hashes *h;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(hashes_new(&h, 64, sizes[i]), 0);
		for (uint64_t ino = 1; ino <= 8; ino++) {
			struct file f = file(ino);
			memset(what, (int)ino, sizeof(what));
			hashes_put(h, &f, what);
		}
		for (uint64_t ino = 1; ino <= 8; ino++) {
			struct file f = file(ino);
			const uint8_t *it = hashes_find(h, &f);
			assert_non_null(it);
			assert_int_equal(it[0], ino);
			assert_int_equal(it[sizes[i] - 1], ino);
		}
		hashes_free(h);
	}
}

static void
impossible_sizes_are_refused(void **state)
{
	(void)state;
	struct hashes *h = NULL;

	assert_true(hashes_new(&h, SIZE_MAX, sizeof(struct hashed)) < 0);
	assert_true(hashes_new(&h, 8, SIZE_MAX) < 0);
	assert_null(h);
	hashes_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hash_is_found_by_all_of_its_identity),
		cmocka_unit_test(the_same_identity_has_one_hash),
		cmocka_unit_test(what_was_asked_for_stays_and_the_oldest_goes),
		cmocka_unit_test(many_files_find_room),
		cmocka_unit_test(any_size_can_be_known_of_a_file),
		cmocka_unit_test(impossible_sizes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
