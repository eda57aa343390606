#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "alert/anchor.h"
#include "alert/keep.h"

void
anchor_id(const uint8_t key[32], char id[17])
{
	minisign_id(key, id);
}

bool
anchor_is_id(const char *name)
{
	return strspn(name, "0123456789abcdef") == 16 && !name[16];
}

size_t
anchor_public(const uint8_t key[32], char text[MINISIGN_TEXT])
{
	char comment[64], id[17];

	anchor_id(key, id);
	snprintf(comment, sizeof(comment), "yett anchor of log %s", id);
	return minisign_public(key, comment, text);
}

int
anchor_write(int dir, const char *name, const char *pub, const uint8_t key[32])
{
	char text[MINISIGN_TEXT], hex[66];
	int err = keep_write(dir, pub, text, anchor_public(key, text), 0644);

	if (err)
		return err;
	sodium_bin2hex(hex, sizeof(hex), key, 32);
	hex[64] = '\n';
	return keep_write(dir, name, hex, 65, 0644);
}

int
anchor_read(int dir, const char *name, uint8_t key[32])
{
	char hex[128];
	size_t got;
	ssize_t n = keep_read(dir, name, hex, sizeof(hex));

	if (n < 0)
		return (int)n;
	if (n > 0 && hex[n - 1] == '\n')
		n--;
	uint8_t bytes[32];
	if (n != 64 || sodium_hex2bin(bytes, sizeof(bytes), hex, 64, NULL, &got, NULL) || got != 32)
		return -EBADMSG;
	memcpy(key, bytes, 32);
	return 0;
}
