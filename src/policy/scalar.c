#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include "base/clock.h"
#include "policy/scalar.h"

int
scalar_unsigned(const char *s, uint64_t most, uint64_t *out)
{
	uint64_t n = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		uint64_t digit = (uint64_t)(*s - '0');
		if (*s < '0' || *s > '9' || __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, digit, &n) || n > most)
			return -EINVAL;
	}
	*out = n;
	return 0;
}

/* Digits, then one of the suffixes, which multiplies. */
static int
with_suffix(const char *s, const char *const *suffixes, const uint64_t *factors, uint64_t *out)
{
	size_t digits = strspn(s, "0123456789");
	char number[24];
	uint64_t n;

	if (digits >= sizeof(number))
		return -EINVAL;
	memcpy(number, s, digits);
	number[digits] = '\0';
	if (scalar_unsigned(number, INT64_MAX, &n) < 0)
		return -EINVAL;
	for (size_t i = 0; suffixes[i]; i++) {
		if (strcmp(s + digits, suffixes[i]) != 0)
			continue;
		if (__builtin_mul_overflow(n, factors[i], &n) || n > INT64_MAX)
			return -EINVAL;
		*out = n;
		return 0;
	}
	return -EINVAL;
}

int
scalar_duration(const char *s, uint64_t *ns)
{
	static const char *const suffixes[] = { "ms", "s", "m", "h", "d", NULL };
	static const uint64_t factors[] = { NS_PER_MS, NS_PER_SEC, 60 * NS_PER_SEC, 3600 * NS_PER_SEC, 86400 * NS_PER_SEC };

	return with_suffix(s, suffixes, factors, ns);
}

static int
size_number(const char *s, int64_t *out)
{
	static const char *const suffixes[] = { "", "k", "M", "G", NULL };
	static const uint64_t factors[] = { 1, 1u << 10, 1u << 20, 1u << 30 };
	uint64_t n;
	int err = with_suffix(s, suffixes, factors, &n);

	if (!err)
		*out = (int64_t)n;
	return err;
}

static int
octal_number(const char *s, int64_t *out)
{
	int64_t n = 0;

	if (!*s || strlen(s) > 5)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '7')
			return -EINVAL;
		n = n * 8 + (*s - '0');
	}
	if (n > 07777)
		return -EINVAL;
	*out = n;
	return 0;
}

static int
decimal_number(const char *s, int64_t least, uint64_t most, int64_t *out)
{
	bool minus = *s == '-' && least < 0;
	uint64_t n;

	if (scalar_unsigned(s + minus, minus ? 0 - (uint64_t)least : most, &n) < 0)
		return -EINVAL;
	*out = (int64_t)(minus ? 0 - n : n);
	return 0;
}

static int
bit_number(const char *s, int64_t *out)
{
	if (strcmp(s, "true") != 0 && strcmp(s, "false") != 0)
		return -EINVAL;
	*out = *s == 't';
	return 0;
}

int
scalar_number(enum field_type type, const char *s, int64_t *out)
{
	uint64_t ns;

	switch (type) {
	case TYPE_I32:
		return decimal_number(s, INT32_MIN, INT32_MAX, out);
	case TYPE_I64:
		return decimal_number(s, INT64_MIN, INT64_MAX, out);
	case TYPE_U16:
		return decimal_number(s, 0, UINT16_MAX, out);
	case TYPE_U32:
		return decimal_number(s, 0, UINT32_MAX, out);
	case TYPE_U64:
		return size_number(s, out);
	case TYPE_OCTAL:
		return octal_number(s, out);
	case TYPE_BIT:
		return bit_number(s, out);
	case TYPE_CLOCK:
		if (scalar_duration(s, &ns) < 0)
			return -EINVAL;
		*out = (int64_t)ns;
		return 0;
	case TYPE_TEXT: case TYPE_PATH: case TYPE_LIST: case TYPE_JOINED: case TYPE_NAME: case TYPE_DIR: case TYPE_EXT:
	case TYPE_ANCESTORS: case TYPE_ANCESTOR_NAMES: case TYPE_HASH: case TYPE_IP:
		break;
	}
	return -EINVAL;
}

const char *
scalar_number_help(enum field_type type)
{
	switch (type) {
	case TYPE_I32: case TYPE_I64: case TYPE_U16: case TYPE_U32:
		return "a decimal number";
	case TYPE_U64:
		return "a decimal number, with k, M or G";
	case TYPE_OCTAL:
		return "permission bits in octal, at most 7777";
	case TYPE_BIT:
		return "true or false";
	case TYPE_CLOCK:
		return "a time since boot such as 5m";
	case TYPE_TEXT: case TYPE_PATH: case TYPE_LIST: case TYPE_JOINED: case TYPE_NAME: case TYPE_DIR: case TYPE_EXT:
	case TYPE_ANCESTORS: case TYPE_ANCESTOR_NAMES: case TYPE_HASH: case TYPE_IP:
		break;
	}
	return "text";
}

static bool
two_digits(const char *s, unsigned least, unsigned most, unsigned *out)
{
	if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
		return false;
	*out = (unsigned)(s[0] - '0') * 10 + (unsigned)(s[1] - '0');
	return *out >= least && *out <= most;
}

static bool
leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint64_t
days_before(unsigned year, unsigned month, unsigned day)
{
	static const unsigned before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	uint64_t days = before[month - 1] + day - 1 + (month > 2 && leap(year));

	for (unsigned y = 1970; y < year; y++)
		days += 365 + leap(y);
	return days;
}

int
scalar_time(const char *s, uint64_t *wall_ns)
{
	static const unsigned month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned century, year, month, day, hour = 0, minute = 0, second = 0;
	size_t len = strlen(s);

	if (len != 10 && len != 20)
		return -EINVAL;
	if (!two_digits(s, 19, 22, &century) || !two_digits(s + 2, 0, 99, &year) || s[4] != '-' ||
	    !two_digits(s + 5, 1, 12, &month) || s[7] != '-' || !two_digits(s + 8, 1, 31, &day))
		return -EINVAL;
	year += century * 100;
	if (year < 1970 || day > month_days[month - 1] + (month == 2 && leap(year)))
		return -EINVAL;
	if (len == 20 && (s[10] != 'T' || !two_digits(s + 11, 0, 23, &hour) || s[13] != ':' ||
	    !two_digits(s + 14, 0, 59, &minute) || s[16] != ':' || !two_digits(s + 17, 0, 59, &second) || s[19] != 'Z'))
		return -EINVAL;
	*wall_ns = (days_before(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) * NS_PER_SEC;
	return 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int
scalar_hash(const char *s, uint8_t out[static 32])
{
	uint8_t bytes[32];

	if (strlen(s) != 64)
		return -EINVAL;
	for (size_t i = 0; i < 32; i++) {
		int high = hex_digit(s[2 * i]), low = hex_digit(s[2 * i + 1]);
		if (high < 0 || low < 0)
			return -EINVAL;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(out, bytes, 32);
	return 0;
}

int
scalar_address(const char *s, uint8_t out[static 16], size_t *len)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	uint8_t bytes[16];

	if (inet_pton(AF_INET, s, bytes) == 1) {
		*len = 4;
	} else if (inet_pton(AF_INET6, s, bytes) == 1) {
		*len = memcmp(bytes, mapped, 12) == 0 ? 4 : 16;
		if (*len == 4)
			memmove(bytes, bytes + 12, 4);
	} else {
		return -EINVAL;
	}
	memcpy(out, bytes, *len);
	return 0;
}

int
scalar_network(const char *s, uint8_t out[static 17], size_t *len)
{
	const char *slash = strchr(s, '/');
	char address[INET6_ADDRSTRLEN];
	uint8_t bytes[17];
	uint64_t bits;
	size_t n;

	if (!slash || (size_t)(slash - s) >= sizeof(address))
		return -EINVAL;
	memcpy(address, s, (size_t)(slash - s));
	address[slash - s] = '\0';
	if (scalar_address(address, bytes, &n) < 0 || (n == 4 && strchr(address, ':')))
		return -EINVAL;
	if (scalar_unsigned(slash + 1, n * 8, &bits) < 0)
		return -EINVAL;
	for (uint64_t b = bits; b < n * 8; b++)
		if (bytes[b / 8] & (0x80 >> (b % 8)))
			return -EINVAL;
	bytes[n] = (uint8_t)bits;
	memcpy(out, bytes, n + 1);
	*len = n + 1;
	return 0;
}
