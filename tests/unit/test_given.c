#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>
#include "base/clock.h"
#include "policy/given.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct event *
fresh(void)
{
	static struct event ev;

	memset(&ev, 0xa5, sizeof(ev));
	event_init(&ev, EVENT_EXEC, SENSOR_NOBODY);
	return &ev;
}

static int
set(struct event *ev, enum field f, const char *value)
{
	char why[200] = "";
	int err = policy_event_set(ev, f, value, strlen(value), why, sizeof(why));

	assert_int_equal(err != 0, why[0] != '\0');
	return err;
}

/* What a field has, values joined with '|'; numbers as decimals, bytes as hex. */
static const char *
get(const struct event *ev, enum field f)
{
	static char out[8192];
	static struct field_cursor c;
	struct value v;
	size_t n = 0;

	if (field_open(&c, ev, f) != FIELD_PRESENT)
		return "(absent)";
	out[0] = '\0';
	for (bool first = true; field_next(&c, &v); first = false) {
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s", first ? "" : "|");
		if (field_is_text(field_info(f)->type)) {
			n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s", (int)v.len, v.text);
		} else if (field_is_number(field_info(f)->type)) {
			n += (size_t)snprintf(out + n, sizeof(out) - n, "%lld", (long long)v.number);
		} else {
			for (size_t i = 0; i < v.len; i++)
				n += (size_t)snprintf(out + n, sizeof(out) - n, "%02x", (unsigned char)v.text[i]);
		}
	}
	return out;
}

#define HASH	"00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
#define HASHED	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* BY is set to VALUE (a second value behind '|', of lists), and then FIELD has HAS; bits are set and cleared. */
static const struct row { enum field field, by; const char *value, *has; } rows[] = {
	{ FIELD_PROCESS_EXECUTABLE, FIELD_PROCESS_EXECUTABLE, "/usr/bin/id", "/usr/bin/id" },
	{ FIELD_PROCESS_NAME, FIELD_PROCESS_EXECUTABLE, "/usr/bin/id", "id" },
	{ FIELD_PROCESS_NAME, FIELD_PROCESS_EXECUTABLE, "id", "id" },
	{ FIELD_PROCESS_NAME, FIELD_PROCESS_EXECUTABLE, "/", "" },
	{ FIELD_PROCESS_ARGS, FIELD_PROCESS_ARGS, "sh|-c", "sh|-c" },
	{ FIELD_PROCESS_ARGS, FIELD_PROCESS_ARGS, "|", "|" },			/* two empty ones are two */
	{ FIELD_PROCESS_ARGS, FIELD_PROCESS_ARGS, "a|", "a|" },
	{ FIELD_PROCESS_ARGS_COUNT, FIELD_PROCESS_ARGS, "sh|-c", "2" },
	{ FIELD_PROCESS_ARGS_COUNT, FIELD_PROCESS_ARGS_COUNT, "4294967295", "4294967295" },
	{ FIELD_PROCESS_COMMAND_LINE, FIELD_PROCESS_ARGS, "sh|-c", "sh -c" },
	{ FIELD_PROCESS_COMMAND_LINE, FIELD_PROCESS_ARGS, "a|", "a " },
	{ FIELD_PROCESS_ENV_VARS, FIELD_PROCESS_ENV_VARS, "A=1|B=", "A=1|B=" },
	{ FIELD_PROCESS_WORKING_DIRECTORY, FIELD_PROCESS_WORKING_DIRECTORY, "/tmp", "/tmp" },
	{ FIELD_PROCESS_TITLE, FIELD_PROCESS_TITLE, "a title", "a title" },
	{ FIELD_PROCESS_PID, FIELD_PROCESS_PID, "-5", "-5" },
	{ FIELD_PROCESS_START, FIELD_PROCESS_START, "2m", "120000000000" },
	{ FIELD_PROCESS_EXIT_CODE, FIELD_PROCESS_EXIT_CODE, "-9", "-9" },
	{ FIELD_PARENT_EXECUTABLE, FIELD_PARENT_EXECUTABLE, "/bin/sh", "/bin/sh" },
	{ FIELD_PARENT_NAME, FIELD_PARENT_EXECUTABLE, "/bin/sh", "sh" },
	{ FIELD_PARENT_ARGS, FIELD_PARENT_ARGS, "-sh|x", "-sh|x" },
	{ FIELD_PARENT_COMMAND_LINE, FIELD_PARENT_ARGS, "-sh|x", "-sh x" },
	{ FIELD_PARENT_PID, FIELD_PARENT_PID, "2147483647", "2147483647" },
	{ FIELD_PREVIOUS_EXECUTABLE, FIELD_PREVIOUS_EXECUTABLE, "/bin/a", "/bin/a" },
	{ FIELD_PREVIOUS_NAME, FIELD_PREVIOUS_EXECUTABLE, "/bin/a", "a" },
	{ FIELD_ANCESTOR_EXECUTABLE, FIELD_ANCESTOR_EXECUTABLE, "/bin/sh|/sbin/init", "/bin/sh|/sbin/init" },
	{ FIELD_ANCESTOR_NAME, FIELD_ANCESTOR_EXECUTABLE, "/bin/sh|/bin/sh|/sbin/init", "sh|sh|init" },
	{ FIELD_USER_ID, FIELD_USER_ID, "1000", "1000" },
	{ FIELD_USER_NAME, FIELD_USER_NAME, "alice", "alice" },
	{ FIELD_USER_REAL_ID, FIELD_USER_REAL_ID, "0", "0" },
	{ FIELD_USER_AUDIT_ID, FIELD_USER_AUDIT_ID, "7", "7" },
	{ FIELD_GROUP_ID, FIELD_GROUP_ID, "8", "8" },
	{ FIELD_GROUP_NAME, FIELD_GROUP_NAME, "wheel", "wheel" },
	{ FIELD_CONTAINER_ID, FIELD_CONTAINER_ID, "0123456789ab", "0123456789ab" },
	{ FIELD_SERVICE_NAME, FIELD_SERVICE_NAME, "nginx.service", "nginx.service" },
	{ FIELD_FILE_PATH, FIELD_FILE_PATH, "/srv/a.tar.gz", "/srv/a.tar.gz" },
	{ FIELD_FILE_NAME, FIELD_FILE_PATH, "/srv/a.tar.gz", "a.tar.gz" },
	{ FIELD_FILE_DIRECTORY, FIELD_FILE_PATH, "/srv/a.tar.gz", "/srv" },
	{ FIELD_FILE_DIRECTORY, FIELD_FILE_PATH, "/a", "/" },
	{ FIELD_FILE_DIRECTORY, FIELD_FILE_PATH, "a", "" },
	{ FIELD_FILE_EXTENSION, FIELD_FILE_PATH, "/srv/a.tar.gz", "gz" },
	{ FIELD_FILE_EXTENSION, FIELD_FILE_PATH, "/srv.d/.bashrc", "" },
	{ FIELD_FILE_EXTENSION, FIELD_FILE_PATH, "/srv.d/a", "" },
	{ FIELD_FILE_PREVIOUS_PATH, FIELD_FILE_PREVIOUS_PATH, "/srv/b", "/srv/b" },
	{ FIELD_FILE_HASH_SHA256, FIELD_FILE_HASH_SHA256, HASH, HASHED },
	{ FIELD_FILE_SIZE, FIELD_FILE_SIZE, "3k", "3072" },
	{ FIELD_FILE_SIZE, FIELD_FILE_SIZE, "9223372036854775807", "9223372036854775807" },
	{ FIELD_FILE_UID, FIELD_FILE_UID, "33", "33" },
	{ FIELD_FILE_OWNER, FIELD_FILE_OWNER, "www-data", "www-data" },
	{ FIELD_FILE_GID, FIELD_FILE_GID, "34", "34" },
	{ FIELD_FILE_MODE, FIELD_FILE_MODE, "4755", "2541" },
	{ FIELD_FILE_INODE, FIELD_FILE_INODE, "12", "12" },
	{ FIELD_FILE_LINKS, FIELD_FILE_LINKS, "1", "1" },
	{ FIELD_FILE_SETUID, FIELD_FILE_SETUID, "true", "1" },
	{ FIELD_FILE_WRITABLE, FIELD_FILE_WRITABLE, "true", "1" },
	{ FIELD_FILE_DELETED, FIELD_FILE_DELETED, "true", "1" },
	{ FIELD_FILE_DELETED, FIELD_FILE_DELETED, "false", "0" },
	{ FIELD_FILE_FILESYSTEM, FIELD_FILE_FILESYSTEM, "ext4", "ext4" },
	{ FIELD_FILE_TYPE, FIELD_FILE_TYPE, "elf", "elf" },
	{ FIELD_FILE_INTERPRETER, FIELD_FILE_INTERPRETER, "/lib64/ld.so", "/lib64/ld.so" },
	{ FIELD_DESTINATION_IP, FIELD_DESTINATION_IP, "192.0.2.1", "c0000201" },
	{ FIELD_DESTINATION_IP, FIELD_DESTINATION_IP, "::ffff:192.0.2.1", "c0000201" },
	{ FIELD_DESTINATION_IP, FIELD_DESTINATION_IP, "2001:db8::1", "20010db8000000000000000000000001" },
	{ FIELD_DESTINATION_PORT, FIELD_DESTINATION_PORT, "65535", "65535" },
	{ FIELD_TARGET_PID, FIELD_TARGET_PID, "1", "1" },
	{ FIELD_TARGET_EXECUTABLE, FIELD_TARGET_EXECUTABLE, "/sbin/init", "/sbin/init" },
	{ FIELD_TARGET_USER_ID, FIELD_TARGET_USER_ID, "3", "3" },
	{ FIELD_MODULE_NAME, FIELD_MODULE_NAME, "loop", "loop" },
	{ FIELD_SYSCALL_NAME, FIELD_SYSCALL_NAME, "ptrace", "ptrace" },
	{ FIELD_SYSCALL_ARG0, FIELD_SYSCALL_ARG0, "16", "16" },
	{ FIELD_SYSCALL_RESULT, FIELD_SYSCALL_RESULT, "-13", "-13" },
	{ FIELD_PROCESS_TTY_NAME, FIELD_PROCESS_TTY_NAME, "pts/0", "pts/0" },
	{ FIELD_PROCESS_INTERACTIVE, FIELD_PROCESS_INTERACTIVE, "true", "1" },
	{ FIELD_PROCESS_LABEL, FIELD_PROCESS_LABEL, "web|build", "web|build" },
	{ FIELD_USER_AUDIT_SESSION, FIELD_USER_AUDIT_SESSION, "12", "12" },
	{ FIELD_FILE_HASH_MD5, FIELD_FILE_HASH_MD5, "d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e" },
	{ FIELD_FILE_HASH_SHA1, FIELD_FILE_HASH_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
	{ FIELD_FILE_HASH_TLSH, FIELD_FILE_HASH_TLSH, "T1AB", "T1AB" },
	{ FIELD_FILE_ENTROPY, FIELD_FILE_ENTROPY, "7990", "7990" },
	{ FIELD_FILE_HEADER_BYTES, FIELD_FILE_HEADER_BYTES, "7f454c46", "7f454c46" },
	{ FIELD_FILE_ELF_LIBRARIES, FIELD_FILE_ELF_LIBRARIES, "libc.so.6|libm.so.6", "libc.so.6|libm.so.6" },
	{ FIELD_FILE_ELF_BUILD_ID, FIELD_FILE_ELF_BUILD_ID, "00ff", "00ff" },
	{ FIELD_FILE_ELF_STATIC, FIELD_FILE_ELF_STATIC, "true", "1" },
	{ FIELD_FILE_ELF_STRIPPED, FIELD_FILE_ELF_STRIPPED, "true", "1" },
	{ FIELD_FILE_ELF_PACKED, FIELD_FILE_ELF_PACKED, "true", "1" },
	{ FIELD_SOURCE_IP, FIELD_SOURCE_IP, "192.0.2.2", "c0000202" },
	{ FIELD_SOURCE_IP, FIELD_SOURCE_IP, "2001:db8::2", "20010db8000000000000000000000002" },
	{ FIELD_SOURCE_PORT, FIELD_SOURCE_PORT, "40000", "40000" },
	{ FIELD_DNS_QUESTION_NAME, FIELD_DNS_QUESTION_NAME, "www.example.org", "www.example.org" },
	{ FIELD_DNS_QUESTION_TYPE, FIELD_DNS_QUESTION_TYPE, "TXT", "TXT" },
	{ FIELD_DNS_RESPONSE_CODE, FIELD_DNS_RESPONSE_CODE, "NXDOMAIN", "NXDOMAIN" },
	{ FIELD_DNS_ANSWERS, FIELD_DNS_ANSWERS, "192.0.2.3|a.example.org", "192.0.2.3|a.example.org" },
	{ FIELD_USER_TARGET_NAME, FIELD_USER_TARGET_NAME, "alice", "alice" },
	{ FIELD_USER_TARGET_ID, FIELD_USER_TARGET_ID, "1000", "1000" },
	{ FIELD_CHANGE_TYPE, FIELD_CHANGE_TYPE, "added", "added" },
	{ FIELD_CHANGE_OBJECT, FIELD_CHANGE_OBJECT, "cron", "cron" },
	{ FIELD_CHANGE_ENTRY, FIELD_CHANGE_ENTRY, "alice", "alice" },
	{ FIELD_CHANGE_BEFORE, FIELD_CHANGE_BEFORE, "shell=/bin/sh", "shell=/bin/sh" },
	{ FIELD_CHANGE_AFTER, FIELD_CHANGE_AFTER, "shell=/bin/bash", "shell=/bin/bash" },
	{ FIELD_SCRIPT_TEXT, FIELD_SCRIPT_TEXT, "echo a", "echo a" },
	{ FIELD_TARGET_SIGNAL, FIELD_TARGET_SIGNAL, "9", "9" },
	{ FIELD_AGENT_ACTION, FIELD_AGENT_ACTION, "gate-restart", "gate-restart" },
};

static int
set_all(struct event *ev, enum field f, const char *values)
{
	char one[128];

	for (const char *at = values;; at++) {
		size_t n = strcspn(at, "|");
		snprintf(one, sizeof(one), "%.*s", (int)n, at);
		int err = set(ev, f, one);
		at += n;
		if (err || !*at)
			return err;
	}
}

static void
every_field_reads_back_what_it_was_set_to(void **state)
{
	(void)state;
	bool tested[FIELD__MAX] = { false };

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		struct event *ev = fresh();
		assert_string_equal(get(ev, r->field), "(absent)");
		assert_int_equal(set_all(ev, r->by, r->value), 0);
		if (strcmp(get(ev, r->field), r->has) != 0)
			fail_msg("%s after %s = %s is %s", field_info(r->field)->name, field_info(r->by)->name, r->value, get(ev, r->field));
		/* Nothing but what belongs together is known now, and all of it is as it would be sent. */
		assert_int_equal(ev->have, field_info(r->by)->have);
		static struct event copy;
		assert_int_equal(event_from_wire(&copy, ev, event_wire_size(ev)), 0);
		assert_string_equal(get(&copy, r->field), r->has);
		tested[r->field] = true;
	}
	for (int f = 0; f < FIELD__MAX; f++)
		if (!tested[f])
			fail_msg("%s is not tested", field_info((enum field)f)->name);
}

static void
a_text_or_number_that_is_set_again_is_replaced(void **state)
{
	(void)state;
	struct event *ev = fresh();

	for (int f = 0; f < FIELD__MAX; f++) {
		enum field_type t = field_info((enum field)f)->type;
		if (t != TYPE_TEXT && t != TYPE_PATH)
			continue;
		assert_int_equal(set(ev, (enum field)f, "one"), 0);
		assert_int_equal(set(ev, (enum field)f, ""), 0);
		assert_int_equal(set(ev, (enum field)f, "three"), 0);
		assert_string_equal(get(ev, (enum field)f), "three");
	}
	assert_int_equal(set(ev, FIELD_USER_ID, "5"), 0);
	assert_int_equal(set(ev, FIELD_USER_ID, "6"), 0);
	assert_string_equal(get(ev, FIELD_USER_ID), "6");
	assert_int_equal(set(ev, FIELD_DESTINATION_IP, "::1"), 0);
	assert_int_equal(set(ev, FIELD_DESTINATION_IP, "127.0.0.1"), 0);
	assert_string_equal(get(ev, FIELD_DESTINATION_IP), "7f000001");
	assert_int_equal(set(ev, FIELD_FILE_SETUID, "true"), 0);
	assert_int_equal(set(ev, FIELD_FILE_DELETED, "true"), 0);
	assert_int_equal(set(ev, FIELD_FILE_SETUID, "false"), 0);
	assert_string_equal(get(ev, FIELD_FILE_SETUID), "0");
	assert_string_equal(get(ev, FIELD_FILE_DELETED), "1");
}

static void
a_number_does_not_touch_its_neighbours(void **state)
{
	(void)state;
	for (int f = 0; f < FIELD__MAX; f++) {
		enum field_type t = field_info((enum field)f)->type;
		const char *zero = t == TYPE_CLOCK ? "0s" : "0", *most = t == TYPE_CLOCK ? "1d" : t == TYPE_OCTAL ? "7777" : "65535";
		if (!field_is_number(t) || t == TYPE_BIT)
			continue;
		static struct event before;
		struct event *ev = fresh();
		before = *ev;
		assert_int_equal(set(ev, (enum field)f, most), 0);
		assert_int_equal(set(ev, (enum field)f, zero), 0);
		ev->have = before.have;
		/* The numbers that are not 0 at first. */
		if (f == FIELD_USER_AUDIT_ID)
			before.process.auid = 0;
		if (f == FIELD_USER_AUDIT_SESSION)
			before.process.session = 0;
		if (f == FIELD_USER_TARGET_ID)
			before.account_id = 0;
		assert_memory_equal(ev, &before, sizeof(before));
	}
}

static void
what_is_no_value_of_the_field_is_refused_and_changes_nothing(void **state)
{
	(void)state;
	static const struct { enum field field; const char *value, *why; } table[] = {
		{ FIELD_USER_ID, "", "is not a decimal number" }, { FIELD_USER_ID, "root", "'root' is not a decimal number" },
		{ FIELD_USER_ID, "-1", "is not a decimal number" }, { FIELD_USER_ID, "4294967296", "is not a decimal number" },
		{ FIELD_USER_ID, " 1", "is not a decimal number" }, { FIELD_USER_ID, "1 ", "is not a decimal number" },
		{ FIELD_PROCESS_PID, "2147483648", "is not a decimal number" }, { FIELD_DESTINATION_PORT, "65536", "is not a decimal number" },
		{ FIELD_FILE_SIZE, "1T", "is not a decimal number, with k, M or G" }, { FIELD_FILE_SIZE, "9223372036854775808", "is not a decimal" },
		{ FIELD_FILE_SIZE, "9007199254740992k", "is not a decimal" },
		{ FIELD_FILE_MODE, "8", "is not permission bits in octal" }, { FIELD_FILE_MODE, "10000", "is not permission bits in octal" },
		{ FIELD_FILE_MODE, "000000", "is not permission bits in octal" }, { FIELD_PROCESS_START, "5", "is not a time since boot" },
		{ FIELD_FILE_SETUID, "yes", "is not true or false" }, { FIELD_FILE_HASH_SHA256, "00", "is not a SHA-256" },
		{ FIELD_FILE_HASH_SHA256, HASH "0", "is not a SHA-256" }, { FIELD_DESTINATION_IP, "192.0.2.256", "is not an address" },
		{ FIELD_DESTINATION_IP, "192.0.2.0/24", "is not an address" }, { FIELD_DESTINATION_IP, "", "is not an address" },
		{ FIELD_PROCESS_NAME, "sh", "follows from another field" }, { FIELD_PROCESS_COMMAND_LINE, "sh", "follows from another field" },
		{ FIELD_FILE_DIRECTORY, "/", "follows from another field" }, { FIELD_FILE_EXTENSION, "c", "follows from another field" },
		{ FIELD_ANCESTOR_NAME, "sh", "follows from another field" },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		static struct event before;
		struct event *ev = fresh();
		char why[200] = "";
		before = *ev;
		assert_int_equal(policy_event_set(ev, table[i].field, table[i].value, strlen(table[i].value), why, sizeof(why)), -EINVAL);
		if (!strstr(why, table[i].why))
			fail_msg("%s = '%s': %s", field_info(table[i].field)->name, table[i].value, why);
		assert_memory_equal(ev, &before, sizeof(before));
	}
}

static void
a_value_may_hold_any_bytes_and_has_a_greatest_length(void **state)
{
	(void)state;
	struct event *ev = fresh();
	char value[EVENT_ARGS_MAX], why[64] = "";
	size_t len;

	memset(value, 0xff, sizeof(value));
	assert_int_equal(policy_event_set(ev, FIELD_FILE_PATH, value, sizeof(value), why, sizeof(why)), -EINVAL);
	assert_string_equal(why, "is too long");
	assert_int_equal(policy_event_set(ev, FIELD_FILE_PATH, value, sizeof(value) - 1, why, sizeof(why)), 0);
	assert_memory_equal(event_text(ev, TEXT_FILE_PATH, &len), value, sizeof(value) - 1);
	assert_int_equal(len, sizeof(value) - 1);
	assert_int_equal(policy_event_set(ev, FIELD_FILE_OWNER, "a\0b", 3, why, sizeof(why)), 0);
	event_text(ev, TEXT_FILE_OWNER, &len);
	assert_int_equal(len, 3);
	/* A reason is cut, never written past its end. */
	char little[8] = { [7] = 'x' };
	assert_int_equal(policy_event_set(ev, FIELD_USER_ID, "root", 4, little, 7), -EINVAL);
	assert_int_equal(strlen(little), 6);
	assert_int_equal(little[7], 'x');
}

static void
a_list_grows_in_place_until_the_event_is_full(void **state)
{
	(void)state;
	struct event *ev = fresh();
	char arg[16];
	unsigned n = 0;
	int err = set(ev, FIELD_PROCESS_TITLE, "0123456789");

	while (!err && n < 100000) {
		snprintf(arg, sizeof(arg), "%07u", n);
		static struct event before;
		before = *ev;
		err = set(ev, FIELD_PROCESS_ARGS, arg);
		n += !err;
		if (err)
			assert_memory_equal(ev, &before, sizeof(before));
	}
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(n, (EVENT_ARENA - 10) / 8);		/* 8 bytes each and no more */
	assert_int_equal(ev->args_count, n);
	struct field_cursor *c = malloc(sizeof(*c));
	struct value v;
	assert_non_null(c);
	assert_int_equal(field_open(c, ev, FIELD_PROCESS_ARGS), FIELD_PRESENT);
	for (unsigned i = 0; i < n; i++) {
		snprintf(arg, sizeof(arg), "%07u", i);
		assert_true(field_next(c, &v));
		assert_int_equal(v.len, 7);
		assert_memory_equal(v.text, arg, 7);
	}
	assert_false(field_next(c, &v));
	free(c);
}

static void
lists_do_not_mix(void **state)
{
	(void)state;
	struct event *ev = fresh();

	assert_int_equal(set(ev, FIELD_PROCESS_ARGS, "a"), 0);
	assert_int_equal(set(ev, FIELD_PARENT_ARGS, "x"), 0);
	assert_int_equal(set(ev, FIELD_PROCESS_ARGS, "b"), 0);
	assert_int_equal(set(ev, FIELD_PROCESS_ENV_VARS, "K=v"), 0);
	assert_int_equal(set(ev, FIELD_PARENT_ARGS, "y"), 0);
	assert_int_equal(set(ev, FIELD_PARENT_ARGS, "z"), 0);
	assert_int_equal(set(ev, FIELD_PROCESS_ARGS, "c"), 0);
	assert_string_equal(get(ev, FIELD_PROCESS_ARGS), "a|b|c");
	assert_string_equal(get(ev, FIELD_PARENT_ARGS), "x|y|z");
	assert_string_equal(get(ev, FIELD_PROCESS_ENV_VARS), "K=v");
	assert_string_equal(get(ev, FIELD_PROCESS_ARGS_COUNT), "3");
	/* Somebody else may have left the last one without an end. */
	assert_int_equal(event_set_str(ev, TEXT_ENV, "A=1"), 0);
	assert_int_equal(set(ev, FIELD_PROCESS_ENV_VARS, "B=2"), 0);
	assert_string_equal(get(ev, FIELD_PROCESS_ENV_VARS), "A=1|B=2");
}

static void
more_ancestors_than_an_event_holds_are_told(void **state)
{
	(void)state;
	struct event *ev = fresh();
	char path[32];

	for (int i = 0; i < EVENT_ANCESTORS; i++) {
		snprintf(path, sizeof(path), "/a%d", i);
		assert_int_equal(set(ev, FIELD_ANCESTOR_EXECUTABLE, path), 0);
	}
	assert_int_equal(ev->flags & FLAG_ANCESTRY_CUT, 0);
	assert_int_equal(set(ev, FIELD_ANCESTOR_EXECUTABLE, "/more"), -ENOSPC);
	assert_int_equal(ev->ancestors, EVENT_ANCESTORS);
	assert_int_equal(ev->flags & FLAG_ANCESTRY_CUT, FLAG_ANCESTRY_CUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_reads_back_what_it_was_set_to),
		cmocka_unit_test(a_text_or_number_that_is_set_again_is_replaced),
		cmocka_unit_test(a_number_does_not_touch_its_neighbours),
		cmocka_unit_test(what_is_no_value_of_the_field_is_refused_and_changes_nothing),
		cmocka_unit_test(a_value_may_hold_any_bytes_and_has_a_greatest_length),
		cmocka_unit_test(a_list_grows_in_place_until_the_event_is_full),
		cmocka_unit_test(lists_do_not_mix),
		cmocka_unit_test(more_ancestors_than_an_event_holds_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
