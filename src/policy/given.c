#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "policy/given.h"
#include "policy/scalar.h"

/* Where values are put: the same places that event/field.c reads. */
enum place { PLACE_TEXT_, PLACE_LIST_, PLACE_NUMBER_, PLACE_BIT_, PLACE_HASH_, PLACE_IP_, PLACE_ANCESTOR_, PLACE_DERIVED_ };
struct spot { enum place place; uint32_t at; size_t size; };

#define SPOT_TEXT(p)	{ PLACE_TEXT_, p, 0 }
#define SPOT_PATH(p)	{ PLACE_TEXT_, p, 0 }
#define SPOT_LIST(p)	{ PLACE_LIST_, p, 0 }
#define SPOT_JOINED(p)	{ PLACE_DERIVED_, 0, 0 }
#define SPOT_NAME(p)	{ PLACE_DERIVED_, 0, 0 }
#define SPOT_DIR(p)	{ PLACE_DERIVED_, 0, 0 }
#define SPOT_EXT(p)	{ PLACE_DERIVED_, 0, 0 }
#define SPOT_ANCESTORS(p)	{ PLACE_ANCESTOR_, 0, 0 }
#define SPOT_ANCESTOR_NAMES(p)	{ PLACE_DERIVED_, 0, 0 }
#define SPOT_NUMBER(p)	{ PLACE_NUMBER_, offsetof(struct event, p), sizeof(((struct event *)0)->p) }
#define SPOT_I32	SPOT_NUMBER
#define SPOT_I64	SPOT_NUMBER
#define SPOT_U16	SPOT_NUMBER
#define SPOT_U32	SPOT_NUMBER
#define SPOT_U64	SPOT_NUMBER
#define SPOT_OCTAL	SPOT_NUMBER
#define SPOT_CLOCK	SPOT_NUMBER
#define SPOT_BIT(p)	{ PLACE_BIT_, p, 0 }
#define SPOT_HASH(p)	{ PLACE_HASH_, 0, 0 }
#define SPOT_IP(p)	{ PLACE_IP_, offsetof(struct event, p) - offsetof(struct peer, addr), 0 }

static const struct spot spots[FIELD__MAX] = {
#define FIELD(id, name_, type_, place_, have_, scope_, choice_, help_) [FIELD_##id] = SPOT_##type_(place_),
#include "event/field.def"
#undef FIELD
};

static int
refuse(char *why, size_t n, const char *text)
{
	snprintf(why, n, "%s", text);
	return -EINVAL;
}

/* Elements of a list lie behind each other: unless the list is the last in the arena, a further one moves it there. */
static int
add_element(struct event *ev, enum event_text slot, const char *value, size_t len)
{
	char all[EVENT_ARENA];
	struct slice s = ev->text[slot];
	bool last = s.len && s.off + s.len == ev->used, ended = s.len == 0 || ev->arena[s.off + s.len - 1] == '\0';
	size_t n = s.len;

	if (n + len + 2 > sizeof(all))
		return -ENOSPC;
	memcpy(all, ev->arena + s.off, n);
	if (!ended)
		all[n++] = '\0';
	memcpy(all + n, value, len);
	all[n + len] = '\0';
	if (last)
		ev->used = s.off;
	int err = event_set(ev, slot, all, n + len + 1);
	if (err && last)
		ev->used = (uint16_t)(s.off + s.len);
	return err;
}

static int
set_number(struct event *ev, const struct spot *s, enum field_type type, const char *text, char *why, size_t n)
{
	int64_t v;

	if (scalar_number(type, text, &v)) {
		snprintf(why, n, "'%.60s' is not %s", text, scalar_number_help(type));
		return -EINVAL;
	}
	memcpy((char *)ev + s->at, &v, s->size);	/* little endian or 8 bytes: see the assertion */
	return 0;
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "set_number() writes the low bytes");

static int
set_address(struct peer *peer, const char *text, char *why, size_t n)
{
	size_t len;

	if (scalar_address(text, peer->addr, &len))
		return refuse(why, n, "is not an address");
	peer->family = len == 4 ? AF_INET : AF_INET6;
	return 0;
}

static int
set_spot(struct event *ev, enum field f, const char *text, size_t len, char *why, size_t n)
{
	const struct spot *s = &spots[f];

	switch (s->place) {
	case PLACE_TEXT_:
		return event_set(ev, (enum event_text)s->at, text, len);
	case PLACE_LIST_:
		if (add_element(ev, (enum event_text)s->at, text, len))
			return -ENOSPC;
		ev->args_count += f == FIELD_PROCESS_ARGS;
		return 0;
	case PLACE_NUMBER_:
		return set_number(ev, s, field_info(f)->type, text, why, n);
	case PLACE_BIT_:
		if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
			return refuse(why, n, "is not true or false");
		ev->flags = text[0] == 't' ? ev->flags | s->at : ev->flags & ~s->at;
		return 0;
	case PLACE_HASH_:
		return scalar_hash(text, ev->file.sha256) ? refuse(why, n, "is not a SHA-256: 64 hexadecimal digits") : 0;
	case PLACE_IP_:
		return set_address((struct peer *)((char *)ev + s->at), text, why, n);
	case PLACE_ANCESTOR_:
		return event_add_ancestor(ev, 0, 0, text, len);
	case PLACE_DERIVED_:
		break;
	}
	return refuse(why, n, "follows from another field: set that one");
}

int
policy_event_set(struct event *ev, enum field f, const char *value, size_t len, char *why, size_t n)
{
	char text[EVENT_ARGS_MAX];

	if (len >= sizeof(text))
		return refuse(why, n, "is too long");
	memcpy(text, value, len);
	text[len] = '\0';
	int err = set_spot(ev, f, text, len, why, n);
	if (err == -ENOSPC)
		snprintf(why, n, "does not fit into an event");
	if (!err)
		ev->have |= field_info(f)->have;
	return err;
}
