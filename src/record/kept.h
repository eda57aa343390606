#ifndef RECORD_KEPT_H
#define RECORD_KEPT_H
/* Memory of others that this process writes to the state directory now and then: what correlations have learnt. */
#include "record/record.h"

struct kept_state { uint64_t changes, at_ns; };	/* what was written last, and when it was looked at */

/* Is it time again? */
bool	kept_is_due(const struct kept_state *, uint64_t now_ns);
/* Writes it as it stands at this moment, if it changed; a loss costs only what was learnt since. */
void	kept_write(struct kept_state *, const struct kept *, int state_dir, uint64_t now_ns);

#endif
