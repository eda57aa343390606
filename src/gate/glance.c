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
