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
put(struct hashes *h, uint64_t ino)
{
	struct file f = file(ino);

	hashes_put(h, &f, 1, "/lib/ld.so", 10);
}

static void
a_hash_is_found_by_all_of_its_identity(void **state)
{
	(void)state;
	struct hashes *h;
	struct file f = file(7), other;

	assert_int_equal(hashes_new(&h, 64), 0);
	assert_null(hashes_find(h, &f));
	hashes_put(h, &f, 2, "/bin/sh", 7);
	memset(f.sha256, 0, sizeof(f.sha256));
	f.uid = 1000;		/* who owns it does not change what is in it */
	const struct hashed *found = hashes_find(h, &f);
	assert_non_null(found);
	assert_int_equal(found->sha256[0], 7);
	assert_int_equal(found->type, 2);
	assert_int_equal(found->interpreter_len, 7);
	assert_memory_equal(found->interpreter, "/bin/sh", 7);
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

	assert_int_equal(hashes_new(&h, 1), 0);
	for (int i = 0; i < 100; i++) {
		f.sha256[0] = (uint8_t)i;
		hashes_put(h, &f, 0, "", 0);
		assert_int_equal(hashes_find(h, &f)->sha256[0], i);
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

	assert_int_equal(hashes_new(&h, 8), 0);		/* one set */
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

	assert_int_equal(hashes_new(&h, 4096), 0);
	for (uint64_t ino = 1; ino <= 2048; ino++)
		put(h, ino);
	for (uint64_t ino = 1; ino <= 2048; ino++) {
		struct file f = file(ino);
		const struct hashed *found = hashes_find(h, &f);
		if (!found)
			continue;
		assert_memory_equal(found->sha256, f.sha256, sizeof(f.sha256));
		kept++;
	}
	assert_true(kept > 1900);	/* half full: hardly any set of 8 overflows */
	hashes_clear(h);
	struct file f = file(2048);
	assert_null(hashes_find(h, &f));
	hashes_free(h);
}

static void
an_interpreter_that_does_not_fit_is_refused(void **state)
{
	(void)state;
	struct hashes *h;
	struct file f = file(3);
	char text[300] = { 0 };

	assert_int_equal(hashes_new(&h, 8), 0);
	hashes_put(h, &f, 1, text, 255);
	assert_null(hashes_find(h, &f));
	hashes_put(h, &f, 1, text, 254);
	assert_int_equal(hashes_find(h, &f)->interpreter_len, 254);
	hashes_free(h);
}

static void
impossible_sizes_are_refused(void **state)
{
	(void)state;
	struct hashes *h = NULL;

	assert_true(hashes_new(&h, SIZE_MAX) < 0);
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
		cmocka_unit_test(an_interpreter_that_does_not_fit_is_refused),
		cmocka_unit_test(impossible_sizes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
