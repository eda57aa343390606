#ifndef BASE_FANRECORD_H
#define BASE_FANRECORD_H
/*
 * Records of a fanotify group that tells by file handle: what happened, in which directory, under which name. Lengths, handles and names
 * are proved against the record that they are in. Nothing is copied and nothing is opened.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/fanotify.h>

/* What the headers of the build host may lack. */
#ifndef FAN_RENAME
#define FAN_RENAME		0x10000000	/* Linux 5.17: both names in one event */
#endif
#ifndef FAN_REPORT_PIDFD
#define FAN_REPORT_PIDFD	0x00000080	/* Linux 5.15 */
#endif
#ifndef FAN_REPORT_TARGET_FID
#define FAN_REPORT_TARGET_FID	0x00001000	/* Linux 5.17: the handle of the object too */
#endif

/* All that can change what the files in a directory say; a rename has different names before and after Linux 5.17. */
#define FAN_CHANGES		(FAN_CLOSE_WRITE | FAN_MODIFY | FAN_CREATE | FAN_DELETE | FAN_ATTRIB)

#define FAN_HANDLE_MAX	128		/* bytes; the kernel makes none that is longer */

/* An object of a file system by its handle, and for a directory a name in it. Points into the buffer; alignment is not promised. */
struct fan_object {
	bool		 there;
	uint64_t	 fsid;		/* f_fsid of statfs(2) */
	int32_t		 type;
	uint32_t	 bytes;		/* of the handle */
	const uint8_t	*handle;
	const char	*name;		/* terminated, without a slash; NULL of an object without one */
	size_t		 name_len;
};

struct fan_record {
	uint64_t	 mask;
	int32_t		 pid;
	int		 pidfd;		/* the reader's to close; -1 none */
	bool		 gone;		/* the process had ended, and was reaped, when the record was read */
	struct fan_object dir, from, to;	/* where it happened; of a rename, where from and where to */
	struct fan_object self;		/* what it happened to */
};

/*
 * The record at *AT of LEN bytes in BUF, and AT behind it. 1; 0: there is none; -EBADMSG: this one is not as the kernel makes them, and
 * the next one may be. A record that does not say where it ends is the last.
 */
int	fan_next(const void *buf, size_t len, size_t *at, struct fan_record *);

/* The same object, whatever its name. */
bool	fan_same(const struct fan_object *, const struct fan_object *);

#endif
