/* ELF files that nobody linked: what is said of them, and that no number in them is believed. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "file/elf.h"

#define SIZE	(256u * 1024)

static uint8_t file[SIZE];
static size_t file_len;
static unsigned reads;

static ssize_t
read_memory(void *arg, uint64_t offset, void *buf, size_t len)
{
	(void)arg;
	reads++;
	assert_true(offset <= INT64_MAX);
	if (offset >= file_len)
		return 0;
	len = len < file_len - offset ? len : file_len - (size_t)offset;
	memcpy(buf, file + offset, len);
	return (ssize_t)len;
}

static struct content
details(void)
{
	struct content c = { 0 };

	reads = 0;
	assert_int_equal(elf_details(read_memory, NULL, &c), 0);
	assert_true(content_sound(&c));
	return c;
}

static Elf64_Ehdr *
ehdr(void)
{
	return (Elf64_Ehdr *)(void *)file;
}

static Elf64_Phdr *
phdr(unsigned i)
{
	return (Elf64_Phdr *)(void *)(file + sizeof(Elf64_Ehdr)) + i;
}

/* A program of N segments, all of them empty, in 64 KiB of noise or of something like code. */
static void
begin(unsigned n, bool noise)
{
	uint32_t seed = 5;

	file_len = 65536;
	for (size_t i = 0; i < file_len; i++) {
		seed = seed * 1664525 + 1013904223;
		file[i] = (uint8_t)(noise ? seed >> 24 : seed >> 26);
	}
	memset(file, 0, 1024);
	*ehdr() = (Elf64_Ehdr){ .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_EXEC,
		.e_phoff = sizeof(Elf64_Ehdr), .e_phnum = (uint16_t)n, .e_phentsize = sizeof(Elf64_Phdr) };
}

static void
load(unsigned i, uint32_t flags, uint64_t offset, uint64_t size)
{
	*phdr(i) = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = flags, .p_offset = offset, .p_vaddr = 0x400000 + offset, .p_filesz = size };
}

/* A table of sections at the end, the last of which is of TYPE. */
static void
sections(unsigned n, uint32_t type)
{
	Elf64_Shdr *s = (Elf64_Shdr *)(void *)(file + 65536);

	memset(s, 0, n * sizeof(*s));
	s[n - 1].sh_type = type;
	ehdr()->e_shoff = 65536;
	ehdr()->e_shentsize = sizeof(*s);
	ehdr()->e_shnum = (uint16_t)n;
	file_len = 65536 + n * sizeof(*s);
}

static void
code_that_is_as_dense_as_noise_is_packed(void **state)
{
	(void)state;

	begin(1, false);
	load(0, PF_R | PF_X, 4096, 60000);
	sections(3, SHT_SYMTAB);
	assert_int_equal(details().elf, CONTENT_STATIC);
	begin(1, true);
	load(0, PF_R | PF_X, 4096, 60000);
	sections(3, SHT_SYMTAB);
	assert_int_equal(details().elf, CONTENT_STATIC | CONTENT_PACKED);
	/* Data may be: pictures, archives. But who takes the table of sections out has something to hide. */
	load(0, PF_R | PF_W, 4096, 60000);
	assert_int_equal(details().elf, CONTENT_STATIC);
	ehdr()->e_shoff = 0;
	assert_int_equal(details().elf, CONTENT_STATIC | CONTENT_STRIPPED | CONTENT_PACKED);
	load(0, PF_R | PF_W, 4096, 1000);
	assert_int_equal(details().elf, CONTENT_STATIC | CONTENT_STRIPPED);
	/* In the middle of a segment whose ends look like code. */
	begin(1, false);
	load(0, PF_R | PF_X, 1024, SIZE - 1024);
	file_len = SIZE;
	uint32_t seed = 5;
	for (size_t i = 30000; i < SIZE - 8000; i++) {
		seed = seed * 1664525 + 1013904223;
		file[i] = (uint8_t)(seed >> 24);
	}
	assert_true(details().elf & CONTENT_PACKED);
}

static void
the_mark_of_upx_is_found_behind_the_headers(void **state)
{
	(void)state;

	begin(2, false);
	load(0, PF_R | PF_X, 4096, 60000);
	sections(2, SHT_SYMTAB);
	memcpy(file + sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr) + 4, "UPX!", 4);
	assert_true(details().elf & CONTENT_PACKED);
	memset(file + sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr) + 4, 0, 4);
	memcpy(file + 30000, "UPX!", 4);
	assert_false(details().elf & CONTENT_PACKED);
}

static void
stripped_is_what_has_no_table_of_symbols(void **state)
{
	(void)state;

	begin(1, false);
	assert_true(details().elf & CONTENT_STRIPPED);
	sections(9, SHT_SYMTAB);
	assert_false(details().elf & CONTENT_STRIPPED);
	sections(9, SHT_DYNSYM);
	assert_true(details().elf & CONTENT_STRIPPED);
	/* Their number in the first of them. */
	sections(1000, SHT_SYMTAB);
	ehdr()->e_shnum = 0;
	((Elf64_Shdr *)(void *)(file + 65536))->sh_size = 1000;
	assert_false(details().elf & CONTENT_STRIPPED);
	/* Where there are none, or of another size. */
	ehdr()->e_shoff = UINT64_MAX - 100;
	assert_true(details().elf & CONTENT_STRIPPED);
	sections(9, SHT_SYMTAB);
	ehdr()->e_shentsize = 65;
	assert_true(details().elf & CONTENT_STRIPPED);
}

static void
dynamic(unsigned i, uint64_t at, uint64_t size)
{
	*phdr(i) = (Elf64_Phdr){ .p_type = PT_DYNAMIC, .p_offset = at, .p_vaddr = 0x400000 + at, .p_filesz = size };
}

static void
libraries_are_named_in_order(void **state)
{
	(void)state;
	Elf64_Dyn *d = (Elf64_Dyn *)(void *)(file + 8192);

	begin(3, false);
	load(0, PF_R, 0, 16384);
	dynamic(1, 8192, 10 * sizeof(*d));
	memcpy(file + 12288, "\0libone.so.1\0libtwo.so\0", 24);
	memset(d, 0, 10 * sizeof(*d));
	d[0] = (Elf64_Dyn){ DT_NEEDED, { 13 } };
	d[1] = (Elf64_Dyn){ DT_NEEDED, { 1 } };
	d[2] = (Elf64_Dyn){ DT_STRTAB, { 0x400000 + 12288 } };
	d[4] = (Elf64_Dyn){ DT_NEEDED, { 1 } };		/* behind the end */
	struct content c = details();
	assert_int_equal(c.libraries_len, 22);
	assert_memory_equal(c.libraries, "libtwo.so\0libone.so.1\0", 22);
	assert_false(c.elf & CONTENT_STATIC);
	/* Names nowhere, without an end, and at addresses that nobody maps. */
	d[0].d_un.d_val = UINT64_MAX / 2;
	d[1].d_un.d_val = 1ull << 40;
	c = details();
	assert_int_equal(c.libraries_len, 0);
	assert_false(c.elf & CONTENT_STATIC);
	memset(file + 12288, 'x', 1024);
	d[0].d_un.d_val = d[1].d_un.d_val = 0;
	assert_int_equal(details().libraries_len, 0);
	/* Without any it asks for no loader and no library. */
	d[0].d_tag = DT_NULL;
	assert_true(details().elf & CONTENT_STATIC);
	*phdr(2) = (Elf64_Phdr){ .p_type = PT_INTERP };
	assert_false(details().elf & CONTENT_STATIC);
}

static void
more_libraries_than_fit_are_cut_between_names(void **state)
{
	(void)state;
	Elf64_Dyn *d = (Elf64_Dyn *)(void *)(file + 8192);

	begin(2, false);
	load(0, PF_R, 0, 65536);
	dynamic(1, 8192, UINT32_MAX);
	memset(file + 40000, 'l', 200);
	file[40200] = '\0';
	for (unsigned i = 0; i < 1500; i++)
		d[i] = (Elf64_Dyn){ i ? DT_NEEDED : DT_STRTAB, { i ? i % 7 : 0x400000 + 40000 } };
	struct content c = details();
	assert_in_range(c.libraries_len, CONTENT_LIBRARIES - 201, CONTENT_LIBRARIES);
	assert_in_range(reads, 1, 400);
}

static void
note(uint8_t *at, uint32_t name, uint32_t size, uint32_t type)
{
	const uint32_t n[3] = { name, size, type };

	memcpy(at, n, sizeof(n));
	memcpy(at + 12, "GNU", 4);
}

static void
the_build_id_is_found_among_other_notes(void **state)
{
	(void)state;
	uint8_t *n = file + 4096;

	begin(2, false);
	*phdr(0) = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = 4096, .p_filesz = 200 };
	note(n, 4, 7, 5);
	note(n + 24, 4, 20, NT_GNU_BUILD_ID);
	struct content c = details();
	assert_int_equal(c.build_id_len, 20);
	assert_memory_equal(c.build_id, n + 40, 20);
	/* Sizes that lead out of it, or nowhere. */
	static const uint32_t lies[] = { UINT32_MAX, UINT32_MAX - 3, 0x80000000, 200, 0 };
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		note(n + 24, 4, lies[i], NT_GNU_BUILD_ID);
		assert_int_equal(details().build_id_len, 0);
		note(n + 24, lies[i], 20, NT_GNU_BUILD_ID);
		assert_int_equal(details().build_id_len, 0);
	}
	note(n + 24, 4, CONTENT_BUILD_ID + 1, NT_GNU_BUILD_ID);
	assert_int_equal(details().build_id_len, 0);
}

static void
what_is_no_elf_says_nothing(void **state)
{
	(void)state;

	begin(1, true);
	load(0, PF_R | PF_X, 4096, 60000);
	for (unsigned bad = 0; bad < 3; bad++) {
		begin(1, true);
		file[bad == 0 ? 0 : bad == 1 ? EI_CLASS : EI_DATA] = 9;
		assert_int_equal(details().elf, 0);
	}
	file_len = 20;
	assert_int_equal(details().elf, 0);
	/* An object: neither static nor packed. */
	begin(1, true);
	ehdr()->e_type = ET_REL;
	sections(2, SHT_SYMTAB);
	assert_int_equal(details().elf, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_that_is_as_dense_as_noise_is_packed),
		cmocka_unit_test(the_mark_of_upx_is_found_behind_the_headers),
		cmocka_unit_test(stripped_is_what_has_no_table_of_symbols),
		cmocka_unit_test(libraries_are_named_in_order),
		cmocka_unit_test(more_libraries_than_fit_are_cut_between_names),
		cmocka_unit_test(the_build_id_is_found_among_other_notes),
		cmocka_unit_test(what_is_no_elf_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
