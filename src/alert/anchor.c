#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "alert/anchor.h"
#include "alert/keep.h"

#define ID_BYTES 8

static void
id_bytes(const uint8_t key[32], uint8_t id[ID_BYTES])
{
	uint8_t hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, key, 32);
	memcpy(id, hash, ID_BYTES);
}

void
anchor_id(const uint8_t key[32], char id[17])
{
	uint8_t bytes[ID_BYTES];

	id_bytes(key, bytes);
	sodium_bin2hex(id, 17, bytes, sizeof(bytes));
}

int
anchor_write(int dir, const uint8_t key[32])
{
	uint8_t blob[2 + ID_BYTES + 32] = "Ed";
	char text[256], coded[64], id[17];

	id_bytes(key, blob + 2);
	memcpy(blob + 2 + ID_BYTES, key, 32);
	anchor_id(key, id);
	sodium_bin2base64(coded, sizeof(coded), blob, sizeof(blob), sodium_base64_VARIANT_ORIGINAL);
	int n = snprintf(text, sizeof(text), "untrusted comment: yett anchor of log %s\n%s\n", id, coded);
	int err = keep_write(dir, ANCHOR_PUB, text, (size_t)n, 0644);
	if (err)
		return err;
	char hex[66];
	sodium_bin2hex(hex, sizeof(hex), key, 32);
	hex[64] = '\n';
	return keep_write(dir, ANCHOR_FILE, hex, 65, 0644);
}

int
anchor_read(int dir, uint8_t key[32])
{
	char hex[128];
	size_t got;
	ssize_t n = keep_read(dir, ANCHOR_FILE, hex, sizeof(hex));

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
