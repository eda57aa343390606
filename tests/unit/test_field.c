#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "event/field.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT_OF(s) s, sizeof(s) - 1

static struct event ev;
static struct field_cursor cursor;

static int
fresh(void **state)
{
	(void)state;
	event_init(&ev, EVENT_EXEC, SENSOR_FANOTIFY);
	memset(cursor.joined, '!', sizeof(cursor.joined));
	return 0;
}

/* Opens a field that holds a value, with TEXT in its slot. */
static void
open_text(enum field f, enum event_text slot, const char *text, size_t len)
{
	assert_int_equal(event_set(&ev, slot, text, len), 0);
	ev.have |= field_info(f)->have;
	assert_int_equal(field_open(&cursor, &ev, f), FIELD_PRESENT);
}

static void
next_is(const char *want, size_t len)
{
	struct value v = { 0 };

	assert_true(field_next(&cursor, &v));
	assert_int_equal(v.len, len);
	if (len)
		assert_memory_equal(v.text, want, len);
}

static void
no_more(void)
{
	struct value v;

	/* Once at the end, at the end for good. */
	assert_false(field_next(&cursor, &v));
	assert_false(field_next(&cursor, &v));
}

static void
number_is(enum field f, int64_t want)
{
	struct value v = { 0 };

	ev.have |= field_info(f)->have;
	assert_int_equal(field_open(&cursor, &ev, f), FIELD_PRESENT);
	assert_true(field_next(&cursor, &v));
	if (v.number != want)
		fail_msg("%s is %lld, not %lld", field_info(f)->name, (long long)v.number, (long long)want);
	no_more();
}

static void
a_field_is_unknown_until_somebody_has_looked(void **state)
{
	(void)state;
	for (int i = 0; i < FIELD__MAX; i++) {
		enum field f = (enum field)i;
		uint32_t bit = field_info(f)->have;
		event_init(&ev, EVENT_EXEC, SENSOR_FANOTIFY);
		ev.have = HAVE_ALL & ~bit;
		ev.tried = HAVE_ALL & ~bit;
		assert_int_equal(field_open(&cursor, &ev, f), FIELD_UNKNOWN);
		ev.tried = bit;
		assert_int_equal(field_open(&cursor, &ev, f), FIELD_ABSENT);
		ev.have = bit;
		assert_int_equal(field_open(&cursor, &ev, f), FIELD_PRESENT);
		ev.tried = 0;
		assert_int_equal(field_open(&cursor, &ev, f), FIELD_PRESENT);
	}
}

static void
every_field_of_an_empty_event_can_be_read_to_its_end(void **state)
{
	(void)state;
	ev.have = HAVE_ALL;
	for (int i = 0; i < FIELD__MAX; i++) {
		enum field_type type = field_info((enum field)i)->type;
		bool many = type == TYPE_LIST || type == TYPE_ANCESTORS || type == TYPE_ANCESTOR_NAMES;
		struct value v = { 0 };
		unsigned n = 0;
		assert_int_equal(field_open(&cursor, &ev, (enum field)i), FIELD_PRESENT);
		while (n < 10 && field_next(&cursor, &v))
			n++;
		/* A list of nothing has no value; anything else has one, if an empty one. */
		assert_int_equal(n, many ? 0 : 1);
		if (field_is_text(type) && n)
			assert_int_equal(v.len, 0);
	}
}

static void
texts_are_read_whole(void **state)
{
	(void)state;
	static const struct { enum field f; enum event_text slot; } rows[] = {
		{ FIELD_PROCESS_EXECUTABLE, TEXT_EXECUTABLE }, { FIELD_PROCESS_TITLE, TEXT_COMM }, { FIELD_PROCESS_WORKING_DIRECTORY, TEXT_CWD },
		{ FIELD_PARENT_EXECUTABLE, TEXT_PARENT_EXECUTABLE }, { FIELD_PREVIOUS_EXECUTABLE, TEXT_PREVIOUS_EXECUTABLE },
		{ FIELD_USER_NAME, TEXT_USER_NAME }, { FIELD_GROUP_NAME, TEXT_GROUP_NAME }, { FIELD_CONTAINER_ID, TEXT_CONTAINER },
		{ FIELD_SERVICE_NAME, TEXT_SERVICE }, { FIELD_FILE_PATH, TEXT_FILE_PATH }, { FIELD_FILE_OWNER, TEXT_FILE_OWNER },
		{ FIELD_FILE_FILESYSTEM, TEXT_FILESYSTEM }, { FIELD_FILE_TYPE, TEXT_FILE_TYPE }, { FIELD_FILE_INTERPRETER, TEXT_INTERPRETER },
		{ FIELD_TARGET_EXECUTABLE, TEXT_TARGET_EXECUTABLE }, { FIELD_MODULE_NAME, TEXT_MODULE }, { FIELD_SYSCALL_NAME, TEXT_SYSCALL },
		{ FIELD_AGENT_ACTION, TEXT_ACTION },
	};
	char text[32];

	/* All set before the first is read: none stands in the place of another. */
	for (size_t i = 0; i < COUNT(rows); i++) {
		int n = snprintf(text, sizeof(text), "/%zu \xff\n", i);
		assert_int_equal(event_set(&ev, rows[i].slot, text, (size_t)n), 0);
	}
	ev.have = HAVE_ALL;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int n = snprintf(text, sizeof(text), "/%zu \xff\n", i);
		assert_int_equal(field_open(&cursor, &ev, rows[i].f), FIELD_PRESENT);
		next_is(text, (size_t)n);
		no_more();
	}
}

static void
parts_of_a_path_follow_from_it(void **state)
{
	(void)state;
	static const struct { const char *path, *directory, *name, *extension; } rows[] = {
		{ "/usr/bin/python3.11", "/usr/bin", "python3.11", "11" },
		{ "/etc/passwd", "/etc", "passwd", "" },
		{ "/passwd", "/", "passwd", "" },
		{ "/", "/", "", "" },
		{ "//", "/", "", "" },
		{ "", "", "", "" },
		{ "name.txt", "", "name.txt", "txt" },
		{ "/tmp/archive.tar.gz", "/tmp", "archive.tar.gz", "gz" },
		{ "/home/u/.bashrc", "/home/u", ".bashrc", "" },
		{ "/home/u/.profile.bak", "/home/u", ".profile.bak", "bak" },
		{ "/etc/rc.d/start", "/etc/rc.d", "start", "" },
		{ "/tmp/ends.", "/tmp", "ends.", "" },
		{ "/tmp/..", "/tmp", "..", "" },
		{ "/tmp/dir/", "/tmp/dir", "", "" },
		{ "memfd:x", "", "memfd:x", "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		fresh(state);
		open_text(FIELD_FILE_DIRECTORY, TEXT_FILE_PATH, rows[i].path, strlen(rows[i].path));
		next_is(rows[i].directory, strlen(rows[i].directory));
		no_more();
		assert_int_equal(field_open(&cursor, &ev, FIELD_FILE_NAME), FIELD_PRESENT);
		next_is(rows[i].name, strlen(rows[i].name));
		no_more();
		assert_int_equal(field_open(&cursor, &ev, FIELD_FILE_EXTENSION), FIELD_PRESENT);
		next_is(rows[i].extension, strlen(rows[i].extension));
		no_more();
	}
}

static void
each_name_is_that_of_its_own_path(void **state)
{
	(void)state;
	static const struct { enum field f; enum event_text slot; } rows[] = {
		{ FIELD_PROCESS_NAME, TEXT_EXECUTABLE }, { FIELD_PARENT_NAME, TEXT_PARENT_EXECUTABLE },
		{ FIELD_PREVIOUS_NAME, TEXT_PREVIOUS_EXECUTABLE },
	};
	char path[32];

	for (size_t i = 0; i < COUNT(rows); i++) {
		int n = snprintf(path, sizeof(path), "/bin/n%zu", i);
		assert_int_equal(event_set(&ev, rows[i].slot, path, (size_t)n), 0);
	}
	ev.have = HAVE_ALL;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(path, sizeof(path), "n%zu", i);
		field_open(&cursor, &ev, rows[i].f);
		next_is(path, 2);
	}
}

/* Each part ends in NUL, or with the text. */
static void
a_list_is_read_part_by_part(void **state)
{
	(void)state;
	open_text(FIELD_PROCESS_ARGS, TEXT_ARGS, TEXT_OF("sh\0-c\0\0id\0"));
	next_is("sh", 2);
	next_is("-c", 2);
	next_is("", 0);
	next_is("id", 2);
	no_more();
	open_text(FIELD_PROCESS_ARGS, TEXT_ARGS, TEXT_OF("sh\0-c"));
	next_is("sh", 2);
	next_is("-c", 2);
	no_more();
	open_text(FIELD_PROCESS_ENV_VARS, TEXT_ENV, TEXT_OF("PATH=/bin\0"));
	next_is("PATH=/bin", 9);
	no_more();
	open_text(FIELD_PARENT_ARGS, TEXT_PARENT_ARGS, TEXT_OF("\0\0"));
	next_is("", 0);
	next_is("", 0);
	no_more();
}

static void
a_joined_list_is_one_text_with_blanks(void **state)
{
	(void)state;
	static const struct { const char *list; size_t len; const char *line; } rows[] = {
		{ TEXT_OF("sh\0-c\0id\0"), "sh -c id" },
		{ TEXT_OF("sh\0-c\0id"), "sh -c id" },
		{ TEXT_OF("one"), "one" },
		{ TEXT_OF("\0"), "" },
		{ TEXT_OF("sh\0\0"), "sh " },
		{ TEXT_OF("\0x\0"), " x" },
		{ TEXT_OF("a b\0c\0"), "a b c" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		fresh(state);
		open_text(FIELD_PROCESS_COMMAND_LINE, TEXT_ARGS, rows[i].list, rows[i].len);
		next_is(rows[i].line, strlen(rows[i].line));
		no_more();
	}
	open_text(FIELD_PARENT_COMMAND_LINE, TEXT_PARENT_ARGS, TEXT_OF("cron\0-f\0"));
	next_is("cron -f", 7);
}

static void
a_list_that_fills_the_arena_can_be_joined(void **state)
{
	(void)state;
	static char all[EVENT_ARENA];

	memset(all, 'a', sizeof(all));
	all[1] = all[EVENT_ARENA - 2] = '\0';
	open_text(FIELD_PROCESS_COMMAND_LINE, TEXT_ARGS, all, sizeof(all));
	all[1] = all[EVENT_ARENA - 2] = ' ';
	next_is(all, sizeof(all));
	no_more();
}

static void
a_cut_list_that_ends_where_the_arena_ends_is_read_to_there(void **state)
{
	(void)state;
	char part[EVENT_ARENA];

	memset(part, 'x', sizeof(part));
	assert_int_equal(event_set(&ev, TEXT_CWD, part, EVENT_ARENA - 5), 0);
	open_text(FIELD_PROCESS_ARGS, TEXT_ARGS, TEXT_OF("id\0-u"));
	next_is("id", 2);
	next_is("-u", 2);
	no_more();
}

static void
ancestors_are_read_the_parent_first(void **state)
{
	(void)state;
	assert_int_equal(event_add_ancestor(&ev, 9, 0, TEXT_OF("/bin/bash")), 0);
	assert_int_equal(event_add_ancestor(&ev, 8, 0, TEXT_OF("/bin/bash")), 0);
	assert_int_equal(event_add_ancestor(&ev, 7, 0, TEXT_OF("")), 0);
	assert_int_equal(event_add_ancestor(&ev, 1, 0, TEXT_OF("/usr/lib/systemd/systemd")), 0);
	ev.have = HAVE_ANCESTORS;
	assert_int_equal(field_open(&cursor, &ev, FIELD_ANCESTOR_EXECUTABLE), FIELD_PRESENT);
	next_is(TEXT_OF("/bin/bash"));
	next_is(TEXT_OF("/bin/bash"));
	next_is("", 0);
	next_is(TEXT_OF("/usr/lib/systemd/systemd"));
	no_more();
	assert_int_equal(field_open(&cursor, &ev, FIELD_ANCESTOR_NAME), FIELD_PRESENT);
	next_is(TEXT_OF("bash"));
	next_is(TEXT_OF("bash"));
	next_is("", 0);
	next_is(TEXT_OF("systemd"));
	no_more();
}

static void
numbers_keep_their_sign_and_size(void **state)
{
	(void)state;
	ev.process.pid = -7;
	number_is(FIELD_PROCESS_PID, -7);
	ev.process.pid = INT32_MAX;
	number_is(FIELD_PROCESS_PID, INT32_MAX);
	ev.exit_code = -9;
	number_is(FIELD_PROCESS_EXIT_CODE, -9);
	ev.parent.pid = 3;
	number_is(FIELD_PARENT_PID, 3);
	ev.target.pid = 4;
	number_is(FIELD_TARGET_PID, 4);
	ev.result = INT64_MIN;
	number_is(FIELD_SYSCALL_RESULT, INT64_MIN);
	ev.peer.port = UINT16_MAX;
	number_is(FIELD_DESTINATION_PORT, UINT16_MAX);
	ev.process.uid = UINT32_MAX;
	number_is(FIELD_USER_ID, UINT32_MAX);
	ev.process.ruid = 1;
	number_is(FIELD_USER_REAL_ID, 1);
	ev.process.auid = 2;
	number_is(FIELD_USER_AUDIT_ID, 2);
	ev.process.gid = 5;
	number_is(FIELD_GROUP_ID, 5);
	ev.target.uid = 6;
	number_is(FIELD_TARGET_USER_ID, 6);
	ev.args_count = 11;
	number_is(FIELD_PROCESS_ARGS_COUNT, 11);
	ev.file.uid = 12;
	number_is(FIELD_FILE_UID, 12);
	ev.file.gid = 13;
	number_is(FIELD_FILE_GID, 13);
	ev.file.links = 14;
	number_is(FIELD_FILE_LINKS, 14);
	ev.file.size = 1ull << 62;
	number_is(FIELD_FILE_SIZE, 1ll << 62);
	ev.file.ino = 0x123456789abcdefll;
	number_is(FIELD_FILE_INODE, 0x123456789abcdefll);
	ev.syscall_arg0 = 0x4206;
	number_is(FIELD_SYSCALL_ARG0, 0x4206);
	ev.process.start_ns = 123456789012345;
	number_is(FIELD_PROCESS_START, 123456789012345);
}

static void
a_mode_is_its_permission_bits_only(void **state)
{
	(void)state;
	ev.file.mode = S_IFREG | 04755;
	number_is(FIELD_FILE_MODE, 04755);
	ev.file.mode = S_IFDIR | 01777;
	number_is(FIELD_FILE_MODE, 01777);
}

static void
a_bit_is_true_by_its_own_flag_alone(void **state)
{
	(void)state;
	static const struct { enum field f; uint32_t flag; } rows[] = {
		{ FIELD_FILE_SETUID, FLAG_SETUID }, { FIELD_FILE_WRITABLE, FLAG_WRITABLE_BY_OTHERS }, { FIELD_FILE_DELETED, FLAG_DELETED },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		ev.flags = rows[i].flag;
		number_is(rows[i].f, 1);
		ev.flags = FLAG_ALL & ~rows[i].flag;
		number_is(rows[i].f, 0);
	}
}

static void
a_hash_is_32_bytes(void **state)
{
	(void)state;
	for (int i = 0; i < 32; i++)
		ev.file.sha256[i] = (uint8_t)(i * 8);
	ev.have = HAVE_HASH;
	assert_int_equal(field_open(&cursor, &ev, FIELD_FILE_HASH_SHA256), FIELD_PRESENT);
	next_is((const char *)ev.file.sha256, 32);
	no_more();
}

static void
an_address_is_as_long_as_its_family_says(void **state)
{
	(void)state;
	static const uint8_t addr[16] = { 192, 0, 2, 1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

	memcpy(ev.peer.addr, addr, sizeof(addr));
	ev.have = HAVE_PEER;
	ev.peer.family = AF_INET6;
	field_open(&cursor, &ev, FIELD_DESTINATION_IP);
	next_is((const char *)addr, 16);
	no_more();
	ev.peer.family = AF_INET;
	field_open(&cursor, &ev, FIELD_DESTINATION_IP);
	next_is((const char *)addr, 4);
	no_more();
}

static void
a_cursor_that_is_opened_again_starts_again(void **state)
{
	(void)state;
	open_text(FIELD_PROCESS_ARGS, TEXT_ARGS, TEXT_OF("a\0b\0"));
	next_is("a", 1);
	assert_int_equal(field_open(&cursor, &ev, FIELD_PROCESS_ARGS), FIELD_PRESENT);
	next_is("a", 1);
	next_is("b", 1);
	no_more();
}

static void
what_only_some_events_can_say_is_known(void **state)
{
	(void)state;
	static const struct { enum field field; enum event_kind kind; bool on; } table[] = {
		{ FIELD_PROCESS_EXECUTABLE, EVENT_CONNECT, true }, { FIELD_USER_NAME, EVENT_FORK, true }, { FIELD_PROCESS_ARGS, EVENT_EXIT, true },
		{ FIELD_FILE_PATH, EVENT_EXEC, true }, { FIELD_FILE_PATH, EVENT_MOUNT, true }, { FIELD_FILE_PATH, EVENT_CONNECT, false },
		{ FIELD_FILE_HASH_SHA256, EVENT_WRITE, true }, { FIELD_FILE_HASH_SHA256, EVENT_MOUNT, false },
		{ FIELD_DESTINATION_IP, EVENT_CONNECT, true }, { FIELD_DESTINATION_IP, EVENT_EXEC, false },
		{ FIELD_PROCESS_ENV_VARS, EVENT_EXEC, true }, { FIELD_PROCESS_ENV_VARS, EVENT_OPEN, false },
		{ FIELD_PROCESS_EXIT_CODE, EVENT_EXIT, true }, { FIELD_PROCESS_EXIT_CODE, EVENT_FORK, false },
		{ FIELD_TARGET_PID, EVENT_PTRACE, true }, { FIELD_TARGET_PID, EVENT_OPEN, false },
		{ FIELD_MODULE_NAME, EVENT_MODULE, true }, { FIELD_MODULE_NAME, EVENT_BPF, false },
		{ FIELD_SYSCALL_NAME, EVENT_BPF, true }, { FIELD_SYSCALL_NAME, EVENT_EXEC, true }, { FIELD_SYSCALL_RESULT, EVENT_OPEN, false },
		{ FIELD_AGENT_ACTION, EVENT_AGENT, true }, { FIELD_AGENT_ACTION, EVENT_EXEC, false },
	};

	for (size_t i = 0; i < COUNT(table); i++)
		if (field_on(table[i].field, table[i].kind) != table[i].on)
			fail_msg("%s on %s", field_info(table[i].field)->name, event_kind_name(table[i].kind));
}

static void
fields_of_one_text_have_one_slot(void **state)
{
	(void)state;
	static const enum field of_file[] = { FIELD_FILE_PATH, FIELD_FILE_NAME, FIELD_FILE_DIRECTORY, FIELD_FILE_EXTENSION };

	for (size_t i = 0; i < COUNT(of_file); i++)
		assert_int_equal(field_slot(of_file[i]), TEXT_FILE_PATH);
	assert_int_equal(field_slot(FIELD_PROCESS_COMMAND_LINE), TEXT_ARGS);
	assert_int_equal(field_slot(FIELD_ANCESTOR_EXECUTABLE), -1);
	assert_int_equal(field_slot(FIELD_ANCESTOR_NAME), -1);
	assert_int_equal(field_slot(FIELD_USER_ID), -1);
	assert_int_equal(field_slot(FIELD_FILE_HASH_SHA256), -1);
	assert_int_equal(field_slot(FIELD_FILE_SETUID), -1);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_field_is_unknown_until_somebody_has_looked),
		TEST(every_field_of_an_empty_event_can_be_read_to_its_end),
		TEST(texts_are_read_whole),
		TEST(parts_of_a_path_follow_from_it),
		TEST(each_name_is_that_of_its_own_path),
		TEST(a_list_is_read_part_by_part),
		TEST(a_joined_list_is_one_text_with_blanks),
		TEST(a_list_that_fills_the_arena_can_be_joined),
		TEST(a_cut_list_that_ends_where_the_arena_ends_is_read_to_there),
		TEST(ancestors_are_read_the_parent_first),
		TEST(numbers_keep_their_sign_and_size),
		TEST(a_mode_is_its_permission_bits_only),
		TEST(a_bit_is_true_by_its_own_flag_alone),
		TEST(a_hash_is_32_bytes),
		TEST(an_address_is_as_long_as_its_family_says),
		TEST(a_cursor_that_is_opened_again_starts_again),
		TEST(what_only_some_events_can_say_is_known),
		TEST(fields_of_one_text_have_one_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
