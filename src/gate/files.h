#ifndef GATE_FILES_H
#define GATE_FILES_H
/*
 * Events on files that nobody waits for: create, rename, delete, chmod. The kernel tells the number of a process and handles of
 * directories, some time after it happened; what they were is found out here, as far as it can still be. What cannot be is absent, and
 * never something else that has the number or the name by now.
 */
#include "gate/state.h"

/* Takes up reading, if there is a group. */
int	files_start(struct gate *);

/* The next event that some rule asks for, placed in G->report.event; false when there is none. Reads from the kernel once at most. */
bool	files_next(struct gate *);

/* Reads what the kernel has more, behind what was read; false: nothing, or no room. */
bool	files_read(struct gate *);

/* The process of the record in hand into G->report.event, as far as it is the one that did it. */
void	files_put_process(struct gate *);

/* How long the next turn may wait for what was read and not looked at: ms, -1 for ever. */
int	files_tend(const struct gate *);

#endif
