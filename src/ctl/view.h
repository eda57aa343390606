#ifndef CTL_VIEW_H
#define CTL_VIEW_H
/* What a record says, in the words that people read. */
#include <jansson.h>
#include "ctl/term.h"
#include "event/verdict.h"

/* "DENIED", "WOULD DENY", "KILLED", "SUSPENDED", "ALERT", "EVENT", "STATE". */
const char *view_outcome(const json_t *record, enum color *);
enum severity view_severity(const json_t *record);
/* enum event_kind of what it tells, or -1. */
int	view_kind(const json_t *record);
/* Is it one that `alerts` shows? */
bool	view_is_alert(const json_t *record);

#endif
