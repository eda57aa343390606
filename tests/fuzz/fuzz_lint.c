/*
 * What lint says, held against the judge. The input chooses rules and an exception from a few words, so that many of them contradict or
 * imply each other; the judge is then asked about every event that these words can make up. What can never match must match none of
 * them, what adds nothing must never match alone, and what an exception is said to cover must be so.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "judge/judge.h"
#include "judge/lint.h"
#include "policy/given.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct input { const uint8_t *at; size_t left; };

static unsigned
choose(struct input *in, unsigned n)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++ % n;
}

/* ---- A policy ---- */

static const char *const keys[] = {
	"process.executable", "process.executable|contains", "process.executable|endswith", "process.executable|startswith", "process.name",
	"process.name|nocase", "process.name|contains", "file.path", "file.path|endswith", "file.name", "file.directory", "file.extension",
	"user.name", "user.name|nocase", "user.name|all", "process.args", "process.args|all", "process.args|contains", "process.args|startswith",
	"process.command_line", "process.ancestor.executable", "process.ancestor.name",
};
static const char *const words[] = {
	"a", "b", "B", "ab", "/bin/a", "/bin/b", "/opt/x/B", "/opt/a.sh", "/bin/*", "/opt/**", "**", "*", "a*", "*b", "**/a", ".sh", "sh", "/bin",
	"/bin/", "/opt/x", "/bin/a, /bin/b", "/bin/b, /opt/**", "a, b", "a, ab", "b, a*", "\"\"", "@some",
};
static const char *const others[] = {
	"user.id = 0", "user.id = 1, 2", "user.id|gt = 0", "user.id|gte = 2", "user.id|lt = 2", "user.id|lte = 1", "user.name|exists = true",
	"user.name|exists = false", "destination.port = 22", "destination.port|exists = false", "destination.port|lt = 100",
	"user.name|re = ^$", "process.name|re = ^[ab]$", "process.args|re = b", "process.executable|re = .",
	"process.name|fieldref = user.name", "process.args_count|gt = 1", "file.setuid = true", "file.extension|exists = true",
};
static const char *const conditions[] = {
	"selection", "selection and g", "selection or g", "selection and not g", "not selection", "g and not h", "selection and (g or h)",
	"selection and 1 of *", "selection or (g and not h)", "not (selection or g)",
};

struct text { char at[8192]; size_t len; };

static void
put(struct text *t, const char *s)
{
	size_t n = strlen(s);

	if (t->len + n < sizeof(t->at))
		memcpy(t->at + t->len, s, n + 1);
	t->len += t->len + n < sizeof(t->at) ? n : 0;
}

static void
put_condition(struct text *t, struct input *in, const char *group)
{
	if (choose(in, 4) == 0)
		put(t, "not ");
	put(t, group);
	if (choose(in, 3) == 0) {
		put(t, others[choose(in, COUNT(others))]);
	} else {
		put(t, keys[choose(in, COUNT(keys))]);
		put(t, " = ");
		put(t, words[choose(in, COUNT(words))]);
	}
	put(t, "\n");
}

/* Groups that the condition may join; what cannot be compiled is passed over by the caller. */
static void
put_logic(struct text *t, struct input *in)
{
	static const char *const groups[] = { "", "g/", "h/", "filter/" };
	unsigned n = 1 + choose(in, 4);

	for (unsigned i = 0; i < n; i++)
		put_condition(t, in, groups[i ? choose(in, COUNT(groups)) : 0]);
	if (choose(in, 2)) {
		put(t, "condition = ");
		put(t, conditions[choose(in, COUNT(conditions))]);
		put(t, "\n");
	}
}

static void
put_policy(struct text *t, struct input *in)
{
	static const char *const rules[] = { "[rule one]\n", "[rule two]\n", "[rule three]\n" };
	static const char *const on[] = { "on = exec\n", "on = exec, connect\n", "on = connect\n" };
	unsigned n = 1 + choose(in, 3);

	put(t, "[policy]\n[list some]\nvalues = /bin/a, a, /opt/**\n");
	for (unsigned i = 0; i < n; i++) {
		put(t, rules[i]);
		put(t, on[choose(in, COUNT(on))]);
		put(t, choose(in, 2) ? "action = alert\n" : "action = log\n");
		put_logic(t, in);
	}
	if (choose(in, 2)) {
		put(t, "[exception but]\nreason = why\nrules = ");
		put(t, choose(in, 2) ? "one\n" : "*\n");
		put_logic(t, in);
	}
}

/* ---- What lint said ---- */

enum claim_kind { NEVER, NEVER_ON, FOLLOWS, COVERS_NOTHING, COVERS_ALL };
struct claim { enum claim_kind kind; char name[16], other[16]; };
struct claims { struct claim at[64]; unsigned n; };

/* The word behind HEAD in WHY, up to a blank, a bracket or a colon. */
static bool
word_behind(const char *why, const char *head, char out[static 16])
{
	const char *at = strstr(why, head);

	if (!at)
		return false;
	at += strlen(head);
	snprintf(out, 16, "%.*s", (int)strcspn(at, " ]:;,"), at);
	return true;
}

static void
hear(void *arg, const struct fault *f)
{
	struct claims *c = arg;
	struct claim one = { .kind = NEVER };

	if (!f->warning || f->line < 1 || !f->why[0] || strlen(f->why) >= FAULT_TEXT)
		abort();
	if (word_behind(f->why, "can never match on ", one.other))
		one.kind = NEVER_ON;
	else if (strstr(f->why, "can never match:"))
		one.kind = NEVER;
	else if (word_behind(f->why, "so does [rule ", one.other) || word_behind(f->why, "same conditions as [rule ", one.other))
		one.kind = FOLLOWS;
	else if (strstr(f->why, "covers nothing"))
		one.kind = COVERS_NOTHING;
	else if (word_behind(f->why, "covers all that [rule ", one.other))
		one.kind = COVERS_ALL;
	else
		return;
	if (one.kind < COVERS_NOTHING && !word_behind(f->why, "[rule ", one.name))
		abort();
	if (c->n < COUNT(c->at))
		c->at[c->n++] = one;
}

/* ---- Events ---- */

static struct event ev;

static void
give(enum field f, const char *value)
{
	char why[200];

	if (policy_event_set(&ev, f, value, strlen(value), why, sizeof(why)))
		abort();
}

/* The N-th event of a kind; false when there is none. */
static bool
make_event(enum event_kind kind, unsigned n)
{
	static const char *const programs[] = { "/bin/a", "/bin/b", "/opt/x/B", "/opt/a.sh" };
	static const char *const users[] = { NULL, "", "a", "b", "AB" }, *const ids[] = { NULL, "0", "1", "7" };
	static const char *const args[][3] = { { NULL }, { "a", NULL }, { "b", "ab", NULL } };
	static const char *const above[][3] = { { NULL }, { "/bin/a", NULL }, { "/opt/x/B", "/bin/b", NULL } };
	unsigned program = n % COUNT(programs), user, id, arg, up;

	n /= COUNT(programs);
	user = n % COUNT(users);
	n /= COUNT(users);
	id = n % COUNT(ids);
	n /= COUNT(ids);
	arg = n % COUNT(args);
	n /= COUNT(args);
	up = n % COUNT(above);
	n /= COUNT(above);
	if (n >= 2)
		return false;
	event_init(&ev, kind, SENSOR_NOBODY);
	ev.wall_ns = 1;
	give(FIELD_PROCESS_EXECUTABLE, programs[program]);
	if (users[user])
		give(FIELD_USER_NAME, users[user]);
	if (ids[id])
		give(FIELD_USER_ID, ids[id]);
	for (unsigned i = 0; args[arg][i]; i++)
		give(FIELD_PROCESS_ARGS, args[arg][i]);
	for (unsigned i = 0; above[up][i]; i++)
		give(FIELD_ANCESTOR_EXECUTABLE, above[up][i]);
	if (kind == EVENT_EXEC) {
		give(FIELD_FILE_PATH, n ? programs[program] : "/opt/x/lib.so");
		give(FIELD_FILE_SETUID, n ? "true" : "false");
	} else if (n) {
		give(FIELD_DESTINATION_PORT, "22");
	} else {
		give(FIELD_DESTINATION_PORT, "443");
	}
	ev.tried = HAVE_ALL;
	return true;
}

static bool
matched(const struct policy *p, const struct verdict *v, const char *name)
{
	for (unsigned i = 0; i < v->matches; i++) {
		struct rule_info r;
		policy_rule(p, v->matched[i], &r);
		if (strcmp(r.name, name) == 0)
			return true;
	}
	return false;
}

static void
hold(const struct policy *p, const struct verdict *v, const struct claim *c, const char *text)
{
	bool good = true;

	switch (c->kind) {
	case NEVER: good = !matched(p, v, c->name); break;
	case NEVER_ON: good = strcmp(event_kind_name((enum event_kind)ev.kind), c->other) != 0 || !matched(p, v, c->name); break;
	case FOLLOWS: good = !matched(p, v, c->name) || matched(p, v, c->other); break;
	case COVERS_NOTHING: good = v->exception < 0; break;
	case COVERS_ALL: good = !matched(p, v, c->other); break;
	}
	if (good)
		return;
	fprintf(stderr, "claim %d of %s %s is wrong:\n%s", (int)c->kind, c->name, c->other, text);
	abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct policy_sources sources = { .mode = MODE_ENFORCE };
	static struct faults faults;
	static struct text text;
	struct input in = { data, size };
	struct claims claims = { .n = 0 };
	const struct policy *p;

	text.len = 0;
	memset(&faults, 0, sizeof(faults));
	put_policy(&text, &in);
	int fd = policy_build_text(&sources, "t.ini", text.at, text.len, &faults);
	if (fd < 0)
		return 0;
	if (policy_open(fd, &p))
		abort();
	close(fd);
	if (lint(&(struct lint_ask){ .policy = p, .wall_ns = 1 }, hear, &claims))
		abort();
	for (int k = 0; claims.n && k < 2; k++) {
		struct verdict v;
		for (unsigned n = 0; make_event(k ? EVENT_CONNECT : EVENT_EXEC, n); n++) {
			judge(p, &ev, &v);
			for (unsigned i = 0; i < claims.n; i++)
				hold(p, &v, &claims.at[i], text.at);
		}
	}
	policy_close(p);
	return 0;
}
