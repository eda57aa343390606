#ifndef WATCH_CALLER_H
#define WATCH_CALLER_H
/* What audit told of a process at its call, made small, for an event that comes when the process may be gone. */
#include "event/event.h"

struct caller {
	struct process	process;	/* pid 0: not known */
	uint32_t	have, flags, args_count;	/* of these what it told */
	uint16_t	exe_len, comm_len, args_len;
	char		exe[250], comm[16], args[128];	/* a longer name of a program is not kept, arguments are cut */
};

void	caller_take(struct caller *, const struct event *);
void	caller_put(const struct caller *, struct event *);

#endif
