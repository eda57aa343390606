#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "alert/keep.h"
#include "base/cleanup.h"

ssize_t
keep_get(int fd, void *buf, size_t size, uint64_t off)
{
	ssize_t n;

	do
		n = pread(fd, buf, size, (off_t)off);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int
keep_put(int fd, const void *data, size_t len, uint64_t off)
{
	const char *p = data;

	while (len) {
		ssize_t n = pwrite(fd, p, len, (off_t)off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		p += n;
		len -= (size_t)n;
		off += (uint64_t)n;
	}
	return 0;
}

int
keep_create(int dir, const char *name, int flags, mode_t mode)
{
	struct stat d, f;

	CLEANUP_FD int fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, mode);
	if (fd < 0)
		return -errno;
	if (fchmod(fd, mode) || fstat(fd, &f) || fstat(dir, &d))	/* whatever the umask */
		return -errno;
	/* Root prepares files for the user who will write them. */
	if (f.st_uid != d.st_uid && fchown(fd, d.st_uid, (gid_t)-1))
		return -errno;
	return steal_fd(&fd);
}

int
keep_write(int dir, const char *name, const void *data, size_t len, mode_t mode)
{
	char tmp[64];

	snprintf(tmp, sizeof(tmp), "%s.tmp", name);
	CLEANUP_FD int fd = keep_create(dir, tmp, O_TRUNC, mode);
	if (fd < 0)
		return fd;
	int err = keep_put(fd, data, len, 0);
	if (err)
		return err;
	if (fdatasync(fd) || renameat(dir, tmp, dir, name) || fsync(dir))
		return -errno;
	return 0;
}

ssize_t
keep_read(int dir, const char *name, void *buf, size_t size)
{
	CLEANUP_FD int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	size_t got = 0;

	if (fd < 0)
		return -errno;
	while (got < size) {
		ssize_t n = keep_get(fd, (char *)buf + got, size - got, got);
		if (n < 0)
			return n;
		if (n == 0)
			return (ssize_t)got;
		got += (size_t)n;
	}
	return -EFBIG;
}

bool
keep_exists(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

DIR *
keep_list(int dir)
{
	CLEANUP_FD int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d)
		steal_fd(&fd);
	return d;
}

static int
rename_once(int dir, const char *from, const char *to)
{
	if (renameat2(dir, from, dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	/* A file system without that flag: nobody else writes here. */
	if (keep_exists(dir, to))
		return -EEXIST;
	return renameat(dir, from, dir, to) ? -errno : 0;
}

int
keep_aside(int dir, const char *from, const char *to)
{
	int err = rename_once(dir, from, to);

	if (err)
		return err;
	return fsync(dir) ? -errno : 0;
}

/* Renames to TO, or with the first free number behind it. That there is nothing to rename is no error. */
static int
rename_free(int dir, const char *from, const char *to)
{
	char name[112];
	int err = -EEXIST;

	snprintf(name, sizeof(name), "%s", to);
	for (int i = 1; err == -EEXIST && i < KEEP_TRIES; i++) {
		err = rename_once(dir, from, name);
		snprintf(name, sizeof(name), "%s.%d", to, i);
	}
	return err == -ENOENT ? 0 : err;
}

int
keep_tagged(int dir, const char *name, const char *tag)
{
	char to[96];

	snprintf(to, sizeof(to), "%s.%s", name, tag);
	int err = rename_free(dir, name, to);
	if (err)
		return err;
	return fsync(dir) ? -errno : 0;
}

int
keep_into(int dir, const char *name, const char *sub)
{
	char to[96];

	snprintf(to, sizeof(to), "%s/%s", sub, name);
	return rename_free(dir, name, to);
}

int
keep_sub(int dir, const char *sub)
{
	struct stat d, s;

	if (mkdirat(dir, sub, 0750) && errno != EEXIST)
		return -errno;
	CLEANUP_FD int fd = openat(dir, sub, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(dir, &d) || fstat(fd, &s))
		return -errno;
	if (fchmod(fd, 0750) || (s.st_uid != d.st_uid && fchown(fd, d.st_uid, (gid_t)-1)))
		return -errno;
	return 0;
}

int
keep_sub_sync(int dir, const char *sub)
{
	CLEANUP_FD int fd = openat(dir, sub, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	/* Where the files are now, and then where they are no more. */
	return fd < 0 || fsync(fd) || fsync(dir) ? -errno : 0;
}

int
keep_copy(int fd, uint64_t from, uint64_t to, int dir, const char *name)
{
	char block[16384];
	uint64_t done = 0;

	CLEANUP_FD int out = keep_create(dir, name, O_EXCL, 0600);
	if (out < 0)
		return out;
	while (from + done < to) {
		size_t want = to - from - done < sizeof(block) ? (size_t)(to - from - done) : sizeof(block);
		ssize_t n = keep_get(fd, block, want, from + done);
		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		int err = keep_put(out, block, (size_t)n, done);
		if (err)
			return err;
		done += (uint64_t)n;
	}
	return fdatasync(out) || fsync(dir) ? -errno : 0;
}
