#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H
/* The process that holds the key: numbers, links, signs, writes and syncs records. It parses almost nothing. */
#include "alert/json.h"
#include "policy/config.h"
#include "wire/page.h"

struct record_setup {
	int	gate_sock, warden_sock;
	int	log_dir, state_dir;	/* directory descriptors */
	int	flight_dir;		/* of the flight recorder; -1: it is off */
	int	ways_sock, hook_sock, metrics_dir;	/* see ways.h; -1: not wanted */
	struct page *page;
	const struct config *config;
	struct host_facts host;
	struct kept { const void *bytes; size_t len; const _Atomic uint64_t *changes; } kept;	/* memory of others, written to KEPT_FILE */
};
#define KEPT_FILE	"terms"		/* in the state directory; the warden reads it at start */

int	record_main(const struct record_setup *);

#endif
