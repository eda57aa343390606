#ifndef POLICY_NEAR_H
#define POLICY_NEAR_H
/* "Did you mean": the nearest of some names to a wrong one. */
#include <stddef.h>

/* Of N names, the nearest to WRONG that is near at all, or NULL. */
const char *near_name(const char *wrong, const char *const *names, size_t n);

/* "; did you mean 'x'?" for a NEAREST of "x", "" for NULL. OUT is terminated. Returns OUT. */
const char *near_hint(const char *nearest, char *out, size_t size);

#endif
