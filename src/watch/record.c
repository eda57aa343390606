#include <errno.h>
#include <string.h>
#include "base/clock.h"
#include "watch/record.h"

/* Digits from *AT, at least one; moves *AT behind them. */
static bool
digits(const char *s, size_t len, size_t *at, uint64_t *out)
{
	uint64_t n = 0;
	size_t start = *at;

	for (; *at < len && s[*at] >= '0' && s[*at] <= '9'; ++*at) {
		if (*at - start >= 18)
			return false;
		n = n * 10 + (uint64_t)(s[*at] - '0');
	}
	*out = n;
	return *at > start;
}

static bool
literal(const char *s, size_t len, size_t *at, const char *want)
{
	size_t n = strlen(want);

	if (len - *at < n || memcmp(s + *at, want, n))
		return false;
	*at += n;
	return true;
}

int
record_parse(struct record *r, unsigned type, const char *text, size_t len)
{
	uint64_t seconds, millis, serial;
	size_t at = 0;

	while (len && text[len - 1] == '\0')
		len--;
	if (len > RECORD_TEXT_MAX)
		return -EBADMSG;
	if (!literal(text, len, &at, "audit(") || !digits(text, len, &at, &seconds) || !literal(text, len, &at, ".") ||
	    !digits(text, len, &at, &millis) || !literal(text, len, &at, ":") || !digits(text, len, &at, &serial) ||
	    !literal(text, len, &at, "):"))
		return -EBADMSG;
	if (seconds > UINT64_MAX / NS_PER_SEC - 1 || millis > 999)
		return -EBADMSG;
	*r = (struct record){
		.type = type, .wall_ns = seconds * NS_PER_SEC + millis * NS_PER_MS, .serial = serial,
		.body = text + at, .len = len - at,
	};
	return 0;
}

static size_t
word_end(const struct record *r, size_t at)
{
	while (at < r->len && r->body[at] != ' ' && r->body[at] != '\n')
		at++;
	return at;
}

bool
record_next(const struct record *r, size_t *at, struct pair *p)
{
	while (*at < r->len) {
		if (r->body[*at] == ' ' || r->body[*at] == '\n') {
			++*at;
			continue;
		}
		size_t start = *at, end = word_end(r, start);
		const char *equal = memchr(r->body + start, '=', end - start);
		*at = end;
		if (!equal)
			continue;
		size_t value = (size_t)(equal - r->body) + 1;
		*p = (struct pair){
			.key = r->body + start, .key_len = value - 1 - start, .value = r->body + value, .len = end - value,
		};
		if (value == r->len || r->body[value] != '"')
			return true;
		const char *close = memchr(r->body + value + 1, '"', r->len - value - 1);
		if (!close)
			return false;
		p->quoted = true;
		p->value++;
		p->len = (size_t)(close - p->value);
		*at = (size_t)(close - r->body) + 1;
		return true;
	}
	return false;
}

bool
pair_is(const struct pair *p, const char *key)
{
	return p->key_len == strlen(key) && !memcmp(p->key, key, p->key_len);
}

bool
record_find(const struct record *r, const char *key, struct pair *p)
{
	size_t at = 0;

	while (record_next(r, &at, p))
		if (pair_is(p, key))
			return true;
	return false;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

int
pair_number(const struct pair *p, int base, int64_t *out)
{
	bool minus = p->len && p->value[0] == '-';
	size_t at = minus ? 1 : 0;
	uint64_t n = 0;

	if (p->quoted || at == p->len || p->len - at > 22)
		return -EBADMSG;
	for (; at < p->len; at++) {
		int d = digit(p->value[at]);
		if (d >= base || n > (UINT64_MAX - (uint64_t)d) / (uint64_t)base)
			return -EBADMSG;
		n = n * (uint64_t)base + (uint64_t)d;
	}
	*out = (int64_t)(minus ? 0 - n : n);
	return 0;
}

int
record_number(const struct record *r, const char *key, int base, int64_t *out)
{
	struct pair p;

	return record_find(r, key, &p) ? pair_number(&p, base, out) : -ENODATA;
}

ssize_t
pair_text(const struct pair *p, char *out, size_t size)
{
	if (p->quoted) {
		memcpy(out, p->value, p->len < size ? p->len : size);
		return (ssize_t)p->len;
	}
	if ((p->len == 6 && (!memcmp(p->value, "(null)", 6) || !memcmp(p->value, "(none)", 6))))
		return -ENODATA;
	if (p->len % 2)
		return -EBADMSG;
	for (size_t i = 0; i < p->len; i += 2) {
		int high = digit(p->value[i]), low = digit(p->value[i + 1]);
		if (high > 15 || low > 15)
			return -EBADMSG;
		if (i / 2 < size)
			out[i / 2] = (char)(high << 4 | low);
	}
	return (ssize_t)(p->len / 2);
}
