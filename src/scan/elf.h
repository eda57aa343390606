#ifndef SCAN_ELF_H
#define SCAN_ELF_H
/* What a file is, as the kernel would see it in execve(). Reads a bounded number of small pieces; every number in the file is hostile. */
#include <stdbool.h>
#include <sys/types.h>
#include "wire/wire.h"

/* Copies up to LEN bytes from OFFSET; fewer only at the end of the file. Bytes, or -errno. */
typedef ssize_t elf_read(void *arg, uint64_t offset, void *buf, size_t len);

struct elf_facts {
	enum file_type	type;
	bool		static_elf;	/* an ELF program or library that asks for no loader */
	uint16_t	interpreter_len;
	char		interpreter[254]; /* loader, or interpreter of a script; cut, not terminated */
};

/* 0, or what READ returned. A file that is no proper ELF behind its magic is FILE_ELF without further facts. */
int	elf_facts(elf_read *read, void *arg, struct elf_facts *);

#endif
