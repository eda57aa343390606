#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include "gate/glance.c"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_library_is_known_by_its_head_in_either_byte_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
