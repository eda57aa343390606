#ifndef CTL_OBJECT_H
#define CTL_OBJECT_H
#include "event/event.h"

/*
 * Fills file.* of EV from the file at PATH, as the kernel would show it: resolved, with all that scan says of its content. 0, or -errno;
 * then only file.path is set.
 */
int	object_read(struct event *, const char *path);

#endif
