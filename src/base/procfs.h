#ifndef BASE_PROCFS_H
#define BASE_PROCFS_H
/*
 * Reading /proc/PID through one descriptor of /proc that was opened at start, so that nothing here depends on a mount namespace
 * or opens a file that somebody may hold. No allocation. Every function returns 0 (or a length) or -errno; a process that is gone is
 * -ESRCH whatever /proc says. PID may be a thread id.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat {
	int32_t		pid, ppid, sid;
	uint32_t	tty;		/* of the controlling terminal, as the kernel packs major and minor; 0 none */
	uint64_t	start_ns;	/* since boot, exact to a clock tick */
	char		state;		/* R S D Z ... */
	char		comm[17];
};

struct proc_status {
	int32_t		tgid, tracer;
	uint32_t	uid, euid, gid, egid;
};

/* Opens /proc. The descriptor, or -errno. */
int	proc_open(void);
int	proc_stat(int proc, int32_t pid, struct proc_stat *);
int	proc_status(int proc, int32_t pid, struct proc_status *);
/* Link targets, terminated and cut to SIZE; length without terminator. WHICH: "exe", "cwd", "root". */
ssize_t	proc_link(int proc, int32_t pid, const char *which, char *buf, size_t size);
/* cmdline, cgroup, loginuid, sessionid, comm: at most SIZE bytes, not terminated. */
ssize_t	proc_read(int proc, int32_t pid, const char *which, void *buf, size_t size);
/* loginuid or sessionid as a number; UINT32_MAX: none. */
int	proc_number(int proc, int32_t pid, const char *which, uint32_t *);

/*
 * The process of a path that ends in /PID/mem or /PID/task/TID/mem, wherever /proc is mounted; "self" and "thread-self" are SELF. 0: it is
 * none such. Pure.
 */
int32_t	proc_path_pid(const char *path, size_t len, int32_t self);

/* What a stopped or waiting thread asked the kernel: /proc/TID/syscall. -EAGAIN while it runs. */
struct proc_syscall { int64_t number; uint64_t args[6]; };
int	proc_syscall(int proc, int32_t tid, struct proc_syscall *);

/*
 * Strings of the array of pointers at ADDRESS in the memory of TID (argv, envp), each with its NUL, into BUF. KEEP says which
 * to copy (NULL: all) and is shown the first 128 bytes at most. Returns bytes used; *COUNT is the number of strings in the array,
 * *CUT says that not all of it is in BUF. At most 4096 strings are looked at, and none behind one that cannot be read.
 * 64-bit callers only: -ENOTSUP is for the caller to decide by audit arch.
 */
ssize_t	proc_strings(int32_t tid, uint64_t address, char *buf, size_t size, int (*keep)(const char *s, size_t len),
	    uint32_t *count, int *cut);

/* Calls FN for every process (not thread). Stops at the first negative result and returns it. */
int	proc_each(int proc, int (*fn)(void *arg, int32_t pid), void *arg);

/*
 * Effective credentials by PIDFD_GET_INFO (Linux 6.13; 0.7 us), else by status (11 us). PID must be held still by the caller
 * (a pending permission event does).
 */
struct proc_cred { uint32_t uid, ruid, gid; };
int	proc_cred(int proc, int32_t pid, struct proc_cred *);

/*
 * Of a controlling terminal, the name below /dev: "pts/3", "tty1"; of kinds that are not known "char/MAJOR:MINOR"; 0: "". OUT is
 * terminated. Nothing is looked up.
 */
#define PROC_TTY_NAME 32
void	proc_tty_name(uint32_t tty, char out[static PROC_TTY_NAME]);

/* Unit (…service, …scope) and container id in the text of /proc/PID/cgroup; "" if none. OUT are terminated. */
void	proc_cgroup_names(const char *text, size_t len, char *service, size_t service_size, char *container, size_t container_size);

#endif
