#include <stdlib.h>
#include "base/grow.h"

#define ROOM_FIRST	64

void *
grow(void *at, size_t n, size_t *room, size_t width)
{
	if (n < *room)
		return at;
	size_t more = *room ? 2 * *room : ROOM_FIRST;
	void *larger = reallocarray(at, more, width);
	if (larger)
		*room = more;
	return larger;
}
