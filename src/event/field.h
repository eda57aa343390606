#ifndef EVENT_FIELD_H
#define EVENT_FIELD_H
/* Reading an event by ECS field name: the one table behind parser, judge, records and manual. */
#include "event/event.h"

enum field {
#define FIELD(id, ...) FIELD_##id,
#include "event/field.def"
#undef FIELD
	FIELD__MAX
};

/* A bit for each field. */
__extension__ typedef unsigned __int128 field_mask;
#define FIELD_BIT(f)	((field_mask)1 << (f))
_Static_assert(FIELD__MAX <= 128, "a bit for each field");

enum field_type {
	TYPE_TEXT, TYPE_PATH, TYPE_LIST, TYPE_JOINED, TYPE_NAME, TYPE_DIR, TYPE_EXT,
	TYPE_ANCESTORS, TYPE_ANCESTOR_NAMES,
	TYPE_I32, TYPE_I64, TYPE_U16, TYPE_U32, TYPE_U64, TYPE_OCTAL, TYPE_CLOCK, TYPE_BIT,
	TYPE_HASH, TYPE_IP
};
enum field_scope { SCOPE_OBJECT, SCOPE_SUBJECT, SCOPE_EVENT };

struct field_info {
	const char	*name;
	enum field_type	 type;
	enum field_scope scope;
	bool		 free;		/* an attacker can set it at will */
	uint32_t	 have;		/* presence bit, enum event_have */
	const char	*help;
};

const struct field_info *field_info(enum field);
/* The field named so, or -1. */
int	field_find(const char *name);
/* The known name nearest to a wrong one, for "did you mean", or NULL. */
const char *field_nearest(const char *name);
/* How values look to conditions: text (bytes), number, or bytes of a hash or address. */
bool	field_is_text(enum field_type);
bool	field_is_number(enum field_type);
/* What an event of this kind can say at all: bits of enum event_have. What is not among them no sensor ever says. */
uint32_t field_carried(enum event_kind);
bool	field_on(enum field, enum event_kind);
/* The text of the event that it is read from, or -1. Fields of the same text follow from each other. */
int	field_slot(enum field);

/* One value of a field. */
struct value {
	const char	*text;		/* text, hash (32 bytes) or address (4 or 16 bytes) */
	size_t		 len;
	int64_t		 number;
};

enum field_state { FIELD_PRESENT, FIELD_ABSENT, FIELD_UNKNOWN };

/* Cursor over the values of one field: several for lists and ancestors. */
struct field_cursor {
	const struct event *ev;
	enum field	 field;
	size_t		 at;
	char		 joined[EVENT_ARENA];	/* scratch of JOINED; only touched for it */
};

/* Starts; tells whether there are values, whether there are none, or whether they were not fetched yet. */
enum field_state field_open(struct field_cursor *, const struct event *, enum field);
/* The next value, false when there is none. Valid while event and cursor live. */
bool	field_next(struct field_cursor *, struct value *);

#endif
