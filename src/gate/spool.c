#include <errno.h>
#include <string.h>
#include "gate/spool.h"

/* In the ring: this head, then the report, padded to 8. A head that does not fit before the end is left out: both go to the start. */
struct entry { uint32_t len, skip; uint64_t number; };

#define PAD(n) (((n) + 7) & ~(uint64_t)7)

static struct page_spool *
spool(struct gate *g)
{
	return &g->setup.page->spool;
}

static uint64_t
load(_Atomic uint64_t *p)
{
	return atomic_load_explicit(p, memory_order_acquire);
}

/* Bytes from AT to the end of the ring when an entry may not start there, else 0. */
static uint64_t
gap(uint64_t at, uint64_t need)
{
	uint64_t room = PAGE_SPOOL - at % PAGE_SPOOL;

	return room < need ? room : 0;
}

static uint64_t
need_of(const struct report *r)
{
	return PAD(sizeof(struct entry) + report_wire_size(r));
}

bool
spool_fits(struct gate *g, const struct report *r)
{
	struct page_spool *s = spool(g);
	uint64_t need = need_of(r), head = load(&s->head);

	return head + gap(head, need) + need - load(&s->tail) <= PAGE_SPOOL;
}

void
spool_put(struct gate *g, struct report *r)
{
	struct page_spool *s = spool(g);
	uint64_t need = need_of(r), head = load(&s->head);
	uint64_t skip = gap(head, need);

	if (!spool_fits(g, r)) {
		counter_add(g->setup.page, COUNTER_REPORTS_LOST, 1);
		return;
	}
	if (skip >= sizeof(struct entry)) {
		struct entry filler = { .skip = 1 };
		memcpy(&s->ring[head % PAGE_SPOOL], &filler, sizeof(filler));
	}
	struct entry e = { .len = (uint32_t)report_wire_size(r),
		.number = atomic_fetch_add(&g->setup.page->gate.report_number, 1) + 1 };
	r->number = e.number;
	uint8_t *at = &s->ring[(head + skip) % PAGE_SPOOL];
	memcpy(at, &e, sizeof(e));
	memcpy(at + sizeof(e), r, e.len);
	atomic_store_explicit(&s->head, head + skip + need, memory_order_release);
}

/* The entry at or after *AT, moving *AT over a gap; NULL at the end. */
static struct entry *
entry_at(struct page_spool *s, uint64_t *at, uint64_t head)
{
	if (*at >= head)
		return NULL;
	uint64_t room = PAGE_SPOOL - *at % PAGE_SPOOL;
	struct entry *e = (void *)&s->ring[*at % PAGE_SPOOL];
	if (room < sizeof(*e) || e->skip)
		*at += room;
	return *at >= head ? NULL : (void *)&s->ring[*at % PAGE_SPOOL];
}

static void
free_acked(struct gate *g)
{
	struct page_spool *s = spool(g);
	uint64_t acked = load(&g->setup.page->record.acked), head = load(&s->head), at = load(&s->tail);
	const struct entry *e;

	while ((e = entry_at(s, &at, head)) && e->number <= acked)
		at += PAD(sizeof(*e) + e->len);
	atomic_store_explicit(&s->tail, at, memory_order_release);
}

void
spool_flush(struct gate *g)
{
	struct page *page = g->setup.page;
	struct page_spool *s = spool(g);
	uint64_t started = load(&page->process[ROOM_RECORD].started_ns);
	struct entry *e;

	free_acked(g);
	if (started != g->record_start_ns) {	/* a new process knows only what is on disk */
		g->record_start_ns = started;
		g->sent = load(&page->record.acked);
	}
	g->record_waits = false;
	uint64_t head = load(&s->head);
	for (uint64_t at = load(&s->tail); (e = entry_at(s, &at, head)); at += PAD(sizeof(*e) + e->len)) {
		if (e->number <= g->sent)
			continue;
		uint8_t *report = (uint8_t *)e + sizeof(*e);
		memcpy(report + offsetof(struct report, to_ns), &started, sizeof(started));
		int err = wire_send(g->setup.record_sock, MSG_REPORT, report, e->len, -1);
		if (err) {
			g->record_waits = true;
			return;
		}
		g->sent = e->number;
	}
}
