/* Lines of mountinfo: paths, sources and options are chosen by whoever mounts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* The warden is a process, not a library: its reader of mounts is taken in whole. */
#include "warden/mountinfo.c"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
inside(const char *s, const char *line, size_t size)
{
	if (s < line || s >= line + size || !memchr(s, '\0', (size_t)(line + size - s)))
		abort();
}

static void
take(const char *text, size_t len)
{
	char *line = malloc(len + 1);
	struct mount m;

	if (!line)
		abort();
	memcpy(line, text, len);
	line[len] = '\0';
	if (parse(line, &m)) {
		inside(m.path, line, len + 1);
		inside(m.type, line, len + 1);
		inside(m.options, line, len + 1);
		if (!*m.type || mount_class(m.type) > MOUNT_PSEUDO)
			abort();
	}
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = newline ? (size_t)(newline - at) + 1 : (size_t)(end - at);
		take(at, len);
		at += len;
	}
	return 0;
}
