#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/grow.h"
#include "ctl/load.h"
#include "ctl/term.h"
#include "ctl/trace.h"

#define NEAR_MAX 5

static const char *const truths[] = { [TRUTH_FALSE] = "no", [TRUTH_TRUE] = "yes", [TRUTH_UNKNOWN] = "not known" };

static const char *
truth_name(const struct judge_step *s)
{
	return s->too_hard ? "too hard" : truths[s->truth];
}

static void
take(void *arg, const struct judge_step *s)
{
	struct trace *t = arg;
	struct judge_step *larger = grow(t->step, t->n_steps, &t->room, sizeof(*t->step));

	if (!larger) {
		t->failed = true;
		return;
	}
	t->step = larger;
	t->step[t->n_steps++] = *s;
}

static struct trace_subject *
subject(struct trace *t, size_t i)
{
	const struct judge_step *s = &t->step[i];

	for (size_t n = t->n_subjects; n > 0; n--)
		if (t->subject[n - 1].exception == s->exception && t->subject[n - 1].index == s->index)
			return &t->subject[n - 1];
	struct trace_subject *larger = grow(t->subject, t->n_subjects, &t->subject_room, sizeof(*t->subject));
	if (!larger) {
		t->failed = true;
		return NULL;
	}
	t->subject = larger;
	t->subject[t->n_subjects] = (struct trace_subject){ .exception = s->exception, .index = s->index, .steps = i, .truth = TRUTH_UNKNOWN };
	return &t->subject[t->n_subjects++];
}

/* Groups named filter* take the rule away when they match; all their conditions have to for that, so the first that does is shown. */
static bool
is_filter(const struct judge_step *s)
{
	return s->group && strncmp(s->group, "filter", 6) == 0;
}

static bool
filter_matches(const struct trace *t, size_t first)
{
	const struct judge_step *f = &t->step[first];

	for (size_t i = first; i < t->n_steps; i++) {
		const struct judge_step *s = &t->step[i];
		if (s->exception != f->exception || s->index != f->index)
			break;
		if (s->key && strcmp(s->group, f->group) == 0 && s->truth != TRUTH_TRUE)
			return false;
	}
	return true;
}

static void
count_step(const struct trace *t, struct trace_subject *u, size_t i)
{
	const struct judge_step *s = &t->step[i];
	bool failed = s->truth != TRUTH_TRUE;

	if (!s->key) {
		u->truth = s->truth;
		return;
	}
	if (is_filter(s)) {
		bool first = i == 0 || t->step[i - 1].index != s->index || !t->step[i - 1].group || strcmp(t->step[i - 1].group, s->group) != 0;
		failed = first && filter_matches(t, i);
	} else if (!failed) {
		u->met++;
	}
	if (failed && u->failed++ == 0)
		u->blocker = i;
}

int
trace_judge(struct trace *t, const struct policy *policy, struct event *ev)
{
	*t = (struct trace){ .policy = policy };
	ev->tried = HAVE_ALL;
	judge_explain(policy, ev, &t->verdict, take, t);
	for (size_t i = 0; i < t->n_steps; i++) {
		struct trace_subject *u = subject(t, i);
		if (u)
			count_step(t, u, i);
	}
	return t->failed ? -ENOMEM : 0;
}

void
trace_done(struct trace *t)
{
	free(t->step);
	free(t->subject);
}

static void
show_step(const struct judge_step *s)
{
	unsigned page = term_page();
	char text[2048], line[32];

	snprintf(text, sizeof(text), "%s = %s", s->key, s->values ? s->values : "");
	snprintf(line, sizeof(line), "line %d", s->line);
	printf("      ");
	term_word(s->truth == TRUTH_TRUE ? COLOR_GOOD : COLOR_ODD, truth_name(s), 10);
	term_fit(text, (struct fit){ page - 27, true });
	printf(" %s\n", line);
}

static void
show_steps(const struct trace *t, const struct trace_subject *u, bool all)
{
	for (size_t i = u->steps; i < t->n_steps; i++) {
		const struct judge_step *s = &t->step[i];
		if (s->exception == u->exception && s->index == u->index && s->key && (all || i == u->blocker))
			show_step(s);
	}
}

static void
show_head(const struct trace *t, const struct trace_subject *u)
{
	const char *name, *reason;
	struct rule_info r;
	char text[1024], actions[128];

	if (u->exception) {
		policy_exception(t->policy, u->index, &name, &reason);
		snprintf(text, sizeof(text), "exception %s: %s", name, reason);
	} else {
		policy_rule(t->policy, u->index, &r);
		load_actions(t->policy, &r, actions, sizeof(actions));
		snprintf(text, sizeof(text), "%s (%s; %s; %s) %s:%d", r.name, actions, severity_name(r.severity), load_mode(r.mode), r.file, r.line);
	}
	term_definition("   ", 4, text);
}

/* The rule that one condition kept from matching, with the most conditions met among those with at most BELOW. */
static const struct trace_subject *
nearest(const struct trace *t, const struct trace_subject *last)
{
	const struct trace_subject *best = NULL;

	for (size_t i = 0; i < t->n_subjects; i++) {
		const struct trace_subject *u = &t->subject[i];
		if (u->exception || u->truth == TRUTH_TRUE || u->failed != 1 || u->met == 0)
			continue;
		if (last && (u->met > last->met || (u->met == last->met && u <= last)))
			continue;
		if (!best || u->met > best->met)
			best = u;
	}
	return best;
}

void
trace_show(const struct trace *t)
{
	const struct trace_subject *u;
	bool any = false;

	for (size_t i = 0; i < t->n_subjects; i++) {
		u = &t->subject[i];
		if (u->truth != TRUTH_TRUE)
			continue;
		printf("%s", any ? "" : "Matches\n");
		any = true;
		show_head(t, u);
		show_steps(t, u, true);
	}
	if (!any)
		printf("No rule matches.\n");
	u = nearest(t, NULL);
	if (u)
		printf("Nearly matches: one condition is not met\n");
	for (unsigned n = 0; u && n < NEAR_MAX; n++, u = nearest(t, u)) {
		show_head(t, u);
		show_steps(t, u, false);
	}
}

const char *
trace_decider(const struct trace *t)
{
	struct rule_info r;

	if (t->verdict.decider < 0)
		return "";
	policy_rule(t->policy, (unsigned)t->verdict.decider, &r);
	return r.name;
}

void
trace_verdict(const struct trace *t, char *out, size_t size)
{
	const struct verdict *v = &t->verdict;
	const char *by = trace_decider(t);

	if (v->decision == v->would)
		snprintf(out, size, "%s, by %s%s", decision_name(v->decision), *by ? "rule " : "default", by);
	else
		snprintf(out, size, "%s, by %s%s; in mode %s it is %s", decision_name(v->would), *by ? "rule " : "default", by,
		    load_mode(v->mode), decision_name(v->decision));
}

static json_t *
step_json(const struct judge_step *s)
{
	return json_pack("{ss ss ss si ss}", "group", s->group ? s->group : "", "key", s->key, "values", s->values ? s->values : "",
	    "line", s->line, "met", truth_name(s));
}

static json_t *
subject_json(const struct trace *t, const struct trace_subject *u)
{
	json_t *steps = json_array();
	const char *name, *reason = "", *file = "";
	struct rule_info r;
	int line = 0;

	if (u->exception) {
		policy_exception(t->policy, u->index, &name, &reason);
	} else {
		policy_rule(t->policy, u->index, &r);
		name = r.name;
		file = r.file;
		line = r.line;
	}
	for (size_t i = u->steps; i < t->n_steps; i++) {
		const struct judge_step *s = &t->step[i];
		if (s->exception == u->exception && s->index == u->index && s->key)
			json_array_append_new(steps, step_json(s));
	}
	return json_pack("{ss ss ss ss si so}", "kind", u->exception ? "exception" : "rule", "name", name, "reason", reason, "file", file,
	    "line", line, "conditions", steps);
}

json_t *
trace_json(const struct trace *t)
{
	json_t *matched = json_array(), *near = json_array(), *labels = json_array();
	const struct trace_subject *u;

	for (size_t i = 0; i < t->n_subjects; i++)
		if (t->subject[i].truth == TRUTH_TRUE)
			json_array_append_new(matched, subject_json(t, &t->subject[i]));
	for (unsigned i = 0; i < policy_labels(t->policy); i++)
		if (t->verdict.labels & 1u << i)
			json_array_append_new(labels, json_string(policy_label(t->policy, i)));
	u = nearest(t, NULL);
	for (unsigned n = 0; u && n < NEAR_MAX; n++, u = nearest(t, u)) {
		json_t *one = subject_json(t, u);
		json_object_set_new(one, "not_met", step_json(&t->step[u->blocker]));
		json_array_append_new(near, one);
	}
	return json_pack("{ss ss ss ss ss so so so}", "verdict", decision_name(t->verdict.decision), "would", decision_name(t->verdict.would),
	    "mode", load_mode(t->verdict.mode), "settled", settled_name(t->verdict.settled), "decided_by", trace_decider(t), "labels", labels,
	    "matches", matched, "near_misses", near);
}
