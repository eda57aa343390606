/* Records of a fanotify group that tells by file handle, made as the kernel makes them. */
#ifndef UNIT_RECORDS_H
#define UNIT_RECORDS_H
#include <stdint.h>
#include <string.h>
#include "base/fanrecord.h"

enum { INFO_OF_FID = 1, INFO_OF_DFID_NAME = 2, INFO_OF_DFID = 3, INFO_OF_PIDFD = 4, INFO_OF_OLD = 10, INFO_OF_NEW = 12 };

struct records { size_t len, at; char bytes[65536]; };	/* at: of the record that is being made */

/* A handle of eight bytes that says ID. */
struct object { uint64_t fsid; uint64_t id; };
#define OBJECT_TYPE	7
#define OBJECT_BYTES	8

static inline void
record_begin(struct records *r, uint64_t mask, int32_t pid)
{
	struct fanotify_event_metadata m = { .event_len = sizeof(m), .vers = FANOTIFY_METADATA_VERSION, .metadata_len = sizeof(m), .mask = mask,
		.fd = FAN_NOFD, .pid = pid };

	r->at = r->len;
	memcpy(r->bytes + r->len, &m, sizeof(m));
	r->len += sizeof(m);
}

static inline void
record_grown(struct records *r)
{
	uint32_t len = (uint32_t)(r->len - r->at);

	memcpy(r->bytes + r->at, &len, sizeof(len));
}

/* NAME NULL: an object without one. Padded to four bytes, as the kernel does. */
static inline void
record_object(struct records *r, uint8_t type, struct object o, const char *name)
{
	size_t n = name ? strlen(name) + 1 : 0, len = 4 + 8 + 8 + OBJECT_BYTES + n, padded = (len + 3) & ~(size_t)3;
	uint16_t info_len = (uint16_t)padded;
	uint32_t bytes = OBJECT_BYTES;
	int32_t handle_type = OBJECT_TYPE;
	char *at = r->bytes + r->len;

	memset(at, 0, padded);
	at[0] = (char)type;
	memcpy(at + 2, &info_len, 2);
	memcpy(at + 4, &o.fsid, 8);
	memcpy(at + 12, &bytes, 4);
	memcpy(at + 16, &handle_type, 4);
	memcpy(at + 20, &o.id, OBJECT_BYTES);
	if (name)
		memcpy(at + 20 + OBJECT_BYTES, name, n);
	r->len += padded;
	record_grown(r);
}

static inline void
record_pidfd(struct records *r, int32_t fd)
{
	const uint8_t head[4] = { INFO_OF_PIDFD, 0, 8, 0 };

	memcpy(r->bytes + r->len, head, 4);
	memcpy(r->bytes + r->len + 4, &fd, 4);
	r->len += 8;
	record_grown(r);
}

/* What most records say: something in a directory, and what it is; SELF.id 0: that is not told. */
static inline void
record(struct records *r, uint64_t mask, struct object dir, const char *name, struct object self)
{
	record_begin(r, mask, 1000);
	record_object(r, INFO_OF_DFID_NAME, dir, name);
	if (self.id)
		record_object(r, INFO_OF_FID, self, NULL);
}

#endif
