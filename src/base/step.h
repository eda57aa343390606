#ifndef BASE_STEP_H
#define BASE_STEP_H
/*
 * Was the wall clock set? It is compared with the boot clock, which nobody can set and which counts sleep, so waking up is no step. What
 * a time server slews (at most a thousandth) goes unnoticed; many small steps add up and are noticed. Pure.
 */
#include <stdbool.h>
#include <stdint.h>

#define STEP_LEAST_NS	500000000ll	/* half a second: real-time clocks tell whole seconds, so waking up may cost some of one */

struct step_watch {
	bool		known;
	int64_t		ahead_ns;	/* wall before boot clock, as far as it is taken for right */
	uint64_t	boot_ns;	/* when that was last looked at */
};

/* The two clocks at one moment. Returns by how much the wall clock was set, forwards positive; 0: it was not. */
int64_t	step_look(struct step_watch *, uint64_t wall_ns, uint64_t boot_ns);
/* Both clocks, read at most a millisecond apart. False: somebody was always in between. */
bool	step_read(uint64_t *wall_ns, uint64_t *boot_ns);

#endif
