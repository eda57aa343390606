#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include "base/cleanup.h"
#include "warden/mountinfo.h"

static const char *const locals[] = { "ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "devtmpfs", "ramfs", "f2fs", "vfat", "exfat",
	"ntfs3", "squashfs", "erofs", "iso9660", "udf", "zfs", "jfs", "bcachefs", "nilfs2", "reiserfs", "hfsplus" };
static const char *const remotes[] = { "fuse", "fuseblk", "nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "ceph", "afs", "gfs2", "ocfs2",
	"lustre", "glusterfs", "coda" };

static bool
among(const char *type, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(type, list[i]) == 0)
			return true;
	return false;
}

enum mount_class
mount_class(const char *type)
{
	if (among(type, locals, sizeof(locals) / sizeof(locals[0])))
		return MOUNT_LOCAL;
	if (strcmp(type, "overlay") == 0)
		return MOUNT_STACKED;
	if (strncmp(type, "fuse.", 5) == 0 || among(type, remotes, sizeof(remotes) / sizeof(remotes[0])))
		return MOUNT_REMOTE;
	return MOUNT_PSEUDO;
}

static bool
octal(char c)
{
	return c >= '0' && c <= '7';
}

/* \040 and friends, in place. */
static void
unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && octal(s[1]) && octal(s[2]) && octal(s[3])) {
			*out++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

/*
 * "36 35 98:0 /root /path opts [optional]... - type source superopts". One blank ends a field: the source may be empty, and is chosen
 * by whoever mounts.
 */
static bool
parse(char *line, struct mount *m)
{
	char *at = line, *root = NULL, *path = NULL, *word;
	unsigned major = 0, minor = 0;

	line[strcspn(line, "\n")] = '\0';
	for (int i = 0; (word = strsep(&at, " ")) && (i < 6 || strcmp(word, "-") != 0); i++) {
		if (i == 2 && sscanf(word, "%u:%u", &major, &minor) != 2)
			return false;
		if (i == 3)
			root = word;
		if (i == 4)
			path = word;
	}
	char *type = strsep(&at, " "), *source = strsep(&at, " "), *options = strsep(&at, " ");
	if (!path || !*path || !type || !*type || !source || !options)
		return false;
	unescape(root);
	unescape(path);
	unescape(options);
	*m = (struct mount){ .dev = makedev(major, minor), .root = root, .path = path, .type = type, .options = options };
	return true;
}

int
mountinfo_each(int (*fn)(void *arg, const struct mount *), void *arg)
{
	CLEANUP_FILE FILE *f = fopen("/proc/self/mountinfo", "re");
	CLEANUP_FREE char *line = NULL;
	size_t size = 0;
	int err = 0;

	if (!f)
		return -errno;
	while (!err && getline(&line, &size, f) > 0) {
		struct mount m;
		if (parse(line, &m))
			err = fn(arg, &m);
	}
	return err;
}

static int
is_path(void *arg, const struct mount *m)
{
	const struct mount *wanted = arg;

	return strcmp(wanted->path, m->path) == 0;
}

bool
mountinfo_has(const char *path)
{
	struct mount wanted = { .path = path };

	return mountinfo_each(is_path, &wanted) == 1;
}
