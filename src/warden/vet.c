#include "base/clock.h"
#include "judge/guard.h"
#include "warden/vet.h"

_Static_assert(CONFIG_PATH == HOST_PATH, "the configuration's file systems are the host's");

size_t
vet(const struct config *c, const struct policy *p, bool forced, struct faults *faults)
{
	struct host_ask ask;
	struct host host;

	guard_wants(p, &ask);
	ask.filesystems = c->filesystems_auto ? NULL : c->filesystems;
	ask.n_filesystems = c->n_filesystems;
	if (host_collect(&host, &ask))
		return 0;	/* no memory: what comes next will say so */
	size_t n = guard(&(struct guard_ask){ .policy = p, .host = &host, .wall_ns = now_wall_ns(), .boot_ns = now_boot_ns(), .forced = forced },
	    faults);
	host_done(&host);
	return n;
}
