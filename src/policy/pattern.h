#ifndef POLICY_PATTERN_H
#define POLICY_PATTERN_H
/*
 * Finding the few patterns of a great many that a text can meet, by how it begins or ends. Everything that a pattern matches begins with
 * its head and ends with its tail; the longer of them is its key. A network's key are its bits. Keys are in order as words in a
 * dictionary, tails read backwards: so what begins with a key stands behind it, and everything between the two begins with it too.
 */
#include "policy/layout.h"

enum pattern_part { PATTERN_HEADS, PATTERN_TAILS, PATTERN_REST };

enum pattern_part pattern_part(const char *strings, const struct l_pattern *);
/* Below, at or above 0, as A stands before, beside or behind B; both are of PART. */
int	pattern_order(const char *strings, enum pattern_part part, const struct l_pattern *a, const struct l_pattern *b);
/* Does the key of B begin with the key of A? Both are of PART. */
bool	pattern_begins(const char *strings, enum pattern_part part, const struct l_pattern *a, const struct l_pattern *b);

/* The last of N patterns of PART, in order, that does not stand behind the text V; NULL: all do. What V can meet is it, or up from it. */
const struct l_pattern *pattern_last(const char *strings, enum pattern_part part, const struct l_pattern *, uint32_t n, struct value v);

#endif
