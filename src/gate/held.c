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
ask_scan(struct gate *g, uint64_t ticket, const struct file *file, int fd)
{
	struct msg_scan m = { .ticket = ticket, .file = *file };
	int err = wire_send(g->setup.scan_sock, MSG_SCAN, &m, sizeof(m), fd);

	if (!err)
		counter_add(g->setup.page, COUNTER_SCANS, 1);
	return err;
}

int
held_park(struct gate *g, const struct question *q, const struct file *file)
{
	struct held *place = NULL;
	uint64_t ticket = 0;

	for (unsigned i = 0; i < HELD_MAX; i++) {
		struct held *h = &g->held[i];
		if (!h->used)
			place = place ? place : h;
		else if (event_file_same(&h->file, file))
			ticket = h->ticket;
	}
	if (!place) {
		counter_add(g->setup.page, COUNTER_PARK_FULL, 1);
		return -ENOSPC;
	}
	if (!ticket) {
		int err = ask_scan(g, ++g->ticket, file, q->fd);
		if (err)
			return err;
		ticket = g->ticket;
	}
	*place = (struct held){ .used = true, .ticket = ticket, .file = *file, .question = *q };
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

/* Does one before the Nth wait for the same scan? */
static bool
shares_scan(const struct gate *g, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (g->held[i].used && g->held[i].ticket == g->held[n].ticket)
			return true;
	return false;
}

void
held_again(struct gate *g)
{
	for (unsigned i = 0; i < HELD_MAX && g->n_held; i++)
		if (g->held[i].used && !shares_scan(g, i))
			ask_scan(g, g->held[i].ticket, &g->held[i].file, g->held[i].question.fd);	/* else: the deadline */
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
