#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include "event/field.h"

#define CHOICE_FREE	true
#define CHOICE_FIXED	false

static const struct field_info infos[FIELD__MAX] = {
#define FIELD(id, name_, type_, place_, have_, scope_, choice_, help_) [FIELD_##id] = { .name = name_, .type = TYPE_##type_, \
	.scope = SCOPE_##scope_, .free = CHOICE_##choice_, .have = have_, .help = help_ },
#include "event/field.def"
#undef FIELD
};

/* Where a field lives: a text slot, a flag bit, or the offset of a member. */
#define PLACE_TEXT(p)	(p)
#define PLACE_PATH(p)	(p)
#define PLACE_LIST(p)	(p)
#define PLACE_JOINED(p)	(p)
#define PLACE_NAME(p)	(p)
#define PLACE_DIR(p)	(p)
#define PLACE_EXT(p)	(p)
#define PLACE_BIT(p)	(p)
#define PLACE_OFFSET(p)	offsetof(struct event, p)
#define PLACE_ANCESTORS		PLACE_OFFSET
#define PLACE_ANCESTOR_NAMES	PLACE_OFFSET
#define PLACE_I32	PLACE_OFFSET
#define PLACE_I64	PLACE_OFFSET
#define PLACE_U16	PLACE_OFFSET
#define PLACE_U32	PLACE_OFFSET
#define PLACE_U64	PLACE_OFFSET
#define PLACE_OCTAL	PLACE_OFFSET
#define PLACE_CLOCK	PLACE_OFFSET
#define PLACE_HASH	PLACE_OFFSET
#define PLACE_IP	PLACE_OFFSET

static const uint32_t places[FIELD__MAX] = {
#define FIELD(id, name_, type_, place_, have_, scope_, choice_, help_) [FIELD_##id] = PLACE_##type_(place_),
#include "event/field.def"
#undef FIELD
};

const struct field_info *
field_info(enum field f)
{
	return &infos[f];
}

int
field_find(const char *name)
{
	for (int i = 0; i < FIELD__MAX; i++)
		if (strcmp(infos[i].name, name) == 0)
			return i;
	return -1;
}

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein distance of names of at most 63 bytes; longer ones are far from everything. */
static unsigned
distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned row[64];

	if (n > 63 || m > 63)
		return UINT_MAX;
	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned above = row[j];
			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[m];
}

const char *
field_nearest(const char *name)
{
	const char *best = NULL;
	unsigned least = 1 + (unsigned)strlen(name) / 3;

	for (int i = 0; i < FIELD__MAX; i++) {
		unsigned d = distance(name, infos[i].name);
		if (d <= least) {
			least = d ? d - 1 : 0;
			best = infos[i].name;
		}
	}
	return best;
}

bool
field_is_text(enum field_type t)
{
	return t <= TYPE_ANCESTOR_NAMES;
}

bool
field_is_number(enum field_type t)
{
	return t >= TYPE_I32 && t <= TYPE_BIT;
}

#define ON(kind)	(1ull << EVENT_##kind)

/* What only some kinds can say; everything else is known of any process. */
static const struct { uint32_t have; uint64_t kinds; } carriers[] = {
	{ HAVE_ENV, ON(EXEC) },
	{ HAVE_EXIT, ON(EXIT) },
	{ HAVE_FILE | HAVE_ATTRIBUTES, ON(EXEC) | ON(START) | ON(OPEN) | ON(WRITE) | ON(MOUNT) | ON(CREATE) | ON(RENAME) | ON(DELETE) |
		ON(CHMOD) | ON(MODIFY) | ON(LOAD) | ON(SCRIPT) | ON(RAW_READ) | ON(MEMFD) | ON(ACCOUNT) | ON(SERVICE) | ON(SCHEDULE) },
	{ HAVE_FILE_PREVIOUS, ON(RENAME) },
	{ HAVE_HASH | HAVE_CONTENT, ON(EXEC) | ON(OPEN) | ON(WRITE) | ON(CREATE) | ON(MODIFY) | ON(RENAME) | ON(CHMOD) | ON(LOAD) | ON(SCRIPT) },
	{ HAVE_PEER, ON(CONNECT) | ON(ACCEPT) | ON(LISTEN) | ON(BIND) | ON(DNS) },
	{ HAVE_TARGET, ON(PTRACE) | ON(KILL) },
	{ HAVE_MODULE, ON(MODULE) },
	{ HAVE_ACTION, ON(AGENT) },
	{ HAVE_SOURCE, ON(CONNECT) | ON(ACCEPT) | ON(DNS) | ON(LOGON) | ON(LOGOFF) | ON(LOGON_FAILED) },
	{ HAVE_DNS, ON(DNS) },
	{ HAVE_ACCOUNT, ON(LOGON) | ON(LOGOFF) | ON(LOGON_FAILED) | ON(ACCOUNT) | ON(SERVICE) | ON(SCHEDULE) },
	{ HAVE_CHANGE, ON(ACCOUNT) | ON(SERVICE) | ON(SCHEDULE) | ON(DEVICE) },
	{ HAVE_SCRIPT, ON(SCRIPT) },
	{ HAVE_SYSCALL, ~(ON(LOGON) | ON(LOGOFF) | ON(LOGON_FAILED)) },	/* programs tell of these, not the kernel */
};

uint32_t
field_carried(enum event_kind kind)
{
	bool audited = kind == EVENT_EXEC || event_kind_sensor(kind) == SENSOR_AUDIT;	/* audit tells of execs too */
	uint32_t have = HAVE_ALL & ~(audited ? 0u : (uint32_t)(HAVE_SYSCALL | HAVE_RESULT));

	for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++)
		if (!(carriers[i].kinds & 1ull << kind))
			have &= ~carriers[i].have;
	return have;
}

bool
field_on(enum field f, enum event_kind kind)
{
	return infos[f].have & field_carried(kind);
}

int
field_slot(enum field f)
{
	enum field_type t = infos[f].type;

	return field_is_text(t) && t != TYPE_ANCESTORS && t != TYPE_ANCESTOR_NAMES ? (int)places[f] : -1;
}

enum field_state
field_open(struct field_cursor *c, const struct event *ev, enum field f)
{
	c->ev = ev;
	c->field = f;
	c->at = 0;
	if (ev->have & infos[f].have)
		return FIELD_PRESENT;
	return (ev->tried & infos[f].have) ? FIELD_ABSENT : FIELD_UNKNOWN;
}

static struct value
last_part(const char *s, size_t len)
{
	const char *slash = len ? memrchr(s, '/', len) : NULL;

	if (!slash)
		return (struct value){ .text = s, .len = len };
	return (struct value){ .text = slash + 1, .len = len - (size_t)(slash + 1 - s) };
}

static struct value
directory(const char *s, size_t len)
{
	const char *slash = len ? memrchr(s, '/', len) : NULL;

	if (!slash)
		return (struct value){ .text = s, .len = 0 };
	return (struct value){ .text = s, .len = slash == s ? 1 : (size_t)(slash - s) };
}

static struct value
extension(const char *s, size_t len)
{
	struct value name = last_part(s, len);
	const char *dot = name.len ? memrchr(name.text, '.', name.len) : NULL;

	if (!dot || dot == name.text)
		return (struct value){ .text = name.text, .len = 0 };
	return (struct value){ .text = dot + 1, .len = name.len - (size_t)(dot + 1 - name.text) };
}

static bool
next_in_list(struct field_cursor *c, const char *s, size_t len, struct value *v)
{
	if (c->at >= len)
		return false;
	const char *end = memchr(s + c->at, '\0', len - c->at);
	size_t n = end ? (size_t)(end - (s + c->at)) : len - c->at;
	*v = (struct value){ .text = s + c->at, .len = n };
	c->at += n + 1;
	return true;
}

static bool
next_ancestor(struct field_cursor *c, bool name, struct value *v)
{
	if (c->at >= c->ev->ancestors)
		return false;
	struct slice s = c->ev->ancestor[c->at++].executable;
	*v = (struct value){ .text = c->ev->arena + s.off, .len = s.len };
	if (name)
		*v = last_part(v->text, v->len);
	return true;
}

/* A list as one string: NUL between arguments reads as a blank. */
static struct value
joined(struct field_cursor *c, const char *s, size_t len)
{
	if (len && s[len - 1] == '\0')
		len--;
	for (size_t i = 0; i < len; i++)
		c->joined[i] = s[i] ? s[i] : ' ';
	return (struct value){ .text = c->joined, .len = len };
}

static int64_t
number(const struct event *ev, enum field_type type, uint32_t place)
{
	const char *at = (const char *)ev + place;
	int32_t i32;
	int64_t i64;
	uint16_t u16;
	uint32_t u32;

	switch (type) {
	case TYPE_I32:
		memcpy(&i32, at, sizeof(i32));
		return i32;
	case TYPE_U16:
		memcpy(&u16, at, sizeof(u16));
		return u16;
	case TYPE_U32:
		memcpy(&u32, at, sizeof(u32));
		return u32;
	case TYPE_OCTAL:
		memcpy(&u32, at, sizeof(u32));
		return u32 & 07777;
	case TYPE_I64: case TYPE_U64: case TYPE_CLOCK:
		memcpy(&i64, at, sizeof(i64));
		return i64;
	case TYPE_BIT:
		return (ev->flags & place) != 0;
	case TYPE_TEXT: case TYPE_PATH: case TYPE_LIST: case TYPE_JOINED: case TYPE_NAME: case TYPE_DIR: case TYPE_EXT:
	case TYPE_ANCESTORS: case TYPE_ANCESTOR_NAMES: case TYPE_HASH: case TYPE_IP:
		break;
	}
	return 0;
}

static struct value
bytes(const struct event *ev, enum field_type type, uint32_t place)
{
	const struct peer *peer = place == offsetof(struct event, source.addr) ? &ev->source : &ev->peer;
	size_t len = type == TYPE_HASH ? 32 : peer->family == AF_INET6 ? 16 : 4;

	return (struct value){ .text = (const char *)ev + place, .len = len };
}

bool
field_next(struct field_cursor *c, struct value *v)
{
	enum field_type type = infos[c->field].type;
	uint32_t place = places[c->field];

	if (type == TYPE_ANCESTORS || type == TYPE_ANCESTOR_NAMES)
		return next_ancestor(c, type == TYPE_ANCESTOR_NAMES, v);
	size_t len = 0;
	const char *s = field_is_text(type) ? event_text(c->ev, (enum event_text)place, &len) : NULL;
	if (type == TYPE_LIST)
		return next_in_list(c, s, len, v);
	if (c->at++)
		return false;
	if (type == TYPE_TEXT || type == TYPE_PATH)
		*v = (struct value){ .text = s, .len = len };
	else if (type == TYPE_NAME)
		*v = last_part(s, len);
	else if (type == TYPE_DIR)
		*v = directory(s, len);
	else if (type == TYPE_EXT)
		*v = extension(s, len);
	else if (type == TYPE_JOINED)
		*v = joined(c, s, len);
	else if (field_is_number(type))
		*v = (struct value){ .number = number(c->ev, type, place) };
	else
		*v = bytes(c->ev, type, place);
	return true;
}
