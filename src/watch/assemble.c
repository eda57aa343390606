#include <errno.h>
#include <linux/audit.h>
#include <string.h>
#include "watch/assemble.h"
#include "watch/translate.h"

/* Younger than the headers that we may be built with. */
#ifndef AUDIT_BPF
#define AUDIT_BPF 1334
#endif
#ifndef AUDIT_URINGOP
#define AUDIT_URINGOP 1336
#endif

void
assemble_init(struct assemble *as, uint64_t kinds, assemble_fn *done, void *arg)
{
	memset(as, 0, sizeof(*as));
	as->kinds = kinds;
	as->done = done;
	as->arg = arg;
}

static void
take_text(const struct pair *p, char *out, size_t size, struct piece *piece)
{
	ssize_t n = pair_text(p, out, size);

	if (n < 0)
		return;
	piece->cut = (size_t)n > size;
	piece->len = (uint16_t)(piece->cut ? size : (size_t)n);
}

static void
take_u32(const struct pair *p, int base, uint32_t *out)
{
	int64_t n;

	if (!pair_number(p, base, &n) && n >= -1 && n <= UINT32_MAX)
		*out = (uint32_t)n;
}

static void
take_pid(const struct pair *p, int32_t *out)
{
	int64_t n;

	if (!pair_number(p, 10, &n) && n >= 0 && n <= INT32_MAX)
		*out = (int32_t)n;
}

static void
take_call_field(struct audited *a, const struct pair *p)
{
	static const struct { const char *key; size_t at; int base; } numbers[] = {
		{ "arch", offsetof(struct audited, arch), 16 },		{ "syscall", offsetof(struct audited, call), 10 },
		{ "uring_op", offsetof(struct audited, call), 10 },	{ "auid", offsetof(struct audited, auid), 10 },
		{ "uid", offsetof(struct audited, uid), 10 },		{ "gid", offsetof(struct audited, gid), 10 },
		{ "euid", offsetof(struct audited, euid), 10 },		{ "egid", offsetof(struct audited, egid), 10 },
		{ "ses", offsetof(struct audited, session), 10 },
	};
	int64_t n;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (pair_is(p, numbers[i].key)) {
			take_u32(p, numbers[i].base, (uint32_t *)(void *)((char *)a + numbers[i].at));
			return;
		}
	if (pair_is(p, "exit"))
		a->has_exit = !pair_number(p, 10, &a->exit);
	else if (p->key_len == 2 && p->key[0] == 'a' && p->key[1] >= '0' && p->key[1] <= '2' && !pair_number(p, 16, &n))
		a->args[p->key[1] - '0'] = (uint64_t)n;
	else if (pair_is(p, "pid"))
		take_pid(p, &a->pid);
	else if (pair_is(p, "ppid"))
		take_pid(p, &a->ppid);
	else if (pair_is(p, "comm"))
		take_text(p, a->comm_text, sizeof(a->comm_text), &a->comm);
	else if (pair_is(p, "exe"))
		take_text(p, a->exe_text, sizeof(a->exe_text), &a->exe);
}

static bool
wanted(const struct assemble *as, const struct audited *a)
{
	return (as->kinds & translate_kinds(a)) != 0;
}

static void
take_fields(struct audited *a, const struct record *r)
{
	struct pair p;
	size_t at = 0;

	while (record_next(r, &at, &p))
		take_call_field(a, &p);
}

/* False: nobody asked for this call, nor for anything that came before it in its name. */
static bool
take_call(const struct assemble *as, struct audited *a, const struct record *r)
{
	if (!(a->parts & PART_SYSCALL))
		take_fields(a, r);
	a->parts |= PART_SYSCALL;
	return (a->parts & (PART_CONFIG | PART_URING)) || wanted(as, a);
}

/* An operation that is tried again has a record for each try. */
static void
keep_op(struct audited *a)
{
	unsigned i = 0;

	while (i < a->n_ops && a->ops[i].op != a->call)
		i++;
	if (i == AUDITED_OPS)
		return;
	a->ops[i] = (struct audited_op){ a->call, a->has_exit, a->exit };
	if (i == a->n_ops)
		a->n_ops++;
}

static bool
take_op(const struct assemble *as, struct audited *a, const struct record *r)
{
	uint32_t before = a->parts;

	a->parts |= PART_URING;
	take_fields(a, r);
	if (wanted(as, a))
		keep_op(a);
	else if (!a->n_ops)
		a->parts = before;
	return a->parts != 0;
}

/* Each argument ends in NUL, so that an empty one at the end is not lost; only the one that fills the last byte ends with the text. */
static void
append_arg(struct audited *a, const struct pair *p, bool more)
{
	size_t used = a->argv.len;

	if (more && used && used < sizeof(a->argv_text))
		used--;
	size_t room = sizeof(a->argv_text) - used;
	ssize_t got = pair_text(p, a->argv_text + used, room);
	size_t n = got < 0 ? 0 : (size_t)got;
	if (n > room || !room)
		a->argv.cut = true;
	if (n < room)
		a->argv_text[used + n++] = '\0';
	a->argv.len = (uint16_t)(used + (n < room ? n : room));
}

/* Keys of EXECVE: argc, aN=text, or aN_len=bytes followed by aN[0]=hex, aN[1]=hex..., over as many records as it takes. */
static void
take_args(struct audited *a, const struct record *r)
{
	struct pair p;
	size_t at = 0;

	while (record_next(r, &at, &p)) {
		struct pair number = { .value = p.key + 1 };
		int64_t n;

		if (p.key_len < 2 || p.key[0] != 'a')
			continue;
		const char *open = memchr(p.key, '[', p.key_len);
		number.len = (open ? (size_t)(open - p.key) : p.key_len) - 1;
		if (pair_number(&number, 10, &n) || n < 0)
			continue;
		bool more = open && n == a->arg_open;
		a->arg_open = open ? n : -1;
		if (!more)
			a->argc++;
		append_arg(a, &p, more);
	}
	a->parts |= PART_ARGS;
}

/* MAJOR:MINOR in hex, as stat() has it. 0: it says nothing that makes sense. */
static uint64_t
take_device(const struct record *r, const char *key)
{
	struct pair p;
	int64_t high, low;

	if (!record_find(r, key, &p) || p.quoted)
		return 0;
	const char *colon = memchr(p.value, ':', p.len);
	struct pair first = { .value = p.value, .len = colon ? (size_t)(colon - p.value) : 0 };
	struct pair second = { .value = p.value + first.len + 1, .len = colon ? p.len - first.len - 1 : 0 };
	if (!colon || pair_number(&first, 16, &high) || pair_number(&second, 16, &low) || high >> 12 || low >> 20)
		return 0;
	return ((uint64_t)high & 0xfff) << 8 | ((uint64_t)low & 0xff) | ((uint64_t)low & ~0xffull) << 12;
}

static bool
take_file(const struct record *r, struct audited_file *f)
{
	struct pair p;
	int64_t n;

	*f = (struct audited_file){ .dev = take_device(r, "dev"), .rdev = take_device(r, "rdev") };
	if (record_number(r, "item", 10, &f->item) || f->item < 0)
		return false;
	if (record_find(r, "nametype", &p) && p.len == 6 && !memcmp(p.value, "PARENT", 6))
		return false;
	if (!record_number(r, "inode", 10, &n))
		f->ino = (uint64_t)n;
	if (record_find(r, "mode", &p))
		take_u32(&p, 8, &f->mode);
	if (record_find(r, "ouid", &p))
		take_u32(&p, 10, &f->uid);
	if (record_find(r, "ogid", &p))
		take_u32(&p, 10, &f->gid);
	return true;
}

/* Operations of io_uring that are asked for together have their files in one event: a harmless one hides no other. */
static void
take_path(struct audited *a, const struct record *r)
{
	char name[AUDITED_PATH];
	struct piece piece = { 0, false };
	struct audited_file f;
	struct pair p;

	if (!take_file(r, &f) || !record_find(r, "name", &p))
		return;
	take_text(&p, name, sizeof(name), &piece);
	if (a->parts & PART_PATH) {
		bool tells = translate_file(&f, name, piece.len) >= 0, told = translate_file(&a->file, a->path_text, a->path.len) >= 0;
		if (told > tells || (told == tells && a->file.item <= f.item))
			return;
	}
	a->file = f;
	a->path = piece;
	memcpy(a->path_text, name, piece.len);
	a->parts |= PART_PATH;
}

static void
take_target(struct audited *a, const struct record *r)
{
	struct pair p;

	if (a->n_targets == AUDITED_TARGETS)
		return;
	struct process *t = &a->target[a->n_targets++];
	*t = (struct process){ .uid = UINT32_MAX, .ruid = UINT32_MAX, .gid = UINT32_MAX, .auid = UINT32_MAX, .session = UINT32_MAX };
	if (record_find(r, "opid", &p))
		take_pid(&p, &t->pid);
	if (record_find(r, "oauid", &p))
		take_u32(&p, 10, &t->auid);
	if (record_find(r, "ouid", &p))
		take_u32(&p, 10, &t->uid);
	if (record_find(r, "oses", &p))
		take_u32(&p, 10, &t->session);
}

/* socketcall(): nargs=3 a0=... */
static void
take_inner(struct audited *a, const struct record *r)
{
	static const char *const keys[] = { "a0", "a1", "a2" };
	int64_t n;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		a->inner[i] = record_number(r, keys[i], 16, &n) ? 0 : (uint64_t)n;
	a->parts |= PART_INNER;
}

static void
take_one(const struct record *r, const char *key, char *out, size_t size, struct piece *piece)
{
	struct pair p;

	if (record_find(r, key, &p))
		take_text(&p, out, size, piece);
}

static void
take_config(struct audited *a, const struct record *r)
{
	size_t n = r->len < sizeof(a->config_text) ? r->len : sizeof(a->config_text);

	memcpy(a->config_text, r->body, n);
	a->config = (struct piece){ (uint16_t)n, n < r->len };
	a->parts |= PART_CONFIG;
}

/* What comes with a call. */
static void
take_part(struct audited *a, const struct record *r)
{
	switch (r->type) {
	case AUDIT_EXECVE:
		take_args(a, r);
		break;
	case AUDIT_CWD:
		take_one(r, "cwd", a->cwd_text, sizeof(a->cwd_text), &a->cwd);
		a->parts |= PART_CWD;
		break;
	case AUDIT_PATH:
		take_path(a, r);
		break;
	case AUDIT_SOCKADDR:
		take_one(r, "saddr", a->saddr_text, sizeof(a->saddr_text), &a->saddr);
		a->parts |= PART_SOCKADDR;
		break;
	case AUDIT_SOCKETCALL:
		take_inner(a, r);
		break;
	case AUDIT_OBJ_PID:
		take_target(a, r);
		break;
	case AUDIT_KERN_MODULE:
		take_one(r, "name", a->module_text, sizeof(a->module_text), &a->module);
		a->parts |= PART_MODULE;
		break;
	case AUDIT_PROCTITLE:
		take_one(r, "proctitle", a->title_text, sizeof(a->title_text), &a->title);
		a->parts |= PART_TITLE;
		break;
	}
}

static void
tell_all(struct assemble *as, const struct audited *a)
{
	for (unsigned n = 0; n < translate_count(a); n++)
		as->done(as->arg, a, n);
}

static void
shut(struct assemble *as, unsigned i, bool tell)
{
	as->used[i] = false;
	as->open--;
	if (!tell)
		return;
	struct audited *a = &as->slot[i];
	if (!(a->parts & PART_URING) || (a->parts & PART_CONFIG))
		tell_all(as, a);
	for (unsigned n = 0; n < a->n_ops; n++) {
		a->parts &= ~(uint32_t)PART_CONFIG;
		a->call = a->ops[n].op;
		a->has_exit = a->ops[n].has_exit;
		a->exit = a->ops[n].exit;
		a->args[0] = AUDITED_NO_FD;
		tell_all(as, a);
	}
}

static int
find(const struct assemble *as, const struct record *r)
{
	for (unsigned i = 0; as->open && i < ASSEMBLE_OPEN; i++)
		if (as->used[i] && as->slot[i].serial == r->serial && as->slot[i].wall_ns == r->wall_ns)
			return (int)i;
	return -1;
}

static unsigned
place(struct assemble *as, const struct record *r, uint64_t now_ns)
{
	unsigned at = 0;

	if (as->open == ASSEMBLE_OPEN) {
		for (unsigned i = 1; i < ASSEMBLE_OPEN; i++)
			if (as->slot[i].serial < as->slot[at].serial)
				at = i;
		/* A change of audit by a process that is older than audit ends with nothing: only its caller is not told. */
		as->forced += as->slot[at].parts != PART_CONFIG;
		shut(as, at, true);
	}
	while (as->used[at])
		at = (at + 1) % ASSEMBLE_OPEN;
	struct audited *a = &as->slot[at];
	memset(a, 0, offsetof(struct audited, saddr_text));
	a->serial = r->serial;
	a->wall_ns = r->wall_ns;
	a->opened_ns = now_ns;
	a->arg_open = -1;
	a->auid = a->uid = a->gid = a->euid = a->egid = a->session = UINT32_MAX;
	as->used[at] = true;
	as->open++;
	return at;
}

/* Records that the kernel writes first: the call itself, or what is told in its midst. BPF programs that are released interest nobody. */
static bool
opens(const struct record *r)
{
	struct pair p;

	if (r->type == AUDIT_BPF)
		return record_find(r, "op", &p) && p.len == 4 && !memcmp(p.value, "LOAD", 4);
	return r->type == AUDIT_SYSCALL || r->type == AUDIT_URINGOP || r->type == AUDIT_CONFIG_CHANGE;
}

int
assemble_put(struct assemble *as, unsigned type, const char *text, size_t len, uint64_t now_ns)
{
	struct record r;

	if (type < AUDIT_SYSCALL || type > AUDIT_URINGOP)
		return 0;
	int err = record_parse(&r, type, text, len);
	if (err)
		return err;
	int at = find(as, &r);
	if (at < 0) {
		if (!opens(&r))
			return 0;
		at = (int)place(as, &r, now_ns);
	}
	struct audited *a = &as->slot[at];
	if (type == AUDIT_EOE) {
		shut(as, (unsigned)at, true);
	} else if (type == AUDIT_SYSCALL || type == AUDIT_URINGOP) {
		if (!(type == AUDIT_SYSCALL ? take_call(as, a, &r) : take_op(as, a, &r)))
			shut(as, (unsigned)at, false);
	} else if (type == AUDIT_BPF) {
		a->parts |= PART_BPF;
	} else if (type == AUDIT_CONFIG_CHANGE) {
		take_config(a, &r);
	} else {
		take_part(a, &r);
	}
	return 0;
}

void
assemble_expire(struct assemble *as, uint64_t now_ns)
{
	for (unsigned i = 0; as->open && i < ASSEMBLE_OPEN; i++)
		if (as->used[i] && now_ns - as->slot[i].opened_ns >= ASSEMBLE_NS)
			shut(as, i, true);
}
