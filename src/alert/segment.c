#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "alert/keep.h"
#include "alert/segment.h"
#include "base/cleanup.h"
#include "base/hash.h"

#define SUMS_MAX (4 * SEGMENT_LINE)

static const char *const endings[] = { [SEGMENT_RECORDS] = ".jsonl", [SEGMENT_PACKED] = ".jsonl.zst", [SEGMENT_SUMS] = ".sums",
	[SEGMENT_SIG] = ".sums.minisig" };

void
segment_name(char name[SEGMENT_NAME], const char *stem, uint64_t number, enum segment_file file)
{
	snprintf(name, SEGMENT_NAME, "%.8s-%08" PRIu64 "%s", stem, number % 100000000, endings[file]);
}

int64_t
segment_number(const char *name, const char *stem, enum segment_file *file)
{
	size_t n = strlen(stem);
	int64_t number = 0;

	if (strncmp(name, stem, n) != 0 || name[n] != '-' || strspn(name + n + 1, "0123456789") != 8)
		return -1;
	for (int i = 1; i <= 8; i++)
		number = 10 * number + name[n + (size_t)i] - '0';
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (strcmp(name + n + 9, endings[i]) == 0) {
			*file = (enum segment_file)i;
			return number;
		}
	return -1;
}

int
segment_hash(int fd, char hex[65])
{
	uint8_t hash[32];
	int err = hash_file(fd, hash);

	if (!err)
		sodium_bin2hex(hex, 65, hash, sizeof(hash));
	return err;
}

static int
hash_of_name(int dir, const char *name, char hex[65])
{
	CLEANUP_FD int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : segment_hash(fd, hex);
}

static size_t
put_sum(char *text, size_t at, const char *name, const char *hex)
{
	return at + (size_t)snprintf(text + at, SEGMENT_LINE, "SHA256 (%s) = %s\n", name, hex);
}

/* The sums of S. Those before it are left out where there are none. Returns their length or -errno. */
static ssize_t
put_sums(const struct segment_place *p, const struct segment *s, char text[SUMS_MAX])
{
	char name[SEGMENT_NAME], hex[65];
	size_t len = 0;
	int err = 0;

	if (s->number) {
		segment_name(name, p->stem, s->number - 1, SEGMENT_SUMS);
		err = hash_of_name(p->dir, name, hex);
		len = err ? 0 : put_sum(text, 0, name, hex);
		segment_name(name, p->stem, s->number, SEGMENT_RECORDS);
	}
	if (!err || err == -ENOENT)
		err = hash_of_name(p->dir, p->what, hex);
	return err ? err : (ssize_t)put_sum(text, len, s->number ? name : p->what, hex);
}

int
segment_seal(const struct segment_place *p, const struct segment *s, const struct ratchet *keys)
{
	char text[SUMS_MAX], note[MINISIGN_NOTE], sig[MINISIGN_TEXT], name[SEGMENT_NAME], key[65], next[MINISIGN_KEY];
	ssize_t len = put_sums(p, s, text);

	if (len < 0)
		return (int)len;
	sodium_bin2hex(key, sizeof(key), s->key, sizeof(s->key));
	minisign_key(s->next, next);
	snprintf(note, sizeof(note), "yett1 log=%s seg=%" PRIu64 " first=%" PRIu64 " end=%" PRIu64 " head=%s key=%s next=%s", s->log, s->number,
	    s->first, s->end, s->head, key, next);
	segment_name(name, p->stem, s->number, SEGMENT_SUMS);
	int err = keep_write(p->dir, name, text, (size_t)len, 0640);
	if (err)
		return err;
	size_t n = minisign_sign(keys, text, (size_t)len, note, sig);
	segment_name(name, p->stem, s->number, SEGMENT_SIG);
	return keep_write(p->dir, name, sig, n, 0640);
}

static bool
is_hex(const char *s, size_t len)
{
	return strlen(s) == len && strspn(s, "0123456789abcdef") == len;
}

static bool
take_number(const char **s, const char *name, uint64_t *out)
{
	size_t n = strlen(name);
	int used = 0;

	if (strncmp(*s, name, n) != 0 || strspn(*s + n, "0123456789") > 19 || sscanf(*s + n, "%" SCNu64 "%n", out, &used) != 1 || !used)
		return false;
	*s += n + (size_t)used;
	return true;
}

/* SIZE - 1 characters that OUT gets, behind NAME. */
static bool
take_text(const char **s, const char *name, char *out, size_t size)
{
	size_t n = strlen(name);

	if (strncmp(*s, name, n) != 0 || strnlen(*s + n, size - 1) < size - 1)
		return false;
	memcpy(out, *s + n, size - 1);
	out[size - 1] = '\0';
	*s += n + size - 1;
	return true;
}

static bool
read_note(const char *note, struct segment *s)
{
	char key[65], next[MINISIGN_KEY];

	return take_text(&note, "yett1 log=", s->log, sizeof(s->log)) && is_hex(s->log, 16) && take_number(&note, " seg=", &s->number) &&
	    take_number(&note, " first=", &s->first) && take_number(&note, " end=", &s->end) && s->first <= s->end &&
	    take_text(&note, " head=", s->head, sizeof(s->head)) && is_hex(s->head, 64) && take_text(&note, " key=", key, sizeof(key)) &&
	    is_hex(key, 64) && sodium_hex2bin(s->key, 32, key, 64, NULL, NULL, NULL) == 0 && take_text(&note, " next=", next, sizeof(next)) &&
	    !*note && minisign_key_read(next, strlen(next), s->next);
}

/* The line of NAME at *AT, if there is one. */
static bool
take_sum(const char **at, const char *end, const char *name, char hex[65])
{
	char want[SEGMENT_LINE];
	size_t n = (size_t)snprintf(want, sizeof(want), "SHA256 (%s) = ", name);

	if ((size_t)(end - *at) < n + 65 || memcmp(*at, want, n) != 0 || (*at)[n + 64] != '\n')
		return false;
	memcpy(hex, *at + n, 64);
	hex[64] = '\0';
	*at += n + 65;
	return is_hex(hex, 64);
}

static bool
read_sums(const char *text, size_t len, const char *stem, struct segment *s)
{
	const char *at = text, *end = text + len;
	char name[SEGMENT_NAME];

	s->hash[0] = s->before[0] = '\0';
	if (s->number == 0)
		return true;
	segment_name(name, stem, s->number - 1, SEGMENT_SUMS);
	if (!take_sum(&at, end, name, s->before))
		s->before[0] = '\0';
	segment_name(name, stem, s->number, SEGMENT_RECORDS);
	return take_sum(&at, end, name, s->hash) && at == end;
}

int
segment_read(int dir, const char *stem, uint64_t number, const uint8_t *key, struct segment *s)
{
	char text[SUMS_MAX], sig[MINISIGN_TEXT], note[MINISIGN_NOTE], name[SEGMENT_NAME];

	segment_name(name, stem, number, SEGMENT_SUMS);
	ssize_t len = keep_read(dir, name, text, sizeof(text));
	segment_name(name, stem, number, SEGMENT_SIG);
	ssize_t n = len < 0 ? len : keep_read(dir, name, sig, sizeof(sig));
	if (n < 0)
		return n == -EFBIG ? -EBADMSG : (int)n;
	*s = (struct segment){ 0 };
	if (!minisign_check(sig, (size_t)n, text, (size_t)len, key, note) || !read_note(note, s) || s->number != number)
		return -EBADMSG;
	return read_sums(text, (size_t)len, stem, s) ? 0 : -EBADMSG;
}
