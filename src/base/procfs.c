#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/proctext.h"

#define PATH_ROOM	48	/* PID/NAME */

/* Linux 6.13, first version of the struct; younger kernels fill what they are asked for by size. */
struct info {
	uint64_t	mask, cgroup;
	uint32_t	pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t		exit_code;
};
#define INFO_GET	_IOWR(0xFF, 11, struct info)
#define INFO_CREDS	(1u << 1)

static int
gone(int err)
{
	return err == ENOENT ? -ESRCH : -err;
}

int
proc_open(void)
{
	CLEANUP_FD int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs))
		return -errno;
	if (fs.f_type != PROC_SUPER_MAGIC)
		return -ENODEV;
	return steal_fd(&fd);
}

static int
name_file(int32_t pid, const char *which, char path[PATH_ROOM])
{
	int n = snprintf(path, PATH_ROOM, "%d/%s", pid, which);

	if (pid <= 0)
		return -ESRCH;
	return n < PATH_ROOM ? 0 : -EINVAL;
}

ssize_t
proc_read(int proc, int32_t pid, const char *which, void *buf, size_t size)
{
	char path[PATH_ROOM];
	size_t done = 0;

	int err = name_file(pid, which, path);
	if (err)
		return err;
	CLEANUP_FD int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return gone(errno);
	while (done < size) {
		ssize_t n = read(fd, (char *)buf + done, size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return gone(errno);
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* A whole short text in one read(): enough for what the kernel makes in one piece. */
static ssize_t
read_once(int proc, int32_t pid, const char *which, char *buf, size_t size)
{
	char path[PATH_ROOM];

	int err = name_file(pid, which, path);
	if (err)
		return err;
	CLEANUP_FD int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return gone(errno);
	ssize_t n = read(fd, buf, size);
	return n < 0 ? gone(errno) : n;
}

int
proc_stat(int proc, int32_t pid, struct proc_stat *out)
{
	char text[1024];
	ssize_t n = read_once(proc, pid, "stat", text, sizeof(text));

	if (n < 0)
		return (int)n;
	return n ? proc_parse_stat(text, (size_t)n, out) : -ESRCH;
}

int
proc_status(int proc, int32_t pid, struct proc_status *out)
{
	char text[1024];
	ssize_t n = read_once(proc, pid, "status", text, sizeof(text));

	if (n < 0)
		return (int)n;
	return n ? proc_parse_status(text, (size_t)n, out) : -ESRCH;
}

int
proc_syscall(int proc, int32_t tid, struct proc_syscall *out)
{
	char text[256];
	ssize_t n = read_once(proc, tid, "syscall", text, sizeof(text));

	if (n < 0)
		return (int)n;
	return n ? proc_parse_syscall(text, (size_t)n, out) : -ESRCH;
}

int
proc_number(int proc, int32_t pid, const char *which, uint32_t *out)
{
	char text[32];
	ssize_t n = read_once(proc, pid, which, text, sizeof(text));

	if (n < 0)
		return (int)n;
	return n ? proc_parse_number(text, (size_t)n, out) : -ESRCH;
}

ssize_t
proc_link(int proc, int32_t pid, const char *which, char *buf, size_t size)
{
	char path[PATH_ROOM];
	struct stat st;

	if (size == 0)
		return -EINVAL;
	int err = name_file(pid, which, path);
	if (err)
		return err;
	ssize_t n = readlinkat(proc, path, buf, size - 1);
	if (n >= 0) {
		buf[n] = '\0';
		return n;
	}
	err = errno;
	if (err != ENOENT)
		return -err;
	/* A kernel thread or zombie is there, but has no such link. */
	*strchr(path, '/') = '\0';
	return fstatat(proc, path, &st, 0) ? -ESRCH : -ENOENT;
}

static int32_t
pid_of(const char *name)
{
	int32_t pid = 0;

	for (; *name >= '0' && *name <= '9' && pid < INT32_MAX / 10 - 1; name++)
		pid = pid * 10 + (*name - '0');
	return *name == '\0' ? pid : 0;
}

/* The last part of PATH, which becomes shorter by it. */
static size_t
last_part(const char *path, size_t *len, const char **part)
{
	const char *slash = *len ? memrchr(path, '/', *len) : NULL;
	size_t n = *len - (slash ? (size_t)(slash - path) + 1 : 0);

	*part = path + *len - n;
	*len -= n + (slash != NULL);
	return n;
}

int32_t
proc_path_pid(const char *path, size_t len, int32_t self)
{
	char name[16];
	const char *part;
	size_t n = last_part(path, &len, &part);

	if (n != 3 || memcmp(part, "mem", n))
		return 0;
	n = last_part(path, &len, &part);
	size_t above = len, m;
	const char *task;
	m = last_part(path, &above, &task);
	if (m == 4 && !memcmp(task, "task", m)) {
		len = above;
		n = last_part(path, &len, &part);
	}
	if ((n == 4 && !memcmp(part, "self", n)) || (n == 11 && !memcmp(part, "thread-self", n)))
		return self;
	if (!n || n >= sizeof(name))
		return 0;
	memcpy(name, part, n);
	name[n] = '\0';
	return pid_of(name);
}

static int
each_of(const char *buf, size_t len, int (*fn)(void *arg, int32_t pid), void *arg)
{
	for (size_t at = 0; at < len;) {
		struct dirent64 head;
		memcpy(&head, buf + at, offsetof(struct dirent64, d_name));
		int32_t pid = pid_of(buf + at + offsetof(struct dirent64, d_name));
		int err = pid > 0 ? fn(arg, pid) : 0;
		if (err < 0)
			return err;
		at += head.d_reclen;
	}
	return 0;
}

int
proc_each(int proc, int (*fn)(void *arg, int32_t pid), void *arg)
{
	char buf[16384];

	/* An own description: the position of the shared one belongs to nobody. */
	CLEANUP_FD int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = getdents64(fd, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		int err = each_of(buf, (size_t)n, fn, arg);
		if (err < 0)
			return err;
	}
}

static bool
ask_kernel(int32_t pid, struct proc_cred *out)
{
	struct info info = { .mask = INFO_CREDS };

	CLEANUP_FD int fd = pidfd_open(pid, 0);
	if (fd < 0 || ioctl(fd, INFO_GET, &info) || !(info.mask & INFO_CREDS))
		return false;
	*out = (struct proc_cred){ .uid = info.euid, .ruid = info.ruid, .gid = info.egid };
	return true;
}

int
proc_cred(int proc, int32_t pid, struct proc_cred *out)
{
	struct proc_status st;

	if (ask_kernel(pid, out))
		return 0;
	int err = proc_status(proc, pid, &st);
	if (err)
		return err;
	*out = (struct proc_cred){ .uid = st.euid, .ruid = st.uid, .gid = st.egid };
	return 0;
}
