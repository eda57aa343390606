/* Runs fuzz targets without a fuzzer: each file named on the command line is given to the target once, so corpora are tests too. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"

#define INPUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
run(const char *path)
{
	CLEANUP_FILE FILE *f = fopen(path, "rb");
	CLEANUP_FREE uint8_t *whole = malloc(INPUT_MAX);
	CLEANUP_FREE uint8_t *exact = NULL;
	size_t len;

	if (!f || !whole) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	len = fread(whole, 1, INPUT_MAX, f);
	if (ferror(f) || !feof(f)) {
		fprintf(stderr, "%s: cannot be read whole\n", path);
		return -1;
	}
	/* No byte to spare: a sanitiser sees the first one read too far. */
	exact = malloc(len ? len : 1);
	if (!exact)
		return -1;
	memcpy(exact, whole, len);
	return LLVMFuzzerTestOneInput(exact, len) == 0 ? 0 : -1;
}

int
main(int argc, char **argv)
{
	int bad = 0;

	for (int i = 1; i < argc; i++)
		if (run(argv[i])) {
			fprintf(stderr, "failed: %s\n", argv[i]);
			bad = 1;
		}
	return bad;
}
