#include <elf.h>
#include <string.h>
#include <unistd.h>
#include "gate/glance.h"

bool
glance_is_library(int fd)
{
	unsigned char head[offsetof(Elf64_Ehdr, e_machine)];

	_Static_assert(offsetof(Elf64_Ehdr, e_machine) == offsetof(Elf32_Ehdr, e_machine), "of both widths");
	if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) || memcmp(head, ELFMAG, SELFMAG) != 0)
		return false;
	const unsigned char *type = head + offsetof(Elf64_Ehdr, e_type);
	unsigned n = head[EI_DATA] == ELFDATA2MSB ? type[0] << 8 | type[1] : type[1] << 8 | type[0];
	return n == ET_DYN;
}

bool
glance_is_script(int fd)
{
	char head[2];

	return pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) && head[0] == '#' && head[1] == '!';
}

bool
glance_is_text(int fd)
{
	char head[128];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	return n > 0 && !memchr(head, '\0', (size_t)n) && (n < SELFMAG || memcmp(head, ELFMAG, SELFMAG) != 0);
}
