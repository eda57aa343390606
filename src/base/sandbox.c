#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/sandbox.h"

#define CAP_BITS	64

struct filter {
	unsigned short		len;
	struct sock_filter	insn[BPF_MAXINSNS];
};

#ifdef __SANITIZE_ADDRESS__
/* What the run-time libraries of the sanitizers call behind the program's back. */
static const int sanitizer_syscalls[] = {
	SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mprotect), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
	SCMP_SYS(sched_yield), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(tgkill),
	SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(prctl), SCMP_SYS(openat), SCMP_SYS(open),
	SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(close), SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(futex), SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(wait4), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(stat),
	SCMP_SYS(getrlimit), SCMP_SYS(prlimit64), SCMP_SYS(sched_getaffinity), SCMP_SYS(clock_gettime), SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(pipe2), SCMP_SYS(uname),
	SCMP_SYS(getrandom), SCMP_SYS(rseq), SCMP_SYS(ioctl), SCMP_SYS(lseek), SANDBOX_END
};
#else
static const int sanitizer_syscalls[] = { SANDBOX_END };
#endif

/*
 * Without CAP_SYS_RESOURCE, as in containers, the score cannot go down, and /proc/sys and its like may be read-only: then the kernel
 * chooses under memory pressure as it did before us.
 */
static int
set_oom_score(int score)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", score);

	CLEANUP_FD int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES || errno == EPERM || errno == EROFS ? 0 : -errno;
	if (write(fd, text, (size_t)n) != n)
		return errno == EACCES || errno == EPERM ? 0 : -errno;
	return 0;
}

/* Closes everything above 2 that KEEP does not name: in one call per gap, from the lowest kept one up. */
static int
close_others(const int *keep)
{
	unsigned from = 3;

	for (;;) {
		unsigned next = ~0u;
		for (const int *k = keep; k && *k >= 0; k++)
			if ((unsigned)*k >= from && (unsigned)*k < next)
				next = (unsigned)*k;
		unsigned last = next == ~0u ? next : next - 1;
		if (from <= last && close_range(from, last, 0))
			return -errno;
		if (next == ~0u)
			return 0;
		from = next + 1;
	}
}

static int
set_limits(const struct limit *l)
{
	for (; l && l->resource >= 0; l++) {
		struct rlimit now;
		if (getrlimit((__rlimit_resource_t)l->resource, &now))
			return -errno;
		if (now.rlim_max > l->value)
			now.rlim_max = l->value;
		if (now.rlim_cur > now.rlim_max)
			now.rlim_cur = now.rlim_max;
		if (setrlimit((__rlimit_resource_t)l->resource, &now))
			return -errno;
	}
	return 0;
}

static int
set_user(uid_t uid, gid_t gid)
{
	/* The kept capabilities must live through the change of user; they are cut down right after it. */
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
		return -errno;
	if (setgroups(0, NULL))
		return -errno;
	if (setresgid(gid, gid, gid))
		return -errno;
	if (setresuid(uid, uid, uid))
		return -errno;
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0))
		return -errno;
	return 0;
}

/*
 * The bounding set needs CAP_SETPCAP to shrink, so it goes before the others. A host that did not give it to us loses nothing: an
 * exec under no_new_privs gains no capability whatever the bounding set allows.
 */
static int
drop_bounding(void)
{
	for (unsigned long cap = 0; cap < CAP_BITS; cap++) {
		int has = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
		if (has < 0)
			return errno == EINVAL ? 0 : -errno;	/* the first number that this kernel does not know */
		if (has && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return errno == EPERM ? 0 : -errno;
	}
	return 0;
}

static int
set_caps(uint64_t caps)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)caps, .permitted = (uint32_t)caps },
		{ .effective = (uint32_t)(caps >> 32), .permitted = (uint32_t)(caps >> 32) },
	};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return -errno;
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

static void
cleanup_filter(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

static int
add_rules(scmp_filter_ctx ctx, uint32_t action, const int *numbers)
{
	for (; *numbers != SANDBOX_END; numbers++) {
		if (*numbers < 0)
			continue;	/* not a system call of this machine: nothing to say */
		int err = seccomp_rule_add(ctx, action, *numbers, 0);
		if (err && err != -EEXIST)
			return err;
	}
	return 0;
}

/* Takes the program out of libseccomp, which allocates, before limits and filter forbid that. */
static int
export_filter(scmp_filter_ctx ctx, struct filter *f)
{
	CLEANUP_FD int fd = memfd_create("filter", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	int err = seccomp_export_bpf(ctx, fd);
	if (err)
		return err;
	ssize_t n = pread(fd, f->insn, sizeof(f->insn), 0);
	if (n < 0)
		return -errno;
	if (n == 0 || n % (ssize_t)sizeof(f->insn[0]) || lseek(fd, 0, SEEK_END) != n)
		return -E2BIG;
	f->len = (unsigned short)((size_t)n / sizeof(f->insn[0]));
	return 0;
}

static int
build_filter(const struct sandbox *s, struct filter *f)
{
	CLEANUP(cleanup_filter) scmp_filter_ctx ctx = seccomp_init(s->syscalls ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ALLOW);

	if (!ctx)
		return -ENOMEM;
	int err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);	/* a binary tree, for kernels without a cache of filters */
	if (!err && !s->syscalls)
		err = add_rules(ctx, SCMP_ACT_ERRNO(EPERM), s->refused);
	if (!err && s->syscalls)
		err = add_rules(ctx, SCMP_ACT_ALLOW, s->syscalls);
	if (!err && s->syscalls)
		err = add_rules(ctx, SCMP_ACT_ALLOW, sanitizer_syscalls);
	return err ? err : export_filter(ctx, f);
}

/* The last call of all: what follows it is what the filter allows. */
static int
load_filter(const struct filter *f)
{
	struct sock_fprog prog = { .len = f->len, .filter = (struct sock_filter *)(uintptr_t)f->insn };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) ? -errno : 0;
}

/* A change of user or capabilities clears the death signal, so it is set again; the parent may have died in between. */
static int
bind_to_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

static int
drop_authority(const struct sandbox *s)
{
	int err = drop_bounding();

	if (!err && s->change_user)
		err = set_user(s->uid, s->gid);
	if (!err)
		err = set_caps(s->caps);
	if (err)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ? -errno : 0;
}

int
sandbox_enter(const struct sandbox *s)
{
	struct filter filter;
	pid_t parent = getppid();
	int err;

	if (!s->syscalls == !s->refused)
		return -EINVAL;
	if (s->title && prctl(PR_SET_NAME, s->title, 0, 0, 0))
		return -errno;
	if (s->die_with_parent && (err = bind_to_parent(parent)))
		return err;
	if ((err = build_filter(s, &filter)))
		return err;
	if ((err = set_oom_score(s->oom_score)))
		return err;
	if (s->keep && (err = close_others(s->keep)))
		return err;
	if ((err = set_limits(s->limits)))
		return err;
	if ((err = drop_authority(s)))
		return err;
	if (s->die_with_parent && (err = bind_to_parent(parent)))
		return err;
	return load_filter(&filter);
}
