#ifndef ALERT_JOURNAL_H
#define ALERT_JOURNAL_H
/*
 * A record as one datagram of the native protocol of the journal: NAME=value lines, or NAME, its length in 8 bytes and the value where
 * there are control characters in it. Values are the bytes themselves, each cut at JOURNAL_VALUE; MESSAGE is plain_text().
 * All of it stays far below what a datagram may have by default (net.core.wmem_default, 212992), so no memfd is needed.
 */
#include "alert/plain.h"

#define JOURNAL_MAX	65536
#define JOURNAL_VALUE	8192

/* Writes it to OUT. A value that finds no room is left out whole. Returns the length. */
size_t	journal_datagram(char out[JOURNAL_MAX], const struct plain *);

#endif
