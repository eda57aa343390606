#ifndef WARDEN_REKEY_H
#define WARDEN_REKEY_H
/*
 * New anchors: an admin asks, the record process does it, the admin is told. One at a time: in w->rotating is the request, with ticket 0
 * while nobody waits; the last ticket that was given to the record process, and when that process started.
 */
#include "warden/warden.h"

/* An admin asks for it. */
void	rekey_request(struct warden *, const struct msg_request *);
/* The record process has done it, or not. */
void	rekey_on_rotated(struct warden *, const struct msg_rotated *);
/* On a timer: a record process that ended meanwhile will not answer. */
void	rekey_tend(struct warden *);

#endif
