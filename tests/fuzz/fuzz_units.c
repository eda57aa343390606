/* Units of systemd, parts of them, and links that enable them. */
#include "entries.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const paths[] = { "/etc/systemd/system/x.service", "/etc/systemd/system/x.timer.d/o.conf",
		"/etc/systemd/system/a.wants/x.service", "/root/.config/systemd/user/x.socket" };

	return fuzz_entries(paths, sizeof(paths) / sizeof(paths[0]), data, len);
}
