/* Records of the kernel, whole and in every way in which they cannot be. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "records.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct records r;
static const struct object dir = { 0x1122334455667788, 5 }, file = { 0x1122334455667788, 6 };

static int
begin(void **state)
{
	(void)state;
	r = (struct records){ 0 };
	return 0;
}

/* The first LEN bytes, from memory without a byte to spare. */
static int
next_of(size_t len, size_t *at, struct fan_record *out)
{
	static void *exact;

	free(exact);
	exact = malloc(len ? len : 1);
	assert_non_null(exact);
	memcpy(exact, r.bytes, len);
	return fan_next(exact, len, at, out);
}

static void
is_object(const struct fan_object *o, struct object want, const char *name)
{
	assert_true(o->there);
	assert_int_equal(o->fsid, want.fsid);
	assert_int_equal(o->type, OBJECT_TYPE);
	assert_int_equal(o->bytes, OBJECT_BYTES);
	assert_memory_equal(o->handle, &want.id, OBJECT_BYTES);
	if (!name) {
		assert_null(o->name);
		return;
	}
	assert_string_equal(o->name, name);
	assert_int_equal(o->name_len, strlen(name));
}

static void
a_record_says_what_happened_where_to_what_and_by_whom(void **state)
{
	(void)state;
	struct fan_record rec;
	size_t at = 0;

	record_begin(&r, FAN_RENAME, 4711);
	record_object(&r, INFO_OF_OLD, dir, "old");
	record_object(&r, INFO_OF_NEW, (struct object){ dir.fsid, 9 }, "new");
	record_object(&r, INFO_OF_FID, file, NULL);
	record_pidfd(&r, 33);
	assert_int_equal(next_of(r.len, &at, &rec), 1);
	assert_int_equal(at, r.len);
	assert_int_equal(rec.mask, FAN_RENAME);
	assert_int_equal(rec.pid, 4711);
	assert_int_equal(rec.pidfd, 33);
	assert_false(rec.gone);
	is_object(&rec.from, dir, "old");
	is_object(&rec.to, (struct object){ dir.fsid, 9 }, "new");
	is_object(&rec.self, file, NULL);
	assert_false(rec.dir.there);
	assert_int_equal(next_of(r.len, &at, &rec), 0);
}

static void
names_are_any_bytes_but_a_slash(void **state)
{
	(void)state;
	char longest[256];
	memset(longest, 'n', 255);
	longest[255] = '\0';
	const struct { const char *name; int result; } cases[] = {
		{ "a", 1 }, { ".", 1 }, { "..", 1 }, { "new\nline", 1 }, { "\xff\xfe\x80", 1 }, { "\x01\x1b[2J", 1 }, { " (deleted)", 1 }, { longest, 1 },
		{ "", -EBADMSG }, { "/", -EBADMSG }, { "a/b", -EBADMSG }, { "/etc/passwd", -EBADMSG }, { "../x", -EBADMSG },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fan_record rec;
		size_t at = 0;
		r.len = 0;
		record(&r, FAN_CREATE, dir, cases[i].name, file);
		assert_int_equal(next_of(r.len, &at, &rec), cases[i].result);
		assert_int_equal(at, r.len);
		if (cases[i].result == 1)
			is_object(&rec.dir, dir, cases[i].name);
	}
}

static void
a_pidfd_is_handed_over_or_says_that_nobody_is_left(void **state)
{
	(void)state;
	static const struct { int32_t fd; int pidfd; bool gone; } cases[] = {
		{ 3, 3, false }, { 0, 0, false }, { -1 /* FAN_NOPIDFD */, -1, true }, { -2 /* FAN_EPIDFD */, -1, false }, { INT32_MIN, -1, false },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fan_record rec;
		size_t at = 0;
		r.len = 0;
		record(&r, FAN_CREATE, dir, "a", file);
		record_pidfd(&r, cases[i].fd);
		assert_int_equal(next_of(r.len, &at, &rec), 1);
		assert_int_equal(rec.pidfd, cases[i].pidfd);
		assert_int_equal(rec.gone, cases[i].gone);
	}
	/* Not told is not gone. */
	struct fan_record rec;
	size_t at = 0;
	r.len = 0;
	record(&r, FAN_CREATE, dir, "a", file);
	assert_int_equal(next_of(r.len, &at, &rec), 1);
	assert_int_equal(rec.pidfd, -1);
	assert_false(rec.gone);
}

static void
a_record_that_ends_too_soon_is_the_last(void **state)
{
	(void)state;
	struct fan_record rec;

	record(&r, FAN_CREATE, dir, "name", file);
	record_pidfd(&r, 5);
	for (size_t len = 1; len < r.len; len++) {
		size_t at = 0;
		assert_int_equal(next_of(len, &at, &rec), -EBADMSG);
		assert_int_equal(at, len);
		assert_int_equal(next_of(len, &at, &rec), 0);
	}
}

/* Each byte of a length, a size or a version may be anything: whatever is said then lies inside, and the end is reached. */
static void
any_byte_may_be_any_other(void **state)
{
	(void)state;

	record(&r, FAN_DELETE | FAN_ONDIR, dir, "name", file);
	record_pidfd(&r, 5);
	record(&r, FAN_CREATE, dir, "second", file);
	const struct records good = r;
	for (size_t k = 0; k < good.len; k++) {
		for (unsigned value = 0; value < 256; value += value < 8 || value > 247 ? 1 : 8) {
			char *exact = malloc(good.len);
			struct fan_record rec;
			size_t at = 0, before = 0;
			int got;
			assert_non_null(exact);
			memcpy(exact, good.bytes, good.len);
			exact[k] = (char)value;
			for (unsigned n = 0; (got = fan_next(exact, good.len, &at, &rec)) != 0; n++, before = at) {
				const struct fan_object *const all[] = { &rec.dir, &rec.from, &rec.to, &rec.self };
				assert_true(at > before && at <= good.len && n < 4);
				for (size_t i = 0; got == 1 && i < COUNT(all); i++) {
					const struct fan_object *o = all[i];
					if (!o->there)
						continue;
					assert_true((const char *)o->handle >= exact && (const char *)o->handle + o->bytes <= exact + at);
					assert_true(o->bytes <= FAN_HANDLE_MAX);
					assert_true(!o->name || (o->name > exact && o->name + o->name_len < exact + at && !o->name[o->name_len]));
				}
			}
			assert_int_equal(at, good.len);
			free(exact);
		}
	}
}

/* Damage that has its place: where it is, what is there then, and whether the record behind it is still read. */
static void
what_is_broken_costs_only_itself(void **state)
{
	(void)state;
	const size_t head = sizeof(struct fanotify_event_metadata);
	const struct { size_t at; uint32_t value; unsigned width; bool next; } cases[] = {
		{ offsetof(struct fanotify_event_metadata, vers), 2, 1, true },
		{ offsetof(struct fanotify_event_metadata, metadata_len), 23, 2, true },
		{ offsetof(struct fanotify_event_metadata, metadata_len), 0xffff, 2, true },
		{ offsetof(struct fanotify_event_metadata, event_len), 0, 4, false },
		{ offsetof(struct fanotify_event_metadata, event_len), 23, 4, false },
		{ offsetof(struct fanotify_event_metadata, event_len), UINT32_MAX, 4, false },
		{ head + 2, 0, 2, true },			/* length of an info */
		{ head + 2, 3, 2, true },
		{ head + 2, 19, 2, true },
		{ head + 2, 0xffff, 2, true },
		{ head + 12, FAN_HANDLE_MAX + 1, 4, true },	/* of a handle */
		{ head + 12, UINT32_MAX, 4, true },
		{ head + 12, 12, 4, true },			/* the name would have no end */
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fan_record rec;
		size_t at = 0;
		r.len = 0;
		record(&r, FAN_CREATE, dir, "abc", (struct object){ 0 });
		record(&r, FAN_DELETE, dir, "next", file);
		memcpy(r.bytes + cases[i].at, &cases[i].value, cases[i].width);
		assert_int_equal(next_of(r.len, &at, &rec), -EBADMSG);
		assert_int_equal(next_of(r.len, &at, &rec), cases[i].next);
		if (cases[i].next)
			is_object(&rec.dir, dir, "next");
	}
}

static void
a_descriptor_in_a_broken_record_is_not_lost(void **state)
{
	(void)state;
	struct fan_record rec;
	size_t at = 0;

	record(&r, FAN_CREATE, dir, "a/b", file);
	record_pidfd(&r, 44);
	assert_int_equal(next_of(r.len, &at, &rec), -EBADMSG);
	assert_int_equal(rec.pidfd, 44);
}

static void
what_a_later_kernel_adds_is_passed_over(void **state)
{
	(void)state;
	struct fan_record rec;
	size_t at = 0;

	record_begin(&r, FAN_CREATE | 1ull << 40, 7);
	record_object(&r, 200, file, "unknown");
	record_object(&r, INFO_OF_DFID_NAME, dir, "known");
	assert_int_equal(next_of(r.len, &at, &rec), 1);
	is_object(&rec.dir, dir, "known");
	assert_int_equal(rec.mask, FAN_CREATE | 1ull << 40);
}

static void
an_overflow_says_nothing_else(void **state)
{
	(void)state;
	struct fan_record rec;
	size_t at = 0;

	record_begin(&r, FAN_Q_OVERFLOW, 0);
	assert_int_equal(next_of(r.len, &at, &rec), 1);
	assert_int_equal(rec.mask, FAN_Q_OVERFLOW);
	assert_false(rec.dir.there || rec.self.there || rec.from.there || rec.to.there);
}

static void
objects_are_the_same_by_all_of_their_handle(void **state)
{
	(void)state;
	static const uint8_t bytes[4] = { 1, 2, 3, 4 }, others[4] = { 1, 2, 3, 5 };
	const struct fan_object a = { .there = true, .fsid = 1, .type = 2, .bytes = 4, .handle = bytes, .name = "x", .name_len = 1 };
	struct fan_object b = a;

	b.name = "y";
	assert_true(fan_same(&a, &b));
	b.fsid = 2;
	assert_false(fan_same(&a, &b));
	b = a, b.type = 3;
	assert_false(fan_same(&a, &b));
	b = a, b.bytes = 3;
	assert_false(fan_same(&a, &b));
	b = a, b.handle = others;
	assert_false(fan_same(&a, &b));
	b = a, b.there = false;
	assert_false(fan_same(&a, &b) || fan_same(&b, &a) || fan_same(&b, &b));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		TEST(a_record_says_what_happened_where_to_what_and_by_whom),
		TEST(names_are_any_bytes_but_a_slash),
		TEST(a_pidfd_is_handed_over_or_says_that_nobody_is_left),
		TEST(a_record_that_ends_too_soon_is_the_last),
		TEST(any_byte_may_be_any_other),
		TEST(what_is_broken_costs_only_itself),
		TEST(a_descriptor_in_a_broken_record_is_not_lost),
		TEST(what_a_later_kernel_adds_is_passed_over),
		TEST(an_overflow_says_nothing_else),
		TEST(objects_are_the_same_by_all_of_their_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
