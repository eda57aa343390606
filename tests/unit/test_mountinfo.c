#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
/* The warden is a process, not a library: its reader of mounts is taken in whole. */
#include "warden/mountinfo.c"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* From memory without a byte to spare. The caller frees the line, in which M lives. */
static bool
parse_copy(const char *text, struct mount *m, char **line)
{
	*line = strdup(text);
	assert_non_null(*line);
	return parse(*line, m);
}

static void
a_line_has_device_place_type_and_options(void **state)
{
	(void)state;
	static const struct { const char *line; unsigned major, minor; const char *path, *type, *options; } rows[] = {
		{ "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n", 254, 1, "/", "ext4", "rw,errors=remount-ro" },
		/* any number of optional fields */
		{ "36 35 98:0 /mnt1 /mnt2 rw - xfs /dev/sdb rw", 98, 0, "/mnt2", "xfs", "rw" },
		{ "36 35 98:0 /mnt1 /mnt2 rw shared:3 master:2 propagate_from:1 unbindable - xfs /dev/sdb rw", 98, 0, "/mnt2", "xfs", "rw" },
		{ "40 22 0:35 / /run/u\\040ser\\011x\\012y\\134z\\043 rw - tmpfs tmpfs rw,mode=700", 0, 35, "/run/u ser\tx\ny\\z#", "tmpfs",
		    "rw,mode=700" },
		/* what looks like an escape in a name is escaped itself, and read once */
		{ "40 22 0:35 / /a\\134040b rw - tmpfs tmpfs rw", 0, 35, "/a\\040b", "tmpfs", "rw" },
		{ "40 22 0:35 / /a\\4\\04\\08\\ rw - tmpfs tmpfs rw", 0, 35, "/a\\4\\04\\08\\", "tmpfs", "rw" },
		{ "41 22 0:36 / /m rw - overlay over rw,lowerdir=/a\\040b,upperdir=/u", 0, 36, "/m", "overlay", "rw,lowerdir=/a b,upperdir=/u" },
		{ "42 22 0:4 net:[4026531840] /run/netns/x rw - nsfs nsfs rw", 0, 4, "/run/netns/x", "nsfs", "rw" },
		{ "43 22 0:40 / /f rw - fuse.sshfs me@there:/ rw", 0, 40, "/f", "fuse.sshfs", "rw" },
		/* mount("", ...): the source is empty, and still a field */
		{ "44 22 0:41 / /e rw - tmpfs  rw,size=1k\n", 0, 41, "/e", "tmpfs", "rw,size=1k" },
		{ "45 22 0:42 / /- rw - tmpfs - rw", 0, 42, "/-", "tmpfs", "rw" },
		{ "46 22 4095:1048575 / /d rw - ext4 x rw", 4095, 1048575, "/d", "ext4", "rw" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mount m;
		char *line;
		if (!parse_copy(rows[i].line, &m, &line))
			fail_msg("'%s' is refused", rows[i].line);
		assert_true(m.dev == makedev(rows[i].major, rows[i].minor));
		assert_string_equal(m.path, rows[i].path);
		assert_string_equal(m.type, rows[i].type);
		assert_string_equal(m.options, rows[i].options);
		free(line);
	}
}

static void
lines_that_lack_something_are_no_mounts(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"", "\n", " ", "-", "- ext4 x rw", "36", "36 35", "36 35 98:0", "36 35 98:0 /", "36 35 98:0 / /mnt", "36 35 98:0 / /mnt rw",
		"36 35 98:0 / /mnt rw shared:1", "36 35 98:0 / /mnt rw -", "36 35 98:0 / /mnt rw - xfs", "36 35 98:0 / /mnt rw - xfs /dev/sdb",
		"36 35 98 / /mnt rw - xfs /dev/sdb rw", "36 35 x:y / /mnt rw - xfs /dev/sdb rw", "36 35  / /mnt rw - xfs /dev/sdb rw",
		"36 35 98:0 /  rw - xfs /dev/sdb rw", "36 35 98:0 / - xfs /dev/sdb rw", "36 35 98:0 / /mnt - xfs /dev/sdb rw",
		"36 35 98:0 / /mnt rw -  /dev/sdb rw",
	};

	for (size_t i = 0; i < COUNT(lines); i++) {
		struct mount m;
		char *line;
		if (parse_copy(lines[i], &m, &line))
			fail_msg("'%s' passes as %s", lines[i], m.path);
		free(line);
	}
}

static void
any_line_that_is_cut_is_read_or_refused(void **state)
{
	(void)state;
	static const char whole[] = "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n";

	for (size_t len = 0; len < sizeof(whole); len++) {
		char part[sizeof(whole)], *line;
		struct mount m;
		memcpy(part, whole, len);
		part[len] = '\0';
		bool good = parse_copy(part, &m, &line);
		/* From the blank before the options on there is enough of it. */
		assert_int_equal(good, len >= (size_t)(strstr(whole, "rw,errors") - whole));
		if (good)
			assert_string_equal(m.path, "/mnt 2");
		free(line);
	}
}

static void
long_paths_are_read_whole(void **state)
{
	(void)state;
	enum { LONG = 100000 };
	char *text = malloc(LONG + 100), *line;
	struct mount m;

	assert_non_null(text);
	int n = snprintf(text, 100, "36 35 98:0 / /");
	for (int i = 0; i < LONG / 4; i++)
		memcpy(text + n + 4 * i, "\\040", 4);
	snprintf(text + n + LONG, 50, " rw - xfs /dev/sdb rw");
	assert_true(parse_copy(text, &m, &line));
	assert_int_equal(strlen(m.path), 1 + LONG / 4);
	assert_int_equal(strspn(m.path + 1, " "), LONG / 4);
	assert_string_equal(m.options, "rw");
	free(line);
	free(text);
}

static void
mounts_upon_each_other_are_each_told(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"50 22 0:50 / /mnt rw - tmpfs a rw", "51 50 0:51 / /mnt rw - tmpfs b ro", "52 51 0:50 / /mnt rw - tmpfs a rw",
	};
	static const unsigned minors[] = { 50, 51, 50 };

	for (size_t i = 0; i < COUNT(lines); i++) {
		struct mount m;
		char *line;
		assert_true(parse_copy(lines[i], &m, &line));
		assert_string_equal(m.path, "/mnt");
		assert_true(m.dev == makedev(0, minors[i]));
		free(line);
	}
}

struct seen { unsigned n, stop_at; bool root; };

static int
see(void *arg, const struct mount *m)
{
	struct seen *s = arg;

	assert_true(m->path[0] == '/' && m->type[0] && m->options);
	s->root |= strcmp(m->path, "/") == 0;
	return ++s->n == s->stop_at ? 7 : 0;
}

/* None is passed over: what is not told is not gated, and nobody is told of that either. */
static void
every_line_of_this_host_is_a_mount(void **state)
{
	(void)state;
	FILE *f = fopen("/proc/self/mountinfo", "re");
	struct seen s = { 0 };
	unsigned lines = 0;
	int c;

	assert_non_null(f);
	while ((c = getc(f)) != EOF)
		lines += c == '\n';
	fclose(f);
	assert_int_equal(mountinfo_each(see, &s), 0);
	assert_int_equal(s.n, lines);
	assert_true(s.root);
}

static void
the_first_result_but_0_ends_the_walk(void **state)
{
	(void)state;
	struct seen s = { .stop_at = 1 };

	assert_int_equal(mountinfo_each(see, &s), 7);
	assert_int_equal(s.n, 1);
}

static void
a_mount_is_found_by_its_whole_path(void **state)
{
	(void)state;
	char longer[5000];

	assert_true(mountinfo_has("/"));
	assert_true(mountinfo_has("/proc"));
	assert_false(mountinfo_has("/pro"));
	assert_false(mountinfo_has("/proc/"));
	assert_false(mountinfo_has(""));
	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	assert_false(mountinfo_has(longer));
}

static void
types_fall_into_classes(void **state)
{
	(void)state;
	static const struct { const char *type; enum mount_class class; } rows[] = {
		{ "ext4", MOUNT_LOCAL }, { "xfs", MOUNT_LOCAL }, { "btrfs", MOUNT_LOCAL }, { "tmpfs", MOUNT_LOCAL }, { "devtmpfs", MOUNT_LOCAL },
		{ "vfat", MOUNT_LOCAL }, { "overlay", MOUNT_STACKED }, { "nfs", MOUNT_REMOTE }, { "nfs4", MOUNT_REMOTE }, { "cifs", MOUNT_REMOTE },
		{ "9p", MOUNT_REMOTE }, { "autofs", MOUNT_PSEUDO }, { "fusectl", MOUNT_PSEUDO }, { "fuse", MOUNT_REMOTE }, { "fuseblk", MOUNT_REMOTE },
		{ "fuse.sshfs", MOUNT_REMOTE }, { "proc", MOUNT_PSEUDO }, { "sysfs", MOUNT_PSEUDO }, { "cgroup2", MOUNT_PSEUDO },
		{ "nsfs", MOUNT_PSEUDO }, { "ext", MOUNT_PSEUDO }, { "ext44", MOUNT_PSEUDO }, { "", MOUNT_PSEUDO },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (mount_class(rows[i].type) != rows[i].class)
			fail_msg("'%s' is of class %d", rows[i].type, mount_class(rows[i].type));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_device_place_type_and_options),
		cmocka_unit_test(lines_that_lack_something_are_no_mounts),
		cmocka_unit_test(any_line_that_is_cut_is_read_or_refused),
		cmocka_unit_test(long_paths_are_read_whole),
		cmocka_unit_test(mounts_upon_each_other_are_each_told),
		cmocka_unit_test(every_line_of_this_host_is_a_mount),
		cmocka_unit_test(the_first_result_but_0_ends_the_walk),
		cmocka_unit_test(a_mount_is_found_by_its_whole_path),
		cmocka_unit_test(types_fall_into_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
