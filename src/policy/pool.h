#ifndef POLICY_POOL_H
#define POLICY_POOL_H
/* Memory for one compilation: taken piece by piece, given back at once; and a map from names to what they name. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool { struct chunk *chunks; bool failed; };	/* failed: somebody went without; to be looked at once, at the end */

/* Zeroed, aligned to 8 bytes. NULL: no memory. */
void	*pool_take(struct pool *, size_t n);
/* LEN bytes of S and a terminator. */
char	*pool_copy(struct pool *, const char *s, size_t len);
void	pool_done(struct pool *);

struct names { struct name_slot *slots; size_t used, size; };

/* What was added under KEY, or NULL. */
void	*names_find(const struct names *, const char *key);
/* KEY must live as long as the map. 0, -EEXIST or -ENOMEM. VALUE is not NULL. */
int	names_add(struct names *, const char *key, void *value);
void	names_done(struct names *);

/* FNV-1a. */
uint32_t pool_hash(const char *s, size_t len, uint32_t seed);

/* An array that grows. After a failure it takes nothing more, and the owner looks at `failed` once, at the end. */
struct table { char *at; size_t n, room, width; bool failed; };

#define TABLE_OF(type)	{ .width = sizeof(type) }
/* Appends N elements (NULL: zeroed) and returns the index of the first; 0 after a failure. */
uint32_t table_add(struct table *, const void *elements, size_t n);
void	*table_at(const struct table *, size_t i);
void	table_done(struct table *);

#endif
