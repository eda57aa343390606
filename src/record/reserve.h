#ifndef RECORD_RESERVE_H
#define RECORD_RESERVE_H
/* Room on the disk for the last alerts: a file that holds blocks, and gives them back once when there are none left. */
#include <stdbool.h>

#define RESERVE_FILE	"reserve"	/* in the state directory */
#define RESERVE_BYTES	(1 << 20)

struct reserve { int dir; bool there; };

void	reserve_init(struct reserve *, int state_dir);
/* When there is time, and room: takes the blocks, again. */
void	reserve_make(struct reserve *);
/* Gives them back. False: there were none. */
bool	reserve_release(struct reserve *);

#endif
