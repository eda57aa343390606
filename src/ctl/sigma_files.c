#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "ctl/sigma_files.h"
#include "ctl/sigma_write.h"

#define DIRECTORIES	16	/* one in the other */

static void
broken(struct sigma_import *imp, const char *path, int err)
{
	sigma_add_broken(imp, path, strerror(err));
}

static void
add_file(struct sigma_import *imp, const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	CLEANUP_FREE char *text = malloc(SIGMA_FILE_MAX + 1);
	struct stat st;
	size_t len = 0;
	ssize_t n = 1;

	if (!text)
		sigma_no_memory();
	if (fd < 0 || fstat(fd, &st) < 0) {
		broken(imp, path, errno);
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		sigma_add_broken(imp, path, "not a regular file");
		return;
	}
	while (len <= SIGMA_FILE_MAX && (n = read(fd, text + len, SIGMA_FILE_MAX + 1 - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		broken(imp, path, errno);
	else
		sigma_add(imp, path, text, len);
}

static int
is_wanted(const struct dirent *e)
{
	const char *end = strrchr(e->d_name, '.');

	if (e->d_name[0] == '.')
		return 0;
	return e->d_type == DT_DIR || e->d_type == DT_UNKNOWN || (end && (strcmp(end, ".yml") == 0 || strcmp(end, ".yaml") == 0));
}

/* In order of name, so that the same files give the same names. Links to directories are not followed. */
static void
add_directory(struct sigma_import *imp, const char *path, unsigned depth)
{
	struct dirent **list;
	int n = depth < DIRECTORIES ? scandir(path, &list, is_wanted, alphasort) : -1;

	if (n < 0) {
		broken(imp, path, depth < DIRECTORIES ? errno : ELOOP);
		return;
	}
	for (int i = 0; i < n; i++) {
		struct stat st;
		const char *end = strrchr(list[i]->d_name, '.');
		const char *slash = path[strlen(path) - 1] == '/' ? "" : "/", *inner = sigma_print(imp->pool, "%s%s%s", path, slash, list[i]->d_name);
		if (lstat(inner, &st) == 0 && S_ISDIR(st.st_mode))
			add_directory(imp, inner, depth + 1);
		else if (end && (strcmp(end, ".yml") == 0 || strcmp(end, ".yaml") == 0))
			add_file(imp, inner);
		free(list[i]);
	}
	free(list);
}

void
sigma_add_path(struct sigma_import *imp, const char *path)
{
	struct stat st;

	if (*path && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		add_directory(imp, path, 0);
	else
		add_file(imp, path);
}

/* Each line of TEXT that is none yet becomes a comment. */
static void
put_as_comment(struct sigma_out *out, const char *text)
{
	for (size_t n; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		sigma_put(out, "%s%.*s\n", n && text[0] != '#' ? "#! " : "", (int)n, text);
	}
}

static void
put_rule(struct sigma_out *out, struct sigma_import *imp, const struct sigma_rule *r, bool live)
{
	for (const struct sigma_line *l = r->lacks.first; l; l = l->next)
		sigma_put_comment(out, imp->pool, "This version of yett lacks ", l->text);
	if (r->lacks.n && !live)
		put_as_comment(out, r->text);
	else
		sigma_put(out, "%s", r->text);
}

const char *
sigma_policy(struct sigma_import *imp, int source, bool live)
{
	struct sigma_out out;
	bool some = false;

	sigma_out_begin(&out);
	for (const struct sigma_rule *r = imp->first; r; r = r->next) {
		if (r->reason || !r->text || (source >= 0 && r->source != (unsigned)source))
			continue;
		const char *slash = strrchr(r->file, '/');
		if (!some && source >= 0)
			sigma_put(&out, SIGMA_MARK "\n\n[policy]\ndescription = Sigma: %s\n\n", sigma_title(imp->pool, slash ? slash + 1 : r->file));
		else if (!some)
			sigma_put(&out, SIGMA_MARK "\n\n[policy]\ndescription = Rules of Sigma\n\n");
		some = true;
		put_rule(&out, imp, r, live);
	}
	const char *text = sigma_out_end(&out, imp->pool);
	size_t n = strlen(text);
	/* No blank line at the end. */
	return !some ? NULL : n > 1 && text[n - 2] == '\n' ? sigma_copy(imp->pool, text, n - 1) : text;
}

const char *
sigma_policy_name(struct sigma_import *imp, struct names *given, const char *file)
{
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file, *end = strrchr(base, '.');
	size_t n = end && end > base ? (size_t)(end - base) : strlen(base);
	const char *name = sigma_print(imp->pool, "%.*s.ini", (int)n, base);

	for (unsigned i = 2; names_find(given, name); i++)
		name = sigma_print(imp->pool, "%.*s-%u.ini", (int)n, base, i);
	if (names_add(given, name, imp))
		sigma_no_memory();
	return name;
}

/* Is there nothing at PATH, or what we wrote there? */
static int
may_replace(const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	char head[sizeof(SIGMA_MARK)];

	if (fd < 0)
		return errno == ENOENT ? 0 : errno == ELOOP ? -EEXIST : -errno;
	return read(fd, head, sizeof(head) - 1) == sizeof(head) - 1 && memcmp(head, SIGMA_MARK, sizeof(head) - 1) == 0 ? 0 : -EEXIST;
}

/* Policies that others may write are refused, whatever the umask is. */
static int
write_new(const char *path, const char *text)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0 || fchmod(fd, 0644) < 0)
		return -errno;
	for (size_t left = strlen(text); left;) {
		ssize_t n = write(fd, text, left);
		if (n < 0)
			return -errno;
		text += n;
		left -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

int
sigma_policy_write(const char *path, const char *text)
{
	struct pool scratch = { 0 };
	const char *new = sigma_print(&scratch, "%s.new", path);
	int err = may_replace(path);

	if (!err)
		err = write_new(new, text);
	if (!err && rename(new, path) < 0)
		err = -errno;
	if (err && err != -EEXIST)
		unlink(new);
	pool_done(&scratch);
	return err;
}
