#ifndef WARDEN_MOUNTINFO_H
#define WARDEN_MOUNTINFO_H
/* /proc/self/mountinfo, and what each type of file system means to a gate. */
#include <stdbool.h>
#include <stdint.h>

struct mount {
	uint64_t	dev;
	const char	*root;		/* what of the file system is mounted: "/", or a directory of it */
	const char	*path, *type;
	const char	*options;	/* of the superblock */
};

/* Calls FN for each mount, in order; octal escapes undone. Stops at the first result but 0 and returns it. */
int	mountinfo_each(int (*fn)(void *arg, const struct mount *), void *arg);
bool	mountinfo_has(const char *path);

enum mount_class {
	MOUNT_LOCAL,		/* can be marked */
	MOUNT_STACKED,		/* overlay */
	MOUNT_REMOTE,		/* a server that may not answer: FUSE, network */
	MOUNT_PSEUDO		/* kernel interfaces without files of their own */
};
enum mount_class mount_class(const char *type);

#endif
