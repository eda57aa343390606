#ifndef CTL_WHEN_H
#define CTL_WHEN_H
/* Times as admins write and read them. Always UTC. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "90s", "30m", "2h", "7d", "1w", or several in a row ("1h30m"); a bare number is seconds. False: it is none. */
bool	when_duration(const char *, uint64_t *ns);
/* "2026-11-24T09:30:00.123Z"; with less precision down to the date; a blank for the T; without the Z. */
bool	when_parse(const char *, uint64_t *wall_ns);
/* Either: a duration before NOW, a point in time, "today", "yesterday". */
bool	when_since(const char *, uint64_t now_ns, uint64_t *wall_ns);
#define WHEN_TEXT	20
/* "09:30:00", with the date when it is not the day of NOW. */
void	when_short(uint64_t wall_ns, uint64_t now_ns, char out[WHEN_TEXT]);
/* "3 d 4 h", "12 min", "5 s". */
void	when_span(uint64_t ns, char *out, size_t size);

#endif
