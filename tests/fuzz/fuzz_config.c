/* A yett.conf. What is taken is within the limits that config.h names. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "policy/config.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_path(const char *path)
{
	size_t n = strnlen(path, CONFIG_PATH);

	if (path[0] != '/' || n == CONFIG_PATH || (n > 1 && path[n - 1] == '/'))
		abort();
}

static void
check_config(const struct config *c)
{
	const char *const paths[] = { c->policies, c->vendor_policies, c->state, c->log, c->run };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		check_path(paths[i]);
	if (c->n_filesystems > CONFIG_FILESYSTEMS || c->filesystems_auto == (c->n_filesystems > 0))
		abort();
	for (unsigned i = 0; i < c->n_filesystems; i++)
		check_path(c->filesystems[i]);
	if (c->mode > MODE_ENFORCE || c->exec_default > DECISION_DENY || c->open_default > DECISION_DENY || c->deadline_verdict > DECISION_DENY ||
	    c->sync > SYNC_BATCH || c->audit > AUDIT_MODE_OFF)
		abort();
	if (c->deadline_ns < 10 * NS_PER_MS || c->deadline_ns > 60 * NS_PER_SEC || c->heartbeat_ns < 10 * NS_PER_MS ||
	    c->heartbeat_ns > 86400 * NS_PER_SEC)
		abort();
	if (!c->user[0] || !memchr(c->user, '\0', sizeof(c->user)) || strchr(c->user, '/'))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config config;
	static struct faults faults;
	static int fd = -1;
	char path[64];

	if (fd < 0)
		fd = memfd_create("yett.conf", MFD_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0600) || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	memset(&faults, 0, sizeof(faults));
	memset(&config, 0xa5, sizeof(config));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int err = config_load(&config, path, &faults);
	if (err != (faults.errors ? -EINVAL : 0))
		abort();
	if (!err)
		check_config(&config);
	return 0;
}
