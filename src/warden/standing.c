#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "warden/standing.h"

static const char *const words[] = { [MODE_MONITOR] = "monitor\n", [MODE_ENFORCE] = "enforce\n" };

static void
path_of(const struct config *c, char path[CONFIG_PATH + sizeof(STANDING_FILE) + 1])
{
	snprintf(path, CONFIG_PATH + sizeof(STANDING_FILE) + 1, "%s/" STANDING_FILE, c->run);
}

enum mode
standing_mode(const struct config *c)
{
	char path[CONFIG_PATH + sizeof(STANDING_FILE) + 1], word[16] = "";

	path_of(c, path);
	CLEANUP_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, word, sizeof(word) - 1);
	for (int m = MODE_MONITOR; m <= MODE_ENFORCE; m++)
		if (n > 0 && strcmp(word, words[m]) == 0)
			return (enum mode)m;
	return c->mode;
}

/* One short write: whole, or a word that is none. */
int
standing_keep(const struct config *c, enum mode mode)
{
	char path[CONFIG_PATH + sizeof(STANDING_FILE) + 1];

	path_of(c, path);
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	return write(fd, words[mode], strlen(words[mode])) == (ssize_t)strlen(words[mode]) ? 0 : -EIO;
}

void
standing_end(const struct config *c)
{
	char path[CONFIG_PATH + sizeof(STANDING_FILE) + 1];

	path_of(c, path);
	unlink(path);
}
