#include <string.h>
#include "file/elf_inside.h"

#define TABLE_MAX	65536u	/* bytes of program headers; the kernel refuses more */

uint64_t
elf_number(const struct elf_reader *r, const uint8_t *at, size_t size)
{
	uint64_t n = 0;

	for (size_t i = 0; i < size; i++)
		n = n << 8 | at[r->big ? i : size - 1 - i];
	return n;
}

bool
elf_order(struct elf_reader *r, const uint8_t *head, size_t n)
{
	if (n < EI_NIDENT || memcmp(head, ELFMAG, SELFMAG) || (head[EI_CLASS] != ELFCLASS32 && head[EI_CLASS] != ELFCLASS64) ||
	    (head[EI_DATA] != ELFDATA2LSB && head[EI_DATA] != ELFDATA2MSB))
		return false;
	r->wide = head[EI_CLASS] == ELFCLASS64;
	r->big = head[EI_DATA] == ELFDATA2MSB;
	return n >= ELF_SIZE(r, Ehdr);
}

bool
elf_segments(const struct elf_reader *r, const uint8_t *head, struct elf_table *t)
{
	uint64_t type = ELF_MEMBER(r, head, Ehdr, e_type);

	t->offset = ELF_MEMBER(r, head, Ehdr, e_phoff);
	t->count = (unsigned)ELF_MEMBER(r, head, Ehdr, e_phnum);
	t->size = ELF_SIZE(r, Phdr);
	return (type == ET_EXEC || type == ET_DYN) && ELF_MEMBER(r, head, Ehdr, e_phentsize) == t->size && t->count > 0 &&
	    t->count * t->size <= TABLE_MAX && t->offset <= INT64_MAX - TABLE_MAX;
}

int
elf_walk(const struct elf_reader *r, const struct elf_table *t, elf_entry *each, void *arg)
{
	uint8_t buf[ELF_AT_ONCE * sizeof(Elf64_Shdr)];

	for (unsigned at = 0; at < t->count;) {
		unsigned many = t->count - at < ELF_AT_ONCE ? t->count - at : ELF_AT_ONCE;
		ssize_t n = r->read(r->arg, t->offset + at * t->size, buf, many * t->size);
		if (n < 0)
			return (int)n;
		for (unsigned i = 0; i < many && (i + 1) * t->size <= (size_t)n; i++) {
			int more = each(arg, buf + i * t->size);
			if (more <= 0)
				return more;
		}
		if ((size_t)n < many * t->size)
			return 0;
		at += many;
	}
	return 1;
}

/* The text of the loader's path; without an end the kernel refuses the program. */
static int
read_loader(const struct elf_reader *r, const uint8_t *phdr, struct elf_facts *f)
{
	uint64_t offset = ELF_MEMBER(r, phdr, Phdr, p_offset), size = ELF_MEMBER(r, phdr, Phdr, p_filesz);

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

struct finding { const struct elf_reader *r; struct elf_facts *facts; };

static int
find_loader(void *arg, const uint8_t *phdr)
{
	const struct finding *f = arg;

	return ELF_MEMBER(f->r, phdr, Phdr, p_type) == PT_INTERP ? read_loader(f->r, phdr, f->facts) : 1;
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
	struct elf_reader r = { .read = read, .arg = arg };
	struct elf_table t;
	uint8_t head[ELF_HEAD] = { 0 };

	*f = (struct elf_facts){ .type = FILE_OTHER };
	ssize_t n = read(arg, 0, head, sizeof(head));
	if (n < 0)
		return (int)n;
	if (n >= 2 && !memcmp(head, "#!", 2))
		read_script((const char *)head, (size_t)n, f);
	if (n < SELFMAG || memcmp(head, ELFMAG, SELFMAG))
		return 0;
	f->type = FILE_ELF;
	if (!elf_order(&r, head, (size_t)n) || !elf_segments(&r, head, &t))
		return 0;
	int all = elf_walk(&r, &t, find_loader, &(struct finding){ &r, f });
	f->static_elf = all > 0;
	return all < 0 ? all : 0;
}
