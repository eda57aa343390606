#include <string.h>
#include "watch/caller.h"

#define KEPT (HAVE_PROCESS | HAVE_USER | HAVE_AUID | HAVE_ARGS | HAVE_COMM)

/* Bytes kept of a text; more than SIZE: those, and *CUT. */
static uint16_t
keep_text(const struct event *ev, enum event_text which, char *out, size_t size, bool *cut)
{
	size_t len;
	const char *s = event_text(ev, which, &len);

	*cut = len > size;
	len = *cut ? size : len;
	memcpy(out, s, len);
	return (uint16_t)len;
}

void
caller_take(struct caller *c, const struct event *ev)
{
	bool cut;

	*c = (struct caller){ .process = ev->process, .have = ev->have & KEPT, .flags = ev->flags & FLAG_ARGS_CUT, .args_count = ev->args_count };
	c->exe_len = keep_text(ev, TEXT_EXECUTABLE, c->exe, sizeof(c->exe), &cut);
	if (cut)
		c->exe_len = 0;
	c->comm_len = keep_text(ev, TEXT_COMM, c->comm, sizeof(c->comm), &cut);
	c->args_len = keep_text(ev, TEXT_ARGS, c->args, sizeof(c->args), &cut);
	if (cut)
		c->flags |= FLAG_ARGS_CUT;
}

void
caller_put(const struct caller *c, struct event *ev)
{
	ev->process = c->process;
	ev->flags |= c->flags;
	ev->args_count = c->args_count;
	event_set(ev, TEXT_EXECUTABLE, c->exe, c->exe_len);
	event_set(ev, TEXT_COMM, c->comm, c->comm_len);
	event_set(ev, TEXT_ARGS, c->args, c->args_len);
	ev->have |= c->exe_len ? c->have : c->have & ~(uint32_t)HAVE_PROCESS;
}
