/*
 * Many patterns against a text: together they mean what they mean one by one. The first byte chooses the modifier; the first line is the
 * text, each of the others a pattern, taken again and again until there are enough of them to be put in order.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* Taken in whole, for what it does with one pattern. */
#include "judge/match.c"
#include "policy/given.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define TEXT_MAX	16384
#define ENOUGH		9

static const char *const keys[] = { "process.executable", "process.executable|startswith", "process.executable|endswith", "process.args",
	"process.args|contains|nocase", "destination.ip|cidr" };

/* A rule with all patterns; 0: they find no room. */
static size_t
write_rule(char *out, const char *key, const char *at, const char *end)
{
	bool peer = strncmp(key, "dest", 4) == 0;
	size_t n = (size_t)snprintf(out, TEXT_MAX, "[rule r]\non = %s\naction = log\n%s = ", peer ? "connect" : "exec", key);
	const char *again = at;

	for (unsigned i = 0; at < end || i < ENOUGH; i++) {
		if (at >= end)
			at = again;
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);
		if (n + 2 * len + 16 > TEXT_MAX || i == 64)
			break;
		n += (size_t)snprintf(out + n, TEXT_MAX - n, "%s\"", i ? "\n  " : "");
		for (size_t k = 0; k < len; k++) {
			if (at[k] == '"')
				out[n++] = '"';
			out[n++] = at[k];
		}
		n += (size_t)snprintf(out + n, TEXT_MAX - n, "\"");
		at += len + 1;
	}
	return n + (size_t)snprintf(out + n, TEXT_MAX - n, "\n");
}

static void
compare_with_each(const struct policy *p, const char *text, size_t len)
{
	static struct event ev;
	const struct l_condition *c = layout_conditions(p) + layout_groups(p)[layout_rules(p)[0].logic.group].condition;
	const struct l_set *s = layout_sets(p) + c->arg;
	struct look l = { .p = p, .c = c, .ev = &ev, .steps = REGEX_STEPS };
	struct field_cursor cur;
	static struct needle n;
	char why[200];
	bool alone = false;

	event_init(&ev, c->field == FIELD_DESTINATION_IP ? EVENT_CONNECT : EVENT_EXEC, SENSOR_NOBODY);
	if (policy_event_set(&ev, (enum field)c->field, text, len, why, sizeof(why)))
		return;
	field_open(&cur, &ev, (enum field)c->field);
	if (!field_next(&cur, &n.v))
		return;
	if (c->flags & L_NOCASE)
		lower(&n);
	for (uint32_t i = 0; i < s->n_pattern && !alone; i++)
		alone = meets(&l, layout_patterns(p) + s->pattern + i, &n.v) == TRUTH_TRUE;
	for (uint32_t i = 0; i < s->n_exact && !alone; i++) {
		const struct l_text *t = layout_texts(p) + s->exact + i;
		alone = order(&n.v, layout_string(p, t->off), t->len) == 0;
	}
	if (in_set(&l, s, &n.v) != truth_of(alone))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char rule[TEXT_MAX + 64];
	struct faults faults = { 0 };
	struct policy_sources sources = { .mode = MODE_ENFORCE };
	const char *text = (const char *)data + 1, *end = (const char *)data + size;
	const struct policy *p;

	const char *newline = size > 1 ? memchr(text, '\n', size - 1) : NULL;
	if (!newline || newline + 1 == end || newline - text >= EVENT_ARGS_MAX)
		return 0;
	size_t n = write_rule(rule, keys[data[0] % (sizeof(keys) / sizeof(keys[0]))], newline + 1, end);
	int fd = policy_build_text(&sources, "t.ini", rule, n, &faults);
	if (fd < 0)
		return 0;
	if (policy_open(fd, &p))
		abort();
	close(fd);
	compare_with_each(p, text, (size_t)(newline - text));
	policy_close(p);
	return 0;
}
