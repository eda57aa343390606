#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ctl/recall.h"
#include "ctl/store.h"
#include "ctl/view.h"
#include "policy/given.h"
#include "policy/scalar.h"

/* Flags that say that a value not found proves nothing, and the members whose cutting in the record means the same. */
static const struct { const char *name; uint32_t flag; } cuts[] = {
	{ "args-cut", FLAG_ARGS_CUT }, { "process.args", FLAG_ARGS_CUT }, { "process.parent.args", FLAG_ARGS_CUT },
	{ "process.env_vars", FLAG_ARGS_CUT }, { "ancestry-cut", FLAG_ANCESTRY_CUT }, { "process.ancestor.executable", FLAG_ANCESTRY_CUT },
	{ "path-cut", FLAG_PATH_CUT }, { "process.executable", FLAG_PATH_CUT }, { "process.parent.executable", FLAG_PATH_CUT },
	{ "process.previous.executable", FLAG_PATH_CUT }, { "file.path", FLAG_PATH_CUT }, { "file.previous.path", FLAG_PATH_CUT },
	{ "write-unsure", FLAG_WRITE_UNSURE }, { "notified", FLAG_NOTIFIED }, { "loader", FLAG_LOADER },
};

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes \xNN (alert/json.h). OUT has room for as many bytes as S. Returns the length. */
static size_t
bytes_of(const char *s, char *out)
{
	size_t n = 0;

	for (; *s; s++) {
		bool escaped = s[0] == '\\' && s[1] == 'x' && hex(s[2]) >= 0 && hex(s[3]) >= 0;
		out[n++] = (char)(escaped ? hex(s[2]) << 4 | hex(s[3]) : *s);
		s += escaped ? 3 : 0;
	}
	return n;
}

/* Numbers that may be larger than any that a condition can name: their upper half reads as negative, here as in the gate. */
static bool
set_large(struct event *ev, enum field f, const char *text)
{
	uint64_t *place = f == FIELD_SYSCALL_ARG0 ? &ev->syscall_arg0 : f == FIELD_FILE_SIZE ? &ev->file.size :
	    f == FIELD_FILE_INODE ? &ev->file.ino : NULL;

	if (!place || scalar_unsigned(text, UINT64_MAX, place))
		return false;
	ev->have |= field_info(f)->have;
	return true;
}

/* False: no event can hold it. */
static bool
set_one(struct event *ev, enum field f, const json_t *value)
{
	char text[4 * EVENT_ARGS_MAX], why[256];	/* any byte may stand there as \xNN */
	size_t len;

	if (json_is_integer(value)) {
		len = (size_t)snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
	} else if (json_is_boolean(value)) {
		len = (size_t)snprintf(text, sizeof(text), "%s", json_is_true(value) ? "true" : "false");
	} else if (json_is_string(value) && json_string_length(value) < sizeof(text)) {
		len = bytes_of(json_string_value(value), text);
		text[len] = '\0';
	} else {
		return false;
	}
	return policy_event_set(ev, f, text, len, why, sizeof(why)) == 0 || set_large(ev, f, text);
}

static unsigned
set_ancestors(struct event *ev, const json_t *list)
{
	const json_t *one;
	unsigned left_out = 0;
	size_t i;

	if (json_is_array(list))
		ev->have |= HAVE_ANCESTORS;
	json_array_foreach(list, i, one)
		left_out += !set_one(ev, FIELD_ANCESTOR_EXECUTABLE, json_object_get(one, "executable"));
	return left_out;
}

/* What ECS has no name for is under `yett`, and groups are where ECS has them; NULL: the record has no such field. */
static const json_t *
find_field(const json_t *record, enum field f)
{
	const char *name = f == FIELD_GROUP_ID ? "user.group.id" : f == FIELD_GROUP_NAME ? "user.group.name" : field_info(f)->name;
	const json_t *value = store_get(record, name);
	char own[128];

	snprintf(own, sizeof(own), "yett.%s", name);
	return value ? value : store_get(record, own);
}

/* Follows from another field, or is said in another clock; the action is the kind where yett does not tell of itself. */
static bool
derived(enum field f)
{
	enum field_type t = field_info(f)->type;

	return f == FIELD_AGENT_ACTION || t == TYPE_NAME || t == TYPE_DIR || t == TYPE_EXT || t == TYPE_JOINED || t == TYPE_ANCESTORS ||
	    t == TYPE_ANCESTOR_NAMES || t == TYPE_CLOCK;
}

static unsigned
set_fields(struct event *ev, const json_t *record)
{
	unsigned left_out = 0;

	for (int f = 0; f < FIELD__MAX; f++) {
		const json_t *value = find_field(record, (enum field)f), *one;
		size_t i;
		if (!value || derived((enum field)f))
			continue;
		if (field_info((enum field)f)->type != TYPE_LIST)
			left_out += !set_one(ev, (enum field)f, value);
		json_array_foreach(value, i, one)
			left_out += !set_one(ev, (enum field)f, one);
	}
	return left_out;
}

static void
set_flags(struct event *ev, const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		for (size_t k = 0; k < sizeof(cuts) / sizeof(cuts[0]); k++)
			if (json_is_string(one) && strcmp(json_string_value(one), cuts[k].name) == 0)
				ev->flags |= cuts[k].flag;
}

bool
recall(struct event *ev, const json_t *record, unsigned *left_out)
{
	int kind = view_kind(record);
	int64_t mono_ns = 0;

	if (kind < 0 || kind == EVENT_AGENT)
		return false;
	event_init(ev, (enum event_kind)kind, event_kind_sensor((enum event_kind)kind));
	ev->id = strtoull(store_text(record, "event.id"), NULL, 16);
	ev->wall_ns = store_time(record);
	if (store_number(record, "yett.mono", &mono_ns))
		ev->boot_ns = (uint64_t)mono_ns;
	*left_out = set_fields(ev, record) + set_ancestors(ev, store_get(record, "yett.process.ancestor"));
	set_flags(ev, store_get(record, "yett.flags"));
	set_flags(ev, store_get(record, "yett.truncated"));
	return true;
}
