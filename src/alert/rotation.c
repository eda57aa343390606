#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "alert/keep.h"
#include "alert/rotation.h"

static const char *const phases[ROTATION__MAX] = {
	[ROTATION_NONE] = "none", [ROTATION_PLANNED] = "planned", [ROTATION_MOVING] = "moving", [ROTATION_DONE] = "done",
};

static size_t
put(const struct rotation *r, char text[ROTATION_TEXT])
{
	char key[65];

	sodium_bin2hex(key, sizeof(key), r->key, sizeof(r->key));
	return (size_t)snprintf(text, ROTATION_TEXT, "yett1 %s log=%s end=%" PRIu64 " head=%s key=%s\n", phases[r->phase], r->log, r->end,
	    r->head, key);
}

bool
rotation_parse(const char *text, size_t len, struct rotation *out)
{
	char line[ROTATION_TEXT], again[ROTATION_TEXT], phase[8], key[65];
	struct rotation r = { 0 };

	if (len >= sizeof(line))
		return false;
	memcpy(line, text, len);
	line[len] = '\0';
	if (sscanf(line, "yett1 %7[a-z] log=%16[0-9a-f] end=%20" SCNu64 " head=%64[0-9a-f] key=%64[0-9a-f]", phase, r.log, &r.end, r.head,
	    key) != 5 || strlen(r.log) != 16 || strlen(r.head) != 64 || sodium_hex2bin(r.key, sizeof(r.key), key, strlen(key), NULL, NULL, NULL))
		return false;
	for (int i = ROTATION_PLANNED; i < ROTATION__MAX; i++)
		if (strcmp(phase, phases[i]) == 0)
			r.phase = (enum rotation_phase)i;
	/* There is one way to write it: that rules out all that sscanf() takes besides. */
	if (r.phase == ROTATION_NONE || put(&r, again) != len || memcmp(again, text, len) != 0)
		return false;
	*out = r;
	return true;
}

int
rotation_read(int dir, const char *name, struct rotation *r)
{
	char text[ROTATION_TEXT];
	ssize_t n = keep_read(dir, name, text, sizeof(text));

	*r = (struct rotation){ 0 };
	if (n < 0)
		return n == -ENOENT || n == -EFBIG ? 0 : (int)n;
	if (!rotation_parse(text, (size_t)n, r))
		*r = (struct rotation){ 0 };
	return 0;
}

int
rotation_write(int dir, const char *name, const struct rotation *r)
{
	char text[ROTATION_TEXT];

	return keep_write(dir, name, text, put(r, text), 0600);
}
