#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <cmocka.h>
/* From event to record and back. Both sides are taken in whole, and each has its own digits. */
#include "alert/json.c"
#include "alert/reason.c"
#include "alert/ecs.c"
#define digits		when_digits
#include "ctl/when.c"
#undef digits
#include "ctl/store.c"
#include "ctl/view.c"
#include "ctl/recall.c"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT_OF(s) s, sizeof(s) - 1

static struct report first;
static struct event second;
static char line[RECORD_MAX];

/* In yettctl it stands in main.c; nothing here has anything to complain of. */
void
ctl_error(const char *fmt, ...)
{
	fail_msg("%s", fmt);
}

static void
set(enum event_text which, const char *s, size_t len)
{
	assert_int_equal(event_set(&first.event, which, s, len), 0);
}

static int
make_report(void **state)
{
	struct event *ev = &first.event;

	(void)state;
	memset(&first, 0, offsetof(struct report, event));
	first.kind = REPORT_ALERT;
	event_init(ev, EVENT_EXEC, SENSOR_FANOTIFY);
	ev->id = 0x0123456789abcdef;
	ev->wall_ns = 1795512600123456789;
	ev->boot_ns = 5555555555555;
	return 0;
}

/* Everything that an event can say, and for every text another one. */
static void
say_all(void)
{
	struct event *ev = &first.event;
	char text[32];

	ev->have = HAVE_ALL & ~(uint32_t)HAVE_ACTION;
	for (int t = TEXT_EXECUTABLE; t < TEXT_ACTION; t++)
		set((enum event_text)t, text, (size_t)snprintf(text, sizeof(text), "/t/%d.x", t));
	set(TEXT_ARGS, TEXT_OF("sh\0-c\0id\0"));
	set(TEXT_PARENT_ARGS, TEXT_OF("cron\0-f\0"));
	set(TEXT_ENV, TEXT_OF("PATH=/bin\0LD_PRELOAD=/x\0"));
	ev->args_count = 3;
	ev->process = (struct process){ .pid = 42, .uid = 1000, .ruid = 1001, .gid = 1002, .auid = 1003, .session = 7 };
	ev->parent.pid = 41;
	ev->target = (struct process){ .pid = 40, .uid = 33 };
	ev->exit_code = -9;
	ev->file = (struct file){ .dev = 0xfd01, .ino = 131077, .size = 4096, .mtime_ns = 1, .ctime_ns = 2, .uid = 5, .gid = 6,
		.mode = S_IFREG | 04755, .links = 2 };
	for (int i = 0; i < 32; i++)
		ev->file.sha256[i] = (uint8_t)(255 - i);
	ev->flags = FLAG_SETUID;
	ev->peer = (struct peer){ .addr = { 192, 0, 2, 1 }, .family = AF_INET, .port = 443 };
	set(TEXT_LABELS, TEXT_OF("web\0build\0"));
	set(TEXT_LIBRARIES, TEXT_OF("libc.so.6\0"));
	set(TEXT_DNS_ANSWERS, TEXT_OF("192.0.2.3\0a.example.org\0"));
	ev->source = (struct peer){ .addr = { 192, 0, 2, 2 }, .family = AF_INET, .port = 40000 };
	ev->account_id = 1000;
	ev->signal = 9;
	ev->syscall_arg0 = 0x4206;
	ev->result = -115;
	assert_int_equal(event_add_ancestor(ev, 41, 9, TEXT_OF("/usr/sbin/cron")), 0);
	assert_int_equal(event_add_ancestor(ev, 1, 8, TEXT_OF("/sbin/init")), 0);
}

/* Writes the record, reads it as yettctl does, and recalls the event. */
static unsigned
there_and_back(void)
{
	static const struct host_facts host = { "host", "0123", "boot", "1", "agent", "6.1" };
	unsigned left_out = 99;
	first.event.have &= field_carried((enum event_kind)first.event.kind);
	size_t len = alert_json(line, sizeof(line) - 64, &first, &host, 17);

	len += (size_t)snprintf(line + len, sizeof(line) - len, ",\"mono\":%llu}}", (unsigned long long)first.event.boot_ns);
	json_t *record = parse(line, len);
	if (!record)
		fail_msg("no record: %s", line);
	assert_true(recall(&second, record, &left_out));
	json_decref(record);
	/* It can be judged, as any event that comes over the wire. */
	static struct event copy;
	assert_int_equal(event_from_wire(&copy, &second, event_wire_size(&second)), 0);
	return left_out;
}

static void
same_value(enum field f, struct value a, struct value b)
{
	const char *name = field_info(f)->name;

	if (a.len != b.len || (a.len && memcmp(a.text, b.text, a.len) != 0))
		fail_msg("%s is '%.*s', not '%.*s'", name, (int)b.len, b.text, (int)a.len, a.text);
	if (a.number != b.number)
		fail_msg("%s is %lld, not %lld", name, (long long)b.number, (long long)a.number);
}

static void
same_field(enum field f)
{
	static struct field_cursor a, b;
	struct value va = { 0 }, vb = { 0 };
	enum field_state sa = field_open(&a, &first.event, f), sb = field_open(&b, &second, f);

	if (sa != sb)
		fail_msg("%s is there in only one of them", field_info(f)->name);
	while (sa == FIELD_PRESENT && field_next(&a, &va)) {
		assert_true(field_next(&b, &vb));
		same_value(f, va, vb);
	}
	if (sa == FIELD_PRESENT && field_next(&b, &vb))
		fail_msg("%s has more values than it had", field_info(f)->name);
}

/* All but the start of the process, which a record tells by another clock. */
static void
same_fields(void)
{
	for (int f = 0; f < FIELD__MAX; f++)
		if (field_info((enum field)f)->type != TYPE_CLOCK)
			same_field((enum field)f);
}

static void
every_field_comes_back_whatever_the_kind(void **state)
{
	(void)state;
	for (int kind = 0; kind < EVENT__MAX; kind++) {
		if (kind == EVENT_AGENT)
			continue;
		make_report(state);
		say_all();
		first.event.kind = (uint16_t)kind;
		assert_int_equal(there_and_back(), 0);
		same_fields();
		assert_int_equal(second.kind, kind);
		assert_int_equal(second.sensor, event_kind_sensor((enum event_kind)kind));
		assert_true(second.id == first.event.id && second.wall_ns == first.event.wall_ns && second.boot_ns == first.event.boot_ns);
	}
}

/* What was not looked for stays unknown. */
static void
each_part_may_be_missing(void **state)
{
	for (uint32_t bit = 1; bit <= HAVE_ALL; bit <<= 1) {
		make_report(state);
		say_all();
		/* A record tells of the parent's arguments where it tells of the parent, and of the hash where it tells of the file. */
		uint32_t without = bit == HAVE_PARENT ? HAVE_PARENT | HAVE_PARENT_ARGS : bit == HAVE_FILE ? HAVE_FILE | HAVE_HASH : bit;
		if (bit == HAVE_PROCESS || bit == HAVE_ACTION || bit == HAVE_AUID || bit == HAVE_USER)
			continue;
		first.event.have &= ~without;
		static const struct { uint32_t have; enum event_text which; } texts[] = {
			{ HAVE_CGROUP, TEXT_CONTAINER }, { HAVE_CGROUP, TEXT_SERVICE }, { HAVE_MODULE, TEXT_MODULE },
			{ HAVE_PREVIOUS, TEXT_PREVIOUS_EXECUTABLE }, { HAVE_HASH, TEXT_FILE_TYPE }, { HAVE_HASH, TEXT_INTERPRETER },
		};
		for (size_t i = 0; i < COUNT(texts); i++)
			if (without & texts[i].have)
				first.event.text[texts[i].which] = (struct slice){ 0 };
		assert_int_equal(there_and_back(), 0);
		same_fields();
	}
}

static void
any_bytes_come_back(void **state)
{
	static const struct { const char *s; size_t len; } rows[] = {
		{ TEXT_OF("/plain") }, { TEXT_OF("/quote\"back\\slash/") }, { TEXT_OF("/new\nline\ttab\r\x01\x1f\x7f") },
		{ TEXT_OF("/\xff\xfe\x80") }, { TEXT_OF("/cut\xe2\x82") }, { TEXT_OF("/\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80") },
		{ TEXT_OF("/\xc2\x85\xe2\x80\xae") }, { TEXT_OF("/\xed\xa0\x80") }, { TEXT_OF("/\xc0\xaf") },
		/* what looks like an escape */
		{ TEXT_OF("/\\x41") }, { TEXT_OF("/\\\\x41\\x") }, { TEXT_OF("\\x5c") }, { TEXT_OF("/\\u0041\\n") }, { TEXT_OF("\\") },
		{ TEXT_OF("/x\\\xff") }, { TEXT_OF("/\xff" "41") }, { TEXT_OF("\",\"user\":{\"id\":\"0\"}") },
	};
	char args[64];

	for (size_t i = 0; i < COUNT(rows); i++) {
		make_report(state);
		say_all();
		for (int t = TEXT_EXECUTABLE; t < TEXT_ACTION; t++)
			if (t != TEXT_ARGS && t != TEXT_ENV && t != TEXT_PARENT_ARGS && t != TEXT_LABELS && t != TEXT_LIBRARIES && t != TEXT_DNS_ANSWERS)
				set((enum event_text)t, rows[i].s, rows[i].len);
		memcpy(args, "sh\0", 3);
		memcpy(args + 3, rows[i].s, rows[i].len);
		memcpy(args + 3 + rows[i].len, "\0end\0", 5);
		set(TEXT_ARGS, args, rows[i].len + 8);
		set(TEXT_ENV, args + 3, rows[i].len + 5);
		set(TEXT_PARENT_ARGS, args + 3, rows[i].len + 1);
		first.event.ancestors = 0;
		assert_int_equal(event_add_ancestor(&first.event, 1, 1, rows[i].s, rows[i].len), 0);
		assert_int_equal(there_and_back(), 0);
		same_fields();
	}
}

/* NUL is in no path and no argument, but a name of audit may hold any byte. */
static void
every_single_byte_comes_back(void **state)
{
	(void)state;
	char text[3] = { 'a', 0, 'z' };

	for (int c = 0; c < 256; c++) {
		make_report(state);
		say_all();
		first.event.kind = EVENT_MODULE;
		text[1] = (char)c;
		set(TEXT_MODULE, text, 3);
		set(TEXT_EXECUTABLE, text, 2);
		assert_int_equal(there_and_back(), 0);
		same_field(FIELD_MODULE_NAME);
		same_field(FIELD_PROCESS_EXECUTABLE);
	}
}

static void
lists_keep_their_parts(void **state)
{
	static const struct { const char *s; size_t len; } rows[] = {
		{ TEXT_OF("one\0") }, { TEXT_OF("one") }, { TEXT_OF("\0") }, { TEXT_OF("\0\0\0") }, { TEXT_OF("a\0\0b\0\0") }, { TEXT_OF("a\0b") },
		{ TEXT_OF("a b\0c\0") },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		make_report(state);
		say_all();
		set(TEXT_ARGS, rows[i].s, rows[i].len);
		set(TEXT_ENV, rows[i].s, rows[i].len);
		set(TEXT_PARENT_ARGS, rows[i].s, rows[i].len);
		assert_int_equal(there_and_back(), 0);
		same_fields();
	}
}

static void
hundreds_of_arguments_come_back(void **state)
{
	(void)state;
	char args[EVENT_ARGS_MAX];
	size_t n = 0;

	say_all();
	for (int i = 0; i < 400; i++)
		n += (size_t)snprintf(args + n, sizeof(args) - n, "--option=%d", i) + 1;
	set(TEXT_ARGS, args, n);
	first.event.args_count = 400;
	assert_int_equal(there_and_back(), 0);
	same_fields();
	assert_int_equal(second.flags & FLAG_ARGS_CUT, 0);
}

static void
long_arguments_of_any_bytes_come_back(void **state)
{
	(void)state;
	char arg[EVENT_ARGS_MAX];

	say_all();
	memset(arg, 'x', sizeof(arg));
	arg[sizeof(arg) - 1] = '\0';
	set(TEXT_ARGS, arg, sizeof(arg));
	assert_int_equal(there_and_back(), 0);
	same_field(FIELD_PROCESS_ARGS);
	/* Each becomes four characters. */
	memset(arg, 0xff, 3000);
	arg[3000] = '\0';
	set(TEXT_ARGS, arg, 3001);
	assert_int_equal(there_and_back(), 0);
	same_field(FIELD_PROCESS_ARGS);
}

static void
numbers_come_back_to_their_limits(void **state)
{
	(void)state;
	struct event *ev = &first.event;

	say_all();
	ev->syscall_arg0 = UINT64_MAX;
	ev->result = INT64_MIN;
	ev->exit_code = INT32_MIN;
	ev->args_count = UINT32_MAX;
	ev->peer.port = UINT16_MAX;
	ev->file.size = INT64_MAX;
	ev->file.ino = 1ull << 63;
	ev->file.links = ev->file.uid = ev->file.gid = UINT32_MAX;
	ev->file.mode = S_IFREG | 07777;
	ev->process.uid = ev->target.uid = UINT32_MAX;
	ev->process.ruid = ev->process.gid = UINT32_MAX - 1;	/* those that are not known are not told */
	ev->process.pid = ev->parent.pid = ev->target.pid = INT32_MAX;
	ev->boot_ns = INT64_MAX;
	assert_int_equal(there_and_back(), 0);
	same_fields();
	assert_true(second.syscall_arg0 == UINT64_MAX && second.boot_ns == INT64_MAX);
	ev->args_count = ev->file.links = ev->file.mode = ev->process.uid = 0;
	ev->file.size = 0;
	assert_int_equal(there_and_back(), 0);
	same_fields();
}

static void
addresses_of_both_families_come_back(void **state)
{
	(void)state;
	static const struct { int family; const char *text; } rows[] = {
		{ AF_INET, "0.0.0.0" }, { AF_INET, "255.255.255.255" }, { AF_INET6, "::" }, { AF_INET6, "2001:db8::1" }, { AF_INET6, "fe80::1" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		make_report(state);
		say_all();
		first.event.peer.family = (uint16_t)rows[i].family;
		assert_int_equal(inet_pton(rows[i].family, rows[i].text, first.event.peer.addr), 1);
		assert_int_equal(there_and_back(), 0);
		same_field(FIELD_DESTINATION_IP);
		same_field(FIELD_DESTINATION_PORT);
	}
}

static void
flags_that_change_a_verdict_come_back(void **state)
{
	static const uint32_t telling[] = { FLAG_ARGS_CUT, FLAG_ANCESTRY_CUT, FLAG_PATH_CUT, FLAG_WRITE_UNSURE, FLAG_NOTIFIED, FLAG_LOADER,
		FLAG_SETUID, FLAG_WRITABLE_BY_OTHERS, FLAG_DELETED };

	for (size_t i = 0; i < COUNT(telling); i++) {
		make_report(state);
		say_all();
		first.event.flags = telling[i];
		assert_int_equal(there_and_back(), 0);
		assert_int_equal(second.flags, telling[i]);
	}
}

/* What a record had no room for is no value that was not there. */
static void
what_the_record_cut_is_flagged(void **state)
{
	static const struct { enum event_text which; uint32_t flag; } rows[] = {
		{ TEXT_EXECUTABLE, FLAG_PATH_CUT }, { TEXT_PARENT_EXECUTABLE, FLAG_PATH_CUT }, { TEXT_PREVIOUS_EXECUTABLE, FLAG_PATH_CUT },
		{ TEXT_FILE_PATH, FLAG_PATH_CUT }, { TEXT_ARGS, FLAG_ARGS_CUT }, { TEXT_PARENT_ARGS, FLAG_ARGS_CUT }, { TEXT_ENV, FLAG_ARGS_CUT },
	};
	char text[8000];

	memset(text, 0xff, sizeof(text));
	for (size_t i = 0; i < COUNT(rows); i++) {
		make_report(state);
		say_all();
		first.event.flags = 0;
		set(rows[i].which, text, sizeof(text));
		assert_int_equal(there_and_back(), 0);
		assert_int_equal(second.flags, rows[i].flag);
	}
	make_report(state);
	say_all();
	first.event.flags = 0;
	assert_int_equal(event_add_ancestor(&first.event, 7, 7, text, sizeof(text)), 0);
	assert_int_equal(there_and_back(), 0);
	assert_int_equal(second.flags, FLAG_ANCESTRY_CUT);
}

static bool
recalls(const char *json, unsigned *left_out)
{
	json_t *record = parse(json, strlen(json));

	assert_non_null(record);
	bool judged = recall(&second, record, left_out);
	json_decref(record);
	return judged;
}

static void
what_tells_of_no_event_is_not_judged(void **state)
{
	(void)state;
	static const char *const records[] = {
		"{}", "{\"event\":{}}", "{\"event\":7}", "{\"event\":{\"action\":7}}", "{\"event\":{\"action\":\"agent\"}}",
		"{\"event\":{\"action\":\"exec\",\"kind\":\"state\"}}", "{\"event\":{\"action\":\"execs\"}}", "{\"event\":[\"exec\"]}",
	};
	unsigned left_out;

	for (size_t i = 0; i < COUNT(records); i++)
		assert_false(recalls(records[i], &left_out));
}

static void
values_that_no_event_can_hold_are_counted(void **state)
{
	(void)state;
	static const struct { const char *members; unsigned left_out; } rows[] = {
		{ "\"x\":1", 0 },
		{ "\"user\":{\"id\":\"many\"}", 1 }, { "\"user\":{\"id\":-1}", 1 }, { "\"user\":{\"id\":4294967296}", 1 }, { "\"user\":{\"id\":[]}", 1 },
		{ "\"user\":{\"id\":1.5,\"name\":{}}", 2 }, { "\"user\":7", 0 }, { "\"user\":{\"id\":null}", 1 },
		{ "\"file\":{\"hash\":{\"sha256\":\"00\"},\"mode\":\"0999\",\"setuid\":\"maybe\"}", 3 },
		{ "\"file\":{\"size\":99999999999999999999,\"inode\":\"18446744073709551616\"}", 2 },
		{ "\"destination\":{\"ip\":\"1.2.3\",\"port\":65536}", 2 },
		{ "\"process\":{\"args\":[\"a\",7,{},\"b\"],\"pid\":2147483648}", 2 },
		{ "\"yett\":{\"process\":{\"ancestor\":[{\"executable\":\"/a\"},{},7,{\"executable\":[]}]}}", 3 },
		{ "\"yett\":{\"process\":{\"ancestor\":{\"executable\":\"/a\"}}}", 0 },
		{ "\"yett\":{\"flags\":[7,{},\"notified\"],\"truncated\":\"x\",\"mono\":\"late\"}", 0 },
	};
	char json[512];

	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned left_out = 99;
		snprintf(json, sizeof(json), "{\"event\":{\"action\":\"exec\"},%s}", rows[i].members);
		assert_true(recalls(json, &left_out));
		if (left_out != rows[i].left_out)
			fail_msg("%s: %u are left out", rows[i].members, left_out);
		assert_true(event_wire_size(&second) <= sizeof(second));
	}
}

static void
more_ancestors_than_places_are_flagged_and_counted(void **state)
{
	(void)state;
	char json[4096];
	unsigned left_out = 0;
	size_t n = (size_t)snprintf(json, sizeof(json), "{\"event\":{\"action\":\"exec\"},\"yett\":{\"process\":{\"ancestor\":[");

	for (int i = 0; i < EVENT_ANCESTORS + 3; i++)
		n += (size_t)snprintf(json + n, sizeof(json) - n, "%s{\"executable\":\"/%d\"}", i ? "," : "", i);
	snprintf(json + n, sizeof(json) - n, "]}}}");
	assert_true(recalls(json, &left_out));
	assert_int_equal(left_out, 3);
	assert_int_equal(second.ancestors, EVENT_ANCESTORS);
	assert_true(second.flags & FLAG_ANCESTRY_CUT);
}

#define TEST(name) cmocka_unit_test_setup(name, make_report)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_field_comes_back_whatever_the_kind),
		TEST(each_part_may_be_missing),
		TEST(any_bytes_come_back),
		TEST(every_single_byte_comes_back),
		TEST(lists_keep_their_parts),
		TEST(hundreds_of_arguments_come_back),
		TEST(long_arguments_of_any_bytes_come_back),
		TEST(numbers_come_back_to_their_limits),
		TEST(addresses_of_both_families_come_back),
		TEST(flags_that_change_a_verdict_come_back),
		TEST(what_the_record_cut_is_flagged),
		TEST(what_tells_of_no_event_is_not_judged),
		TEST(values_that_no_event_can_hold_are_counted),
		TEST(more_ancestors_than_places_are_flagged_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
