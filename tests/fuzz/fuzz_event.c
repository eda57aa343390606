/* An event from another process: what event_from_wire() lets pass can be read, field by field, and be passed on. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "event/field.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct event ev, copy;
static struct field_cursor cursor;

static int
inside(const void *p, size_t len, const void *object, size_t size)
{
	uintptr_t at = (uintptr_t)p, start = (uintptr_t)object;

	return at >= start && len <= size && at - start <= size - len;
}

static void
read_field(enum field f)
{
	bool text = field_is_text(field_info(f)->type);
	unsigned values = 0;
	struct value v;

	if (field_open(&cursor, &ev, f) != FIELD_PRESENT)
		return;
	while (memset(&v, 0, sizeof(v)), field_next(&cursor, &v)) {
		if (v.len && !inside(v.text, v.len, &ev, event_wire_size(&ev)) && !inside(v.text, v.len, cursor.joined, sizeof(cursor.joined)))
			abort();
		if (text && ++values > ev.used + EVENT_ANCESTORS + 1u)
			abort();	/* a list that never ends */
	}
	if (field_next(&cursor, &v))
		abort();
}

static void
take(const void *bytes, size_t size)
{
	if (event_from_wire(&ev, bytes, size))
		return;
	if (event_wire_size(&ev) != size || event_from_wire(&copy, &ev, size) || memcmp(&copy, &ev, size) != 0)
		abort();
	for (int f = 0; f < FIELD__MAX; f++)
		read_field((enum field)f);
	if (event_kind_find(event_kind_name((enum event_kind)ev.kind)) != ev.kind)
		abort();
	event_file_flags(&ev);
	if (event_from_wire(&copy, &ev, size))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t whole[sizeof(struct event)];
	const size_t head = offsetof(struct event, arena);

	take(data, size);
	if (size < head || size > sizeof(whole))
		return 0;
	/* A length that fits is hard to guess: here it does. */
	uint16_t used = (uint16_t)(size - head);
	memcpy(whole, data, size);
	memcpy(whole + offsetof(struct event, used), &used, sizeof(used));
	take(whole, size);
	return 0;
}
