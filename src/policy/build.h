#ifndef POLICY_BUILD_H
#define POLICY_BUILD_H
/* A compilation under way: from a draft to the tables of the block. */
#include "policy/draft.h"
#include "policy/layout.h"

/* What is done to processes, whatever the answer is. */
#define REACTIONS	(ACTION_KILL | ACTION_KILL_PARENT | ACTION_KILL_TREE | ACTION_SUSPEND)

struct build {
	struct draft	d;
	const struct policy_sources *sources;
	struct names	known_sets, known_strings, known_regexes;	/* what was compiled already: shared, not copied */
	uint64_t	regex_bytes;
	struct logic	*logic;		/* scratch of logic_compile(): large, for one section after the other */
#define TABLE(member, type) struct table member;
	LAYOUT_TABLES(TABLE)
#undef TABLE
};

/* A string of the block; the same text has one place. */
uint32_t build_string(struct build *, const char *s);
/* Bytes of the block, with a NUL behind them. */
struct l_text build_text(struct build *, const char *s, size_t len);

/* Compiles one condition of a section into C. False, with a fault, when it means nothing. */
struct term { const char *group; size_t group_len; struct l_condition condition; };
bool	term_compile(struct build *, struct draft_section *, struct draft_key *, struct term *);

/* All conditions of a section, and how `condition` joins their groups. False with faults. */
bool	logic_compile(struct build *, struct draft_section *, struct l_logic *);
/* Keys of a section that are not conditions, ended by NULL. */
const char *const *logic_settings(const struct draft_section *);
/*
 * What must hold for it to hold: groups that IS accepts, a bit each, one of which is true whenever the whole is. 0: there is no such
 * choice. Of all choices, one with few groups.
 */
typedef bool logic_group_fn(const struct build *, const struct l_group *);
uint64_t logic_rests_on(const struct build *, const struct l_logic *, logic_group_fn *is);

/* The values of a condition as a set: @lists expanded. */
enum value_as { AS_PATH, AS_TEXT, AS_NUMBER, AS_BIT, AS_HASH, AS_ADDRESS };
enum value_how { HOW_EQUALS, HOW_CONTAINS, HOW_STARTS, HOW_ENDS, HOW_GT, HOW_GTE, HOW_LT, HOW_LTE, HOW_BASE64, HOW_CIDR,
	HOW_REGEX };
/* FLAGS: enum regex_flag. */
struct set_spec { enum field_type type; enum value_as as; enum value_how how; bool nocase; unsigned flags; };
bool	set_compile(struct build *, struct draft_section *, struct draft_key *, const struct set_spec *, uint32_t *set);

/* The labels that `label` gives, a bit each; faults for what is no name, and for too many. */
uint32_t build_labels(struct build *, struct draft_section *);

/* What rules and correlations have in common: names and texts, actions, mode, severity. */
void	build_common(struct build *, struct draft_section *, struct l_rule *);
/* The values of a key that must be there and have some; NULL with a fault. LACK says what an absent key leaves open. */
struct draft_value *build_needed(struct build *, struct draft_section *, const char *key, const char *lack);
/* The events of `on`, a bit each; faults for those that do not exist or that nobody reports. */
uint64_t build_kinds(struct build *, struct draft_section *);
/* Faults for keys that nobody has asked for; KNOWN, ended by NULL, are for the hint. */
void	build_unknown_keys(struct build *, struct draft_section *, const char *const *known);
/* Faults for actions and labels of a rule that are not possible on all of KINDS. */
void	build_check_actions(struct build *, struct draft_section *, uint64_t kinds, const struct l_rule *);

/* A [correlation]: first on its own, then, when all rules are in order, joined with those that it names. */
void	correlation_compile(struct build *, struct draft_section *);
void	correlation_join(struct build *);
/* Does any name this rule? */
bool	correlation_names(struct build *, const char *rule);

/* Rules, exceptions, index, places, names of users: everything but the tests. */
int	build_tables(struct build *);
void	build_places(struct build *);
/* Which rules an event asks (policy/index.h). */
void	build_index(struct build *);
/* The sections as they were written, for whoever compares; the files, for whoever asks what they were. */
void	build_sections(struct build *);
int	build_snapshot(struct build *);
/* From now on nobody can change the block. */
int	build_seal(int fd);
/* The [test] sections against the compiled policy. */
void	build_tests(struct build *, const struct policy *);

#endif
