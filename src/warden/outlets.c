#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/log.h"
#include "warden/outlets.h"
#include "warden/roles.h"

/* File systems whose server may not answer. */
static bool
is_remote(int fd)
{
	static const unsigned long types[] = { NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC, FUSE_SUPER_MAGIC,
		CEPH_SUPER_MAGIC, V9FS_MAGIC, AFS_FS_MAGIC, CODA_SUPER_MAGIC };
	struct statfs st;

	if (fstatfs(fd, &st))
		return true;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((unsigned long)st.f_type == types[i])
			return true;
	return false;
}

static int
refuse(const char *path, const char *why)
{
	fprintf(stderr, "yettd: [records] metrics: %s: %s\n", path, why);
	return -EINVAL;
}

static int
open_metrics(const char *file, int *out)
{
	char path[CONFIG_PATH];
	uid_t uid;
	gid_t gid;

	snprintf(path, sizeof(path), "%s", file);
	char *slash = strrchr(path, '/');
	if (!slash[1] || strlen(slash) > CONFIG_PATH / 2)
		return refuse(file, "names no file, or one with a very long name");
	slash[slash == path] = '\0';
	bool made = mkdir(path, 0755) == 0;
	if (!made && errno != EEXIST)
		return refuse(path, errno_name(errno));
	CLEANUP_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return refuse(path, errno_name(errno));
	role_ids(ROOM_RECORD, &uid, &gid);
	/* One that was there belongs to somebody: whether the record process may write there is his to say. */
	if (made && (fchmod(fd, 0755) || fchown(fd, uid, (gid_t)-1)))
		return refuse(path, errno_name(errno));
	if (is_remote(fd))
		return refuse(path, "is not on a local file system, so writing there could wait for a server");
	*out = steal_fd(&fd);
	return 0;
}

int
outlets_open(struct warden *w)
{
	const struct config *c = &w->config;

	if (c->journal[0] || c->syslog[0]) {
		w->ways_sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		int err = w->ways_sock < 0 ? -errno : 0;
		if (err) {
			fprintf(stderr, "yettd: a socket for the journal and syslog: %s\n", errno_name(err));
			return err;
		}
	}
	return c->metrics[0] ? open_metrics(c->metrics, &w->metrics_dir) : 0;
}
