#ifndef ALERT_SYSLOG_H
#define ALERT_SYSLOG_H
/*
 * A record as one message of RFC 5424: facility authpriv, named values as structured data, the sentence as MSG, all of it UTF-8 without
 * control characters. At most SYSLOG_MAX bytes, which every receiver should take (section 6.1): values that find no room are left out,
 * the last ones first, and the sentence is cut.
 */
#include "alert/plain.h"

#define SYSLOG_MAX	2048
/* Of the structured data. 32473 is the number for examples (RFC 5612): yett has none of its own. */
#define SYSLOG_ID	"yett@32473"

/* Writes it to OUT, not terminated. HOST: name of this host. Returns the length. */
size_t	syslog_message(char out[SYSLOG_MAX], const struct plain *, const char *host);

#endif
