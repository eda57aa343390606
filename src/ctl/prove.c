#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "alert/json.h"
#include "alert/pack.h"
#include "ctl/prove.h"

#define PIECE_BYTES	(1u << 20)
#define HELPERS_MAX	31
#define PIECES_MAX	(2 * (HELPERS_MAX + 1))

/* WAITING: read, and nobody is at it. */
enum state { EMPTY, WAITING, TAKEN, PROVED };

struct piece {
	enum state	 state;
	char		*text;
	size_t		 len, filled;	/* whole lines; with what was read of the next one */
	struct verify	 from, to;	/* where it is said to begin; where it was found to end */
	enum damage	 damage;
	uint64_t	 lines;		/* proved */
	size_t		 bytes;		/* of these */
	bool		 head_seen;
};

/* The pieces are a ring: those from `first` to `next` are under way. Only `state` and `ending` are seen by helpers without being given. */
struct crew {
	pthread_mutex_t	 lock;
	pthread_cond_t	 work, done;
	pthread_t	 helper[HELPERS_MAX];
	unsigned	 helpers, pieces, first, next;
	struct piece	 piece[PIECES_MAX];
	struct verify	 ahead;		/* where the next piece is said to begin */
	const char	*head;
	struct unpack	*packed;	/* the present file; NULL: it is read as it is */
	bool		 eof, ending;
};

static void
prove_piece(struct piece *p, const char *head)
{
	const char *at = p->text, *end = p->text + p->len;

	p->to = p->from;
	p->damage = DAMAGE_NONE;
	p->lines = 0;
	p->head_seen = false;
	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		size_t n = nl ? (size_t)(nl - at) + 1 : (size_t)(end - at);
		p->damage = verify_line(&p->to, at, n > RECORD_MAX ? RECORD_MAX + 1 : n);
		if (p->damage != DAMAGE_NONE)
			break;
		p->head_seen = p->head_seen || (head && strcmp(p->to.prev, head) == 0);
		p->lines++;
		at += n;
	}
	p->bytes = (size_t)(at - p->text);
}

/* The first piece that nobody is at, by now somebody; NULL: there is none. Locked. */
static struct piece *
take(struct crew *c)
{
	for (unsigned i = c->first; i != c->next; i++) {
		struct piece *p = &c->piece[i % c->pieces];
		if (p->state != WAITING)
			continue;
		p->state = TAKEN;
		return p;
	}
	return NULL;
}

/* Locked; not meanwhile. */
static void
work_on(struct crew *c, struct piece *p)
{
	pthread_mutex_unlock(&c->lock);
	prove_piece(p, c->head);
	pthread_mutex_lock(&c->lock);
	p->state = PROVED;
	pthread_cond_signal(&c->done);
}

static void *
help(void *arg)
{
	struct crew *c = arg;
	struct piece *p;

	pthread_mutex_lock(&c->lock);
	while (!c->ending) {
		if ((p = take(c)))
			work_on(c, p);
		else
			pthread_cond_wait(&c->work, &c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* Whole lines of FD into P, behind what was left over before it. At the end of the file the last line comes as it is. */
static int
fill(struct crew *c, struct piece *p, int fd)
{
	const struct piece *before = &c->piece[(c->next + c->pieces - 1) % c->pieces];
	size_t n = before->filled - before->len;

	memcpy(p->text, before->text + before->len, n);
	while (n < PIECE_BYTES) {
		ssize_t got = c->packed ? unpack_read(c->packed, p->text + n, PIECE_BYTES - n) : read(fd, p->text + n, PIECE_BYTES - n);
		if (got < 0 && !c->packed && errno == EINTR)
			continue;
		if (got < 0)
			return c->packed ? (int)got : -errno;
		c->eof = got == 0;
		if (c->eof)
			break;
		n += (size_t)got;
	}
	const char *nl = memrchr(p->text, '\n', n);
	p->filled = n;
	/* No newline in a whole piece: the line is longer than any record, and that is found without its end. */
	p->len = c->eof || !nl ? n : (size_t)(nl - p->text) + 1;
	return 0;
}

static int
read_on(struct crew *c, int fd)
{
	while (!c->eof && c->next - c->first < c->pieces - 1) {
		struct piece *p = &c->piece[c->next % c->pieces];
		int err = fill(c, p, fd);
		if (err)
			return err;
		if (!p->len)
			continue;
		p->from = c->ahead;
		pthread_mutex_lock(&c->lock);
		p->state = WAITING;
		c->next++;
		pthread_cond_signal(&c->work);
		pthread_mutex_unlock(&c->lock);
		verify_skip(&c->ahead, p->text, p->len);
	}
	return 0;
}

/* Waits until P is proved, and makes itself useful meanwhile. */
static void
see_done(struct crew *c, struct piece *p)
{
	struct piece *other;

	pthread_mutex_lock(&c->lock);
	while (p->state != PROVED) {
		if ((other = take(c)))
			work_on(c, other);
		else
			pthread_cond_wait(&c->done, &c->lock);
	}
	c->first++;
	p->state = EMPTY;
	pthread_mutex_unlock(&c->lock);
}

/* P, the next in the order of the log, begins where the proof stands, or is proved again from there. */
static void
join(struct proof *r, struct piece *p)
{
	if (!verify_same(&p->from, &r->v)) {
		p->from = r->v;
		prove_piece(p, r->head);
	}
	r->v = p->to;
	r->damage = p->damage;
	r->line += p->lines;
	r->offset += p->bytes;
	r->bytes += p->bytes;
	r->head_seen = r->head_seen || p->head_seen;
	if (r->tell)
		r->tell(r->listener, r);
}

static int
prove_text(struct proof *r, int fd)
{
	struct crew *c = r->crew;

	while (r->damage == DAMAGE_NONE) {
		int err = read_on(c, fd);
		if (err)
			return err;
		if (c->first == c->next)
			break;
		struct piece *p = &c->piece[c->first % c->pieces];
		see_done(c, p);
		join(r, p);
	}
	return 0;
}

int
prove_file(struct proof *r, int fd)
{
	struct crew *c = r->crew;
	int err = unpack_open(&c->packed, fd);

	r->line = 1;
	r->offset = 0;
	c->eof = false;
	c->ahead = r->v;
	if (!err)
		err = prove_text(r, fd);
	unpack_close(c->packed);
	c->packed = NULL;
	return err;
}

static unsigned
further_cores(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return n - 1 > HELPERS_MAX ? HELPERS_MAX : (unsigned)(n - 1);
}

int
prove_begin(struct proof *r)
{
	struct crew *c = calloc(1, sizeof(*c));
	unsigned wanted = further_cores();

	r->crew = c;
	if (!c)
		return -ENOMEM;
	c->head = r->head;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->work, NULL);
	pthread_cond_init(&c->done, NULL);
	/* One piece of the ring is always free: what was left over of the last one is taken from it. */
	for (c->pieces = 0; c->pieces < 2 * (wanted + 1) + 1 && c->pieces < PIECES_MAX; c->pieces++)
		if (!(c->piece[c->pieces].text = malloc(PIECE_BYTES)))
			return -ENOMEM;
	while (c->helpers < wanted && pthread_create(&c->helper[c->helpers], NULL, help, c) == 0)
		c->helpers++;
	return 0;
}

void
prove_end(struct proof *r)
{
	struct crew *c = r->crew;

	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->ending = true;
	pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
	for (unsigned i = 0; i < c->helpers; i++)
		pthread_join(c->helper[i], NULL);
	for (unsigned i = 0; i < c->pieces; i++)
		free(c->piece[i].text);
	free(c);
	r->crew = NULL;
}
