#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "policy/build.h"
#include "policy/near.h"
#include "policy/scalar.h"

#define REACTIONS (ACTION_KILL | ACTION_KILL_PARENT | ACTION_KILL_TREE | ACTION_SUSPEND)

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

static void
unknown_key(struct build *b, const struct draft_section *s, const struct draft_key *k, const char *const *names, size_t n)
{
	char hint[80];

	fault_add(b->d.faults, s->file, k->line, "unknown key '%s' in this section%s", k->key,
	    near_hint(near_name(k->key, names, n), hint, sizeof(hint)));
}

/* What one value of a key adds up to. */
struct tally { struct build *b; struct draft_section *s; uint64_t kinds; unsigned actions; struct table *refs; uint32_t own; };

static int
take_kind(void *arg, const char *v, int line)
{
	struct tally *t = arg;
	const char *names[EVENT__MAX];
	char hint[80];
	int kind = event_kind_find(v);

	for (int i = 0; i < EVENT__MAX; i++)
		names[i] = event_kind_name((enum event_kind)i);
	if (kind < 0)
		fault_add(t->b->d.faults, t->s->file, line, "unknown event '%s'%s", v, near_hint(near_name(v, names, EVENT__MAX), hint, sizeof(hint)));
	else if (event_kind_sensor((enum event_kind)kind) == SENSOR_NOBODY)
		fault_add(t->b->d.faults, t->s->file, line, "no sensor of this version reports '%s': the rule would never match", v);
	else
		t->kinds |= 1ull << kind;
	return 0;
}

static int
take_action(void *arg, const char *v, int line)
{
	static const char *const names[] = { "allow", "deny", "alert", "log", "kill", "kill-parent", "kill-tree", "suspend" };
	struct tally *t = arg;
	char hint[80];
	unsigned bit = action_find(v);

	if (strcmp(v, "quarantine") == 0)
		fault_add(t->b->d.faults, t->s->file, line, "quarantine is not available in this version; deny keeps the file from running");
	else if (!bit)
		fault_add(t->b->d.faults, t->s->file, line, "unknown action '%s'%s", v, near_hint(near_name(v, names, 8), hint, sizeof(hint)));
	t->actions |= bit;
	return 0;
}

static void
check_actions(struct build *b, struct draft_section *s, const struct tally *t, int line)
{
	for (int k = 0; k < EVENT__MAX; k++)
		if ((t->actions & ACTION_DENY) && (t->kinds & 1ull << k) && !event_kind_prevents((enum event_kind)k))
			fault_add(b->d.faults, s->file, line, "deny is not possible on %s, which is only heard of; use kill or alert",
			    event_kind_name((enum event_kind)k));
	if ((t->actions & ACTION_ALLOW) && (t->actions & (ACTION_DENY | REACTIONS)))
		fault_add(b->d.faults, s->file, line, "allow contradicts the other actions; alert and log may go with it");
	if ((t->actions & REACTIONS) && (t->kinds & 1ull << EVENT_EXIT))
		fault_add(b->d.faults, s->file, line, "a process that ended cannot be killed; use alert");
}

static enum mode
mode_of(struct build *b, struct draft_section *s, enum mode most)
{
	const char *m = draft_whole(&b->d, s, "mode");

	if (*m && strcmp(m, "monitor") != 0 && strcmp(m, "enforce") != 0)
		fault_add(b->d.faults, s->file, draft_key(s, "mode")->line, "mode is monitor or enforce, not '%s'", m);
	return strcmp(m, "monitor") == 0 ? MODE_MONITOR : most;
}

/* What lets through must rest on something that whoever wants to get through cannot choose. */
static bool
rests_on_fixed(const struct build *b, const struct l_logic *l)
{
	const struct l_group *g = table_at(&b->groups, l->group);

	for (uint32_t i = 0; i < l->n_groups; i++) {
		const struct l_condition *c = g[i].n_conditions ? table_at(&b->conditions, g[i].condition) : NULL;
		for (uint32_t j = 0; j < g[i].n_conditions; j++)
			if (!(c[j].flags & L_NOT) && !field_info((enum field)c[j].field)->free)
				return true;
	}
	return false;
}

static enum severity
severity_of(struct build *b, struct draft_section *s)
{
	static const char *const names[] = { "info", "low", "medium", "high", "critical" };
	const char *v = draft_whole(&b->d, s, "severity");
	char hint[80];
	int n = *v ? severity_find(v) : SEVERITY_MEDIUM;

	if (n < 0)
		fault_add(b->d.faults, s->file, draft_key(s, "severity")->line, "unknown severity '%s'%s", v,
		    near_hint(near_name(v, names, 5), hint, sizeof(hint)));
	return n < 0 ? SEVERITY_MEDIUM : (enum severity)n;
}

static void
compile_rule(struct build *b, struct draft_section *s)
{
	struct tally t = { .b = b, .s = s };
	struct draft_key *on = draft_key(s, "on"), *action = draft_key(s, "action");
	struct l_rule r = { .name = build_string(b, s->name), .ruleset = build_string(b, s->ruleset), .file = build_string(b, s->file),
		.line = (uint32_t)s->line, .description = build_string(b, draft_whole(&b->d, s, "description")),
		.message = build_string(b, draft_whole(&b->d, s, "message")),
		.technique = build_string(b, draft_whole(&b->d, s, "threat.technique.id")) };

	if (on)
		draft_values(&b->d, s, on, take_kind, &t);
	else
		fault_add(b->d.faults, s->file, s->line, "[rule %s] has no `on = ...`: which events does it judge?", s->name);
	if (action)
		draft_values(&b->d, s, action, take_action, &t);
	if (action && t.actions)
		check_actions(b, s, &t, action->line);
	else if (!action)
		fault_add(b->d.faults, s->file, s->line, "[rule %s] has no `action = ...`", s->name);
	enum mode most = s->policy ? mode_of(b, s->policy, b->sources->mode) : b->sources->mode;
	r.mode = (uint8_t)mode_of(b, s, most);
	r.severity = (uint8_t)severity_of(b, s);
	r.kinds = t.kinds;
	r.actions = (uint16_t)t.actions;
	if (logic_compile(b, s, &r.logic) && (t.actions & ACTION_ALLOW) && !rests_on_fixed(b, &r.logic))
		fault_add(b->d.faults, s->file, s->line, "[rule %s] allows by what an attacker can choose; name a program, a user or a file too",
		    s->name);
	table_add(&b->rules, &r, 1);
}

static void
compile_exception(struct build *b, struct draft_section *s)
{
	const char *reason = draft_whole(&b->d, s, "reason"), *expires = draft_whole(&b->d, s, "expires");
	struct l_exception x = { .name = build_string(b, s->name), .reason = build_string(b, reason), .expires = build_string(b, expires),
		.line = (uint32_t)s->line };

	if (!*reason)
		fault_add(b->d.faults, s->file, s->line, "[exception %s] has no `reason = ...`", s->name);
	if (!draft_key(s, "rules"))
		fault_add(b->d.faults, s->file, s->line, "[exception %s] has no `rules = ...`: which rules does it cover?", s->name);
	if (*expires && scalar_time(expires, &x.expires_ns))
		fault_add(b->d.faults, s->file, draft_key(s, "expires")->line, "'%s' is not a date: YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ", expires);
	if (logic_compile(b, s, &x.logic) && !rests_on_fixed(b, &x.logic))
		fault_add(b->d.faults, s->file, s->line, "[exception %s] rests on what an attacker can choose; name a program, a user or a file too",
		    s->name);
	uint32_t *index = pool_take(&b->d.pool, sizeof(*index));
	if (index)
		*index = (uint32_t)b->exceptions.n;
	s->compiled = index;
	table_add(&b->exceptions, &x, 1);
}

/* A name, or a pattern of names with *, of the rules an exception covers. */
static bool
covers(const char *pattern, const char *name)
{
	while (*pattern && *pattern != '*') {
		if (*pattern++ != *name++)
			return false;
	}
	if (!*pattern)
		return !*name;
	for (; *name; name++)
		if (covers(pattern + 1, name))
			return true;
	return covers(pattern + 1, name);
}

struct covering { struct build *b; struct draft_section *x; const char *rule; bool met; };

static int
take_cover(void *arg, const char *v, int line)
{
	struct covering *c = arg;

	(void)line;
	c->met = c->met || covers(v, c->rule);
	return c->met;
}

static int
check_cover(void *arg, const char *v, int line)
{
	struct covering *c = arg;
	const char *names[512];
	char hint[80];
	size_t n = 0;
	bool met = false;

	for (struct draft_section *s = c->b->d.sections; s; s = s->next) {
		if (s->kind != SECTION_RULE)
			continue;
		met = met || covers(v, s->name);
		if (n < 512)
			names[n++] = s->name;
	}
	if (!met)
		fault_add(c->b->d.faults, c->x->file, line, "there is no rule '%s'%s", v, near_hint(near_name(v, names, n), hint, sizeof(hint)));
	return 0;
}

static void
join_exceptions(struct build *b)
{
	for (size_t i = 0; i < b->rules.n; i++) {
		struct l_rule *r = table_at(&b->rules, i);
		const char *name = table_at(&b->strings, r->name);
		r->ref = (uint32_t)b->refs.n;
		for (struct draft_section *x = b->d.sections; x; x = x->next) {
			struct draft_key *k = x->kind == SECTION_EXCEPTION ? draft_key(x, "rules") : NULL;
			struct covering c = { .b = b, .x = x, .rule = name };
			if (!k || !x->compiled)
				continue;
			draft_values(&b->d, x, k, take_cover, &c);
			if (c.met)
				table_add(&b->refs, x->compiled, 1);
		}
		r->n_refs = (uint32_t)b->refs.n - r->ref;
	}
	for (struct draft_section *x = b->d.sections; x; x = x->next) {
		struct draft_key *k = x->kind == SECTION_EXCEPTION ? draft_key(x, "rules") : NULL;
		struct covering c = { .b = b, .x = x };
		if (k)
			draft_values(&b->d, x, k, check_cover, &c);
	}
}

static const struct build *sorting;

static int
by_rule_name(const void *x, const void *y)
{
	const struct l_rule *a = x, *b = y;

	return strcmp(sorting->strings.at + a->name, sorting->strings.at + b->name);
}

static void
index_kinds(struct build *b)
{
	for (int k = 0; k < EVENT__MAX; k++) {
		struct l_kind_index x = { .ref = (uint32_t)b->refs.n };
		for (uint32_t i = 0; i < b->rules.n; i++)
			if (((const struct l_rule *)table_at(&b->rules, i))->kinds & event_kind_mask((enum event_kind)k))
				table_add(&b->refs, &i, 1);
		x.n_refs = (uint32_t)b->refs.n - x.ref;
		table_add(&b->kinds, &x, 1);
	}
}

static void
look_at_list(struct build *b, struct draft_section *s)
{
	static const char *const names[] = { "values", "description" };

	if (!draft_key(s, "values"))
		fault_add(b->d.faults, s->file, s->line, "[list %s] has no `values = ...`", s->name);
	draft_key(s, "description");
	for (struct draft_key *k = s->keys; k; k = k->next)
		if (!k->used)
			unknown_key(b, s, k, names, 2);
}

static void
look_at_policy(struct build *b, struct draft_section *s)
{
	static const char *const names[] = { "description", "mode" };

	mode_of(b, s, MODE_ENFORCE);
	draft_key(s, "description");
	for (struct draft_key *k = s->keys; k; k = k->next)
		if (!k->used)
			unknown_key(b, s, k, names, 2);
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
		fault_add(b->d.faults, s->file, s->line, "correlations are not available in this version");
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
	if (b->d.faults->errors)
		return -EINVAL;
	sorting = b;
	if (b->rules.n)
		qsort(b->rules.at, b->rules.n, sizeof(struct l_rule), by_rule_name);
	join_exceptions(b);
	index_kinds(b);
	build_places(b);
	return b->d.faults->errors ? -EINVAL : build_snapshot(b);
}

static void
build_begin(struct build *b)
{
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
		.open_default = (uint8_t)b->sources->open_default };
	CLEANUP_FD int fd = memfd_create("yett-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t at = ALIGN8(sizeof(p));
	bool failed = false;
	int err = 0;

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < b->rules.n; i++)
		p.asked |= ((const struct l_rule *)table_at(&b->rules, i))->kinds;
	memcpy(p.hash, b->d.hash, sizeof(b->d.hash));
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
	if (!err && fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
		err = -errno;
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
	return b->d.faults->errors ? -EINVAL : 0;
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
	struct build b = { .sources = s, .d = { .faults = faults } };

	build_begin(&b);
	int err = draft_read(&b.d, s);
	int fd = err ? err : finish(&b);
	build_done(&b);
	return fd;
}

int
policy_build_text(const struct policy_sources *s, const char *name, const char *text, size_t len, struct faults *faults)
{
	struct build b = { .sources = s, .d = { .faults = faults } };

	build_begin(&b);
	int err = draft_read_text(&b.d, name, text, len);
	int fd = err == -ENOMEM ? err : finish(&b);
	build_done(&b);
	return fd;
}
