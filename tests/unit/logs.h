#ifndef TESTS_UNIT_LOGS_H
#define TESTS_UNIT_LOGS_H
/* What tests of logs need: two directories of their own, whole files in memory, records, and the proof of a log. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "alert/anchor.h"
#include "alert/chain.h"
#include "alert/json.h"
#include "alert/line.h"
#include "alert/ratchet.h"
#include "alert/segment.h"
#include "alert/verify.h"
#include "base/cleanup.h"

#define BOOT_ID "5e6f0a52-7f0e-4b4e-9a3c-1d2b3c4d5e6f"

struct logs { char path[64]; int root, log, state; };

static inline int
logs_mkdir(int root, const char *name)
{
	return mkdirat(root, name, 0700) ? -1 : openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static inline bool
logs_open(struct logs *l)
{
	snprintf(l->path, sizeof(l->path), "%s/yett-logs.XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(l->path))
		return false;
	l->root = open(l->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	l->log = logs_mkdir(l->root, "log");
	l->state = logs_mkdir(l->root, "state");
	return l->log >= 0 && l->state >= 0;
}

/* Calls FN for every entry of the directory SUB of DIR, by its name as seen from DIR. */
static inline void
logs_each_in(int dir, const char *sub, void (*fn)(int dir, const char *name))
{
	CLEANUP_DIR DIR *d = fdopendir(openat(dir, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	const struct dirent *e;
	char name[600];

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.') {
			snprintf(name, sizeof(name), "%s/%s", sub, e->d_name);
			fn(dir, strcmp(sub, ".") ? name : e->d_name);
		}
}

/* Calls FN for every file of DIR, and of the directories in it. */
static void (*logs_fn)(int dir, const char *name);

static inline void
logs_visit(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		logs_each_in(dir, name, logs_fn);
	else
		logs_fn(dir, name);
}

static inline void
logs_each(int dir, void (*fn)(int dir, const char *name))
{
	logs_fn = fn;
	logs_each_in(dir, ".", logs_visit);
}

static inline void
logs_remove(int dir, const char *name)
{
	unlinkat(dir, name, 0);
}

static inline void
logs_rmdir(int dir, const char *name)
{
	unlinkat(dir, name, AT_REMOVEDIR);
}

static inline void
logs_empty(struct logs *l)
{
	for (int i = 0; i < 2; i++) {
		logs_each(i ? l->state : l->log, logs_remove);
		logs_each_in(i ? l->state : l->log, ".", logs_rmdir);
	}
}

static inline void
logs_close(struct logs *l)
{
	logs_empty(l);
	close(l->log);
	close(l->state);
	unlinkat(l->root, "log", AT_REMOVEDIR);
	unlinkat(l->root, "state", AT_REMOVEDIR);
	close(l->root);
	rmdir(l->path);
}

/* A file in memory; DATA NULL if there is none. Free DATA. */
struct blob { char *data; size_t len; };

static inline struct blob
blob_read(int dir, const char *name)
{
	struct blob b = { 0 };
	struct stat st;
	CLEANUP_FD int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		return b;
	b.data = malloc((size_t)st.st_size + 1);
	ssize_t n = b.data ? pread(fd, b.data, (size_t)st.st_size + 1, 0) : -1;
	if (n != st.st_size) {
		free(b.data);
		return (struct blob){ 0 };
	}
	b.len = (size_t)n;
	return b;
}

static inline bool
blob_write(int dir, const char *name, const void *data, size_t len)
{
	CLEANUP_FD int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	return fd >= 0 && pwrite(fd, data, len, 0) == (ssize_t)len;
}

static inline void
cleanup_blob(struct blob *b)
{
	free(b->data);
}
#define CLEANUP_BLOB CLEANUP(cleanup_blob)

/* The whole log of alerts in the directory SUB of DIR: its closed segments, and the open one. */
static inline struct blob
log_read_in(int dir, const char *sub)
{
	struct blob all = { .data = malloc(1) };
	char name[SEGMENT_NAME], path[SEGMENT_NAME + 64];
	bool more = true;

	for (uint64_t n = 1; more && all.data; n++) {
		segment_name(name, "alerts", n, SEGMENT_RECORDS);
		snprintf(path, sizeof(path), "%s/%s", sub, name);
		CLEANUP_BLOB struct blob one = blob_read(dir, path);
		snprintf(path, sizeof(path), "%s/%s", sub, CHAIN_FILE);
		CLEANUP_BLOB struct blob last = one.data ? (struct blob){ 0 } : blob_read(dir, path);
		more = one.data;
		const struct blob *b = more ? &one : &last;
		char *grown = realloc(all.data, all.len + b->len + 1);
		if (!grown)
			break;
		all.data = grown;
		memcpy(all.data + all.len, b->data ? b->data : "", b->len);
		all.len += b->len;
	}
	return all;
}

static inline struct blob
log_read(int dir)
{
	return log_read_in(dir, ".");
}

/* One record: the N-th, with SIZE bytes of text in it. */
static inline int
logs_append(struct chain *c, unsigned n, size_t size, bool sealed)
{
	CLEANUP_FREE char *body = malloc(size + 64);

	if (!body)
		return -ENOMEM;
	int head = snprintf(body, 32, "{\"n\":%u,\"x\":\"", n);
	memset(body + head, 'a' + (int)(n % 26), size);
	int rest = snprintf(body + (size_t)head + size, 32, "\",\"yett\":{\"t\":%u", n);
	const struct chain_line line = { .body = body, .len = (size_t)head + size + (size_t)rest, .mono_ns = n, .boot_id = BOOT_ID,
		.sealed = sealed };
	return chain_append(c, &line);
}

/* Proves LOG by KEY: records, sealed ones and the first damage are in V. */
static inline enum damage
logs_prove(struct blob log, const uint8_t key[32], struct verify *v)
{
	enum damage d = DAMAGE_NONE;

	verify_init(v, key);
	for (size_t at = 0; at < log.len && d == DAMAGE_NONE; ) {
		const char *nl = memchr(log.data + at, '\n', log.len - at);
		size_t len = nl ? (size_t)(nl - log.data) + 1 - at : log.len - at;
		d = verify_line(v, log.data + at, len);
		at += len;
	}
	return d;
}

#endif
