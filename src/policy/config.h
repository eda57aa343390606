#ifndef POLICY_CONFIG_H
#define POLICY_CONFIG_H
/* yett.conf. Every key has a default; config.def is the table behind struct, parser, manual and `yettd -t`. */
#include "base/fault.h"
#include "event/verdict.h"

#define CONFIG_PATH	256
#define CONFIG_FILESYSTEMS 64
#define CONFIG_ARGV	2048

enum audit_mode { AUDIT_MODE_AUTO, AUDIT_MODE_OWN, AUDIT_MODE_MULTICAST, AUDIT_MODE_OFF };
enum sync_mode { SYNC_ALERT, SYNC_BATCH };

struct config {
	enum mode	mode;			/* [agent] mode */
	char		user[32];		/* [agent] user: prefix of the users of the processes: USER-gate, ...; "nobody" for all as it is */
	char		policies[CONFIG_PATH], vendor_policies[CONFIG_PATH], state[CONFIG_PATH],
			log[CONFIG_PATH], run[CONFIG_PATH];	/* [paths] */
	bool		filesystems_auto;	/* [gate] filesystems = auto */
	unsigned	n_filesystems;
	char		filesystems[CONFIG_FILESYSTEMS][CONFIG_PATH];	/* mount points */
	enum decision	exec_default, open_default, deadline_verdict;
	uint64_t	deadline_ns;		/* 10ms to 60s */
	bool		events;			/* [records] events */
	enum sync_mode	sync;
	uint64_t	fold_ns;		/* [records] fold; 0: off */
	char		journal[CONFIG_PATH], syslog[CONFIG_PATH], metrics[CONFIG_PATH];	/* "": off; a path; or the word for the usual place */
	struct config_argv { unsigned n; char text[CONFIG_ARGV]; } hook;	/* [records] program: n arguments, each ends in NUL; 0: off */
	uint64_t	run_timeout_ns;
	uint32_t	run_at_once, run_per_minute;
	uint64_t	heartbeat_ns;		/* [records] heartbeat: signed sign of life, default 60s */
	uint64_t	segment_size, keep_alerts, keep_events;	/* bytes */
	uint64_t	keep_age_ns;
	uint64_t	flight_ns;		/* [records] flight; 0: off */
	enum audit_mode	audit;			/* [audit] mode */
	bool		exec_full;		/* [telemetry] exec */
	bool		digests;		/* [telemetry] digests */
};

void	config_defaults(struct config *);
/*
 * Reads PATH over the defaults. An absent file is a working configuration (returns 0). Returns 0, or -EINVAL with at
 * least one error in FAULTS, or -errno of the file with a fault that says so. CONFIG is unspecified after an error.
 */
int	config_load(struct config *, const char *path, struct faults *);

/* One row of the manual and of `yettctl` output: section, key, values, default, meaning. */
struct config_key { const char *section, *key, *values, *standard, *help; };
const struct config_key *config_keys(size_t *n);

#endif
