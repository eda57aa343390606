#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "policy/build.h"
#include "policy/glob.h"
#include "policy/near.h"
#include "policy/scalar.h"

uint32_t
build_string(struct build *b, const char *s)
{
	uint32_t *known = names_find(&b->known_strings, s);

	if (known)
		return *known;
	uint32_t *at = pool_take(&b->d.pool, sizeof(*at));
	const char *key = pool_copy(&b->d.pool, s, strlen(s));
	if (!at || !key)
		return 0;
	*at = table_add(&b->strings, s, strlen(s) + 1);
	names_add(&b->known_strings, key, at);
	return *at;
}

struct l_text
build_text(struct build *b, const char *s, size_t len)
{
	struct l_text t = { .off = table_add(&b->strings, s, len), .len = (uint32_t)len };

	table_add(&b->strings, "", 1);
	return t;
}

void
build_unknown_keys(struct build *b, struct draft_section *s, const char *const *known)
{
	size_t n = 0;
	char hint[80];

	while (known[n])
		n++;
	for (struct draft_key *k = s->keys; k; k = k->next)
		if (!k->used)
			fault_add(b->d.faults, s->file, k->line, "unknown key '%s' in this section%s", k->key,
			    near_hint(near_name(k->key, known, n), hint, sizeof(hint)));
}

struct draft_value *
build_needed(struct build *b, struct draft_section *s, const char *key, const char *lack)
{
	static const char *const kinds[SECTION__MAX] = { [SECTION_RULE] = "rule", [SECTION_EXCEPTION] = "exception", [SECTION_LIST] = "list",
		[SECTION_CORRELATION] = "correlation" };
	struct draft_key *k = draft_key(s, key);
	struct draft_value *v = k ? draft_values(&b->d, s, k) : NULL;

	if (!k)
		fault_add(b->d.faults, s->file, s->line, "[%s %s] has no `%s = ...`%s", kinds[s->kind], s->name, key, lack);
	else if (!v && !k->bad)
		fault_add(b->d.faults, s->file, k->line, "'%s' has no value", key);
	return v;
}

static unsigned
take_actions(struct build *b, struct draft_section *s)
{
	static const char *const names[] = { "allow", "deny", "alert", "log", "kill", "kill-parent", "kill-tree", "suspend" };
	unsigned actions = 0;
	char hint[80];

	/* What only a correlation counts, or what gives a label, needs no action of its own. */
	if (!draft_key(s, "action") && (draft_key(s, "label") || (s->kind == SECTION_RULE && correlation_names(b, s->name))))
		return 0;
	for (const struct draft_value *v = build_needed(b, s, "action", ""); v; v = v->next) {
		unsigned bit = action_find(v->value);
		if (strcmp(v->value, "quarantine") == 0)
			fault_add(b->d.faults, s->file, v->line, "quarantine is not available in this version; deny keeps the file from running");
		else if (!bit)
			fault_add(b->d.faults, s->file, v->line, "unknown action '%.80s'%s", v->value,
			    near_hint(near_name(v->value, names, 8), hint, sizeof(hint)));
		actions |= bit;
	}
	return actions;
}

void
build_check_actions(struct build *b, struct draft_section *s, uint64_t kinds, const struct l_rule *r)
{
	const uint64_t ended = 1ull << EVENT_EXIT | 1ull << EVENT_AGENT;
	unsigned actions = r->actions;
	const struct draft_key *key = draft_key(s, "action");
	int line = key ? key->line : s->line;

	for (int k = 0; k < EVENT__MAX; k++)
		if ((actions & ACTION_DENY) && (kinds & 1ull << k) && !event_kind_prevents((enum event_kind)k))
			fault_add(b->d.faults, s->file, line, "deny is not possible on %s, which is only heard of; use kill or alert",
			    event_kind_name((enum event_kind)k));
	if ((actions & ACTION_ALLOW) && (actions & (ACTION_DENY | REACTIONS)))
		fault_add(b->d.faults, s->file, line, "allow contradicts the other actions; alert and log may go with it");
	if ((actions & REACTIONS) && (kinds & 1ull << EVENT_EXIT))
		fault_add(b->d.faults, s->file, line, "a process that ended cannot be killed; use alert");
	if (r->labels && (kinds & ended))
		fault_add(b->d.faults, s->file, line, "on exit and agent there is no process that could be given a label");
}

/* Of a rule or of [policy], never more than MOST. */
static enum mode
mode_of(struct build *b, struct draft_section *s, enum mode most)
{
	return s && strcmp(draft_whole(&b->d, s, "mode"), "monitor") == 0 ? MODE_MONITOR : most;
}

static void
check_mode(struct build *b, struct draft_section *s)
{
	const struct draft_key *k = draft_key(s, "mode");
	const char *m = draft_whole(&b->d, s, "mode");

	if (k && strcmp(m, "monitor") != 0 && strcmp(m, "enforce") != 0)
		fault_add(b->d.faults, s->file, k->line, "mode is monitor or enforce, not '%.80s'", m);
}

static bool
is_fixed(const struct l_condition *c)
{
	bool free = field_info((enum field)c->field)->free || (c->test == L_FIELD && field_info((enum field)(c->arg & 0xffff))->free);

	return !free && !(c->flags & L_NOT);
}

static bool
has_fixed(const struct build *b, const struct l_group *g)
{
	for (uint32_t i = 0; i < g->n_conditions; i++)
		if (is_fixed(table_at(&b->conditions, g->condition + i)))
			return true;
	return false;
}

/* What lets through must rest on something that whoever wants to get through cannot choose. */
static bool
rests_on_fixed(const struct build *b, const struct l_logic *l)
{
	return logic_rests_on(b, l, has_fixed) != 0;
}

static enum severity
severity_of(struct build *b, struct draft_section *s)
{
	static const char *const names[] = { "info", "low", "medium", "high", "critical" };
	const struct draft_key *k = draft_key(s, "severity");
	const char *v = draft_whole(&b->d, s, "severity");
	char hint[80];
	int n = k ? severity_find(v) : SEVERITY_MEDIUM;

	if (n < 0)
		fault_add(b->d.faults, s->file, k->line, "unknown severity '%.80s'%s", v,
		    near_hint(near_name(v, names, 5), hint, sizeof(hint)));
	return n < 0 ? SEVERITY_MEDIUM : (enum severity)n;
}

void
build_common(struct build *b, struct draft_section *s, struct l_rule *r)
{
	r->name = build_string(b, s->name);
	r->ruleset = build_string(b, s->ruleset);
	r->file = build_string(b, s->file);
	r->line = (uint32_t)s->line;
	r->description = build_string(b, draft_whole(&b->d, s, "description"));
	r->message = build_string(b, draft_whole(&b->d, s, "message"));
	r->technique = build_string(b, draft_whole(&b->d, s, "threat.technique.id"));
	r->actions = (uint16_t)take_actions(b, s);
	r->labels = build_labels(b, s);
	check_mode(b, s);
	r->wanted = (uint8_t)mode_of(b, s, mode_of(b, s->policy, MODE_ENFORCE));
	r->mode = r->wanted < b->sources->mode ? r->wanted : (uint8_t)b->sources->mode;
	r->severity = (uint8_t)severity_of(b, s);
}

static void
compile_rule(struct build *b, struct draft_section *s)
{
	struct l_rule r = { .kinds = build_kinds(b, s) };

	build_common(b, s, &r);
	build_check_actions(b, s, r.kinds, &r);
	if (logic_compile(b, s, &r.logic) && (r.actions & ACTION_ALLOW) && !rests_on_fixed(b, &r.logic))
		fault_add(b->d.faults, s->file, s->line, "[rule %s] allows by what an attacker can choose; name a program, a user or a file too",
		    s->name);
	table_add(&b->rules, &r, 1);
}

static void
compile_exception(struct build *b, struct draft_section *s)
{
	const char *reason = draft_whole(&b->d, s, "reason"), *expires = draft_whole(&b->d, s, "expires");
	const struct draft_key *until = draft_key(s, "expires");
	struct l_exception x = { .name = build_string(b, s->name), .reason = build_string(b, reason), .expires = build_string(b, expires),
		.file = build_string(b, s->file), .line = (uint32_t)s->line };

	if (!*reason)
		fault_add(b->d.faults, s->file, s->line, "[exception %s] has no `reason = ...`", s->name);
	build_needed(b, s, "rules", ": which rules does it cover?");
	if (until && scalar_time(expires, &x.expires_ns))
		fault_add(b->d.faults, s->file, until->line, "'%.80s' is not a date: YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ", expires);
	if (logic_compile(b, s, &x.logic) && !rests_on_fixed(b, &x.logic))
		fault_add(b->d.faults, s->file, s->line, "[exception %s] rests on what an attacker can choose; name a program, a user or a file too",
		    s->name);
	table_add(&b->exceptions, &x, 1);
}

/* A name, or a pattern of names with *, of the rules an exception covers. */
static bool
covers(const struct draft_value *v, const char *name)
{
	const char *p = v->value, *s = name;

	/* Rules times exceptions: most are told apart by their letters. */
	for (; *p && *p != '*' && *p != '?' && *p != '\\'; p++, s++)
		if (*p != *s)
			return false;
	return *p ? glob_match(v->value, strlen(v->value), name, strlen(name), false) : !*s;
}

static void
check_cover(struct build *b, const struct draft_section *x, const struct draft_value *v)
{
	const char *names[512];
	char hint[80];
	size_t n = 0;

	for (const struct draft_section *s = b->d.sections; s; s = s->next) {
		if (s->kind != SECTION_RULE && s->kind != SECTION_CORRELATION)
			continue;
		if (covers(v, s->name))
			return;
		if (n < 512)
			names[n++] = s->name;
	}
	fault_add(b->d.faults, x->file, v->line, "there is no rule '%.80s'%s", v->value,
	    near_hint(near_name(v->value, names, n), hint, sizeof(hint)));
}

struct covering { const char *exception; const struct draft_value *rules; };

static int
by_covering_name(const void *x, const void *y)
{
	return strcmp(((const struct covering *)x)->exception, ((const struct covering *)y)->exception);
}

static void
join_rule(struct build *b, struct l_rule *r, const struct table *coverings)
{
	const char *name = table_at(&b->strings, r->name);

	r->ref = (uint32_t)b->refs.n;
	for (uint32_t i = 0; i < coverings->n; i++) {
		const struct draft_value *v = ((const struct covering *)table_at(coverings, i))->rules;
		while (v && !covers(v, name))
			v = v->next;
		if (v)
			table_add(&b->refs, &i, 1);
	}
	r->n_refs = (uint32_t)b->refs.n - r->ref;
}

/* Coverings and exceptions are in order of name both. */
static void
join_exceptions(struct build *b)
{
	struct table coverings = TABLE_OF(struct covering);

	for (struct draft_section *x = b->d.sections; x; x = x->next) {
		if (x->kind != SECTION_EXCEPTION)
			continue;
		struct covering c = { .exception = x->name, .rules = draft_values(&b->d, x, draft_key(x, "rules")) };
		table_add(&coverings, &c, 1);
		for (const struct draft_value *v = c.rules; v; v = v->next)
			check_cover(b, x, v);
	}
	if (coverings.n)
		qsort(coverings.at, coverings.n, sizeof(struct covering), by_covering_name);
	for (size_t i = 0; i < b->rules.n; i++)
		join_rule(b, table_at(&b->rules, i), &coverings);
	b->refs.failed |= coverings.failed;
	table_done(&coverings);
}

static const struct build *sorting;

static int
by_rule_name(const void *x, const void *y)
{
	const struct l_rule *a = x, *b = y;

	return strcmp(sorting->strings.at + a->name, sorting->strings.at + b->name);
}

static int
by_exception_name(const void *x, const void *y)
{
	const struct l_exception *a = x, *b = y;

	return strcmp(sorting->strings.at + a->name, sorting->strings.at + b->name);
}

/* So that no order in which files or sections are read makes a difference. */
static void
sort_by_name(struct build *b)
{
	sorting = b;
	if (b->rules.n)
		qsort(b->rules.at, b->rules.n, sizeof(struct l_rule), by_rule_name);
	if (b->exceptions.n)
		qsort(b->exceptions.at, b->exceptions.n, sizeof(struct l_exception), by_exception_name);
}

static void
look_at_list(struct build *b, struct draft_section *s)
{
	static const char *const names[] = { "values", "values_file", "description", NULL };

	if (draft_key(s, "values_file"))
		build_needed(b, s, "values_file", "");
	if (draft_key(s, "values") || !draft_key(s, "values_file"))
		build_needed(b, s, "values", " or `values_file = ...`");
	draft_key(s, "description");
	build_unknown_keys(b, s, names);
}

static void
look_at_policy(struct build *b, struct draft_section *s)
{
	static const char *const names[] = { "description", "mode", NULL };

	check_mode(b, s);
	draft_key(s, "description");
	build_unknown_keys(b, s, names);
}

static void
compile_section(struct build *b, struct draft_section *s)
{
	switch (s->kind) {
	case SECTION_POLICY:
		look_at_policy(b, s);
		break;
	case SECTION_LIST:
		look_at_list(b, s);
		break;
	case SECTION_RULE:
		compile_rule(b, s);
		break;
	case SECTION_EXCEPTION:
		compile_exception(b, s);
		break;
	case SECTION_CORRELATION:
		correlation_compile(b, s);
		break;
	case SECTION_TEST: case SECTION__MAX:
		break;
	}
}

int
build_tables(struct build *b)
{
	build_string(b, "");
	for (struct draft_section *s = b->d.sections; s; s = s->next)
		compile_section(b, s);
	if (b->rules.n > RULES_MAX)
		fault_add(b->d.faults, "policies", 0, "%zu rules; at most %d", b->rules.n, RULES_MAX);
	if (b->exceptions.n > RULES_MAX)
		fault_add(b->d.faults, "policies", 0, "%zu exceptions; at most %d", b->exceptions.n, RULES_MAX);
	if (b->regexes.n > REGEXES_MAX || b->regex_bytes > REGEX_BYTES_MAX)
		fault_add(b->d.faults, "policies", 0, "%zu regular expressions of %llu bytes; at most %d, of %u bytes", b->regexes.n,
		    (unsigned long long)b->regex_bytes, REGEXES_MAX, REGEX_BYTES_MAX);
	if (b->d.faults->errors || b->d.pool.failed)
		return b->d.pool.failed ? -ENOMEM : -EINVAL;
	sort_by_name(b);
	correlation_join(b);
	join_exceptions(b);
	build_index(b);
	build_places(b);
	build_sections(b);
	return b->d.faults->errors ? -EINVAL : build_snapshot(b);
}

static void
build_begin(struct build *b, struct faults *faults)
{
	draft_begin(&b->d, faults);
#define TABLE(member, type) b->member = (struct table)TABLE_OF(type);
	LAYOUT_TABLES(TABLE)
#undef TABLE
}

static void
build_done(struct build *b)
{
#define TABLE(member, type) table_done(&b->member);
	LAYOUT_TABLES(TABLE)
#undef TABLE
	names_done(&b->known_sets);
	names_done(&b->known_strings);
	names_done(&b->known_regexes);
	draft_done(&b->d);
}

#define ALIGN8(n) (((n) + 7) & ~(size_t)7)

static int
write_all(int fd, const void *data, size_t n, size_t at)
{
	while (n) {
		ssize_t w = pwrite(fd, data, n, (off_t)at);
		if (w <= 0)
			return w < 0 ? -errno : -EIO;
		data = (const char *)data + w;
		n -= (size_t)w;
		at += (size_t)w;
	}
	return 0;
}

/* Tables behind the header, each aligned; then sealed: nobody can change it any more, we neither. */
static int
seal(struct build *b)
{
	struct policy p = { .magic = LAYOUT_MAGIC, .version = LAYOUT_VERSION, .fields = FIELD__MAX, .events = EVENT__MAX,
		.mode = (uint8_t)b->sources->mode, .exec_default = (uint8_t)b->sources->exec_default,
		.open_default = (uint8_t)b->sources->open_default, .regex_bytes = b->regex_bytes };
	CLEANUP_FD int fd = memfd_create("yett-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t at = ALIGN8(sizeof(p));
	bool failed = b->d.pool.failed;
	int err = 0;

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < b->rules.n; i++)
		p.asked |= ((const struct l_rule *)table_at(&b->rules, i))->kinds;
	draft_hash(&b->d, p.hash);
#define TABLE(member, type) \
	p.member = (struct span){ .off = (uint32_t)at, .n = (uint32_t)b->member.n }; \
	failed |= b->member.failed; \
	err = err ? err : write_all(fd, b->member.at, b->member.n * sizeof(type), at); \
	at = ALIGN8(at + b->member.n * sizeof(type));
	LAYOUT_TABLES(TABLE)
#undef TABLE
	p.size = (uint32_t)at;
	if (failed)
		return -ENOMEM;
	if (!err && ftruncate(fd, (off_t)at))
		err = -errno;
	if (!err)
		err = write_all(fd, &p, sizeof(p), 0);
	if (!err)
		err = build_seal(fd);
	return err ? err : steal_fd(&fd);
}

static int
test(struct build *b, int fd)
{
	const struct policy *p;
	int err = policy_open(fd, &p);

	if (err)
		return err;
	build_tests(b, p);
	policy_close(p);
	return b->d.faults->errors ? -EINVAL : b->d.pool.failed ? -ENOMEM : 0;
}

static int
finish(struct build *b)
{
	int err = build_tables(b);	/* also of a text with faults, so that all are told at once */

	if (b->d.faults->errors)
		return -EINVAL;
	CLEANUP_FD int fd = err ? err : seal(b);
	if (fd < 0)
		return fd;
	err = test(b, fd);
	return err ? err : steal_fd(&fd);
}

int
policy_build(const struct policy_sources *s, struct faults *faults)
{
	struct build b = { .sources = s };

	build_begin(&b, faults);
	int err = draft_read(&b.d, s);
	int fd = err ? err : finish(&b);
	build_done(&b);
	return fd;
}

int
policy_build_text(const struct policy_sources *s, const char *name, const char *text, size_t len, struct faults *faults)
{
	struct build b = { .sources = s };

	build_begin(&b, faults);
	int err = draft_read_text(&b.d, name, text, len);
	int fd = err == -ENOMEM ? err : finish(&b);
	build_done(&b);
	return fd;
}
