#ifndef WIRE_ROTATED_H
#define WIRE_ROTATED_H
/* Logs that begin under new anchors: what is asked of the record process, and what it answers. */
#include "event/event.h"

enum rotated_log { ROTATED_ALERTS, ROTATED_EVENTS, ROTATED_LOGS };	/* in the order of the chains */

struct msg_rotate {
	uint64_t	ticket;		/* of the warden; comes back */
	uint64_t	to_ns;		/* start of the record process that is meant: no other takes it */
	struct process	by;		/* who asked */
	uint32_t	logs;		/* bits of enum rotated_log */
	char		executable[256], user[64];	/* terminated; "" unknown */
};

/* WAITS: asked for, and not done. NOT_WRITTEN: there is no such log in this configuration. FAILED: the log goes on under the old anchor. */
enum rotated_state { ROTATED_NOT_ASKED, ROTATED_WAITS, ROTATED_DONE, ROTATED_NOT_WRITTEN, ROTATED_FAILED, ROTATED__MAX };

struct rotated {
	uint32_t	state;		/* enum rotated_state */
	int32_t		error;		/* FAILED: errno */
	uint64_t	records;	/* of the old log, in all its time */
	char		log[24];	/* its id, and the directory that it lies in now; terminated */
	char		old[72], anchor[72];	/* the anchors, as hex, terminated; OLD "": it was lost */
};

struct msg_rotated {
	uint64_t	ticket;
	struct rotated	log[ROTATED_LOGS];
};

#endif
