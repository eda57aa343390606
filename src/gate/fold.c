#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/mix.h"
#include "gate/act.h"
#include "gate/fold.h"
#include "gate/late.h"
#include "gate/spool.h"

#define NO_CAUSE	FOLD_CAUSES
#define RETRY_NS	(100 * NS_PER_MS)	/* the spool is full */

static struct report summary;

static struct fold_page *
page_of(struct gate *g)
{
	return &g->setup.page->fold;
}

/* Whoever chooses the texts of a cause writes the policies. */
static uint64_t
mix_text(uint64_t h, const struct event *ev, enum event_text which)
{
	size_t len;
	const char *s = event_text(ev, which, &len);

	return mix(mix(h, s, len), "", 1);
}

static bool
same_cause(const struct report *a, const struct report *b)
{
	return a->root == b->root && a->event.kind == b->event.kind && a->decision == b->decision && a->would == b->would && a->mode == b->mode &&
	    a->settled == b->settled && a->severity == b->severity && a->actions == b->actions &&
	    event_same_text(&a->event, &b->event, TEXT_RULE) && event_same_text(&a->event, &b->event, TEXT_RULESET) &&
	    event_same_text(&a->event, &b->event, TEXT_MATCHED);
}

static uint64_t
hash_of(const struct report *r)
{
	const uint8_t words[] = { r->decision, r->would, r->mode, r->settled, r->severity, (uint8_t)r->actions, (uint8_t)r->event.kind };
	uint64_t h = mix(mix(MIX_BASIS, words, sizeof(words)), &r->root, sizeof(r->root));

	h = mix_text(mix_text(mix_text(h, &r->event, TEXT_RULE), &r->event, TEXT_RULESET), &r->event, TEXT_MATCHED);
	return h ? h : 1;
}

/* The program and the file that it is about. Who chooses paths so that two are one finds both in the count, and one in the records. */
static uint64_t
object_of(const struct event *ev)
{
	return mix_text(mix_text(mix_text(MIX_BASIS, ev, TEXT_EXECUTABLE), ev, TEXT_FILE_PATH), ev, TEXT_FILE_PREVIOUS);
}

/* Has the one in hand something to say that none of its window has said? Then it is recorded, as long as there are few. */
static bool
is_told(struct fold_cause *c, const struct report *r)
{
	uint64_t object = object_of(&r->event);
	bool seen = false;

	for (uint32_t i = 0; i < c->recorded && i < FOLD_RECORDED; i++)
		seen |= c->object[i] == object;
	if (c->recorded >= FOLD_RECORDED || (seen && r->severity != SEVERITY_CRITICAL))
		return false;
	c->object[c->recorded++] = object;
	return true;
}

/* The file that it was about, and its id: of the first few that are not alike. */
static void
sample(struct fold_cause *c, const struct event *ev)
{
	uint32_t n = atomic_load(&c->samples);
	size_t len;
	const char *s = event_text(ev, TEXT_FILE_PATH, &len);

	if (n >= FOLD_SAMPLES)
		return;
	if (!len)
		s = event_text(ev, TEXT_EXECUTABLE, &len);
	if (len > sizeof(c->sample[0].file))
		len = sizeof(c->sample[0].file);
	for (uint32_t i = 0; i < n; i++)
		if (c->sample[i].len == len && memcmp(c->sample[i].file, s, len) == 0)
			return;
	c->sample[n].id = ev->id;
	c->sample[n].len = (uint16_t)len;
	memcpy(c->sample[n].file, s, len);
	atomic_store(&c->samples, n + 1);
}

static void
add_samples(struct event *ev, const struct fold_cause *c)
{
	char files[FOLD_SAMPLES * (sizeof(c->sample[0].file) + 1)], ids[FOLD_SAMPLES * 17];
	uint32_t n = atomic_load(&c->samples);
	size_t len = 0;

	for (uint32_t i = 0; i < n && i < FOLD_SAMPLES; i++) {
		snprintf(ids + (size_t)i * 17, 17, "%016" PRIx64, c->sample[i].id);
		memcpy(files + len, c->sample[i].file, c->sample[i].len);
		len += c->sample[i].len;
		files[len++] = '\0';
	}
	event_set(ev, TEXT_SAMPLE_IDS, ids, (size_t)n * 17);
	event_set(ev, TEXT_SAMPLES, files, len);
}

#define ROOM_FOR_WORDS	2048	/* of samples and sentence */

static void
write_summary(struct gate *g, const struct fold_cause *c)
{
	struct event *ev = &summary.event;
	uint64_t n = atomic_load(&c->count), ms = (c->last_ns - c->first_ns) / NS_PER_MS;
	char why[512];
	size_t len;

	memcpy(&summary, &c->report, report_wire_size(&c->report));
	const char *rule = event_text(ev, TEXT_RULE, &len), *kind = event_kind_name((enum event_kind)ev->kind);
	snprintf(why, sizeof(why), "%" PRIu64 " more like %016" PRIx64 " in %" PRIu64 ".%03" PRIu64 " s: %s, %s%.*s%sprocess tree of pid %" PRId32,
	    n, ev->id, ms / 1000, ms % 1000, kind, len ? "rule " : "", (int)(len < 80 ? len : 80), rule, len ? ", " : "", summary.root_pid);
	summary.repeated = n;
	summary.first_ns = c->first_ns;
	summary.last_ns = c->last_ns;
	ev->id = act_event_id(g);
	ev->wall_ns = now_wall_ns();
	ev->boot_ns = now_boot_ns();
	event_make_room(ev, ROOM_FOR_WORDS);
	add_samples(ev, c);
	event_set_str(ev, TEXT_REASON, why);
}

/* Summary and end of cause I. False: the spool has no room for it, and it goes on counting. */
static bool
settle(struct gate *g, unsigned i)
{
	struct fold_page *f = page_of(g);
	struct fold_cause *c = &f->cause[i];

	if (atomic_load(&c->count)) {
		write_summary(g, c);
		if (!spool_fits(g, &summary))
			return false;
		/* A gate that dies between the two leaves the place where its successor sees whether the summary was put there. */
		atomic_store(&c->settling, 1 + atomic_load(&g->setup.page->spool.head));
		spool_put(g, &summary);
		counter_add(g->setup.page, COUNTER_SUMMARIES, 1);
	}
	atomic_store(&f->hash[i], 0);
	return true;
}

/* The place that costs least to give up: free, or waiting for nothing, or the oldest. */
static unsigned
make_place(struct gate *g)
{
	struct fold_page *f = page_of(g);
	unsigned best = 0;

	for (unsigned i = 0; i < FOLD_CAUSES; i++) {
		if (!atomic_load(&f->hash[i]))
			return i;
		bool idle = !atomic_load(&f->cause[i].count), best_idle = !atomic_load(&f->cause[best].count);
		if (idle != best_idle ? idle : atomic_load(&f->until_ns[i]) < atomic_load(&f->until_ns[best]))
			best = i;
	}
	if (!settle(g, best))
		return NO_CAUSE;
	counter_add(g->setup.page, COUNTER_FOLD_EVICTED, 1);
	return best;
}

static void
begin_cause(struct gate *g, unsigned i, uint64_t hash)
{
	struct fold_page *f = page_of(g);
	struct fold_cause *c = &f->cause[i];

	atomic_store(&c->count, 0);
	atomic_store(&c->settling, 0);
	atomic_store(&c->samples, 0);
	c->recorded = 1;
	c->object[0] = object_of(&g->report.event);
	memcpy(&c->report, &g->report, report_wire_size(&g->report));
	atomic_store(&f->until_ns[i], now_boot_ns() + g->setup.config->fold_ns);
	if (!g->fold_next_ns || f->until_ns[i] < g->fold_next_ns)
		g->fold_next_ns = f->until_ns[i];
	atomic_store(&f->hash[i], hash);
}

static unsigned
find(struct gate *g, uint64_t hash)
{
	struct fold_page *f = page_of(g);

	for (unsigned i = 0; i < FOLD_CAUSES; i++)
		if (atomic_load_explicit(&f->hash[i], memory_order_relaxed) == hash && same_cause(&f->cause[i].report, &g->report))
			return i;
	return NO_CAUSE;
}

/* Whose count takes the alert in hand; NO_CAUSE: it gets a record. */
static unsigned
choose(struct gate *g)
{
	struct fold_page *f = page_of(g);

	if (!g->setup.config->fold_ns || g->fold_ended)
		return NO_CAUSE;
	uint64_t hash = hash_of(&g->report);
	unsigned i = find(g, hash);
	if (i != NO_CAUSE && atomic_load(&f->until_ns[i]) <= now_boot_ns() && settle(g, i))
		i = NO_CAUSE;
	if (i == NO_CAUSE) {
		unsigned at = make_place(g);
		if (at != NO_CAUSE)
			begin_cause(g, at, hash);
		return NO_CAUSE;
	}
	return is_told(&f->cause[i], &g->report) ? NO_CAUSE : i;
}

/* What grows when the alert in hand gets a record, or is counted as lost. */
static uint64_t
records(struct gate *g)
{
	struct page *p = g->setup.page;

	return atomic_load(&p->spool.head) + counter_get(p, COUNTER_REPORTS_LOST) + atomic_load(&p->gate.late);
}

static void
count(struct fold_cause *c, const struct event *ev)
{
	if (!atomic_load(&c->count))
		c->first_ns = ev->wall_ns;
	c->last_ns = ev->wall_ns > c->first_ns ? ev->wall_ns : c->first_ns;	/* clocks are set back */
	sample(c, ev);
	atomic_fetch_add(&c->count, 1);
}

void
fold_put(struct gate *g)
{
	struct page *p = g->setup.page;
	struct fold_hand *h = &p->fold.hand;
	unsigned i = choose(g);
	struct fold_cause *c = i == NO_CAUSE ? NULL : &p->fold.cause[i];

	h->cause = i;
	h->before = c ? atomic_load(&c->count) : records(g);
	h->folded = counter_get(p, COUNTER_FOLDED) + (c ? 1 : 0);
	uint64_t alerts = counter_get(p, COUNTER_ALERTS) + 1;
	atomic_store(&h->alerts, alerts);
	if (c)
		count(c, &g->report.event);
	else if (!late_keep(g))
		spool_put(g, &g->report);
	atomic_store(&p->counter[COUNTER_FOLDED], h->folded);
	atomic_store(&p->counter[COUNTER_ALERTS], alerts);
	atomic_store(&h->alerts, 0);
}

int
fold_tend(struct gate *g, uint64_t now_ns)
{
	struct fold_page *f = page_of(g);
	uint64_t next = 0;

	if (!g->fold_next_ns)
		return -1;
	for (unsigned i = 0; now_ns >= g->fold_next_ns && i < FOLD_CAUSES; i++) {
		uint64_t until = atomic_load(&f->until_ns[i]);
		if (!atomic_load(&f->hash[i]) || (until <= now_ns && settle(g, i)))
			continue;
		if (until <= now_ns)
			until = now_ns + RETRY_NS;
		if (!next || until < next)
			next = until;
	}
	if (now_ns >= g->fold_next_ns)
		g->fold_next_ns = next;
	return g->fold_next_ns ? (int)((g->fold_next_ns - now_ns) / NS_PER_MS) + 1 : -1;
}

void
fold_end(struct gate *g)
{
	g->fold_ended = true;
	for (unsigned i = 0; i < FOLD_CAUSES; i++)
		atomic_store(&page_of(g)->until_ns[i], 0);
	g->fold_next_ns = 1;
	fold_tend(g, now_boot_ns());
}

static void
recover_hand(struct gate *g)
{
	struct page *p = g->setup.page;
	struct fold_hand *h = &p->fold.hand;
	uint64_t alerts = atomic_load(&h->alerts);

	if (!alerts)
		return;
	bool done = (h->cause < FOLD_CAUSES ? atomic_load(&p->fold.cause[h->cause].count) : records(g)) != h->before;
	if (done) {
		atomic_store(&p->counter[COUNTER_FOLDED], h->folded);
		atomic_store(&p->counter[COUNTER_ALERTS], alerts);
	}
	atomic_store(&h->alerts, 0);
	if (!done)
		act_tell(g, "alert-lost", 1, "The gate was killed between the answer to a question and its record: one alert is in no record.");
}

void
fold_recover(struct gate *g)
{
	struct fold_page *f = page_of(g);
	uint64_t head = atomic_load(&g->setup.page->spool.head);

	late_count(g);
	for (unsigned i = 0; i < FOLD_CAUSES; i++) {
		uint64_t settling = atomic_load(&f->cause[i].settling);
		if (!atomic_load(&f->hash[i]) || !settling)
			continue;
		if (settling == head + 1)
			atomic_store(&f->cause[i].settling, 0);
		else
			atomic_store(&f->hash[i], 0);
	}
	g->fold_next_ns = 1;
	recover_hand(g);
}
