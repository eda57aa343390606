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

static bool
from_minisign(const char *s, uint8_t key[32])
{
	return minisign_key_read(s, strlen(s), key);
}

int
pubkey_read(const char *text_or_path, uint8_t key[32])
{
	char line[1024];

	if (from_hex(text_or_path, key) || from_minisign(text_or_path, key))
		return 0;
	CLEANUP_FILE FILE *in = fopen(text_or_path, "re");
	if (!in)
		return -errno;
	for (int i = 0; i < 4 && fgets(line, sizeof(line), in); i++) {
		line[strcspn(line, " \t\r\n")] = '\0';
		if (from_hex(line, key) || from_minisign(line, key))
			return 0;
	}
	return ferror(in) ? -EIO : -EBADMSG;
}
