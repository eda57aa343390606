#ifndef WATCH_SPAN_H
#define WATCH_SPAN_H
/* Pieces of a text that somebody wrote. Any byte may be in them; nothing is copied or terminated. */
#include <stdbool.h>
#include <stddef.h>

struct span { const char *s; size_t n; };

#define SPAN(literal) ((struct span){ literal, sizeof(literal) - 1 })

struct span span_of(const char *s);
/* The first line of *REST, without its end; *REST is what follows. False: there is none. A text need not end with a newline. */
bool	span_line(struct span *rest, struct span *line);
/* The same up to the next C, or all; false: *REST was used up. An empty rest has one empty field, once: *REST becomes { NULL, 0 }. */
bool	span_field(struct span *rest, char c, struct span *field);
/* The first word of *REST, after blanks; empty: there is none. */
struct span span_word(struct span *rest);
struct span span_trim(struct span);
bool	span_is(struct span, const char *s);
bool	span_starts(struct span, const char *s);
bool	span_ends(struct span, const char *s);
bool	span_same(struct span, struct span);

#endif
