/* The reader of file heads, over a file in memory. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* Taken in whole: how much it may read is known in there. */
#include "file/digest.c"
#include "file/elf.c"
#include "file/elf_details.c"
#include "file/tlsh.c"

#define FEW	(2 + TABLE_MAX / (ELF_AT_ONCE * sizeof(Elf32_Phdr)) + 1)	/* reads that may be needed for what a file is */
#define MORE	1200u									/* and for all that is said of it */

struct memory { const uint8_t *bytes; size_t len; unsigned reads, most; };

static ssize_t
read_memory(void *arg, uint64_t offset, void *buf, size_t len)
{
	struct memory *m = arg;

	if (++m->reads > m->most)
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

static void
try_details(const uint8_t *data, size_t size)
{
	struct memory m = { .bytes = data, .len = size, .most = MORE };
	struct content c = { 0 };

	if (elf_details(read_memory, &m, &c) || !content_sound(&c))
		abort();
	if ((c.elf & CONTENT_STATIC) && c.libraries_len)
		abort();
	for (size_t i = 0; i + 1 < c.libraries_len; i++)
		if (!c.libraries[i] && !c.libraries[i + 1])
			abort();
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory m = { .bytes = data, .len = size, .most = FEW };
	struct elf_facts f;

	if (elf_facts(read_memory, &m, &f))
		abort();
	if (f.interpreter_len > sizeof(f.interpreter) || (f.static_elf && f.interpreter_len) || (f.type == FILE_OTHER && f.interpreter_len))
		abort();
	if (memchr(f.interpreter, '\0', f.interpreter_len))
		abort();
	try_details(data, size);
	return 0;
}
