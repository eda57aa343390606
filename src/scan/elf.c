#include <elf.h>
#include <string.h>
#include "scan/elf.h"

#define HEAD		256u	/* what the kernel looks at */
#define TABLE_MAX	65536u	/* bytes of program headers; the kernel refuses more */
#define PHDRS_READ	16u	/* at a time */

struct reader {
	elf_read	*read;
	void		*arg;
	bool		 wide, big;	/* 64-bit; the first byte counts most */
};

struct table { uint64_t offset; unsigned count; size_t size; };

static uint64_t
number(const struct reader *r, const uint8_t *at, size_t size)
{
	uint64_t n = 0;

	for (size_t i = 0; i < size; i++)
		n = n << 8 | at[r->big ? i : size - 1 - i];
	return n;
}

/* A member of a header that is laid out differently in the two classes. */
#define MEMBER(r, at, type, m)	((r)->wide ? \
	number(r, (at) + offsetof(Elf64_##type, m), sizeof(((Elf64_##type *)0)->m)) : \
	number(r, (at) + offsetof(Elf32_##type, m), sizeof(((Elf32_##type *)0)->m)))

static bool
find_table(struct reader *r, const uint8_t *head, size_t n, struct table *t)
{
	if (n < EI_NIDENT || (head[EI_CLASS] != ELFCLASS32 && head[EI_CLASS] != ELFCLASS64) ||
	    (head[EI_DATA] != ELFDATA2LSB && head[EI_DATA] != ELFDATA2MSB))
		return false;
	r->wide = head[EI_CLASS] == ELFCLASS64;
	r->big = head[EI_DATA] == ELFDATA2MSB;
	if (n < (r->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
		return false;
	uint64_t type = MEMBER(r, head, Ehdr, e_type);
	t->offset = MEMBER(r, head, Ehdr, e_phoff);
	t->count = (unsigned)MEMBER(r, head, Ehdr, e_phnum);
	t->size = r->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	return (type == ET_EXEC || type == ET_DYN) && MEMBER(r, head, Ehdr, e_phentsize) == t->size && t->count > 0 &&
	    t->count * t->size <= TABLE_MAX && t->offset <= INT64_MAX - TABLE_MAX;
}

/* The text of the loader's path; without an end the kernel refuses the program. */
static int
read_loader(const struct reader *r, const uint8_t *phdr, struct elf_facts *f)
{
	uint64_t offset = MEMBER(r, phdr, Phdr, p_offset), size = MEMBER(r, phdr, Phdr, p_filesz);

	if (size < 2 || size > 4096 || offset > INT64_MAX - 4096)
		return 0;
	size_t want = size < sizeof(f->interpreter) ? (size_t)size : sizeof(f->interpreter);
	ssize_t n = r->read(r->arg, offset, f->interpreter, want);
	if (n < 0)
		return (int)n;
	size_t len = strnlen(f->interpreter, (size_t)n);
	if (len < (size_t)n || size > want)
		f->interpreter_len = (uint16_t)len;
	return 0;
}

static int
read_table(const struct reader *r, const struct table *t, struct elf_facts *f)
{
	uint8_t buf[PHDRS_READ * sizeof(Elf64_Phdr)];

	for (unsigned at = 0; at < t->count;) {
		unsigned many = t->count - at < PHDRS_READ ? t->count - at : PHDRS_READ;
		ssize_t n = r->read(r->arg, t->offset + at * t->size, buf, many * t->size);
		if (n < 0)
			return (int)n;
		if ((size_t)n < many * t->size)
			return 0;
		for (unsigned i = 0; i < many; i++)
			if (MEMBER(r, buf + i * t->size, Phdr, p_type) == PT_INTERP)
				return read_loader(r, buf + i * t->size, f);
		at += many;
	}
	f->static_elf = true;
	return 0;
}

/* "#! path argument": the path up to a blank, the end of the line, or the end of what the kernel looks at. */
static void
read_script(const char *head, size_t n, struct elf_facts *f)
{
	size_t start = 2;

	while (start < n && (head[start] == ' ' || head[start] == '\t'))
		start++;
	size_t end = start;
	while (end < n && head[end] != ' ' && head[end] != '\t' && head[end] != '\n' && head[end] != '\0')
		end++;
	f->type = FILE_SCRIPT;
	f->interpreter_len = (uint16_t)(end - start);
	memcpy(f->interpreter, head + start, end - start);
}

int
elf_facts(elf_read *read, void *arg, struct elf_facts *f)
{
	struct reader r = { .read = read, .arg = arg };
	struct table t;
	uint8_t head[HEAD] = { 0 };

	*f = (struct elf_facts){ .type = FILE_OTHER };
	ssize_t n = read(arg, 0, head, sizeof(head));
	if (n < 0)
		return (int)n;
	if (n >= 2 && !memcmp(head, "#!", 2))
		read_script((const char *)head, (size_t)n, f);
	if (n < SELFMAG || memcmp(head, ELFMAG, SELFMAG))
		return 0;
	f->type = FILE_ELF;
	return find_table(&r, head, (size_t)n, &t) ? read_table(&r, &t, f) : 0;
}
