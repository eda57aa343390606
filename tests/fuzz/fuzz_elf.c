/* The reader of file heads, over a file in memory. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* Scan is a process, not a library: its parser is taken in whole. */
#include "scan/elf.c"

struct memory { const uint8_t *bytes; size_t len; unsigned reads; };

static ssize_t
read_memory(void *arg, uint64_t offset, void *buf, size_t len)
{
	struct memory *m = arg;

	if (++m->reads > 2 + TABLE_MAX / (PHDRS_READ * sizeof(Elf32_Phdr)) + 1)
		abort();	/* a hostile file must not keep us reading */
	if (offset > INT64_MAX)
		abort();	/* no pread() takes that */
	if (offset >= m->len)
		return 0;
	if (len > m->len - offset)
		len = m->len - (size_t)offset;
	memcpy(buf, m->bytes + offset, len);
	return (ssize_t)len;
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory m = { .bytes = data, .len = size };
	struct elf_facts f;

	if (elf_facts(read_memory, &m, &f))
		abort();
	if (f.interpreter_len > sizeof(f.interpreter) || (f.static_elf && f.interpreter_len) || (f.type == FILE_OTHER && f.interpreter_len))
		abort();
	if (memchr(f.interpreter, '\0', f.interpreter_len))
		abort();
	return 0;
}
