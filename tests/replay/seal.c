/*
 * Compiles a file of policies as yettd does, for those who play yettd: the block goes to OUT, mode and all.
 * Usage: seal FILE OUT [monitor]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "judge/judge.h"
#include "policy/policy.h"
#include "policy/read.h"

int
main(int argc, char **argv)
{
	struct policy_sources sources = { .mode = argc > 3 ? MODE_MONITOR : MODE_ENFORCE, .judge = judge };
	struct faults faults = { 0 };
	CLEANUP_FREE char *text = NULL;
	struct stat st;
	size_t len;
	off_t at = 0;

	if (argc < 3 || read_file(argv[1], &faults, &text, &len))
		return 2;
	CLEANUP_FD int fd = policy_build_text(&sources, argv[1], text, len, &faults);
	CLEANUP_FD int out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		char why[700];
		fault_format(&faults.fault[0], why, sizeof(why));
		fprintf(stderr, "seal: %s\n", why);
		return 1;
	}
	return out < 0 || fstat(fd, &st) || sendfile(out, fd, &at, (size_t)st.st_size) != st.st_size;
}
