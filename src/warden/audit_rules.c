#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "warden/audit_rules.h"

#define FIELDS_MAX	3

struct condition { uint32_t field, op, value; };

struct row {
	enum event_kind	 kind;
	const char	*calls[7];		/* names of system calls */
	struct condition when[FIELDS_MAX];
	uint64_t	 uring;			/* instead of calls: operations of io_uring, a bit each */
	const char	*below;			/* a directory that the file must be below */
	uint32_t	 signal;		/* AUDIT_ARGn that says which signal; 0 none */
};

#define INET		{ AUDIT_SADDR_FAM, AUDIT_EQUAL, AF_INET }
#define INET6		{ AUDIT_SADDR_FAM, AUDIT_EQUAL, AF_INET6 }
#define IS(what, v)	{ AUDIT_##what, AUDIT_EQUAL, v }
#define HAS(what, v)	{ AUDIT_##what, AUDIT_BIT_TEST, v }
#define OP(n)		(1ull << (n))

/* What programs open files with. */
#define OPENS		{ "open", "openat", "openat2", "creat" }
#define URING_OPENS	(OP(18) | OP(28))
#define SIGNALS_MAX	32			/* above it are those of real time, of which runtimes of languages send many */

/*
 * Loud calls are narrowed here, in the kernel: a call that no rule names costs nothing, and a rule that does not match some 20 ns.
 *
 * socketcall is how 32-bit programs may still reach the network; io_uring does without any call. Of a socket it makes the kernel tells
 * nothing, whatever the rules say. ptrace is asked for by request (attach, seize, poke, set registers), because a debugger at work makes
 * thousands of harmless ones; /proc/PID/mem by being opened for writing below /proc, of which user space keeps only `mem`, since the kernel
 * compares no names (io_uring has no condition for writing, and nobody opens files of /proc with it).
 *
 * Who accepts without asking by whom, leaves no address to go by: such calls are told whatever the family, and the gate looks. Raw sockets
 * of netlink, one for each name that is looked up, are none that these rules mean. A disk is told by what it is, not by its name; so is
 * memory as a device (1:1 mem, 1:2 kmem, 1:4 port), for which both numbers are compared with those of the node and of its file system, so
 * that watch has the last word.
 */
static const struct row rows[] = {
	{ EVENT_CONNECT, .calls = { "connect" }, .when = { INET } },
	{ EVENT_CONNECT, .calls = { "connect" }, .when = { INET6 } },
	{ EVENT_CONNECT, .calls = { "socketcall" }, .when = { IS(ARG0, 3), INET } },
	{ EVENT_CONNECT, .calls = { "socketcall" }, .when = { IS(ARG0, 3), INET6 } },
	{ EVENT_CONNECT, .uring = OP(16), .when = { INET } },
	{ EVENT_CONNECT, .uring = OP(16), .when = { INET6 } },
	/* Who speaks to a name server: with the calls of CONNECT this tells who asked. */
	{ EVENT_DNS, .calls = { "sendto", "sendmsg", "sendmmsg" }, .when = { INET } },
	{ EVENT_DNS, .calls = { "sendto", "sendmsg", "sendmmsg" }, .when = { INET6 } },
	{ EVENT_DNS, .calls = { "socketcall" }, .when = { IS(ARG0, 11), INET } },
	{ EVENT_DNS, .calls = { "socketcall" }, .when = { IS(ARG0, 11), INET6 } },
	{ EVENT_DNS, .calls = { "socketcall" }, .when = { IS(ARG0, 16), INET } },
	{ EVENT_DNS, .calls = { "socketcall" }, .when = { IS(ARG0, 16), INET6 } },
	{ EVENT_DNS, .calls = { "socketcall" }, .when = { IS(ARG0, 20), INET } },
	{ EVENT_DNS, .calls = { "socketcall" }, .when = { IS(ARG0, 20), INET6 } },
	{ EVENT_DNS, .uring = OP(9), .when = { INET } },
	{ EVENT_DNS, .uring = OP(9), .when = { INET6 } },
	{ EVENT_ACCEPT, .calls = { "accept", "accept4" }, .when = { IS(SUCCESS, 1), INET } },
	{ EVENT_ACCEPT, .calls = { "accept", "accept4" }, .when = { IS(SUCCESS, 1), INET6 } },
	{ EVENT_ACCEPT, .calls = { "accept", "accept4" }, .when = { IS(SUCCESS, 1), IS(ARG1, 0) } },
	{ EVENT_ACCEPT, .calls = { "socketcall" }, .when = { IS(SUCCESS, 1), IS(ARG0, 5) } },
	{ EVENT_ACCEPT, .calls = { "socketcall" }, .when = { IS(SUCCESS, 1), IS(ARG0, 18) } },
	{ EVENT_ACCEPT, .uring = OP(13), .when = { IS(SUCCESS, 1) } },
	{ EVENT_BIND, .calls = { "bind" }, .when = { INET } },
	{ EVENT_BIND, .calls = { "bind" }, .when = { INET6 } },
	{ EVENT_BIND, .calls = { "socketcall" }, .when = { IS(ARG0, 2), INET } },
	{ EVENT_BIND, .calls = { "socketcall" }, .when = { IS(ARG0, 2), INET6 } },
	{ EVENT_BIND, .uring = OP(56), .when = { INET } },
	{ EVENT_BIND, .uring = OP(56), .when = { INET6 } },
	{ EVENT_LISTEN, .calls = { "listen" } },
	{ EVENT_LISTEN, .calls = { "socketcall" }, .when = { IS(ARG0, 4) } },
	{ EVENT_LISTEN, .uring = OP(57) },
	{ EVENT_SOCKET, .calls = { "socket" }, .when = { IS(ARG0, AF_PACKET) } },
	{ EVENT_SOCKET, .calls = { "socket" }, .when = { IS(ARG0, AF_XDP) } },
	{ EVENT_SOCKET, .calls = { "socket" }, .when = { IS(ARG0, AF_INET), HAS(ARG1, SOCK_RAW) } },
	{ EVENT_SOCKET, .calls = { "socket" }, .when = { IS(ARG0, AF_INET), HAS(ARG1, SOCK_PACKET) } },
	{ EVENT_SOCKET, .calls = { "socket" }, .when = { IS(ARG0, AF_INET6), HAS(ARG1, SOCK_RAW) } },
	{ EVENT_SOCKET, .calls = { "socketcall" }, .when = { IS(ARG0, 1) } },
	{ EVENT_KILL, .calls = { "kill", "tkill", "pidfd_send_signal", "rt_sigqueueinfo" }, .signal = AUDIT_ARG1 },
	{ EVENT_KILL, .calls = { "tgkill", "rt_tgsigqueueinfo" }, .signal = AUDIT_ARG2 },
	{ EVENT_RAW_READ, .calls = { "open", "openat", "openat2", "creat", "open_by_handle_at" }, .when = { IS(FILETYPE, S_IFBLK) } },
	{ EVENT_RAW_READ, .uring = URING_OPENS, .when = { IS(FILETYPE, S_IFBLK) } },
	{ EVENT_RAW_READ, .calls = OPENS, .when = { IS(FILETYPE, S_IFCHR), IS(DEVMAJOR, 1), IS(DEVMINOR, 1) } },
	{ EVENT_RAW_READ, .calls = OPENS, .when = { IS(FILETYPE, S_IFCHR), IS(DEVMAJOR, 1), IS(DEVMINOR, 2) } },
	{ EVENT_RAW_READ, .calls = OPENS, .when = { IS(FILETYPE, S_IFCHR), IS(DEVMAJOR, 1), IS(DEVMINOR, 4) } },
	{ EVENT_RAW_READ, .uring = URING_OPENS, .when = { IS(FILETYPE, S_IFCHR), IS(DEVMAJOR, 1) } },
	{ EVENT_PTRACE, .calls = { "ptrace" }, .when = { IS(ARG0, 0x10) } },
	{ EVENT_PTRACE, .calls = { "ptrace" }, .when = { IS(ARG0, 0x4206) } },
	{ EVENT_PTRACE, .calls = { "ptrace" }, .when = { IS(ARG0, 4) } },
	{ EVENT_PTRACE, .calls = { "ptrace" }, .when = { IS(ARG0, 5) } },
	{ EVENT_PTRACE, .calls = { "ptrace" }, .when = { IS(ARG0, 6) } },
	{ EVENT_PTRACE, .calls = { "ptrace" }, .when = { IS(ARG0, 0xd) } },
	{ EVENT_PTRACE, .calls = { "ptrace" }, .when = { IS(ARG0, 0x4205) } },
	{ EVENT_PTRACE, .calls = { "process_vm_readv", "process_vm_writev", "pidfd_getfd" } },
	{ EVENT_PTRACE, .calls = OPENS, .when = { IS(PERM, AUDIT_PERM_WRITE) }, .below = "/proc" },
	{ EVENT_PTRACE, .uring = URING_OPENS,	.below = "/proc" },
	{ EVENT_MEMFD, .calls = { "memfd_create" } },
	{ EVENT_MODULE, .calls = { "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load" } },
	{ EVENT_BPF, .calls = { "bpf" }, .when = { IS(ARG0, 5) } },
	{ EVENT_BPF, .calls = { "bpf" }, .when = { IS(ARG0, 8) } },
	{ EVENT_BPF, .calls = { "bpf" }, .when = { IS(ARG0, 28) } },
	{ EVENT_MOUNT, .calls = { "mount", "umount2", "umount", "move_mount", "fsmount", "mount_setattr", "pivot_root" } },
	{ EVENT_EXEC, .calls = { "execve", "execveat" } },
};
#define ROWS	(sizeof(rows) / sizeof(rows[0]))

size_t
rule_size(const struct rule *r)
{
	return sizeof(r->data) + r->data.buflen;
}

/* The key of a listed rule, whose strings lie in the order of their fields; "" if it has none. */
static size_t
key_of(const struct audit_rule_data *r, const char *strings, size_t room, const char **key)
{
	size_t at = 0;

	for (uint32_t i = 0; i < r->field_count && i < AUDIT_MAX_FIELDS; i++) {
		uint32_t f = r->fields[i];
		if (f == AUDIT_FILTERKEY) {
			if (r->values[i] > room - at)
				return 0;
			*key = strings + at;
			return r->values[i];
		}
		if ((f >= AUDIT_SUBJ_USER && f <= AUDIT_SUBJ_CLR) || f == AUDIT_WATCH || f == AUDIT_DIR || f == AUDIT_EXE ||
		    (f >= AUDIT_OBJ_USER && f <= AUDIT_OBJ_LEV_HIGH)) {
			if (r->values[i] > room - at)
				return 0;
			at += r->values[i];
		}
	}
	return 0;
}

void
rules_listed(struct rules *found, const void *data, size_t len)
{
	struct audit_rule_data r;
	const char *key = "";

	if (len < sizeof(r))
		return;
	memcpy(&r, data, sizeof(r));
	size_t room = len - sizeof(r) < r.buflen ? len - sizeof(r) : r.buflen;
	size_t n = key_of(&r, (const char *)data + sizeof(r), room, &key);
	if ((r.flags & ~(uint32_t)AUDIT_FILTER_PREPEND) == AUDIT_FILTER_TASK && r.action == AUDIT_NEVER)
		found->never = true;
	if (n == strlen(found->key) && !memcmp(key, found->key, n)) {
		struct rule *mine = &found->rule[found->count];
		if (found->count < RULES_MAX && room <= sizeof(mine->text)) {
			mine->data = r;
			memcpy(mine->text, (const char *)data + sizeof(r), room);
			mine->data.buflen = (uint32_t)room;
			found->count++;
		}
		return;
	}
	found->others = true;
	found->strangers |= n < sizeof(RULE_KEY_PREFIX) - 1 || memcmp(key, RULE_KEY_PREFIX, sizeof(RULE_KEY_PREFIX) - 1) != 0;
}

bool
rules_hold(const struct rules *set, const struct rule *r)
{
	for (unsigned i = 0; i < set->count; i++)
		if (rule_size(&set->rule[i]) == rule_size(r) && !memcmp(&set->rule[i], r, rule_size(r)))
			return true;
	return false;
}

static void
add_field(struct audit_rule_data *r, struct condition c)
{
	r->fields[r->field_count] = c.field;
	r->values[r->field_count] = c.value;
	r->fieldflags[r->field_count++] = c.op;
}

/* Texts stand behind the fixed part, in the order of their fields. */
static void
add_text(struct rule *r, uint32_t field, const char *text)
{
	size_t n = strlen(text);

	add_field(&r->data, (struct condition){ field, AUDIT_EQUAL, (uint32_t)n });
	memcpy(r->text + r->data.buflen, text, n);
	r->data.buflen += (uint32_t)n;
}

/* All in one rule, by what is left out: the more rules name a call, the dearer it is. */
static void
add_signals(struct audit_rule_data *r, uint32_t arg)
{
	for (uint32_t s = 0; s < SIGNALS_MAX; s++)
		if (!event_signal_told(s))
			add_field(r, (struct condition){ arg, AUDIT_NOT_EQUAL, s });
	add_field(r, (struct condition){ arg, AUDIT_LESS_THAN, SIGNALS_MAX });
}

/* False when this machine knows none of them. */
static bool
add_calls(struct audit_rule_data *r, const struct row *row, int machine)
{
	bool any = false;

	if (row->uring) {
		r->mask[0] = (uint32_t)row->uring;
		r->mask[1] = (uint32_t)(row->uring >> 32);
		return true;
	}
	add_field(r, (struct condition){ AUDIT_ARCH, AUDIT_EQUAL, audit_machine_to_elf(machine) });
	for (size_t i = 0; i < sizeof(row->calls) / sizeof(row->calls[0]) && row->calls[i]; i++) {
		int nr = audit_name_to_syscall(row->calls[i], machine);
		if (nr < 0 || nr >= AUDIT_BITMASK_SIZE * 32)
			continue;
		r->mask[AUDIT_WORD(nr)] |= AUDIT_BIT(nr);
		any = true;
	}
	return any;
}

/*
 * False when there is nothing to ask this machine for. libaudit has the tables of system calls; its own rule builder keeps hidden
 * state from one rule to the next, and its senders may wait for 40 s, so neither is used.
 */
static bool
make_rule(struct rule *r, const struct row *row, int machine, const char *key, unsigned lacks)
{
	memset(r, 0, sizeof(*r));
	r->data.flags = row->uring ? RULE_LIST_URING : AUDIT_FILTER_EXIT;
	r->data.action = AUDIT_ALWAYS;
	if (!add_calls(&r->data, row, machine))
		return false;
	if (row->below)
		add_text(r, AUDIT_DIR, row->below);
	for (size_t i = 0; i < FIELDS_MAX && row->when[i].field; i++)
		if (row->when[i].field != AUDIT_SADDR_FAM || !(lacks & LACKS_SADDR_FAM))
			add_field(&r->data, row->when[i]);
	if (row->signal)
		add_signals(&r->data, row->signal);
	add_text(r, AUDIT_FILTERKEY, key);
	return true;
}

static unsigned
machines(int out[2])
{
	int native = audit_detect_machine();
	unsigned n = 0;

	if (native < 0)
		return 0;
	out[n++] = native;
	if (native == MACH_86_64)
		out[n++] = MACH_X86;
	if (native == MACH_AARCH64)
		out[n++] = MACH_ARM;
	return n;
}

void
rules_init(struct rules *r, const char *key)
{
	memset(r, 0, sizeof(*r));
	r->key = key;
}

void
rules_want(struct rules *wanted, const char *key, uint64_t kinds, unsigned lacks)
{
	int machine[2] = { 0 };
	unsigned count = machines(machine);

	rules_init(wanted, key);
	for (size_t i = 0; i < ROWS; i++) {
		unsigned n = !(kinds >> rows[i].kind & 1) ? 0 : !rows[i].uring ? count : lacks & LACKS_URING ? 0 : 1;
		for (unsigned m = 0; m < n && wanted->count < RULES_MAX; m++)
			if (make_rule(&wanted->rule[wanted->count], &rows[i], machine[m], key, lacks))
				wanted->kind[wanted->count++] = rows[i].kind;
	}
}

unsigned
rule_needs(const struct rule *r)
{
	if (r->data.flags == RULE_LIST_URING)
		return LACKS_URING;
	for (uint32_t i = 0; i < r->data.field_count; i++)
		if (r->data.fields[i] == AUDIT_SADDR_FAM)
			return LACKS_SADDR_FAM;
	return 0;
}
