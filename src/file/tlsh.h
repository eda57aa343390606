#ifndef FILE_TLSH_H
#define FILE_TLSH_H
/*
 * TLSH, a digest that is alike for files that are alike: J. Oliver, C. Cheng, Y. Chen, "TLSH - A Locality Sensitive Hash", 2013.
 * 128 buckets, one byte of checksum, version T1. Of a stream, in pieces of any size.
 */
#include "event/content.h"

#define TLSH_LEN	CONTENT_TLSH	/* "T1" and 35 bytes in upper-case hex */

struct tlsh {
	uint64_t	len;
	uint8_t		last[4];	/* of the stream so far, the newest first */
	uint8_t		checksum;
	uint64_t	count[256];	/* windows that fell into each bucket */
};

void	tlsh_init(struct tlsh *);
void	tlsh_update(struct tlsh *, const uint8_t *bytes, size_t len);
/* The digest without a terminator. False: the stream was shorter than 50 bytes, or too uniform to have one. */
bool	tlsh_digest(const struct tlsh *, char out[TLSH_LEN]);

#endif
