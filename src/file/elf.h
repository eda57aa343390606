#ifndef FILE_ELF_H
#define FILE_ELF_H
/*
 * What a file is, as the kernel would see it in execve(). Reads a bounded number of small pieces; every number in the file is hostile, so
 * no process with a privilege may include this (tests/lint/rooms).
 */
#include <stdbool.h>
#include <sys/types.h>
#include "event/content.h"

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

/*
 * Of an ELF file: fills in what struct content says of it. 0, or what READ returned.
 *
 * Packed is what carries the mark of UPX behind its headers; what has a segment to be run that looks compressed or encrypted (samples of up
 * to 64 KiB with 7.2 bits per byte or more); and what has no table of sections and any such segment. Machine code has 5 to 6.6.
 */
int	elf_details(elf_read *read, void *arg, struct content *);

#endif
