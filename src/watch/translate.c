#include <arpa/inet.h>
#include <errno.h>
#include <libaudit.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "base/procfs.h"
#include "event/field.h"
#include "watch/translate.h"

#define TITLE_KEPT 128		/* MAX_PROCTITLE_AUDIT_LEN of the kernel */

#define KIND(k) (1ull << EVENT_##k)

/* What a call must have besides its name, to be told. */
enum need {
	NEED_NOTHING,
	NEED_ADDRESS,		/* of the network */
	NEED_NO_OTHER,		/* none, or one of the network */
	NEED_RAW,		/* arguments of a raw socket */
	NEED_TRACE, NEED_BPF,	/* one of the requests that rules ask for, see warden/audit_rules.c */
	NEED_SIGNAL1, NEED_SIGNAL2,	/* one that counts, as that argument */
	NEED_FILE,		/* a disk, or the memory of a process: the kind hangs on it */
};
/* Where a call names the process it touches, when the kernel adds no OBJ_PID. */
enum target { TARGET_NONE, TARGET_ARG0, TARGET_ARG1 };

static const struct call {
	const char	*name;
	uint64_t	 kinds;
	enum need	 need;
	enum target	 target;
} calls[] = {
	{ "connect",		KIND(CONNECT),	NEED_ADDRESS,	TARGET_NONE },
	{ "sendto",		KIND(DNS),	NEED_ADDRESS,	TARGET_NONE },
	{ "sendmsg",		KIND(DNS),	NEED_ADDRESS,	TARGET_NONE },
	{ "sendmmsg",		KIND(DNS),	NEED_ADDRESS,	TARGET_NONE },
	{ "accept",		KIND(ACCEPT),	NEED_NO_OTHER,	TARGET_NONE },
	{ "accept4",		KIND(ACCEPT),	NEED_NO_OTHER,	TARGET_NONE },
	{ "bind",		KIND(BIND),	NEED_ADDRESS,	TARGET_NONE },
	{ "listen",		KIND(LISTEN),	NEED_NOTHING,	TARGET_NONE },
	{ "socket",		KIND(SOCKET),	NEED_RAW,	TARGET_NONE },
	{ "kill",		KIND(KILL),	NEED_SIGNAL1,	TARGET_ARG0 },
	{ "tkill",		KIND(KILL),	NEED_SIGNAL1,	TARGET_ARG0 },
	{ "tgkill",		KIND(KILL),	NEED_SIGNAL2,	TARGET_ARG0 },
	{ "rt_sigqueueinfo",	KIND(KILL),	NEED_SIGNAL1,	TARGET_ARG0 },
	{ "rt_tgsigqueueinfo",	KIND(KILL),	NEED_SIGNAL2,	TARGET_ARG0 },
	{ "pidfd_send_signal",	KIND(KILL),	NEED_SIGNAL1,	TARGET_NONE },
	{ "open",		KIND(RAW_READ) | KIND(PTRACE), NEED_FILE, TARGET_NONE },
	{ "openat",		KIND(RAW_READ) | KIND(PTRACE), NEED_FILE, TARGET_NONE },
	{ "openat2",		KIND(RAW_READ) | KIND(PTRACE), NEED_FILE, TARGET_NONE },
	{ "creat",		KIND(RAW_READ) | KIND(PTRACE), NEED_FILE, TARGET_NONE },
	{ "open_by_handle_at",	KIND(RAW_READ),	NEED_FILE,	TARGET_NONE },
	{ "ptrace",		KIND(PTRACE),	NEED_TRACE,	TARGET_ARG1 },
	{ "process_vm_readv",	KIND(PTRACE),	NEED_NOTHING,	TARGET_ARG0 },
	{ "process_vm_writev",	KIND(PTRACE),	NEED_NOTHING,	TARGET_ARG0 },
	{ "pidfd_getfd",	KIND(PTRACE),	NEED_NOTHING,	TARGET_NONE },
	{ "memfd_create",	KIND(MEMFD),	NEED_NOTHING,	TARGET_NONE },
	{ "init_module",	KIND(MODULE),	NEED_NOTHING,	TARGET_NONE },
	{ "finit_module",	KIND(MODULE),	NEED_NOTHING,	TARGET_NONE },
	{ "delete_module",	KIND(MODULE),	NEED_NOTHING,	TARGET_NONE },
	{ "kexec_load",		KIND(MODULE),	NEED_NOTHING,	TARGET_NONE },
	{ "kexec_file_load",	KIND(MODULE),	NEED_NOTHING,	TARGET_NONE },
	{ "bpf",		KIND(BPF),	NEED_BPF,	TARGET_NONE },
	{ "mount",		KIND(MOUNT),	NEED_NOTHING,	TARGET_NONE },
	{ "umount",		KIND(MOUNT),	NEED_NOTHING,	TARGET_NONE },
	{ "umount2",		KIND(MOUNT),	NEED_NOTHING,	TARGET_NONE },
	{ "move_mount",		KIND(MOUNT),	NEED_NOTHING,	TARGET_NONE },
	{ "fsmount",		KIND(MOUNT),	NEED_NOTHING,	TARGET_NONE },
	{ "mount_setattr",	KIND(MOUNT),	NEED_NOTHING,	TARGET_NONE },
	{ "pivot_root",		KIND(MOUNT),	NEED_NOTHING,	TARGET_NONE },
	{ "execve",		KIND(EXEC),	NEED_NOTHING,	TARGET_NONE },
	{ "execveat",		KIND(EXEC),	NEED_NOTHING,	TARGET_NONE },
};

/* attach, seize, poke (text, data, user), set registers */
static bool
ptrace_touches(uint64_t request)
{
	return request == 0x10 || request == 0x4206 || (request >= 4 && request <= 6) || request == 0xd || request == 0x4205;
}

/* Load a program, attach one, link one. */
static bool
bpf_counts(uint64_t command)
{
	return command == 5 || command == 8 || command == 28;
}

/* The kernel makes a packet socket of what was asked for in the old way. */
static bool
socket_is_raw(uint64_t family, uint64_t type)
{
	type &= 0xf;
	return family == AF_PACKET || family == AF_XDP || ((family == AF_INET || family == AF_INET6) && type == SOCK_RAW) ||
	    (family == AF_INET && type == SOCK_PACKET);
}

static const char *
operation_name(uint32_t op)
{
	static const char *const names[] = { [9] = "sendmsg", [13] = "accept", [16] = "connect", [18] = "openat", [28] = "openat2", [56] = "bind",
		[57] = "listen" };

	return op < sizeof(names) / sizeof(names[0]) ? names[op] : NULL;
}

static const char *
socketcall_name(uint64_t which)
{
	static const char *const names[] = { [1] = "socket", [2] = "bind", [3] = "connect", [4] = "listen", [5] = "accept", [11] = "sendto",
		[16] = "sendmsg", [18] = "accept4", [20] = "sendmmsg" };

	return which < sizeof(names) / sizeof(names[0]) ? names[which] : NULL;
}

/* THROUGH: a call that stands for many, by its first argument. */
static const char *
call_name(const struct audited *a, bool *through)
{
	*through = false;
	if (a->parts & PART_URING)
		return operation_name(a->call);
	int machine = a->call <= INT32_MAX ? audit_elf_to_machine(a->arch) : -1;
	const char *name = machine < 0 ? NULL : audit_syscall_to_name((int)a->call, machine);
	*through = name && !strcmp(name, "socketcall");
	return *through ? socketcall_name(a->args[0]) : name;
}

/* The arguments of what socketcall stands for come in a record of their own. */
static uint64_t
argument(const struct audited *a, unsigned n)
{
	return a->parts & PART_INNER ? a->inner[n] : a->args[n];
}

static bool
call_counts(const struct audited *a, enum need need)
{
	switch (need) {
	case NEED_RAW:
		return socket_is_raw(argument(a, 0), argument(a, 1));
	case NEED_TRACE:
		return ptrace_touches(a->args[0]);
	case NEED_BPF:
		return (a->parts & PART_BPF) || bpf_counts(a->args[0]);
	case NEED_SIGNAL1:
		return event_signal_told((uint32_t)a->args[1]);
	case NEED_SIGNAL2:
		return event_signal_told((uint32_t)a->args[2]);
	case NEED_NOTHING: case NEED_ADDRESS: case NEED_NO_OTHER: case NEED_FILE:
		break;
	}
	return true;
}

/* NULL: none of ours. While not all records are HERE, what they may still say is taken to be what makes it one. */
static const struct call *
call_of(const struct audited *a, bool here)
{
	bool through = false;
	const char *name = a->parts & (PART_SYSCALL | PART_URING) ? call_name(a, &through) : a->parts & PART_BPF ? "bpf" : NULL;

	for (size_t i = 0; name && i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(name, calls[i].name))
			continue;
		bool later = through && !here && !(a->parts & PART_INNER);
		return later || call_counts(a, calls[i].need) ? &calls[i] : NULL;
	}
	return NULL;
}

uint64_t
translate_kinds(const struct audited *a)
{
	const struct call *c = call_of(a, false);

	return c ? c->kinds : 0;
}

/* A disk, or memory as a device. */
static bool
is_raw(const struct audited_file *f)
{
	unsigned which = minor(f->rdev);

	return S_ISBLK(f->mode) || (S_ISCHR(f->mode) && major(f->rdev) == 1 && (which == 1 || which == 2 || which == 4));
}

/* The memory of a process, which nobody but its owner may open. Where a directory of the caller says whose it is, the gate looks. */
static bool
is_memory(const struct audited_file *f, const char *name, size_t len)
{
	bool named = len >= 3 && !memcmp(name + len - 3, "mem", 3) && (len == 3 || name[len - 4] == '/');

	return named && f->mode == (S_IFREG | 0600) && !major(f->dev);
}

int
translate_file(const struct audited_file *f, const char *name, size_t len)
{
	return is_raw(f) ? (int)EVENT_RAW_READ : is_memory(f, name, len) ? (int)EVENT_PTRACE : -1;
}

/* -1: none of ours. */
static int
kind_of(const struct audited *a, const struct call *c)
{
	if (c->need == NEED_FILE)
		return a->parts & PART_PATH ? translate_file(&a->file, a->path_text, a->path.len) : -1;
	for (int k = 0; k < EVENT__MAX; k++)
		if (c->kinds >> k & 1)
			return k;
	return -1;
}

/* An IPv4 address in IPv6 clothes is the same destination, and no way around a rule that names it. */
static bool
take_address(const struct audited *a, struct peer *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const char *s = a->saddr_text;
	uint16_t family, port;

	if (a->saddr.len < 8)
		return false;
	memcpy(&family, s, sizeof(family));
	memcpy(&port, s + 2, sizeof(port));
	if (family == AF_INET) {
		memcpy(out->addr, s + 4, 4);
	} else if (family == AF_INET6 && a->saddr.len >= 24) {
		bool v4 = !memcmp(s + 8, mapped, sizeof(mapped));
		memcpy(out->addr, v4 ? s + 20 : s + 8, v4 ? 4 : 16);
		family = v4 ? AF_INET : AF_INET6;
	} else {
		return false;
	}
	out->family = family;
	out->port = ntohs(port);
	return true;
}

/* The other end; of what comes in, that is where it comes from. False: not the address that NEED says. */
static bool
put_address(const struct audited *a, enum need need, struct event *ev)
{
	bool in = ev->kind == EVENT_ACCEPT;
	bool whose = in && a->n_ops > 1;	/* nobody can tell */

	if (!whose && take_address(a, in ? &ev->source : &ev->peer)) {
		ev->have |= in ? HAVE_SOURCE : HAVE_PEER;
		return true;
	}
	return need != NEED_ADDRESS && (whose || need != NEED_NO_OTHER || !a->saddr.len);
}

static void
put_text(struct event *ev, enum event_text which, uint32_t have, const char *s, struct piece piece)
{
	if (piece.len && !event_set(ev, which, s, piece.len))
		ev->have |= have;
	if (piece.cut && (which == TEXT_EXECUTABLE || which == TEXT_CWD || which == TEXT_FILE_PATH))
		ev->flags |= FLAG_PATH_CUT;
}

/* Without the kernel's remark that the file has no name any more. */
static struct piece
named(const char *s, struct piece p)
{
	static const char deleted[] = " (deleted)";
	size_t n = sizeof(deleted) - 1;

	if (p.len > n && !memcmp(s + p.len - n, deleted, n))
		p.len = (uint16_t)(p.len - n);
	return p;
}

static void
put_process(const struct audited *a, struct event *ev)
{
	if (!(a->parts & (PART_SYSCALL | PART_URING)))
		return;
	ev->process = (struct process){
		.pid = a->pid, .uid = a->euid, .ruid = a->uid, .gid = a->egid, .auid = a->auid, .session = a->session,
	};
	ev->parent.pid = a->ppid;
	ev->have |= HAVE_PROCESS | HAVE_USER | HAVE_AUID;
	put_text(ev, TEXT_EXECUTABLE, HAVE_PROCESS, a->exe_text, named(a->exe_text, a->exe));
	put_text(ev, TEXT_COMM, HAVE_COMM, a->comm_text, a->comm);
}

static void
put_args(const struct audited *a, struct event *ev)
{
	bool whole = (a->parts & PART_ARGS) != 0;
	const char *text = whole ? a->argv_text : a->title_text;
	struct piece piece = whole ? a->argv : a->title;

	if (!whole && !piece.len)
		return;
	put_text(ev, TEXT_ARGS, HAVE_ARGS, text, piece);
	ev->args_count = whole ? a->argc : 1;
	for (size_t i = 0; !whole && i < piece.len; i++)
		ev->args_count += text[i] == '\0';
	if (piece.cut || (!whole && piece.len >= TITLE_KEPT - 1))
		ev->flags |= FLAG_ARGS_CUT;
}

/* A relative name is relative to the directory of the caller. */
static void
put_path(const struct audited *a, struct event *ev)
{
	char path[2 * AUDITED_PATH + 1];
	struct piece piece = { 0, a->path.cut };
	bool relative = a->path.len && a->path_text[0] != '/' && a->cwd.len;

	if (!(a->parts & PART_PATH))
		return;
	if (relative) {
		memcpy(path, a->cwd_text, a->cwd.len);
		piece.len = a->cwd.len;
		if (path[piece.len - 1] != '/')
			path[piece.len++] = '/';
	}
	memcpy(path + piece.len, a->path_text, a->path.len);
	piece.len = (uint16_t)(piece.len + a->path.len);
	put_text(ev, TEXT_FILE_PATH, HAVE_FILE, path, piece);
	ev->have |= HAVE_ATTRIBUTES;
	ev->file = (struct file){ .dev = a->file.dev, .ino = a->file.ino, .uid = a->file.uid, .gid = a->file.gid, .mode = a->file.mode };
}

/* N: which of several that one signal went to. */
static void
put_target(const struct audited *a, enum target where, unsigned n, struct event *ev)
{
	int32_t pid = where == TARGET_NONE ? 0 : (int32_t)a->args[where == TARGET_ARG1 ? 1 : 0];

	if (ev->kind == EVENT_PTRACE && where == TARGET_NONE)
		pid = proc_path_pid(a->path_text, a->path.len, a->pid);
	struct process none = { .pid = pid, .uid = UINT32_MAX, .ruid = UINT32_MAX, .gid = UINT32_MAX, .auid = UINT32_MAX,
		.session = UINT32_MAX };
	ev->target = n < a->n_targets ? a->target[n] : none;
	if (ev->target.pid > 0)		/* below 0 it is a group, of which the kernel found none */
		ev->have |= HAVE_TARGET;
}

unsigned
translate_count(const struct audited *a)
{
	const struct call *c = call_of(a, true);

	return c && (c->kinds & KIND(KILL)) && a->n_targets > 1 ? a->n_targets : 1;
}

int
translate(const struct audited *a, unsigned n, uint64_t kinds, uint64_t boot_ns, struct event *ev)
{
	const struct call *c = call_of(a, true);
	int kind = c ? kind_of(a, c) : -1;

	if (kind < 0 || !(kinds >> kind & 1))
		return -ENOMSG;
	event_init(ev, (enum event_kind)kind, SENSOR_AUDIT);
	ev->wall_ns = a->wall_ns;
	ev->boot_ns = boot_ns;
	ev->flags |= FLAG_NOTIFIED;
	if (!put_address(a, c->need, ev))
		return -ENOMSG;
	put_process(a, ev);
	put_args(a, ev);
	put_text(ev, TEXT_CWD, HAVE_CWD, a->cwd_text, a->cwd);
	if (kind == EVENT_MOUNT || kind == EVENT_EXEC || kind == EVENT_RAW_READ)
		put_path(a, ev);
	put_target(a, c->target, n, ev);
	put_text(ev, TEXT_MODULE, HAVE_MODULE, a->module_text, a->module);
	if (!event_set_str(ev, TEXT_SYSCALL, c->name))
		ev->have |= HAVE_SYSCALL;
	ev->syscall_arg0 = argument(a, 0);
	if (c->need == NEED_SIGNAL1 || c->need == NEED_SIGNAL2)
		ev->signal = (uint32_t)a->args[c->need == NEED_SIGNAL2 ? 2 : 1];
	if (a->has_exit) {
		ev->result = a->exit;
		ev->have |= HAVE_RESULT;
	}
	ev->have &= field_carried((enum event_kind)kind);	/* records that belong to another call bring nothing along */
	return 0;
}
