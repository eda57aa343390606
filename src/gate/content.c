#include <string.h>
#include "gate/content.h"

bool
content_remember(struct gate *g, const struct msg_scanned *s, size_t len)
{
	struct hashed h = { .type = s->type, .interpreter_len = (uint8_t)s->interpreter_len };

	if (s->error || s->changed || s->interpreter_len > sizeof(s->interpreter))
		return false;
	memcpy(h.sha256, s->file.sha256, sizeof(h.sha256));
	memcpy(h.interpreter, s->interpreter, s->interpreter_len);
	hashes_put(g->hashes, &s->file, &h);
	if (s->has_content && len == sizeof(*s) && content_sound(&s->content))
		hashes_put(g->contents, &s->file, &s->content);
	return true;
}

bool
content_times_tell(const struct event *ev)
{
	size_t len;
	const char *type = event_text(ev, TEXT_FILESYSTEM, &len);

	return event_only_root_writes(&ev->file) ||
	    (len && !(len == 5 && (memcmp(type, "tmpfs", 5) == 0 || memcmp(type, "ramfs", 5) == 0)));
}

static bool
just_scanned(const struct gate *g, const struct file *f)
{
	return g->scanned && event_file_same(&g->scanned->file, f);
}

static void
put_hash(struct gate *g, struct event *ev)
{
	const struct hashed *h = hashes_find(g->hashes, &ev->file);

	if (!h)
		return;
	counter_add(g->setup.page, COUNTER_HASH_HITS, 1);
	memcpy(ev->file.sha256, h->sha256, sizeof(h->sha256));
	content_tell_type(ev, (enum file_type)h->type, h->interpreter, h->interpreter_len);
	ev->have |= HAVE_HASH;
}

static void
put_content(struct gate *g, struct event *ev)
{
	const struct content *c = hashes_find(g->contents, &ev->file);

	if (c)
		content_tell(ev, c);
}

void
content_fetch(struct gate *g, uint32_t needs)
{
	struct event *ev = &g->report.event;
	uint32_t lacks = needs & ~ev->have;

	if (!(lacks & HAVE_SCANNED) || !(ev->have & HAVE_FILE) || (!just_scanned(g, &ev->file) && !content_times_tell(ev)))
		return;
	if (lacks & HAVE_HASH)
		put_hash(g, ev);
	if (lacks & HAVE_CONTENT)
		put_content(g, ev);
}
