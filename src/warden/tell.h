#ifndef WARDEN_TELL_H
#define WARDEN_TELL_H
/* State records about yett itself, and the service manager. */
#include "warden/warden.h"

/* A word and a sentence for the record; kept, in bounds, while the record process is away. Also a line in the log. */
void	tell(struct warden *, const char *what, uint64_t count, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Sends what the present record process was not sent yet, and forgets what is on disk. */
void	tell_flush(struct warden *);

/* The protocol of sd_notify(3): one datagram, no library in a privileged process. Opens; -1 when nobody asked. */
int	notify_open(void);
void	notify_send(struct warden *, const char *state);

#endif
