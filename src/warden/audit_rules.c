#include <string.h>
#include <sys/socket.h>
#include "warden/audit_rules.h"

#define FIELDS_MAX	2

struct condition { uint32_t field, value; };

struct row {
	enum event_kind	 kind;
	const char	*calls[7];		/* names of system calls */
	struct condition when[FIELDS_MAX];
	int		 uring;			/* instead of calls: operation of io_uring */
};

#define INET	{ AUDIT_SADDR_FAM, AF_INET }
#define INET6	{ AUDIT_SADDR_FAM, AF_INET6 }
#define ARG0(v)	{ AUDIT_ARG0, v }

/*
 * socketcall is how 32-bit programs may still reach the network; io_uring does without any call. ptrace is asked for by request
 * (attach, seize, poke, set registers), because a debugger at work makes thousands of harmless ones.
 */
static const struct row rows[] = {
	{ EVENT_CONNECT, { "connect" },		{ INET }, 0 },
	{ EVENT_CONNECT, { "connect" },		{ INET6 }, 0 },
	{ EVENT_CONNECT, { "socketcall" },	{ ARG0(3), INET }, 0 },
	{ EVENT_CONNECT, { "socketcall" },	{ ARG0(3), INET6 }, 0 },
	{ EVENT_CONNECT, { NULL },		{ { 0, 0 } }, 16 },
	/* Who speaks to a name server: with the calls of CONNECT this tells who asked. */
	{ EVENT_DNS,	 { "sendto", "sendmsg", "sendmmsg" }, { INET }, 0 },
	{ EVENT_DNS,	 { "sendto", "sendmsg", "sendmmsg" }, { INET6 }, 0 },
	{ EVENT_DNS,	 { NULL },		{ { 0, 0 } }, 9 },
	{ EVENT_BIND,	 { "bind" },		{ INET }, 0 },
	{ EVENT_BIND,	 { "bind" },		{ INET6 }, 0 },
	{ EVENT_BIND,	 { "socketcall" },	{ ARG0(2), INET }, 0 },
	{ EVENT_BIND,	 { "socketcall" },	{ ARG0(2), INET6 }, 0 },
	{ EVENT_BIND,	 { NULL },		{ { 0, 0 } }, 56 },
	{ EVENT_LISTEN,	 { "listen" },		{ { 0, 0 } }, 0 },
	{ EVENT_LISTEN,	 { "socketcall" },	{ ARG0(4) }, 0 },
	{ EVENT_LISTEN,	 { NULL },		{ { 0, 0 } }, 57 },
	{ EVENT_PTRACE,	 { "ptrace" },		{ ARG0(0x10) }, 0 },
	{ EVENT_PTRACE,	 { "ptrace" },		{ ARG0(0x4206) }, 0 },
	{ EVENT_PTRACE,	 { "ptrace" },		{ ARG0(4) }, 0 },
	{ EVENT_PTRACE,	 { "ptrace" },		{ ARG0(5) }, 0 },
	{ EVENT_PTRACE,	 { "ptrace" },		{ ARG0(6) }, 0 },
	{ EVENT_PTRACE,	 { "ptrace" },		{ ARG0(0xd) }, 0 },
	{ EVENT_PTRACE,	 { "ptrace" },		{ ARG0(0x4205) }, 0 },
	{ EVENT_PTRACE,	 { "process_vm_writev" }, { { 0, 0 } }, 0 },
	{ EVENT_MEMFD,	 { "memfd_create" },	{ { 0, 0 } }, 0 },
	{ EVENT_MODULE,	 { "init_module", "finit_module", "delete_module" }, { { 0, 0 } }, 0 },
	{ EVENT_BPF,	 { "bpf" },		{ ARG0(5) }, 0 },
	{ EVENT_MOUNT,	 { "mount", "umount2", "umount", "move_mount", "fsmount", "mount_setattr", "pivot_root" }, { { 0, 0 } }, 0 },
	{ EVENT_EXEC,	 { "execve", "execveat" }, { { 0, 0 } }, 0 },
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
		if (found->count < RULES_MAX && room <= sizeof(mine->key)) {
			mine->data = r;
			memcpy(mine->key, (const char *)data + sizeof(r), room);
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
add_field(struct audit_rule_data *r, uint32_t field, uint32_t value)
{
	r->fields[r->field_count] = field;
	r->values[r->field_count] = value;
	r->fieldflags[r->field_count++] = AUDIT_EQUAL;
}

/*
 * False when this machine knows none of the calls. libaudit has the tables of system calls; its own rule builder keeps hidden
 * state from one rule to the next, and its senders may wait for 40 s, so neither is used.
 */
static bool
make_rule(struct rule *r, const struct row *row, int machine, const char *key, unsigned lacks)
{
	bool any = row->uring != 0;
	size_t n = strlen(key);

	memset(r, 0, sizeof(*r));
	r->data.flags = row->uring ? RULE_LIST_URING : AUDIT_FILTER_EXIT;
	r->data.action = AUDIT_ALWAYS;
	if (row->uring)
		r->data.mask[AUDIT_WORD(row->uring)] |= AUDIT_BIT(row->uring);
	else
		add_field(&r->data, AUDIT_ARCH, audit_machine_to_elf(machine));
	for (size_t i = 0; i < sizeof(row->calls) / sizeof(row->calls[0]) && row->calls[i]; i++) {
		int nr = audit_name_to_syscall(row->calls[i], machine);
		if (nr < 0 || nr >= AUDIT_BITMASK_SIZE * 32)
			continue;
		r->data.mask[AUDIT_WORD(nr)] |= AUDIT_BIT(nr);
		any = true;
	}
	for (size_t i = 0; i < FIELDS_MAX && row->when[i].field; i++)
		if (row->when[i].field != AUDIT_SADDR_FAM || !(lacks & LACKS_SADDR_FAM))
			add_field(&r->data, row->when[i].field, row->when[i].value);
	add_field(&r->data, AUDIT_FILTERKEY, (uint32_t)n);
	memcpy(r->key, key, n);
	r->data.buflen = (uint32_t)n;
	return any;
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
