#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/proctext.h"

static int proc = -1;

static int
open_proc(void **state)
{
	(void)state;
	proc = proc_open();
	return proc < 0 ? -1 : 0;
}

static int
close_proc(void **state)
{
	(void)state;
	return close(proc);
}

/* A child that waits in read() of a pipe; closing the pipe ends it. */
struct waiter { pid_t pid; int pipe; };

static struct waiter
start_waiter(void)
{
	int fds[2], ready[2];
	char c;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_NAME, "a) S 1 (b");
		close(fds[1]);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		_exit((int)syscall(SYS_read, fds[0], &c, (size_t)1));
	}
	close(fds[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return (struct waiter){ pid, fds[1] };
}

static void
end_waiter(struct waiter w)
{
	close(w.pipe);
	assert_int_equal(waitpid(w.pid, NULL, 0), w.pid);
}

static void
stat_tells_who_and_since_when(void **state)
{
	(void)state;
	struct proc_stat st;
	uint64_t before = now_boot_ns();
	struct waiter w = start_waiter();

	assert_int_equal(proc_stat(proc, w.pid, &st), 0);
	assert_int_equal(st.pid, w.pid);
	assert_int_equal(st.ppid, getpid());
	assert_int_equal(st.sid, getsid(0));
	assert_string_equal(st.comm, "a) S 1 (b");
	assert_true(st.state == 'S' || st.state == 'R');
	assert_true(st.start_ns + 20 * NS_PER_MS > before && st.start_ns <= now_boot_ns());
	end_waiter(w);
	assert_int_equal(proc_stat(proc, w.pid, &st), -ESRCH);
}

static void
a_dead_process_that_nobody_reaped_is_there(void **state)
{
	(void)state;
	struct proc_stat st;
	siginfo_t info;
	char buf[64];
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_stat(proc, pid, &st), 0);
	assert_int_equal(st.state, 'Z');
	assert_int_equal(proc_link(proc, pid, "exe", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(proc_link(proc, pid, "exe", buf, sizeof(buf)), -ESRCH);
	assert_int_equal(proc_read(proc, pid, "cmdline", buf, sizeof(buf)), -ESRCH);
}

static void
pids_that_cannot_be_are_not_there(void **state)
{
	(void)state;
	struct proc_stat st;
	struct proc_status status;
	char buf[16];
	uint32_t n;
	static const int32_t pids[] = { 0, -1, INT32_MIN, INT32_MAX };

	for (int i = 0; i < 4; i++) {
		assert_int_equal(proc_stat(proc, pids[i], &st), -ESRCH);
		assert_int_equal(proc_status(proc, pids[i], &status), -ESRCH);
		assert_int_equal(proc_link(proc, pids[i], "exe", buf, sizeof(buf)), -ESRCH);
		assert_int_equal(proc_read(proc, pids[i], "comm", buf, sizeof(buf)), -ESRCH);
		assert_int_equal(proc_number(proc, pids[i], "loginuid", &n), -ESRCH);
	}
}

static void
status_tells_ids_and_the_tracer(void **state)
{
	(void)state;
	struct proc_status st;

	assert_int_equal(proc_status(proc, getpid(), &st), 0);
	assert_int_equal(st.tgid, getpid());
	assert_int_equal(st.uid, getuid());
	assert_int_equal(st.euid, geteuid());
	assert_int_equal(st.gid, getgid());
	assert_int_equal(st.egid, getegid());
}

static void *
tell_tid(void *arg)
{
	struct proc_status st;

	*(int *)arg = proc_status(proc, gettid(), &st) == 0 && st.tgid == getpid() && gettid() != getpid();
	return NULL;
}

static void
a_thread_id_is_as_good_as_a_pid(void **state)
{
	(void)state;
	pthread_t thread;
	int ok = 0;

	assert_int_equal(pthread_create(&thread, NULL, tell_tid, &ok), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(ok);
}

static void
links_are_cut_and_terminated(void **state)
{
	(void)state;
	char whole[4096], part[5], want[4096];

	ssize_t n = readlink("/proc/self/exe", want, sizeof(want) - 1);
	assert_true(n > 5);
	want[n] = '\0';
	assert_int_equal(proc_link(proc, getpid(), "exe", whole, sizeof(whole)), n);
	assert_string_equal(whole, want);
	assert_int_equal(proc_link(proc, getpid(), "exe", part, sizeof(part)), 4);
	assert_memory_equal(part, want, 4);
	assert_int_equal(part[4], '\0');
	assert_int_equal(proc_link(proc, 2, "exe", part, sizeof(part)) < 0, 1);
}

static void
texts_are_read_up_to_the_room_there_is(void **state)
{
	(void)state;
	char comm[64], cut[3];

	ssize_t n = proc_read(proc, getpid(), "comm", comm, sizeof(comm));
	assert_true(n > 3);
	assert_int_equal(proc_read(proc, getpid(), "comm", cut, sizeof(cut)), 3);
	assert_memory_equal(cut, comm, 3);
	assert_int_equal(proc_read(proc, getpid(), "../self/comm/../../../etc/passwd_with_a_long_name", comm, sizeof(comm)), -EINVAL);
}

static void
credentials_are_the_effective_ones(void **state)
{
	(void)state;
	struct proc_cred c;
	int fds[2];
	char b;

	if (geteuid() != 0)
		skip();
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	int back[2];
	assert_int_equal(pipe2(back, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(fds[1]);
		if (setresgid(7, 8, 9) || setresuid(1001, 1002, 1003) || write(back[1], "x", 1) != 1)
			_exit(1);
		_exit(read(fds[0], &b, 1) == 0 ? 0 : 1);
	}
	assert_int_equal(read(back[0], &b, 1), 1);
	assert_int_equal(proc_cred(proc, pid, &c), 0);
	assert_int_equal(c.uid, 1002);
	assert_int_equal(c.ruid, 1001);
	assert_int_equal(c.gid, 8);
	struct proc_status st;
	assert_int_equal(proc_status(proc, pid, &st), 0);
	assert_int_equal(st.euid, c.uid);
	assert_int_equal(st.uid, c.ruid);
	assert_int_equal(st.egid, c.gid);
	close(fds[0]), close(fds[1]), close(back[0]), close(back[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(proc_cred(proc, pid, &c), -ESRCH);
}

static void
the_system_call_of_a_waiting_thread_is_told(void **state)
{
	(void)state;
	struct proc_syscall sc = { 0 };
	struct waiter w = start_waiter();
	int err;

	do	/* it is on its way into read() */
		err = proc_syscall(proc, w.pid, &sc);
	while (err == -EAGAIN || (err == 0 && sc.number != SYS_read));
	assert_int_equal(err, 0);
	assert_int_equal(sc.args[2], 1);
	end_waiter(w);
	/* Whoever asks for himself is running. */
	assert_int_equal(proc_syscall(proc, getpid(), &sc), 0);
	assert_int_equal(sc.number, SYS_read);
}

static int
find_self(void *arg, int32_t pid)
{
	*(int *)arg += pid == getpid();
	return 0;
}

static int
stop_at_once(void *arg, int32_t pid)
{
	(void)pid;
	++*(int *)arg;
	return -EINTR;
}

static void
every_process_is_visited_each_time(void **state)
{
	(void)state;
	int found = 0;

	assert_int_equal(proc_each(proc, find_self, &found), 0);
	assert_int_equal(proc_each(proc, find_self, &found), 0);
	assert_int_equal(found, 2);
	found = 0;
	assert_int_equal(proc_each(proc, stop_at_once, &found), -EINTR);
	assert_int_equal(found, 1);
}

/* ---- strings */

static ssize_t
strings_of(char *const *v, char *buf, size_t size, int (*keep)(const char *, size_t), uint32_t *count, int *cut)
{
	return proc_strings(getpid(), (uint64_t)(uintptr_t)v, buf, size, keep, count, cut);
}

static void
arguments_are_read_in_order(void **state)
{
	(void)state;
	char a[] = "ls", b[] = "", c[] = "-l", buf[64];
	char *v[] = { a, b, c, NULL };
	uint32_t count;
	int cut;

	assert_int_equal(strings_of(v, buf, sizeof(buf), NULL, &count, &cut), 7);
	assert_memory_equal(buf, "ls\0\0-l\0", 7);
	assert_int_equal(count, 3);
	assert_int_equal(cut, 0);
	assert_int_equal(proc_strings(getpid(), 0, buf, sizeof(buf), NULL, &count, &cut), 0);
	assert_int_equal(count, 0);
	assert_int_equal(cut, 0);
}

static void
what_does_not_fit_is_cut_and_counted(void **state)
{
	(void)state;
	char a[] = "0123456789", b[] = "x", buf[8];
	char *v[] = { a, b, NULL };
	uint32_t count;
	int cut;

	assert_int_equal(strings_of(v, buf, sizeof(buf), NULL, &count, &cut), 8);
	assert_memory_equal(buf, "0123456\0", 8);
	assert_int_equal(count, 2);
	assert_int_equal(cut, 1);
}

static int
is_ld(const char *s, size_t len)
{
	return len >= 3 && !memcmp(s, "LD_", 3);
}

static void
only_what_is_asked_for_is_kept(void **state)
{
	(void)state;
	char a[] = "HOME=/", b[] = "LD_PRELOAD=/x.so", c[] = "LD", buf[64];
	char *big = malloc(200000);
	char *v[] = { a, big, b, c, NULL };
	uint32_t count;
	int cut;

	memset(big, 'B', 199999);
	big[199999] = '\0';
	assert_int_equal(strings_of(v, buf, sizeof(buf), is_ld, &count, &cut), sizeof(b));
	assert_string_equal(buf, b);
	assert_int_equal(count, 4);
	assert_int_equal(cut, 0);
	free(big);
}

/* Two pages of which only the first can be read. */
static char *
map_edge(void)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	assert_int_equal(munmap(p + 4096, 4096), 0);
	return p;
}

static void
arrays_and_strings_may_end_where_memory_ends(void **state)
{
	(void)state;
	char *p = map_edge(), buf[64];
	char **v = (char **)(void *)(p + 4096 - 2 * sizeof(char *));
	uint32_t count;
	int cut;

	strcpy(p + 100, "arg");
	v[0] = p + 100;
	v[1] = NULL;
	assert_int_equal(strings_of(v, buf, sizeof(buf), NULL, &count, &cut), 4);
	assert_int_equal(count, 1);
	assert_int_equal(cut, 0);
	/* Without its end, both are cut. */
	v[1] = p + 100;
	assert_int_equal(strings_of(v, buf, sizeof(buf), NULL, &count, &cut), 8);
	assert_int_equal(count, 2);
	assert_int_equal(cut, 1);
	memset(p + 4000, 'x', 4096 - 4000);
	char *w[] = { p + 100, p + 4090, p + 100, NULL };
	assert_int_equal(strings_of(w, buf, sizeof(buf), NULL, &count, &cut), 4);
	assert_int_equal(count, 3);
	assert_int_equal(cut, 1);
	munmap(p, 4096);
}

static void
strings_and_pointers_may_cross_pages(void **state)
{
	(void)state;
	char *p = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *buf = malloc(20000);
	uint32_t count;
	int cut;

	assert_true(p != MAP_FAILED);
	memset(p + 4096 + 4000, 'y', 9000);
	char *text_ = p + 4096 + 4000;
	char *at = p + 4096 - sizeof(char *) - 3;	/* the second pointer lies across the edge */
	memcpy(at, &text_, sizeof(text_));
	memcpy(at + sizeof(text_), &text_, sizeof(text_));
	/* The third is NULL: fresh memory. */
	assert_int_equal(strings_of((char **)(void *)at, buf, 20000, NULL, &count, &cut), 18002);
	assert_int_equal(count, 2);
	assert_int_equal(cut, 0);
	assert_int_equal(strlen(buf), 9000);
	assert_int_equal(strlen(buf + 9001), 9000);
	free(buf);
	munmap(p, 5 * 4096);
}

static void
more_strings_than_pages_at_hand_are_read(void **state)
{
	(void)state;
	size_t n = 600;
	char *p = mmap(NULL, n * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *buf = malloc(n * 8);
	char **v = calloc(n + 1, sizeof(*v));
	uint32_t count;
	int cut;

	for (size_t i = 0; i < n; i++) {
		v[i] = p + i * 4096 + i;
		snprintf(v[i], 8, "%zu", i);
	}
	ssize_t len = strings_of(v, buf, n * 8, NULL, &count, &cut);
	assert_int_equal(count, n);
	assert_int_equal(cut, 0);
	size_t i = 0;
	for (char *s = buf; s < buf + len; s += strlen(s) + 1, i++)
		assert_int_equal(atoi(s), i);
	assert_int_equal(i, n);
	free(v);
	free(buf);
	munmap(p, n * 4096);
}

static void
an_endless_array_is_not_followed(void **state)
{
	(void)state;
	char a[] = "x", *buf = malloc(100000);
	char **v = calloc(10000, sizeof(*v));
	uint32_t count;
	int cut;

	for (int i = 0; i < 9999; i++)
		v[i] = a;
	assert_int_equal(strings_of(v, buf, 100000, NULL, &count, &cut), 8192);
	assert_int_equal(count, 4096);
	assert_int_equal(cut, 1);
	free(v);
	free(buf);
}

static void
garbage_for_pointers_is_an_error_not_a_crash(void **state)
{
	(void)state;
	static const uint64_t garbage[] = { 1, 4095, UINT64_MAX, UINT64_MAX - 7, 1ull << 63, 0x800000000000ull };
	char buf[64];
	uint32_t count;
	int cut;

	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		assert_int_equal(proc_strings(getpid(), garbage[i], buf, sizeof(buf), NULL, &count, &cut), -EFAULT);
		uint64_t v[] = { garbage[i], garbage[i], 0 };
		assert_int_equal(proc_strings(getpid(), (uint64_t)(uintptr_t)v, buf, sizeof(buf), NULL, &count, &cut), 0);
		assert_int_equal(count, 2);
		assert_int_equal(cut, 1);
	}
	assert_int_equal(proc_strings(INT32_MAX, (uint64_t)(uintptr_t)buf, buf, sizeof(buf), NULL, &count, &cut), -ESRCH);
}

static void
terminals_are_named_by_their_numbers(void **state)
{
	(void)state;
	static const struct { uint32_t major, minor; const char *name; } rows[] = {
		{ 136, 0, "pts/0" }, { 136, 255, "pts/255" }, { 137, 1, "pts/257" }, { 143, 255, "pts/2047" }, { 136, 300, "pts/300" },
		{ 4, 1, "tty1" }, { 4, 63, "tty63" }, { 4, 64, "ttyS0" }, { 5, 1, "console" }, { 5, 0, "char/5:0" }, { 229, 0, "hvc0" },
		{ 204, 64, "ttyAMA0" }, { 204, 1, "char/204:1" }, { 4095, 1048575, "char/4095:1048575" },
	};
	char name[PROC_TTY_NAME] = "x";

	proc_tty_name(0, name);
	assert_string_equal(name, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		proc_tty_name((rows[i].minor & 0xff) | rows[i].major << 8 | (rows[i].minor & 0xfff00) << 12, name);
		assert_string_equal(name, rows[i].name);
	}
}

static void
a_process_has_the_terminal_that_it_was_given(void **state)
{
	(void)state;
	char path[64], name[PROC_TTY_NAME], want[80];
	struct proc_stat st;
	int pty;
	pid_t pid = forkpty(&pty, path, NULL, NULL);

	if (pid == 0) {
		if (write(1, "x", 1) == 1)
			pause();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(read(pty, name, 1), 1);
	assert_int_equal(proc_stat(proc, pid, &st), 0);
	proc_tty_name(st.tty, name);
	snprintf(want, sizeof(want), "/dev/%s", name);
	assert_string_equal(want, path);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(pty);
	assert_int_equal(proc_stat(proc, 1, &st), 0);
	assert_int_equal(st.tty, 0);
}

/* ---- texts */

static void
stat_texts_that_are_not_whole_are_refused(void **state)
{
	(void)state;
	static const char good[] = "7 (x) y) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 250 1 2";
	struct proc_stat st = { .pid = -5 };

	for (size_t len = 0; len < strlen("7 (x) y) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 "); len++)
		assert_int_equal(proc_parse_stat(good, len, &st), -EBADMSG);
	assert_int_equal(st.pid, -5);
	assert_int_equal(proc_parse_stat(good, sizeof(good) - 1, &st), 0);
	assert_int_equal(st.pid, 7);
	assert_string_equal(st.comm, "x) y");
	assert_true(st.start_ns == 2500 * NS_PER_MS);
	static const char huge[] = "99999999999 (x) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 250 1";
	assert_int_equal(proc_parse_stat(huge, sizeof(huge) - 1, &st), -EBADMSG);
}

static void
names_in_status_cannot_pose_as_lines(void **state)
{
	(void)state;
	static const char text[] = "Name:\tUid:\\nUid:\t0\nTgid:\t5\nPPid:\t1\nTracerPid:\t9\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n";
	struct proc_status st;

	assert_int_equal(proc_parse_status(text, sizeof(text) - 1, &st), 0);
	assert_int_equal(st.tgid, 5);
	assert_int_equal(st.tracer, 9);
	assert_int_equal(st.uid, 1);
	assert_int_equal(st.euid, 2);
	assert_int_equal(st.gid, 5);
	assert_int_equal(st.egid, 6);
	assert_int_equal(proc_parse_status(text, 40, &st), -EBADMSG);
}

static void
syscall_texts_have_three_forms(void **state)
{
	(void)state;
	static const char call[] = "59 0x7ffe 0x2 0xffffffffffffffff 0x4 0x5 0x6 0x7ffc 0x7f\n";
	struct proc_syscall sc;

	assert_int_equal(proc_parse_syscall("running\n", 8, &sc), -EAGAIN);
	assert_int_equal(proc_parse_syscall(call, sizeof(call) - 1, &sc), 0);
	assert_int_equal(sc.number, 59);
	assert_true(sc.args[0] == 0x7ffe && sc.args[2] == UINT64_MAX && sc.args[5] == 6);
	assert_int_equal(proc_parse_syscall("-1 0x7ffe 0x1\n", 14, &sc), 0);
	assert_true(sc.number == -1 && sc.args[0] == 0);
	assert_int_equal(proc_parse_syscall("59 0x1 0x2\n", 11, &sc), -EBADMSG);
	assert_int_equal(proc_parse_syscall("59 0x1ffffffffffffffff 0x2 0x3 0x4 0x5 0x6\n", 43, &sc), -EBADMSG);
}

static void
numbers_know_none(void **state)
{
	(void)state;
	uint32_t n = 7;

	assert_int_equal(proc_parse_number("4294967295", 10, &n), 0);
	assert_int_equal(n, UINT32_MAX);
	assert_int_equal(proc_parse_number("4294967296", 10, &n), -EBADMSG);
	assert_int_equal(proc_parse_number("", 0, &n), -EBADMSG);
	assert_int_equal(proc_parse_number("1000\n", 5, &n), 0);
	assert_int_equal(n, 1000);
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
units_and_containers_are_found_in_control_groups(void **state)
{
	(void)state;
	static const struct { const char *text, *service, *container; } rows[] = {
		{ "0::/\n", "", "" },
		{ "", "", "" },
		{ "0::/system.slice/nginx.service\n", "nginx.service", "" },
		{ "0::/system.slice/system-getty.slice/getty@tty1.service\n", "getty@tty1.service", "" },
		{ "0::/system.slice/nginx.service/worker.service\n", "nginx.service", "" },
		{ "0::/user.slice/user-1000.slice/user@1000.service/app.slice/sshd.service\n", "user@1000.service", "" },
		{ "0::/user.slice/user-0.slice/session-3.scope\n", "session-3.scope", "" },
		{ "0::/init.scope\n", "init.scope", "" },
		{ "0::/evil/nginx.service\n", "", "" },
		{ "0::/system.slice/.service\n", "", "" },
		{ "0::/system.slice/nginx.service (deleted)\n", "nginx.service", "" },
		{ "0::/system.slice/docker-" ID ".scope\n", "docker-" ID ".scope", ID },
		{ "0::/docker/" ID "\n", "", ID },
		{ "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope\n", "cri-containerd-" ID ".scope", ID },
		{ "12:pids:/docker/" ID "\n1:name=systemd:/docker/" ID "\n", "", ID },
		{ "5:cpu:/\n1:name=systemd:/system.slice/cron.service\n0::/\n", "cron.service", "" },
		{ "5:cpu:/system.slice/x.service\n", "", "" },
		{ "0::/lxc.payload.web/system.slice\n", "", "web" },
		{ "0::/docker/" ID "0\n", "", "" },
		{ "0::/docker/x" ID "\n", "", "" },
		{ "nonsense\n::\n0:/\n0::/system.slice/a.service", "a.service", "" },
	};
	char service[128], container[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		proc_cgroup_names(rows[i].text, strlen(rows[i].text), service, sizeof(service), container, sizeof(container));
		assert_string_equal(service, rows[i].service);
		assert_string_equal(container, rows[i].container);
	}
	char small[5];
	proc_cgroup_names(rows[2].text, strlen(rows[2].text), small, sizeof(small), container, 1);
	assert_string_equal(small, "ngin");
}

static void
the_memory_of_a_process_is_known_by_its_path(void **state)
{
	(void)state;
	static const struct { const char *path; int32_t pid; } rows[] = {
		{ "/proc/1387/mem", 1387 }, { "/tmp/proc/1387/mem", 1387 }, { "1387/mem", 1387 }, { "/proc/1387/task/1400/mem", 1387 },
		{ "/proc/self/mem", 7 }, { "/proc/thread-self/mem", 7 }, { "/proc/self/task/9/mem", 7 },
		{ "mem", 0 }, { "/mem", 0 }, { "", 0 }, { "/", 0 }, { "//mem", 0 }, { "/proc/1387/maps", 0 }, { "/proc/1387/xmem", 0 }, { "/dev/mem", 0 },
		{ "/proc/12x/mem", 0 }, { "/proc/-1/mem", 0 }, { "/proc/99999999999999999999/mem", 0 }, { "/proc/123456789012345/mem", 0 },
		{ "/task/1/mem", 0 }, { "task/1/mem", 0 }, { "/proc/1387/mem/", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (proc_path_pid(rows[i].path, strlen(rows[i].path), 7) != rows[i].pid)
			fail_msg("%s: %d", rows[i].path, proc_path_pid(rows[i].path, strlen(rows[i].path), 7));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_memory_of_a_process_is_known_by_its_path),
		cmocka_unit_test(terminals_are_named_by_their_numbers),
		cmocka_unit_test(a_process_has_the_terminal_that_it_was_given),
		cmocka_unit_test(stat_tells_who_and_since_when),
		cmocka_unit_test(a_dead_process_that_nobody_reaped_is_there),
		cmocka_unit_test(pids_that_cannot_be_are_not_there),
		cmocka_unit_test(status_tells_ids_and_the_tracer),
		cmocka_unit_test(a_thread_id_is_as_good_as_a_pid),
		cmocka_unit_test(links_are_cut_and_terminated),
		cmocka_unit_test(texts_are_read_up_to_the_room_there_is),
		cmocka_unit_test(credentials_are_the_effective_ones),
		cmocka_unit_test(the_system_call_of_a_waiting_thread_is_told),
		cmocka_unit_test(every_process_is_visited_each_time),
		cmocka_unit_test(arguments_are_read_in_order),
		cmocka_unit_test(what_does_not_fit_is_cut_and_counted),
		cmocka_unit_test(only_what_is_asked_for_is_kept),
		cmocka_unit_test(arrays_and_strings_may_end_where_memory_ends),
		cmocka_unit_test(strings_and_pointers_may_cross_pages),
		cmocka_unit_test(more_strings_than_pages_at_hand_are_read),
		cmocka_unit_test(an_endless_array_is_not_followed),
		cmocka_unit_test(garbage_for_pointers_is_an_error_not_a_crash),
		cmocka_unit_test(stat_texts_that_are_not_whole_are_refused),
		cmocka_unit_test(names_in_status_cannot_pose_as_lines),
		cmocka_unit_test(syscall_texts_have_three_forms),
		cmocka_unit_test(numbers_know_none),
		cmocka_unit_test(units_and_containers_are_found_in_control_groups),
	};

	return cmocka_run_group_tests(tests, open_proc, close_proc);
}
