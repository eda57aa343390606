#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "record/ring.h"

int
ring_init(struct ring *r, const struct ring_bounds *b)
{
	*r = (struct ring){ .bytes = malloc(b->size), .line = calloc(b->most, sizeof(*r->line)), .size = b->size, .most = b->most,
		.span_ns = b->span_ns };
	if (r->bytes && r->line)
		return 0;
	ring_free(r);
	return -ENOMEM;
}

void
ring_free(struct ring *r)
{
	free(r->bytes);
	free(r->line);
	*r = (struct ring){ 0 };
}

const struct ring_line *
ring_at(const struct ring *r, unsigned i)
{
	unsigned at = r->first + i;

	return &r->line[at < r->most ? at : at - r->most];
}

static void
drop_oldest(struct ring *r, uint64_t now_ns)
{
	if (now_ns - ring_at(r, 0)->kept_ns <= r->span_ns)
		r->evicted++;
	r->first = r->first + 1 < r->most ? r->first + 1 : 0;
	r->n--;
}

/* Where LEN bytes are free in one piece; the oldest lines make room. */
static size_t
make_room(struct ring *r, size_t len, uint64_t now_ns)
{
	size_t at = r->head;

	if (at + len > r->size) {
		/* What is left up to the end is too short; the lines that stand there are older than all before. */
		size_t from = (size_t)(r->n ? ring_at(r, 0)->text - r->bytes : 0);
		while (r->n && from >= r->head) {
			drop_oldest(r, now_ns);
			from = (size_t)(r->n ? ring_at(r, 0)->text - r->bytes : 0);
		}
		at = 0;
	}
	while (r->n && ring_at(r, 0)->text < r->bytes + at + len && ring_at(r, 0)->text + ring_at(r, 0)->len > r->bytes + at)
		drop_oldest(r, now_ns);
	return at;
}

void
ring_put(struct ring *r, const struct ring_line *line)
{
	while (r->n && line->kept_ns - ring_at(r, 0)->kept_ns > r->span_ns)
		drop_oldest(r, line->kept_ns);
	if (line->len > r->size) {
		r->evicted++;
		return;
	}
	if (r->n == r->most)
		drop_oldest(r, line->kept_ns);
	size_t at = make_room(r, line->len, line->kept_ns);
	unsigned end = r->first + r->n;
	struct ring_line *to = &r->line[end < r->most ? end : end - r->most];
	*to = *line;
	to->text = memcpy(r->bytes + at, line->text, line->len);
	r->head = at + line->len;
	r->n++;
}
