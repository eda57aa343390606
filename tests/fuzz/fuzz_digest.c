/* A stream in pieces of any size, the first byte says which: the digests are those of the same stream in one piece. */
#include <stdlib.h>
#include <string.h>
#include "file/digest.h"

static struct content
in_pieces(const uint8_t *s, size_t len, size_t piece, uint8_t sha256[32])
{
	struct content c = { 0 };
	struct digest d;

	digest_init(&d, true);
	for (size_t at = 0; at < len; at += piece)
		digest_update(&d, s + at, piece < len - at ? piece : len - at);
	digest_end(&d, sha256, &c);
	return c;
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t one[32], other[32];

	if (!size)
		return 0;
	struct content a = in_pieces(data + 1, size - 1, size, one), b = in_pieces(data + 1, size - 1, data[0] + 1u, other);
	if (memcmp(&a, &b, sizeof(a)) || memcmp(one, other, sizeof(one)) || !content_sound(&a))
		abort();
	if (a.header_len != (size - 1 < CONTENT_HEADER ? size - 1 : CONTENT_HEADER) || memcmp(a.header, data + 1, a.header_len))
		abort();
	return 0;
}
