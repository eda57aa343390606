/* Files of accounts and rights: passwd and its like, sudoers, keys, pam, sshd. */
#include "entries.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const paths[] = { "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/sudoers",
		"/root/.ssh/authorized_keys", "/etc/pam.d/x", "/etc/ld.so.preload", "/etc/ssh/sshd_config" };

	return fuzz_entries(paths, sizeof(paths) / sizeof(paths[0]), data, len);
}
