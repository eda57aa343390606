#ifndef ALERT_REASON_H
#define ALERT_REASON_H
/* What a record says in words. */
#include "alert/json.h"

#define REASON_MAX 1024

/* One sentence: what was done, to what, by whom, and why. */
void	reason(const struct report *, char out[REASON_MAX]);
/* The arguments as one text, joined by blanks, as far as it has room: process.command_line; process.args has all. Returns its length. */
#define REASON_COMMAND_LINE 2048
size_t	reason_command_line(const struct event *, char out[REASON_COMMAND_LINE]);

#endif
