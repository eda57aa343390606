#ifndef ALERT_SYNTAX_H
#define ALERT_SYNTAX_H
/*
 * Is this text one JSON object, and nothing else? RFC 8259 with the limits of our records: UTF-8, no raw control bytes, at most
 * SYNTAX_DEPTH levels. Nothing is stored; names of the last two members of the root come out, as they are written.
 */
#include <stdbool.h>
#include <stddef.h>

#define SYNTAX_DEPTH 64

struct syntax_member { const char *name; size_t len; };	/* between the quotes, escapes as they stand */

/* LAST[0] is the last member of the root, LAST[1] the one before; len 0 and NULL if there is none. */
bool	syntax_object(const char *text, size_t len, struct syntax_member last[2]);

#endif
