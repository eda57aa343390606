/* Reports from bytes. What take() makes of one is the target's: it gets the bytes as they are, and then with a length that fits. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "event/verdict.h"

static void	take(const void *bytes, size_t size);
int		LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t whole[sizeof(struct report)];
	const size_t head = offsetof(struct report, event) + offsetof(struct event, arena);

	take(data, size);
	if (size < head || size > sizeof(whole))
		return 0;
	/* A length that fits is hard to guess: here it does. */
	uint16_t used = (uint16_t)(size - head);
	memcpy(whole, data, size);
	memcpy(whole + offsetof(struct report, event) + offsetof(struct event, used), &used, sizeof(used));
	take(whole, size);
	return 0;
}
