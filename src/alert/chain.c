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
#include "alert/chain.h"
#include "alert/json.h"
#include "alert/keep.h"
#include "alert/recover.h"

#define BATCH		(2u << 20)
#define ASIDE_TRIES	1000

struct chain {
	int		 log_dir, state_dir, fd;
	struct ratchet	*keys;
	struct chain_head head;
	uint64_t	 size;		/* of the file, as far as it is acknowledged */
	char		*batch;
	size_t		 len;		/* bytes of it, the last line included */
	size_t		 last;		/* where the last line starts */
	bool		 open;		/* the last line still lacks its end */
	bool		 last_sealed;
	bool		 overdue;	/* signed, and not on disk */
	bool		 rested;	/* the last erasing is durable */
};

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
	return !c->overdue && c->len + 2 * RECORD_MAX <= BATCH;
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

	if (c->overdue)
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
		end_line(c, ratchet_draw(c->keys));
		c->overdue = true;
	}
	int err = ratchet_store(c->keys);
	if (!err)
		err = write_batch(c);
	if (err)
		return err;
	ratchet_advance(c->keys);
	c->size += c->len;
	c->len = c->last = 0;
	c->overdue = c->rested = false;
	c->head.epoch = ratchet_epoch(c->keys);
	return 0;
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

/* Evidence is renamed, never overwritten: NAME.TAG, or with a number behind it. */
static int
set_aside(int dir, const char *name, const char *tag)
{
	char to[96];
	int err = -EEXIST;

	snprintf(to, sizeof(to), "%s.%s", name, tag);
	for (int i = 1; err == -EEXIST && i < ASIDE_TRIES; i++) {
		err = keep_aside(dir, name, to);
		snprintf(to, sizeof(to), "%s.%s.%d", name, tag, i);
	}
	return err == -ENOENT ? 0 : err;
}

/* Nothing continues this log. It stays, with the anchor that proves it, under the name of the chain. */
static int
start_over(struct chain *c, const uint8_t *anchor)
{
	char id[17] = "unknown";

	if (anchor)
		anchor_id(anchor, id);
	int err = set_aside(c->log_dir, CHAIN_FILE, id);
	if (!err)
		err = set_aside(c->state_dir, ANCHOR_FILE, id);
	if (!err)
		err = set_aside(c->state_dir, ANCHOR_PUB, id);
	return err ? err : ratchet_create(c->keys, c->state_dir, RATCHET_FILE);
}

static int
cut_tail(struct chain *c, const struct recovered *r)
{
	char name[96];
	int err = -EEXIST;

	snprintf(name, sizeof(name), "%s.torn-%" PRIu64, CHAIN_FILE, r->sequence);
	for (int i = 1; err == -EEXIST && i < ASIDE_TRIES; i++) {
		err = keep_copy(c->fd, r->end, r->size, c->log_dir, name);
		snprintf(name, sizeof(name), "%s.torn-%" PRIu64 ".%d", CHAIN_FILE, r->sequence, i);
	}
	if (!err && (ftruncate(c->fd, (off_t)r->end) || fsync(c->fd)))
		err = -errno;
	return err;
}

static int
open_log(struct chain *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = keep_create(c->log_dir, CHAIN_FILE, O_NONBLOCK, 0640);
	if (c->fd < 0)
		return c->fd;
	return fsync(c->log_dir) ? -errno : 0;
}

static int
find_end(struct chain *c, const uint8_t *anchor, struct recovered *r)
{
	struct stat st;
	int fd = openat(c->log_dir, CHAIN_FILE, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT)
		return -errno;
	c->fd = fd;
	int err = recover(fd, c->keys, anchor, r);
	if (err || fd < 0)
		return err;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADF;
	r->size = (uint64_t)st.st_size;
	return 0;
}

/* Keys and anchor as they are; both may be missing. */
static int
load_keys(struct chain *c, uint8_t key[32], bool *has_anchor)
{
	int err = ratchet_load(c->keys, c->state_dir, RATCHET_FILE);

	if (err && err != -ENOENT)
		return err;
	int got = anchor_read(c->state_dir, key);
	*has_anchor = got == 0;
	if (got && got != -ENOENT && got != -EBADMSG)
		return got;
	/* The very first start, or one that was cut short before its key was on disk. */
	if (got == -ENOENT && !ratchet_slot(c->keys, 0) && !ratchet_slot(c->keys, 1) && !keep_exists(c->log_dir, CHAIN_FILE))
		return ratchet_create(c->keys, c->state_dir, RATCHET_FILE);
	return 0;
}

/* Everything is on disk and checked: the chain goes on at R. */
static int
go_on(struct chain *c, const struct recovered *r, bool has_anchor)
{
	int err = 0;

	if (!has_anchor && r->sequence == 0)
		err = anchor_write(c->state_dir, ratchet_slot(c->keys, r->slot));
	if (!err)
		err = ratchet_use(c->keys, r->slot);
	if (err)
		return err;
	c->size = r->end;
	c->head.sequence = r->sequence;
	c->head.epoch = ratchet_epoch(c->keys);
	memcpy(c->head.prev, r->prev, sizeof(c->head.prev));
	memcpy(c->head.log, r->log, sizeof(c->head.log));
	return open_log(c);
}

static int
continue_log(struct chain *c, enum chain_found *found, uint64_t *torn)
{
	struct recovered r = { 0 };
	uint8_t anchor[32];
	bool has_anchor;
	int err = load_keys(c, anchor, &has_anchor);

	if (!err)
		err = find_end(c, has_anchor ? anchor : NULL, &r);
	if (err)
		return err;
	*found = r.size == 0 ? CHAIN_NEW : CHAIN_WHOLE;
	if (!r.fits) {
		*found = CHAIN_BROKEN;
		err = start_over(c, has_anchor ? anchor : NULL);
		has_anchor = false;
		if (!err)
			err = recover(-1, c->keys, NULL, &r);
	} else if (r.end < r.size) {
		*found = CHAIN_TORN;
		*torn = r.size - r.end;
		err = cut_tail(c, &r);
	}
	return err ? err : go_on(c, &r, has_anchor);
}

int
chain_open(struct chain **out, int log_dir, int state_dir, enum chain_found *found, uint64_t *torn)
{
	struct chain *c = calloc(1, sizeof(*c));

	*torn = 0;
	if (!c)
		return -ENOMEM;
	*c = (struct chain){ .log_dir = log_dir, .state_dir = state_dir, .fd = -1, .rested = true, .batch = malloc(BATCH) };
	int err = c->batch ? ratchet_new(&c->keys) : -ENOMEM;
	if (!err)
		err = continue_log(c, found, torn);
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
	free(c->batch);
	free(c);
}

int
chain_anchor(int state_dir, char hex[65])
{
	uint8_t key[32];
	int err = anchor_read(state_dir, key);

	if (!err)
		sodium_bin2hex(hex, 65, key, sizeof(key));
	return err;
}

int
chain_keys_init(int state_dir, char hex[65])
{
	struct ratchet *keys;

	if (keep_exists(state_dir, RATCHET_FILE) || keep_exists(state_dir, ANCHOR_FILE))
		return -EEXIST;
	int err = ratchet_new(&keys);
	if (err)
		return err;
	err = ratchet_create(keys, state_dir, RATCHET_FILE);
	if (!err)
		err = anchor_write(state_dir, ratchet_public(keys));
	ratchet_free(keys);
	return err ? err : chain_anchor(state_dir, hex);
}
