#ifndef TESTS_UNIT_RANDOM_POLICY_H
#define TESTS_UNIT_RANDOM_POLICY_H
/*
 * Policies and events by chance, for tests that compare two ways to judge. Few words, so that they meet often; every field, modifier and
 * kind of wildcard. The same seed gives the same policies and events.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "event/field.h"
#include "policy/given.h"
#include "policy/layout.h"

struct dice { uint64_t state; };
struct script { char text[65536]; size_t n; };

/* 0 to N - 1. */
static inline unsigned
roll(struct dice *d, unsigned n)
{
	d->state ^= d->state << 13;
	d->state ^= d->state >> 7;
	d->state ^= d->state << 17;
	return (unsigned)((d->state * 0x2545f4914f6cdd1dull) >> 33) % n;
}

static inline void
say(struct script *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline void
say(struct script *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(s->text + s->n, sizeof(s->text) - s->n, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof(s->text) - s->n)
		s->n += (size_t)n;
}

static const uint16_t random_kinds[] = { EVENT_EXEC, EVENT_EXEC, EVENT_OPEN, EVENT_WRITE, EVENT_CONNECT, EVENT_PTRACE, EVENT_EXIT };

static inline const char *
random_word(struct dice *d)
{
	static const char *const words[] = { "a", "b", "ab", "abc", "bin", "sh", "BASH", "bash", "tmp", "x.sh", "--token=1", "*", "[",
		"nginx", "\\", "curl", "evil.example", "a b", "" , "0123456789012345678901234567890123456789012345678901234567890123456789" };

	return words[roll(d, sizeof(words) / sizeof(words[0]))];
}

/* A path, or part of a text. */
static inline size_t
random_text(struct dice *d, bool path, char *out, size_t size)
{
	size_t n = 0;

	for (unsigned parts = 1 + roll(d, path ? 4 : 2), i = 0; i < parts; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", path ? "/" : i ? "/" : "", random_word(d));
	return n;
}

/* Quotes what would be a wildcard. */
static inline void
say_letter(struct script *s, char c)
{
	if (strchr("*?[]\\", c))
		say(s, "\\");
	say(s, c == '"' ? "\"\"" : "%c", c);
}

/* A value that such a text meets, by chance: parts of it, with wildcards in the place of others. */
static inline void
say_pattern(struct script *s, struct dice *d, bool path)
{
	char text[400];
	size_t n = random_text(d, path, text, sizeof(text)), begin = 0;
	bool wild = roll(d, 3) == 0;

	if (roll(d, 4) == 0) {
		begin = roll(d, (unsigned)n + 1);
		n = begin + roll(d, (unsigned)(n - begin) + 1);
	}
	say(s, "\"");
	for (size_t i = begin; i < n; i++) {
		if (wild && roll(d, 4) == 0) {
			static const char *const wildcards[] = { "*", "?", "**", "[a-f]", "[!x]", "*" };
			say(s, "%s", wildcards[roll(d, 6)]);
			i += roll(d, 3);
		} else {
			say_letter(s, text[i]);
		}
	}
	say(s, wild && roll(d, 2) ? "*\"" : "\"");
}

static inline void
say_value(struct script *s, struct dice *d, enum field f, const char *modifiers)
{
	static const char *const addresses[] = { "10.0.0.1", "10.0.1.1", "192.0.2.7", "::1", "fe80::1" };
	static const char *const networks[] = { "10.0.0.0/8", "10.0.0.0/24", "0.0.0.0/0", "fe80::/10", "::/0", "::1", "10.0.0.1" };

	switch (field_info(f)->type) {
	case TYPE_PATH: case TYPE_DIR: case TYPE_ANCESTORS:
		say_pattern(s, d, true);
		break;
	case TYPE_TEXT: case TYPE_LIST: case TYPE_JOINED: case TYPE_NAME: case TYPE_EXT: case TYPE_ANCESTOR_NAMES:
		say_pattern(s, d, false);
		break;
	case TYPE_I32: case TYPE_I64: case TYPE_U16: case TYPE_U32: case TYPE_U64: case TYPE_OCTAL:
		say(s, "%u", roll(d, 6));
		break;
	case TYPE_CLOCK:
		say(s, "%us", roll(d, 6));
		break;
	case TYPE_BIT:
		say(s, roll(d, 2) ? "true" : "false");
		break;
	case TYPE_HASH:
		say(s, "%064u", roll(d, 4));
		break;
	case TYPE_IP:
		say(s, "%s", *modifiers ? networks[roll(d, 7)] : addresses[roll(d, 5)]);
		break;
	}
}

static inline const char *
random_modifiers(struct dice *d, enum field f)
{
	static const char *const of_text[] = { "", "", "", "|contains", "|startswith", "|endswith", "|contains|all", "|nocase", "|contains|nocase",
		"|endswith|nocase|all", "|all", "|startswith|cased" };
	static const char *const of_number[] = { "", "", "|gt", "|gte", "|lt", "|lte" };

	if (field_is_text(field_info(f)->type))
		return of_text[roll(d, 12)];
	if (field_info(f)->type == TYPE_IP)
		return roll(d, 2) ? "|cidr" : "";
	return field_is_number(field_info(f)->type) && field_info(f)->type != TYPE_BIT ? of_number[roll(d, 6)] : "";
}

/* "FIELD|MODIFIERS = VALUES", a line. */
static inline void
say_test(struct script *s, struct dice *d)
{
	static const char *const expressions[] = { "^/a", "b.*[cx]", "(sh|curl)$", "\\d\\d", "^[^/]+$", "a|evil" };
	enum field f = (enum field)roll(d, FIELD__MAX), other = (enum field)roll(d, FIELD__MAX);
	const char *modifiers = random_modifiers(d, f), *name = field_info(f)->name;

	say(s, "%s", name);
	if (roll(d, 12) == 0) {
		say(s, "|exists = %s\n", roll(d, 2) ? "true" : "false");
	} else if (roll(d, 12) == 0 && layout_comparable(f, other) && field_info(f)->type != TYPE_BIT) {
		say(s, "|fieldref%s = %s\n", field_is_text(field_info(f)->type) && roll(d, 2) ? "|contains" : "", field_info(other)->name);
	} else if (field_is_text(field_info(f)->type) && roll(d, 10) == 0) {
		say(s, "|re%s = \"%s\"\n", roll(d, 2) ? "|i" : "", expressions[roll(d, 6)]);
	} else if (field_is_text(field_info(f)->type) && roll(d, 6) == 0) {
		say(s, "%s = @list%u\n", modifiers, roll(d, 3));
	} else {
		say(s, "%s = ", modifiers);
		say_value(s, d, f, modifiers);
		for (unsigned more = roll(d, 3); more; more--) {
			say(s, ", ");
			say_value(s, d, f, modifiers);
		}
		say(s, "\n");
	}
}

/* GROUP ends with a slash, or is empty. Now and then a condition that others have, too. */
static inline void
say_condition(struct script *s, struct dice *d, const char *group)
{
	static const char *const shared[] = { "process.args|endswith = h, a\n", "process.executable = /**\n", "process.ancestor.name|re = a\n",
		"user.id|lt = 4, 2\n", "process.command_line|contains = a, .\n" };

	say(s, "%s%s", roll(d, 5) ? "" : "not ", group);
	if (roll(d, 6) == 0)
		say(s, "%s", shared[roll(d, 5)]);
	else
		say_test(s, d);
}

static inline void
say_rule(struct script *s, struct dice *d, unsigned i)
{
	static const char *const expressions[] = { "a and b", "a or b", "a and not b", "not a", "not (a and b) or c", "1 of them", "all of them",
		"(a or b) and c", "a and (b or not c)", "not 1 of a*" };
	static const char *const reactions[] = { "deny", "deny, alert", "allow", "allow, log", "alert", "kill", "suspend, alert" };
	static const char *const severities[] = { "info", "low", "medium", "high", "critical" };
	bool heard = roll(d, 4) == 0;
	unsigned does = roll(d, 7);

	say(s, "[rule r%u]\non = %s\naction = %s\nseverity = %s\n", i, heard ? "connect, ptrace" : roll(d, 3) ? "exec" : "exec, open, write",
	    heard ? "alert" : reactions[does], severities[roll(d, 5)]);
	if (roll(d, 6) == 0)
		say(s, "mode = monitor\n");
	if (!heard && (does == 2 || does == 3)) {
		say(s, "user.id|lte = 3\n");	/* nobody chooses that */
		for (unsigned n = roll(d, 3); n; n--)
			say_condition(s, d, n == 2 ? "filter/" : "");
	} else if (roll(d, 3) == 0) {
		for (int g = 0; g < 3; g++)
			for (unsigned n = 1 + roll(d, 2); n; n--)
				say_condition(s, d, g == 0 ? "a/" : g == 1 ? "b/" : "c/");
		say(s, "condition = %s\n", expressions[roll(d, 10)]);
	} else {
		for (unsigned n = 1 + roll(d, 3); n; n--)
			say_condition(s, d, "");
		if (roll(d, 3) == 0)
			say_condition(s, d, "filter/");
	}
}

/* Most are accepted. */
static inline void
random_policy(struct script *s, struct dice *d, unsigned rules)
{
	s->n = 0;
	for (unsigned l = 0; l < 3; l++) {
		say(s, "[list list%u]\nvalues = \"/a\"", l);
		for (unsigned n = roll(d, 4); n; n--) {
			say(s, ", ");
			say_pattern(s, d, roll(d, 2));
		}
		say(s, "\n");
	}
	for (unsigned i = 0; i < rules; i++)
		say_rule(s, d, i);
	for (unsigned i = 0; i < 3; i++) {
		say(s, "[exception x%u]\nreason = r\nrules = %s\nprocess.pid|lte = %u\n", i, roll(d, 3) ? "r1*" : "*", roll(d, 4));
		if (roll(d, 2))
			say_condition(s, d, "");
	}
}

static inline void
set_random(struct event *ev, struct dice *d, enum field f)
{
	static struct script s;
	char why[100];

	s.n = 0;
	if (!field_is_text(field_info(f)->type))
		say_value(&s, d, f, "");
	else
		s.n = random_text(d, field_info(f)->type == TYPE_PATH || field_info(f)->type == TYPE_ANCESTORS, s.text, sizeof(s.text));
	(void)policy_event_set(ev, f, s.text, s.n, why, sizeof(why));	/* some follow from others, and cannot be set */
}

/* An event of which all is known that there is. */
static inline void
random_event(struct event *ev, struct dice *d)
{
	event_init(ev, (enum event_kind)random_kinds[roll(d, 7)], SENSOR_NOBODY);
	ev->wall_ns = 1;
	for (int f = 0; f < FIELD__MAX; f++) {
		enum field_type type = field_info((enum field)f)->type;
		for (unsigned n = type == TYPE_LIST || type == TYPE_ANCESTORS ? roll(d, 4) : roll(d, 8) != 0; n; n--)
			set_random(ev, d, (enum field)f);
	}
	if (roll(d, 6) == 0)
		ev->flags |= FLAG_ARGS_CUT << roll(d, 3);
}

#endif
