#ifndef WARDEN_HAND_H
#define WARDEN_HAND_H
/*
 * What the gate needs to find a file by its handle: the top directory of each file system whose files are told of. It is one of a
 * private copy of the mount, so nobody's umount is refused for it; and it is taken back as soon as the file system is unmounted.
 */
#include "warden/warden.h"

/* Before something on M is marked: the gate has it when the first event comes. What the socket does not take now goes with hand_over(). */
void	hand_one(struct warden *, struct marked *m);
/* Gives the gate what it lacks, and takes back what it does not need any more. */
void	hand_over(struct warden *);
/* To a new gate all is given again, with the next hand_over(). */
void	hand_again(struct warden *);
/* Tells the gate to let go of M. 0, or -EAGAIN. */
int	hand_back(struct warden *, struct marked *);

#endif
