#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl/sigma_write.h"
#include "event/field.h"
#include "policy/policy.h"

/* The events (enum watch_event) that the policy of FD is about wherever they happen. */
static unsigned
everywhere_of(int fd)
{
	const struct policy *p;
	struct watch_place place;
	unsigned events = 0;

	if (policy_open(fd, &p))
		return 0;
	for (unsigned i = 0; i < policy_places(p); i++) {
		policy_place(p, i, &place);
		if (place.kind == WATCH_EVERYTHING)
			events |= place.events;
	}
	policy_close(p);
	return events;
}

/* Compiles TEXT as a policy. NULL, or the first fault. */
static const char *
compile(struct pool *pool, const char *text, unsigned *everywhere)
{
	const struct policy_sources sources = { .mode = MODE_MONITOR };
	struct faults faults = { 0 };
	int fd = policy_build_text(&sources, "sigma.ini", text, strlen(text), &faults);

	if (fd >= 0) {
		*everywhere = everywhere_of(fd);
		close(fd);
		return NULL;
	}
	return faults.count ? sigma_print(pool, "%s", faults.fault[0].why) : "it cannot be compiled";
}

/* Does this version take such a text? Asked once. */
static bool
knows(struct sigma_import *imp, int *known, const char *text)
{
	unsigned everywhere;

	if (!*known)
		*known = compile(imp->pool, text, &everywhere) ? -1 : 1;
	return *known > 0;
}

static void
look_at_tests(struct sigma_import *imp, struct sigma_rule *r, const struct sigma_logic *l)
{
	static const char re[] = "[policy]\n\n[rule probe]\non = exec\nprocess.command_line|re = x\naction = alert\n";

	if (l->op == SIGMA_TEST && field_find(sigma_copy(imp->pool, l->test->field, strcspn(l->test->field, "|"))) < 0)
		sigma_line_add(imp->pool, &r->lacks, sigma_print(imp->pool, "the field %s", l->test->field));
	if (l->op == SIGMA_TEST && l->test->how == SIGMA_RE && !knows(imp, &imp->knows_re, re))
		sigma_line_add(imp->pool, &r->lacks, "regular expressions");
	for (const struct sigma_logic *o = l->first; o; o = o->next)
		look_at_tests(imp, r, o);
}

/* What the language promises and this version does not have yet. */
static void
look_at(struct sigma_import *imp, struct sigma_rule *r)
{
	static const char correlation[] = "[policy]\n\n[rule probe]\non = exec\nprocess.name = x\naction = alert\n\n[correlation probes]\n"
	    "type = event_count\nrules = probe\ngroup-by = host\ntimespan = 1m\ncondition = gte: 2\naction = alert\n";

	for (const struct sigma_made *m = r->made; m; m = m->next) {
		for (int k = 0; k < EVENT__MAX; k++)
			if ((m->kinds & 1ull << k) && event_kind_sensor((enum event_kind)k) == SENSOR_NOBODY)
				sigma_line_add(imp->pool, &r->lacks, sigma_print(imp->pool, "a sensor of %s", event_kind_name((enum event_kind)k)));
		look_at_tests(imp, r, m->logic);
	}
	if (r->correlation && !knows(imp, &imp->knows_correlation, correlation))
		sigma_line_add(imp->pool, &r->lacks, "correlations");
}

/* A correlation and the rules that only feed it load together or not at all. */
static void
share_lacks(struct sigma_import *imp, struct sigma_rule *r)
{
	for (const struct sigma_join *j = r->joins; j; j = j->next)
		for (const struct sigma_line *l = j->rule->lacks.first; l && j->rule != r; l = l->next)
			sigma_line_add(imp->pool, &r->lacks, l->text);
	for (const struct sigma_join *j = r->joins; j; j = j->next)
		for (const struct sigma_line *l = r->lacks.first; l && j->rule != r && j->rule->counted; l = l->next)
			sigma_line_add(imp->pool, &j->rule->lacks, l->text);
}

static void
fail(struct sigma_rule *r, const char *why)
{
	r->reason = why;
	r->text = NULL;
}

/* Together with what it joins. */
static void
try(struct sigma_import *imp, struct sigma_rule *r)
{
	struct sigma_out out;

	sigma_out_begin(&out);
	sigma_put(&out, "[policy]\n\n%s", r->text);
	for (const struct sigma_join *j = r->joins; j; j = j->next)
		if (j->rule != r && j->rule->text)
			sigma_put(&out, "%s", j->rule->text);
	const char *why = compile(imp->pool, sigma_out_end(&out, imp->pool), &r->everywhere);
	if (why)
		fail(r, sigma_print(imp->pool, "a policy does not take it: %s", why));
}

void
sigma_check(struct sigma_import *imp)
{
	for (struct sigma_rule *r = imp->first; r; r = r->next)
		if (!r->reason && r->text)
			look_at(imp, r);
	for (struct sigma_rule *r = imp->first; r; r = r->next)
		if (!r->reason && r->doc == SIGMA_DOC_CORRELATION)
			share_lacks(imp, r);
	/* A rule without an action of its own is tried with what it feeds. */
	for (struct sigma_rule *r = imp->first; r; r = r->next)
		if (!r->reason && r->text && !r->lacks.n && (!r->counted || r->apart || r->joins))
			try(imp, r);
	for (struct sigma_rule *r = imp->first; r; r = r->next) {
		for (const struct sigma_join *j = r->joins; j && !r->reason; j = j->next)
			if (j->rule->reason)
				fail(r, sigma_print(imp->pool, "'%.80s', which it joins: %s", j->rule->title, j->rule->reason));
		for (const struct sigma_join *j = r->joins; j; j = j->next)
			j->rule->fed |= !r->reason;
	}
	for (struct sigma_rule *r = imp->first; r; r = r->next)
		if (r->doc == SIGMA_DOC_RULE && !r->reason && r->counted && !r->fed)
			fail(r, "it only feeds a correlation, which was not converted");
}
