#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "alert/anchor.h"
#include "alert/chain_inside.h"
#include "alert/keep.h"
#include "alert/recover.h"
#include "alert/segment.h"
#include "base/cleanup.h"

/* What is known before the open segment is read. */
struct past {
	bool		has_anchor, sealed;	/* sealed: LAST is the last segment that was closed, or the beginning */
	uint8_t		anchor[32];
	unsigned	slot;			/* that signs the next sums */
	struct segment	last;
};

/* The highest number that a closed segment has, 0 without any. INTO: they all go to that directory. */
static int64_t
walk_segments(const struct chain *c, const char *into)
{
	CLEANUP_DIR DIR *d = keep_list(c->log_dir);
	const struct dirent *e;
	int64_t highest = 0;
	int err = 0;

	if (!d)
		return -errno;
	while (!err && (e = readdir(d))) {
		enum segment_file file;
		int64_t number = segment_number(e->d_name, c->names->stem, &file);
		highest = number > highest ? number : highest;
		if (into && number >= 0)
			err = keep_into(c->log_dir, e->d_name, into);
	}
	return err ? err : highest;
}

/*
 * The log leaves as a whole, for the directory ID, where its files have the names by which it can be proved; its anchor stays with the
 * keys, with ID behind its name. Can be called again when a crash came between.
 */
static int
set_aside(const struct chain *c, const char *id)
{
	int err = keep_sub(c->log_dir, id);
	int64_t walked = err ? err : walk_segments(c, id);

	err = walked < 0 ? (int)walked : 0;
	if (!err)
		err = keep_into(c->log_dir, c->names->file, id);
	if (!err)
		err = keep_into(c->log_dir, c->names->pub, id);
	if (!err)
		err = keep_sub_sync(c->log_dir, id);
	if (!err)
		err = keep_tagged(c->state_dir, c->names->anchor, id);
	return err ? err : keep_tagged(c->state_dir, c->names->pub, id);
}

/* Nothing continues this log. */
static int
start_over(struct chain *c, const struct past *p)
{
	char id[17] = "unknown";

	if (p->has_anchor)
		anchor_id(p->anchor, id);
	int err = set_aside(c, id);
	return err ? err : ratchet_create(c->keys, c->state_dir, c->names->ratchet, 0);
}

/* A log that has ended, and not left yet, does so. */
static int
finish_moving(struct chain *c)
{
	struct rotation r = c->rotation;

	if (r.phase != ROTATION_MOVING)
		return 0;
	int err = set_aside(c, r.log);
	if (err)
		return err;
	r.phase = ROTATION_DONE;
	err = rotation_write(c->state_dir, c->names->rotation, &r);
	if (!err)
		c->rotation = r;
	return err;
}

static bool
has_key(const struct ratchet *r, const uint8_t key[32])
{
	for (unsigned i = 0; i < 2; i++)
		if (ratchet_slot(r, i) && memcmp(ratchet_slot(r, i), key, 32) == 0)
			return true;
	return false;
}

/*
 * The anchor, as anchor_read() does. Behind a log that was set aside it is the key which that log named: it is written once the old one is
 * out of its way, and before anything else of the new log.
 */
static int
find_anchor(const struct chain *c, uint8_t anchor[32])
{
	int got = anchor_read(c->state_dir, c->names->anchor, anchor);

	if (got != -ENOENT || c->rotation.phase != ROTATION_DONE || !has_key(c->keys, c->rotation.key))
		return got;
	memcpy(anchor, c->rotation.key, 32);
	return anchor_write(c->state_dir, c->names->anchor, c->names->pub, anchor);
}

static int
cut_tail(struct chain *c, const struct recovered *r)
{
	char name[96];
	int err = -EEXIST;

	snprintf(name, sizeof(name), "%s.torn-%" PRIu64, c->names->file, r->sequence);
	for (int i = 1; err == -EEXIST && i < KEEP_TRIES; i++) {
		err = keep_copy(c->fd, r->end, r->size, c->log_dir, name);
		snprintf(name, sizeof(name), "%s.torn-%" PRIu64 ".%d", c->names->file, r->sequence, i);
	}
	if (!err && (ftruncate(c->fd, (off_t)r->end) || fsync(c->fd)))
		err = -errno;
	return err;
}

int
chain_open_file(struct chain *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = keep_create(c->log_dir, c->names->file, O_NONBLOCK, 0640);
	if (c->fd < 0)
		return c->fd;
	return fsync(c->log_dir) ? -errno : 0;
}

/* The open segment, if there is a file of it. */
static int
find_file(struct chain *c)
{
	struct stat st;

	c->fd = openat(c->log_dir, c->names->file, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (c->fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(c->fd, &st))
		return -errno;
	return S_ISREG(st.st_mode) ? 0 : -EBADF;
}

static void
cleanup_lines(struct lines *l)
{
	lines_close(l);
}

/* Number of the first record of FD. 1; 0: there is none; -errno. */
static int
first_record(int fd, uint64_t *sequence)
{
	CLEANUP(cleanup_lines) struct lines l = { 0 };
	const char *text;
	struct line line;
	size_t len;
	int got = fd < 0 ? 0 : lines_open(&l, fd);

	if (fd < 0 || got || (got = lines_next(&l, &text, &len)) <= 0)
		return got;
	if (!line_parse(text, len, &line))
		return 0;
	*sequence = line.sequence;
	return 1;
}

/* A segment that was sealed has its own name from then on: the last steps of closing it, if a crash came between. */
static int
finish_closing(struct chain *c, const struct past *p)
{
	uint64_t first = 0;
	int got = p->sealed && p->last.number ? first_record(c->fd, &first) : 0;

	if (got <= 0 || first != p->last.first)
		return got < 0 ? got : 0;
	int err = chain_name_segment(c, p->last.number);
	if (err)
		return err;
	close(c->fd);
	c->fd = -1;
	return 0;
}

/* The last sums that name a key that we hold: the key with epoch N is the one that sums number N announced. */
static int
find_past(const struct chain *c, struct past *p)
{
	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *key = ratchet_slot(c->segments, i);
		uint64_t epoch = ratchet_slot_epoch(c->segments, i);
		struct segment s;
		if (!key || (p->sealed && epoch <= p->last.number))
			continue;
		int err = segment_read(c->log_dir, c->names->stem, epoch, NULL, &s);
		if (err && err != -ENOENT && err != -EBADMSG)
			return err;
		if (err || memcmp(s.next, key, 32) != 0)
			continue;
		p->sealed = true;
		p->slot = i;
		p->last = s;
	}
	return 0;
}

/* Keys, anchor and the past as they are; all may be missing. */
static int
load(struct chain *c, struct past *p)
{
	int err = ratchet_load(c->keys, c->state_dir, c->names->ratchet);

	if (err && err != -ENOENT)
		return err;
	err = ratchet_load(c->segments, c->state_dir, c->names->segments);
	if (err && err != -ENOENT)
		return err;
	err = rotation_read(c->state_dir, c->names->rotation, &c->rotation);
	if (err || (err = finish_moving(c)))
		return err;
	int got = find_anchor(c, p->anchor);
	p->has_anchor = got == 0;
	if (got && got != -ENOENT && got != -EBADMSG)
		return got;
	if ((err = find_file(c)))
		return err;
	if ((err = find_past(c, p)))
		return err;
	/* The very first start, or one that was cut short before its key was on disk. */
	if (got == -ENOENT && !ratchet_slot(c->keys, 0) && !ratchet_slot(c->keys, 1) && c->fd < 0)
		return ratchet_create(c->keys, c->state_dir, c->names->ratchet, 0);
	return finish_closing(c, p);
}

/* Sums of the beginning, signed by the anchor while it is still the present key. */
static int
begin_sums(struct chain *c, const struct recovered *r)
{
	struct segment s = { .number = 0 };
	char text[MINISIGN_TEXT];
	size_t len = anchor_public(ratchet_public(c->keys), text);

	memcpy(s.log, r->log, sizeof(s.log));
	memcpy(s.head, r->prev, sizeof(s.head));
	memcpy(s.key, ratchet_public(c->keys), sizeof(s.key));
	int err = ratchet_create(c->segments, c->state_dir, c->names->segments, 0);
	if (err)
		return err;
	memcpy(s.next, ratchet_public(c->segments), sizeof(s.next));
	err = keep_write(c->log_dir, c->names->pub, text, len, 0644);
	return err ? err : segment_seal(&(struct segment_place){ c->log_dir, c->names->stem, c->names->pub }, &s, c->keys);
}

/* Which key signs the next sums. Without any that sums announced, one that a record has to tell. */
static int
use_sums(struct chain *c, const struct past *p, const struct recovered *r)
{
	unsigned newer = ratchet_slot(c->segments, 1) && ratchet_slot_epoch(c->segments, 1) > ratchet_slot_epoch(c->segments, 0);

	if (p->sealed)
		return ratchet_use(c->segments, p->slot);
	if (r->sequence == 0)
		return begin_sums(c, r);
	c->anew = true;
	if (ratchet_slot(c->segments, newer))
		return ratchet_use(c->segments, newer);
	int64_t highest = walk_segments(c, NULL);
	return highest < 0 ? (int)highest : ratchet_create(c->segments, c->state_dir, c->names->segments, (uint64_t)highest);
}

/* Everything is on disk and checked: the chain goes on at R. */
static int
go_on(struct chain *c, const struct past *p, const struct recovered *r)
{
	int err = ratchet_use(c->keys, r->slot);

	if (!err)
		err = use_sums(c, p, r);
	if (!err && !p->has_anchor && r->sequence == 0)
		err = anchor_write(c->state_dir, c->names->anchor, c->names->pub, ratchet_public(c->keys));
	if (err)
		return err;
	c->size = r->end;
	c->first = r->first;
	c->head.sequence = r->sequence;
	c->head.epoch = ratchet_epoch(c->keys);
	c->head.segment = ratchet_epoch(c->segments) + 1;
	memcpy(c->head.prev, r->prev, sizeof(c->head.prev));
	memcpy(c->head.log, r->log, sizeof(c->head.log));
	c->follows = c->rotation.phase == ROTATION_DONE && p->has_anchor && memcmp(c->rotation.key, p->anchor, 32) == 0;
	c->before.sequence = c->rotation.end;
	memcpy(c->before.prev, c->rotation.head, sizeof(c->before.prev));
	memcpy(c->before.log, c->rotation.log, sizeof(c->before.log));
	return 0;
}

static int
find_end(const struct chain *c, const struct past *p, struct recovered *r)
{
	struct recover_from from = { .key = p->sealed ? p->last.key : p->has_anchor ? p->anchor : NULL, .any = !p->sealed };
	struct stat st;

	if (p->sealed) {
		from.sequence = p->last.end;
		memcpy(from.prev, p->last.head, sizeof(from.prev));
		memcpy(from.log, p->last.log, sizeof(from.log));
	}
	int err = recover(c->fd, c->keys, &from, r);
	if (err || c->fd < 0)
		return err;
	if (fstat(c->fd, &st))
		return -errno;
	r->size = (uint64_t)st.st_size;
	return 0;
}

static void
forget(struct chain *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->closing = CLOSING_NOT;
	c->anew = false;
}

static int
find_place(struct chain *c, enum chain_found *found, uint64_t *torn)
{
	struct recovered r = { 0 };
	struct past p = { 0 };

	forget(c);
	int err = load(c, &p);
	if (!err)
		err = find_end(c, &p, &r);
	if (err)
		return err;
	*found = r.size == 0 && r.sequence == 0 ? CHAIN_NEW : CHAIN_WHOLE;
	if (!r.fits) {
		*found = CHAIN_BROKEN;
		err = start_over(c, &p);
		p = (struct past){ 0 };
		if (!err)
			err = recover(-1, c->keys, &(struct recover_from){ .any = true }, &r);
	} else if (r.end < r.size) {
		*found = CHAIN_TORN;
		*torn = r.size - r.end;
		err = cut_tail(c, &r);
	}
	return err ? err : go_on(c, &p, &r);
}

/* Is the key that would continue this log the one that begins the next? */
static bool
has_ended(const struct chain *c)
{
	return c->rotation.phase == ROTATION_PLANNED && memcmp(c->rotation.key, ratchet_public(c->keys), 32) == 0;
}

int
chain_continue(struct chain *c, enum chain_found *found, uint64_t *torn)
{
	int err = find_place(c, found, torn);

	if (!err && has_ended(c)) {
		err = chain_end(c);
		if (!err)
			err = find_place(c, found, torn);
	}
	return err ? err : chain_open_file(c);
}
