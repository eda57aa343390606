#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "ctl/object.h"
#include "file/digest.h"
#include "file/elf.h"

#define BLOCK	65536u

static ssize_t
read_at(void *arg, uint64_t offset, void *buf, size_t len)
{
	ssize_t n = pread(*(const int *)arg, buf, len, (off_t)offset);

	return n < 0 ? -errno : n;
}

/* All that scan would say of FD. */
static int
read_content(struct event *ev, int fd)
{
	struct content c = { 0 };
	struct elf_facts f;
	struct digest d;
	uint8_t block[BLOCK];
	ssize_t n;

	digest_init(&d, true);
	for (uint64_t at = 0; (n = read_at(&fd, at, block, sizeof(block))) != 0; at += (uint64_t)n) {
		if (n < 0)
			return (int)n;
		digest_update(&d, block, (size_t)n);
	}
	int err = elf_facts(read_at, &fd, &f);
	if (!err && f.type == FILE_ELF)
		err = elf_details(read_at, &fd, &c);
	if (err)
		return err;
	digest_end(&d, ev->file.sha256, &c);
	content_tell_type(ev, f.type, f.interpreter, f.interpreter_len);
	content_tell(ev, &c);
	ev->have |= HAVE_HASH;
	return 0;
}

/* Type of the file system with this device number, from mountinfo: "36 35 98:0 /root /where options - type source". */
static void
file_system(struct event *ev, dev_t dev)
{
	CLEANUP_FILE FILE *in = fopen("/proc/self/mountinfo", "re");
	CLEANUP_FREE char *line = NULL;
	size_t size = 0;

	while (in && getline(&line, &size, in) > 0) {
		unsigned major_, minor_;
		const char *type = strstr(line, " - ");
		if (!type || sscanf(line, "%*u %*u %u:%u", &major_, &minor_) != 2 || makedev(major_, minor_) != dev)
			continue;
		event_set(ev, TEXT_FILESYSTEM, type + 3, strcspn(type + 3, " "));
		return;
	}
}

static void
facts(struct event *ev, const struct stat *st)
{
	ev->file = event_file_of(st);
	file_system(ev, st->st_dev);
	event_file_flags(ev);
	ev->have |= HAVE_ATTRIBUTES;
}

int
object_read(struct event *ev, const char *path)
{
	CLEANUP_FREE char *real = realpath(path, NULL);
	struct stat st;

	ev->have |= HAVE_FILE;
	if (!real) {
		int err = -errno;
		event_set_str(ev, TEXT_FILE_PATH, path);
		return err;
	}
	event_set_str(ev, TEXT_FILE_PATH, real);
	if (stat(real, &st) != 0)
		return -errno;
	facts(ev, &st);
	if (!S_ISREG(st.st_mode))
		return 0;
	CLEANUP_FD int fd = open(real, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : read_content(ev, fd);
}
