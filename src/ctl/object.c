#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"
#include "ctl/object.h"

#define HEADERS_MAX 128

/* Program header N of a 64-bit or 32-bit ELF file; false: there is none. */
static bool
elf_header(int fd, const unsigned char *head, unsigned n, Elf64_Phdr *out)
{
	Elf64_Ehdr e64;
	Elf32_Ehdr e32;
	Elf32_Phdr p32;

	if (head[EI_CLASS] == ELFCLASS64) {
		memcpy(&e64, head, sizeof(e64));
		return n < e64.e_phnum && e64.e_phentsize == sizeof(*out) && e64.e_phoff < INT32_MAX &&
		    pread(fd, out, sizeof(*out), (off_t)(e64.e_phoff + n * sizeof(*out))) == (ssize_t)sizeof(*out);
	}
	memcpy(&e32, head, sizeof(e32));
	if (n >= e32.e_phnum || e32.e_phentsize != sizeof(p32) || e32.e_phoff >= INT32_MAX ||
	    pread(fd, &p32, sizeof(p32), (off_t)(e32.e_phoff + n * sizeof(p32))) != (ssize_t)sizeof(p32))
		return false;
	*out = (Elf64_Phdr){ .p_type = p32.p_type, .p_offset = p32.p_offset, .p_filesz = p32.p_filesz };
	return true;
}

static void
elf_interpreter(struct event *ev, int fd, const unsigned char *head)
{
	char path[PATH_MAX];
	Elf64_Phdr p;

	for (unsigned n = 0; n < HEADERS_MAX && elf_header(fd, head, n, &p); n++) {
		if (p.p_type != PT_INTERP || p.p_filesz == 0 || p.p_filesz > sizeof(path) || p.p_offset > INT32_MAX)
			continue;
		ssize_t got = pread(fd, path, p.p_filesz, (off_t)p.p_offset);
		if (got > 0)
			event_set(ev, TEXT_INTERPRETER, path, strnlen(path, (size_t)got));
		return;
	}
}

static void
classify(struct event *ev, int fd)
{
	unsigned char head[256] = { 0 };
	ssize_t n = pread(fd, head, sizeof(head) - 1, 0);

	if (n >= (ssize_t)sizeof(Elf64_Ehdr) && memcmp(head, ELFMAG, SELFMAG) == 0) {
		event_set_str(ev, TEXT_FILE_TYPE, "elf");
		elf_interpreter(ev, fd, head);
	} else if (n > 2 && memcmp(head, "#!", 2) == 0) {
		const char *s = (const char *)head + 2;
		s += strspn(s, " \t");
		event_set_str(ev, TEXT_FILE_TYPE, "script");
		event_set(ev, TEXT_INTERPRETER, s, strcspn(s, " \t\n"));
	} else {
		event_set_str(ev, TEXT_FILE_TYPE, "other");
	}
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
	int err = fd < 0 ? -errno : hash_file(fd, ev->file.sha256);
	if (err)
		return err;
	classify(ev, fd);
	ev->have |= HAVE_HASH;
	return 0;
}
