/* Files of schedules: crontabs, anacrontab, jobs of at, scripts. */
#include "entries.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const paths[] = { "/etc/crontab", "/etc/anacrontab", "/var/spool/cron/crontabs/x",
		"/var/spool/cron/atjobs/a0000101c8b5a1", "/etc/cron.daily/x" };

	return fuzz_entries(paths, sizeof(paths) / sizeof(paths[0]), data, len);
}
