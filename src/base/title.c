#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/title.h"

static char	*title_at;	/* process-wide by nature: there is one argv */
static size_t	 title_size;

/* End of the run of strings that lie one behind the other from END on. */
static char *
run_end(char **strings, char *end)
{
	for (; *strings; strings++)
		if (*strings == end)
			end += strlen(end) + 1;
	return end;
}

/* False: the environment stays where it is, and so must its bytes. */
static bool
move_environment(void)
{
	size_t n = 0;

	while (environ[n])
		n++;
	char **moved = calloc(n + 1, sizeof(*moved));
	if (!moved)
		return false;
	for (size_t i = 0; i < n; i++) {
		moved[i] = strdup(environ[i]);
		if (!moved[i])
			return false;
	}
	environ = moved;	/* lives as long as the process */
	return true;
}

void
title_init(int argc, char **argv)
{
	if (argc < 1 || !argv[0])
		return;
	char *end = run_end(argv, argv[0]);
	char *far = run_end(environ, end);
	if (move_environment())
		end = far;
	title_at = argv[0];
	title_size = (size_t)(end - argv[0]);
}

void
title_set(const char *room)
{
	if (!title_size)
		return;
	/*
	 * When the last byte of the arguments is not NUL, the kernel takes one string from their start on instead, into the environment
	 * if need be; when it is, it shows them to their end. Zeros to the end serve both.
	 */
	memset(title_at, 0, title_size);
	snprintf(title_at, title_size, "yettd: %s", room);
}
