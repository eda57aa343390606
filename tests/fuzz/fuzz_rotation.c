/* Any bytes as the file that says how far a change of an anchor has come: what is taken is what would be written. */
#include <stdlib.h>
#include "../unit/logs.h"
#include "alert/rotation.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct logs logs;

static void
end(void)
{
	logs_close(&logs);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rotation r = { .end = 77 }, again;

	if (logs.root == 0 && (!logs_open(&logs) || atexit(end)))
		abort();
	if (!rotation_parse((const char *)data, size, &r)) {
		if (r.end != 77 || r.phase != ROTATION_NONE)
			abort();
		return 0;
	}
	if (r.phase <= ROTATION_NONE || r.phase >= ROTATION__MAX || strspn(r.log, "0123456789abcdef") != 16 || strlen(r.head) != 64)
		abort();
	if (rotation_write(logs.state, "rotation", &r) || rotation_read(logs.state, "rotation", &again) || memcmp(&r, &again, sizeof(r)) != 0)
		abort();
	CLEANUP_BLOB struct blob b = blob_read(logs.state, "rotation");
	if (b.len != size || memcmp(b.data, data, size) != 0)
		abort();
	return 0;
}
