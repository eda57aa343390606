#include <errno.h>
#include <linux/capability.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/log.h"
#include "base/title.h"
#include "gate/gate.h"
#include "hook/hook.h"
#include "record/record.h"
#include "scan/scan.h"
#include "warden/roles.h"
#include "watch/watch.h"

#define CAP(x) (1ull << CAP_##x)
#define CALLS(...) (const int[]){ __VA_ARGS__, SANDBOX_END }
#define S(name) SCMP_SYS(name)
#define NOT(name) SCMP_SYS(name)

/* Every process: its loop, its clock, its end. */
#define BASE_CALLS S(read), S(write), S(close), S(epoll_wait), S(epoll_pwait), S(epoll_ctl), S(epoll_create1), S(recvmsg), S(sendmsg), \
	S(timerfd_create), S(timerfd_settime), S(clock_gettime), S(poll), S(ppoll), S(rt_sigreturn), S(rt_sigprocmask), S(rt_sigaction), \
	S(restart_syscall), S(exit), S(exit_group), S(futex), S(brk), S(mmap), S(munmap), S(madvise), S(getrandom), S(fstat), S(newfstatat), \
	S(fcntl), S(lseek), S(getpid), S(gettid), S(tgkill)

/*
 * And what it is there for. open_by_handle_at, openat2: files of events that nobody waits for, with O_PATH; what an event calls them is
 * the handle. pidfd_getfd, getsockname, getpeername, getsockopt: the ends of connections that audit tells of; setitimer: no close of such
 * a socket waits.
 */
#define GATE_CALLS S(openat), S(readlinkat), S(getdents64), S(fstatfs), S(recvfrom), S(sendto), S(process_vm_readv), S(pidfd_open), \
	S(ioctl), S(pread64), S(fanotify_mark), S(signalfd4), S(open_by_handle_at), S(openat2), \
	S(pidfd_getfd), S(getsockname), S(getpeername), S(getsockopt), S(setitimer)
/* readlinkat, mremap: links that enable units, by their descriptors; entries of files, which grow as they are read. */
#define WATCH_CALLS S(accept4), S(recvfrom), S(sendto), S(getsockopt), S(shutdown), S(readlinkat), S(mremap)
#define SCAN_CALLS S(pread64)
#define RECORD_CALLS S(openat), S(pread64), S(pwrite64), S(fdatasync), S(fsync), S(ftruncate), S(fallocate), S(fstatfs), S(renameat), \
	S(renameat2), S(linkat), S(unlinkat), S(mkdirat), S(fchmod), S(mprotect), S(mlock), S(munlock), S(signalfd4), S(getdents64), S(writev)

/*
 * The program of [records] program is the admin's and inherits this filter, so it cannot be a list of what yett needs: it takes what no
 * messenger needs, above all what reaches into other processes or into the kernel.
 */
#define HOOK_REFUSED \
	NOT(ptrace), NOT(process_vm_readv), NOT(process_vm_writev), NOT(kcmp), NOT(pidfd_getfd), NOT(bpf), NOT(perf_event_open), \
	NOT(userfaultfd), NOT(io_uring_setup), NOT(keyctl), NOT(add_key), NOT(request_key), NOT(init_module), NOT(finit_module), \
	NOT(delete_module), NOT(kexec_load), NOT(kexec_file_load), NOT(mount), NOT(umount2), NOT(pivot_root), NOT(move_mount), \
	NOT(open_tree), NOT(fsopen), NOT(fsmount), NOT(fsconfig), NOT(fspick), NOT(mount_setattr), NOT(chroot), NOT(setns), \
	NOT(unshare), NOT(reboot), NOT(swapon), NOT(swapoff), NOT(acct), NOT(quotactl), NOT(syslog), NOT(settimeofday), \
	NOT(clock_settime), NOT(adjtimex), NOT(clock_adjtime), NOT(sethostname), NOT(setdomainname), NOT(iopl), NOT(ioperm), \
	NOT(open_by_handle_at), NOT(name_to_handle_at), NOT(fanotify_init), NOT(fanotify_mark), NOT(lookup_dcookie), NOT(personality)

struct role {
	struct sandbox	 sandbox;
	int		 nice;
};

static struct role roles[ROOM__MAX] = {
	[ROOM_WARDEN] = { .nice = -15, .sandbox = { .title = "yettd",
		/* Those of the children too: a child can keep only what we have. */
		.caps = CAP(SYS_ADMIN) | CAP(KILL) | CAP(SETUID) | CAP(SETGID) | CAP(SETPCAP) | CAP(DAC_READ_SEARCH) | CAP(SYS_PTRACE) |
			/* NET_RAW: packets of DNS, while a rule asks for lookups */
			CAP(LEASE) | CAP(NET_ADMIN) | CAP(NET_RAW) | CAP(AUDIT_CONTROL) | CAP(AUDIT_READ) | CAP(SYS_NICE),
		.limits = (const struct limit[]){ { RLIMIT_CORE, 0 }, { -1, 0 } }, .oom_score = -1000,
		/* Filters add up over forks: what a child may call, its parent must be allowed too. */
		.syscalls = CALLS(BASE_CALLS, GATE_CALLS, WATCH_CALLS, SCAN_CALLS, RECORD_CALLS,
			/* children */
			S(clone), S(clone3), S(vfork), S(wait4), S(waitid), S(pidfd_open), S(pidfd_send_signal), S(kill), S(set_robust_list), S(rseq),
			S(set_tid_address), S(prlimit64), S(setrlimit), S(getrlimit), S(setresuid), S(setresgid),
			S(setgroups), S(setuid), S(setgid), S(capget), S(capset), S(prctl), S(seccomp),
			S(close_range), S(setpriority), S(socketpair), S(dup), S(dup2), S(dup3), S(getppid), S(getuid), S(geteuid), S(getgid), S(getegid),
			/* marks, mounts */
			S(fanotify_init), S(fanotify_mark), S(ioctl), S(openat), S(readlink), S(readlinkat), S(getdents64), S(statfs), S(fstatfs), S(statx),
			S(access), S(faccessat), S(faccessat2), S(uname), S(pread64),
			/* a copy of a mount that holds nobody up, for the gate to find files in */
			S(open_tree),
			/* audit, proc connector */
			S(socket), S(bind), S(sendto), S(recvfrom), S(setsockopt), S(getsockopt), S(getsockname), S(connect), S(select), S(pselect6),
			/* policies, in the helper */
			S(memfd_create), S(ftruncate), S(mremap), S(mprotect), S(clock_nanosleep), S(nanosleep), S(sysinfo), S(flock), S(getcwd),
			S(unlink), S(unlinkat),
			S(epoll_create1), S(signalfd4), S(fchmod), S(writev), S(readv)) } },
	[ROOM_GATE] = { .nice = -20, .sandbox = { .title = "yettd-gate",
		/* LEASE: a read lease on a file of somebody else tells whether a writer has it open. */
		.caps = CAP(SYS_PTRACE) | CAP(DAC_READ_SEARCH) | CAP(LEASE), .die_with_parent = true, .oom_score = -900,
		.limits = (const struct limit[]){ { RLIMIT_NOFILE, GATE_FDS }, { RLIMIT_FSIZE, 0 }, { RLIMIT_NPROC, 0 }, { RLIMIT_CORE, 0 }, { -1, 0 } },
		.syscalls = CALLS(BASE_CALLS, GATE_CALLS) } },
	[ROOM_WATCH] = { .nice = -5, .sandbox = { .title = "yettd-watch", .die_with_parent = true, .oom_score = -900,
		.limits = (const struct limit[]){ { RLIMIT_NOFILE, 256 }, { RLIMIT_FSIZE, 0 }, { RLIMIT_NPROC, 0 }, { RLIMIT_CORE, 0 }, { -1, 0 } },
		.syscalls = CALLS(BASE_CALLS, WATCH_CALLS) } },
	[ROOM_SCAN] = { .sandbox = { .title = "yettd-scan", .die_with_parent = true, .oom_score = 500,
		.limits = (const struct limit[]){ { RLIMIT_NOFILE, 256 }, { RLIMIT_FSIZE, 0 }, { RLIMIT_NPROC, 0 }, { RLIMIT_CORE, 0 }, { -1, 0 } },
		.syscalls = CALLS(BASE_CALLS, SCAN_CALLS) } },
	[ROOM_RECORD] = { .nice = -5, .sandbox = { .title = "yettd-record", .die_with_parent = true, .oom_score = -900,
		.limits = (const struct limit[]){ { RLIMIT_NOFILE, 256 }, { RLIMIT_NPROC, 0 }, { RLIMIT_CORE, 0 }, { -1, 0 } },
		.syscalls = CALLS(BASE_CALLS, RECORD_CALLS) } },
	[ROOM_HOOK] = { .nice = 5, .sandbox = { .title = "yettd-hook", .die_with_parent = true,
		.limits = (const struct limit[]){ { RLIMIT_NOFILE, 256 }, { RLIMIT_FSIZE, 64 << 20 }, { RLIMIT_NPROC, 256 },
			{ RLIMIT_MEMLOCK, 0 }, { RLIMIT_CORE, 0 }, { -1, 0 } },
		.refused = CALLS(HOOK_REFUSED) } },
};

static const struct edge_info edges[EDGE__MAX] = {
	[EDGE_WATCH_GATE]	= { ROOM_WATCH, ROOM_GATE },
	[EDGE_GATE_SCAN]	= { ROOM_GATE, ROOM_SCAN },
	[EDGE_GATE_RECORD]	= { ROOM_GATE, ROOM_RECORD },
	[EDGE_GATE_WARDEN]	= { ROOM_GATE, ROOM_WARDEN },
	[EDGE_WATCH_WARDEN]	= { ROOM_WATCH, ROOM_WARDEN },
	[EDGE_WARDEN_RECORD]	= { ROOM_WARDEN, ROOM_RECORD },
	[EDGE_RECORD_HOOK]	= { ROOM_RECORD, ROOM_HOOK },
	[EDGE_GATE_OPENER]	= { ROOM_GATE, ROOM_WARDEN },
};

const struct edge_info *
edge_info(enum edge e)
{
	return &edges[e];
}

int
edge_fd(const struct warden *w, enum edge e, enum room room)
{
	return w->edges[e][edges[e].a == room ? 0 : 1];
}

const struct sandbox *
role_sandbox(enum room r)
{
	return &roles[r].sandbox;
}

int
roles_users(const struct config *c, char *why, size_t n)
{
	for (int r = ROOM_GATE; r < ROOM__MAX; r++) {
		struct sandbox *s = &roles[r].sandbox;
		if (r == ROOM_HOOK && !c->hook.n)
			continue;
		if (strcmp(c->user, "nobody") == 0)
			snprintf(why, n, "nobody");
		else
			snprintf(why, n, "%s-%s", c->user, room_name((enum room)r));
		const struct passwd *pw = getpwnam(why);
		if (!pw || pw->pw_uid == 0)
			return -ENOENT;
		s->change_user = true;
		s->uid = pw->pw_uid;
		s->gid = pw->pw_gid;
	}
	return 0;
}

void
role_ids(enum room r, uid_t *uid, gid_t *gid)
{
	*uid = roles[r].sandbox.uid;
	*gid = roles[r].sandbox.gid;
}

static int
run_gate(struct warden *w)
{
	struct gate_setup s = { .exec_group = w->groups.exec, .open_group = w->groups.open, .stale_group = w->groups.stale,
		.files_group = w->heard.files, .started_group = w->heard.started, .written_group = w->heard.written,
		.proc_sock = w->proc_sock,
		.watch_sock = edge_fd(w, EDGE_WATCH_GATE, ROOM_GATE), .scan_sock = edge_fd(w, EDGE_GATE_SCAN, ROOM_GATE),
		.record_sock = edge_fd(w, EDGE_GATE_RECORD, ROOM_GATE), .warden_sock = edge_fd(w, EDGE_GATE_WARDEN, ROOM_GATE),
		.opener_sock = edge_fd(w, EDGE_GATE_OPENER, ROOM_GATE),
		.policy_fd = w->policy_fd, .generation = w->generation, .mode = w->groups.mode, .proc_filter = w->proc_filter,
		.deny_errno = w->groups.deny_errno, .boot = w->boot, .terms = w->terms, .page = w->page, .config = &w->config };

	return gate_main(&s);
}

static int
run_watch(struct warden *w)
{
	struct watch_setup s = { .audit_sock = w->audit.data, .audit_kinds = w->audit.kinds, .told_kinds = w->audit.told,
		.sense = { [SENSE_PACKETS] = w->sense[SENSE_PACKETS], [SENSE_DEVICES] = w->sense[SENSE_DEVICES] }, .diag_sock = w->diag_sock,
		.control_sock = w->control_sock, .gate_sock = edge_fd(w, EDGE_WATCH_GATE, ROOM_WATCH),
		.warden_sock = edge_fd(w, EDGE_WATCH_WARDEN, ROOM_WATCH), .admins = w->admins, .page = w->page, .config = &w->config };

	return watch_main(&s);
}

static int
run_scan(struct warden *w)
{
	struct scan_setup s = { .gate_sock = edge_fd(w, EDGE_GATE_SCAN, ROOM_SCAN), .page = w->page };

	return scan_main(&s);
}

static int
run_record(struct warden *w)
{
	struct record_setup s = { .gate_sock = edge_fd(w, EDGE_GATE_RECORD, ROOM_RECORD),
		.warden_sock = edge_fd(w, EDGE_WARDEN_RECORD, ROOM_RECORD), .log_dir = w->log_dir, .flight_dir = w->flight_dir,
		.state_dir = w->state_dir, .page = w->page,
		.config = &w->config, .host = w->host, .ways_sock = w->ways_sock, .metrics_dir = w->metrics_dir,
		.hook_sock = w->config.hook.n ? edge_fd(w, EDGE_RECORD_HOOK, ROOM_RECORD) : -1, .kept = {
		w->terms, sizeof(*w->terms), &w->terms->changes } };

	return record_main(&s);
}

static int
run_hook(struct warden *w)
{
	struct hook_setup s = { .record_sock = edge_fd(w, EDGE_RECORD_HOOK, ROOM_HOOK), .page = w->page, .config = &w->config };

	return hook_main(&s);
}

#define OWN_MAX 12
#define KEEP_MAX 24

/* All descriptors that ROOM may hold, besides the standard three. */
static void
keep(const struct warden *w, enum room room, int fds[KEEP_MAX])
{
	const int own[ROOM__MAX][OWN_MAX] = {
		[ROOM_GATE] = { w->groups.exec, w->groups.open, w->proc_sock, w->policy_fd, w->groups.stale, w->heard.files,
			w->heard.started, w->heard.written },
		[ROOM_WATCH] = { w->control_sock, w->audit.data, w->sense[SENSE_PACKETS], w->sense[SENSE_DEVICES], w->diag_sock },
		[ROOM_RECORD] = { w->log_dir, w->flight_dir, w->state_dir, w->ways_sock, w->metrics_dir },
	};
	int n = 0;

	for (int e = 0; e < EDGE__MAX; e++)
		if (edges[e].a == room || edges[e].b == room)
			fds[n++] = edge_fd(w, (enum edge)e, room);
	for (int i = 0; i < OWN_MAX; i++)
		if (own[room][i] > 2)		/* what this kernel has not is -1 */
			fds[n++] = own[room][i];
	fds[n] = -1;
}

int
role_run(struct warden *w, enum room room)
{
	static int (*const run[ROOM__MAX])(struct warden *) = {
		[ROOM_GATE] = run_gate, [ROOM_WATCH] = run_watch, [ROOM_SCAN] = run_scan, [ROOM_RECORD] = run_record, [ROOM_HOOK] = run_hook,
	};
	struct sandbox s = roles[room].sandbox;
	int fds[KEEP_MAX];

	title_set(room_name(room));
	policy_close(w->policy);	/* who needs it has it by its descriptor */
	w->policy = NULL;
	keep(w, room, fds);
	s.keep = fds;
	if (roles[room].nice && setpriority(PRIO_PROCESS, 0, roles[room].nice))
		log_errno(errno, "%s keeps its normal priority", room_name(room));
	int err = sandbox_enter(&s);
	if (err) {
		log_errno(err, "%s could not give up its privileges and does not start", room_name(room));
		return 1;
	}
	return run[room](w);
}
