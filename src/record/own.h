#ifndef RECORD_OWN_H
#define RECORD_OWN_H
/* What the record process itself has to tell, as a report. */
#include "alert/chain.h"
#include "event/verdict.h"

/* A word, a sentence, and lines behind it, LEN bytes that are NUL separated; MODE: enum mode, as the warden says. */
struct own { const char *action, *why, *details; size_t len; uint64_t count; uint8_t mode; };
/* As the next record of the log TO, in this boot. */
void	own_report(struct report *, const struct own *, const char *boot_id, const struct chain_head *to);

#endif
