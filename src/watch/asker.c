#include <string.h>
#include "watch/asker.h"

void
askers_put(struct askers *t, const struct asker *a)
{
	unsigned i = t->next++ % ASKERS;

	t->at[i] = *a;
	t->port[i] = 0;
}

static bool
asks_there(const struct asker *a, const struct lookup *l)
{
	return memcmp(&a->to, &l->to, sizeof(l->to)) == 0;
}

/* Records of audit and packets are read from two sockets, in any order: what is told a moment later may have come first. */
bool
asker_may(const struct asker *a, const struct lookup *l)
{
	return asks_there(a, l) && a->boot_ns + ASKER_BEFORE_NS >= l->boot_ns && a->boot_ns <= l->boot_ns + LOOKUP_WAIT_NS;
}

/* The place of the Nth latest; ASKERS: there are not so many. */
static unsigned
latest(const struct askers *t, unsigned n)
{
	return n < t->next && n < ASKERS ? (t->next - 1 - n) % ASKERS : ASKERS;
}

const struct asker *
askers_next(const struct askers *t, const struct lookup *l, unsigned *n)
{
	for (unsigned i; (i = latest(t, (*n)++)) < ASKERS;)
		if ((!t->port[i] || t->port[i] == l->from.port) && asker_may(&t->at[i], l))
			return &t->at[i];
	return NULL;
}

/* The only one that asks from PORT; the latest of it. OWNER: only who has the user of the socket counts, who need not have made it. */
static unsigned
only(const struct askers *t, const struct lookup *l, uint16_t port, bool owner)
{
	unsigned found = ASKERS;

	for (unsigned n = 0, i; (i = latest(t, n)) < ASKERS; n++) {
		const struct process *p = &t->at[i].caller.process;
		if (t->port[i] != port || !asker_may(&t->at[i], l) || (owner && p->uid != l->uid))
			continue;
		if (found < ASKERS && t->at[found].caller.process.pid != p->pid)
			return ASKERS;
		found = found < ASKERS ? found : i;
	}
	return found;
}

/* A socket that was connected long ago and goes on asking. */
static unsigned
earlier(const struct askers *t, const struct lookup *l)
{
	unsigned i, n = 0;

	while ((i = latest(t, n++)) < ASKERS && (t->port[i] != l->from.port || !asks_there(&t->at[i], l)))
		;
	return i;
}

const struct asker *
askers_find(struct askers *t, const struct lookup *l)
{
	unsigned i = only(t, l, l->from.port, false), n = 0;

	if (i == ASKERS)
		i = only(t, l, 0, false);
	if (i == ASKERS)
		i = only(t, l, 0, true);
	if (i == ASKERS && !askers_next(t, l, &n))
		i = earlier(t, l);
	if (i == ASKERS)
		return NULL;
	t->port[i] = l->from.port;
	return &t->at[i];
}
