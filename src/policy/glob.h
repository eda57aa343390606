#ifndef POLICY_GLOB_H
#define POLICY_GLOB_H
/*
 * Wildcards. In a path, * and ? stay within a directory, ** crosses, "/" + "**" + "/" is also a single slash, and [a-z] or
 * [!a-z] is one byte of a set, never a slash. In other text, * and ? match anything and [ is a letter like any other.
 * A backslash takes the meaning from * ? [ ] and itself; before anything else it is a backslash.
 *
 * Matching keeps the set of all places in the pattern at once, so its time is bounded by pattern times text, whatever they are.
 */
#include <stdbool.h>
#include <stddef.h>

#define GLOB_MAX 512		/* bytes of a pattern with wildcards */

/* What is wrong with a pattern, or NULL. */
const char *glob_wrong(const char *pattern, size_t len, bool path);

/* Has it a wildcard? */
bool	glob_is(const char *pattern, size_t len, bool path);

/* Bytes with which everything begins that the pattern matches: those before its first wildcard or quoted letter. */
size_t	glob_head(const char *pattern, size_t len, bool path);

/* Bytes with which everything ends that the pattern matches; perhaps not all of them. */
size_t	glob_tail(const char *pattern, size_t len);

/* Removes backslashes that quote; OUT has room for LEN bytes and may be PATTERN. Returns the new length. */
size_t	glob_unquote(const char *pattern, size_t len, char *out);

/*
 * A run of letters at *AT, unquoted, into OUT, which has room for LEN bytes: everything that the pattern matches has them side by side.
 * Returns how many; 0: a wildcard is there. *AT moves behind it.
 */
size_t	glob_letters(const char *pattern, size_t len, bool path, size_t *at, char *out);

/* PATTERN of at most GLOB_MAX bytes; any bytes are safe. */
bool	glob_match(const char *pattern, size_t len, const char *s, size_t n, bool path);

#endif
