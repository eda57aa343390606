#include <string.h>
#include "gate/labels.h"

_Static_assert(LABELS_MAX == 32, "bits of a node of the tree");

void
labels_give(struct gate *g)
{
	const struct event *ev = &g->report.event;
	bool never_ran = ev->kind == EVENT_EXEC && g->verdict.decision == DECISION_DENY;

	if (g->verdict.labels && !never_ran)
		tree_label(g->tree, ev->process.pid, g->verdict.labels);
}

void
labels_fetch(struct gate *g)
{
	struct event *ev = &g->report.event;
	uint32_t labels = tree_labels(g->tree, ev->process.pid);
	char names[LABELS_MAX * LABEL_NAME_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < policy_labels(g->policy); i++) {
		const char *name = policy_label(g->policy, i);
		size_t len = strlen(name) + 1;
		if (!(labels & 1u << i) || len > sizeof(names) - n)
			continue;
		memcpy(names + n, name, len);
		n += len;
	}
	if (event_set(ev, TEXT_LABELS, names, n) == 0)
		ev->have |= HAVE_LABEL;
}

void
labels_policy(struct gate *g, const struct policy *p)
{
	uint8_t to[LABELS_MAX];

	memset(to, LABELS_MAX, sizeof(to));
	for (unsigned i = 0; g->policy && i < policy_labels(g->policy); i++)
		for (unsigned k = 0; k < policy_labels(p); k++)
			if (strcmp(policy_label(g->policy, i), policy_label(p, k)) == 0)
				to[i] = (uint8_t)k;
	tree_relabel(g->tree, to);
}
