#ifndef WARDEN_OUTLETS_H
#define WARDEN_OUTLETS_H
/* What the record process needs for its ways out besides the log: opened here, once, for a process that can open none of it. */
#include "warden/warden.h"

/*
 * A datagram socket without a peer, where the journal or syslog is wanted; and the directory of the file of metrics, which is created for
 * the record process if it does not exist. That has to be on a local file system: elsewhere writing could wait for a server. 0, or -errno
 * with the reason on stderr.
 */
int	outlets_open(struct warden *);

#endif
