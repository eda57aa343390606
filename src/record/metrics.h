#ifndef RECORD_METRICS_H
#define RECORD_METRICS_H
/* What the shared page counts, in the text format of Prometheus, for the textfile collector of node_exporter. */
#include "wire/page.h"

/* Writes it to OUT. Returns its length, 0 if SIZE is too small. */
size_t	metrics_text(char *out, size_t size, const struct page *);

/*
 * Puts it in place of DIR/NAME, mode 0644: a reader sees the old file or the new one. Not synced, since a file that a crash takes is
 * written again 15 s later. 0 or -errno.
 */
int	metrics_write(int dir, const char *name, const char *text, size_t len);

#endif
