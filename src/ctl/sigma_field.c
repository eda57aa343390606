#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "ctl/sigma_field.h"
#include "event/field.h"

/* --- log sources --- */

static const struct source { const char *category; enum sigma_class class; uint64_t kinds; } sources[] = {
	{ "process_creation", SIGMA_PROCESS, SIGMA_BIT(EXEC) },
	{ "process_termination", SIGMA_PROCESS, SIGMA_BIT(EXIT) },
	{ "process_access", SIGMA_ACCESS, SIGMA_BIT(PTRACE) },
	{ "file_event", SIGMA_FILE, SIGMA_BIT(CREATE) },
	{ "file_rename", SIGMA_FILE, SIGMA_BIT(RENAME) },
	{ "file_delete", SIGMA_FILE, SIGMA_BIT(DELETE) },
	{ "file_delete_detected", SIGMA_FILE, SIGMA_BIT(DELETE) },
	{ "file_access", SIGMA_FILE, SIGMA_BIT(OPEN) },
	{ "image_load", SIGMA_FILE, SIGMA_BIT(LOAD) },
	{ "raw_access_thread", SIGMA_FILE, SIGMA_BIT(RAW_READ) },
	{ "network_connection", SIGMA_NET, SIGMA_BIT(CONNECT) },
	{ "dns_query", SIGMA_DNS, SIGMA_BIT(DNS) },
	{ "dns", SIGMA_DNS, SIGMA_BIT(DNS) },
};
#define SOURCES (sizeof(sources) / sizeof(sources[0]))

/* Is FIELD asked for somewhere, with VALUE among its values if VALUE is not NULL? */
static bool
mentions(const struct sigma_tree *t, const char *field, const char *value)
{
	size_t n = t->key ? strcspn(t->key, "|") : 0;

	if (n && n == strlen(field) && strncasecmp(t->key, field, n) == 0) {
		if (!value || (t->kind == SIGMA_SCALAR && strcasecmp(t->text, value) == 0))
			return true;
	}
	for (const struct sigma_tree *m = t->first; m; m = m->next)
		if (mentions(m, field, value))
			return true;
	return false;
}

/* Could TEXT stand in a command line, rather than in a sentence? */
static bool
is_command(const char *text)
{
	size_t n = strlen(text);

	return strpbrk(text, "/|<>;&$`") || strstr(text, " -") || strstr(text, " *") || text[0] == '-' || (n && text[n - 1] == ' ');
}

static void
count_keywords(const struct sigma_tree *t, unsigned *all, unsigned *commands)
{
	for (const struct sigma_tree *v = t->first; v; v = v->next) {
		bool text = v->kind == SIGMA_SCALAR && t->kind == SIGMA_LIST;
		*all += text;
		*commands += text && is_command(v->text);
		if (v->kind == SIGMA_LIST || (v->key && v->key[0] == '|'))
			count_keywords(v, all, commands);
	}
}

/* Any log of Linux. Where the texts are commands, programs that start with them are a log too. */
static unsigned
any_log(struct sigma_rule *rule, struct sigma_view *out, const char **why)
{
	unsigned all = 0, commands = 0;

	for (const struct sigma_tree *g = sigma_find(rule->tree, "detection")->first; g; g = g->next)
		if (strcmp(g->key, "condition") != 0 && g->kind != SIGMA_SCALAR)
			count_keywords(g, &all, &commands);
	if (all > 2 * commands) {
		*why = "text of a log: yett reads no logs of other daemons";
		return 0;
	}
	*out = (struct sigma_view){ .class = SIGMA_PROCESS, .kinds = SIGMA_BIT(EXEC) };
	return 1;
}

static unsigned
of_category(const struct sigma_rule *rule, const char *category, struct sigma_view *out)
{
	const struct sigma_tree *detection = sigma_find(rule->tree, "detection");
	unsigned n = 0;

	for (size_t i = 0; i < SOURCES; i++)
		if (strcasecmp(sources[i].category, category) == 0)
			out[n++] = (struct sigma_view){ .class = sources[i].class, .kinds = sources[i].kinds };
	if (n && out[0].class == SIGMA_NET && mentions(detection, "DestinationHostname", NULL))
		out[n++] = (struct sigma_view){ .class = SIGMA_DNS, .kinds = SIGMA_BIT(DNS) };
	if (n && out[0].class == SIGMA_NET && mentions(detection, "Initiated", "false"))
		out[n++] = (struct sigma_view){ .class = SIGMA_NET, .kinds = SIGMA_BIT(ACCEPT) };
	return n;
}

unsigned
sigma_views(struct sigma_import *imp, struct sigma_rule *rule, struct sigma_view out[static SIGMA_VIEWS_MAX], const char **why)
{
	const struct sigma_tree *source = sigma_find(rule->tree, "logsource");
	const char *category = sigma_text(source, "category"), *product = sigma_text(source, "product"), *service = sigma_text(source, "service");
	unsigned n = 0;

	if (product && strcasecmp(product, "linux") != 0)
		*why = sigma_print(imp->pool, "of product '%.40s', not of Linux", product);
	else if (category && !(n = of_category(rule, category, out)))
		*why = sigma_print(imp->pool, "no event of yett is of category '%.40s'", category);
	else if (!category && service && strcasecmp(service, "auditd") == 0)
		n = sigma_audit_views(imp, rule, out);
	else if (!category && service)
		*why = sigma_print(imp->pool, "text of a log (service '%.40s'): yett reads no logs of other daemons", service);
	else if (!category && product)
		n = any_log(rule, out, why);
	else if (!category)
		*why = "the log source names neither category nor product nor service";
	if (n && !category && !service)
		sigma_line_add(imp->pool, &rule->notes, "Text of any log: looked for in the command lines of programs that start.");
	for (unsigned i = 0; i < n; i++) {
		out[i].imp = imp;
		out[i].rule = rule;
	}
	return n;
}

/* --- fields --- */

struct sigma_logic *
sigma_cannot(const struct sigma_view *view, const char *fmt, ...)
{
	char why[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return sigma_logic_new(view->imp->pool, SIGMA_CANNOT, sigma_copy(view->imp->pool, why, strlen(why)));
}

struct sigma_logic *
sigma_constant(const struct sigma_view *view, bool truth)
{
	return sigma_logic_new(view->imp->pool, truth ? SIGMA_TRUE : SIGMA_FALSE, NULL);
}

typedef struct sigma_logic *special_fn(const struct sigma_view *, const struct sigma_tree *values);

static bool
is_text(const struct sigma_tree *v, const char *text)
{
	return v->kind == SIGMA_SCALAR && !v->null && strcasecmp(v->text, text) == 0;
}

/* Did we open the connection? Only outgoing ones are `connect`. */
static struct sigma_logic *
initiated(const struct sigma_view *view, const struct sigma_tree *values)
{
	bool out = is_text(values, "true") || is_text(values, "1"), in = is_text(values, "false") || is_text(values, "0");

	if (!out && !in)
		return sigma_cannot(view, "Initiated is true or false");
	return sigma_constant(view, out == !(view->kinds & SIGMA_BIT(ACCEPT)));
}

static struct sigma_logic *
elsewhere(const struct sigma_view *view, const struct sigma_tree *values)
{
	(void)values;
	return sigma_logic_new(view->imp->pool, SIGMA_ELSEWHERE, "names of hosts are looked up before a connection is asked for: "
	    "one event does not tell both");
}

static struct sigma_logic *
is_ipv6(const struct sigma_view *view, const struct sigma_tree *values)
{
	struct sigma_test t = { .field = "destination.ip", .how = SIGMA_CIDR };

	if (!is_text(values, "true") && !is_text(values, "false"))
		return sigma_cannot(view, "DestinationIsIpv6 is true or false");
	sigma_line_add(view->imp->pool, &t.values, is_text(values, "true") ? "::/0" : "0.0.0.0/0");
	return sigma_logic_test(view->imp->pool, &t);
}

static struct sigma_logic *
other_hash(const struct sigma_view *view, const struct sigma_tree *values)
{
	return sigma_cannot(view, "a hash that is no SHA-256 (%s): yett knows files by SHA-256 only", values->key);
}

#define EVERY	(SIGMA_PROCESS | SIGMA_FILE | SIGMA_NET | SIGMA_DNS | SIGMA_ACCESS)
#define FILES	(SIGMA_PROCESS | SIGMA_FILE)

/* The names are those of Sysmon and of audit's records. LogonId is the real user id in Sysmon for Linux. */
static const struct row { const char *name; unsigned classes; const char *field; special_fn *special; } rows[] = {
	{ "Image", EVERY, "process.executable", NULL },
	{ "ProcessId", EVERY, "process.pid", NULL },
	{ "CommandLine", EVERY, "process.command_line", NULL },
	{ "CurrentDirectory", EVERY, "process.working_directory", NULL },
	{ "ParentImage", EVERY, "process.parent.executable", NULL },
	{ "ParentCommandLine", EVERY, "process.parent.command_line", NULL },
	{ "ParentProcessId", EVERY, "process.parent.pid", NULL },
	{ "User", EVERY, "user.name", NULL },
	{ "LogonId", EVERY, "user.real.id", NULL },
	{ "TargetFilename", SIGMA_FILE, "file.path", NULL },
	{ "FileName", SIGMA_FILE, "file.path", NULL },
	{ "ImageLoaded", SIGMA_FILE, "file.path", NULL },
	{ "Device", SIGMA_FILE, "file.path", NULL },
	{ "Hashes", FILES, "file.hash.sha256", NULL },
	{ "Hash", FILES, "file.hash.sha256", NULL },
	{ "sha256", FILES, "file.hash.sha256", NULL },
	{ "md5", FILES, NULL, other_hash },
	{ "sha1", FILES, NULL, other_hash },
	{ "imphash", FILES, NULL, other_hash },
	{ "DestinationIp", SIGMA_NET, "destination.ip", NULL },
	{ "DestinationIp", SIGMA_DNS, NULL, elsewhere },
	{ "DestinationPort", SIGMA_NET, "destination.port", NULL },
	{ "DestinationPort", SIGMA_DNS, NULL, elsewhere },
	{ "DestinationIsIpv6", SIGMA_NET, NULL, is_ipv6 },
	{ "DestinationIsIpv6", SIGMA_DNS, NULL, elsewhere },
	{ "DestinationHostname", SIGMA_NET, NULL, elsewhere },
	{ "DestinationHostname", SIGMA_DNS, "dns.question.name", NULL },
	{ "Initiated", SIGMA_NET | SIGMA_DNS, NULL, initiated },
	{ "QueryName", SIGMA_DNS, "dns.question.name", NULL },
	{ "query", SIGMA_DNS, "dns.question.name", NULL },
	{ "SourceImage", SIGMA_ACCESS, "process.executable", NULL },
	{ "SourceProcessId", SIGMA_ACCESS, "process.pid", NULL },
	{ "SourceUser", SIGMA_ACCESS, "user.name", NULL },
	{ "TargetImage", SIGMA_ACCESS, "target.process.executable", NULL },
	{ "TargetProcessId", SIGMA_ACCESS, "target.process.pid", NULL },
	{ "exe", SIGMA_AUDIT, "process.executable", NULL },
	{ "cwd", SIGMA_AUDIT, "process.working_directory", NULL },
	{ "proctitle", SIGMA_AUDIT, "process.command_line", NULL },
	{ "argc", SIGMA_AUDIT, "process.args_count", NULL },
	{ "pid", SIGMA_AUDIT, "process.pid", NULL },
	{ "ppid", SIGMA_AUDIT, "process.parent.pid", NULL },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct row *
find_row(const struct sigma_view *view, const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if ((rows[i].classes & view->class) && strcasecmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

const char *
sigma_field_name(const struct sigma_view *view, const char *name)
{
	const struct row *r = find_row(view, name);
	int own = field_find(name);

	/* A rule in the words of ECS speaks our language. */
	return r ? r->field : own >= 0 ? field_info((enum field)own)->name : NULL;
}

const char *
sigma_field_of_keywords(const struct sigma_view *view)
{
	if (view->class == SIGMA_PROCESS || (view->class == SIGMA_AUDIT && view->record == SIGMA_REC_EXEC))
		return "process.command_line";
	if (view->class == SIGMA_FILE || (view->class == SIGMA_AUDIT && view->record == SIGMA_REC_PATH))
		return "file.path";
	return view->class == SIGMA_DNS ? "dns.question.name" : NULL;
}

/* The values are names of fields of Sigma: one test for each, since ours has one. */
static struct sigma_logic *
compare_fields(const struct sigma_view *view, const char *field, const struct sigma_mods *mods, const struct sigma_tree *values)
{
	static const char *const wraps[] = { [SIGMA_WHOLE] = "", [SIGMA_INSIDE] = "|contains", [SIGMA_BEGIN] = "|startswith",
		[SIGMA_END] = "|endswith" };
	bool list = values->kind == SIGMA_LIST;
	struct sigma_logic *all = sigma_logic_new(view->imp->pool, mods->all ? SIGMA_AND : SIGMA_OR, NULL);

	for (const struct sigma_tree *v = list ? values->first : values; v; v = list ? v->next : NULL) {
		const char *other = v->kind == SIGMA_SCALAR ? sigma_field_name(view, v->text) : NULL;
		struct sigma_test t = { .field = sigma_print(view->imp->pool, "%s%s", field, wraps[mods->wrap]), .how = SIGMA_FIELDREF };
		if (!other)
			return sigma_cannot(view, "yett has no field for '%.60s'", v->kind == SIGMA_SCALAR ? v->text : "");
		sigma_line_add(view->imp->pool, &t.values, other);
		sigma_logic_add(all, sigma_logic_test(view->imp->pool, &t));
	}
	return mods->neq ? sigma_logic_not(view->imp->pool, all) : all;
}

struct sigma_logic *
sigma_item(const struct sigma_view *view, const char *field, const struct sigma_mods *mods, const struct sigma_tree *values)
{
	struct sigma_logic *special = view->class == SIGMA_AUDIT ? sigma_audit_item(view, field, mods, values) : NULL;
	const struct row *r = find_row(view, field);
	const char *name = sigma_field_name(view, field);
	struct sigma_field f = { .name = name, .watched = name && strcmp(name, "file.path") == 0 && (view->kinds & SIGMA_WATCHED) };

	if (special)
		return special;
	if (r && r->special)
		return r->special(view, values);
	if (!name)
		return sigma_cannot(view, "yett has no field for '%.60s'", field);
	return mods->how == SIGMA_FIELDREF ? compare_fields(view, name, mods, values) :
	    sigma_compare(view->imp, &f, mods, values, view->left);
}
