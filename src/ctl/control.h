#ifndef CTL_CONTROL_H
#define CTL_CONTROL_H
/* Asking yettd over its admin socket. */
#include <stdio.h>
#include "ctl/ctl.h"
#include "wire/control.h"

struct control_reply { size_t len; char text[CONTROL_REPLY_MAX + 1]; };	/* terminated */

/* Sends REQUEST; the answer is the exit code that yettd gave, or UNREACHABLE or FORBIDDEN after an error on stderr; TEXT is "" then. */
enum answer control_ask(const struct ctl *, const char *request, struct control_reply *);
/* The same; *FD is the descriptor that came with the answer, for the caller to close, or -1. */
enum answer control_ask_for(const struct ctl *, const char *request, struct control_reply *, int *fd);
/* Lines for the admin, as they came; without any, nothing. */
void	control_show(FILE *, struct control_reply *);
/* What yettd says of itself, if it runs and we may ask; nothing is said if not, and TEXT is "". */
void	control_peek(const struct ctl *, struct control_reply *);

#endif
