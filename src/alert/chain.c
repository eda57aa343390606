#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "alert/anchor.h"
#include "alert/chain_inside.h"
#include "alert/json.h"
#include "alert/keep.h"
#include "alert/line.h"
#include "alert/segment.h"

#define BATCH		(2u << 20)

const struct chain_names chain_names[CHAIN__MAX] = {
	[CHAIN_ALERTS] = { "alerts", CHAIN_FILE, RATCHET_FILE, "segments", ANCHOR_FILE, ANCHOR_PUB, "rotation" },
	[CHAIN_EVENTS] = { "events", CHAIN_EVENTS_FILE, "ratchet-events", "segments-events", "anchor-events", "yett-events.pub",
		"rotation-events" },
};

const char *
chain_stem(enum chain_which which)
{
	return chain_names[which].stem;
}

const char *
chain_anchor_file(enum chain_which which)
{
	return chain_names[which].anchor;
}

const struct chain_head *
chain_head(const struct chain *c)
{
	return &c->head;
}

bool
chain_is_empty(const struct chain *c)
{
	return c->len == 0;
}

bool
chain_has_room(const struct chain *c)
{
	return !c->overdue && !c->closing && !c->ended && c->len + 2 * RECORD_MAX <= BATCH;
}

static void
put(struct chain *c, const char *s, size_t len)
{
	memcpy(c->batch + c->len, s, len);
	c->len += len;
}

static void
put_sig(struct chain *c)
{
	uint8_t sig[LINE_SIG];
	char text[LINE_TAIL + 1] = ",\"sig\":\"";

	ratchet_sign(c->keys, c->batch + c->last, c->len - c->last, sig);
	sodium_bin2base64(text + 8, 87, sig, sizeof(sig), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	memcpy(text + 94, "\"}\n", 3);
	put(c, text, LINE_TAIL);
}

/* Ends the last line. NEXT: the key that signs from then on; NULL within a batch. */
static void
end_line(struct chain *c, const uint8_t *next)
{
	if (!c->open)
		return;
	if (next) {
		char text[64] = ",\"next\":\"";
		sodium_bin2base64(text + 9, 44, next, LINE_KEY, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		text[52] = '"';
		put(c, text, 53);
	}
	put(c, "}", 1);
	if (next || c->last_sealed)
		put_sig(c);
	else
		put(c, "}\n", 2);
	line_hash(c->batch + c->last, c->len - c->last, c->head.prev);
	c->open = false;
}

int
chain_append(struct chain *c, const struct chain_line *line)
{
	char suffix[CHAIN_SUFFIX];

	if (c->overdue || c->closing || c->ended)
		return -EBUSY;
	if (!chain_has_room(c))
		return -ENOSPC;
	if (line->len > RECORD_MAX - CHAIN_SUFFIX)
		return -EMSGSIZE;
	end_line(c, NULL);
	int n = snprintf(suffix, sizeof(suffix), ",\"v\":1,\"log\":\"%s\",\"seg\":%" PRIu64 ",\"boot\":\"%.36s\",\"mono\":%" PRIu64
	    ",\"seq\":%" PRIu64 ",\"prev\":\"%s\"", c->head.log, c->head.segment, line->boot_id, line->mono_ns, c->head.sequence, c->head.prev);
	c->last = c->len;
	put(c, line->body, line->len);
	put(c, suffix, (size_t)n);
	c->open = true;
	c->last_sealed = line->sealed;
	c->head.sequence++;
	return 0;
}

static int
write_batch(struct chain *c)
{
	int err = keep_put(c->fd, c->batch, c->len, c->size);

	if (!err && fdatasync(c->fd))
		err = -errno;
	if (err && ftruncate(c->fd, (off_t)c->size))
		return err;	/* what stands behind is overwritten by the next try, and cut as torn after a crash */
	return err;
}

int
chain_commit(struct chain *c)
{
	if (c->len == 0)
		return 0;
	if (!c->overdue) {
		end_line(c, c->planned ? c->rotation.key : ratchet_draw(c->keys));
		c->overdue = true;
	}
	int err = ratchet_store(c->keys);
	if (!err)
		err = write_batch(c);
	if (err)
		return err;
	ratchet_advance(c->keys);
	c->size += c->len;
	c->written = c->len;
	c->len = c->last = 0;
	c->overdue = c->rested = false;
	c->ended = c->planned;
	c->planned = false;
	c->head.epoch = ratchet_epoch(c->keys);
	return 0;
}

const char *
chain_written(const struct chain *c, size_t *len)
{
	*len = c->written;
	return c->batch;
}

int
chain_rest(struct chain *c)
{
	if (c->rested)
		return 0;
	int err = ratchet_sync(c->keys);
	c->rested = !err;
	return err;
}

/* A try that failed behind the renaming comes again. What somebody put in the way is no segment of ours. */
int
chain_name_segment(struct chain *c, uint64_t number)
{
	char name[SEGMENT_NAME];

	segment_name(name, c->names->stem, number, SEGMENT_RECORDS);
	int err = keep_aside(c->log_dir, c->names->file, name);
	if (err == -ENOENT && keep_exists(c->log_dir, name))
		return fsync(c->log_dir) ? -errno : 0;
	if (err == -EEXIST && !(err = keep_tagged(c->log_dir, name, "in-the-way")))
		err = keep_aside(c->log_dir, c->names->file, name);
	return err;
}

static int
seal_segment(struct chain *c)
{
	struct segment s = { .number = c->head.segment, .first = c->first, .end = c->head.sequence };

	memcpy(s.log, c->head.log, sizeof(s.log));
	memcpy(s.head, c->head.prev, sizeof(s.head));
	memcpy(s.key, ratchet_public(c->keys), sizeof(s.key));
	memcpy(s.next, ratchet_draw(c->segments), sizeof(s.next));
	int err = ratchet_store(c->segments);
	return err ? err : segment_seal(&(struct segment_place){ c->log_dir, c->names->stem, c->names->file }, &s, c->segments);
}

/* The file of the open segment gets its name; there is no other yet. */
static int
close_file(struct chain *c)
{
	int err = 0;

	if (c->closing == CLOSING_NOT) {
		if ((err = seal_segment(c)))
			return err;
		c->closing = CLOSING_SEALED;
	}
	if (c->closing == CLOSING_SEALED) {
		if ((err = chain_name_segment(c, c->head.segment)))
			return err;
		ratchet_advance(c->segments);
		c->head.segment++;
		c->first = c->head.sequence;
		c->size = 0;
		c->anew = false;
		c->closing = CLOSING_MOVED;
	}
	return 0;
}

int
chain_close_segment(struct chain *c)
{
	if (c->len || c->ended)
		return -EBUSY;
	if (c->closing != CLOSING_MOVED && c->head.sequence == c->first)
		return 0;
	int err = close_file(c);
	if (!err)
		err = chain_open_file(c);
	if (!err)
		c->closing = CLOSING_NOT;
	return err;
}

int
chain_plan_rotation(struct chain *c, char anchor[65])
{
	struct rotation r = { .phase = ROTATION_PLANNED };

	if (c->overdue || c->closing || c->ended)
		return -EBUSY;
	memcpy(r.log, c->head.log, sizeof(r.log));
	memset(r.head, '0', 64);
	memcpy(r.key, ratchet_draw(c->keys), sizeof(r.key));
	int err = rotation_write(c->state_dir, c->names->rotation, &r);
	if (err)
		return err;
	c->rotation = r;
	c->planned = true;
	sodium_bin2hex(anchor, 65, r.key, sizeof(r.key));
	return 0;
}

int
chain_end(struct chain *c)
{
	struct rotation r = c->rotation;
	int err = c->head.sequence == c->first ? 0 : close_file(c);

	if (err)
		return err;
	r.phase = ROTATION_MOVING;
	r.end = c->head.sequence;
	memcpy(r.log, c->head.log, sizeof(r.log));
	memcpy(r.head, c->head.prev, sizeof(r.head));
	err = rotation_write(c->state_dir, c->names->rotation, &r);
	if (!err)
		c->rotation = r;
	return err;
}

int
chain_rotate(struct chain *c)
{
	enum chain_found found;
	uint64_t torn;

	if (!c->ended)
		return -EBUSY;
	int err = c->rotation.phase == ROTATION_PLANNED ? chain_end(c) : 0;
	/* What is left is what a start would find and do after a crash at this moment. */
	if (!err)
		err = chain_continue(c, &found, &torn);
	c->ended = err != 0;
	return err;
}

const struct chain_head *
chain_follows(const struct chain *c)
{
	return c->follows ? &c->before : NULL;
}

static bool
is_in_place(const struct chain *c)
{
	struct stat held, named;

	return fstat(c->fd, &held) == 0 && fstatat(c->log_dir, c->names->file, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

int
chain_mend(struct chain *c)
{
	char again[64];

	if (c->closing || c->fd < 0 || is_in_place(c))
		return 0;
	snprintf(again, sizeof(again), "%s.again", c->names->file);
	unlinkat(c->log_dir, again, 0);		/* of a try that failed */
	int err = keep_copy(c->fd, 0, c->size, c->log_dir, again);
	if (!err)
		err = keep_tagged(c->log_dir, c->names->file, "in-the-way");
	if (!err)
		err = keep_aside(c->log_dir, again, c->names->file);
	if (!err)
		err = chain_open_file(c);
	return err ? err : 1;
}

uint64_t
chain_size(const struct chain *c)
{
	return c->size;
}

const uint8_t *
chain_sums_key(const struct chain *c)
{
	return c->anew ? ratchet_public(c->segments) : NULL;
}

int
chain_open(struct chain **out, const struct chain_place *where, enum chain_found *found, uint64_t *torn)
{
	struct chain *c = calloc(1, sizeof(*c));

	*torn = 0;
	if (!c)
		return -ENOMEM;
	*c = (struct chain){ .names = &chain_names[where->which], .log_dir = where->log_dir, .state_dir = where->state_dir, .fd = -1,
		.rested = true, .batch = malloc(BATCH) };
	int err = c->batch ? ratchet_new(&c->keys) : -ENOMEM;
	if (!err)
		err = ratchet_new(&c->segments);
	if (!err)
		err = chain_continue(c, found, torn);
	if (err) {
		chain_free(c);
		return err;
	}
	*out = c;
	return 0;
}

void
chain_free(struct chain *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	ratchet_free(c->keys);
	ratchet_free(c->segments);
	free(c->batch);
	free(c);
}

int
chain_anchor(enum chain_which which, int state_dir, char hex[65])
{
	uint8_t key[32];
	int err = anchor_read(state_dir, chain_names[which].anchor, key);

	if (!err)
		sodium_bin2hex(hex, 65, key, sizeof(key));
	return err;
}

int
chain_keys_init(enum chain_which which, int state_dir, char hex[65])
{
	const struct chain_names *names = &chain_names[which];
	struct ratchet *keys;

	if (keep_exists(state_dir, names->ratchet) || keep_exists(state_dir, names->anchor))
		return -EEXIST;
	int err = ratchet_new(&keys);
	if (err)
		return err;
	err = ratchet_create(keys, state_dir, names->ratchet, 0);
	if (!err)
		err = anchor_write(state_dir, names->anchor, names->pub, ratchet_public(keys));
	ratchet_free(keys);
	return err ? err : chain_anchor(which, state_dir, hex);
}
