#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "alert/json.h"
#include "alert/line.h"
#include "base/cleanup.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define PREV		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define NEXT		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"	/* bytes 0 to 31 */
#define SIG43		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define SIG		SIG43 SIG43
#define CHAIN		",\"v\":1,\"log\":\"0011223344556677\",\"seg\":0,\"boot\":\"5e6f0a52-7f0e-4b4e-9a3c-1d2b3c4d5e6f\",\"mono\":12345," \
			"\"seq\":7,\"prev\":\"" PREV "\""
#define BODY		"{\"a\":\"b\",\"yett\":{\"x\":1" CHAIN
#define SIGNED		BODY ",\"next\":\"" NEXT "\"},\"sig\":\"" SIG "\"}\n"
#define UNSIGNED	BODY "}}\n"

/* In memory without a byte to spare, so that a sanitiser sees the first one read too far. */
static bool
parse(const char *text, size_t len, struct line *l)
{
	CLEANUP_FREE char *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, text, len);
	return line_parse(exact, len, l);
}

static void
a_signed_line_is_read(void **state)
{
	(void)state;
	struct line l;
	uint8_t none[LINE_SIG] = { 0 };

	assert_true(parse(SIGNED, strlen(SIGNED), &l));
	assert_int_equal(l.sequence, 7);
	assert_string_equal(l.log, "0011223344556677");
	assert_string_equal(l.prev, PREV);
	assert_true(l.has_next);
	assert_true(l.is_signed);
	for (int i = 0; i < LINE_KEY; i++)
		assert_int_equal(l.next[i], i);
	assert_memory_equal(l.sig, none, sizeof(none));
	assert_int_equal(l.body, strlen(SIGNED) - LINE_TAIL);
}

static void
an_unsigned_line_is_read(void **state)
{
	(void)state;
	struct line l;

	assert_true(parse(UNSIGNED, strlen(UNSIGNED), &l));
	assert_int_equal(l.sequence, 7);
	assert_string_equal(l.prev, PREV);
	assert_false(l.has_next);
	assert_false(l.is_signed);
	/* A signature within a batch changes no key; a key that nobody signed is the verifier's to refuse. */
	assert_true(parse(BODY "},\"sig\":\"" SIG "\"}\n", strlen(BODY) + 1 + LINE_TAIL, &l));
	assert_true(l.is_signed && !l.has_next);
	assert_true(parse(BODY ",\"next\":\"" NEXT "\"}}\n", strlen(BODY) + 53 + 3, &l));
	assert_true(!l.is_signed && l.has_next);
}

/* SIGNED with OLD, which is there, replaced by NEW. */
static bool
parse_with(const char *old, const char *new)
{
	char text[2048];
	struct line l;
	const char *at = strstr(SIGNED, old);

	assert_non_null(at);
	int n = snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - SIGNED), SIGNED, new, at + strlen(old));
	return parse(text, (size_t)n, &l);
}

static void
members_of_the_chain_have_one_spelling(void **state)
{
	(void)state;
	static const struct { const char *old, *good; } goods[] = {
		{ "\"mono\":12345", "\"mono\":0" }, { "\"mono\":12345", "\"mono\":18446744073709551615" },
		{ "\"seg\":0", "\"seg\":18446744073709551615" }, { "\"seq\":7", "\"seq\":18446744073709551615" },
		{ "5e6f0a52-7f0e-4b4e-9a3c-1d2b3c4d5e6f", "" }, { "5e6f0a52-7f0e-4b4e-9a3c-1d2b3c4d5e6f", "abc" },
		{ ",\"next\":\"" NEXT "\"", "" },
	};
	static const struct { const char *old, *bad; } bads[] = {
		{ "\"v\":1", "\"v\":2" }, { "\"v\":1", "\"v\":01" }, { "\"v\":1", "\"v\": 1" }, { "\"v\":1", "\"v\":1.0" }, { "\"v\":1", "\"V\":1" },
		{ "\"v\":1,", "" }, { "\"log\":\"0", "\"log\":\"" }, { "\"log\":\"0", "\"log\":\"00" }, { "\"log\":\"0", "\"log\":\"A" },
		{ "\"seg\":0", "\"seg\":00" }, { "\"seg\":0", "\"seg\":-0" }, { "\"seg\":0", "\"seg\":\"0\"" }, { "\"seg\":0", "\"seg\":0.0" },
		{ "\"seg\":0", "\"seg\":18446744073709551616" }, { "\"seg\":0,", "" },
		{ "\"boot\":\"5e6f0a52", "\"boot\":\"05e6f0a52" }, { "\"boot\":\"5e", "\"boot\":\"5E" }, { "\"boot\":\"5e", "\"boot\":\"\\u0035e" },
		{ "\"mono\":12345", "\"mono\":012345" }, { "\"mono\":12345", "\"mono\":1e5" }, { "\"mono\":12345", "\"mono\":99999999999999999999" },
		{ "\"seq\":7", "\"seq\":07" }, { "\"seq\":7", "\"seq\":7.0" }, { "\"seq\":7", "\"seq\":-7" }, { "\"seq\":7", "\"seq\":true" },
		{ "\"seq\":7", "\"seq\":18446744073709551616" }, { "\"seq\":7", "\"seq\":36893488147419103239" }, { "\"seq\":7", "\"s\\u0065q\":7" },
		{ "\"prev\":\"0", "\"prev\":\"" }, { "\"prev\":\"0", "\"prev\":\"00" }, { "\"prev\":\"0", "\"prev\":\"F" },
		{ "\"next\":\"A", "\"next\":\"" }, { "\"next\":\"A", "\"next\":\"AA" }, { "\"next\":\"A", "\"next\":\"+" },
		{ "dHh8\"", "dHh9\"" },	/* the last two bits belong to no byte */
		{ "dHh8\"", "dHh8=\"" },
		{ "\"sig\":\"A", "\"sig\":\"=" }, { "\"sig\":\"A", "\"sig\":\"/" }, { "A\"}\n", "B\"}\n" },
		{ "\"sig\"", "\"gis\"" }, { "\"sig\"", "\"s\\u0069g\"" },
		{ "\"sig\":\"A", "\"sig\":\"" }, { "\"sig\":\"A", "\"sig\":\"AA" }, { "\"sig\":\"", "\"sig\": \"" },
		{ "\"yett\"", "\"yott\"" }, { "\"yett\"", "\"y\\u0065tt\"" }, { "\"yett\"", "\"yett \"" },
		{ "\"}\n", "\"} \n" }, { "\"}\n", "\"}\r\n" }, { "\"}\n", "\"}" }, { "\"}\n", "\"\n}" }, { "\"}\n", "\"}\n\n" }, { "\"}\n", "\" }\n" },
		{ "\"},\"sig", "\",\"x\":1},\"sig" }, { "\"},\"sig", "\"},\"x\":1,\"sig" }, { "\"},\"sig", "\"} ,\"sig" }, { "\"},\"sig", "\" },\"sig" },
		{ "{\"a\"", " {\"a\"" }, { "{\"a\"", "[\"a\"" }, { "\"a\":\"b\"", "\"a\":\"\n\"" }, { "\"a\":\"b\"", "\"a\":\"\xff\"" },
		{ "\"x\":1,", "" },	/* the chain stands behind another member */
	};

	for (size_t i = 0; i < COUNT(goods); i++)
		if (!parse_with(goods[i].old, goods[i].good))
			fail_msg("refused: %s for %s", goods[i].good, goods[i].old);
	for (size_t i = 0; i < COUNT(bads); i++)
		if (parse_with(bads[i].old, bads[i].bad))
			fail_msg("taken: %s for %s", bads[i].bad, bads[i].old);
}

static void
no_text_stands_in_for_the_chain(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"{\"yett\":\"" CHAIN "}}\n",						/* the text would have to end first */
		"{\"yett\":{\"x\":\",\\\"v\\\":1,\\\"log\\\":\\\"0011223344556677\\\"\"}}\n",
		"{\"yett\":{\"x\":1},\"z\":{\"x\":1" CHAIN "}}\n",			/* another object */
		"{\"yett\":{\"x\":{\"x\":1" CHAIN "}}}\n",				/* one within it */
		"{\"yett\":{\"x\":1" CHAIN "},\"z\":{\"x\":1}}\n",
		"{\"yett\":{\"x\":1" CHAIN ",\"z\":1}}\n",
		"{\"yett\":[{\"x\":1" CHAIN "}]}\n",
		"{\"z\":{\"yett\":{\"x\":1" CHAIN "}}}\n",
		"{\"x\":1" CHAIN "}\n",
		"{\"yett\":{\"x\":1" CHAIN "},\"sig\":\"" SIG43 "\"}\n",		/* a signature of another size is none */
		"{\"x\":1,\"sig\":\"" SIG "\"}\n",
		"{\"yett\":{\"x\":1" CHAIN "},\"sig\":{\"x\":1" CHAIN "},\"sig\":\"" SIG "\"}\n",
	};
	struct line l;

	for (size_t i = 0; i < COUNT(bad); i++)
		if (parse(bad[i], strlen(bad[i]), &l))
			fail_msg("taken: %s", bad[i]);
	/* Members that are there twice: the last ones count, for every parser. */
	static const char twice[] = "{\"yett\":{\"seq\":1},\"yett\":{\"seq\":2" CHAIN "}}\n";
	assert_true(parse(twice, strlen(twice), &l));
	assert_int_equal(l.sequence, 7);
}

static void
a_part_of_a_line_is_none(void **state)
{
	(void)state;
	struct line l;

	for (size_t len = 0; len < strlen(SIGNED); len++)
		assert_false(parse(SIGNED, len, &l));
	for (size_t from = 1; from < strlen(SIGNED); from++)
		assert_false(parse(SIGNED + from, strlen(SIGNED) - from, &l));
}

/* UNSIGNED with so much text in it that it has LEN bytes. */
static char *
long_line(size_t len)
{
	char *text = malloc(len);
	static const char head[] = "{\"a\":\"", rest[] = "\",\"yett\":{\"x\":1" CHAIN "}}\n";

	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text, head, strlen(head));
	memcpy(text + len - strlen(rest), rest, strlen(rest));
	return text;
}

static void
a_record_has_at_most_64_kib(void **state)
{
	(void)state;
	struct line l;
	CLEANUP_FREE char *fits = long_line(RECORD_MAX);
	CLEANUP_FREE char *more = long_line(RECORD_MAX + 1);

	assert_true(parse(fits, RECORD_MAX, &l));
	assert_int_equal(l.body, RECORD_MAX - 2);
	assert_false(parse(more, RECORD_MAX + 1, &l));
}

static void
a_signature_holds_for_one_key_and_the_bytes_before_it(void **state)
{
	(void)state;
	uint8_t public[LINE_KEY], other[LINE_KEY], secret[crypto_sign_SECRETKEYBYTES], sig[LINE_SIG];
	char text[sizeof(SIGNED)], coded[87];
	struct line l;
	size_t len = strlen(SIGNED), body = len - LINE_TAIL;

	assert_true(sodium_init() >= 0);
	crypto_sign_keypair(other, secret);
	crypto_sign_keypair(public, secret);
	memcpy(text, SIGNED, sizeof(text));
	crypto_sign_detached(sig, NULL, (const uint8_t *)text, body, secret);
	sodium_bin2base64(coded, sizeof(coded), sig, sizeof(sig), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	memcpy(text + body + 8, coded, 86);
	assert_true(line_parse(text, len, &l));
	assert_true(line_signed_by(text, &l, public));
	assert_false(line_signed_by(text, &l, other));
	for (size_t at = 0; at < body; at += 7) {
		text[at] ^= 1;
		assert_false(line_signed_by(text, &l, public));
		text[at] ^= 1;
	}
	l.sig[63] ^= 1;
	assert_false(line_signed_by(text, &l, public));
	l.sig[63] ^= 1;
	l.is_signed = false;
	assert_false(line_signed_by(text, &l, public));
}

static void
the_hash_is_sha_256_in_hex(void **state)
{
	(void)state;
	char hex[65];

	line_hash("abc", 3, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	line_hash("", 0, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* -- lines of a file */

static int
file_of(const void *data, size_t len)
{
	int fd = memfd_create("lines", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(pwrite(fd, data, len, 0) == (ssize_t)len);
	return fd;
}

static void
lines_come_whole_wherever_a_block_ends(void **state)
{
	(void)state;
	enum { SIZE = 5 << 20 };
	CLEANUP_FREE char *data = malloc(SIZE);
	const char *text;
	size_t len, at = 0, n = 0, seed = 1;
	struct lines l;

	assert_non_null(data);
	while (at < SIZE) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		size_t want = (seed >> 33) % (n % 3 ? 200 : RECORD_MAX) + 1;
		if (want > SIZE - at)
			want = SIZE - at;
		memset(data + at, 'a' + (int)(n % 26), want);
		data[at + want - 1] = '\n';
		at += want;
		n++;
	}
	CLEANUP_FD int fd = file_of(data, SIZE);
	assert_int_equal(lines_open(&l, fd), 0);
	for (at = 0; at < SIZE; at += len, n--) {
		assert_int_equal(lines_next(&l, &text, &len), 1);
		assert_true(l.offset == at);
		assert_true(at + len <= SIZE);
		assert_memory_equal(text, data + at, len);
		assert_ptr_equal(memchr(text, '\n', len), text + len - 1);
	}
	assert_true(n == 0);
	assert_int_equal(lines_next(&l, &text, &len), 0);
	assert_int_equal(lines_next(&l, &text, &len), 0);
	lines_close(&l);
}

static void
a_last_line_without_newline_comes_as_it_is(void **state)
{
	(void)state;
	static const struct { const char *data; size_t lens[4]; } cases[] = {
		{ "", { 0 } }, { "a", { 1 } }, { "\n", { 1 } }, { "a\n", { 2 } }, { "a\nbc", { 2, 2 } }, { "\n\na\n", { 1, 1, 2 } },
		{ "a\n\n", { 2, 1 } },
	};
	struct lines l;
	const char *text;
	size_t len;

	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP_FD int fd = file_of(cases[i].data, strlen(cases[i].data));
		assert_int_equal(lines_open(&l, fd), 0);
		size_t at = 0;
		for (int k = 0; cases[i].lens[k]; at += len, k++) {
			assert_int_equal(lines_next(&l, &text, &len), 1);
			assert_int_equal(len, cases[i].lens[k]);
			assert_memory_equal(text, cases[i].data + at, len);
		}
		assert_int_equal(lines_next(&l, &text, &len), 0);
		lines_close(&l);
	}
}

static void
a_line_longer_than_any_record_is_told_by_its_length(void **state)
{
	(void)state;
	enum { SIZE = 3 << 20 };
	static const size_t sizes[] = { RECORD_MAX - 1, RECORD_MAX, RECORD_MAX + 1, RECORD_MAX + 2, (1 << 20) + 5, SIZE };
	CLEANUP_FREE char *data = malloc(SIZE);
	struct lines l;
	const char *text;
	size_t len;

	assert_non_null(data);
	memset(data, 'x', SIZE);
	for (size_t i = 0; i < COUNT(sizes); i++)
		for (int end = 0; end < 2; end++) {	/* with a newline and without */
			size_t size = sizes[i];
			data[size - 1] = end ? '\n' : 'x';
			CLEANUP_FD int fd = file_of(data, size);
			data[size - 1] = 'x';
			assert_int_equal(lines_open(&l, fd), 0);
			assert_int_equal(lines_next(&l, &text, &len), 1);
			assert_int_equal(len, size < RECORD_MAX + 1 ? size : RECORD_MAX + 1);
			assert_true(l.offset == 0);
			lines_close(&l);
		}
}

static void
what_cannot_be_read_is_an_error(void **state)
{
	(void)state;
	struct lines l;
	const char *text;
	size_t len;
	CLEANUP_FD int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(lines_open(&l, dir), 0);
	assert_int_equal(lines_next(&l, &text, &len), -EISDIR);
	lines_close(&l);
	assert_int_equal(lines_open(&l, -1), 0);
	assert_int_equal(lines_next(&l, &text, &len), -EBADF);
	lines_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signed_line_is_read),
		cmocka_unit_test(an_unsigned_line_is_read),
		cmocka_unit_test(members_of_the_chain_have_one_spelling),
		cmocka_unit_test(no_text_stands_in_for_the_chain),
		cmocka_unit_test(a_part_of_a_line_is_none),
		cmocka_unit_test(a_record_has_at_most_64_kib),
		cmocka_unit_test(a_signature_holds_for_one_key_and_the_bytes_before_it),
		cmocka_unit_test(the_hash_is_sha_256_in_hex),
		cmocka_unit_test(lines_come_whole_wherever_a_block_ends),
		cmocka_unit_test(a_last_line_without_newline_comes_as_it_is),
		cmocka_unit_test(a_line_longer_than_any_record_is_told_by_its_length),
		cmocka_unit_test(what_cannot_be_read_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
