#include <string.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "gate/fetch.h"
#include "gate/late.h"
#include "gate/spool.h"

#define WAIT_NS		NS_PER_SEC
#define SIZE_MAX_BYTES	(256ull << 20)	/* hashed in a fraction of a second */

uint32_t
late_wants(const struct gate *g)
{
	return HAVE_HASH | (g->setup.config->digests ? HAVE_CONTENT : 0);
}

void
late_ask(struct gate *g, const struct question *q)
{
	const struct event *ev = &g->report.event;
	struct msg_scan m = { .ticket = g->ticket + 1, .file = ev->file, .content = (late_wants(g) & HAVE_CONTENT) != 0 };

	g->late_ticket = 0;
	if (q->fd < 0 || !(ev->have & HAVE_FILE) || !(late_wants(g) & ~ev->have) || !S_ISREG(ev->file.mode) ||
	    ev->file.size > SIZE_MAX_BYTES || g->verdict.settled == SETTLED_DEADLINE)
		return;
	if (atomic_load(&g->setup.page->gate.late) == PAGE_LATE || wire_send(g->setup.scan_sock, MSG_SCAN, &m, sizeof(m), q->fd))
		return;
	counter_add(g->setup.page, COUNTER_SCANS, 1);
	g->late_ticket = ++g->ticket;
}

bool
late_keep(struct gate *g)
{
	uint64_t ticket = g->late_ticket;

	g->late_ticket = 0;
	for (unsigned i = 0; ticket && i < PAGE_LATE; i++) {
		struct page_late *l = &g->setup.page->late[i];
		if (atomic_load(&l->ticket))
			continue;
		memcpy(&l->report, &g->report, report_wire_size(&g->report));
		l->due_ns = now_boot_ns() + WAIT_NS;
		atomic_store(&l->ticket, ticket);
		atomic_fetch_add(&g->setup.page->gate.late, 1);
		return true;
	}
	return false;
}

static void
let_go(struct gate *g, struct page_late *l)
{
	memcpy(&g->report, &l->report, report_wire_size(&l->report));
	fetch(g, NULL, late_wants(g));
	spool_put(g, &g->report);
	/* In this order: a gate that dies in between leaves the report twice rather than not at all. */
	atomic_store(&l->ticket, 0);
	atomic_fetch_sub(&g->setup.page->gate.late, 1);
}

void
late_scanned(struct gate *g, uint64_t ticket)
{
	for (unsigned i = 0; i < PAGE_LATE; i++)
		if (atomic_load(&g->setup.page->late[i].ticket) == ticket)
			let_go(g, &g->setup.page->late[i]);
}

int
late_tend(struct gate *g, uint64_t now_ns)
{
	uint64_t first = UINT64_MAX;

	for (unsigned i = 0; i < PAGE_LATE && atomic_load(&g->setup.page->gate.late); i++) {
		struct page_late *l = &g->setup.page->late[i];
		if (!atomic_load(&l->ticket))
			continue;
		if (l->due_ns <= now_ns)
			let_go(g, l);
		else if (l->due_ns < first)
			first = l->due_ns;
	}
	return first == UINT64_MAX ? -1 : (int)((first - now_ns) / NS_PER_MS) + 1;
}

void
late_count(struct gate *g)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < PAGE_LATE; i++)
		n += atomic_load(&g->setup.page->late[i].ticket) != 0;
	atomic_store(&g->setup.page->gate.late, n);
}

void
late_recover(struct gate *g)
{
	late_tend(g, UINT64_MAX);
}
