#ifndef BASE_MIX_H
#define BASE_MIX_H
/* Places in tables: FNV-1a. For what nobody gains by choosing, or that is compared whole as well. */
#include <stddef.h>
#include <stdint.h>

#define MIX_BASIS	0xcbf29ce484222325ull

/* H, from MIX_BASIS on, with LEN more bytes in it. */
static inline uint64_t
mix(uint64_t h, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len; i++)
		h = (h ^ b[i]) * 0x100000001b3ull;
	return h;
}

#endif
