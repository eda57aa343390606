#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "alert/json.h"
#include "base/clock.h"

static const char digits[] = "0123456789abcdef";

void
json_init(struct json *j, char *buf, size_t size)
{
	*j = (struct json){ .buf = buf, .size = size };
}

/* Bytes that may still be written when every open object and array keeps one to be closed with. */
static size_t
room(const struct json *j)
{
	size_t kept = j->len + j->depth;

	return kept < j->size ? j->size - kept : 0;
}

static void
put(struct json *j, const char *s, size_t len)
{
	memcpy(j->buf + j->len, s, len);
	j->len += len;
}

/* Bytes of comma, quoted key and colon. */
static size_t
key_size(const struct json *j, const char *key)
{
	return (j->comma ? 1 : 0) + (key ? strlen(key) + 3 : 0);
}

static void
put_key(struct json *j, const char *key)
{
	if (j->comma)
		put(j, ",", 1);
	if (key) {
		put(j, "\"", 1);
		put(j, key, strlen(key));
		put(j, "\":", 2);
	}
	j->comma = true;
}

static bool
fits(struct json *j, const char *key, size_t len)
{
	if (j->skipped)
		return false;
	if (key_size(j, key) + len <= room(j))
		return true;
	j->full = true;
	return false;
}

static void
open_with(struct json *j, const char *key, char brace)
{
	if (!fits(j, key, 2)) {
		j->skipped++;
		return;
	}
	put_key(j, key);
	put(j, &brace, 1);
	j->depth++;
	j->comma = false;
}

static void
close_with(struct json *j, char brace)
{
	if (j->skipped) {
		j->skipped--;
		return;
	}
	j->depth--;
	put(j, &brace, 1);
	j->comma = true;
}

void
json_open(struct json *j, const char *key)
{
	open_with(j, key, '{');
}

void
json_close(struct json *j)
{
	close_with(j, '}');
}

void
json_list(struct json *j, const char *key)
{
	open_with(j, key, '[');
}

void
json_list_end(struct json *j)
{
	close_with(j, ']');
}

static bool
continues(const uint8_t *s, size_t len, size_t n)
{
	if (len < n)
		return false;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return false;
	return true;
}

size_t
json_character(const uint8_t *s, size_t len)
{
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		return continues(s, len, 2) ? 2 : 0;
	if (s[0] >= 0xe0 && s[0] <= 0xef) {
		if (!continues(s, len, 3) || (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f))
			return 0;
		return 3;
	}
	if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		if (!continues(s, len, 4) || (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
			return 0;
		return 4;
	}
	return 0;
}

struct escaped { char out[8]; size_t out_len, taken; };

static void
escape_byte(struct escaped *e, uint8_t c)
{
	e->out_len = 5;
	memcpy(e->out, "\\\\x", 3);
	e->out[3] = digits[c >> 4];
	e->out[4] = digits[c & 15];
}

static void
escape_code(struct escaped *e, uint8_t c)
{
	e->out_len = 6;
	memcpy(e->out, "\\u00", 4);
	e->out[4] = digits[c >> 4];
	e->out[5] = digits[c & 15];
}

/* One character of S as JSON text. Terminals act on C0, DEL and C1 controls, so none of them stays raw. */
static void
escape(struct escaped *e, const uint8_t *s, size_t len)
{
	size_t n = json_character(s, len);

	e->taken = n ? n : 1;
	if (n == 0 || s[0] == 0 || (s[0] == '\\' && len > 1 && s[1] == 'x')) {
		escape_byte(e, s[0]);
	} else if (s[0] == '"' || s[0] == '\\') {
		e->out_len = 2;
		e->out[0] = '\\';
		e->out[1] = (char)s[0];
	} else if (s[0] < 0x20 || s[0] == 0x7f) {
		escape_code(e, s[0]);
	} else if (s[0] == 0xc2 && s[1] < 0xa0) {
		escape_code(e, s[1]);
	} else {
		e->out_len = n;
		memcpy(e->out, s, n);
	}
}

size_t
json_text_cap(struct json *j, const char *key, const char *s, size_t len, size_t cap)
{
	size_t at = 0;

	if (!fits(j, key, 2))
		return 0;
	put_key(j, key);
	put(j, "\"", 1);
	size_t left = room(j) - 1;
	if (left > cap)
		left = cap;
	while (at < len) {
		struct escaped e;
		escape(&e, (const uint8_t *)s + at, len - at);
		if (e.out_len > left) {
			j->full = true;
			break;
		}
		put(j, e.out, e.out_len);
		left -= e.out_len;
		at += e.taken;
	}
	put(j, "\"", 1);
	return at;
}

void
json_text(struct json *j, const char *key, const char *s, size_t len)
{
	json_text_cap(j, key, s, len, SIZE_MAX);
}

void
json_str(struct json *j, const char *key, const char *s)
{
	json_text(j, key, s, strlen(s));
}

static void
raw(struct json *j, const char *key, const char *s, size_t len)
{
	if (!fits(j, key, len))
		return;
	put_key(j, key);
	put(j, s, len);
}

void
json_num(struct json *j, const char *key, int64_t n)
{
	char text[24];

	raw(j, key, text, (size_t)snprintf(text, sizeof(text), "%" PRId64, n));
}

void
json_unum(struct json *j, const char *key, uint64_t n)
{
	char text[24];

	raw(j, key, text, (size_t)snprintf(text, sizeof(text), "%" PRIu64, n));
}

void
json_bool(struct json *j, const char *key, bool b)
{
	raw(j, key, b ? "true" : "false", b ? 4 : 5);
}

void
json_hex(struct json *j, const char *key, const uint8_t *bytes, size_t n)
{
	if (!fits(j, key, 2 * n + 2))
		return;
	put_key(j, key);
	put(j, "\"", 1);
	for (size_t i = 0; i < n; i++) {
		put(j, &digits[bytes[i] >> 4], 1);
		put(j, &digits[bytes[i] & 15], 1);
	}
	put(j, "\"", 1);
}

/* Days since 1970 to a date of the proleptic Gregorian calendar; years are counted from March, so that the leap day is the last. */
static void
civil(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
	uint64_t z = days + 719468, era = z / 146097;
	unsigned of_era = (unsigned)(z % 146097);
	unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned m = (5 * of_year + 2) / 153;

	*day = of_year - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = (unsigned)(era * 400) + year_of_era + (*month <= 2);
}

void
json_clock(char out[JSON_CLOCK], uint64_t wall_ns, unsigned places)
{
	uint64_t s = wall_ns / NS_PER_SEC, fraction = wall_ns % NS_PER_SEC;
	unsigned year, month, day, of_day = (unsigned)(s % 86400);

	for (unsigned i = places; i < 9; i++)
		fraction /= 10;
	civil(s / 86400, &year, &month, &day);
	snprintf(out, JSON_CLOCK, "%04u-%02u-%02uT%02u:%02u:%02u.%0*lluZ", year, month, day,
	    of_day / 3600, of_day / 60 % 60, of_day % 60, (int)places, (unsigned long long)fraction);
}

void
json_time(struct json *j, const char *key, uint64_t wall_ns)
{
	char time[JSON_CLOCK], text[JSON_CLOCK + 2];

	json_clock(time, wall_ns, 9);
	raw(j, key, text, (size_t)snprintf(text, sizeof(text), "\"%s\"", time));
}
