#include <errno.h>
#include <string.h>
#include "base/clock.h"
#include "gate/held.h"

static void
publish(struct gate *g)
{
	uint64_t oldest = 0;

	for (unsigned i = 0; i < HELD_MAX && g->n_held; i++)
		if (g->held[i].used && (!oldest || g->held[i].question.taken_ns < oldest))
			oldest = g->held[i].question.taken_ns;
	atomic_store(&g->setup.page->gate.parked_since_ns, oldest);
	atomic_store(&g->setup.page->gate.parked, g->n_held);
}

static int
ask_scan(struct gate *g, uint64_t ticket, const struct msg_scan *ask, int fd)
{
	struct msg_scan m = *ask;

	m.ticket = ticket;
	int err = wire_send(g->setup.scan_sock, MSG_SCAN, &m, sizeof(m), fd);
	if (!err)
		counter_add(g->setup.page, COUNTER_SCANS, 1);
	return err;
}

uint64_t
held_scan(struct gate *g, const struct msg_scan *ask, int fd)
{
	struct scanning *free = NULL;

	for (unsigned i = 0; i < SCANS_IN_FLIGHT; i++) {
		struct scanning *s = &g->scanning[i];
		if (!s->ticket)
			free = free ? free : s;
		else if (event_file_same(&s->ask.file, &ask->file) && s->ask.content >= ask->content)
			return s->ticket;
	}
	if (!free || ask_scan(g, g->ticket + 1, ask, fd))
		return 0;
	*free = (struct scanning){ .ticket = ++g->ticket, .ask = *ask };
	return free->ticket;
}

bool
held_scanning(const struct gate *g, uint64_t ticket)
{
	for (unsigned i = 0; i < SCANS_IN_FLIGHT; i++)
		if (g->scanning[i].ticket == ticket)
			return true;
	return false;
}

void
held_scanned(struct gate *g, uint64_t ticket)
{
	for (unsigned i = 0; i < SCANS_IN_FLIGHT; i++)
		if (g->scanning[i].ticket == ticket)
			g->scanning[i].ticket = 0;
}

int
held_park(struct gate *g, const struct question *q, const struct msg_scan *ask)
{
	struct held *place = NULL;

	for (unsigned i = 0; i < HELD_MAX && !place; i++)
		if (!g->held[i].used)
			place = &g->held[i];
	if (!place) {
		counter_add(g->setup.page, COUNTER_PARK_FULL, 1);
		return -ENOSPC;
	}
	uint64_t ticket = held_scan(g, ask, q->fd);
	if (!ticket)
		return -EAGAIN;
	*place = (struct held){ .used = true, .ticket = ticket, .question = *q };
	place->question.scans++;
	g->n_held++;
	publish(g);
	return 0;
}

static void
take_out(struct gate *g, struct held *h, struct question *q)
{
	*q = h->question;
	h->used = false;
	g->n_held--;
	publish(g);
}

bool
held_resume(struct gate *g, uint64_t ticket, struct question *q)
{
	for (unsigned i = 0; i < HELD_MAX && g->n_held; i++) {
		if (g->held[i].used && g->held[i].ticket == ticket) {
			take_out(g, &g->held[i], q);
			return true;
		}
	}
	return false;
}

bool
held_overdue(struct gate *g, uint64_t now_ns, struct question *q)
{
	for (unsigned i = 0; i < HELD_MAX && g->n_held; i++) {
		struct held *h = &g->held[i];
		if (h->used && now_ns >= h->question.taken_ns + g->setup.config->deadline_ns) {
			take_out(g, h, q);
			return true;
		}
	}
	return false;
}

/* Somebody who waits for this scan, and so has its file open; NULL: nobody does any more. */
static const struct held *
waits_for(const struct gate *g, uint64_t ticket)
{
	for (unsigned i = 0; i < HELD_MAX && g->n_held; i++)
		if (g->held[i].used && g->held[i].ticket == ticket)
			return &g->held[i];
	return NULL;
}

void
held_again(struct gate *g)
{
	for (unsigned i = 0; i < SCANS_IN_FLIGHT; i++) {
		struct scanning *s = &g->scanning[i];
		const struct held *h = s->ticket ? waits_for(g, s->ticket) : NULL;
		if (!h || ask_scan(g, s->ticket, &s->ask, h->question.fd))
			s->ticket = 0;		/* who waits all the same has the deadline */
	}
}

int
held_wait_ms(const struct gate *g, uint64_t now_ns)
{
	uint64_t oldest = atomic_load(&g->setup.page->gate.parked_since_ns);

	if (!g->n_held)
		return -1;
	uint64_t due = oldest + g->setup.config->deadline_ns;
	return due <= now_ns ? 0 : (int)((due - now_ns) / NS_PER_MS) + 1;
}
