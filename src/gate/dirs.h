#ifndef GATE_DIRS_H
#define GATE_DIRS_H
/*
 * Where a directory is, of which an event has only the handle. A handle is opened with O_PATH on a descriptor of its file system that
 * belongs to no mount anybody sees: no question is raised, no mount is entered, none is kept from being unmounted. A directory that is
 * gone is where it was last seen, or where the event of its own removal puts it.
 */
#include <sys/stat.h>
#include "gate/state.h"

/* From the warden. Owns FD. A file system that is known under this id is replaced. */
void	dirs_mounted(struct gate *, const struct msg_mounted *, int fd);
void	dirs_unmounted(struct gate *, const struct msg_unmounted *);
const struct file_mount *dirs_mount(const struct gate *, uint64_t fsid);	/* NULL: not known */

#define DIRS_PATH_MAX	(4096 + MSG_PATH)	/* longest path of a directory */

/* Path of the directory into OUT of DIRS_PATH_MAX bytes, not terminated. Its length, or -errno. */
ssize_t	dirs_path(struct gate *, const struct fan_object *, char *out);
/* The same of the name in it that O says, into OUT of DIRS_PATH_MAX + 1024 bytes. */
ssize_t	dirs_path_of(struct gate *, const struct fan_object *o, char *out);
/* What that name is by now, with O_PATH; a link is not followed. The descriptor, or -errno. */
int	dirs_open(const struct gate *, const struct fan_object *o);
/* The path that an object has now, if one can be told from its handle. */
ssize_t	dirs_path_now(struct gate *, const struct fan_object *, char *out);
/* A directory is at this path: told by an event, for the time when it cannot be looked at any more. */
void	dirs_learn(struct gate *, const struct fan_object *, const char *path, size_t len);
/* What the record is about, as it is now; never what is mounted there. 0 or -errno. */
int	dirs_stat(const struct gate *, const struct fan_record *, struct stat *);

#endif
