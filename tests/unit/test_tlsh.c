/* Against tlsh_unittest of Debian's tlsh-tools, which is older: it wants 256 bytes, and writes no version in front. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "file/tlsh.h"

#define THEIR_LEAST	256u
#define GENERATED	2500u
#define LONGEST		60000u

static uint32_t
roll(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Digest of a stream that comes in pieces of different size; "" if it has none. */
static void
digest(const uint8_t *s, size_t len, char out[TLSH_LEN + 1])
{
	uint32_t seed = (uint32_t)len;
	struct tlsh t;

	tlsh_init(&t);
	for (size_t at = 0, n; at < len; at += n) {
		n = 1 + roll(&seed) % (at < 100 ? 3 : 5000);
		n = n < len - at ? n : len - at;
		tlsh_update(&t, s + at, n);
	}
	memset(out, 0, TLSH_LEN + 1);
	tlsh_digest(&t, out);
}

static uint8_t *
read_file(const char *path, size_t *len)
{
	struct stat st;
	FILE *in = fopen(path, "re");

	if (!in || fstat(fileno(in), &st) || !S_ISREG(st.st_mode)) {
		if (in)
			fclose(in);
		return NULL;
	}
	uint8_t *s = malloc((size_t)st.st_size + 1);
	*len = fread(s, 1, (size_t)st.st_size, in);
	fclose(in);
	return s;
}

/* "DIGEST\tPATH": ours is the same. Otherwise "file PATH: cannot hash", and so say we, or "file too small". */
static bool
agrees(char *line, unsigned *same, unsigned *none)
{
	char ours[TLSH_LEN + 1], *path = strchr(line, '\t'), *why;
	bool theirs = path != NULL;
	size_t len;

	line[strcspn(line, "\n")] = '\0';
	if (theirs) {
		*path++ = '\0';
	} else if (strncmp(line, "file ", 5) == 0 && (why = strstr(line, ": ")) != NULL) {
		*why = '\0';
		path = line + 5;
		if (strcmp(why + 2, "cannot hash"))
			return true;
	} else {
		return true;
	}
	uint8_t *s = read_file(path, &len);
	if (!s)
		return true;
	digest(s, len, ours);
	free(s);
	*same += theirs;
	*none += !theirs;
	if (theirs ? strcmp(ours + 2, line) == 0 : !ours[0])
		return true;
	print_message("%s: %s, not %s\n", path, ours, theirs ? line : "none");
	return false;
}

static void
compare(const char *dir, unsigned *same, unsigned *none)
{
	char command[256], line[8192];
	bool all = true;

	*same = *none = 0;
	snprintf(command, sizeof(command), "tlsh_unittest -r %s 2>&1", dir);
	FILE *in = popen(command, "re");
	assert_non_null(in);
	while (fgets(line, sizeof(line), in))
		all = agrees(line, same, none) && all;
	assert_int_equal(pclose(in), 0);
	assert_true(all);
}

/* Of all lengths around the steps of its scale, and of few and of many different bytes. */
static void
generated_files_have_the_digest_that_libtlsh_gives(void **state)
{
	(void)state;
	char dir[] = "/tmp/test_tlsh.XXXXXX", path[64];
	static uint8_t s[LONGEST];
	uint32_t seed = 1;
	unsigned same, none;

	assert_non_null(mkdtemp(dir));
	for (unsigned i = 0; i < GENERATED; i++) {
		static const uint32_t kinds[] = { 2, 3, 5, 16, 60, 256 }, upto[] = { 500, 800, 3600, LONGEST - THEIR_LEAST };
		uint32_t kind = kinds[roll(&seed) % 6], len = THEIR_LEAST + roll(&seed) % upto[i % 4];
		for (uint32_t k = 0; k < len; k++)
			s[k] = (uint8_t)(roll(&seed) % kind * 37);
		snprintf(path, sizeof(path), "%s/%u", dir, i);
		FILE *out = fopen(path, "we");
		assert_non_null(out);
		assert_int_equal(fwrite(s, 1, len, out), len);
		assert_int_equal(fclose(out), 0);
	}
	compare(dir, &same, &none);
	for (unsigned i = 0; i < GENERATED; i++) {
		snprintf(path, sizeof(path), "%s/%u", dir, i);
		unlink(path);
	}
	rmdir(dir);
	assert_int_equal(same + none, GENERATED);
	assert_in_range(same, GENERATED / 2, GENERATED - 1);
}

static void
real_files_have_the_digest_that_libtlsh_gives(void **state)
{
	(void)state;
	unsigned same, none, texts;

	compare("/usr/include", &texts, &none);
	compare("/usr/sbin", &same, &none);
	print_message("%u texts, %u programs\n", texts, same);
	assert_true(texts > 500);
	assert_true(same > 50);
}

static void
a_short_or_uniform_stream_has_none(void **state)
{
	(void)state;
	static uint8_t s[100000];
	char out[TLSH_LEN + 1];
	uint32_t seed = 7;

	digest(s, 0, out);
	assert_string_equal(out, "");
	digest(s, sizeof(s), out);
	assert_string_equal(out, "");
	for (unsigned i = 0; i < 49; i++)
		s[i] = (uint8_t)roll(&seed);
	digest(s, 49, out);
	assert_string_equal(out, "");
	s[49] = 200;
	digest(s, 50, out);
	assert_int_equal(strlen(out), TLSH_LEN);
	assert_memory_equal(out, "T1", 2);
}

/* No digit that is not a digit, whatever the length: the scale goes on beyond 4 GiB. */
static void
a_long_stream_has_a_digest(void **state)
{
	(void)state;
	char out[TLSH_LEN + 1] = { 0 };
	static const struct { uint64_t len; const char *scale; } rows[] = {
		{ 656, "F0" }, { 657, "01" }, { 3199, "61" }, { 3200, "61" }, { 1ull << 32, "AA" }, { 1ull << 40, "4E" } };
	struct tlsh t;

	tlsh_init(&t);
	for (unsigned i = 0; i < 256; i++)
		t.count[i] = i * (1ull << 33);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		t.len = rows[i].len;
		assert_true(tlsh_digest(&t, out));
		assert_int_equal(strspn(out + 2, "0123456789ABCDEF"), TLSH_LEN - 2);
		assert_memory_equal(out + 4, rows[i].scale, 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generated_files_have_the_digest_that_libtlsh_gives),
		cmocka_unit_test(real_files_have_the_digest_that_libtlsh_gives),
		cmocka_unit_test(a_short_or_uniform_stream_has_none),
		cmocka_unit_test(a_long_stream_has_a_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
