#include <errno.h>
#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "watch/facts.h"

#define GONE_NS		(1200 * NS_PER_MS)	/* editors move a file away before they write the new one */
#define OPEN_NS		(1000 * NS_PER_MS)	/* who is writing is mostly through by then */
#define FOUND_NS	(400 * NS_PER_MS)	/* the gate may be just about to tell of it */
#define LARGE		(1u << 17)
#define OUTBOX_BUSY	(OUTBOX_BYTES / 4)	/* fuller than this, changes wait: those of one file must fit */

static struct span
path_of(const struct event *ev)
{
	struct span t;

	t.s = event_text(ev, TEXT_FILE_PATH, &t.n);
	return t;
}

/* All of it up to what is looked at; NULL: it cannot be read. */
static char *
read_text(int fd, size_t *len)
{
	CLEANUP_FREE char *text = malloc(FACT_BYTES);
	ssize_t n = 1;

	*len = 0;
	while (text && n > 0 && *len < FACT_BYTES) {
		n = read(fd, text + *len, FACT_BYTES - *len);
		*len += n > 0 ? (size_t)n : 0;
	}
	return n < 0 ? NULL : steal_ptr(&text);
}

static char *
read_link(int fd, size_t *len)
{
	CLEANUP_FREE char *text = malloc(4096);
	ssize_t n = text ? readlinkat(fd, "", text, 4096) : -1;

	*len = n > 0 ? (size_t)n : 0;
	return n < 0 ? NULL : steal_ptr(&text);
}

/* Who changes mode or owner, or gives it another name, has not written it. */
static bool
written(const struct known *k, const struct file *now)
{
	return !k || k->file.dev != now->dev || k->file.ino != now->ino || k->file.size != now->size || k->file.mtime_ns != now->mtime_ns;
}

/* What is behind the descriptor is compared, unless it is what was read before. */
static void
look(struct facts *f, const struct waiting *w, bool quiet)
{
	struct seen s = { .file = { .fact = w->fact, .path = path_of(w->cause) }, .quiet = quiet };
	struct known *k = known_find(&f->known, s.file.path.s, s.file.path.n);
	struct stat st;
	size_t len;

	if (fstat(w->fd, &st))
		return;
	s.identity = event_file_of(&st);
	s.written = (w->what == WAITING_HEARD || w->what == WAITING_OPEN) && written(k, &s.identity);
	s.file.mode = st.st_mode;
	s.file.link = S_ISLNK(st.st_mode);
	if (!k || !event_file_same(&k->file, &s.identity)) {
		CLEANUP_FREE char *text = s.file.link ? read_link(w->fd, &len) : read_text(w->fd, &len);
		s.file.text = (struct span){ text, text ? len : 0 };
		f->large = f->large || len > LARGE;
		s.size = len == FACT_BYTES ? (uint64_t)st.st_size + 1 : len;
		if (text)
			change_seen(&f->changes, w->cause, &s);
		else
			counter_add(f->page, COUNTER_FACTS_UNREAD, 1);
	}
	k = known_find(&f->known, s.file.path.s, s.file.path.n);
	if (k && w->what == WAITING_FOUND)
		k->walk = f->walk;
}

static void
settle(struct facts *f, const struct waiting *w, bool quiet)
{
	struct span path = path_of(w->cause);
	struct known *k = known_find(&f->known, path.s, path.n);

	if (w->what == WAITING_HEARD || w->what == WAITING_OPEN || w->what == WAITING_FOUND)
		look(f, w, quiet);
	else if (k)
		change_gone(&f->changes, w->cause, k);
}

static void
release(struct waiting *w)
{
	if (w->fd >= 0)
		close(w->fd);
	free(w->cause);
	*w = (struct waiting){ .fd = -1 };
}

static void
take_out(struct facts *f, unsigned i, struct waiting *out)
{
	*out = f->waiting[i];
	f->n_waiting--;
	memmove(&f->waiting[i], &f->waiting[i + 1], (f->n_waiting - i) * sizeof(*out));
}

/* The kernel's event of a change is better than what a walk made of it; and what is there again is not gone. */
static void
supersede(struct facts *f, const struct waiting *by)
{
	struct waiting old;

	for (unsigned i = f->n_waiting; i-- > 0;) {
		if (f->waiting[i].what == WAITING_HEARD || !span_same(path_of(f->waiting[i].cause), path_of(by->cause)))
			continue;
		take_out(f, i, &old);
		release(&old);
	}
}

static bool
by_gate(enum waiting_for what)
{
	return what == WAITING_HEARD || what == WAITING_OPEN || what == WAITING_GONE;
}

/* Is something that the gate heard of about to be looked at there? OPEN: of one that is being written. */
static bool
is_awaited(const struct facts *f, const struct event *cause, bool open)
{
	for (unsigned i = 0; i < f->n_waiting; i++) {
		const struct waiting *w = &f->waiting[i];
		if ((open ? w->what == WAITING_OPEN : by_gate(w->what)) && span_same(path_of(w->cause), path_of(cause)))
			return true;
	}
	return false;
}

/* Owns FD. Without memory it is not looked at now; the next walk finds it. */
static void
put(struct facts *f, struct waiting w, const struct event *cause)
{
	struct waiting first;
	size_t n = event_wire_size(cause);

	w.cause = malloc(n);
	if (!w.cause) {
		counter_add(f->page, COUNTER_FACTS_UNREAD, 1);
		release(&w);
		return;
	}
	memcpy(w.cause, cause, n);
	if (by_gate(w.what))
		supersede(f, &w);
	if (f->n_waiting == FACTS_WAITING) {
		take_out(f, 0, &first);
		settle(f, &first, !(f->complete >> first.fact.kind & 1));
		release(&first);
	}
	f->waiting[f->n_waiting++] = w;
}

static bool
same_file(const struct facts *f, int fd, const struct event *ev)
{
	struct span path = path_of(ev);
	struct known *k = known_find(&f->known, path.s, path.n);
	struct stat st;

	if (!k || fstat(fd, &st))
		return false;
	struct file now = event_file_of(&st);
	return event_file_same(&k->file, &now);
}

static void
on_found(struct facts *f, struct waiting w, uint64_t now_ns)
{
	struct span path = path_of(&f->scratch);
	struct known *k = known_find(&f->known, path.s, path.n);

	if (k)
		k->walk = f->walk;
	if (!(f->complete >> w.fact.kind & 1)) {
		w.cause = &f->scratch;
		look(f, &w, true);
	} else if (!same_file(f, w.fd, &f->scratch) && !is_awaited(f, &f->scratch, false)) {
		w.due_ns = now_ns + FOUND_NS;
		put(f, w, &f->scratch);
		return;
	}
	close(w.fd);
}

static int
on_file(struct facts *f, const struct wire_msg *m, uint64_t now_ns)
{
	static const enum waiting_for what[MSG__MAX] = { [MSG_FACT] = WAITING_HEARD, [MSG_FACT_OPEN] = WAITING_OPEN,
		[MSG_FACT_GONE] = WAITING_GONE, [MSG_FACT_FOUND] = WAITING_FOUND };
	struct waiting w = { .fd = m->fd, .due_ns = now_ns };
	struct span path;

	if (event_from_wire(&f->scratch, m->payload, m->len) || (path = path_of(&f->scratch), !fact_find(path.s, path.n, &w.fact))) {
		release(&w);
		return -EBADMSG;
	}
	w.what = what[m->type];
	if (w.what == WAITING_FOUND) {
		on_found(f, w, now_ns);
		return 0;
	}
	if (w.what == WAITING_OPEN && is_awaited(f, &f->scratch, true)) {	/* who writes on and on is looked at in time */
		release(&w);
		return 0;
	}
	w.due_ns += w.what == WAITING_GONE ? GONE_NS : w.what == WAITING_OPEN ? OPEN_NS : 0;
	put(f, w, &f->scratch);
	return 0;
}

struct ending { struct facts *f; uint64_t kinds, now_ns; };

static bool
forget_kind(void *arg, struct known *k)
{
	const struct ending *e = arg;

	if (!(e->kinds >> k->fact.kind & 1))
		known_drop(&e->f->known, k);
	return true;
}

/* A walk did not find it. */
static bool
miss(void *arg, struct known *k)
{
	const struct ending *e = arg;
	struct facts *f = e->f;
	struct waiting w = { .what = WAITING_LOST, .fact = k->fact, .fd = -1, .due_ns = e->now_ns + FOUND_NS };

	if (k->walk == f->walk || !(e->kinds >> k->fact.kind & 1))
		return true;
	event_init(&f->scratch, k->fact.kind, SENSOR_FACTS);
	f->scratch.flags |= FLAG_NOTIFIED;
	f->scratch.wall_ns = now_wall_ns();
	f->scratch.boot_ns = e->now_ns;
	f->scratch.have |= HAVE_FILE;
	f->scratch.tried = HAVE_ALL;
	event_set(&f->scratch, TEXT_FILE_PATH, k->path, k->len);
	k->walk = f->walk;
	if (!is_awaited(f, &f->scratch, false))
		put(f, w, &f->scratch);
	return f->n_waiting < FACTS_WAITING;	/* the next walk finds the others */
}

static void
on_walk(struct facts *f, const struct msg_walk *m, uint64_t now_ns)
{
	struct ending e = { f, m->kinds, now_ns };

	if (!m->end) {
		f->walk = m->number;
		f->complete &= m->kinds;
		known_each(&f->known, forget_kind, &e);
		return;
	}
	if (f->walk != m->number)
		return;
	known_each(&f->known, miss, &e);
	f->complete = m->kinds;
	atomic_store(&f->page->watch.walk, m->number);
}

int
facts_take(struct facts *f, const struct wire_msg *m, uint64_t now_ns)
{
	struct msg_walk walk;

	if (m->type != MSG_WALK)
		return on_file(f, m, now_ns);
	memcpy(&walk, m->payload, sizeof(walk));
	on_walk(f, &walk, now_ns);
	return 0;
}

bool
facts_tick(struct facts *f, uint64_t now_ns)
{
	struct waiting w;

	for (unsigned i = 0; i < f->n_waiting && f->changes.out->used < OUTBOX_BUSY;) {
		const struct waiting *next = &f->waiting[i];
		if (next->due_ns > now_ns || !(f->complete >> next->fact.kind & 1)) {
			i++;
			continue;
		}
		take_out(f, i, &w);
		settle(f, &w, false);
		release(&w);
	}
	if (f->large) {		/* what one large file took is given back */
		f->large = false;
		malloc_trim(0);
	}
	atomic_store(&f->page->watch.known, f->known.n);
	return f->n_waiting != 0;
}

bool
facts_room(const struct facts *f)
{
	return f->n_waiting < FACTS_WAITING / 2 || f->changes.out->used < OUTBOX_BUSY;
}

void
facts_init(struct facts *f, struct outbox *out, struct logons *logons, struct page *page)
{
	*f = (struct facts){ .page = page, .changes = { .out = out, .logons = logons, .known = &f->known } };
	randombytes_buf(f->changes.key, sizeof(f->changes.key));
	atomic_store(&page->watch.walk, 0);
}
