#include <stdio.h>
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
	static const char *const types[] = { [FILE_OTHER] = "other", [FILE_ELF] = "elf", [FILE_SCRIPT] = "script" };
	const struct hashed *h = hashes_find(g->hashes, &ev->file);

	if (!h)
		return;
	counter_add(g->setup.page, COUNTER_HASH_HITS, 1);
	memcpy(ev->file.sha256, h->sha256, sizeof(h->sha256));
	event_set_str(ev, TEXT_FILE_TYPE, types[h->type <= FILE_SCRIPT ? h->type : FILE_OTHER]);
	event_set(ev, TEXT_INTERPRETER, h->interpreter, h->interpreter_len);
	ev->have |= HAVE_HASH;
}

static void
put_hex(struct event *ev, enum event_text which, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * CONTENT_BUILD_ID];

	for (size_t i = 0; i < n; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	event_set(ev, which, text, 2 * n);
}

static void
put_content(struct gate *g, struct event *ev)
{
	const struct content *c = hashes_find(g->contents, &ev->file);

	if (!c)
		return;
	put_hex(ev, TEXT_MD5, c->md5, sizeof(c->md5));
	put_hex(ev, TEXT_SHA1, c->sha1, sizeof(c->sha1));
	put_hex(ev, TEXT_HEADER, c->header, c->header_len);
	put_hex(ev, TEXT_BUILD_ID, c->build_id, c->build_id_len);
	event_set(ev, TEXT_TLSH, c->tlsh, c->tlsh_len);
	event_set(ev, TEXT_LIBRARIES, c->libraries, c->libraries_len);
	ev->file.entropy = c->entropy;
	ev->flags |= (c->elf & CONTENT_STATIC ? FLAG_ELF_STATIC : 0) | (c->elf & CONTENT_STRIPPED ? FLAG_ELF_STRIPPED : 0) |
	    (c->elf & CONTENT_PACKED ? FLAG_ELF_PACKED : 0);
	ev->have |= HAVE_CONTENT;
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
