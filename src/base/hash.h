#ifndef BASE_HASH_H
#define BASE_HASH_H
/* What is in a file. */
#include <stdint.h>

/* SHA-256 of all of FD, whatever its position. 0 or -errno. */
int	hash_file(int fd, uint8_t sha256[32]);

#endif
