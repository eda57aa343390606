/*
 * acts WHAT ...: does one thing that a sensor is to tell of, by raw system calls and without the help of any program. What it prints is
 * what a record of it must name besides, as a port. Exit 0, 100 + errno when the kernel refused it, 98 when this machine has no such call,
 * 99 when there is no such act. Names that end in -32 go through the calls of 32-bit programs, uring- through io_uring.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libaudit.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/io_uring.h>
#include <linux/module.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/* Younger than the headers that we may be built with. */
#define URING_BIND	56
#define URING_LISTEN	57

#define ARGS_MAX	3

/* Arguments of an act; "" where there is none. */
typedef int act_fn(const char *const arg[ARGS_MAX]);

static int
number(const char *s)
{
	return (int)strtol(s, NULL, 10);
}

/* Lives on for so many seconds, or less when it is killed: what it holds can be looked at. */
static void
linger(const char *seconds)
{
	int saved = errno;

	sleep((unsigned)number(seconds));
	errno = saved;
}

/* Operations of io_uring, all at once: what the call of the name of the last would return, with errno set. */
static int
uring_all(const struct io_uring_sqe *ops, unsigned n)
{
	struct io_uring_params p = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, n, &p);

	if (ring < 0)
		return -1;
	char *queue = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	char *done = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), PROT_READ, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	struct io_uring_sqe *slot = mmap(NULL, p.sq_entries * sizeof(*slot), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (queue == MAP_FAILED || done == MAP_FAILED || (void *)slot == MAP_FAILED)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		slot[i] = ops[i];
		memcpy(queue + p.sq_off.array + i * sizeof(i), &i, sizeof(i));
	}
	memcpy(queue + p.sq_off.tail, &n, sizeof(n));
	if (syscall(SYS_io_uring_enter, ring, n, n, IORING_ENTER_GETEVENTS, NULL, 0) != n)
		return -1;
	int result = ((const struct io_uring_cqe *)(const void *)(done + p.cq_off.cqes))[n - 1].res;
	close(ring);
	errno = result < 0 ? -result : 0;
	return result < 0 ? -1 : result;
}

static int
uring(struct io_uring_sqe op)
{
	return uring_all(&op, 1);
}

/* A system call as a 32-bit program makes it. What arguments point to must lie below 4 GiB: see low(). */
static int
call32(int number32, const uint32_t arg[3])
{
#ifdef __x86_64__
	int result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number32), "b"(arg[0]), "c"(arg[1]), "d"(arg[2])
	    : "memory", "r8", "r9", "r10", "r11");
	errno = result < 0 ? -result : 0;
	return result < 0 ? -1 : result;
#else
	(void)number32;
	(void)arg;
	exit(98);
#endif
}

/* A copy where 32 bits reach it. */
static uint32_t
low(const void *what, size_t len)
{
#ifdef MAP_32BIT
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (p == MAP_FAILED)
		exit(98);
	memcpy(p, what, len);
	return (uint32_t)(uintptr_t)p;
#else
	(void)what;
	(void)len;
	exit(98);
#endif
}

/* socketcall(WHICH, {a, b, c}): 1 socket, 2 bind, 3 connect, 4 listen, 5 accept */
static int
socketcall(uint32_t which, uint32_t a, uint32_t b, uint32_t c)
{
	const uint32_t packed[3] = { a, b, c };

	return call32(102, (const uint32_t[]){ which, low(packed, sizeof(packed)), 0 });
}

static int
do_linger(const char *const arg[])
{
	linger(arg[0]);
	return 0;
}

static struct sockaddr_in
loopback(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)number(port)),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static int
stream(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int
do_connect(const char *const arg[])
{
	struct sockaddr_in sa = loopback(arg[0]);

	return connect(stream(), (struct sockaddr *)&sa, sizeof(sa));
}

/* Refused or not, each is a connection that was asked for. */
static int
do_connect_many(const char *const arg[])
{
	struct sockaddr_in sa = loopback(arg[0]);

	for (int n = number(arg[1]); n > 0; n--) {
		int fd = stream();
		if (fd < 0)
			return -1;
		connect(fd, (struct sockaddr *)&sa, sizeof(sa));
		close(fd);
	}
	return 0;
}

/* A connection to ourselves that waits to be accepted: the listening socket. Prints the port that it comes from. */
static int
knocked(const char *port)
{
	struct sockaddr_in sa = loopback(port), self;
	socklen_t len = sizeof(self);
	int door = stream(), guest = stream();

	if (bind(door, (struct sockaddr *)&sa, sizeof(sa)) || listen(door, 1) || getsockname(door, (struct sockaddr *)&sa, &len) ||
	    connect(guest, (struct sockaddr *)&sa, sizeof(sa)) || getsockname(guest, (struct sockaddr *)&self, &len))
		return -1;
	printf("%d\n", ntohs(self.sin_port));
	fflush(stdout);
	return door;
}

/* Connects to itself, prints the port that it comes from, and lives on. */
static int
do_connect_self(const char *const arg[])
{
	int door = knocked(arg[0]);

	linger(arg[1]);
	return door;
}

/* A local connection, to a name that no file system has, accepted without asking by whom. */
static int
do_accept_local(const char *const arg[])
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	    (size_t)snprintf(sa.sun_path + 1, sizeof(sa.sun_path) - 1, "yett-test-%d", getpid()));
	int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), guest = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(door, (struct sockaddr *)&sa, len) || listen(door, 1) || connect(guest, (struct sockaddr *)&sa, len))
		return -1;
	int fd = accept4(door, NULL, NULL, SOCK_CLOEXEC);
	linger(arg[0]);
	return fd;
}

static int
do_connect_32(const char *const arg[])
{
	struct sockaddr_in sa = loopback(arg[0]);

	return socketcall(3, (uint32_t)stream(), low(&sa, sizeof(sa)), sizeof(sa));
}

static int
do_uring_connect(const char *const arg[])
{
	struct sockaddr_in sa = loopback(arg[0]);

	return uring((struct io_uring_sqe){ .opcode = IORING_OP_CONNECT, .fd = stream(), .addr = (uintptr_t)&sa, .off = sizeof(sa) });
}

/* Connects, then lives on until it is killed. */
static int
do_wait(const char *const arg[])
{
	int r = do_connect(arg);

	sleep(10);
	puts("survived");
	return r;
}

static int
do_listen(const char *const arg[])
{
	struct sockaddr_in sa = loopback(arg[0]);
	int fd = stream();

	int err = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || listen(fd, 1) ? -1 : 0;

	linger(arg[1]);
	return err;
}

static int
do_listen_32(const char *const arg[])
{
	struct sockaddr_in sa = loopback(arg[0]);
	int fd = stream();

	return socketcall(2, (uint32_t)fd, low(&sa, sizeof(sa)), sizeof(sa)) || socketcall(4, (uint32_t)fd, 1, 0) ? -1 : 0;
}

static int
do_uring_listen(const char *const arg[])
{
	struct sockaddr_in sa = loopback(arg[0]);
	int fd = stream();

	return uring((struct io_uring_sqe){ .opcode = URING_BIND, .fd = fd, .addr = (uintptr_t)&sa, .off = sizeof(sa) }) ||
	    uring((struct io_uring_sqe){ .opcode = URING_LISTEN, .fd = fd, .len = 1 }) ? -1 : 0;
}

static int
do_accept(const char *const arg[])
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);

	int fd = (int)syscall(SYS_accept, knocked(arg[0]), &from, &len);

	linger(arg[1]);
	return fd;
}

/* Who does not want to know with whom it speaks. */
static int
do_accept4(const char *const arg[])
{
	int fd = (int)syscall(SYS_accept4, knocked(arg[0]), NULL, NULL, SOCK_CLOEXEC);

	linger(arg[1]);
	return fd;
}

static int
do_accept_32(const char *const arg[])
{
	int fd = socketcall(5, (uint32_t)knocked(arg[0]), 0, 0);

	linger(arg[1]);
	return fd;
}

static int
do_uring_accept(const char *const arg[])
{
	return uring((struct io_uring_sqe){ .opcode = IORING_OP_ACCEPT, .fd = knocked(arg[0]) });
}

static int
do_packet_socket(const char *const arg[])
{
	(void)arg;
	return socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
}

static int
do_stream_socket(const char *const arg[])
{
	(void)arg;
	return stream() < 0 || socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) < 0 ? -1 : 0;
}

static int
do_raw_socket(const char *const arg[])
{
	(void)arg;
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
}

static int
do_packet_socket_32(const char *const arg[])
{
	(void)arg;
	return call32(359, (const uint32_t[]){ AF_PACKET, SOCK_RAW, htons(ETH_P_ALL) });
}

static int
do_raw_socketcall_32(const char *const arg[])
{
	(void)arg;
	return socketcall(1, AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int
do_uring_packet_socket(const char *const arg[])
{
	(void)arg;
	return uring((struct io_uring_sqe){ .opcode = IORING_OP_SOCKET, .fd = AF_PACKET, .off = SOCK_RAW, .len = htons(ETH_P_ALL) });
}

static int
do_kill(const char *const arg[])
{
	return kill(number(arg[0]), number(arg[1]));
}

static int
do_kill_32(const char *const arg[])
{
	return call32(37, (const uint32_t[]){ (uint32_t)number(arg[0]), (uint32_t)number(arg[1]), 0 });
}

static int
do_tkill(const char *const arg[])
{
	return (int)syscall(SYS_tkill, number(arg[0]), number(arg[1]));
}

static int
do_tgkill(const char *const arg[])
{
	return (int)syscall(SYS_tgkill, number(arg[0]), number(arg[0]), number(arg[1]));
}

static int
do_pidfd_signal(const char *const arg[])
{
	return (int)syscall(SYS_pidfd_send_signal, syscall(SYS_pidfd_open, number(arg[0]), 0), number(arg[1]), NULL, 0);
}

static int
do_queue_signal(const char *const arg[])
{
	siginfo_t info = { .si_code = SI_QUEUE };

	return (int)syscall(SYS_rt_sigqueueinfo, number(arg[0]), number(arg[1]), &info);
}

static int
do_raw_read(const char *const arg[])
{
	return (int)syscall(SYS_openat, AT_FDCWD, arg[0], O_RDONLY | O_CLOEXEC);
}

static int
do_raw_open(const char *const arg[])
{
#ifdef SYS_open
	return (int)syscall(SYS_open, arg[0], O_RDONLY | O_CLOEXEC);
#else
	return do_raw_read(arg);
#endif
}

static int
do_raw_openat2(const char *const arg[])
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC };

	return (int)syscall(SYS_openat2, AT_FDCWD, arg[0], &how, sizeof(how));
}

static int
do_raw_open_32(const char *const arg[])
{
	return call32(5, (const uint32_t[]){ low(arg[0], strlen(arg[0]) + 1), O_RDONLY, 0 });
}

static int
do_uring_raw_read(const char *const arg[])
{
	return uring((struct io_uring_sqe){ .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)arg[0], .open_flags = O_RDONLY });
}

/* A harmless file first. */
static int
do_uring_raw_among(const char *const arg[])
{
	const struct io_uring_sqe ops[2] = {
		{ .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)arg[1], .open_flags = O_RDONLY },
		{ .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)arg[0], .open_flags = O_RDONLY },
	};

	return uring_all(ops, 2);
}

static int
do_uring_raw_openat2(const char *const arg[])
{
	struct open_how how = { .flags = O_RDONLY };

	return uring((struct io_uring_sqe){ .opcode = IORING_OP_OPENAT2, .fd = AT_FDCWD, .addr = (uintptr_t)arg[0], .len = sizeof(how),
		.off = (uintptr_t)&how });
}

static int
do_raw_by_handle(const char *const arg[])
{
	union { struct file_handle h; char room[sizeof(struct file_handle) + MAX_HANDLE_SZ]; } u = { .h.handle_bytes = MAX_HANDLE_SZ };
	char dir[256];
	int mount_id;

	snprintf(dir, sizeof(dir), "%s", arg[0]);
	*strrchr(dir, '/') = '\0';
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || name_to_handle_at(AT_FDCWD, arg[0], &u.h, &mount_id, 0))
		return -1;
	fd = open_by_handle_at(fd, &u.h, O_RDONLY | O_CLOEXEC);
	linger(arg[1]);
	return fd;
}

/* The same disk by a node of our own: arg[0] the disk, arg[1] where to make it. */
static int
do_raw_node(const char *const arg[])
{
	struct stat st;

	if (stat(arg[0], &st) || mknod(arg[1], S_IFBLK | 0600, st.st_rdev))
		return -1;
	return do_raw_read(arg + 1);
}

/* Opens for writing below /proc what is no memory. */
static int
do_write_proc(const char *const arg[])
{
	(void)arg;
	return open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
}

static int
do_attach(const char *const arg[])
{
	return ptrace(PTRACE_ATTACH, number(arg[0]), NULL, NULL) ? -1 : 0;
}

static int
do_seize(const char *const arg[])
{
	return ptrace(PTRACE_SEIZE, number(arg[0]), NULL, NULL) ? -1 : 0;
}

/* Memory of PID that it may write. */
static void *
place_in(int pid)
{
	char name[64], line[512], rights[5];
	unsigned long start;

	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	FILE *maps = fopen(name, "re");
	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%*x %4s", &start, rights) == 2 && strcmp(rights, "rw-p") == 0) {
			fclose(maps);
			return (void *)start;
		}
	return NULL;
}

static int
do_read_memory(const char *const arg[])
{
	char here[8];
	struct iovec to = { here, sizeof(here) }, from = { place_in(number(arg[0])), sizeof(here) };

	return process_vm_readv(number(arg[0]), &to, 1, &from, 1, 0) < 0 ? -1 : 0;
}

/* What is there already. */
static int
do_write_memory(const char *const arg[])
{
	char here[8];
	struct iovec mine = { here, sizeof(here) }, theirs = { place_in(number(arg[0])), sizeof(here) };

	if (process_vm_readv(number(arg[0]), &mine, 1, &theirs, 1, 0) < 0)
		return -1;
	return process_vm_writev(number(arg[0]), &mine, 1, &theirs, 1, 0) < 0 ? -1 : 0;
}

static int
do_mem_file(const char *const arg[])
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/mem", number(arg[0]));
	return open(name, O_RDWR | O_CLOEXEC);
}

static int
do_mem_file_at(const char *const arg[])
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d", number(arg[0]));
	int fd = openat(open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "mem", O_RDWR | O_CLOEXEC);
	linger(arg[1]);
	return fd;
}

static int
do_uring_mem_file(const char *const arg[])
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/mem", number(arg[0]));
	return uring((struct io_uring_sqe){ .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)name, .open_flags = O_RDWR });
}

/* One descriptor of another process; which, is arg[1]. */
static int
do_take_descriptor(const char *const arg[])
{
	int fd = (int)syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, number(arg[0]), 0), number(arg[1]), 0);

	linger(arg[2]);
	return fd;
}

static int
do_memfd(const char *const arg[])
{
	int fd = memfd_create(arg[0][0] ? arg[0] : "yett-test", MFD_CLOEXEC);

	linger(arg[1]);
	return fd;
}

static int
do_bpf_load(const char *const arg[])
{
	struct bpf_insn program[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K }, { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insns = (uintptr_t)program, .insn_cnt = 2,
		.license = (uintptr_t)"GPL" };

	(void)arg;
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int
do_bpf_attach(const char *const arg[])
{
	union bpf_attr attr = { .target_fd = 0, .attach_bpf_fd = 0, .attach_type = BPF_CGROUP_INET_INGRESS };

	(void)arg;
	return (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr));
}

static int
do_bpf_link(const char *const arg[])
{
	union bpf_attr attr = { .link_create = { .attach_type = BPF_CGROUP_INET_INGRESS } };

	(void)arg;
	return (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
}

/* No module and no kernel: both are refused, and told all the same. */
static int
do_module(const char *const arg[])
{
	(void)arg;
	return (int)syscall(SYS_finit_module, -1, "", 0);
}

static int
do_kexec(const char *const arg[])
{
	(void)arg;
	return (int)syscall(SYS_kexec_file_load, -1, -1, 0, "", 0);
}

static int
do_mount(const char *const arg[])
{
	return mount("yett-test", arg[0], "tmpfs", MS_NODEV | MS_NOSUID, "size=64k");
}

static int
do_umount(const char *const arg[])
{
	return umount2(arg[0], MNT_DETACH);
}

/* What a program with CAP_AUDIT_WRITE says: the number of the record's type, and its text. */
static int
do_say(const char *const arg[])
{
	int fd = audit_open();

	return audit_log_user_message(fd, number(arg[0]), arg[1], NULL, arg[2][0] ? arg[2] : NULL, NULL, 1) < 0 ? -1 : 0;
}

/* The same as programs of the system say it: type, account, address. */
static int
do_say_logon(const char *const arg[])
{
	int type = number(arg[0]);

	return audit_log_acct_message(audit_open(), abs(type), NULL, type == AUDIT_USER_START ? "PAM:session_open" : type == AUDIT_USER_END ?
	    "PAM:session_close" : "login", arg[1], (unsigned)-1, NULL, arg[2], "pts/7", type > 0) < 0 ? -1 : 0;
}

static const struct { const char *name; act_fn *go; } acts[] = {
	{ "linger", do_linger },
	{ "connect", do_connect },		{ "connect-32", do_connect_32 },	{ "uring-connect", do_uring_connect },
	{ "connect-many", do_connect_many },	{ "wait", do_wait },			{ "connect-self", do_connect_self },
	{ "listen", do_listen },		{ "listen-32", do_listen_32 },		{ "uring-listen", do_uring_listen },
	{ "accept", do_accept },		{ "accept4", do_accept4 },		{ "accept-32", do_accept_32 },
	{ "uring-accept", do_uring_accept },	{ "accept-local", do_accept_local },
	{ "packet-socket", do_packet_socket },	{ "packet-socket-32", do_packet_socket_32 },
	{ "uring-packet-socket", do_uring_packet_socket },
	{ "stream-socket", do_stream_socket },
	{ "raw-socket", do_raw_socket },	{ "raw-socketcall-32", do_raw_socketcall_32 },
	{ "kill", do_kill },			{ "kill-32", do_kill_32 },		{ "tkill", do_tkill },
	{ "tgkill", do_tgkill },		{ "pidfd-signal", do_pidfd_signal },	{ "queue-signal", do_queue_signal },
	{ "raw-read", do_raw_read },		{ "raw-open", do_raw_open },		{ "raw-openat2", do_raw_openat2 },
	{ "raw-open-32", do_raw_open_32 },	{ "uring-raw-read", do_uring_raw_read }, { "uring-raw-openat2", do_uring_raw_openat2 },
	{ "raw-node", do_raw_node },		{ "raw-by-handle", do_raw_by_handle },	{ "uring-raw-among", do_uring_raw_among },
	{ "attach", do_attach },		{ "seize", do_seize },
	{ "read-memory", do_read_memory },	{ "write-memory", do_write_memory },
	{ "mem-file-at", do_mem_file_at },
	{ "mem-file", do_mem_file },		{ "uring-mem-file", do_uring_mem_file }, { "take-descriptor", do_take_descriptor },
	{ "memfd", do_memfd },			{ "write-proc", do_write_proc },
	{ "bpf-load", do_bpf_load },		{ "bpf-attach", do_bpf_attach },	{ "bpf-link", do_bpf_link },
	{ "module", do_module },		{ "kexec", do_kexec },
	{ "mount", do_mount },			{ "umount", do_umount },
	{ "say", do_say },			{ "say-logon", do_say_logon },
};

int
main(int argc, char **argv)
{
	const char *arg[ARGS_MAX] = { "", "", "" };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < ARGS_MAX && i + 2 < argc; i++)
		arg[i] = argv[i + 2];
	for (size_t i = 0; argc >= 2 && i < sizeof(acts) / sizeof(acts[0]); i++)
		if (strcmp(argv[1], acts[i].name) == 0)
			return acts[i].go(arg) < 0 ? 100 + errno : 0;
	return 99;
}
