#ifndef BASE_TITLE_H
#define BASE_TITLE_H
/* What ps shows for a process: "yettd: gate". Overwrites the memory where the kernel looks for the arguments; needs no authority. */

/* In main(), before anything else keeps a pointer into argv or the environment: moves the environment out of the way. */
void	title_init(int argc, char **argv);
/* Cut to the room that arguments and environment had. Nothing happens before title_init(). Allocates nothing. */
void	title_set(const char *room);

#endif
