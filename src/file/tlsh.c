#include <math.h>
#include <string.h>
#include "file/tlsh.h"

#define BUCKETS		128u	/* of 256 that are counted */
#define LEAST		50u	/* bytes: of fewer nothing can be said */

/* Of P. K. Pearson, "Fast Hashing of Variable-Length Text Strings", 1990. */
static const uint8_t pearson[256] = {
	1, 87, 49, 12, 176, 178, 102, 166, 121, 193, 6, 84, 249, 230, 44, 163, 14, 197, 213, 181, 161, 85, 218, 80, 64, 239, 24, 226,
	236, 142, 38, 200, 110, 177, 104, 103, 141, 253, 255, 50, 77, 101, 81, 18, 45, 96, 31, 222, 25, 107, 190, 70, 86, 237, 240, 34,
	72, 242, 20, 214, 244, 227, 149, 235, 97, 234, 57, 22, 60, 250, 82, 175, 208, 5, 127, 199, 111, 62, 135, 248, 174, 169, 211, 58,
	66, 154, 106, 195, 245, 171, 17, 187, 182, 179, 0, 243, 132, 56, 148, 75, 128, 133, 158, 100, 130, 126, 91, 13, 153, 246, 216, 219,
	119, 68, 223, 78, 83, 88, 201, 99, 122, 11, 92, 32, 136, 114, 52, 10, 138, 30, 48, 183, 156, 35, 61, 26, 143, 74, 251, 94,
	129, 162, 63, 152, 170, 7, 115, 167, 241, 206, 3, 150, 55, 59, 151, 220, 90, 53, 23, 131, 125, 173, 15, 238, 79, 95, 89, 16,
	105, 137, 225, 224, 217, 160, 37, 123, 118, 73, 2, 157, 46, 116, 9, 145, 134, 228, 207, 212, 202, 215, 69, 229, 27, 188, 67, 124,
	168, 252, 42, 4, 29, 108, 21, 247, 19, 205, 39, 203, 233, 40, 186, 147, 198, 192, 155, 33, 164, 191, 98, 204, 165, 180, 117, 76,
	140, 36, 210, 172, 41, 54, 159, 8, 185, 232, 113, 196, 231, 47, 146, 120, 51, 65, 28, 144, 254, 221, 93, 189, 194, 139, 112, 43,
	71, 109, 184, 209
};

/* SALT is already one step into the table. */
static inline uint8_t
mix(uint8_t salt, uint8_t x, uint8_t y, uint8_t z)
{
	return pearson[pearson[pearson[salt ^ x] ^ y] ^ z];
}

void
tlsh_init(struct tlsh *t)
{
	*t = (struct tlsh){ 0 };
}

/* A window of five bytes, A the newest: the six triplets that have A in them each fall into a bucket. */
void
tlsh_update(struct tlsh *t, const uint8_t *bytes, size_t len)
{
	uint8_t b = t->last[0], c = t->last[1], d = t->last[2], e = t->last[3], checksum = t->checksum;
	size_t i = 0;

	for (; i < len && t->len + i < 4; i++) {
		e = d, d = c, c = b, b = bytes[i];
	}
	for (; i < len; i++) {
		uint8_t a = bytes[i];
		checksum = mix(pearson[0], a, b, checksum);
		t->count[mix(pearson[2], a, b, c)]++;
		t->count[mix(pearson[3], a, b, d)]++;
		t->count[mix(pearson[5], a, c, d)]++;
		t->count[mix(pearson[7], a, c, e)]++;
		t->count[mix(pearson[11], a, b, e)]++;
		t->count[mix(pearson[13], a, d, e)]++;
		e = d, d = c, c = b, b = a;
	}
	t->len += len;
	t->checksum = checksum;
	t->last[0] = b, t->last[1] = c, t->last[2] = d, t->last[3] = e;
}

/* The length on a scale that grows ever more coarse; the offsets join its three parts. */
static uint8_t
scaled(uint64_t len)
{
	double l = log((double)len);

	if (len <= 656)
		return (uint8_t)(l / log(1.5));
	if (len <= 3199)
		return (uint8_t)(l / log(1.3) - 8.72777);
	return (uint8_t)(unsigned)(l / log(1.1) - 62.5472);
}

/* The counts at a quarter, a half and three quarters of the buckets in order. */
static void
find_quartiles(const struct tlsh *t, uint64_t q[3])
{
	uint64_t sorted[BUCKETS] = { 0 };

	for (unsigned i = 0; i < BUCKETS; i++) {
		unsigned at = i;
		for (; at && sorted[at - 1] > t->count[i]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = t->count[i];
	}
	for (unsigned i = 0; i < 3; i++)
		q[i] = sorted[BUCKETS / 4 * (i + 1) - 1];
}

static char *
put_hex(char *out, unsigned high, unsigned low)
{
	static const char digits[] = "0123456789ABCDEF";

	*out++ = digits[high & 15];
	*out++ = digits[low & 15];
	return out;
}

/* What three quarters of the buckets stay below, as a part of it; the upper digits do not count. */
static unsigned
ratio(uint64_t quartile, uint64_t upper)
{
	return (unsigned)((float)(quartile * 100) / (float)upper) % 16;
}

bool
tlsh_digest(const struct tlsh *t, char out[TLSH_LEN])
{
	uint64_t q[3];
	unsigned filled = 0;

	for (unsigned i = 0; i < BUCKETS; i++)
		filled += t->count[i] != 0;
	if (t->len < LEAST || filled <= BUCKETS / 2)
		return false;
	find_quartiles(t, q);
	unsigned length = scaled(t->len);
	memcpy(out, "T1", 2);
	out = put_hex(out + 2, t->checksum, t->checksum >> 4);
	out = put_hex(out, length, length >> 4);
	out = put_hex(out, ratio(q[0], q[2]), ratio(q[1], q[2]));
	for (unsigned i = BUCKETS; i; i -= 4) {
		unsigned four = 0;
		for (unsigned k = 1; k <= 4; k++) {
			uint64_t n = t->count[i - k];
			four = four << 2 | ((n > q[0]) + (n > q[1]) + (n > q[2]));
		}
		out = put_hex(out, four >> 4, four);
	}
	return true;
}
