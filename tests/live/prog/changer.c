/*
 * changer [hold=MS] WHAT PATH...: does one thing to a file, then perhaps stays for a while. WHAT: create, mkdir, delete, rmdir, rename FROM
 * TO, link FROM TO, symlink TO PATH, chmod MODE PATH, touch PATH, exchange A B, linkrun FROM TO (and runs it). lock DIRECTORY PAUSE_US:
 * overwrites each *.odt in it and renames it to *.odt.locked, with that pause between two. append TEXT PATH: a line. load PATH: maps it as
 * the loader maps a library. many N DIRECTORY: makes and removes N files there. Exit 0, or 100 + errno.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int
create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	return fd < 0 ? -1 : close(fd);
}

static int
lock_one(const char *dir, const char *name)
{
	char from[4096], to[4096 + 8], text[4096];
	int fd;

	snprintf(from, sizeof(from), "%s/%s", dir, name);
	snprintf(to, sizeof(to), "%s.locked", from);
	fd = open(from, O_RDWR);
	if (fd < 0 || read(fd, text, sizeof(text)) < 0)
		return -1;
	memset(text, 'x', sizeof(text));
	if (pwrite(fd, text, sizeof(text), 0) < 0 || close(fd))
		return -1;
	return rename(from, to);
}

static int
lock(const char *dir, unsigned pause_us)
{
	DIR *d = opendir(dir);

	if (!d)
		return -1;
	for (struct dirent *e; (e = readdir(d));) {
		size_t n = strlen(e->d_name);
		if (n < 4 || strcmp(e->d_name + n - 4, ".odt") != 0)
			continue;
		if (lock_one(dir, e->d_name))
			return -1;
		usleep(pause_us);
	}
	return closedir(d);
}

static int
append(const char *text, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	char line[4096];
	size_t n = (size_t)snprintf(line, sizeof(line), "%s\n", text);

	if (fd < 0 || write(fd, line, n) != (ssize_t)n)
		return -1;
	return close(fd);
}

static int
load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char head[832];

	if (fd < 0 || read(fd, head, sizeof(head)) < 0 || mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		return -1;
	return close(fd);
}

static int
many(unsigned long n, const char *dir)
{
	char path[4096];

	for (unsigned long i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%lu", dir, i);
		if (create(path) || unlink(path))
			return -1;
	}
	return 0;
}

static int
act(const char *what, const char *a, const char *b)
{
	if (strcmp(what, "create") == 0)
		return create(a);
	if (strcmp(what, "load") == 0)
		return load(a);
	if (b && strcmp(what, "append") == 0)
		return append(a, b);
	if (b && strcmp(what, "many") == 0)
		return many(strtoul(a, NULL, 10), b);
	if (strcmp(what, "mkdir") == 0)
		return mkdir(a, 0755);
	if (strcmp(what, "delete") == 0)
		return unlink(a);
	if (strcmp(what, "rmdir") == 0)
		return rmdir(a);
	if (strcmp(what, "touch") == 0)
		return utimensat(AT_FDCWD, a, NULL, 0);
	if (b && strcmp(what, "rename") == 0)
		return rename(a, b);
	if (b && strcmp(what, "link") == 0)
		return link(a, b);
	if (b && strcmp(what, "symlink") == 0)
		return symlink(a, b);
	if (b && strcmp(what, "chmod") == 0)
		return chmod(b, (mode_t)strtoul(a, NULL, 8));
	if (b && strcmp(what, "exchange") == 0)
		return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
	if (b && strcmp(what, "linkrun") == 0)
		return link(a, b) ? -1 : execl(b, b, (char *)NULL);
	if (b && strcmp(what, "lock") == 0)
		return lock(a, (unsigned)strtoul(b, NULL, 10));
	errno = EINVAL;
	return -1;
}

int
main(int argc, char **argv)
{
	unsigned long hold_ms = 0;

	if (argc > 1 && strncmp(argv[1], "hold=", 5) == 0) {
		hold_ms = strtoul(argv[1] + 5, NULL, 10);
		argv++;
		argc--;
	}
	if (argc < 3)
		return 99;
	if (act(argv[1], argv[2], argv[3])) {
		fprintf(stderr, "%s %s: %s\n", argv[1], argv[2], strerror(errno));
		return 100 + errno;
	}
	usleep((useconds_t)(hold_ms * 1000));
	return 0;
}
