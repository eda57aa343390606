#include <string.h>
#include "alert/anchor.h"
#include "alert/recover.h"
#include "base/cleanup.h"

static int
slot_of(const struct ratchet *r, const uint8_t key[32])
{
	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *have = ratchet_slot(r, i);
		if (have && memcmp(have, key, 32) == 0)
			return (int)i;
	}
	return -1;
}

/* A file without a line is continued by the key before it, or, before the anchor was written, by the first key there is. */
static void
start(const struct ratchet *r, const struct recover_from *from, bool empty, struct recovered *out)
{
	int slot = from->key ? slot_of(r, from->key) : -1;

	for (unsigned i = 0; !from->key && empty && i < 2; i++)
		if (ratchet_slot(r, i) && ratchet_slot_epoch(r, i) == 0)
			slot = (int)i;
	memset(out->prev, '0', 64);
	if (!from->any) {
		out->first = out->sequence = from->sequence;
		memcpy(out->prev, from->prev, sizeof(out->prev));
	}
	if (slot < 0)
		return;
	out->fits = true;
	out->slot = (unsigned)slot;
	if (from->log[0])
		memcpy(out->log, from->log, sizeof(out->log));
	else
		anchor_id(ratchet_slot(r, out->slot), out->log);
}

struct walk {
	const struct ratchet *keys;
	struct recovered *out;
	uint64_t	 sequence;
	char		 prev[65];
	bool		 any;		/* the first line says where the file begins */
};

/* What comes before its first line is lost; of record 0 the anchor is the key, of others nobody knows it. */
static void
begin_anywhere(struct walk *w, const struct line *l)
{
	w->any = false;
	if (l->sequence == 0)
		return;
	w->sequence = w->out->first = l->sequence;
	memcpy(w->prev, l->prev, sizeof(w->prev));
	w->out->fits = false;
}

/* False at the first line that does not belong here. */
static bool
step(struct walk *w, const char *text, size_t len, uint64_t end)
{
	struct recovered *out = w->out;
	struct line l;

	bool is = line_parse(text, len, &l);
	if (is && w->any)
		begin_anywhere(w, &l);
	if (!is || l.sequence != w->sequence || strcmp(l.prev, w->prev) != 0 || (l.has_next && !l.is_signed))
		return false;
	/* Below a key that we hold, signatures decide; before it, the key at its end proves the line it hangs on. */
	if (out->fits && l.is_signed && !line_signed_by(text, &l, ratchet_slot(w->keys, out->slot)))
		return false;
	w->sequence++;
	line_hash(text, len, w->prev);
	int slot = l.has_next ? slot_of(w->keys, l.next) : -1;
	if (l.has_next && slot < 0 && out->fits) {
		out->fits = false;	/* sealed, and the key that continues is gone */
		return true;
	}
	if (slot < 0 && !(out->fits && l.is_signed))
		return true;
	if (slot >= 0)
		out->slot = (unsigned)slot;
	out->fits = true;
	out->end = end;
	out->sequence = w->sequence;
	memcpy(out->prev, w->prev, sizeof(out->prev));
	memcpy(out->log, l.log, sizeof(out->log));
	return true;
}

static void
cleanup_lines(struct lines *l)
{
	lines_close(l);
}

int
recover(int fd, const struct ratchet *r, const struct recover_from *from, struct recovered *out)
{
	struct walk w = { .keys = r, .out = out, .any = from->any };
	const char *text;
	size_t len;
	int got = 0;

	*out = (struct recovered){ 0 };
	CLEANUP(cleanup_lines) struct lines l = { 0 };
	if (fd >= 0) {
		int err = lines_open(&l, fd);
		if (err)
			return err;
		got = lines_next(&l, &text, &len);
	}
	start(r, from, got == 0, out);
	w.sequence = out->sequence;
	memcpy(w.prev, out->prev, sizeof(w.prev));
	while (got > 0 && step(&w, text, len, l.offset + len))
		got = lines_next(&l, &text, &len);
	return got < 0 ? got : 0;
}
