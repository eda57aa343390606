#ifndef POLICY_LAYOUT_H
#define POLICY_LAYOUT_H
/*
 * A compiled policy: one block without pointers. Behind the header lie tables; every reference is an index into one of them,
 * every string an offset into `strings`. policy_open() proves all of it, so the judge need not. For judge and policy only.
 */
#include "event/field.h"
#include "event/verdict.h"
#include "policy/index.h"
#include "policy/policy.h"
#include "policy/regex.h"

#define LAYOUT_MAGIC	0x31747465596c6f50ull
#define LAYOUT_VERSION	8
#define RULES_MAX	32000		/* struct verdict holds an index in 16 signed bits */
#define GROUPS_MAX	64		/* of one rule: a bit each */
#define OPS_MAX		512
#define STACK_MAX	64		/* depth of a condition expression */

enum l_test { L_VALUES, L_RANGE, L_EXISTS, L_FIELD, L_TEST__MAX };
enum l_how { L_EQUALS, L_CONTAINS, L_STARTS, L_ENDS, L_HOW__MAX };	/* of L_FIELD */
enum l_flag {
	L_NOT		= 1 << 0,
	L_ALL		= 1 << 1,	/* every value must be met, by whichever element */
	L_NOCASE	= 1 << 2,	/* values are in lower case; so is made what is compared */
};
/* In order of cost. */
enum l_kind { L_PREFIX, L_SUFFIX, L_NETWORK, L_SUBSTRING, L_GLOB_PATH, L_GLOB_TEXT, L_REGEX, L_KIND__MAX };

struct span { uint32_t off, n; };			/* bytes from the start of the block, elements */
struct l_text { uint32_t off, len; };			/* into strings; a NUL follows */
/* HEAD, TAIL: literal bytes a glob begins and ends with; HEAD: bits of a network; index of a regular expression. UP: see l_set. */
struct l_pattern { struct l_text text; uint16_t kind, head, tail, unused; uint32_t up; };
struct l_regex { struct l_text text; uint32_t flags; };	/* enum regex_flag */
struct l_range { int64_t lo, hi; };
/*
 * Values of a condition; exact ones sorted by length, then bytes. Of many patterns, the first N_HEADS are sorted by the letters, or bits,
 * that they begin with, N_TAILS after them by those that they end with, read backwards. UP places before one stands the next whose key its
 * own key begins with; 0: none. So all that a text can meet are up from the last one that is not behind it. Ranges rise and do not overlap.
 */
struct l_set { uint32_t exact, n_exact, pattern, n_pattern, range, n_range, n_heads, n_tails; };
struct l_condition {
	uint16_t	field;		/* enum field */
	uint8_t		test, flags;	/* enum l_test, enum l_flag */
	uint32_t	arg;		/* set; wanted truth of EXISTS; other field of FIELD, its enum l_how << 16 */
	uint32_t	key, values;	/* strings, as written */
	uint32_t	line;
	uint32_t	same;		/* the first condition that says the same */
};
struct l_group { uint32_t name, condition, n_conditions; };	/* cheapest first */
/* Groups joined by a postfix program: an index below n_groups pushes that group. */
#define OP_AND	0xffffff01u
#define OP_OR	0xffffff02u
#define OP_NOT	0xffffff03u
struct l_logic { uint32_t group, n_groups, op, n_ops; };
struct l_rule {
	uint64_t	kinds;
	uint32_t	name, ruleset, description, message, technique, file, line;
	struct l_logic	logic;
	uint32_t	ref, n_refs;	/* exceptions */
	uint32_t	feed, n_feeds;	/* refs: correlations that count its matches */
	uint32_t	correlation;	/* 1 + index: it is one, and has no logic of its own; 0: a rule */
	uint32_t	ask, n_asks;	/* places that it alone asks about */
	uint32_t	labels;		/* that it gives, a bit each */
	uint16_t	actions;
	uint8_t		severity, mode;	/* mode: in force */
	uint8_t		wanted;		/* enum mode: what its file asks for, whatever the mode of the agent */
};
/* What must have happened how often, or in which order, within a time, for the rule RULE to match. */
struct l_correlation {
	uint64_t	timespan_ns, window_ns, learn_ns;	/* the last two of NEW_TERMS */
	uint64_t	id;		/* of its definition: its state lives as long as that */
	uint32_t	rule;
	uint32_t	ref, n_refs;	/* refs: rules, in the order written */
	uint32_t	by, n_by;	/* refs: enum field, or enum l_by */
	uint32_t	count;		/* from so many on */
	uint32_t	field;		/* of VALUE_COUNT: enum field */
	uint32_t	type;		/* enum l_type */
};
enum l_type { L_EVENT_COUNT, L_VALUE_COUNT, L_TEMPORAL, L_TEMPORAL_ORDERED, L_NEW_TERMS, L_TYPE__MAX };
/* What no event carries as a field of its own. */
enum l_by { L_BY_ENTITY = 0x10000, L_BY_PARENT_ENTITY, L_BY_TREE, L_BY_SESSION, L_BY_HOST, L_BY__END };
#define CORRELATIONS_MAX	256
#define CORRELATION_RULES	16	/* in one */
#define CORRELATION_BY		8
#define CORRELATION_VALUES	64	/* counted apart by VALUE_COUNT */
struct l_exception {
	uint64_t	expires_ns;	/* wall; 0 never */
	uint32_t	name, reason, expires, file, line;
	struct l_logic	logic;
};
struct l_place { uint32_t kind, path, events; };	/* enum watch_kind, string, enum watch_event */
/* A section as it was written, "key = value" a line; kind is a string, such as "rule". USED: of lists, that some condition needs it. */
struct l_section { uint32_t kind, name, file, line, text, used; };
struct l_file { uint32_t path, hash; };	/* that it was made of; hash: SHA-256 in hex, a string */
struct l_name { uint32_t id, name; };
struct l_loader { uint64_t dev, ino; };

/* TABLE(member, element); in order of alignment. */
#define LAYOUT_TABLES(TABLE) \
	TABLE(correlations, struct l_correlation) TABLE(rules, struct l_rule) TABLE(exceptions, struct l_exception) \
	TABLE(ranges, struct l_range) TABLE(loaders, struct l_loader) TABLE(lanes, struct l_lane) TABLE(groups, struct l_group) \
	TABLE(conditions, struct l_condition) TABLE(sets, struct l_set) TABLE(texts, struct l_text) \
	TABLE(patterns, struct l_pattern) TABLE(regexes, struct l_regex) TABLE(ops, uint32_t) TABLE(refs, uint32_t) \
	TABLE(kinds, struct l_crowd) TABLE(loose, struct l_crowd) TABLE(seekers, struct l_crowd) TABLE(crowds, struct l_crowd) \
	TABLE(members, uint32_t) TABLE(clues, struct l_clue) TABLE(heads, uint32_t) \
	TABLE(places, struct l_place) TABLE(asks, struct l_place) TABLE(sections, struct l_section) TABLE(files, struct l_file) \
	TABLE(labels, uint32_t) TABLE(users, struct l_name) TABLE(user_groups, struct l_name) TABLE(strings, char)

struct policy {
	uint64_t	magic;
	uint32_t	version, fields, events;	/* LAYOUT_VERSION, FIELD__MAX, EVENT__MAX of the compiler */
	uint32_t	size;				/* bytes of the block */
	uint64_t	asked;				/* bit per kind that some rule names */
	uint64_t	regex_bytes;			/* of all regular expressions, compiled */
	char		hash[72];
	uint8_t		mode, exec_default, open_default, unused;
#define TABLE(member, type) struct span member;
	LAYOUT_TABLES(TABLE)
#undef TABLE
};

#define TABLE(member, type) \
	static inline const type * \
	layout_##member(const struct policy *p) \
	{ \
		return (const type *)(const void *)((const char *)p + p->member.off); \
	}
LAYOUT_TABLES(TABLE)
#undef TABLE

static inline const char *
layout_string(const struct policy *p, uint32_t off)
{
	return layout_strings(p) + off;
}

/* May L_FIELD compare them: both text, or both numbers? */
static inline bool
layout_comparable(enum field a, enum field b)
{
	enum field_type x = field_info(a)->type, y = field_info(b)->type;

	return field_is_text(x) ? field_is_text(y) : field_is_number(x) && field_is_number(y);
}

/* Is all of this block as it must be? SIZE bytes, aligned to 8. */
bool	layout_check(const struct policy *, size_t size);

#endif
