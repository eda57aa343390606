#ifndef FILE_ELF_INSIDE_H
#define FILE_ELF_INSIDE_H
/* How the parts of the ELF reader read: numbers of either order in headers of either class. No number is believed. */
#include <elf.h>
#include "file/elf.h"

#define ELF_HEAD	256u	/* what the kernel looks at */
#define ELF_AT_ONCE	16u	/* entries of a table */

struct elf_reader {
	elf_read	*read;
	void		*arg;
	bool		 wide, big;	/* 64-bit; the first byte counts most */
};

struct elf_table { uint64_t offset; unsigned count; size_t size; };

uint64_t elf_number(const struct elf_reader *, const uint8_t *at, size_t size);

/* A member of a header that is laid out differently in the two classes. */
#define ELF_MEMBER(r, at, type, m)	((r)->wide ? \
	elf_number(r, (at) + offsetof(Elf64_##type, m), sizeof(((Elf64_##type *)0)->m)) : \
	elf_number(r, (at) + offsetof(Elf32_##type, m), sizeof(((Elf32_##type *)0)->m)))
#define ELF_SIZE(r, type)		((r)->wide ? sizeof(Elf64_##type) : sizeof(Elf32_##type))

/* Class and order, from the N bytes at the beginning of the file. False: it is no ELF that could be read. */
bool	elf_order(struct elf_reader *, const uint8_t *head, size_t n);
/* The table of segments of a program or library. False: there is none that the kernel would take. */
bool	elf_segments(const struct elf_reader *, const uint8_t *head, struct elf_table *);

/* Looks at one entry. 1: go on; 0: enough; -errno. */
typedef int elf_entry(void *arg, const uint8_t *entry);
/* Each entry in order, up to the end of the file. Returns 1 when EACH saw all of them, 0, or -errno. */
int	elf_walk(const struct elf_reader *, const struct elf_table *, elf_entry *each, void *arg);

#endif
