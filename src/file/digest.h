#ifndef FILE_DIGEST_H
#define FILE_DIGEST_H
/* What is to be known of the bytes of a file, in one pass over them: its SHA-256 always, the rest only where it is asked for. */
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include "event/content.h"
#include "file/tlsh.h"

struct digest {
	bool			all;
	struct sha256_ctx	sha256;
	/* only if ALL */
	struct md5_ctx		md5;
	struct sha1_ctx		sha1;
	struct tlsh		tlsh;
	uint64_t		bytes[256];	/* how often each value occurs */
	uint8_t			header[CONTENT_HEADER];
	uint64_t		len;
};

void	digest_init(struct digest *, bool all);
void	digest_update(struct digest *, const uint8_t *, size_t len);
/* Ends it. C is filled in, if ALL, but for what only an ELF has. */
void	digest_end(struct digest *, uint8_t sha256[32], struct content *c);

/* The Shannon entropy of N bytes of which each value occurs so often, in thousandths of a bit per byte. */
uint32_t digest_entropy(const uint64_t bytes[256], uint64_t n);

#endif
