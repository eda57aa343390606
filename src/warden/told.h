#ifndef WARDEN_TOLD_H
#define WARDEN_TOLD_H
/* State records that are not on disk yet, and what they are made of. */
#include "base/step.h"
#include "warden/details.h"
#include "warden/tally.h"
#include "warden/toll.h"
#include "warden/who.h"

struct told {
	char		 what[32], why[1000];
	uint64_t	 number, count, wall_ns, boot_ns;
	struct who	 by;
	char		*details;	/* owned; NULL: none */
	size_t		 details_len;
};
#define TOLD_MAX 32

struct self {
	struct details	 changes;	/* what the policy in force has that the one before had not */
	struct step_watch clocks;
	struct toll	 toll;
	struct tally	 tally;
	struct who	 stopped_by;
	int		 stop_signal;	/* 0: none came */
};

#endif
