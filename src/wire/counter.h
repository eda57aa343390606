#ifndef WIRE_COUNTER_H
#define WIRE_COUNTER_H
/* What yett counts, see counter.def; the numbers are in the page. */
#include "wire/wire.h"

enum counter {
#define COUNTER(id, room, name, help) COUNTER_##id,
#include "wire/counter.def"
#undef COUNTER
	COUNTER__MAX
};

struct counter_info { const char *name; enum room room; const char *help; };
const struct counter_info *counter_info(enum counter);

#endif
