#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "alert/keep.h"
#include "base/cleanup.h"
#include "record/reserve.h"

#define SPARE	4	/* reserves that have to be free before one is taken */

void
reserve_init(struct reserve *r, int state_dir)
{
	*r = (struct reserve){ .dir = state_dir };
}

void
reserve_make(struct reserve *r)
{
	struct statvfs fs;

	if (r->there || fstatvfs(r->dir, &fs) || fs.f_bavail * fs.f_frsize < SPARE * (fsblkcnt_t)RESERVE_BYTES)
		return;
	CLEANUP_FD int fd = keep_create(r->dir, RESERVE_FILE, 0, 0600);
	r->there = fd >= 0 && posix_fallocate(fd, 0, RESERVE_BYTES) == 0;
}

bool
reserve_release(struct reserve *r)
{
	bool there = r->there;

	r->there = false;
	return there && unlinkat(r->dir, RESERVE_FILE, 0) == 0;
}
