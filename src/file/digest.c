#include <math.h>
#include <string.h>
#include "file/digest.h"

void
digest_init(struct digest *d, bool all)
{
	d->all = all;
	sha256_init(&d->sha256);
	if (!all)
		return;
	md5_init(&d->md5);
	sha1_init(&d->sha1);
	tlsh_init(&d->tlsh);
	memset(d->bytes, 0, sizeof(d->bytes));
	d->len = 0;
}

/* In four columns: the same value many times in a row would wait for itself. */
static void
count_bytes(uint64_t out[256], const uint8_t *s, size_t len)
{
	uint32_t n[4][256] = { { 0 } };
	size_t i = 0;

	for (; i + 4 <= len; i += 4)
		for (unsigned k = 0; k < 4; k++)
			n[k][s[i + k]]++;
	for (; i < len; i++)
		n[0][s[i]]++;
	for (unsigned v = 0; v < 256; v++)
		out[v] += (uint64_t)n[0][v] + n[1][v] + n[2][v] + n[3][v];
}

void
digest_update(struct digest *d, const uint8_t *s, size_t len)
{
	sha256_update(&d->sha256, len, s);
	if (!d->all)
		return;
	md5_update(&d->md5, len, s);
	sha1_update(&d->sha1, len, s);
	tlsh_update(&d->tlsh, s, len);
	count_bytes(d->bytes, s, len);
	for (size_t i = 0; i < len && d->len + i < sizeof(d->header); i++)
		d->header[d->len + i] = s[i];
	d->len += len;
}

uint32_t
digest_entropy(const uint64_t bytes[256], uint64_t n)
{
	double bits = 0;

	for (unsigned v = 0; v < 256; v++)
		if (bytes[v])
			bits -= (double)bytes[v] * log2((double)bytes[v] / (double)n);
	return n ? (uint32_t)lround(1000 * bits / (double)n) : 0;
}

void
digest_end(struct digest *d, uint8_t sha256[32], struct content *c)
{
	sha256_digest(&d->sha256, SHA256_DIGEST_SIZE, sha256);
	if (!d->all)
		return;
	md5_digest(&d->md5, MD5_DIGEST_SIZE, c->md5);
	sha1_digest(&d->sha1, SHA1_DIGEST_SIZE, c->sha1);
	c->tlsh_len = tlsh_digest(&d->tlsh, c->tlsh) ? CONTENT_TLSH : 0;
	c->entropy = digest_entropy(d->bytes, d->len);
	c->header_len = (uint8_t)(d->len < sizeof(c->header) ? d->len : sizeof(c->header));
	memcpy(c->header, d->header, c->header_len);
}
