#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "alert/keep.h"
#include "base/cleanup.h"

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
		ssize_t n = pread(fd, (char *)buf + got, size - got, (off_t)got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
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

int
keep_aside(int dir, const char *from, const char *to)
{
	if (renameat2(dir, from, dir, to, RENAME_NOREPLACE)) {
		if (errno != EINVAL)
			return -errno;
		/* A file system without that flag: nobody else writes here. */
		if (keep_exists(dir, to))
			return -EEXIST;
		if (renameat(dir, from, dir, to))
			return -errno;
	}
	return fsync(dir) ? -errno : 0;
}

int
keep_tagged(int dir, const char *name, const char *tag)
{
	char to[96];
	int err = -EEXIST;

	snprintf(to, sizeof(to), "%s.%s", name, tag);
	for (int i = 1; err == -EEXIST && i < KEEP_TRIES; i++) {
		err = keep_aside(dir, name, to);
		snprintf(to, sizeof(to), "%s.%s.%d", name, tag, i);
	}
	return err == -ENOENT ? 0 : err;
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
		ssize_t n = pread(fd, block, want, (off_t)(from + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		int err = keep_put(out, block, (size_t)n, done);
		if (err)
			return err;
		done += (uint64_t)n;
	}
	return fdatasync(out) || fsync(dir) ? -errno : 0;
}
