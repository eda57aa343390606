#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "ctl/sigma_field.h"
#include "event/field.h"
#include "policy/scalar.h"

/*
 * Sigma looks at records of audit one by one; here they are one event. A rule is seen as each event that its records can be of: a
 * record of another is false there.
 */

/* Types of records, and what they are of: of any exec or call, of a file, or of what a program in user space told. */
static const struct type { const char *name; uint64_t kinds; } types[] = {
	{ "SYSCALL", 0 }, { "EXECVE", 0 }, { "PROCTITLE", 0 }, { "CWD", 0 }, { "PATH", 0 }, { "SOCKADDR", 0 },
	{ "KERN_MODULE", SIGMA_BIT(MODULE) }, { "BPF", SIGMA_BIT(BPF) }, { "OBJ_PID", 0 },
	{ "USER_LOGIN", SIGMA_BIT(LOGON) | SIGMA_BIT(LOGON_FAILED) }, { "USER_LOGOUT", SIGMA_BIT(LOGOFF) },
	{ "ADD_USER", SIGMA_BIT(ACCOUNT) }, { "DEL_USER", SIGMA_BIT(ACCOUNT) }, { "ADD_GROUP", SIGMA_BIT(ACCOUNT) },
	{ "DEL_GROUP", SIGMA_BIT(ACCOUNT) }, { "USER_MGMT", SIGMA_BIT(ACCOUNT) }, { "GRP_MGMT", SIGMA_BIT(ACCOUNT) },
	{ "USER_CHAUTHTOK", SIGMA_BIT(ACCOUNT) }, { "ACCT_LOCK", SIGMA_BIT(ACCOUNT) }, { "ACCT_UNLOCK", SIGMA_BIT(ACCOUNT) },
};
#define TYPES (sizeof(types) / sizeof(types[0]))

/* Calls that are what a kind is. Others that lead to one of its events, among others, are not: mknod makes a file, as much else does. */
static const struct call { const char *name; uint64_t kind; } calls[] = {
	{ "execve", SIGMA_BIT(EXEC) }, { "execveat", SIGMA_BIT(EXEC) },
	{ "open", SIGMA_BIT(OPEN) }, { "openat", SIGMA_BIT(OPEN) }, { "openat2", SIGMA_BIT(OPEN) }, { "creat", SIGMA_BIT(CREATE) },
	{ "rename", SIGMA_BIT(RENAME) }, { "renameat", SIGMA_BIT(RENAME) }, { "renameat2", SIGMA_BIT(RENAME) },
	{ "unlink", SIGMA_BIT(DELETE) }, { "unlinkat", SIGMA_BIT(DELETE) }, { "rmdir", SIGMA_BIT(DELETE) },
	{ "chmod", SIGMA_BIT(CHMOD) }, { "fchmod", SIGMA_BIT(CHMOD) }, { "fchmodat", SIGMA_BIT(CHMOD) }, { "chown", SIGMA_BIT(CHMOD) },
	{ "fchown", SIGMA_BIT(CHMOD) }, { "lchown", SIGMA_BIT(CHMOD) }, { "fchownat", SIGMA_BIT(CHMOD) }, { "setxattr", SIGMA_BIT(CHMOD) },
	{ "fork", SIGMA_BIT(FORK) }, { "vfork", SIGMA_BIT(FORK) }, { "clone", SIGMA_BIT(FORK) }, { "clone3", SIGMA_BIT(FORK) },
	{ "exit", SIGMA_BIT(EXIT) }, { "exit_group", SIGMA_BIT(EXIT) },
	{ "connect", SIGMA_BIT(CONNECT) }, { "accept", SIGMA_BIT(ACCEPT) }, { "accept4", SIGMA_BIT(ACCEPT) },
	{ "bind", SIGMA_BIT(BIND) }, { "listen", SIGMA_BIT(LISTEN) },
	{ "ptrace", SIGMA_BIT(PTRACE) }, { "process_vm_writev", SIGMA_BIT(PTRACE) },
	{ "memfd_create", SIGMA_BIT(MEMFD) },
	{ "init_module", SIGMA_BIT(MODULE) }, { "finit_module", SIGMA_BIT(MODULE) }, { "delete_module", SIGMA_BIT(MODULE) },
	{ "bpf", SIGMA_BIT(BPF) },
	{ "mount", SIGMA_BIT(MOUNT) }, { "umount", SIGMA_BIT(MOUNT) }, { "umount2", SIGMA_BIT(MOUNT) }, { "move_mount", SIGMA_BIT(MOUNT) },
	{ "setuid", SIGMA_BIT(SETUID) }, { "setreuid", SIGMA_BIT(SETUID) }, { "setresuid", SIGMA_BIT(SETUID) },
	{ "kill", SIGMA_BIT(KILL) }, { "tkill", SIGMA_BIT(KILL) }, { "tgkill", SIGMA_BIT(KILL) },
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* Numbers of calls on x86-64 that rules name instead. */
static const struct { const char *number, *name; } numbers[] = {
	{ "2", "open" }, { "42", "connect" }, { "49", "bind" }, { "59", "execve" }, { "62", "kill" }, { "82", "rename" }, { "87", "unlink" },
	{ "90", "chmod" }, { "92", "chown" }, { "101", "ptrace" }, { "105", "setuid" }, { "165", "mount" }, { "175", "init_module" },
	{ "176", "delete_module" }, { "257", "openat" }, { "263", "unlinkat" }, { "268", "fchmodat" }, { "313", "finit_module" },
	{ "319", "memfd_create" }, { "321", "bpf" }, { "322", "execveat" },
};

static const struct type *
find_type(const char *name)
{
	for (size_t i = 0; i < TYPES; i++)
		if (strcasecmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

static const struct call *
find_call(const char *name)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(numbers[i].number, name) == 0)
			name = numbers[i].name;
	for (size_t i = 0; i < CALLS; i++)
		if (strcasecmp(calls[i].name, name) == 0)
			return &calls[i];
	return NULL;
}

int
sigma_argument(const char *field)
{
	uint64_t n;

	return (field[0] == 'a' || field[0] == 'A') && scalar_unsigned(field + 1, 63, &n) == 0 ? (int)n : -1;
}

/* Scalars of a value, one after the other; NULL ends them. */
static const struct sigma_tree *
first_of(const struct sigma_tree *values)
{
	return values->kind == SIGMA_LIST ? values->first : values;
}

static const struct sigma_tree *
next_of(const struct sigma_tree *values, const struct sigma_tree *v)
{
	return values->kind == SIGMA_LIST ? v->next : NULL;
}

/* --- which events a rule can be seen as --- */

/* What a rule asks for, anywhere. */
struct asked { uint64_t kinds; bool exec, path, create, delete, typed; };

static bool
is_field(const char *key, const char *name)
{
	size_t n = strcspn(key, "|");

	return n == strlen(name) && strncasecmp(key, name, n) == 0;
}

static void
ask_type(struct sigma_import *imp, struct sigma_rule *rule, struct asked *a, const char *name)
{
	static const char *const of_exec[] = { "SYSCALL", "EXECVE", "PROCTITLE", "CWD" };
	const struct type *t = find_type(name);

	a->typed = true;
	a->path |= strcasecmp(name, "PATH") == 0;
	for (size_t i = 0; i < sizeof(of_exec) / sizeof(of_exec[0]); i++)
		a->exec |= strcasecmp(name, of_exec[i]) == 0;
	if (t)
		a->kinds |= t->kinds;
	else
		sigma_line_add(imp->pool, &rule->left, sigma_print(imp->pool, "records of type %.40s, which are no event of yett", name));
}

static void
ask_value(struct sigma_import *imp, struct sigma_rule *rule, struct asked *a, const struct sigma_tree *item, const char *value)
{
	const struct call *c;

	if (is_field(item->key, "type")) {
		ask_type(imp, rule, a, value);
	} else if (is_field(item->key, "nametype")) {
		a->create |= strcasecmp(value, "CREATE") == 0;
		a->delete |= strcasecmp(value, "DELETE") == 0;
	} else if (is_field(item->key, "SYSCALL") && (c = find_call(value))) {
		a->kinds |= c->kind & ~SIGMA_BIT(EXEC);
	}
}

static void
ask(struct sigma_import *imp, struct sigma_rule *rule, struct asked *a, const struct sigma_tree *t)
{
	for (const struct sigma_tree *m = t->first; m; m = m->next) {
		ask(imp, rule, a, m);
		if (t->kind != SIGMA_MAP || m->kind == SIGMA_MAP)
			continue;
		a->path |= is_field(m->key, "name") || is_field(m->key, "nametype");
		if (is_field(m->key, "key"))
			a->kinds |= sigma_key_kinds(imp, rule, m);
		for (const struct sigma_tree *v = first_of(m); v; v = next_of(m, v))
			if (v->kind == SIGMA_SCALAR && !v->null)
				ask_value(imp, rule, a, m, v->text);
	}
}

static struct sigma_view
view_of(enum sigma_record record, uint64_t kinds)
{
	return (struct sigma_view){ .class = SIGMA_AUDIT, .record = record, .kinds = kinds };
}

static bool
is_user(uint64_t kind)
{
	return kind & (SIGMA_BIT(ACCOUNT) | SIGMA_BIT(LOGON) | SIGMA_BIT(LOGON_FAILED) | SIGMA_BIT(LOGOFF));
}

unsigned
sigma_audit_views(struct sigma_import *imp, struct sigma_rule *rule, struct sigma_view out[static SIGMA_VIEWS_MAX])
{
	struct asked a = { 0 };
	unsigned n = 0;

	for (const struct sigma_tree *group = sigma_find(rule->tree, "detection")->first; group; group = group->next)
		ask(imp, rule, &a, group);
	if (a.exec || !a.typed)
		out[n++] = view_of(SIGMA_REC_EXEC, SIGMA_BIT(EXEC));
	if (a.path)
		out[n++] = view_of(SIGMA_REC_PATH, sigma_touch_kinds(imp, rule));
	if (a.create)
		out[n++] = view_of(SIGMA_REC_PATH, SIGMA_BIT(CREATE));
	if (a.delete)
		out[n++] = view_of(SIGMA_REC_PATH, SIGMA_BIT(DELETE));
	for (uint64_t left = a.kinds & ~SIGMA_BIT(EXEC); left && n < SIGMA_VIEWS_MAX; left &= left - 1)
		out[n++] = view_of(is_user(left & -left) ? SIGMA_REC_USER : SIGMA_REC_CALL, left & -left);
	return n;
}

/* --- fields --- */

/* Is a record of this type one of those that VIEW is made of? */
static bool
has_record(const struct sigma_view *view, const char *type)
{
	bool call = strcasecmp(type, "SYSCALL") == 0 || strcasecmp(type, "PROCTITLE") == 0 || strcasecmp(type, "CWD") == 0;
	const struct type *t = find_type(type);

	switch (view->record) {
	case SIGMA_REC_EXEC:
		return call || strcasecmp(type, "EXECVE") == 0;
	case SIGMA_REC_CALL:
		return call || (t && (t->kinds & view->kinds)) ||
		    (strcasecmp(type, "SOCKADDR") == 0 && (view->kinds & (SIGMA_BIT(CONNECT) | SIGMA_BIT(BIND)))) ||
		    (strcasecmp(type, "OBJ_PID") == 0 && (view->kinds & (SIGMA_BIT(KILL) | SIGMA_BIT(PTRACE))));
	case SIGMA_REC_PATH:
		return strcasecmp(type, "PATH") == 0;
	case SIGMA_REC_USER:
		break;
	}
	return t && (t->kinds & view->kinds);
}

static struct sigma_logic *
by_type(const struct sigma_view *view, const struct sigma_tree *values)
{
	for (const struct sigma_tree *v = first_of(values); v; v = next_of(values, v))
		if (v->kind == SIGMA_SCALAR && has_record(view, v->text))
			return sigma_constant(view, true);
	return sigma_constant(view, false);
}

static bool
from_audit(const struct sigma_view *view)
{
	for (int k = 0; k < EVENT__MAX; k++)
		if ((view->kinds & 1ull << k) && event_kind_sensor((enum event_kind)k) != SENSOR_AUDIT)
			return false;
	return true;
}

static struct sigma_logic *
by_call(const struct sigma_view *view, const struct sigma_tree *values)
{
	struct sigma_test t = { .field = "event.syscall" };
	const char *unknown = NULL;
	bool some = false;

	for (const struct sigma_tree *v = first_of(values); v; v = next_of(values, v)) {
		const struct call *c = v->kind == SIGMA_SCALAR ? find_call(v->text) : NULL;
		if (!c)
			unknown = v->kind == SIGMA_SCALAR ? v->text : "";
		if (!c || !(c->kind & view->kinds))
			continue;
		some = true;
		sigma_line_add(view->imp->pool, &t.values, c->name);
	}
	if (unknown && !some)
		return sigma_cannot(view, "no kind of event of yett is the system call '%.40s'", unknown);
	if (unknown)
		sigma_line_add(view->imp->pool, view->left, sigma_print(view->imp->pool, "the system call '%.40s'", unknown));
	return some && from_audit(view) ? sigma_logic_test(view->imp->pool, &t) : sigma_constant(view, some);
}

/* What a record PATH says of its file. */
static struct sigma_logic *
by_nametype(const struct sigma_view *view, const struct sigma_tree *values)
{
	const char *wanted = view->kinds == SIGMA_BIT(CREATE) ? "CREATE" : view->kinds == SIGMA_BIT(DELETE) ? "DELETE" : "NORMAL";

	for (const struct sigma_tree *v = first_of(values); v && view->record == SIGMA_REC_PATH; v = next_of(values, v)) {
		if (v->kind == SIGMA_SCALAR && strcasecmp(v->text, "PARENT") == 0)
			return sigma_cannot(view, "the directory of a file (nametype PARENT) is no event of its own");
		if (v->kind == SIGMA_SCALAR && strcasecmp(v->text, wanted) == 0)
			return sigma_constant(view, true);
	}
	return sigma_constant(view, false);
}

/*
 * Of an exec: comm is about to be the last part of the name that the program is called by, which as a whole the command line tells;
 * parts of it are looked for in the last part of the program's path.
 */
static struct sigma_logic *
by_comm(const struct sigma_view *view, const struct sigma_mods *mods, const struct sigma_tree *values)
{
	bool exec = view->record == SIGMA_REC_EXEC, whole = mods->how == SIGMA_EQUALS && mods->wrap == SIGMA_WHOLE && !mods->all && !mods->neq;
	struct sigma_field name = { .name = exec ? "process.name" : "process.title" };
	struct sigma_test t = { .field = "process.command_line", .nocase = !mods->cased };

	if (!exec || !whole)
		return sigma_compare(view->imp, &name, mods, values, view->left);
	for (const struct sigma_tree *v = first_of(values); v; v = next_of(values, v)) {
		const char *why = "no text", *s;
		struct sigma_glyphs *g = v->kind == SIGMA_SCALAR && *v->text ? sigma_texts(view->imp, mods, v->text, &why) : NULL;
		for (; g; g = g->next) {
			s = sigma_pattern(view->imp->pool, g, false);
			why = why ? why : sigma_unwritable(s);
			sigma_line_add(view->imp->pool, &t.values, s);
			sigma_line_add(view->imp->pool, &t.values, sigma_print(view->imp->pool, "%s *", s));
			sigma_line_add(view->imp->pool, &t.values, sigma_print(view->imp->pool, "*/%s", s));
			sigma_line_add(view->imp->pool, &t.values, sigma_print(view->imp->pool, "*/%s *", s));
		}
		if (why)
			return sigma_cannot(view, "comm: %s", why);
	}
	return sigma_logic_test(view->imp->pool, &t);
}

static struct sigma_logic *
by_success(const struct sigma_view *view, const struct sigma_tree *values)
{
	bool yes = values->kind == SIGMA_SCALAR && (strcasecmp(values->text, "yes") == 0 || strcasecmp(values->text, "success") == 0);
	bool no = values->kind == SIGMA_SCALAR && (strcasecmp(values->text, "no") == 0 || strcasecmp(values->text, "failed") == 0);
	struct sigma_test t = { .field = "event.result", .how = yes ? SIGMA_GTE : SIGMA_LT };

	if (!yes && !no)
		return sigma_cannot(view, "success is yes or no");
	if (view->kinds & (SIGMA_BIT(LOGON) | SIGMA_BIT(LOGON_FAILED)))
		return sigma_constant(view, yes == !(view->kinds & SIGMA_BIT(LOGON_FAILED)));
	if (!from_audit(view))
		return yes ? sigma_constant(view, true) : sigma_cannot(view, "yett does not tell of %s that failed",
		    event_kind_name((enum event_kind)__builtin_ctzll(view->kinds)));
	sigma_line_add(view->imp->pool, &t.values, "0");
	return sigma_logic_test(view->imp->pool, &t);
}

/* The values of an id, as numbers where they are names that every host knows. */
static struct sigma_tree *
numbered(const struct sigma_view *view, const struct sigma_tree *values)
{
	static const char *const known[][2] = { { "root", "0" }, { "unset", "4294967295" }, { "-1", "4294967295" } };
	struct sigma_tree *list = sigma_take(view->imp->pool, sizeof(*list));

	*list = (struct sigma_tree){ .kind = SIGMA_LIST, .key = values->key };
	for (const struct sigma_tree *v = first_of(values); v; v = next_of(values, v)) {
		struct sigma_tree *own = sigma_take(view->imp->pool, sizeof(*own));
		*own = *v;
		own->next = NULL;
		for (size_t i = 0; v->kind == SIGMA_SCALAR && i < sizeof(known) / sizeof(known[0]); i++)
			if (strcasecmp(v->text, known[i][0]) == 0)
				own->text = known[i][1];
		if (list->last)
			list->last->next = own;
		else
			list->first = own;
		list->last = own;
	}
	return list;
}

/* Ids, or names where the log was enriched. */
static struct sigma_logic *
by_user(const struct sigma_view *view, const char *field, const struct sigma_mods *mods, const struct sigma_tree *values)
{
	static const struct { const char *field, *id, *name; } ids[] = {
		{ "uid", "user.real.id", NULL }, { "euid", "user.id", "user.name" }, { "auid", "user.audit.id", NULL },
		{ "gid", "group.id", "group.name" }, { "egid", "group.id", "group.name" },
	};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (strcasecmp(field, ids[i].field) != 0)
			continue;
		const struct sigma_tree *known = numbered(view, values), *v = known->first;
		bool number = v && v->kind == SIGMA_SCALAR && (v->null || (*v->text && !v->text[strspn(v->text, "0123456789")]));
		struct sigma_field f = { .name = number || mods->how == SIGMA_EXISTS ? ids[i].id : ids[i].name };
		return f.name ? sigma_compare(view->imp, &f, mods, number ? known : values, view->left) :
		    sigma_cannot(view, "%s: yett knows its number, not its name", field);
	}
	return NULL;
}

/* The first argument of a call, which audit prints in hexadecimal digits. */
static struct sigma_logic *
by_call_argument(const struct sigma_view *view, int argument, const struct sigma_mods *mods, const struct sigma_tree *values)
{
	struct sigma_test t = { .field = "event.syscall_arg0" };

	if (argument || !from_audit(view) || mods->how != SIGMA_EQUALS || mods->wrap != SIGMA_WHOLE)
		return sigma_cannot(view, "of the arguments of a call, yett knows the first one of those that audit tells");
	for (const struct sigma_tree *v = first_of(values); v; v = next_of(values, v)) {
		const char *s = v->kind == SIGMA_SCALAR ? v->text : "";
		unsigned long long n;
		char end;
		s += strncasecmp(s, "0x", 2) == 0 ? 2 : 0;
		if (!*s || strlen(s) > 16 || sscanf(s, "%llx%c", &n, &end) != 1)
			return sigma_constant(view, false);	/* then it is a word, of EXECVE */
		sigma_line_add(view->imp->pool, &t.values, sigma_print(view->imp->pool, "%llu", n));
	}
	return sigma_logic_test(view->imp->pool, &t);
}

static struct sigma_logic *
by_argument(const struct sigma_view *view, int argument, const struct sigma_mods *mods, const struct sigma_tree *values)
{
	bool of_call = view->type && strcasecmp(view->type, "SYSCALL") == 0;

	if (view->record == SIGMA_REC_CALL)
		return by_call_argument(view, argument, mods, values);
	if (view->record == SIGMA_REC_EXEC && of_call)
		return sigma_cannot(view, "the arguments of execve(2) are addresses");
	return sigma_constant(view, false);	/* of EXECVE they were taken together */
}

static struct sigma_logic *
by_name(const struct sigma_view *view, const struct sigma_mods *mods, const struct sigma_tree *values)
{
	struct sigma_field f = { .name = "file.path", .watched = true }, module = { .name = "driver.name" };

	if (view->kinds == SIGMA_BIT(MODULE))
		return sigma_compare(view->imp, &module, mods, values, view->left);
	f.watched = view->kinds & SIGMA_WATCHED;
	return view->record == SIGMA_REC_PATH ? sigma_compare(view->imp, &f, mods, values, view->left) : sigma_constant(view, false);
}

struct sigma_logic *
sigma_audit_item(const struct sigma_view *view, const char *field, const struct sigma_mods *mods, const struct sigma_tree *values)
{
	int argument = sigma_argument(field);
	struct sigma_field result = { .name = "event.result" };

	if (strcasecmp(field, "type") == 0)
		return by_type(view, values);
	if (strcasecmp(field, "SYSCALL") == 0)
		return by_call(view, values);
	if (strcasecmp(field, "nametype") == 0)
		return by_nametype(view, values);
	if (strcasecmp(field, "name") == 0)
		return by_name(view, mods, values);
	if (strcasecmp(field, "comm") == 0)
		return by_comm(view, mods, values);
	if (strcasecmp(field, "key") == 0)
		return sigma_key_logic(view, values);
	if (strcasecmp(field, "arch") == 0)
		return sigma_constant(view, true);	/* yett hears of the calls of every one */
	if (strcasecmp(field, "success") == 0 || strcasecmp(field, "res") == 0)
		return by_success(view, values);
	if (strcasecmp(field, "exit") == 0 && from_audit(view))
		return sigma_compare(view->imp, &result, mods, values, view->left);
	if (argument >= 0)
		return by_argument(view, argument, mods, values);
	return by_user(view, field, mods, values);
}
