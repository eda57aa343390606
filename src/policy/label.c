#include <string.h>
#include "policy/build.h"

static bool
is_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return n && n < LABEL_NAME_MAX && !s[n];
}

/* The number of the label called so; LABELS_MAX: there are too many. */
static uint32_t
number_of(struct build *b, const char *name)
{
	uint32_t string = build_string(b, name), i = 0;

	while (i < b->labels.n && *(const uint32_t *)table_at(&b->labels, i) != string)
		i++;
	if (i == b->labels.n && i < LABELS_MAX)
		table_add(&b->labels, &string, 1);
	return i;
}

uint32_t
build_labels(struct build *b, struct draft_section *s)
{
	struct draft_key *k = draft_key(s, "label");
	uint32_t labels = 0;

	for (const struct draft_value *v = k ? build_needed(b, s, "label", "") : NULL; v; v = v->next) {
		uint32_t i = is_name(v->value) ? number_of(b, v->value) : 0;
		if (!is_name(v->value))
			fault_add(b->d.faults, s->file, v->line, "label '%.80s' is no name: letters, digits, '_', '-' and '.', at most %d", v->value,
			    LABEL_NAME_MAX - 1);
		else if (i == LABELS_MAX)
			fault_add(b->d.faults, s->file, v->line, "label '%s' is one too many: at most %d different ones in all", v->value, LABELS_MAX);
		else
			labels |= 1u << i;
	}
	return labels;
}
