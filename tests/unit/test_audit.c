#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <arpa/inet.h>
#include <cmocka.h>
/* Watch is a process, not a library: what reads audit is taken in whole. */
#include "watch/record.c"
#include "watch/assemble.c"
#include "watch/bound.c"
#include "watch/translate.c"
#include "base/clock.h"
#include "event/field.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ALL	(~0ull)
#define EVENTS	512
#define WHO	"ppid=1201 pid=1234 auid=1000 uid=1000 gid=100 euid=0 suid=0 fsuid=0 egid=50 sgid=50 fsgid=50 tty=pts0 ses=3 "
#define CURL	WHO "comm=\"curl\" exe=\"/usr/bin/curl\" subj=unconfined key=\"yett\""

static struct assemble as;
static struct event *told;		/* what was told, in order */
static unsigned n_told, n_config;
static uint64_t kinds;
static uint32_t carried[EVENT__MAX];	/* what events of each kind had, over all tests */

static void
on_done(void *arg, const struct audited *a, unsigned n)
{
	(void)arg;
	if (a->parts & PART_CONFIG) {
		n_config++;
		return;
	}
	assert_true(n_told < EVENTS);
	if (translate(a, n, kinds, 99, &told[n_told]) == 0) {
		/* The gate takes it. */
		assert_int_equal(event_from_wire(&told[EVENTS], &told[n_told], event_wire_size(&told[n_told])), 0);
		carried[told[n_told].kind] |= told[n_told].have;
		n_told++;
	}
}

static void
listen_for(uint64_t wanted)
{
	kinds = wanted;
	n_told = n_config = 0;
	assemble_init(&as, wanted, on_done, NULL);
}

static int
begin(void **state)
{
	(void)state;
	if (!told)
		told = calloc(EVENTS + 1, sizeof(*told));
	listen_for(ALL);
	return told ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	free(told);
	told = NULL;
	return 0;
}

/* From memory without a byte to spare: a sanitiser sees the first one read too far. */
static int
put_bytes(unsigned type, const char *text, size_t len, uint64_t now_ns)
{
	char *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, text, len);
	int err = assemble_put(&as, type, exact, len, now_ns);
	free(exact);
	return err;
}

static void __attribute__((format(printf, 3, 4)))
put(unsigned type, unsigned serial, const char *fmt, ...)
{
	static char text[RECORD_TEXT_MAX + 1];
	int head = snprintf(text, sizeof(text), "audit(1732440600.123:%u): ", serial);
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text + head, sizeof(text) - (size_t)head, fmt, ap);
	va_end(ap);
	assert_true(head + n < (int)sizeof(text));
	assert_int_equal(put_bytes(type, text, (size_t)(head + n), 0), 0);
}

static void
eoe(unsigned serial)
{
	put(AUDIT_EOE, serial, "%s", "");
}

static void
connect_call(unsigned serial)
{
	put(AUDIT_SYSCALL, serial, "arch=c000003e syscall=42 success=no exit=-115 a0=3 a1=7ffd8a0c5b10 a2=10 a3=0 items=0 " CURL);
}

static void
connect_to(unsigned serial, const char *saddr)
{
	connect_call(serial);
	put(AUDIT_SOCKADDR, serial, "saddr=%s", saddr);
	eoe(serial);
}

static void
has(const struct event *ev, enum event_text which, const char *want, size_t len)
{
	size_t n;
	const char *s = event_text(ev, which, &n);

	if (n != len || memcmp(s, want, len))
		fail_msg("text %d is '%.*s', not '%.*s'", which, (int)n, s, (int)len, want);
}

static void
has_str(const struct event *ev, enum event_text which, const char *want)
{
	has(ev, which, want, strlen(want));
}

static void
peer_is(const struct event *ev, const char *address, uint16_t port)
{
	char text[INET6_ADDRSTRLEN];

	assert_true(ev->have & HAVE_PEER);
	assert_non_null(inet_ntop(ev->peer.family, ev->peer.addr, text, sizeof(text)));
	assert_string_equal(text, address);
	assert_int_equal(ev->peer.port, port);
}

/* record.c */

static void
only_a_whole_frame_is_read(void **state)
{
	(void)state;
	static const struct { const char *text; int err; uint64_t wall_ns, serial; } rows[] = {
		{ "audit(1.002:3): x=1", 0, 1002000000, 3 },
		{ "audit(1732440600.999:18446744): ", 0, 1732440600999000000, 18446744 },
		{ "audit(0.000:0):", 0, 0, 0 },
		{ "audit(1.002:3)", -EBADMSG, 0, 0 }, { "audit(1.002:3", -EBADMSG, 0, 0 }, { "audit(1.002:): x", -EBADMSG, 0, 0 },
		{ "audit(1.002", -EBADMSG, 0, 0 }, { "audit(.002:3): x", -EBADMSG, 0, 0 }, { "audit(1.:3): x", -EBADMSG, 0, 0 },
		{ "audit(1.1000:3): x", -EBADMSG, 0, 0 }, { "audit(-1.002:3): x", -EBADMSG, 0, 0 }, { "audit(1.002:-3): x", -EBADMSG, 0, 0 },
		{ "audit(1 .002:3): x", -EBADMSG, 0, 0 }, { "Audit(1.002:3): x", -EBADMSG, 0, 0 }, { " audit(1.002:3): x", -EBADMSG, 0, 0 },
		{ "audit(99999999999.002:3): x", -EBADMSG, 0, 0 }, { "audit(1.002:9999999999999999999): x", -EBADMSG, 0, 0 },
		{ "a", -EBADMSG, 0, 0 }, { "", -EBADMSG, 0, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct record r;
		if (record_parse(&r, 1300, rows[i].text, strlen(rows[i].text)) != rows[i].err)
			fail_msg("'%s' gives not %d", rows[i].text, rows[i].err);
		if (!rows[i].err)
			assert_true(r.wall_ns == rows[i].wall_ns && r.serial == rows[i].serial && r.type == 1300);
	}
}

static void
a_record_may_be_as_long_as_the_kernel_makes_them(void **state)
{
	(void)state;
	static char text[RECORD_TEXT_MAX + 100];
	struct record r;

	memset(text, 'x', sizeof(text));
	memcpy(text, "audit(1.002:3):", 15);
	assert_int_equal(record_parse(&r, 1300, text, RECORD_TEXT_MAX), 0);
	assert_int_equal(record_parse(&r, 1300, text, RECORD_TEXT_MAX + 1), -EBADMSG);
	/* NULs behind the text do not count. */
	memset(text + RECORD_TEXT_MAX, 0, 100);
	assert_int_equal(record_parse(&r, 1300, text, sizeof(text)), 0);
	assert_int_equal(r.len, RECORD_TEXT_MAX - 15);
}

static void
pairs_are_read_one_by_one(void **state)
{
	(void)state;
	static const char body[] = "arch=c000003e  word  comm=\"a b=\"\nempty= quoted=\"\" a=b=c last=\"open";
	static const struct { const char *key, *value; bool quoted; } rows[] = {
		{ "arch", "c000003e", false }, { "comm", "a b=", true }, { "empty", "", false }, { "quoted", "", true }, { "a", "b=c", false },
	};
	const struct record r = { .body = body, .len = sizeof(body) - 1 };
	struct pair p;
	size_t at = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(record_next(&r, &at, &p));
		assert_true(pair_is(&p, rows[i].key));
		assert_int_equal(p.len, strlen(rows[i].value));
		assert_memory_equal(p.value, rows[i].value, p.len);
		assert_int_equal(p.quoted, rows[i].quoted);
	}
	assert_false(record_next(&r, &at, &p));
	assert_true(record_find(&r, "a", &p));
	assert_false(record_find(&r, "word", &p));
	assert_false(record_find(&r, "arc", &p));
	assert_false(record_find(&r, "last", &p));
}

static void
numbers_are_whole_or_none(void **state)
{
	(void)state;
	static const struct { const char *text; int base, err; int64_t want; } rows[] = {
		{ "0", 10, 0, 0 }, { "-115", 10, 0, -115 }, { "4294967295", 10, 0, 4294967295 }, { "c000003e", 16, 0, 0xc000003e },
		{ "FF", 16, 0, 255 }, { "0100755", 8, 0, 0100755 }, { "ffffffffffffffff", 16, 0, -1 },
		{ "-9223372036854775808", 10, 0, INT64_MIN }, { "18446744073709551615", 10, 0, -1 },
		{ "", 10, -EBADMSG, 0 }, { "-", 10, -EBADMSG, 0 }, { "1x", 10, -EBADMSG, 0 }, { "8", 8, -EBADMSG, 0 }, { "a", 10, -EBADMSG, 0 },
		{ "g", 16, -EBADMSG, 0 }, { "18446744073709551616", 10, -EBADMSG, 0 }, { "10000000000000000", 16, -EBADMSG, 0 },
		{ "00000000000000000000001", 10, -EBADMSG, 0 }, { "+1", 10, -EBADMSG, 0 }, { "1 ", 10, -EBADMSG, 0 }, { "--1", 10, -EBADMSG, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pair p = { .value = rows[i].text, .len = strlen(rows[i].text) };
		int64_t n = 7;
		if (pair_number(&p, rows[i].base, &n) != rows[i].err || n != (rows[i].err ? 7 : rows[i].want))
			fail_msg("'%s' to base %d", rows[i].text, rows[i].base);
		p.quoted = true;
		assert_int_equal(pair_number(&p, rows[i].base, &n), -EBADMSG);
	}
	const struct record r = { .body = "a=1", .len = 3 };
	int64_t n;
	assert_int_equal(record_number(&r, "b", 10, &n), -ENODATA);
	assert_int_equal(record_number(&r, "a", 10, &n), 0);
}

static void
foreign_text_is_quoted_or_hex(void **state)
{
	(void)state;
	static const struct { const char *text; bool quoted; ssize_t n; const char *want; } rows[] = {
		{ "/bin/sh", true, 7, "/bin/sh" }, { "2F746D702F6120620A", false, 9, "/tmp/a b\n" }, { "00ff7f", false, 3, "\0\xff\x7f" },
		{ "", false, 0, "" }, { "", true, 0, "" }, { "(null)", true, 6, "(null)" }, { "(null)", false, -ENODATA, "" },
		{ "(none)", false, -ENODATA, "" }, { "2F7", false, -EBADMSG, "" }, { "2G", false, -EBADMSG, "" }, { "-1", false, -EBADMSG, "" },
		{ "/bin/sh", false, -EBADMSG, "" }, { "\xff\xff", false, -EBADMSG, "" },
	};
	char out[16];

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct pair p = { .value = rows[i].text, .len = strlen(rows[i].text), .quoted = rows[i].quoted };
		assert_int_equal(pair_text(&p, out, sizeof(out)), rows[i].n);
		if (rows[i].n > 0)
			assert_memory_equal(out, rows[i].want, rows[i].n);
		/* No room: the length is told all the same, and nothing is written beyond it. */
		memset(out, '!', sizeof(out));
		assert_int_equal(pair_text(&p, out, 2), rows[i].n);
		assert_int_equal(out[2], '!');
	}
}

/* assemble.c and translate.c, with records as kernels write them */

static void
a_connect_is_one_event_with_its_address(void **state)
{
	(void)state;
	connect_call(7);
	put(AUDIT_SOCKADDR, 7, "saddr=020001BBC00002010000000000000000");
	put(AUDIT_PROCTITLE, 7, "proctitle=6375726C0068747470733A2F2F6578616D706C652E6F7267");
	assert_int_equal(n_told, 0);
	eoe(7);
	assert_int_equal(n_told, 1);
	const struct event *ev = &told[0];
	assert_int_equal(ev->kind, EVENT_CONNECT);
	assert_int_equal(ev->sensor, SENSOR_AUDIT);
	assert_true(ev->wall_ns == 1732440600123000000 && ev->boot_ns == 99);
	assert_int_equal(ev->flags, FLAG_NOTIFIED);
	assert_int_equal(ev->have, HAVE_PROCESS | HAVE_USER | HAVE_AUID | HAVE_COMM | HAVE_ARGS | HAVE_PEER | HAVE_SYSCALL | HAVE_RESULT);
	peer_is(ev, "192.0.2.1", 443);
	has_str(ev, TEXT_EXECUTABLE, "/usr/bin/curl");
	has_str(ev, TEXT_COMM, "curl");
	has(ev, TEXT_ARGS, "curl\0https://example.org", 24);
	assert_int_equal(ev->args_count, 2);
	has_str(ev, TEXT_SYSCALL, "connect");
	assert_true(ev->result == -115 && ev->syscall_arg0 == 3);
	assert_int_equal(ev->process.pid, 1234);
	assert_int_equal(ev->parent.pid, 1201);
	assert_int_equal(ev->process.uid, 0);		/* effective */
	assert_int_equal(ev->process.ruid, 1000);
	assert_int_equal(ev->process.gid, 50);
	assert_int_equal(ev->process.auid, 1000);
	assert_int_equal(ev->process.session, 3);
	assert_int_equal(as.open, 0);
}

static void
addresses_are_read_as_the_kernel_has_them(void **state)
{
	(void)state;
	static const struct { const char *saddr, *address; uint16_t port; } rows[] = {
		{ "02001F90C0000201", "192.0.2.1", 8080 },
		{ "0A0001BB0000000020010DB8000000000000000000000001", "2001:db8::1", 443 },
		{ "0A0001BB0000000020010DB800000000000000000000000100000000", "2001:db8::1", 443 },
		/* An IPv4 address in the clothes of IPv6 is the IPv4 address. */
		{ "0A0001BB0000000000000000000000000000FFFFC000020100000000", "192.0.2.1", 443 },
		{ "0A0001BB0000000000000000000000000000FFFEC000020100000000", "::fffe:c000:201", 443 },
	};

	for (unsigned i = 0; i < COUNT(rows); i++) {
		connect_to(i, rows[i].saddr);
		assert_int_equal(n_told, i + 1);
		peer_is(&told[i], rows[i].address, rows[i].port);
	}
}

static void
a_connect_without_an_address_of_the_network_is_no_event(void **state)
{
	(void)state;
	static const char *const saddrs[] = {
		"01002F72756E2F782E736F636B00", "0000", "", "0200", "020001BBC00002", "0A0001BB0000000020010DB80000000000000000000000",
		"100000000000000000000000", "020001BBC000020", "020001BBC000020Z", "(null)", "\"020001BB\"", "FFFFFFFFFFFFFFFFFFFF",
	};
	unsigned serial = 1;

	for (size_t i = 0; i < COUNT(saddrs); i++)
		connect_to(serial++, saddrs[i]);
	connect_call(serial);
	eoe(serial);
	assert_int_equal(n_told, 0);
	assert_int_equal(as.open, 0);
}

static void
an_exec_has_program_arguments_directory_and_file(void **state)
{
	(void)state;
	put(AUDIT_SYSCALL, 8, "arch=c000003e syscall=59 success=yes exit=0 a0=55f0 a1=55f1 a2=55f2 a3=8 items=2 " WHO
	    "comm=\"my sh\" exe=2F746D702F6D79207368 key=(null)");
	put(AUDIT_EXECVE, 8, "argc=4 a0=\"sh\" a1=\"-c\" a2=6563686F2022686922 a3=\"\"");
	put(AUDIT_CWD, 8, "cwd=\"/home/u\"");
	put(AUDIT_PATH, 8, "item=1 name=\"/lib64/ld-linux-x86-64.so.2\" inode=2 dev=fd:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL");
	put(AUDIT_PATH, 8, "item=0 name=2E2F6D79207368 inode=131077 dev=103:0100a mode=0104755 ouid=1000 ogid=5 rdev=00:00 nametype=NORMAL");
	put(AUDIT_PROCTITLE, 8, "proctitle=\"ignored\"");
	eoe(8);
	assert_int_equal(n_told, 1);
	const struct event *ev = &told[0];
	assert_int_equal(ev->kind, EVENT_EXEC);
	has_str(ev, TEXT_EXECUTABLE, "/tmp/my sh");
	has_str(ev, TEXT_COMM, "my sh");
	/* Each argument ends in NUL, so that an empty one at the end is still there. */
	has(ev, TEXT_ARGS, "sh\0-c\0echo \"hi\"\0\0", 17);
	assert_int_equal(ev->args_count, 4);
	has_str(ev, TEXT_CWD, "/home/u");
	has_str(ev, TEXT_FILE_PATH, "/home/u/./my sh");
	assert_true(ev->file.ino == 131077 && ev->file.dev == makedev(0x103, 0x0100a));
	assert_true(ev->file.mode == 0104755 && ev->file.uid == 1000 && ev->file.gid == 5);
	assert_int_equal(ev->flags, FLAG_NOTIFIED);
}

/* What the kernel says of N bytes from FROM of an argument that it cut into pieces. */
static void
put_piece(unsigned serial, const char *head, unsigned piece, size_t from, size_t n)
{
	char hex_text[8000];

	assert_true(2 * n < sizeof(hex_text));
	for (size_t i = 0; i < n; i++)
		snprintf(hex_text + 2 * i, 3, "%02X", 'a' + (unsigned)((from + i) % 26));
	put(AUDIT_EXECVE, serial, "%sa1[%u]=%s", head, piece, hex_text);
}

static void
arguments_over_several_records_are_put_together(void **state)
{
	(void)state;
	put(AUDIT_SYSCALL, 9, "arch=c000003e syscall=59 exit=0 " CURL);
	put_piece(9, "argc=3 a0=\"x\" a1_len=14000 ", 0, 0, 3500);
	put_piece(9, "", 1, 3500, 3500);
	put(AUDIT_EXECVE, 9, "a2=\"end\"");
	eoe(9);
	assert_int_equal(n_told, 1);
	size_t len;
	const char *s = event_text(&told[0], TEXT_ARGS, &len);
	assert_int_equal(len, 2 + 7001 + 4);
	assert_int_equal(told[0].args_count, 3);
	assert_memory_equal(s, "x\0abc", 5);
	for (size_t i = 0; i < 7000; i++)
		assert_int_equal(s[2 + i], 'a' + (char)(i % 26));
	assert_memory_equal(s + 7002, "\0end\0", 5);
	assert_int_equal(told[0].flags & FLAG_ARGS_CUT, 0);
}

static void
arguments_that_are_too_long_are_cut_and_counted(void **state)
{
	(void)state;
	put(AUDIT_SYSCALL, 9, "arch=c000003e syscall=59 exit=0 " CURL);
	put_piece(9, "argc=3 a0=\"x\" a1_len=28000 ", 0, 0, 3500);
	for (unsigned i = 1; i < 4; i++)
		put_piece(9, "", i, 3500 * i, 3500);
	put(AUDIT_EXECVE, 9, "a2=\"end\" a3=\"\"");
	eoe(9);
	assert_int_equal(told[0].args_count, 4);
	assert_int_equal(told[0].text[TEXT_ARGS].len, EVENT_ARGS_MAX);
	assert_true(told[0].flags & FLAG_ARGS_CUT);
	size_t len;
	const char *s = event_text(&told[0], TEXT_ARGS, &len);
	assert_int_equal(s[len - 1], 'a' + (char)((len - 3) % 26));
}

/* The text is the kernel's, but nothing hangs on what it says of lengths and numbers. */
static void
lengths_and_numbers_that_lie_change_nothing_else(void **state)
{
	(void)state;
	static const struct { const char *args, *want; size_t len; unsigned count; } rows[] = {
		{ "argc=99 a0=\"a\"", "a", 2, 1 },
		{ "argc=-1 a0_len=999999999 a0[0]=6162", "ab", 3, 1 },
		{ "a0_len=1 a0[0]=6162 a0[1]=63", "abc", 4, 1 },
		{ "a0[1]=6162 a0[0]=63", "abc", 4, 1 },
		{ "a0[0]=61 a1[0]=62 a1[1]=63", "a\0bc", 5, 2 },
		{ "a0=\"a\" a[0]=62 a=63 ax=64 a-1=65 a99999999999999999999999=66", "a", 2, 1 },
		{ "a0[=61", "a", 2, 1 },
		{ "a0=616 a1=zz a2=\"c\"", "\0\0c", 4, 3 },
		{ "a0=\"a\" a1=\"open", "a", 2, 1 },
		{ "", "", 0, 0 },
	};

	for (unsigned i = 0; i < COUNT(rows); i++) {
		put(AUDIT_SYSCALL, i, "arch=c000003e syscall=59 exit=0 " CURL);
		put(AUDIT_EXECVE, i, "%s", rows[i].args);
		eoe(i);
		assert_int_equal(n_told, i + 1);
		has(&told[i], TEXT_ARGS, rows[i].want, rows[i].len);
		assert_int_equal(told[i].args_count, rows[i].count);
	}
}

static void
a_record_that_is_cut_anywhere_does_no_harm(void **state)
{
	(void)state;
	static const struct { unsigned type; const char *body; } rows[] = {
		{ AUDIT_SYSCALL, "arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 " CURL }, { AUDIT_SOCKADDR, "saddr=020001BBC0000201" },
		{ AUDIT_EXECVE, "argc=2 a0=\"x\" a1_len=3 a1[0]=616263" }, { AUDIT_CWD, "cwd=\"/home/u\"" }, { AUDIT_EOE, "" },
		{ AUDIT_PATH, "item=0 name=\"x\" inode=12 dev=fd:01 mode=0100755 ouid=0 ogid=0" }, { AUDIT_KERN_MODULE, "name=\"evil\"" },
		{ AUDIT_OBJ_PID, "opid=42 oauid=1000 ouid=0 oses=2 ocomm=\"victim\"" }, { AUDIT_BPF, "prog-id=12 op=LOAD" },
		{ AUDIT_PROCTITLE, "proctitle=6375726C" }, { AUDIT_URINGOP, "uring_op=16 success=yes exit=0 " CURL },
		{ AUDIT_CONFIG_CHANGE, "auid=1000 ses=1 op=remove_rule key=\"yett\" list=4 res=1" },
	};
	char text[512];
	unsigned serial = 1;

	for (size_t i = 0; i < COUNT(rows); i++) {
		int head = snprintf(text, sizeof(text), "audit(1732440600.123:5): ");
		int whole = head + snprintf(text + head, sizeof(text) - (size_t)head, "%s", rows[i].body);
		for (int len = 0; len <= whole; len++, serial++) {
			put(AUDIT_SYSCALL, 5, "arch=c000003e syscall=59 exit=0 " CURL);
			int err = put_bytes(rows[i].type, text, (size_t)len, 0);
			assert_int_equal(err, len < head - 1 ? -EBADMSG : 0);
			assemble_expire(&as, ASSEMBLE_NS);
			assert_int_equal(as.open, 0);
			n_told = 0;
		}
	}
}

static void
records_of_two_calls_may_be_mixed(void **state)
{
	(void)state;
	connect_call(20);
	put(AUDIT_SYSCALL, 21, "arch=c000003e syscall=49 success=yes exit=0 a0=4 " WHO "comm=\"nc\" exe=\"/usr/bin/nc\"");
	put(AUDIT_SOCKADDR, 21, "saddr=02001F9000000000");
	put(AUDIT_SOCKADDR, 20, "saddr=020001BBC0000201");
	eoe(21);
	eoe(20);
	assert_int_equal(n_told, 2);
	assert_int_equal(told[0].kind, EVENT_BIND);
	peer_is(&told[0], "0.0.0.0", 8080);
	has_str(&told[0], TEXT_EXECUTABLE, "/usr/bin/nc");
	assert_int_equal(told[1].kind, EVENT_CONNECT);
	peer_is(&told[1], "192.0.2.1", 443);
	has_str(&told[1], TEXT_EXECUTABLE, "/usr/bin/curl");
}

static void
a_serial_that_comes_again_at_another_time_is_another_event(void **state)
{
	(void)state;
	static const char call[] = "audit(1.000:7): arch=c000003e syscall=50 exit=0 a0=3 " CURL;

	put_bytes(AUDIT_SYSCALL, call, sizeof(call) - 1, 0);
	put(AUDIT_SYSCALL, 7, "arch=c000003e syscall=50 exit=0 a0=4 " CURL);
	assert_int_equal(as.open, 2);
	eoe(7);
	assert_int_equal(n_told, 1);
	assert_true(told[0].syscall_arg0 == 4);
}

static void
what_never_ends_is_told_after_a_while(void **state)
{
	(void)state;
	connect_call(30);
	put(AUDIT_SOCKADDR, 30, "saddr=020001BBC0000201");
	assemble_expire(&as, ASSEMBLE_NS - 1);
	assert_int_equal(n_told, 0);
	assemble_expire(&as, ASSEMBLE_NS);
	assert_int_equal(n_told, 1);
	assert_int_equal(as.open, 0);
	eoe(30);
	assemble_expire(&as, 2 * ASSEMBLE_NS);
	assert_int_equal(n_told, 1);
}

static void
a_flood_closes_the_oldest_early_and_loses_none(void **state)
{
	(void)state;
	const unsigned n = 3 * ASSEMBLE_OPEN;

	for (unsigned i = 0; i < n; i++) {
		put(AUDIT_SYSCALL, 1000 + i, "arch=c000003e syscall=50 exit=0 a0=%x " CURL, i);
		assert_int_equal(as.open, i < ASSEMBLE_OPEN ? i + 1 : ASSEMBLE_OPEN);
	}
	assert_int_equal(n_told, n - ASSEMBLE_OPEN);
	assert_int_equal(as.forced, n - ASSEMBLE_OPEN);
	for (unsigned i = 0; i < n; i++)
		eoe(1000 + i);
	assert_int_equal(n_told, n);
	assert_int_equal(as.forced, n - ASSEMBLE_OPEN);
	for (unsigned i = 0; i < n; i++)
		assert_true(told[i].syscall_arg0 == i);
}

static void
what_nobody_asked_for_takes_no_place(void **state)
{
	(void)state;
	listen_for(1ull << EVENT_CONNECT);
	for (unsigned i = 0; i < 1000; i++)
		put(AUDIT_SYSCALL, i, "arch=c000003e syscall=2 success=yes exit=3 " CURL);
	put(AUDIT_SYSCALL, 2000, "arch=c000003e syscall=49 success=yes exit=0 " CURL);
	assert_int_equal(as.open, 0);
	put(AUDIT_SOCKADDR, 2000, "saddr=020001BBC0000201");
	put(AUDIT_PATH, 2001, "item=0 name=\"x\"");
	eoe(2000);
	assert_int_equal(as.open, 0);
	connect_to(2002, "020001BBC0000201");
	assert_int_equal(n_told, 1);
	assert_true(as.forced == 0);
}

static void
records_of_other_types_are_passed_over(void **state)
{
	(void)state;
	static const unsigned types[] = { 0, 1000, 1100, 1112, 1299, 1337, 1400, 1701, 2000, UINT_MAX };

	for (size_t i = 0; i < COUNT(types); i++)
		assert_int_equal(put_bytes(types[i], "no record at all", 16, 0), 0);
	assert_int_equal(as.open, 0);
}

static void
every_call_that_rules_ask_for_is_known(void **state)
{
	(void)state;
	static const struct { const char *call; int kind; const char *name; } rows[] = {
		{ "arch=c000003e syscall=50 a0=3", EVENT_LISTEN, "listen" },
		{ "arch=c000003e syscall=101 a0=10 a1=63", EVENT_PTRACE, "ptrace" },
		{ "arch=c000003e syscall=101 a0=4206 a1=63", EVENT_PTRACE, "ptrace" },
		{ "arch=c000003e syscall=101 a0=1 a1=63", -1, "" },
		{ "arch=c000003e syscall=311 a0=63", EVENT_PTRACE, "process_vm_writev" },
		{ "arch=c000003e syscall=319 a0=7f00 a1=1", EVENT_MEMFD, "memfd_create" },
		{ "arch=c000003e syscall=313 a0=3", EVENT_MODULE, "finit_module" },
		{ "arch=c000003e syscall=176 a0=3", EVENT_MODULE, "delete_module" },
		{ "arch=c000003e syscall=321 a0=5", EVENT_BPF, "bpf" },
		{ "arch=c000003e syscall=321 a0=8", EVENT_BPF, "bpf" },
		{ "arch=c000003e syscall=321 a0=1c", EVENT_BPF, "bpf" },
		{ "arch=c000003e syscall=321 a0=1", -1, "" },
		{ "arch=c000003e syscall=310 a0=63", EVENT_PTRACE, "process_vm_readv" },
		{ "arch=c000003e syscall=438 a0=3 a1=0", EVENT_PTRACE, "pidfd_getfd" },
		{ "arch=c000003e syscall=320 a0=3", EVENT_MODULE, "kexec_file_load" },
		{ "arch=c000003e syscall=165 a0=7f00", EVENT_MOUNT, "mount" },
		{ "arch=c000003e syscall=155 a0=7f00", EVENT_MOUNT, "pivot_root" },
		{ "arch=40000003 syscall=363 a0=3", EVENT_LISTEN, "listen" },
		{ "arch=40000003 syscall=102 a0=4 a1=ffd0", EVENT_LISTEN, "listen" },
		{ "arch=40000003 syscall=102 a0=9 a1=ffd0", -1, "" },
		{ "arch=c00000b7 syscall=201 a0=3", EVENT_LISTEN, "listen" },
		{ "arch=c000003e syscall=2 a0=3", -1, "" },
		{ "arch=c000003e syscall=99999 a0=3", -1, "" },
		{ "arch=c000003e syscall=4294967295 a0=3", -1, "" },
		{ "arch=12345678 syscall=50 a0=3", -1, "" },
		{ "syscall=50 a0=3", -1, "" },
		{ "arch=c000003e a0=3", -1, "" },
	};

	for (unsigned i = 0; i < COUNT(rows); i++) {
		n_told = 0;
		put(AUDIT_SYSCALL, i, "%s exit=0 " CURL, rows[i].call);
		eoe(i);
		if (n_told != (rows[i].kind >= 0))
			fail_msg("%s: told %u times", rows[i].call, n_told);
		if (n_told) {
			assert_int_equal(told[0].kind, rows[i].kind);
			has_str(&told[0], TEXT_SYSCALL, rows[i].name);
		}
	}
}

static void
who_is_traced_is_told_by_the_kernel_or_by_the_call(void **state)
{
	(void)state;
	put(AUDIT_SYSCALL, 1, "arch=c000003e syscall=101 success=yes exit=0 a0=10 a1=1092 " CURL);
	put(AUDIT_OBJ_PID, 1, "opid=4242 oauid=1000 ouid=33 oses=2 obj=x ocomm=\"victim\"");
	put(AUDIT_OBJ_PID, 1, "opid=1 oauid=0 ouid=0 oses=1");
	eoe(1);
	assert_int_equal(told[0].target.pid, 4242);
	assert_int_equal(told[0].target.uid, 33);
	assert_true(told[0].have & HAVE_TARGET);
	put(AUDIT_SYSCALL, 2, "arch=c000003e syscall=101 success=no exit=-1 a0=10 a1=1092 " CURL);
	eoe(2);
	assert_int_equal(told[1].target.pid, 0x1092);
	assert_true(told[1].target.uid == UINT32_MAX);
	put(AUDIT_SYSCALL, 3, "arch=c000003e syscall=311 success=yes exit=8 a0=2a " CURL);
	eoe(3);
	assert_int_equal(told[2].target.pid, 42);
}

static void
a_module_and_a_program_of_bpf_are_named(void **state)
{
	(void)state;
	put(AUDIT_KERN_MODULE, 1, "name=\"too_early\"");
	put(AUDIT_SYSCALL, 1, "arch=c000003e syscall=313 success=yes exit=0 a0=3 " CURL);
	put(AUDIT_KERN_MODULE, 1, "name=6576696C20");
	eoe(1);
	assert_int_equal(told[0].kind, EVENT_MODULE);
	has_str(&told[0], TEXT_MODULE, "evil ");
	assert_true(told[0].have & HAVE_MODULE);
	/* The kernel tells of the program before it tells of the call. */
	put(AUDIT_BPF, 2, "prog-id=12 op=LOAD");
	put(AUDIT_SYSCALL, 2, "arch=c000003e syscall=321 success=yes exit=4 a0=1d " CURL);
	eoe(2);
	assert_int_equal(n_told, 2);
	assert_int_equal(told[1].kind, EVENT_BPF);
	put(AUDIT_BPF, 3, "prog-id=12 op=UNLOAD");
	eoe(3);
	assert_int_equal(n_told, 2);
	assert_int_equal(as.open, 0);
}

static void
operations_of_io_uring_are_events_of_their_own(void **state)
{
	(void)state;
	static const char op[] = "uring_op=%u success=yes exit=%d items=0 " CURL;

	put(AUDIT_URINGOP, 1, op, 16, -11);
	put(AUDIT_URINGOP, 1, op, 16, 0);		/* tried again: one event, the last result */
	put(AUDIT_URINGOP, 1, op, 57, 0);
	put(AUDIT_URINGOP, 1, op, 18, 0);		/* openat: nobody's business */
	put(AUDIT_SYSCALL, 1, "arch=c000003e syscall=426 success=yes exit=3 a0=5 " CURL);
	put(AUDIT_SOCKADDR, 1, "saddr=020001BBC0000201");
	eoe(1);
	assert_int_equal(n_told, 2);
	assert_int_equal(told[0].kind, EVENT_CONNECT);
	peer_is(&told[0], "192.0.2.1", 443);
	assert_true(told[0].result == 0 && told[0].syscall_arg0 == AUDITED_NO_FD);
	has_str(&told[0], TEXT_EXECUTABLE, "/usr/bin/curl");
	assert_int_equal(told[1].kind, EVENT_LISTEN);
	/* In a worker of the kernel there is no call around it. */
	put(AUDIT_URINGOP, 2, op, 57, 0);
	eoe(2);
	assert_int_equal(n_told, 3);
	put(AUDIT_URINGOP, 3, op, 6, 0);
	assert_int_equal(as.open, 0);
}

static void
more_operations_than_places_are_bounded(void **state)
{
	(void)state;
	for (unsigned op = 0; op < 200; op++)
		put(AUDIT_URINGOP, 1, "uring_op=%u success=yes exit=0 " CURL, op);
	put(AUDIT_SOCKADDR, 1, "saddr=020001BBC0000201");
	eoe(1);
	assert_int_equal(n_told, 5);		/* sendmsg, accept, connect, bind, listen; opens without a file are none */
	assert_int_equal(told[1].kind, EVENT_ACCEPT);
	assert_int_equal(told[1].have & HAVE_SOURCE, 0);	/* whose address it is, nobody can tell */
}

static void
who_connects_is_the_source_of_what_is_accepted(void **state)
{
	(void)state;
	static const struct { const char *saddr, *address; } rows[] = {
		{ "02008AA2C00002010000000000000000", "192.0.2.1" }, { "0A008AA20000000020010DB8000000000000000000000001", "2001:db8::1" },
		{ NULL, NULL },
	};

	for (unsigned i = 0; i < COUNT(rows); i++) {
		put(AUDIT_SYSCALL, i, "arch=c000003e syscall=288 success=yes exit=5 a0=3 a1=0 a2=0 a3=80000 items=0 " CURL);
		if (rows[i].saddr)
			put(AUDIT_SOCKADDR, i, "saddr=%s", rows[i].saddr);
		eoe(i);
		assert_int_equal(n_told, i + 1);
		assert_int_equal(told[i].kind, EVENT_ACCEPT);
		assert_int_equal(told[i].have & (HAVE_SOURCE | HAVE_PEER), rows[i].saddr ? HAVE_SOURCE : 0);
		told[i].peer = told[i].source;
		told[i].have |= rows[i].saddr ? HAVE_PEER : 0;
		if (rows[i].saddr)
			peer_is(&told[i], rows[i].address, 0x8aa2);
		assert_int_equal(told[i].result, 5);
	}
	/* A local one, which the kernel tells where it cannot be asked to leave it out. */
	put(AUDIT_SYSCALL, 9, "arch=c000003e syscall=43 success=yes exit=5 a0=3 a1=7ffd a2=7ffe " CURL);
	put(AUDIT_SOCKADDR, 9, "saddr=01002F72756E2F782E736F636B00");
	eoe(9);
	assert_int_equal(n_told, COUNT(rows));
}

static void
only_raw_and_packet_sockets_are_told(void **state)
{
	(void)state;
	static const struct { const char *call; const char *inner; int told; unsigned family; } rows[] = {
		{ "arch=c000003e syscall=41 exit=3 a0=11 a1=80002 a2=300", NULL, 1, 17 },	/* packet */
		{ "arch=c000003e syscall=41 exit=3 a0=2 a1=80803 a2=1", NULL, 1, 2 },		/* raw */
		{ "arch=c000003e syscall=41 exit=3 a0=a a1=3 a2=3a", NULL, 1, 10 },
		{ "arch=c000003e syscall=41 exit=3 a0=2 a1=a a2=300", NULL, 1, 2 },		/* packet, as in the old days */
		{ "arch=c000003e syscall=41 exit=3 a0=2c a1=3 a2=0", NULL, 1, 44 },		/* XDP */
		{ "arch=c000003e syscall=41 exit=3 a0=10 a1=80003 a2=0", NULL, 0, 0 },		/* netlink */
		{ "arch=c000003e syscall=41 exit=3 a0=2 a1=1 a2=0", NULL, 0, 0 },
		{ "arch=c000003e syscall=41 exit=3 a0=2 a1=2 a2=1", NULL, 0, 0 },		/* ping */
		{ "arch=c000003e syscall=41 exit=3 a0=a a1=a a2=0", NULL, 0, 0 },
		{ "arch=40000003 syscall=359 exit=3 a0=11 a1=3 a2=300", NULL, 1, 17 },
		{ "arch=40000003 syscall=102 exit=3 a0=1 a1=ffd0", "nargs=3 a0=2 a1=3 a2=1", 1, 2 },
		{ "arch=40000003 syscall=102 exit=3 a0=1 a1=ffd0", "nargs=3 a0=11 a1=3 a2=300", 1, 17 },
		{ "arch=40000003 syscall=102 exit=3 a0=1 a1=ffd0", "nargs=3 a0=1 a1=1 a2=0", 0, 0 },
		{ "arch=40000003 syscall=102 exit=3 a0=1 a1=ffd0", "nargs=3", 0, 0 },
		{ "arch=40000003 syscall=102 exit=3 a0=1 a1=3", NULL, 0, 0 },
	};

	for (unsigned i = 0; i < COUNT(rows); i++) {
		n_told = 0;
		put(AUDIT_SYSCALL, i, "%s " CURL, rows[i].call);
		if (rows[i].inner)
			put(AUDIT_SOCKETCALL, i, "%s", rows[i].inner);
		eoe(i);
		if (n_told != (unsigned)rows[i].told)
			fail_msg("%s: told %u times", rows[i].call, n_told);
		if (n_told) {
			assert_int_equal(told[0].kind, EVENT_SOCKET);
			assert_int_equal(told[0].syscall_arg0, rows[i].family);
			has_str(&told[0], TEXT_SYSCALL, "socket");
		}
	}
	assert_int_equal(as.open, 0);
}

static void
a_signal_is_told_with_whom_it_hits(void **state)
{
	(void)state;
	put(AUDIT_SYSCALL, 1, "arch=c000003e syscall=62 success=yes exit=0 a0=fff a1=9 a2=0 " CURL);
	put(AUDIT_OBJ_PID, 1, "opid=4095 oauid=-1 ouid=33 oses=-1 ocomm=\"sleep\"");
	eoe(1);
	assert_int_equal(n_told, 1);
	assert_int_equal(told[0].kind, EVENT_KILL);
	assert_true(told[0].target.pid == 4095 && told[0].target.uid == 33 && told[0].target.auid == UINT32_MAX && told[0].signal == 9);
	put(AUDIT_SYSCALL, 2, "arch=c000003e syscall=234 success=yes exit=0 a0=100d a1=100e a2=13 " CURL);
	put(AUDIT_OBJ_PID, 2, "opid=4110 oauid=1000 ouid=0 oses=3");
	eoe(2);
	assert_true(n_told == 2 && told[1].target.pid == 4110 && told[1].signal == 19);
	/* One that hit nobody names whom it was meant for, if that is one. */
	put(AUDIT_SYSCALL, 3, "arch=c000003e syscall=62 success=no exit=-1 a0=2a a1=f " CURL);
	eoe(3);
	assert_true(n_told == 3 && (told[2].have & HAVE_TARGET) && told[2].target.pid == 42 && told[2].result == -1);
	put(AUDIT_SYSCALL, 4, "arch=c000003e syscall=62 success=no exit=-1 a0=ffffffff a1=f " CURL);
	eoe(4);
	assert_true(n_told == 4 && !(told[3].have & HAVE_TARGET) && told[3].signal == 15);
	put(AUDIT_SYSCALL, 5, "arch=c000003e syscall=424 success=yes exit=0 a0=3 a1=9 " CURL);
	put(AUDIT_OBJ_PID, 5, "opid=7 oauid=-1 ouid=0 oses=-1");
	eoe(5);
	assert_true(n_told == 5 && told[4].target.pid == 7);
	for (unsigned sig = 0; sig < 70; sig++) {
		n_told = 0;
		put(AUDIT_SYSCALL, 100 + sig, "arch=c000003e syscall=62 success=yes exit=0 a0=2a a1=%x " CURL, sig);
		eoe(100 + sig);
		assert_int_equal(n_told, event_signal_told(sig));
	}
}

static void
a_signal_to_many_is_an_event_for_each(void **state)
{
	(void)state;
	put(AUDIT_SYSCALL, 1, "arch=c000003e syscall=62 success=yes exit=0 a0=ffffffff a1=9 " CURL);
	for (unsigned i = 0; i < 2 * AUDITED_TARGETS; i++)
		put(AUDIT_OBJ_PID, 1, "opid=%u oauid=-1 ouid=0 oses=-1", 100 + i);
	eoe(1);
	assert_int_equal(n_told, AUDITED_TARGETS);
	for (int i = 0; i < AUDITED_TARGETS; i++)
		assert_int_equal(told[i].target.pid, 100 + i);
}

#define FILE_OF(name, mode, dev, rdev)	"item=0 name=" name " inode=94 dev=" dev " mode=" mode " ouid=0 ogid=6 rdev=" rdev " nametype=NORMAL"

static void
an_open_is_told_when_it_is_of_a_disk_or_of_memory(void **state)
{
	(void)state;
	static const struct { unsigned call; const char *path; int kind, target; } rows[] = {
		{ 257, FILE_OF("\"/dev/vda\"", "060660", "00:06", "fe:00"), EVENT_RAW_READ, 0 },
		{ 2, FILE_OF("\"/home/u/x\"", "060600", "fe:00", "08:01"), EVENT_RAW_READ, 0 },
		{ 437, FILE_OF("\"/dev/vda\"", "060660", "00:06", "fe:00"), EVENT_RAW_READ, 0 },
		{ 304, FILE_OF("\"\"", "060660", "00:06", "fe:00"), EVENT_RAW_READ, 0 },
		{ 257, FILE_OF("\"/dev/mem\"", "020640", "00:06", "01:01"), EVENT_RAW_READ, 0 },
		{ 257, FILE_OF("\"/tmp/port\"", "020640", "00:21", "01:04"), EVENT_RAW_READ, 0 },
		{ 257, FILE_OF("\"/dev/null\"", "020666", "00:01", "01:03"), -1, 0 },
		{ 257, FILE_OF("\"/dev/zero\"", "020666", "00:04", "01:05"), -1, 0 },
		{ 257, FILE_OF("\"/etc/passwd\"", "0100644", "fe:00", "00:00"), -1, 0 },
		{ 257, FILE_OF("\"/proc/1387/mem\"", "0100600", "00:15", "00:00"), EVENT_PTRACE, 1387 },
		{ 257, FILE_OF("2F70726F632F313338372F7461736B2F313430302F6D656D", "0100600", "00:15", "00:00"), EVENT_PTRACE, 1387 },
		{ 257, FILE_OF("\"/proc/self/mem\"", "0100600", "00:15", "00:00"), EVENT_PTRACE, 1234 },
		{ 257, FILE_OF("\"../1387/mem\"", "0100600", "00:15", "00:00"), EVENT_PTRACE, 1387 },
		{ 257, FILE_OF("\"mem\"", "0100600", "00:15", "00:00"), EVENT_PTRACE, 0 },
		{ 257, FILE_OF("\"/proc/1387/oom_score_adj\"", "0100644", "00:15", "00:00"), -1, 0 },
		{ 257, FILE_OF("\"/proc/1387/xmem\"", "0100600", "00:15", "00:00"), -1, 0 },
		{ 257, FILE_OF("\"/home/u/12/mem\"", "0100644", "fe:00", "00:00"), -1, 0 },
		{ 257, "item=0 name=(null)", -1, 0 },
	};

	for (unsigned i = 0; i < COUNT(rows); i++) {
		n_told = 0;
		put(AUDIT_SYSCALL, i, "arch=c000003e syscall=%u success=yes exit=3 a0=ffffff9c a1=7ffd " CURL, rows[i].call);
		put(AUDIT_CWD, i, "cwd=\"/home/u\"");
		put(AUDIT_PATH, i, "%s", rows[i].path);
		eoe(i);
		if ((n_told ? (int)told[0].kind : -1) != rows[i].kind)
			fail_msg("%s: told %u times", rows[i].path, n_told);
		if (rows[i].kind == EVENT_PTRACE)
			assert_true(rows[i].target ? told[0].target.pid == rows[i].target : !(told[0].have & HAVE_TARGET));
	}
	put(AUDIT_SYSCALL, 99, "arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7ffd " CURL);
	eoe(99);
	assert_int_equal(as.open, 0);
}

static void
a_harmless_file_hides_no_disk(void **state)
{
	(void)state;
	/* Made if it is not there: the directory comes first. */
	put(AUDIT_SYSCALL, 1, "arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7ffd " CURL);
	put(AUDIT_PATH, 1, "item=0 name=\"/dev/\" inode=1 dev=00:06 mode=040755 ouid=0 ogid=0 rdev=00:00 nametype=PARENT");
	put(AUDIT_PATH, 1, "item=1 name=\"/dev/vda\" inode=94 dev=00:06 mode=060660 ouid=0 ogid=6 rdev=fe:00 nametype=NORMAL");
	eoe(1);
	assert_int_equal(n_told, 1);
	has_str(&told[0], TEXT_FILE_PATH, "/dev/vda");
	assert_true((told[0].have & HAVE_ATTRIBUTES) && told[0].file.mode == 060660 && told[0].file.gid == 6);
	/* Several at once, by io_uring. */
	for (int order = 0; order < 2; order++) {
		put(AUDIT_URINGOP, 2, "uring_op=18 success=yes exit=0 items=2 " CURL);
		put(AUDIT_SYSCALL, 2, "arch=c000003e syscall=426 success=yes exit=2 a0=3 " CURL);
		for (int i = 0; i < 2; i++)
			put(AUDIT_PATH, 2, "item=%d name=\"%s\" inode=9 dev=00:06 mode=%s ouid=0 ogid=0 rdev=08:00 nametype=NORMAL", i,
			    i == order ? "/tmp/x" : "/dev/sda", i == order ? "0100644" : "060660");
		eoe(2);
		assert_int_equal(n_told, 2 + (unsigned)order);
		has_str(&told[1 + order], TEXT_FILE_PATH, "/dev/sda");
	}
}

static void
changes_of_audit_without_an_end_cost_nobody_his_place(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * ASSEMBLE_OPEN; i++)
		put(AUDIT_CONFIG_CHANGE, i, "auid=4294967295 ses=4294967295 op=add_rule key=\"yett-1\" list=4 res=1");
	assert_int_equal(as.open, ASSEMBLE_OPEN);
	for (unsigned i = 0; i < ASSEMBLE_OPEN; i++)
		connect_to(1000 + i, "020001BBC0000201");
	assert_int_equal(n_told, ASSEMBLE_OPEN);
	assert_true(as.forced == 0);
	assert_int_equal(n_config, ASSEMBLE_OPEN + 1);
}

static void
a_change_of_audit_itself_is_always_told(void **state)
{
	(void)state;
	listen_for(0);
	put(AUDIT_CONFIG_CHANGE, 1, "auid=1000 ses=1 op=remove_rule key=\"yett\" list=4 res=1");
	put(AUDIT_SYSCALL, 1, "arch=c000003e syscall=44 success=yes exit=60 a0=3 " CURL);
	eoe(1);
	assert_int_equal(n_config, 1);
	put(AUDIT_CONFIG_CHANGE, 2, "auid=1000 ses=1 op=remove_rule res=1");
	assemble_expire(&as, ASSEMBLE_NS);
	assert_int_equal(n_config, 2);
	assert_int_equal(n_told, 0);
}

static void
a_mount_has_the_place_where_it_was_made(void **state)
{
	(void)state;
	static const struct { const char *cwd, *name, *want; } rows[] = {
		{ "\"/home/u\"", "\"/mnt\"", "/mnt" }, { "\"/home/u\"", "\"mnt\"", "/home/u/mnt" }, { "\"/\"", "\"mnt\"", "/mnt" },
		{ "(null)", "\"mnt\"", "mnt" }, { "\"/home/u\"", "(null)", "" },
	};

	for (unsigned i = 0; i < COUNT(rows); i++) {
		put(AUDIT_SYSCALL, i, "arch=c000003e syscall=165 success=yes exit=0 a0=7f00 " CURL);
		put(AUDIT_CWD, i, "cwd=%s", rows[i].cwd);
		put(AUDIT_PATH, i, "item=0 name=%s inode=2 dev=00:05 mode=040755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL", rows[i].name);
		eoe(i);
		has_str(&told[i], TEXT_FILE_PATH, rows[i].want);
		assert_int_equal((told[i].have & HAVE_FILE) != 0, rows[i].want[0] != '\0');
	}
}

static void
texts_that_are_too_long_are_cut_and_flagged(void **state)
{
	(void)state;
	static char path[AUDITED_PATH + 10];

	memset(path, 'x', sizeof(path) - 1);
	put(AUDIT_SYSCALL, 1, "arch=c000003e syscall=165 exit=0 " WHO "comm=\"%.80s\" exe=\"/%s\"", path, path);
	put(AUDIT_CWD, 1, "cwd=\"/%s\"", path);
	put(AUDIT_PATH, 1, "item=0 name=\"%s\"", path);
	eoe(1);
	assert_true(told[0].flags & FLAG_PATH_CUT);
	assert_int_equal(told[0].text[TEXT_EXECUTABLE].len, AUDITED_PATH);
	assert_int_equal(told[0].text[TEXT_FILE_PATH].len, 2 * AUDITED_PATH + 1);
	assert_int_equal(told[0].text[TEXT_COMM].len, 64);
}

/* bound.c */

static void
an_address_is_found_by_process_and_descriptor(void **state)
{
	(void)state;
	static struct bounds b;
	struct peer one = { .family = AF_INET, .port = 80 }, two = { .family = AF_INET6, .port = 81 };

	memset(&b, 0, sizeof(b));
	assert_null(bound_find(&b, 0, 0));
	bound_put(&b, 10, 3, &one);
	bound_put(&b, 11, 3, &two);
	assert_int_equal(bound_find(&b, 10, 3)->port, 80);
	assert_int_equal(bound_find(&b, 11, 3)->port, 81);
	assert_null(bound_find(&b, 10, 4));
	bound_put(&b, 10, 3, &two);		/* the last one counts */
	assert_int_equal(bound_find(&b, 10, 3)->port, 81);
	for (int i = 0; i < BOUND_MAX; i++)
		bound_put(&b, 1000 + i, 3, &one);
	assert_null(bound_find(&b, 10, 3));
	assert_non_null(bound_find(&b, 1000, 3));
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

/* The last of the tests: all others have seen what there is. */
static void
events_carry_what_the_language_says_and_nothing_else(void **state)
{
	(void)state;
	uint32_t common = HAVE_ALL;	/* of any process: the gate finds it out */

	for (int k = 0; k < EVENT__MAX; k++)
		common &= field_carried((enum event_kind)k);
	for (int k = 0; k < EVENT__MAX; k++) {
		uint32_t can = field_carried((enum event_kind)k), must = can & ~common;
		if (k == EVENT_DNS)
			continue;	/* audit only helps to tell who asks: see watch/asker.h */
		if (!carried[k] && event_kind_sensor((enum event_kind)k) != SENSOR_AUDIT)
			continue;
		if (!(can & HAVE_SYSCALL))
			continue;		/* programs tell of it: test_logons */
		/* What a file contains, the environment, the own end of a connection and where a socket listens stand in no record: others look. */
		must &= ~(uint32_t)(HAVE_ENV | HAVE_HASH | HAVE_CONTENT | HAVE_SOURCE | (k == EVENT_MEMFD ? HAVE_FILE | HAVE_ATTRIBUTES : 0) |
		    (k == EVENT_LISTEN || k == EVENT_ACCEPT ? HAVE_PEER : 0));
		if ((carried[k] & ~can) || (must & ~carried[k]))
			fail_msg("%s: %#x, and it is said to have %#x", event_kind_name((enum event_kind)k), carried[k], can);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_whole_frame_is_read),
		cmocka_unit_test(a_record_may_be_as_long_as_the_kernel_makes_them),
		cmocka_unit_test(pairs_are_read_one_by_one),
		cmocka_unit_test(numbers_are_whole_or_none),
		cmocka_unit_test(foreign_text_is_quoted_or_hex),
		TEST(a_connect_is_one_event_with_its_address),
		TEST(addresses_are_read_as_the_kernel_has_them),
		TEST(a_connect_without_an_address_of_the_network_is_no_event),
		TEST(an_exec_has_program_arguments_directory_and_file),
		TEST(arguments_over_several_records_are_put_together),
		TEST(arguments_that_are_too_long_are_cut_and_counted),
		TEST(lengths_and_numbers_that_lie_change_nothing_else),
		TEST(a_record_that_is_cut_anywhere_does_no_harm),
		TEST(records_of_two_calls_may_be_mixed),
		TEST(a_serial_that_comes_again_at_another_time_is_another_event),
		TEST(what_never_ends_is_told_after_a_while),
		TEST(a_flood_closes_the_oldest_early_and_loses_none),
		TEST(what_nobody_asked_for_takes_no_place),
		TEST(records_of_other_types_are_passed_over),
		TEST(every_call_that_rules_ask_for_is_known),
		TEST(who_is_traced_is_told_by_the_kernel_or_by_the_call),
		TEST(a_module_and_a_program_of_bpf_are_named),
		TEST(operations_of_io_uring_are_events_of_their_own),
		TEST(more_operations_than_places_are_bounded),
		TEST(who_connects_is_the_source_of_what_is_accepted),
		TEST(only_raw_and_packet_sockets_are_told),
		TEST(a_signal_is_told_with_whom_it_hits),
		TEST(a_signal_to_many_is_an_event_for_each),
		TEST(an_open_is_told_when_it_is_of_a_disk_or_of_memory),
		TEST(a_harmless_file_hides_no_disk),
		TEST(changes_of_audit_without_an_end_cost_nobody_his_place),
		TEST(a_change_of_audit_itself_is_always_told),
		TEST(a_mount_has_the_place_where_it_was_made),
		TEST(texts_that_are_too_long_are_cut_and_flagged),
		cmocka_unit_test(an_address_is_found_by_process_and_descriptor),
		cmocka_unit_test(events_carry_what_the_language_says_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
