#include <string.h>
#include <strings.h>
#include "ctl/sigma_field.h"

/*
 * The key of a record is what the admin called his rule of audit (`-k KEY`). A Sigma rule that asks for it should tell that rule in the
 * definition of its log source:  -w /usr/bin/wget -p x -k downloads
 */

#define BLANKS	" \t\r\n"
#define CHANGES	(SIGMA_BIT(CREATE) | SIGMA_BIT(RENAME) | SIGMA_BIT(DELETE))

/* One rule of audit. */
struct watch { const char *path, *perms, *key, *calls; bool tree; };

/* Keys of the audit.rules that many hosts use and Sigma refers to (github.com/Neo23x0/auditd). */
static const struct { const char *key; uint64_t kinds; } well_known[] = {
	{ "network_connect_4", SIGMA_BIT(CONNECT) }, { "network_connect_6", SIGMA_BIT(CONNECT) },
};

static const char *
unquoted(struct pool *pool, const char *s, size_t n)
{
	if (n > 1 && (s[0] == '"' || s[0] == '\'') && s[n - 1] == s[0])
		return sigma_copy(pool, s + 1, n - 2);
	return sigma_copy(pool, s, n);
}

/* -F NAME=VALUE */
static void
take_filter(struct pool *pool, struct watch *w, const char *s, size_t n)
{
	const char *equals = memchr(s, '=', n);
	size_t name = equals ? (size_t)(equals - s) : 0;
	const char *value = equals ? unquoted(pool, equals + 1, n - name - 1) : NULL;

	if (name == 3 && memcmp(s, "key", 3) == 0)
		w->key = value;
	else if (name == 4 && memcmp(s, "perm", 4) == 0)
		w->perms = value;
	else if ((name == 4 && memcmp(s, "path", 4) == 0) || (name == 3 && memcmp(s, "dir", 3) == 0))
		w->path = value;
	w->tree |= name == 3 && memcmp(s, "dir", 3) == 0;
}

/* Takes the rule in the line S, and returns where the next begins. */
static const char *
take_line(struct pool *pool, const char *s, struct watch *w)
{
	const char *end = s + strcspn(s, "\n");
	char option = '\0';

	*w = (struct watch){ 0 };
	while ((s += strspn(s, " \t\r")) < end) {
		size_t n = strcspn(s, BLANKS);
		if (n == 2 && s[0] == '-') {
			option = s[1];
		} else {
			if (option == 'w')
				w->path = unquoted(pool, s, n);
			else if (option == 'p')
				w->perms = unquoted(pool, s, n);
			else if (option == 'k')
				w->key = unquoted(pool, s, n);
			else if (option == 'S')
				w->calls = w->calls ? sigma_print(pool, "%s,%.*s", w->calls, (int)n, s) : unquoted(pool, s, n);
			else if (option == 'F')
				take_filter(pool, w, s, n);
			option = '\0';
		}
		s += n;
	}
	if (w->path && w->path[0] != '/')
		w->path = NULL;
	w->tree |= w->path && w->path[strlen(w->path) - 1] == '/';
	return *end ? end + 1 : end;
}

static const char *
definition(const struct sigma_rule *rule)
{
	const char *s = sigma_text(sigma_find(rule->tree, "logsource"), "definition");

	return s ? s : "";
}

/* What the rule of audit tells of: kinds of events. */
static uint64_t
watch_kinds(struct pool *pool, const struct watch *w)
{
	static const struct { const char *name; uint64_t kind; } known[] = {
		{ "execve", SIGMA_BIT(EXEC) }, { "execveat", SIGMA_BIT(EXEC) }, { "connect", SIGMA_BIT(CONNECT) }, { "bind", SIGMA_BIT(BIND) },
		{ "listen", SIGMA_BIT(LISTEN) }, { "accept", SIGMA_BIT(ACCEPT) }, { "ptrace", SIGMA_BIT(PTRACE) }, { "mount", SIGMA_BIT(MOUNT) },
		{ "memfd_create", SIGMA_BIT(MEMFD) }, { "init_module", SIGMA_BIT(MODULE) }, { "finit_module", SIGMA_BIT(MODULE) },
		{ "delete_module", SIGMA_BIT(MODULE) }, { "bpf", SIGMA_BIT(BPF) },
	};
	uint64_t kinds = 0;

	for (const char *s = w->calls ? w->calls : ""; *s; s += strspn(s, ",")) {
		size_t n = strcspn(s, ",");
		const char *call = sigma_copy(pool, s, n);
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (strcasecmp(known[i].name, call) == 0)
				kinds |= known[i].kind;
		s += n;
	}
	if (w->path && w->perms) {
		kinds |= strchr(w->perms, 'x') ? SIGMA_BIT(EXEC) : 0;
		kinds |= strchr(w->perms, 'r') ? SIGMA_BIT(OPEN) : strpbrk(w->perms, "wa") ? SIGMA_BIT(WRITE) : 0;
	}
	return kinds;
}

static uint64_t
key_kinds(struct pool *pool, const struct sigma_rule *rule, const char *key)
{
	uint64_t kinds = 0;
	struct watch w;

	for (const char *s = definition(rule); *s;) {
		s = take_line(pool, s, &w);
		if (w.key && strcmp(w.key, key) == 0)
			kinds |= watch_kinds(pool, &w);
	}
	for (size_t i = 0; !kinds && i < sizeof(well_known) / sizeof(well_known[0]); i++)
		if (strcmp(well_known[i].key, key) == 0)
			kinds = well_known[i].kinds;
	return kinds;
}

uint64_t
sigma_key_kinds(struct sigma_import *imp, const struct sigma_rule *rule, const struct sigma_tree *values)
{
	uint64_t kinds = 0;

	for (const struct sigma_tree *v = values->kind == SIGMA_LIST ? values->first : values; v;
	    v = values->kind == SIGMA_LIST ? v->next : NULL)
		if (v->kind == SIGMA_SCALAR)
			kinds |= key_kinds(imp->pool, rule, v->text);
	return kinds;
}

/* The path in NAME, and below /usr, where /bin and /sbin may be links to. */
static void
add_path(const struct sigma_view *view, struct sigma_logic *any, const char *field, const struct watch *w)
{
	struct pool *pool = view->imp->pool;
	struct sigma_test t = { .field = field, .how = w->tree ? SIGMA_STARTS : SIGMA_EQUALS };
	const char *slash = w->tree && w->path[strlen(w->path) - 1] != '/' ? "/" : "";
	struct sigma_glyphs g = { .at = sigma_take(pool, (strlen(w->path) + 1) * sizeof(g.at[0])) };

	for (const char *s = w->path; *s; s++)
		g.at[g.n++] = (unsigned char)*s;
	const char *plain = sigma_print(pool, "%s%s", sigma_pattern(pool, &g, !w->tree), slash);
	if (sigma_unwritable(plain))
		return;
	sigma_line_add(pool, &t.values, plain);
	if (strncmp(plain, "/bin/", 5) == 0 || strncmp(plain, "/sbin/", 6) == 0)
		sigma_line_add(pool, &t.values, sigma_print(pool, "/usr%s", plain));
	sigma_logic_add(any, sigma_logic_test(pool, &t));
}

/* The rules of audit that are called KEY, as VIEW sees them. False: there are none. */
static bool
add_watches(const struct sigma_view *view, struct sigma_logic *any, const char *key)
{
	struct watch w;

	for (const char *s = definition(view->rule); *s;) {
		s = take_line(view->imp->pool, s, &w);
		if (!w.key || strcmp(w.key, key) != 0 || !(watch_kinds(view->imp->pool, &w) & view->kinds))
			continue;
		if (w.path)
			add_path(view, any, view->kinds & SIGMA_BIT(EXEC) ? "process.executable" : "file.path", &w);
		else
			sigma_logic_add(any, sigma_constant(view, true));
	}
	return key_kinds(view->imp->pool, view->rule, key) != 0;
}

struct sigma_logic *
sigma_key_logic(const struct sigma_view *view, const struct sigma_tree *values)
{
	struct pool *pool = view->imp->pool;
	struct sigma_logic *any = sigma_logic_new(pool, SIGMA_OR, NULL);

	for (const struct sigma_tree *v = values->kind == SIGMA_LIST ? values->first : values; v;
	    v = values->kind == SIGMA_LIST ? v->next : NULL) {
		const struct sigma_logic *before = any->last;
		if (v->kind != SIGMA_SCALAR)
			return sigma_cannot(view, "a key that is no text");
		if (add_watches(view, any, v->text)) {
			/* Told by calls alone, or not to this view. */
			if (any->last == before)
				sigma_logic_add(any, sigma_constant(view, key_kinds(pool, view->rule, v->text) & view->kinds));
			continue;
		}
		sigma_line_add(pool, &view->rule->notes, sigma_print(pool, "The key '%.60s' of audit's rules is not looked at: the rule does not say "
		    "what it stands for.", v->text));
		sigma_logic_add(any, sigma_constant(view, true));
	}
	return any;
}

/* Tactics whose techniques read; the others change something. */
static bool
reads(const struct sigma_rule *rule)
{
	static const char *const tactics[] = { "attack.discovery", "attack.credential-access", "attack.credential_access", "attack.collection",
		"attack.exfiltration", "attack.reconnaissance" };
	const struct sigma_tree *tags = sigma_find(rule->tree, "tags");

	for (const struct sigma_tree *t = tags && tags->kind == SIGMA_LIST ? tags->first : NULL; t; t = t->next)
		for (size_t i = 0; i < sizeof(tactics) / sizeof(tactics[0]); i++)
			if (t->kind == SIGMA_SCALAR && strcasecmp(t->text, tactics[i]) == 0)
				return true;
	return false;
}

uint64_t
sigma_touch_kinds(struct sigma_import *imp, const struct sigma_rule *rule)
{
	uint64_t change = SIGMA_BIT(WRITE), kinds = 0;
	struct watch w;

	for (const char *s = definition(rule); *s;) {
		s = take_line(imp->pool, s, &w);
		kinds |= w.path ? watch_kinds(imp->pool, &w) : 0;
	}
	for (int k = 0; k < EVENT__MAX; k++)
		if ((CHANGES & 1ull << k) && event_kind_sensor((enum event_kind)k) != SENSOR_NOBODY)
			change |= 1ull << k;
	if (kinds & SIGMA_BIT(OPEN) || (!(kinds & SIGMA_BIT(WRITE)) && reads(rule)))
		return SIGMA_BIT(OPEN);
	return change;
}
