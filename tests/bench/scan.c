/*
 * scan: how many MB a second of its CPU are computed of a file in memory, by what is to be known of it. In turns, medians.
 * Prints "scan=NAME mb_s=N" for each, blanks as underlines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
/* Taken in whole: for the parts of it. */
#include "file/digest.c"
#include "file/tlsh.c"

#define TURNS	9
#define SIZE	(32u << 20)
#define SLICE	(256u << 10)	/* as scan reads */

static struct sha256_ctx sha256;
static struct sha1_ctx sha1;
static struct md5_ctx md5;
static struct tlsh tlsh;
static struct digest digest;
static uint64_t bytes[256];

static void do_sha256(const uint8_t *s) { sha256_update(&sha256, SLICE, s); }
static void do_sha1(const uint8_t *s) { sha1_update(&sha1, SLICE, s); }
static void do_md5(const uint8_t *s) { md5_update(&md5, SLICE, s); }
static void do_tlsh(const uint8_t *s) { tlsh_update(&tlsh, s, SLICE); }
static void do_bytes(const uint8_t *s) { count_bytes(bytes, s, SLICE); }
static void do_digest(const uint8_t *s) { digest_update(&digest, s, SLICE); }

static const struct { const char *name; void (*update)(const uint8_t *); bool all; } rows[] = {
	{ "SHA-256_alone,_as_for_a_rule_on_a_hash", do_digest, false }, { "all_in_one_pass,_as_for_a_rule_on_anything_else", do_digest, true },
	{ "of_that:_SHA-256", do_sha256, true }, { "SHA-1", do_sha1, true }, { "MD5", do_md5, true }, { "TLSH", do_tlsh, true },
	{ "entropy", do_bytes, true },
};
#define ROWS	(sizeof(rows) / sizeof(rows[0]))

static int
by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
main(void)
{
	static double took[ROWS][TURNS];
	uint8_t *file = malloc(SIZE);
	uint32_t seed = 1;

	if (!file)
		return 1;
	for (size_t i = 0; i < SIZE; i++) {
		seed = seed * 1664525 + 1013904223;
		file[i] = (uint8_t)(seed >> 25);
	}
	sha256_init(&sha256);
	sha1_init(&sha1);
	md5_init(&md5);
	tlsh_init(&tlsh);
	for (unsigned turn = 0; turn < TURNS; turn++) {
		for (size_t r = 0; r < ROWS; r++) {
			digest_init(&digest, rows[r].all);
			uint64_t start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
			for (size_t at = 0; at < SIZE; at += SLICE)
				rows[r].update(file + at);
			took[r][turn] = (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start);
		}
	}
	for (size_t r = 0; r < ROWS; r++) {
		qsort(took[r], TURNS, sizeof(took[r][0]), by_value);
		printf("scan=%s mb_s=%.0f\n", rows[r].name, SIZE / took[r][TURNS / 2] * 1e3);
	}
	free(file);
	return 0;
}
