#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>
#include "alert/keep.h"
#include "alert/pack.h"
#include "base/cleanup.h"

#define MAGIC		"\x28\xb5\x2f\xfd"
#define PIECE		(256u << 10)
#define LEVEL		3
#define NAME		64

struct unpack {
	int		 fd;
	ZSTD_DCtx	*ctx;
	ZSTD_inBuffer	 in;
	uint64_t	 read;
	size_t		 wants;		/* 0: between frames */
	char		 block[65536];
};

int
unpack_open(struct unpack **out, int fd)
{
	char magic[4];
	ssize_t n = pread(fd, magic, sizeof(magic), 0);

	*out = NULL;
	/* What cannot be read, as a pipe from its start, is not packed: who reads it on will be told why. */
	if (n != (ssize_t)sizeof(magic) || memcmp(magic, MAGIC, sizeof(magic)) != 0)
		return 0;
	struct unpack *u = calloc(1, sizeof(*u));
	if (!u)
		return -ENOMEM;
	u->fd = fd;
	u->in.src = u->block;
	u->ctx = ZSTD_createDCtx();
	if (!u->ctx || ZSTD_isError(ZSTD_DCtx_setParameter(u->ctx, ZSTD_d_windowLogMax, PACK_WINDOW))) {
		unpack_close(u);
		return -ENOMEM;
	}
	*out = u;
	return 0;
}

void
unpack_close(struct unpack *u)
{
	if (!u)
		return;
	ZSTD_freeDCtx(u->ctx);
	free(u);
}

/* Bytes, 0 at the end of the file, or -errno. */
static ssize_t
fill(struct unpack *u)
{
	ssize_t n = keep_get(u->fd, u->block, sizeof(u->block), u->read);

	if (n < 0)
		return n;
	u->read += (uint64_t)n;
	u->in.size = (size_t)n;
	u->in.pos = 0;
	return n;
}

ssize_t
unpack_read(struct unpack *u, void *buf, size_t size)
{
	ZSTD_outBuffer out = { .dst = buf, .size = size };

	while (out.pos == 0 && size) {
		if (u->in.pos == u->in.size) {
			ssize_t n = fill(u);
			if (n < 0)
				return n;
			if (n == 0)
				return u->wants ? -EBADMSG : 0;
		}
		u->wants = ZSTD_decompressStream(u->ctx, &out, &u->in);
		if (ZSTD_isError(u->wants))
			return -EBADMSG;
	}
	return (ssize_t)out.pos;
}

struct pack {
	int		 dir, in, out;
	ZSTD_CCtx	*ctx;
	uint64_t	 read, written;
	char		 from[NAME], to[NAME], tmp[NAME + 4];
	char		 raw[PIECE], packed[PIECE];
};

int
pack_open(struct pack **to_out, int dir, const char *from, const char *to)
{
	struct pack *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->dir = dir;
	snprintf(p->from, sizeof(p->from), "%s", from);
	snprintf(p->to, sizeof(p->to), "%s", to);
	snprintf(p->tmp, sizeof(p->tmp), "%s.tmp", p->to);
	p->out = -1;
	p->in = openat(dir, from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int err = p->in < 0 ? -errno : 0;
	if (!err && (p->out = keep_create(dir, p->tmp, O_TRUNC, 0640)) < 0)
		err = p->out;
	if (!err) {
		p->ctx = ZSTD_createCCtx();
		if (!p->ctx || ZSTD_isError(ZSTD_CCtx_setParameter(p->ctx, ZSTD_c_compressionLevel, LEVEL)) ||
		    ZSTD_isError(ZSTD_CCtx_setParameter(p->ctx, ZSTD_c_checksumFlag, 1)))
			err = -ENOMEM;
	}
	if (err) {
		pack_close(p);
		return err;
	}
	*to_out = p;
	return 0;
}

void
pack_close(struct pack *p)
{
	if (!p)
		return;
	ZSTD_freeCCtx(p->ctx);
	cleanup_fd(&p->in);
	if (p->out >= 0)
		unlinkat(p->dir, p->tmp, 0);	/* given up */
	cleanup_fd(&p->out);
	free(p);
}

/* Writes what N bytes become; with END, all that is left. */
static int
put(struct pack *p, size_t n, bool end)
{
	ZSTD_inBuffer in = { .src = p->raw, .size = n };
	size_t left;

	do {
		ZSTD_outBuffer out = { .dst = p->packed, .size = sizeof(p->packed) };
		left = ZSTD_compressStream2(p->ctx, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return -EIO;
		int err = keep_put(p->out, p->packed, out.pos, p->written);
		if (err)
			return err;
		p->written += out.pos;
	} while (end ? left != 0 : in.pos < in.size);
	return 0;
}

static int
finish(struct pack *p)
{
	int err = put(p, 0, true);

	if (err)
		return err;
	if (fdatasync(p->out) || renameat(p->dir, p->tmp, p->dir, p->to) || fsync(p->dir))
		return -errno;
	cleanup_fd(&p->out);
	return unlinkat(p->dir, p->from, 0) || fsync(p->dir) ? -errno : 0;
}

int
pack_step(struct pack *p)
{
	ssize_t n = keep_get(p->in, p->raw, sizeof(p->raw), p->read);

	if (n < 0)
		return (int)n;
	if (n == 0)
		return finish(p);
	p->read += (uint64_t)n;
	int err = put(p, (size_t)n, false);
	return err ? err : 1;
}
