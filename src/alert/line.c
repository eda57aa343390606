#include <errno.h>
#include <nettle/sha2.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "alert/json.h"
#include "alert/keep.h"
#include "alert/line.h"
#include "alert/syntax.h"

#define SUFFIX_MAX	400		/* longer than any suffix can be */
#define BLOCK		(1u << 20)

struct text { const char *at, *end; };

static bool
fixed(struct text *t, const char *s)
{
	size_t n = strlen(s);

	if ((size_t)(t->end - t->at) < n || memcmp(t->at, s, n) != 0)
		return false;
	t->at += n;
	return true;
}

/* N hex digits, terminated in OUT; also of the dashes of a boot id. */
static bool
hex(struct text *t, size_t n, char *out)
{
	if ((size_t)(t->end - t->at) < n || strspn(t->at, "0123456789abcdef") < n)
		return false;
	memcpy(out, t->at, n);
	out[n] = '\0';
	t->at += n;
	return true;
}

static bool
boot(struct text *t)
{
	size_t n = strspn(t->at, "0123456789abcdef-");

	if (n > 36 || n > (size_t)(t->end - t->at))
		return false;
	t->at += n;
	return true;
}

static bool
number(struct text *t, uint64_t *out)
{
	uint64_t n = 0;
	const char *from = t->at;

	for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++)
		if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, (unsigned)(*t->at - '0'), &n))
			return false;
	*out = n;
	return t->at > from && (*from != '0' || t->at == from + 1);
}

/* BYTES bytes in base64url without padding; spare bits must be zero, so that there is one spelling only. */
static bool
base64(struct text *t, size_t chars, uint8_t *out, size_t bytes)
{
	size_t got;

	if ((size_t)(t->end - t->at) < chars ||
	    sodium_base642bin(out, bytes, t->at, chars, NULL, &got, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) || got != bytes)
		return false;
	t->at += chars;
	return true;
}

static bool
suffix(struct text *t, struct line *l)
{
	uint64_t unused;

	if (!fixed(t, ",\"v\":1,\"log\":\"") || !hex(t, 16, l->log) || !fixed(t, "\",\"seg\":") || !number(t, &unused) ||
	    !fixed(t, ",\"boot\":\"") || !boot(t) || !fixed(t, "\",\"mono\":") || !number(t, &unused) ||
	    !fixed(t, ",\"seq\":") || !number(t, &l->sequence) ||
	    !fixed(t, ",\"prev\":\"") || !hex(t, 64, l->prev) || !fixed(t, "\""))
		return false;
	l->has_next = fixed(t, ",\"next\":\"");
	if (l->has_next && (!base64(t, 43, l->next, LINE_KEY) || !fixed(t, "\"")))
		return false;
	return fixed(t, "}") && t->at == t->end;
}

/* The last place where the suffix can start. */
static const char *
suffix_start(const char *body, size_t len)
{
	const char *end = body + len, *at = len > SUFFIX_MAX ? end - SUFFIX_MAX : body, *found = NULL, *p;

	while ((p = memmem(at, (size_t)(end - at), ",\"v\":1,", 7))) {
		found = p;
		at = p + 1;
	}
	return found;
}

static bool
named(const struct syntax_member *m, const char *name)
{
	return m->len == strlen(name) && memcmp(m->name, name, m->len) == 0;
}

bool
line_parse(const char *text, size_t len, struct line *out)
{
	struct syntax_member last[2];
	struct line l = { 0 };

	if (len < LINE_TAIL || len > RECORD_MAX || text[len - 1] != '\n' || !syntax_object(text, len - 1, last))
		return false;
	const char *tail = text + len - LINE_TAIL;
	l.is_signed = memcmp(tail, ",\"sig\":\"", 8) == 0 && memcmp(tail + LINE_TAIL - 3, "\"}\n", 3) == 0;
	l.body = l.is_signed ? len - LINE_TAIL : len - 2;
	if (l.is_signed ? !named(&last[0], "sig") || !named(&last[1], "yett") : !named(&last[0], "yett"))
		return false;
	const char *start = suffix_start(text, l.body);
	if (!start)
		return false;
	/* suffix() looks at bytes up to the newline at most, where every set of characters above ends. */
	struct text t = { start, text + l.body };
	if (!suffix(&t, &l))
		return false;
	struct text sig = { tail + 8, tail + LINE_TAIL - 3 };
	if (l.is_signed && !base64(&sig, 86, l.sig, LINE_SIG))
		return false;
	*out = l;
	return true;
}

bool
line_signed_by(const char *text, const struct line *l, const uint8_t key[LINE_KEY])
{
	return l->is_signed && crypto_sign_verify_detached(l->sig, (const uint8_t *)text, l->body, key) == 0;
}

void
line_hash(const char *text, size_t len, char hex_out[65])
{
	struct sha256_ctx ctx;	/* four times as fast as that of libsodium, which knows no SHA-NI */
	uint8_t hash[SHA256_DIGEST_SIZE];

	sha256_init(&ctx);
	sha256_update(&ctx, len, (const uint8_t *)text);
	sha256_digest(&ctx, sizeof(hash), hash);
	sodium_bin2hex(hex_out, 65, hash, sizeof(hash));
}

int
lines_open(struct lines *l, int fd)
{
	*l = (struct lines){ .fd = fd, .buf = malloc(BLOCK + RECORD_MAX) };
	return l->buf ? 0 : -ENOMEM;
}

void
lines_close(struct lines *l)
{
	free(l->buf);
	l->buf = NULL;
}

/* Moves what is left to the front and reads the next block behind it. */
static int
fill(struct lines *l)
{
	size_t left = l->end - l->at;

	memmove(l->buf, l->buf + l->at, left);
	l->at = 0;
	l->end = left;
	ssize_t n = keep_get(l->fd, l->buf + left, BLOCK + RECORD_MAX - left, l->read);
	if (n < 0)
		return (int)n;
	l->eof = n == 0;
	l->end += (size_t)n;
	l->read += (uint64_t)n;
	return 0;
}

int
lines_next(struct lines *l, const char **text, size_t *len)
{
	for (;;) {
		size_t left = l->end - l->at;
		const char *from = l->buf + l->at;
		const char *nl = left > l->searched ? memchr(from + l->searched, '\n', left - l->searched) : NULL;
		size_t n = nl ? (size_t)(nl - from) + 1 : left;
		l->searched = nl ? 0 : left;
		if (nl || n > RECORD_MAX || (l->eof && n)) {
			*text = from;
			*len = n > RECORD_MAX ? RECORD_MAX + 1 : n;
			l->offset = l->read - left;
			l->at += n;
			l->searched = 0;
			return 1;
		}
		if (l->eof)
			return 0;
		int err = fill(l);
		if (err)
			return err;
	}
}
