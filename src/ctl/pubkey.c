#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "alert/minisign.h"
#include "base/cleanup.h"
#include "ctl/pubkey.h"

static bool
from_hex(const char *s, uint8_t key[32])
{
	size_t n;

	return strlen(s) == 64 && sodium_hex2bin(key, 32, s, 64, NULL, &n, NULL) == 0 && n == 32;
}

int
pubkey_read(const char *text_or_path, uint8_t key[32])
{
	char line[1024];

	if (from_hex(text_or_path, key) || minisign_key_read(text_or_path, strlen(text_or_path), key))
		return 0;
	CLEANUP_FILE FILE *in = fopen(text_or_path, "re");
	if (!in)
		return -errno;
	for (int i = 0; i < 4 && fgets(line, sizeof(line), in); i++) {
		line[strcspn(line, " \t\r\n")] = '\0';
		if (from_hex(line, key) || minisign_key_read(line, strlen(line), key))
			return 0;
	}
	return ferror(in) ? -EIO : -EBADMSG;
}
