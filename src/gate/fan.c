#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/procfs.h"
#include "gate/glance.h"
#include "gate/fan.h"
#include "gate/linger.h"

#ifndef FAN_DENY_ERRNO
#define FAN_DENY_ERRNO(err)	(FAN_DENY | (((uint32_t)(err) & 0xff) << 24))	/* Linux 6.14 */
#endif

void
fan_debt(struct gate *g, uint64_t since_ns)
{
	atomic_store_explicit(&g->setup.page->gate.owed_since_ns, since_ns, memory_order_release);
}

static void
respond(int group, int fd, uint32_t response)
{
	struct fanotify_response r = { .fd = fd, .response = response };

	/* ENOENT: the backstop was faster, or the asker died. Any other refusal must not leave him waiting. */
	if (write(group, &r, sizeof(r)) != (ssize_t)sizeof(r) && errno == EINVAL && response != FAN_DENY) {
		r.response = response == FAN_ALLOW ? FAN_ALLOW : FAN_DENY;
		if (write(group, &r, sizeof(r)) < 0)
			return;
	}
}

/* Does this thread wait in an execve()? No other call opens files under these numbers, also of 32 bits and x32. */
static bool
in_exec(struct gate *g, int32_t tid)
{
	static const int64_t numbers[] = {
		SYS_execve, SYS_execveat,
#ifdef __x86_64__
		11, 358, 0x40000000 + 520, 0x40000000 + 545,
#endif
	};
	struct proc_syscall sc;

	if (proc_syscall(g->proc, tid, &sc))
		return false;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (sc.number == numbers[i])
			return true;
	return false;
}

static bool
has_writer(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_RDLCK))
		return true;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return false;
}

/*
 * A library is opened by who loads it, for reading. What exec itself opens is a program, made like a library or not. Who is only notified
 * has gone on by now: then the kernel says whether it was an exec, and who still writes is no loader.
 */
static void
library(struct gate *g, struct question *q, uint64_t mask)
{
	if (!glance_is_library(q->fd))
		return;
	if (q->group >= 0 ? !in_exec(g, q->tid) : !(mask & FAN_OPEN_EXEC) && !has_writer(q->fd))
		q->kind = EVENT_LOAD;
}

/* True when the flags of a direct system call, which nobody can change while it waits, say that it only reads. */
static bool
only_reads(struct gate *g, int32_t tid)
{
	struct proc_syscall sc;
	uint64_t flags;

	if (proc_syscall(g->proc, tid, &sc))
		return false;
	if (sc.number == SYS_openat)
		flags = sc.args[2];
#ifdef SYS_open
	else if (sc.number == SYS_open)
		flags = sc.args[1];
#endif
	else if (sc.number == SYS_execve || sc.number == SYS_execveat)
		return true;
	else
		return false;
	return (flags & (O_ACCMODE | O_TRUNC)) == O_RDONLY;
}

/*
 * Does this opener want to write? i_writecount is raised before the kernel asks, so a read lease is refused with EAGAIN exactly
 * when somebody has or is getting write access: no refusal, surely a reader. A refusal may be about somebody else.
 */
static void
intent(struct gate *g, struct question *q)
{
	q->kind = EVENT_OPEN;
	if (!has_writer(q->fd) || only_reads(g, q->tid))
		return;
	q->kind = EVENT_WRITE;
	q->unsure = true;
}

static int
refused(struct gate *g, int group, const struct fanotify_event_metadata *m)
{
	if (m->mask & FAN_Q_OVERFLOW)
		counter_add(g->setup.page, group == g->setup.exec_group ? COUNTER_QUEUE_OVERFLOW : COUNTER_OPEN_OVERFLOW, 1);
	else
		counter_add(g->setup.page, COUNTER_FD_ERRORS, 1);	/* the kernel has denied it already */
	return FAN_DONE;
}

static void
fill(struct gate *g, const struct fanotify_event_metadata *m, int group, bool waits, struct question *q)
{
	*q = (struct question){ .group = waits ? group : -1, .fd = m->fd, .tid = m->pid, .kind = EVENT_OPEN,
		.taken_ns = now_boot_ns() };
	if (group == g->setup.exec_group) {
		q->kind = EVENT_EXEC;
		counter_add(g->setup.page, COUNTER_EXEC_ASKED, 1);
		return;
	}
	counter_add(g->setup.page, COUNTER_OPEN_ASKED, 1);
}

int
fan_take(struct gate *g, int group, bool waits, struct question *q)
{
	struct fanotify_event_metadata m;

	/* One question a read: whoever must answer in our stead finds exactly one debt. */
	if (waits)
		fan_debt(g, now_boot_ns());
	ssize_t n = read(group, &m, sizeof(m));
	if (n != (ssize_t)sizeof(m) || m.vers != FANOTIFY_METADATA_VERSION) {
		int err = n < 0 ? errno : EBADMSG;
		fan_debt(g, 0);
		if (n < 0 && (err == EMFILE || err == ENFILE))
			counter_add(g->setup.page, COUNTER_FD_ERRORS, 1);
		return err == EAGAIN || err == EINTR || err == EMFILE || err == ENFILE || err == ESRCH ? FAN_NONE : -err;
	}
	if (m.fd < 0) {
		fan_debt(g, 0);
		return refused(g, group, &m);
	}
	fill(g, &m, group, waits, q);
	if (m.pid == 0 || page_owns(g->setup.page, m.pid)) {
		counter_add(g->setup.page, COUNTER_OWN, 1);
		fan_answer(g, q, DECISION_ALLOW, 0);
		return FAN_DONE;
	}
	/* Who is only notified learns at the close that it was for writing. */
	if (q->kind == EVENT_OPEN && waits && (g->kinds & (1ull << EVENT_WRITE | 1ull << EVENT_LOAD)))
		intent(g, q);
	else if (q->kind == EVENT_OPEN && (m.mask & FAN_CLOSE_WRITE))
		q->kind = EVENT_WRITE;
	if (q->kind == EVENT_OPEN && (g->kinds & 1ull << EVENT_LOAD))
		library(g, q, m.mask);
	return FAN_OWED;
}

void
fan_count(struct gate *g, uint64_t taken_ns)
{
	uint64_t us = (now_boot_ns() - taken_ns) / NS_PER_US;
	unsigned bucket = 0;

	while (us && bucket < PAGE_LATENCY_BUCKETS - 1) {
		us >>= 1;
		bucket++;
	}
	atomic_fetch_add_explicit(&g->setup.page->gate.latency[bucket], 1, memory_order_relaxed);
}

void
fan_answer(struct gate *g, struct question *q, enum decision decision, int err)
{
	bool named = err && err != EPERM && g->setup.deny_errno && q->group == g->setup.exec_group;

	if (q->group >= 0) {
		respond(q->group, q->fd, decision == DECISION_ALLOW ? FAN_ALLOW : named ? FAN_DENY_ERRNO(err) : FAN_DENY);
		fan_debt(g, 0);
	}
	if (decision == DECISION_ALLOW && !q->kept)
		linger_allow(g, q);
	if (q->leased && !q->kept && q->fd >= 0)
		fcntl(q->fd, F_SETLEASE, F_UNLCK);	/* scan may hold the same description for longer */
	if (q->fd >= 0 && !q->kept)
		close(q->fd);
	q->fd = q->group = -1;
}

static const struct { uint32_t magic; const char *name; } filesystems[] = {
	{ 0xEF53, "ext4" }, { 0x58465342, "xfs" }, { 0x9123683E, "btrfs" }, { 0x01021994, "tmpfs" }, { 0x858458f6, "ramfs" },
	{ 0x794c7630, "overlay" }, { 0x73717368, "squashfs" }, { 0x4d44, "vfat" }, { 0xF2F52010, "f2fs" }, { 0x9660, "iso9660" },
	{ 0x2FC12FC1, "zfs" }, { 0xE0F5E1E2, "erofs" }, { 0x2011BAB0, "exfat" },
};

void
fan_filesystem(struct gate *g, int fd)
{
	struct event *ev = &g->report.event;
	struct statfs sf;

	if (fstatfs(fd, &sf))
		return;
	for (size_t i = 0; i < sizeof(filesystems) / sizeof(filesystems[0]); i++)
		if ((uint32_t)sf.f_type == filesystems[i].magic)
			event_set_str(ev, TEXT_FILESYSTEM, filesystems[i].name);
}

void
fan_file(struct gate *g, const struct file *f)
{
	struct event *ev = &g->report.event;

	ev->file = *f;
	event_file_flags(ev);
	event_set_str(ev, TEXT_FILE_OWNER, policy_user(g->policy, f->uid));
	ev->have |= HAVE_ATTRIBUTES;
}

void
fan_attributes(struct gate *g, const struct stat *st)
{
	const struct file f = event_file_of(st);

	fan_file(g, &f);
}

static void
path(struct gate *g, struct event *ev, int fd)
{
	static const char deleted[] = " (deleted)";
	char name[32], target[4096];

	snprintf(name, sizeof(name), "self/fd/%d", fd);
	ssize_t n = readlinkat(g->proc, name, target, sizeof(target));
	if (n <= 0)
		return;
	if (n == (ssize_t)sizeof(target))
		ev->flags |= FLAG_PATH_CUT;
	size_t tail = sizeof(deleted) - 1;
	if (ev->file.links == 0 && (size_t)n > tail && memcmp(target + n - tail, deleted, tail) == 0)
		n -= (ssize_t)tail;
	event_set(ev, TEXT_FILE_PATH, target, (size_t)n);
}

void
fan_event(struct gate *g, const struct question *q)
{
	struct event *ev = &g->report.event;
	struct stat st;

	event_init(ev, q->kind, SENSOR_FANOTIFY);
	ev->wall_ns = now_wall_ns();
	ev->boot_ns = q->taken_ns;
	if (q->group < 0)
		ev->flags |= FLAG_NOTIFIED;
	if (q->unsure)
		ev->flags |= FLAG_WRITE_UNSURE;
	if (fstat(q->fd, &st)) {
		ev->tried |= HAVE_FILE | HAVE_ATTRIBUTES | HAVE_SCANNED;
		return;
	}
	fan_attributes(g, &st);
	path(g, ev, q->fd);
	fan_filesystem(g, q->fd);
	ev->have |= HAVE_FILE;
}
