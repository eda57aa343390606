#ifndef BASE_GROW_H
#define BASE_GROW_H
/* Arrays that grow by doubling. */
#include <stddef.h>

/* AT with room for one more element of WIDTH bytes behind N, of ROOM; NULL: no memory, and AT is as it was. The caller's, by free(). */
void	*grow(void *at, size_t n, size_t *room, size_t width);

#endif
