#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "alert/minisign.h"

#define ID_BYTES	8
#define HEAD		(2 + ID_BYTES)		/* algorithm and number of the key */
#define BASE64		sodium_base64_VARIANT_ORIGINAL

static void
id_bytes(const uint8_t key[32], uint8_t id[ID_BYTES])
{
	uint8_t hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, key, 32);
	memcpy(id, hash, ID_BYTES);
}

void
minisign_id(const uint8_t key[32], char id[17])
{
	uint8_t bytes[ID_BYTES];

	id_bytes(key, bytes);
	sodium_bin2hex(id, 17, bytes, sizeof(bytes));
}

/* Algorithm, number of the key, and LEN bytes, in base64. */
static void
put_blob(const uint8_t key[32], const uint8_t *bytes, size_t len, char *out, size_t size)
{
	uint8_t blob[HEAD + 64] = "Ed";

	id_bytes(key, blob + 2);
	memcpy(blob + HEAD, bytes, len);
	sodium_bin2base64(out, size, blob, HEAD + len, BASE64);
}

static bool
get_blob(const char *text, size_t len, uint8_t *bytes, size_t want)
{
	uint8_t blob[HEAD + 64];
	size_t n;

	if (sodium_base642bin(blob, sizeof(blob), text, len, NULL, &n, NULL, BASE64) || n != HEAD + want || memcmp(blob, "Ed", 2) != 0)
		return false;
	memcpy(bytes, blob + HEAD, want);
	return true;
}

void
minisign_key(const uint8_t key[32], char text[MINISIGN_KEY])
{
	put_blob(key, key, 32, text, MINISIGN_KEY);
}

bool
minisign_key_read(const char *text, size_t len, uint8_t key[32])
{
	return get_blob(text, len, key, 32);
}

size_t
minisign_public(const uint8_t key[32], const char *comment, char text[MINISIGN_TEXT])
{
	char coded[MINISIGN_KEY];

	minisign_key(key, coded);
	return (size_t)snprintf(text, MINISIGN_TEXT, "untrusted comment: %.200s\n%s\n", comment, coded);
}

/* What the second signature covers: the first one, and the trusted comment. */
static size_t
put_covered(const uint8_t sig[64], const char *note, uint8_t out[64 + MINISIGN_NOTE])
{
	size_t n = strnlen(note, MINISIGN_NOTE - 1);

	memcpy(out, sig, 64);
	memcpy(out + 64, note, n);
	return 64 + n;
}

size_t
minisign_sign(const struct ratchet *keys, const void *msg, size_t len, const char *note, char text[MINISIGN_TEXT])
{
	uint8_t sig[64], second[64], covered[64 + MINISIGN_NOTE];
	char coded[128], coded_second[128];

	ratchet_sign(keys, msg, len, sig);
	ratchet_sign(keys, covered, put_covered(sig, note, covered), second);
	put_blob(ratchet_public(keys), sig, sizeof(sig), coded, sizeof(coded));
	sodium_bin2base64(coded_second, sizeof(coded_second), second, sizeof(second), BASE64);
	return (size_t)snprintf(text, MINISIGN_TEXT, "untrusted comment: signature of yett\n%s\ntrusted comment: %.511s\n%s\n", coded, note,
	    coded_second);
}

/* The next line of *AT, which must begin with START. */
static bool
take_line(const char **at, const char *end, const char *start, const char **line, size_t *len)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	size_t n = strlen(start);

	if (!newline || (size_t)(newline - *at) < n || memcmp(*at, start, n) != 0)
		return false;
	*line = *at + n;
	*len = (size_t)(newline - *line);
	*at = newline + 1;
	return true;
}

bool
minisign_check(const char *text, size_t n, const void *msg, size_t len, const uint8_t *key, char note[MINISIGN_NOTE])
{
	uint8_t sig[64], second[64], covered[64 + MINISIGN_NOTE];
	const char *at = text, *end = text + n, *line;
	size_t size, got;

	if (!take_line(&at, end, "untrusted comment:", &line, &size) || !take_line(&at, end, "", &line, &size) ||
	    !get_blob(line, size, sig, sizeof(sig)) || !take_line(&at, end, "trusted comment: ", &line, &size) ||
	    size >= MINISIGN_NOTE || memchr(line, '\0', size))
		return false;
	memcpy(note, line, size);
	note[size] = '\0';
	if (!take_line(&at, end, "", &line, &size) || at != end ||
	    sodium_base642bin(second, sizeof(second), line, size, NULL, &got, NULL, BASE64) || got != sizeof(second))
		return false;
	return !key || (crypto_sign_verify_detached(sig, msg, len, key) == 0 &&
	    crypto_sign_verify_detached(second, covered, put_covered(sig, note, covered), key) == 0);
}
