#ifndef WARDEN_TELL_H
#define WARDEN_TELL_H
/* State records about yett itself, and the service manager. */
#include "warden/details.h"
#include "warden/warden.h"

/* What a state record says: a word, how many, and, where there is one, who caused it and what stands behind the sentence (copied). */
struct telling { const char *what; uint64_t count; const struct who *by; const struct details *details; };
/* With a sentence for the record; kept, in bounds, while the record process is away. Also a line in the log. */
void	tell_of(struct warden *, const struct telling *, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void	tell(struct warden *, const char *what, uint64_t count, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Sends what the present record process was not sent yet, and forgets what is on disk. */
void	tell_flush(struct warden *);

/* The answer to an admin's request, as watch hands it on: STATUS is the exit code of yettctl. Without a ticket nobody waits for it. */
void	tell_admin(struct warden *, const struct msg_request *, uint32_t status, const char *text);

/* The protocol of sd_notify(3): one datagram, no library in a privileged process. Opens; -1 when nobody asked. */
int	notify_open(void);
void	notify_send(struct warden *, const char *state);

#endif
