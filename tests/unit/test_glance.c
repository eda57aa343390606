#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include "gate/glance.c"
#include "gate/script.c"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int
file_of(const void *bytes, size_t n)
{
	int fd = memfd_create("test", 0);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	return fd;
}

static void
a_library_is_known_by_its_head_in_either_byte_order(void **state)
{
	(void)state;
	static const struct { const char *magic; unsigned char data; uint8_t type[2]; size_t len; bool is; } rows[] = {
		{ ELFMAG, ELFDATA2LSB, { ET_DYN, 0 }, 64, true },
		{ ELFMAG, ELFDATA2MSB, { 0, ET_DYN }, 64, true },
		{ ELFMAG, ELFDATA2LSB, { ET_DYN, 0 }, 18, true },
		{ ELFMAG, ELFDATA2LSB, { ET_DYN, 0 }, 17, false },
		{ ELFMAG, ELFDATA2LSB, { ET_DYN, 0 }, 0, false },
		{ ELFMAG, ELFDATA2LSB, { 0, ET_DYN }, 64, false },
		{ ELFMAG, ELFDATA2LSB, { ET_DYN, 1 }, 64, false },
		{ ELFMAG, ELFDATA2LSB, { ET_EXEC, 0 }, 64, false },
		{ ELFMAG, ELFDATA2LSB, { ET_REL, 0 }, 64, false },
		{ ELFMAG, ELFDATA2LSB, { ET_CORE, 0 }, 64, false },
		{ "#!/b", ELFDATA2LSB, { ET_DYN, 0 }, 64, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned char head[64] = { 0 };
		memcpy(head, rows[i].magic, SELFMAG);
		head[EI_DATA] = rows[i].data;
		memcpy(head + 16, rows[i].type, 2);
		int fd = file_of(head, rows[i].len);
		print_message("row %zu\n", i);
		assert_int_equal(glance_is_library(fd), rows[i].is);
		close(fd);
	}
	assert_false(glance_is_library(-1));
}

static void
a_script_begins_with_its_mark_and_a_text_has_no_nul_in_its_first_line(void **state)
{
	(void)state;
	static const struct { const char *bytes; size_t len; bool script, text; } rows[] = {
		{ "#!/bin/sh\n", 10, true, true }, { "#!", 2, true, true }, { "#", 1, false, true }, { "", 0, false, false },
		{ "echo a\n", 7, false, true }, { "ec\0ho", 5, false, false }, { " #!/bin/sh", 10, false, true },
		{ ELFMAG "text", 8, false, false }, { "\177EL", 3, false, true }, { "#!\0", 3, true, false }, { "\377\376 x", 4, false, true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = file_of(rows[i].bytes, rows[i].len);
		print_message("row %zu\n", i);
		assert_int_equal(glance_is_script(fd), rows[i].script);
		assert_int_equal(glance_is_text(fd), rows[i].text);
		close(fd);
	}
	char late[256];
	memset(late, 'x', sizeof(late));
	late[200] = '\0';
	int fd = file_of(late, sizeof(late));
	assert_true(glance_is_text(fd));
	close(fd);
}

static void
interpreters_are_known_by_their_names_with_any_version(void **state)
{
	(void)state;
	static const struct { const char *path; bool is; } rows[] = {
		{ "/bin/sh", true }, { "/usr/bin/python3.11", true }, { "/usr/bin/perl5.36.0", true }, { "/usr/bin/lua5.4", true }, { "dash", true },
		{ "/usr/bin/ksh93", true }, { "/usr/bin/php-cgi8.2", true }, { "/bin/shx", false }, { "/bin/sh/", false }, { "", false },
		{ "/usr/bin/python3-config", false }, { "/usr/bin/3.11", false }, { "/sh/cat", false }, { "/usr/bin/bash-static", false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("%s\n", rows[i].path);
		assert_int_equal(script_interpreter(rows[i].path, strlen(rows[i].path)), rows[i].is);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_script_begins_with_its_mark_and_a_text_has_no_nul_in_its_first_line),
		cmocka_unit_test(interpreters_are_known_by_their_names_with_any_version),
		cmocka_unit_test(a_library_is_known_by_its_head_in_either_byte_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
