#ifndef CTL_SWITCHES_H
#define CTL_SWITCHES_H
/* How the switches of switch.def stand on a host, and what would set them. Nothing is changed. */
#include <jansson.h>
#include "ctl/crowd.h"

enum switch_id {
#define SWITCH(id, ...) SWITCH_##id,
#include "ctl/switch.def"
#undef SWITCH
	SWITCH__MAX
};

enum switch_state { SWITCH_OPEN, SWITCH_CLOSED, SWITCH_ABSENT };

struct switch_info { const char *name, *absent, *closes, *stops; enum crowd_of crowd; };
const struct switch_info *switch_info(enum switch_id);

struct switch_now {
	enum switch_state state;
	char		 now[32];	/* as it is set; "" absent */
	char		 wanted[16];
	char		 command[160];	/* what closes it; "" where nothing has to be done */
};

struct switches {
	struct switch_now at[SWITCH__MAX];
	struct crowds	 crowds;
	size_t		 modules;	/* loaded */
};

/* ROOT is a descriptor of the root directory of the host; the others are for crowds_look(). 0 or -errno of looking at its processes. */
int	switches_look(int root, struct switches *, void (*tell)(void *, const struct crowds *), void *);

/* "3 processes: java 812, node 77"; "" where nobody is affected now. */
void	switch_affected(const struct switches *, enum switch_id, char *out, size_t size);
void	switches_show(const struct switches *);
json_t	*switches_json(const struct switches *);

#endif
