#include <arpa/inet.h>
#include <errno.h>
#include <libaudit.h>
#include <string.h>
#include <sys/socket.h>
#include "event/field.h"
#include "watch/translate.h"

#define TITLE_KEPT 128		/* MAX_PROCTITLE_AUDIT_LEN of the kernel */

enum need { NEED_NOTHING, NEED_ADDRESS };
/* Where a call names the process it touches, when the kernel adds no OBJ_PID. */
enum target { TARGET_NONE, TARGET_ARG0, TARGET_ARG1 };

static const struct call {
	const char	*name;
	enum event_kind	 kind;
	enum need	 need;
	enum target	 target;
} calls[] = {
	{ "connect",		EVENT_CONNECT,	NEED_ADDRESS, TARGET_NONE },
	{ "sendto",		EVENT_DNS,	NEED_ADDRESS, TARGET_NONE },
	{ "sendmsg",		EVENT_DNS,	NEED_ADDRESS, TARGET_NONE },
	{ "sendmmsg",		EVENT_DNS,	NEED_ADDRESS, TARGET_NONE },
	{ "bind",		EVENT_BIND,	NEED_ADDRESS, TARGET_NONE },
	{ "listen",		EVENT_LISTEN,	NEED_NOTHING, TARGET_NONE },
	{ "ptrace",		EVENT_PTRACE,	NEED_NOTHING, TARGET_ARG1 },
	{ "process_vm_writev",	EVENT_PTRACE,	NEED_NOTHING, TARGET_ARG0 },
	{ "memfd_create",	EVENT_MEMFD,	NEED_NOTHING, TARGET_NONE },
	{ "init_module",	EVENT_MODULE,	NEED_NOTHING, TARGET_NONE },
	{ "finit_module",	EVENT_MODULE,	NEED_NOTHING, TARGET_NONE },
	{ "delete_module",	EVENT_MODULE,	NEED_NOTHING, TARGET_NONE },
	{ "bpf",		EVENT_BPF,	NEED_NOTHING, TARGET_NONE },
	{ "mount",		EVENT_MOUNT,	NEED_NOTHING, TARGET_NONE },
	{ "umount",		EVENT_MOUNT,	NEED_NOTHING, TARGET_NONE },
	{ "umount2",		EVENT_MOUNT,	NEED_NOTHING, TARGET_NONE },
	{ "move_mount",		EVENT_MOUNT,	NEED_NOTHING, TARGET_NONE },
	{ "fsmount",		EVENT_MOUNT,	NEED_NOTHING, TARGET_NONE },
	{ "mount_setattr",	EVENT_MOUNT,	NEED_NOTHING, TARGET_NONE },
	{ "pivot_root",		EVENT_MOUNT,	NEED_NOTHING, TARGET_NONE },
	{ "execve",		EVENT_EXEC,	NEED_NOTHING, TARGET_NONE },
	{ "execveat",		EVENT_EXEC,	NEED_NOTHING, TARGET_NONE },
};

/* attach, seize, poke (text, data, user), set registers: the ones that rules ask for, see warden/audit.c. */
static bool
ptrace_touches(uint64_t request)
{
	return request == 0x10 || request == 0x4206 || (request >= 4 && request <= 6) || request == 0xd || request == 0x4205;
}

static const char *
call_name(const struct audited *a)
{
	static const char *const socketcalls[] = { [2] = "bind", [3] = "connect", [4] = "listen" };

	if (a->parts & PART_URING)
		return a->call == 9 ? "sendmsg" : a->call == 16 ? "connect" : a->call == 56 ? "bind" : a->call == 57 ? "listen" : NULL;
	int machine = a->call <= INT32_MAX ? audit_elf_to_machine(a->arch) : -1;
	const char *name = machine < 0 ? NULL : audit_syscall_to_name((int)a->call, machine);
	if (name && !strcmp(name, "socketcall"))
		return a->args[0] >= 2 && a->args[0] <= 4 ? socketcalls[a->args[0]] : NULL;
	return name;
}

static const struct call *
call_of(const struct audited *a)
{
	const char *name = a->parts & (PART_SYSCALL | PART_URING) ? call_name(a) : a->parts & PART_BPF ? "bpf" : NULL;

	for (size_t i = 0; name && i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(name, calls[i].name))
			continue;
		if (!strcmp(name, "ptrace") && !ptrace_touches(a->args[0]))
			return NULL;
		if (!strcmp(name, "bpf") && a->args[0] != 5 && !(a->parts & PART_BPF))
			return NULL;
		return &calls[i];
	}
	return NULL;
}

int
translate_kind(const struct audited *a, const char **name)
{
	const struct call *c = call_of(a);

	*name = c ? c->name : "";
	return c ? (int)c->kind : -1;
}

/* An IPv4 address in IPv6 clothes is the same destination, and no way around a rule that names it. */
static bool
put_peer(const struct audited *a, struct event *ev)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const char *s = a->saddr_text;
	uint16_t family, port;

	if (a->saddr.len < 8)
		return false;
	memcpy(&family, s, sizeof(family));
	memcpy(&port, s + 2, sizeof(port));
	if (family == AF_INET) {
		memcpy(ev->peer.addr, s + 4, 4);
	} else if (family == AF_INET6 && a->saddr.len >= 24) {
		bool v4 = !memcmp(s + 8, mapped, sizeof(mapped));
		memcpy(ev->peer.addr, v4 ? s + 20 : s + 8, v4 ? 4 : 16);
		family = v4 ? AF_INET : AF_INET6;
	} else {
		return false;
	}
	ev->peer.family = family;
	ev->peer.port = ntohs(port);
	ev->have |= HAVE_PEER;
	return true;
}

static void
put_text(struct event *ev, enum event_text which, uint32_t have, const char *s, struct piece piece)
{
	if (piece.len && !event_set(ev, which, s, piece.len))
		ev->have |= have;
	if (piece.cut && (which == TEXT_EXECUTABLE || which == TEXT_CWD || which == TEXT_FILE_PATH))
		ev->flags |= FLAG_PATH_CUT;
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
	put_text(ev, TEXT_EXECUTABLE, HAVE_PROCESS, a->exe_text, a->exe);
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
	put_text(ev, TEXT_FILE_PATH, HAVE_FILE | HAVE_ATTRIBUTES, path, piece);
	ev->file = (struct file){
		.dev = a->path_dev, .ino = a->path_ino, .uid = a->path_uid, .gid = a->path_gid, .mode = a->path_mode,
	};
}

static void
put_target(const struct audited *a, enum target where, struct event *ev)
{
	uint64_t pid = where == TARGET_ARG1 ? a->args[1] : a->args[0];

	if (where == TARGET_NONE)
		return;
	ev->target = (struct process){
		.pid = a->parts & PART_TARGET ? a->target_pid : (int32_t)pid,
		.uid = a->target_uid, .ruid = UINT32_MAX, .gid = UINT32_MAX, .auid = a->target_auid, .session = a->target_session,
	};
	ev->have |= HAVE_TARGET;
}

int
translate(const struct audited *a, uint64_t kinds, uint64_t boot_ns, struct event *ev)
{
	const struct call *c = call_of(a);

	if (!c || !(kinds >> c->kind & 1))
		return -ENOMSG;
	event_init(ev, c->kind, SENSOR_AUDIT);
	ev->wall_ns = a->wall_ns;
	ev->boot_ns = boot_ns;
	ev->flags |= FLAG_NOTIFIED;
	if (!put_peer(a, ev) && c->need == NEED_ADDRESS)
		return -ENOMSG;
	put_process(a, ev);
	put_args(a, ev);
	put_text(ev, TEXT_CWD, HAVE_CWD, a->cwd_text, a->cwd);
	if (c->kind == EVENT_MOUNT || c->kind == EVENT_EXEC)
		put_path(a, ev);
	put_target(a, c->target, ev);
	put_text(ev, TEXT_MODULE, HAVE_MODULE, a->module_text, a->module);
	if (!event_set_str(ev, TEXT_SYSCALL, c->name))
		ev->have |= HAVE_SYSCALL;
	ev->syscall_arg0 = a->args[0];
	if (a->has_exit) {
		ev->result = a->exit;
		ev->have |= HAVE_RESULT;
	}
	ev->have &= field_carried(c->kind);	/* records that belong to another call bring nothing along */
	return 0;
}
