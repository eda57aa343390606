#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "ctl/recall.h"
#include "ctl/rejudge.h"
#include "ctl/store.h"
#include "ctl/term.h"
#include "ctl/when.h"
#include "judge/judge.h"
#include "policy/pool.h"

#define GROUPS_MAX	20000	/* more are counted, not told apart */

/* Events that change in the same way, by the same rule, for the same user and program. */
struct group {
	bool		 denied;	/* from now on; else allowed */
	const char	*rule, *user, *program;
	uint64_t	 count, first_ns, last_ns;
	struct group	*next;
};

struct rejudging {
	const struct policy *policy;
	struct pool	 pool;
	struct names	 known;
	struct group	*groups;
	size_t		 n_groups;
	uint64_t	 judged, denied, allowed, left_out, crowded;
	bool		 failed;
	struct event	 ev;
};

static void
count(struct group *g, uint64_t at_ns, uint64_t times)
{
	if (!g->count || at_ns < g->first_ns)
		g->first_ns = at_ns;
	if (at_ns > g->last_ns)
		g->last_ns = at_ns;
	g->count += times;
}

static const char *
keep(struct rejudging *r, const char *s)
{
	const char *copy = pool_copy(&r->pool, s, strlen(s));

	return copy ? copy : "";
}

static struct group *
group_of(struct rejudging *r, const struct group *like)
{
	char key[1400];

	snprintf(key, sizeof(key), "%d\n%.200s\n%.200s\n%.900s", like->denied, like->rule, like->user, like->program);
	struct group *g = names_find(&r->known, key);
	if (g)
		return g;
	if (r->n_groups == GROUPS_MAX) {
		r->crowded++;
		return NULL;
	}
	g = pool_take(&r->pool, sizeof(*g));
	const char *kept = keep(r, key);
	if (!g || !*kept || names_add(&r->known, kept, g)) {
		r->failed = true;
		return NULL;
	}
	*g = (struct group){ .denied = like->denied, .rule = keep(r, like->rule), .user = keep(r, like->user), .program = keep(r, like->program),
		.next = r->groups };
	r->groups = g;
	r->n_groups++;
	return g;
}

/* Who decided now. */
static const char *
decider(const struct policy *p, const struct verdict *v)
{
	struct rule_info i;

	if (v->decider < 0)
		return "";
	policy_rule(p, (unsigned)v->decider, &i);
	return i.name;
}

/* Did rules and defaults decide then? A deadline or a correlation cannot be judged again. */
static bool
comparable(const struct rejudging *r, const json_t *record)
{
	const char *by = store_text(record, "yett.decided_by"), *would = store_text(record, "yett.would"), *rule = store_text(record, "rule.name");

	if ((strcmp(by, "rule") != 0 && strcmp(by, "default") != 0) || (strcmp(would, "deny") != 0 && strcmp(would, "allow") != 0))
		return false;
	for (unsigned i = 0; *rule && i < policy_rules(r->policy); i++) {
		struct rule_info info;
		policy_rule(r->policy, i, &info);
		if (strcmp(info.name, rule) == 0)
			return !info.correlation;
	}
	return true;
}

static bool
take(void *arg, json_t *record, const char *line, size_t len)
{
	struct rejudging *r = arg;
	struct verdict v;
	unsigned left_out = 0;
	int64_t summed = 0;

	(void)line, (void)len;
	if (!recall(&r->ev, record, &left_out) || !event_kind_prevents((enum event_kind)r->ev.kind))
		return true;
	if (left_out || !comparable(r, record)) {
		r->left_out++;
		return true;
	}
	r->ev.tried = HAVE_ALL;
	judge(r->policy, &r->ev, &v);
	r->judged++;
	bool was = strcmp(store_text(record, "yett.would"), "deny") == 0, is = v.would == DECISION_DENY;
	if (was == is)
		return true;
	if (store_get(record, "yett.summary"))	/* whose facts are those of the first */
		store_number(record, "yett.count", &summed);
	uint64_t times = summed > 0 ? (uint64_t)summed : 1;
	*(is ? &r->denied : &r->allowed) += times;
	struct group *g = group_of(r, &(struct group){ .denied = is, .rule = is ? decider(r->policy, &v) : store_text(record, "rule.name"),
		.user = store_text(record, "user.name"), .program = store_text(record, "process.executable") });
	if (g)
		count(g, store_time(record), times);
	return true;
}

static int
by_count(const void *x, const void *y)
{
	const struct group *a = x, *b = y;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->last_ns > b->last_ns ? -1 : a->last_ns < b->last_ns;
}

/* All in order, and behind them one without a user; for the caller to free. NULL: no memory. */
static struct group *
sorted(const struct rejudging *r)
{
	struct group *list = calloc(r->n_groups + 1, sizeof(*list));
	size_t n = 0;

	for (const struct group *g = list ? r->groups : NULL; g; g = g->next)
		list[n++] = *g;
	if (n)
		qsort(list, n, sizeof(*list), by_count);
	return list;
}

static void
show_group(const struct group *g)
{
	unsigned page = term_page();
	char first[WHEN_TEXT], last[WHEN_TEXT], times[64];
	uint64_t now = now_wall_ns();

	when_short(g->first_ns, now, first);
	when_short(g->last_ns, now, last);
	printf("%8llu ", (unsigned long long)g->count);
	term_word(g->denied ? COLOR_BAD : COLOR_GOOD, g->denied ? "DENY" : "ALLOW", 6);
	term_fit(*g->user ? g->user : "-", (struct fit){ 12, true });
	putchar(' ');
	term_fit(*g->program ? g->program : "-", (struct fit){ page - 28, false });
	snprintf(times, sizeof(times), strcmp(first, last) == 0 ? ", %s" : ", %s to %s", first, last);
	printf("\n         %s ", g->denied ? "by" : "no more by");
	term_fit(*g->rule ? g->rule : "default", (struct fit){ page - 21 - (unsigned)strlen(times), false });
	printf("%s\n", times);
}

static json_t *
groups_json(const struct group *list)
{
	json_t *out = json_array();

	for (const struct group *g = list; g && g->user; g++)
		json_array_append_new(out, json_pack("{ss ss ss ss sI sI sI}", "now", g->denied ? "deny" : "allow", "rule", g->rule, "user", g->user,
		    "program", g->program, "count", (json_int_t)g->count, "first_s", (json_int_t)(g->first_ns / NS_PER_SEC), "last_s",
		    (json_int_t)(g->last_ns / NS_PER_SEC)));
	return out;
}

static void
show(const struct ctl *ctl, const struct rejudging *r)
{
	CLEANUP_FREE struct group *list = sorted(r);
	char text[256];

	if (ctl->json) {
		json_t *all = json_pack("{sI sI sI sI so}", "judged", (json_int_t)r->judged, "newly_denied", (json_int_t)r->denied, "newly_allowed",
		    (json_int_t)r->allowed, "left_out", (json_int_t)r->left_out, "groups",
		    groups_json(list));
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(all);
		return;
	}
	for (const struct group *g = list; g && g->user; g++)
		show_group(g);
	snprintf(text, sizeof(text), "%llu records judged again by the policies on disk: %llu would newly be denied, %llu newly allowed.",
	    (unsigned long long)r->judged, (unsigned long long)r->denied, (unsigned long long)r->allowed);
	term_definition("", 0, text);
	if (r->crowded)
		printf("%llu of them are of further users and programs.\n", (unsigned long long)r->crowded);
	if (r->left_out)
		printf("%llu could not be judged again.\n", (unsigned long long)r->left_out);
}

static enum answer
read_records(struct rejudging *r, const char *path, const char *log)
{
	int err = store_read(&(struct store_ask){ .path = path, .log = log, .fn = take, .arg = r });

	if (err == 0)
		return ANSWER_DONE;
	ctl_error("%s: %s", path ? path : log, err == -EACCES ? "not permitted: this needs root, or the group of that file" : strerror(-err));
	return err == -EACCES ? ANSWER_FORBIDDEN : ANSWER_NO;
}

enum answer
rejudge(struct ctl *ctl, const struct policy *policy, char **files)
{
	CLEANUP_FREE struct rejudging *r = calloc(1, sizeof(*r));
	enum answer a = ANSWER_DONE;

	if (!r)
		return ANSWER_BROKEN;
	r->policy = policy;
	if (!files[0])
		a = read_records(r, NULL, ctl->config.log);
	for (char **path = files; *path && a == ANSWER_DONE; path++)
		a = read_records(r, *path, NULL);
	if (a == ANSWER_DONE && r->failed)
		a = ANSWER_BROKEN;
	if (a == ANSWER_DONE) {
		show(ctl, r);
		a = r->denied || r->allowed ? ANSWER_NO : ANSWER_DONE;
	}
	names_done(&r->known);
	pool_done(&r->pool);
	return a;
}
