/*
 * opener WAY ACCESS FILE: opens FILE and prints "ok" or the name of the error; exit 0 or 100 + errno (99: this host cannot, or usage).
 * WAY: open openat openat2 creat uring uring-async handle tmpfile. ACCESS: read write rdwr trunc append. With "ok", what was opened is
 * also used: a byte is read, or "x" is written. opener hold ACCESS FILE: opens by open(2), says "holding", and keeps it until its input
 * ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CANNOT (-1000)

static const struct { const char *name; int flags; } accesses[] = {
	{ "read", O_RDONLY }, { "write", O_WRONLY }, { "rdwr", O_RDWR }, { "trunc", O_WRONLY | O_TRUNC }, { "append", O_WRONLY | O_APPEND },
};

static int
result(long n)
{
	return n < 0 ? -errno : (int)n;
}

static int
by_openat2(const char *file, int flags)
{
	struct open_how how = { .flags = (uint64_t)(unsigned)flags };

	return result(syscall(SYS_openat2, AT_FDCWD, file, &how, sizeof(how)));
}

/* One OPENAT through a ring, by the system calls themselves. */
static int
by_uring(const char *file, int flags, unsigned sqe_flags)
{
	struct io_uring_params p = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 1, &p);

	if (ring < 0)
		return CANNOT;
	size_t sq_len = p.sq_off.array + p.sq_entries * sizeof(uint32_t), cq_len = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	size_t len = sq_len > cq_len ? sq_len : cq_len;
	if (!(p.features & IORING_FEAT_SINGLE_MMAP))
		return CANNOT;
	char *rings = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
	struct io_uring_sqe *sqe = mmap(NULL, p.sq_entries * sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
	    IORING_OFF_SQES);
	if (rings == MAP_FAILED || sqe == MAP_FAILED)
		return CANNOT;
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_OPENAT;
	sqe->flags = (uint8_t)sqe_flags;
	sqe->fd = AT_FDCWD;
	sqe->addr = (uint64_t)(uintptr_t)file;
	sqe->open_flags = (uint32_t)flags;
	sqe->len = 0600;
	*(uint32_t *)(void *)(rings + p.sq_off.array) = 0;
	__atomic_store_n((uint32_t *)(void *)(rings + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return CANNOT;
	return ((struct io_uring_cqe *)(void *)(rings + p.cq_off.cqes))->res;
}

static int
by_handle(const char *file, int flags)
{
	union { struct file_handle h; char room[sizeof(struct file_handle) + MAX_HANDLE_SZ]; } u;
	char dir[4096];
	int mount_id, mount;

	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(file, '/') - file), file);
	u.h.handle_bytes = MAX_HANDLE_SZ;
	mount = open(dir, O_RDONLY | O_DIRECTORY);
	if (mount < 0 || name_to_handle_at(AT_FDCWD, file, &u.h, &mount_id, 0))
		return CANNOT;
	return result(open_by_handle_at(mount, &u.h, flags));
}

static int
open_by(const char *way, const char *file, int flags)
{
	if (strcmp(way, "open") == 0 || strcmp(way, "hold") == 0)
#ifdef SYS_open
		return result(syscall(SYS_open, file, flags));
#else
		return result(open(file, flags));
#endif
	if (strcmp(way, "openat") == 0)
		return result(syscall(SYS_openat, AT_FDCWD, file, flags));
	if (strcmp(way, "openat2") == 0)
		return by_openat2(file, flags);
	if (strcmp(way, "creat") == 0)
		return result(creat(file, 0600));
	if (strcmp(way, "uring") == 0)
		return by_uring(file, flags, 0);
	if (strcmp(way, "uring-async") == 0)
		return by_uring(file, flags, IOSQE_ASYNC);
	if (strcmp(way, "handle") == 0)
		return by_handle(file, flags);
	if (strcmp(way, "tmpfile") == 0)
		return result(open(file, flags | O_TMPFILE, 0600));
	return CANNOT;
}

static int
flags_of(const char *access)
{
	for (size_t i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++)
		if (strcmp(access, accesses[i].name) == 0)
			return accesses[i].flags;
	return -1;
}

int
main(int argc, char **argv)
{
	char c = 'x';

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int flags = argc == 4 ? flags_of(argv[2]) : -1;
	if (flags < 0)
		return 99;
	int fd = open_by(argv[1], argv[3], flags | O_CLOEXEC);
	if (fd == CANNOT) {
		printf("this host cannot: %s\n", argv[1]);
		return 99;
	}
	if (fd < 0) {
		printf("%s\n", strerrorname_np(-fd));
		return 100 - fd;
	}
	if (strcmp(argv[1], "hold") == 0) {
		puts("holding");
		fflush(stdout);
		return read(0, &c, 1) < 0;
	}
	bool writes = (flags & O_ACCMODE) != O_RDONLY || strcmp(argv[1], "creat") == 0;
	ssize_t n = writes ? write(fd, &c, 1) : read(fd, &c, 1);
	puts(n >= 0 ? "ok" : strerrorname_np(errno));
	return n >= 0 ? 0 : 100 + errno;
}
