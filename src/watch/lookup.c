#include <string.h>
#include "base/mix.h"
#include "watch/lookup.h"

/* FROM asks TO. Never 0. */
static uint32_t
hash_of(const struct packet *p, const struct peer *from, const struct peer *to, const struct dns *d)
{
	uint64_t h = mix(MIX_BASIS, from, sizeof(*from));

	h = mix(h, to, sizeof(*to));
	h = mix(h, &p->tcp, sizeof(p->tcp));
	h = mix(h, &d->id, sizeof(d->id));
	h = mix(h, d->type, strlen(d->type));
	h = mix(h, d->name, strlen(d->name));
	return (uint32_t)h ? (uint32_t)h : 1;
}

static bool
is_peer(const struct peer *a, const struct peer *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static struct lookup *
find(struct lookups *t, const struct packet *p, bool response, const struct dns *d)
{
	const struct peer *from = response ? &p->to : &p->from, *to = response ? &p->from : &p->to;
	uint32_t h = hash_of(p, from, to, d);

	for (unsigned i = 0; i < LOOKUPS; i++) {
		struct lookup *l = &t->place[i];
		if (t->hash[i] == h && is_peer(&l->from, from) && is_peer(&l->to, to) && l->tcp == p->tcp && l->id == d->id &&
		    !strcmp(l->type, d->type) && !strcmp(l->name, d->name))
			return l;
	}
	return NULL;
}

static void
settle(struct lookups *t, struct lookup *l)
{
	if (!l->settled)
		t->settle(t->arg, l);
	l->settled = true;
}

static void
tell(struct lookups *t, unsigned i)
{
	settle(t, &t->place[i]);
	t->told(t->arg, &t->place[i]);
	t->hash[i] = t->place[i].hash = 0;
	t->open--;
}

/* A free place; the oldest makes room. */
static unsigned
make_place(struct lookups *t)
{
	unsigned oldest = 0;

	for (unsigned i = 0; i < LOOKUPS; i++) {
		if (!t->hash[i])
			return i;
		if (t->place[i].boot_ns < t->place[oldest].boot_ns)
			oldest = i;
	}
	t->early += !t->place[oldest].answered;
	tell(t, oldest);
	return oldest;
}

struct lookup *
lookups_ask(struct lookups *t, const struct packet *p, const struct dns *d, uint64_t boot_ns, uint64_t wall_ns)
{
	if (find(t, p, false, d))
		return NULL;
	unsigned i = make_place(t);
	struct lookup *l = &t->place[i];
	memset(l, 0, offsetof(struct lookup, name));
	l->from = p->from;
	l->to = p->to;
	l->tcp = p->tcp;
	l->id = d->id;
	l->hash = t->hash[i] = hash_of(p, &p->from, &p->to, d);
	l->boot_ns = boot_ns;
	l->wall_ns = wall_ns;
	l->due_ns = boot_ns + LOOKUP_WAIT_NS;
	l->uid = UINT32_MAX;
	memcpy(l->name, d->name, strlen(d->name) + 1);
	memcpy(l->type, d->type, sizeof(l->type));
	l->code[0] = '\0';
	l->answers_len = 0;
	t->open++;
	if (!t->next_ns || boot_ns + LOOKUP_SETTLE_NS < t->next_ns)
		t->next_ns = boot_ns + LOOKUP_SETTLE_NS;
	return l;
}

void
lookups_answer(struct lookups *t, const struct packet *p, const struct dns *d, uint64_t boot_ns)
{
	struct lookup *l = find(t, p, true, d);

	if (!l || l->answered)
		return;		/* the first is the one that is believed */
	l->answered = true;
	l->cut = d->cut;
	memcpy(l->code, d->code, sizeof(l->code));
	l->answers_len = d->answers_len;
	memcpy(l->answers, d->answers, d->answers_len);
	l->due_ns = l->settled ? boot_ns : l->boot_ns + LOOKUP_SETTLE_NS;
	if (l->due_ns < t->next_ns)
		t->next_ns = l->due_ns;
}

/* When something is to be done about it. */
static uint64_t
next_of(const struct lookup *l)
{
	uint64_t settle_ns = l->boot_ns + LOOKUP_SETTLE_NS;

	return !l->settled && settle_ns < l->due_ns ? settle_ns : l->due_ns;
}

uint64_t
lookups_tick(struct lookups *t, uint64_t boot_ns)
{
	uint64_t next = 0;
	unsigned n = 0;

	if (boot_ns < t->next_ns)
		return t->next_ns;
	for (unsigned i = 0; i < LOOKUPS && t->open; i++) {
		struct lookup *l = &t->place[i];
		if (t->hash[i] && l->boot_ns + LOOKUP_SETTLE_NS <= boot_ns)
			settle(t, l);
		if (t->hash[i] && l->due_ns <= boot_ns && n++ < LOOKUP_ROUND)
			tell(t, i);
		else if (t->hash[i] && (!next || next_of(l) < next))
			next = next_of(l);
	}
	t->next_ns = next && next < boot_ns + LOOKUP_ROUND_NS ? boot_ns + LOOKUP_ROUND_NS : next;
	return t->next_ns;
}

void
lookups_init(struct lookups *t, lookup_fn *settle_fn, lookup_fn *told, void *arg)
{
	memset(t, 0, sizeof(*t));
	t->settle = settle_fn;
	t->told = told;
	t->arg = arg;
}
