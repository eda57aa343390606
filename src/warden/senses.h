#ifndef WARDEN_SENSES_H
#define WARDEN_SENSES_H
/*
 * The sockets that watch listens on besides that of audit: packets of DNS, and what the kernel says of devices. Each is open only while a
 * rule asks for its kind of event, since packets cost a little of each that the host sends. They belong to the warden's network namespace.
 */
#include "warden/warden.h"

/* None is open yet. */
void	senses_begin(struct warden *);
/* Opens and closes what the policy in force needs, hands that to watch if it runs, publishes the state. What fails is said in the log. */
void	senses_update(struct warden *);

#endif
