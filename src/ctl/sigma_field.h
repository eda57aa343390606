#ifndef CTL_SIGMA_FIELD_H
#define CTL_SIGMA_FIELD_H
/*
 * What a log source of Sigma is on this host: one or more kinds of events. A rule is seen as each of them in turn, and what it asks
 * for is true, false, a test, or cannot be said there.
 */
#include "ctl/sigma_value.h"
#include "event/event.h"

/* Where the names of fields come from. */
enum sigma_class {
	SIGMA_PROCESS = 1 << 0, SIGMA_FILE = 1 << 1, SIGMA_NET = 1 << 2, SIGMA_DNS = 1 << 3, SIGMA_ACCESS = 1 << 4, SIGMA_AUDIT = 1 << 5,
};
/* Which records of audit an event stands for. */
enum sigma_record { SIGMA_REC_EXEC, SIGMA_REC_CALL, SIGMA_REC_PATH, SIGMA_REC_USER };

#define SIGMA_BIT(kind)	(1ull << EVENT_##kind)
/* What happens to files is seen only where rules name places. */
#define SIGMA_WATCHED	(SIGMA_BIT(OPEN) | SIGMA_BIT(WRITE) | SIGMA_BIT(CREATE) | SIGMA_BIT(RENAME) | SIGMA_BIT(DELETE) | SIGMA_BIT(CHMOD))

struct sigma_view {
	struct sigma_import *imp;
	struct sigma_rule *rule;
	enum sigma_class class;
	enum sigma_record record;	/* of AUDIT */
	uint64_t	 kinds;
	const char	*type;		/* of AUDIT: `type` of the map that is looked at; NULL: it has none */
	struct sigma_lines *left;
	struct sigma_logic *groups;	/* those that were detected already, below a node */
};
#define SIGMA_VIEWS_MAX 24

/* All ways in which the rule can be seen; how many. 0: none, and WHY says so. */
unsigned sigma_views(struct sigma_import *, struct sigma_rule *, struct sigma_view out[static SIGMA_VIEWS_MAX], const char **why);
/* The same for service auditd. */
unsigned sigma_audit_views(struct sigma_import *, struct sigma_rule *, struct sigma_view out[static SIGMA_VIEWS_MAX]);

/* Our field of that name of Sigma; NULL: there is none. */
const char *sigma_field_name(const struct sigma_view *, const char *name);
/* What texts anywhere in the event are looked for in; NULL: nothing would be it. */
const char *sigma_field_of_keywords(const struct sigma_view *);
/* One entry of a map. FIELD and MODS are what its key says. */
struct sigma_logic *sigma_item(const struct sigma_view *, const char *field, const struct sigma_mods *, const struct sigma_tree *values);
/* The same for what only records of audit have; NULL: it is nothing of that kind. */
struct sigma_logic *sigma_audit_item(const struct sigma_view *, const char *field, const struct sigma_mods *,
	const struct sigma_tree *values);
/* The arguments a0, a1, ... of a map, together: what is at its place in the command line, and what is somewhere. NULL: there are none. */
struct sigma_logic *sigma_audit_arguments(const struct sigma_view *, const struct sigma_tree *map);
/* The number of a field a0, a1, ...; -1: it is none. */
int	sigma_argument(const char *field);

/* Keys of audit's rules (`-k`): the logic of a key, and the kinds of events that it can stand for. */
struct sigma_logic *sigma_key_logic(const struct sigma_view *, const struct sigma_tree *values);
uint64_t sigma_key_kinds(struct sigma_import *, const struct sigma_rule *, const struct sigma_tree *values);
/* What the rule's definition or its tags say of files: read, or changed. */
uint64_t sigma_touch_kinds(struct sigma_import *, const struct sigma_rule *);

/* CANNOT, because of a formatted reason. */
struct sigma_logic *sigma_cannot(const struct sigma_view *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct sigma_logic *sigma_constant(const struct sigma_view *, bool truth);

/* `detection` of the view's rule as logic: CONDITION, whose blocks are empty, with what the blocks hold. */
struct sigma_logic *sigma_detect(const struct sigma_view *, const struct sigma_logic *condition);
/* A group of a detection. */
struct sigma_logic *sigma_detect_group(const struct sigma_view *, const struct sigma_tree *group, bool all);

#endif
