#include <string.h>
#include "watch/asker.h"

void
askers_put(struct askers *t, const struct asker *a)
{
	t->at[t->next++ % ASKERS] = *a;
}

static bool
asks_there(const struct asker *a, const struct lookup *l)
{
	return a->caller.process.pid && memcmp(&a->to, &l->to, sizeof(l->to)) == 0;
}

/* Records of audit and packets are read from two sockets, in any order: what is told a moment later may have come first. */
static bool
in_time(const struct asker *a, const struct lookup *l)
{
	return a->boot_ns + ASKER_BEFORE_NS >= l->boot_ns && a->boot_ns <= l->boot_ns + LOOKUP_WAIT_NS;
}

bool
asker_may(const struct asker *a, const struct lookup *l)
{
	return asks_there(a, l) && in_time(a, l) && (!a->port || a->port == l->from.port);
}

/* The only one of them; the latest of it. OWNER: only who has the user of the socket counts, who need not be the one that made it. */
static struct asker *
only(struct askers *t, const struct lookup *l, uint16_t port, bool owner)
{
	struct asker *found = NULL;

	for (unsigned i = 1; i <= ASKERS; i++) {
		struct asker *a = &t->at[(t->next - i) % ASKERS];
		if (a->port != port || !asker_may(a, l) || (owner && a->caller.process.uid != l->uid))
			continue;
		if (found && found->caller.process.pid != a->caller.process.pid)
			return NULL;
		found = found ? found : a;
	}
	return found;
}

/* A socket that was connected long ago and goes on asking. */
static struct asker *
earlier(struct askers *t, const struct lookup *l)
{
	for (unsigned i = 1; i <= ASKERS; i++) {
		struct asker *a = &t->at[(t->next - i) % ASKERS];
		if (a->port == l->from.port && asks_there(a, l))
			return a;
	}
	return NULL;
}

static bool
any(struct askers *t, const struct lookup *l)
{
	for (unsigned i = 0; i < ASKERS; i++)
		if (asker_may(&t->at[i], l))
			return true;
	return false;
}

const struct asker *
askers_find(struct askers *t, const struct lookup *l)
{
	struct asker *a = only(t, l, l->from.port, false);

	if (!a)
		a = only(t, l, 0, false);
	if (!a)
		a = only(t, l, 0, true);
	if (!a && !any(t, l))
		a = earlier(t, l);
	if (a)
		a->port = l->from.port;
	return a;
}
