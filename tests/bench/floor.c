/*
 * floor DIRECTORY: the least that a listener costs. Asks about every exec on the file system of DIRECTORY, says yes, remembers nothing.
 * Says "ready" when it does. Only on a tmpfs that the machine does not run from.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define TMPFS 0x01021994

static int
guard(const char *dir)
{
	struct stat root, st;
	struct statfs sf;

	if (stat("/", &root) || stat(dir, &st) || statfs(dir, &sf))
		return -errno;
	return sf.f_type == TMPFS && st.st_dev != root.st_dev ? 0 : -EPERM;
}

static int
serve(int group)
{
	struct fanotify_event_metadata m;

	for (;;) {
		ssize_t n = read(group, &m, sizeof(m));
		if (n != (ssize_t)sizeof(m))
			return n < 0 ? -errno : -EBADMSG;
		struct fanotify_response r = { .fd = m.fd, .response = FAN_ALLOW };
		if (m.fd >= 0 && (write(group, &r, sizeof(r)) < 0 || close(m.fd)))
			return -errno;
	}
}

int
main(int argc, char **argv)
{
	int group, err = argc == 2 ? guard(argv[1]) : -EINVAL;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!err && (group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_LARGEFILE | O_CLOEXEC)) < 0)
		err = -errno;
	if (!err && fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_EXEC_PERM, AT_FDCWD, argv[1]))
		err = -errno;
	if (!err) {
		puts("ready");
		fflush(stdout);
		err = serve(group);
	}
	fprintf(stderr, "floor: %s\n", strerror(-err));
	return 1;
}
