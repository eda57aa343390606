#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/mix.h"
#include "gate/dirs.h"
#include "gate/files.h"

#define DEPTH_MAX	32	/* directories that went one after the other, each into the next */

void
dirs_mounted(struct gate *g, const struct msg_mounted *m, int fd)
{
	struct file_mount *to = NULL;

	for (unsigned i = 0; i < FILES_MOUNTS; i++) {
		struct file_mount *one = &g->files.mount[i];
		if (one->fd && one->fsid == m->fsid) {
			to = one;
			break;
		}
		if (!one->fd && !to)
			to = one;
	}
	if (!to) {
		close(fd);
		return;
	}
	if (to->fd)
		close(to->fd);
	*to = (struct file_mount){ .fsid = m->fsid, .fd = fd, .whole = m->whole };
	snprintf(to->path, sizeof(to->path), "%.*s", (int)strnlen(m->path, sizeof(m->path)), m->path);
}

void
dirs_unmounted(struct gate *g, const struct msg_unmounted *m)
{
	for (unsigned i = 0; i < FILES_MOUNTS; i++) {
		struct file_mount *one = &g->files.mount[i];
		if (!one->fd || one->fsid != m->fsid)
			continue;
		close(one->fd);
		*one = (struct file_mount){ 0 };
	}
}

const struct file_mount *
dirs_mount(const struct gate *g, uint64_t fsid)
{
	for (unsigned i = 0; i < FILES_MOUNTS; i++)
		if (g->files.mount[i].fd && g->files.mount[i].fsid == fsid)
			return &g->files.mount[i];
	return NULL;
}

static int
open_object(const struct file_mount *m, const struct fan_object *o)
{
	union { struct file_handle h; char room[sizeof(struct file_handle) + FAN_HANDLE_MAX]; } u;

	u.h.handle_bytes = o->bytes;
	u.h.handle_type = o->type;
	memcpy(u.h.f_handle, o->handle, o->bytes);
	int fd = open_by_handle_at(m->fd, &u.h, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* NAME below DIR, and nothing that is mounted over it: whoever serves that may never answer. */
static int
open_beneath(int dir, const char *name)
{
	struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS };
	long fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* Of a part of a file system, what lies outside of it has a path too, which only looks as if it were below. */
static bool
leads_to(const struct file_mount *m, const char *path, const struct stat *st)
{
	struct stat found;
	CLEANUP_FD int fd = open_beneath(m->fd, path[1] ? path + 1 : ".");

	return fd >= 0 && fstat(fd, &found) == 0 && found.st_ino == st->st_ino && found.st_dev == st->st_dev;
}

static ssize_t
path_of(const struct gate *g, const struct file_mount *m, int fd, char *out)
{
	static const char deleted[] = " (deleted)";
	char name[32], tail[4097];
	struct stat st;
	size_t head = strcmp(m->path, "/") == 0 ? 0 : strlen(m->path);

	snprintf(name, sizeof(name), "self/fd/%d", fd);
	ssize_t got = readlinkat(g->proc, name, tail, sizeof(tail) - 1);
	if (got <= 0 || fstat(fd, &st))
		return -errno;
	size_t n = (size_t)got;
	if (tail[0] != '/' || n == sizeof(tail) - 1)
		return -ENAMETOOLONG;
	if (st.st_nlink == 0 && n > sizeof(deleted) && memcmp(tail + n - (sizeof(deleted) - 1), deleted, sizeof(deleted) - 1) == 0)
		n -= sizeof(deleted) - 1;
	tail[n] = '\0';
	if (!m->whole && !leads_to(m, tail, &st))
		return -EXDEV;
	if (head && n == 1)
		n = 0;
	memcpy(out, m->path, head);
	memcpy(out + head, tail, n);
	return (ssize_t)(head + n);
}

static struct known_dir *
known(struct gate *g, const struct fan_object *o)
{
	return &g->dir[(mix((uint64_t)o->type ^ o->fsid, o->handle, o->bytes) >> 32) % DIRS_KNOWN];
}

void
dirs_learn(struct gate *g, const struct fan_object *o, const char *path, size_t len)
{
	struct known_dir *k = known(g, o);

	if (len > sizeof(k->path))
		return;
	*k = (struct known_dir){ .fsid = o->fsid, .type = o->type, .bytes = o->bytes, .len = (uint16_t)len };
	memcpy(k->handle, o->handle, o->bytes);
	memcpy(k->path, path, len);
}

static ssize_t
remembered(struct gate *g, const struct fan_object *o, char *out)
{
	const struct known_dir *k = known(g, o);
	const struct fan_object same = { .there = true, .fsid = k->fsid, .type = k->type, .bytes = k->bytes, .handle = k->handle };

	if (!k->len || !fan_same(&same, o))
		return -ESTALE;
	memcpy(out, k->path, k->len);
	return k->len;
}

static ssize_t	path_at(struct gate *, const struct fan_object *, char *out, unsigned depth);

/* Behind OUT of N bytes. */
static ssize_t
append(char *out, ssize_t n, const struct fan_object *o)
{
	if (n < 0)
		return n;
	if ((size_t)n + 1 + o->name_len > DIRS_PATH_MAX)
		return -ENAMETOOLONG;
	if (n == 1)
		n = 0;		/* the root */
	out[n++] = '/';
	memcpy(out + n, o->name, o->name_len);
	return n + (ssize_t)o->name_len;
}

/* Whoever removed what was in it removed it next: that event says where it was. */
static ssize_t
buried(struct gate *g, const struct fan_object *o, char *out, unsigned depth)
{
	struct files *f = &g->files;
	struct fan_record r;
	size_t at = f->at;
	int got;

	do {
		while ((got = fan_next(f->buffer, f->len, &at, &r)) != 0)
			if (got > 0 && (r.mask & FAN_DELETE) && (r.mask & FAN_ONDIR) && r.dir.name && fan_same(&r.self, o))
				return append(out, path_at(g, &r.dir, out, depth + 1), &r.dir);
	} while (files_read(g));
	return -ESTALE;
}

static ssize_t
path_at(struct gate *g, const struct fan_object *o, char *out, unsigned depth)
{
	const struct file_mount *m = dirs_mount(g, o->fsid);

	if (!m || depth == DEPTH_MAX)
		return m ? -ELOOP : -ENODEV;
	CLEANUP_FD int fd = open_object(m, o);
	ssize_t n = fd < 0 ? remembered(g, o, out) : path_of(g, m, fd, out);
	if (fd < 0 && n < 0)
		n = buried(g, o, out, depth);
	if (n > 0)
		dirs_learn(g, o, out, (size_t)n);
	return n;
}

ssize_t
dirs_path(struct gate *g, const struct fan_object *o, char *out)
{
	return path_at(g, o, out, 0);
}

ssize_t
dirs_path_now(struct gate *g, const struct fan_object *o, char *out)
{
	const struct file_mount *m = dirs_mount(g, o->fsid);

	if (!m)
		return -ENODEV;
	CLEANUP_FD int fd = open_object(m, o);
	return fd < 0 ? fd : path_of(g, m, fd, out);
}

/* Linux before 5.17 names the directory only. */
static int
open_subject(const struct file_mount *m, const struct fan_record *r)
{
	const struct fan_object *at = r->to.there ? &r->to : &r->dir;

	if (r->self.there)
		return open_object(m, &r->self);
	CLEANUP_FD int dir = at->there ? open_object(m, at) : -ENOENT;
	return dir < 0 ? dir : open_beneath(dir, at->name ? at->name : ".");
}

ssize_t
dirs_path_of(struct gate *g, const struct fan_object *o, char *out)
{
	ssize_t n = dirs_path(g, o, out);

	if (n < 0 || o->name_len > 1023)
		return n < 0 ? n : -ENAMETOOLONG;
	if (!o->name || strcmp(o->name, ".") == 0)
		return n;
	if (n == 1)
		n = 0;		/* the root */
	out[n++] = '/';
	memcpy(out + n, o->name, o->name_len);
	return n + (ssize_t)o->name_len;
}

int
dirs_open(const struct gate *g, const struct fan_object *o)
{
	const struct file_mount *m = dirs_mount(g, o->fsid);

	if (!m)
		return -ENODEV;
	CLEANUP_FD int dir = open_object(m, o);
	return dir < 0 ? dir : open_beneath(dir, o->name ? o->name : ".");
}

int
dirs_stat(const struct gate *g, const struct fan_record *r, struct stat *st)
{
	const struct file_mount *m = dirs_mount(g, r->self.there ? r->self.fsid : r->to.there ? r->to.fsid : r->dir.fsid);

	if (!m)
		return -ENODEV;
	CLEANUP_FD int fd = open_subject(m, r);
	if (fd < 0)
		return fd;
	return fstat(fd, st) ? -errno : 0;
}
