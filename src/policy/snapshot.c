#include <errno.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "policy/build.h"

#define NAMES_MAX 65536

static int
by_id(const void *x, const void *y)
{
	const struct l_name *a = x, *b = y;

	return a->id < b->id ? -1 : a->id > b->id;
}

/* The files themselves, not what NSS adds: a directory server must not be able to stall a reload. */
static void
snapshot_users(struct build *b)
{
	CLEANUP_FILE FILE *f = fopen("/etc/passwd", "re");
	const struct passwd *pw;

	while (f && b->users.n < NAMES_MAX && (pw = fgetpwent(f))) {
		struct l_name n = { .id = pw->pw_uid, .name = build_string(b, pw->pw_name) };
		table_add(&b->users, &n, 1);
	}
	if (b->users.n)
		qsort(b->users.at, b->users.n, sizeof(struct l_name), by_id);
}

static void
snapshot_groups(struct build *b)
{
	CLEANUP_FILE FILE *f = fopen("/etc/group", "re");
	const struct group *gr;

	while (f && b->user_groups.n < NAMES_MAX && (gr = fgetgrent(f))) {
		struct l_name n = { .id = gr->gr_gid, .name = build_string(b, gr->gr_name) };
		table_add(&b->user_groups, &n, 1);
	}
	if (b->user_groups.n)
		qsort(b->user_groups.at, b->user_groups.n, sizeof(struct l_name), by_id);
}

static void
snapshot_loaders(struct build *b)
{
	static const char *const where[] = { "/lib64/ld-linux-*.so.*", "/lib/ld-linux*.so.*", "/lib/*/ld-linux*.so.*", "/lib/ld-musl-*.so.1" };

	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
		glob_t g;
		if (glob(where[i], GLOB_NOSORT, NULL, &g) == 0) {
			for (size_t j = 0; j < g.gl_pathc; j++) {
				struct stat st;
				if (stat(g.gl_pathv[j], &st) == 0)
					table_add(&b->loaders, &(struct l_loader){ st.st_dev, st.st_ino }, 1);
			}
			globfree(&g);
		}
	}
}

int
build_snapshot(struct build *b)
{
	snapshot_users(b);
	snapshot_groups(b);
	snapshot_loaders(b);
	return 0;
}
