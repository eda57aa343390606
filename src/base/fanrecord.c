#include <errno.h>
#include <string.h>
#include "base/fanrecord.h"

/* enum of linux/fanotify.h, by number, because the header of the build host may lack some. */
#define INFO_FID		1
#define INFO_DFID_NAME		2
#define INFO_DFID		3
#define INFO_PIDFD		4
#define INFO_OLD_DFID_NAME	10
#define INFO_NEW_DFID_NAME	12
#define PIDFD_OF_NOBODY		(-1)	/* FAN_NOPIDFD */

struct info { uint8_t type, pad; uint16_t len; };
struct fid { struct info info; uint64_t fsid; uint32_t bytes; int32_t type; } __attribute__((packed));
_Static_assert(sizeof(struct fid) == 20, "as the kernel has it, the handle behind it");

static bool
take_object(const uint8_t *at, size_t len, bool named, struct fan_object *out)
{
	struct fid f;

	if (len < sizeof(f))
		return false;
	memcpy(&f, at, sizeof(f));
	if (f.bytes > FAN_HANDLE_MAX || f.bytes > len - sizeof(f))
		return false;
	*out = (struct fan_object){ .there = true, .fsid = f.fsid, .type = f.type, .bytes = f.bytes, .handle = at + sizeof(f) };
	if (!named)
		return true;
	const char *name = (const char *)at + sizeof(f) + f.bytes;
	size_t room = len - sizeof(f) - f.bytes, n = strnlen(name, room);
	if (n == room || n == 0 || memchr(name, '/', n))
		return false;
	out->name = name;
	out->name_len = n;
	return true;
}

static bool
take_pidfd(const uint8_t *at, size_t len, struct fan_record *r)
{
	int32_t fd;

	if (len < sizeof(struct info) + sizeof(fd))
		return false;
	memcpy(&fd, at + sizeof(struct info), sizeof(fd));
	r->gone = fd == PIDFD_OF_NOBODY;
	r->pidfd = fd < 0 ? -1 : fd;
	return true;
}

static bool
take_info(uint8_t type, const uint8_t *at, size_t len, struct fan_record *r)
{
	switch (type) {
	case INFO_FID:
		return take_object(at, len, false, &r->self);
	case INFO_DFID:
		return take_object(at, len, false, &r->dir);
	case INFO_DFID_NAME:
		return take_object(at, len, true, &r->dir);
	case INFO_OLD_DFID_NAME:
		return take_object(at, len, true, &r->from);
	case INFO_NEW_DFID_NAME:
		return take_object(at, len, true, &r->to);
	case INFO_PIDFD:
		return take_pidfd(at, len, r);
	default:	/* of a later kernel */
		return true;
	}
}

/* All infos are looked at, also behind a broken one: a descriptor among them has to be closed. */
static bool
take_infos(const uint8_t *at, size_t len, struct fan_record *r)
{
	bool good = true;

	while (len) {
		struct info i;
		if (len < sizeof(i))
			return false;
		memcpy(&i, at, sizeof(i));
		if (i.len < sizeof(i) || i.len > len)
			return false;
		good = take_info(i.type, at, i.len, r) && good;
		at += i.len;
		len -= i.len;
	}
	return good;
}

int
fan_next(const void *buf, size_t len, size_t *at, struct fan_record *out)
{
	const uint8_t *record = (const uint8_t *)buf + *at;
	size_t room = len - *at;
	struct fanotify_event_metadata m;

	*out = (struct fan_record){ .pidfd = -1 };
	if (!room)
		return 0;
	if (room < sizeof(m)) {
		*at = len;
		return -EBADMSG;
	}
	memcpy(&m, record, sizeof(m));
	if (m.event_len < sizeof(m) || m.event_len > room) {
		*at = len;
		return -EBADMSG;
	}
	*at += m.event_len;
	if (m.vers != FANOTIFY_METADATA_VERSION || m.metadata_len < sizeof(m) || m.metadata_len > m.event_len)
		return -EBADMSG;
	out->mask = m.mask;
	out->pid = m.pid;
	return take_infos(record + m.metadata_len, m.event_len - m.metadata_len, out) ? 1 : -EBADMSG;
}

bool
fan_same(const struct fan_object *a, const struct fan_object *b)
{
	return a->there && b->there && a->fsid == b->fsid && a->type == b->type && a->bytes == b->bytes &&
	    memcmp(a->handle, b->handle, a->bytes) == 0;
}
