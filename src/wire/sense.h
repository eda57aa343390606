#ifndef WIRE_SENSE_H
#define WIRE_SENSE_H
/* Sockets of watch that are open only while a rule asks for what they tell, besides that of audit; and what is asked because of them. */
#include <stdint.h>

enum sense { SENSE_PACKETS, SENSE_DEVICES, SENSE__MAX };
enum sense_state { SENSE_UNNEEDED, SENSE_ON, SENSE_FAILED };

struct msg_sense {
	uint32_t	sense;		/* enum sense */
	uint32_t	unused_;
};

struct msg_holds {
	uint64_t	inode;		/* of the socket */
	int32_t		pid;
	uint32_t	fd;		/* the descriptor by which it used it */
};

#endif
