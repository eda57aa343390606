#ifndef WARDEN_STANDING_H
#define WARDEN_STANDING_H
/*
 * The mode that an admin set by hand holds until yettd is stopped in good order: a death brings the configuration's mode back as little as
 * it brings back old policies. One word in the run directory, which the service manager keeps over an automatic restart and the
 * next boot does not.
 */
#include "warden/warden.h"

#define STANDING_FILE	"mode"

/* The mode to start with: what was set by hand before a death, else that of the configuration. */
enum mode standing_mode(const struct config *);
/* Set by hand, for good. 0 or -errno. */
int	standing_keep(const struct config *, enum mode);
/* yettd ends in good order. */
void	standing_end(const struct config *);

#endif
