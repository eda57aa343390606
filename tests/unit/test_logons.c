#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
/* Watch is a process, not a library: what reads audit is taken in whole. */
#include "watch/assemble.c"
#include "watch/audit.c"
#include "watch/bound.c"
#include "watch/logons.c"
#include "watch/outbox.c"
#include "watch/record.c"
#include "watch/said.c"
#include "watch/translate.c"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KERNEL	"pid=812 uid=0 auid=4294967295 ses=4294967295 subj=unconfined msg='"
#define SSHD	" exe=\"/usr/sbin/sshd\" hostname=192.0.2.7 addr=192.0.2.7 terminal=ssh res="
#define ALL	UINT64_MAX

static struct logons logons;
static struct event ev;

static int
begin(void **state)
{
	(void)state;
	memset(&logons, 0, sizeof(logons));
	return 0;
}

/* As it comes from the kernel, from memory without a byte to spare. MILLIS: of the clock, in the record. */
static int
take_at(unsigned millis, unsigned type, const char *body)
{
	char head[64];
	struct record r;
	size_t n = (size_t)snprintf(head, sizeof(head), "audit(17324406%02u.%03u:7): ", millis / 1000, millis % 1000), m = strlen(body);
	char *exact = malloc(n + m);

	assert_non_null(exact);
	memcpy(exact, head, n);
	memcpy(exact + n, body, m);
	int err = record_parse(&r, type, exact, n + m);
	if (!err)
		err = logons_take(&logons, &r, ALL, 1000000ull * millis, &ev);
	free(exact);
	return err;
}

/* The same of what waits for a file that says more. */
static int
take_account_at(unsigned millis, unsigned type, const char *body)
{
	int err = take_at(millis, type, body);

	return err == -ENOMSG && logons_due(&logons, UINT64_MAX, &ev) ? 0 : err;
}

static int
take(unsigned type, const char *body)
{
	return take_at(0, type, body);
}

static void
has(enum event_text which, const char *want)
{
	size_t n;
	const char *s = event_text(&ev, which, &n);

	if (n != strlen(want) || memcmp(s, want, n))
		fail_msg("text %d is '%.*s', not '%s'", which, (int)n, s, want);
}

static void
comes_from(const char *address)
{
	char text[INET6_ADDRSTRLEN];

	assert_true(ev.have & HAVE_SOURCE);
	assert_non_null(inet_ntop(ev.source.family, ev.source.addr, text, sizeof(text)));
	assert_string_equal(text, address);
}

static void
a_log_on_says_who_where_and_from_where(void **state)
{
	(void)state;
	assert_int_equal(take(AUDIT_USER_LOGIN, "pid=812 uid=0 auid=1000 ses=3 msg='op=login acct=\"alice\"" SSHD "success'"), 0);
	assert_int_equal(ev.kind, EVENT_LOGON);
	assert_int_equal(ev.sensor, SENSOR_AUDIT);
	assert_int_equal(ev.have, HAVE_PROCESS | HAVE_AUID | HAVE_RESULT | HAVE_ACCOUNT | HAVE_TTY | HAVE_SOURCE);
	assert_true(ev.process.pid == 812 && ev.process.auid == 1000 && ev.process.session == 3 && ev.result == 0);
	has(TEXT_ACCOUNT, "alice");
	has(TEXT_TTY, "ssh");
	has(TEXT_EXECUTABLE, "/usr/sbin/sshd");
	comes_from("192.0.2.7");
	assert_int_equal(ev.account_id, UINT32_MAX);
	static struct event copy;
	assert_int_equal(event_from_wire(&copy, &ev, event_wire_size(&ev)), 0);
}

static void
each_record_means_what_it_means(void **state)
{
	(void)state;
	static const struct { unsigned type; const char *op, *res; int kind; const char *object, *change; } rows[] = {
		{ AUDIT_USER_START, "PAM:session_open", "success", EVENT_LOGON, "", "" },
		{ AUDIT_USER_START, "PAM:session_open", "failed", EVENT_LOGON_FAILED, "", "" },
		{ AUDIT_USER_START, "other", "success", -1, "", "" },
		{ AUDIT_USER_LOGIN, "login", "1", EVENT_LOGON, "", "" },
		{ AUDIT_USER_LOGIN, "login", "0", EVENT_LOGON_FAILED, "", "" },
		{ AUDIT_USER_AUTH, "PAM:authentication", "failed", EVENT_LOGON_FAILED, "", "" },
		{ AUDIT_USER_AUTH, "PAM:authentication", "success", -1, "", "" },
		{ AUDIT_USER_ACCT, "PAM:accounting", "failed", EVENT_LOGON_FAILED, "", "" },
		{ AUDIT_USER_ERR, "PAM:bad_ident", "failed", EVENT_LOGON_FAILED, "", "" },
		{ AUDIT_ANOM_LOGIN_FAILURES, "pam_faillock", "success", EVENT_LOGON_FAILED, "", "" },
		{ AUDIT_USER_END, "PAM:session_close", "success", EVENT_LOGOFF, "", "" },
		{ AUDIT_USER_LOGOUT, "login", "success", EVENT_LOGOFF, "", "" },
		{ AUDIT_CRED_DISP, "PAM:setcred", "success", -1, "", "" },
		{ AUDIT_ADD_USER, "add-user", "success", EVENT_ACCOUNT, "user", "added" },
		{ AUDIT_ADD_USER, "add-user", "failed", -1, "", "" },
		{ AUDIT_DEL_USER, "delete-user", "success", EVENT_ACCOUNT, "user", "removed" },
		{ AUDIT_USER_MGMT, "changing-home-dir", "success", EVENT_ACCOUNT, "user", "changed" },
		{ AUDIT_USER_CHAUTHTOK, "PAM:chauthtok", "success", EVENT_ACCOUNT, "password", "changed" },
		{ AUDIT_ADD_GROUP, "add-group", "success", EVENT_ACCOUNT, "group", "added" },
		{ AUDIT_DEL_GROUP, "delete-group", "success", EVENT_ACCOUNT, "group", "removed" },
		{ AUDIT_GRP_MGMT, "add-user-to-group", "success", EVENT_ACCOUNT, "group", "changed" },
		{ AUDIT_ACCT_LOCK, "passwd", "success", EVENT_ACCOUNT, "user", "locked" },
		{ AUDIT_ACCT_UNLOCK, "passwd", "success", EVENT_ACCOUNT, "user", "unlocked" },
	};
	char body[512];

	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(NULL);
		snprintf(body, sizeof(body), KERNEL "op=%s acct=\"alice\" exe=\"/usr/bin/x\" hostname=? addr=? terminal=? res=%s'", rows[i].op,
		    rows[i].res);
		int err = take_account_at(0, rows[i].type, body);
		if (err != (rows[i].kind < 0 ? -ENOMSG : 0))
			fail_msg("%u %s %s: %d", rows[i].type, rows[i].op, rows[i].res, err);
		if (err)
			continue;
		assert_int_equal(ev.kind, rows[i].kind);
		assert_int_equal(ev.have & (HAVE_SOURCE | HAVE_TTY), 0);
		has(TEXT_CHANGE_OBJECT, rows[i].object);
		has(TEXT_CHANGE_TYPE, rows[i].change);
		has(TEXT_ACCOUNT, "alice");
		has(TEXT_CHANGE_ENTRY, rows[i].object[0] ? "alice" : "");
		if (ev.have & HAVE_RESULT)
			assert_int_equal(ev.result, ev.kind == EVENT_LOGON_FAILED && rows[i].type != AUDIT_ANOM_LOGIN_FAILURES ? -EACCES : 0);
	}
}

static void
a_service_is_named_with_its_kind(void **state)
{
	(void)state;
	static const char text[] = "pid=1 uid=0 auid=4294967295 ses=4294967295 msg='unit=cron comm=\"systemd\" exe=\"/usr/lib/systemd/systemd\" "
	    "hostname=? addr=? terminal=? res=success'";

	for (int i = 0; i < 2; i++) {		/* started again at once: told again */
		assert_int_equal(take(AUDIT_SERVICE_START, text), 0);
		assert_int_equal(ev.kind, EVENT_SERVICE);
		has(TEXT_CHANGE_ENTRY, "cron.service");
		has(TEXT_CHANGE_OBJECT, "unit");
		has(TEXT_CHANGE_TYPE, "started");
	}
	assert_int_equal(take(AUDIT_SERVICE_STOP, text), 0);
	has(TEXT_CHANGE_TYPE, "stopped");
}

/* Of one log-on at sshd, in its order. */
static void
one_log_on_is_told_once(void **state)
{
	(void)state;
	static const struct { unsigned millis, type; const char *body; int err; } rows[] = {
		{ 0, AUDIT_USER_AUTH, KERNEL "op=PAM:authentication grantors=pam_unix acct=\"alice\"" SSHD "success'", -ENOMSG },
		{ 10, AUDIT_USER_ACCT, KERNEL "op=PAM:accounting grantors=pam_permit acct=\"alice\"" SSHD "success'", -ENOMSG },
		{ 20, AUDIT_LOGIN, "pid=812 uid=0 subj=unconfined old-auid=4294967295 auid=1000 tty=(none) old-ses=4294967295 ses=3 res=1", -ENOMSG },
		{ 30, AUDIT_USER_START, "pid=812 uid=0 auid=1000 ses=3 msg='op=PAM:session_open grantors=x acct=\"alice\"" SSHD "success'", 0 },
		{ 90, AUDIT_USER_LOGIN, "pid=815 uid=0 auid=1000 ses=3 msg='op=login id=1000" SSHD "success'", -ENOMSG },
		/* Another session, and the same once more. */
		{ 95, AUDIT_USER_START, "pid=912 uid=0 auid=1000 ses=4 msg='op=PAM:session_open grantors=x acct=\"alice\"" SSHD "success'", 0 },
		{ 99, AUDIT_USER_START, "pid=912 uid=0 auid=1000 ses=4 msg='op=PAM:session_open grantors=x acct=\"root\"" SSHD "success'", 0 },
		{ 1100, AUDIT_USER_LOGIN, "pid=812 uid=0 auid=1000 ses=3 msg='op=login id=1000" SSHD "success'", 0 },
		{ 5000, AUDIT_USER_END, "pid=812 uid=0 auid=1000 ses=3 msg='op=PAM:session_close grantors=x acct=\"alice\"" SSHD "success'", 0 },
		{ 5010, AUDIT_USER_LOGOUT, "pid=812 uid=0 auid=1000 ses=3 msg='op=login id=1000" SSHD "success'", -ENOMSG },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		int err = take_at(rows[i].millis, rows[i].type, rows[i].body);
		if (err != rows[i].err)
			fail_msg("%s: %d", rows[i].body, err);
	}
	assert_false(logons_wait(&logons));
}

static void
each_wrong_password_is_told_once(void **state)
{
	(void)state;
	static const char auth[] = KERNEL "op=PAM:authentication grantors=? acct=\"alice\"" SSHD "failed'";
	static const char login[] = KERNEL "op=login acct=\"(unknown)\"" SSHD "failed'";
	unsigned n = 0;

	for (unsigned i = 0; i < 5; i++) {
		n += take_at(i * 100, AUDIT_USER_AUTH, auth) == 0;
		n += take_at(i * 100 + 50, AUDIT_USER_LOGIN, login) == 0;
	}
	assert_int_equal(n, 5);
	/* A name that nobody has. */
	begin(NULL);
	assert_int_equal(take_at(9000, AUDIT_USER_LOGIN, login), 0);
	assert_int_equal(ev.have & HAVE_ACCOUNT, 0);
	has(TEXT_ACCOUNT, "");
	comes_from("192.0.2.7");
}

static void
an_account_tool_that_says_it_thrice_is_told_once(void **state)
{
	(void)state;
	static const char text[] = KERNEL "op=changing-shell acct=\"alice\" exe=\"/usr/sbin/usermod\" hostname=? addr=? terminal=? res=success'";
	static const char by_id[] = KERNEL "op=adding user id=1001 exe=\"/usr/sbin/useradd\" hostname=? addr=? terminal=? res=success'";

	assert_int_equal(take_account_at(0, AUDIT_USER_MGMT, text), 0);
	assert_int_equal(take_account_at(1, AUDIT_USER_MGMT, text), -ENOMSG);
	assert_int_equal(take_account_at(2, AUDIT_USER_CHAUTHTOK, text), 0);
	assert_int_equal(take_account_at(3, AUDIT_USER_MGMT, text), -ENOMSG);
	assert_int_equal(take_account_at(4, AUDIT_ADD_USER, by_id), 0);
	assert_true(ev.account_id == 1001 && (ev.have & HAVE_ACCOUNT));
}

static void
file_says(const char *object, const char *type, const char *name, uint32_t id, unsigned millis)
{
	event_init(&ev, EVENT_ACCOUNT, SENSOR_FACTS);
	ev.wall_ns = 1732440600 * NS_PER_SEC + millis * NS_PER_MS;
	ev.account_id = id;
	event_set_str(&ev, TEXT_CHANGE_OBJECT, object);
	event_set_str(&ev, TEXT_CHANGE_TYPE, type);
	event_set_str(&ev, TEXT_CHANGE_ENTRY, name);
	logons_fact(&logons, &ev);
}

static void
what_files_and_programs_say_of_an_account_is_told_once(void **state)
{
	(void)state;
	static const char by_name[] = KERNEL "op=x acct=\"bob\" exe=\"/usr/sbin/useradd\" hostname=? addr=? terminal=? res=success'";
	static const char by_id[] = KERNEL "op=adding user id=1001 exe=\"/usr/sbin/useradd\" hostname=? addr=? terminal=? res=success'";
	static const struct { const char *said; unsigned type, at; const char *object, *change, *name; uint32_t id; bool same; } rows[] = {
		{ by_name, AUDIT_ADD_USER, 100, "user", "added", "bob", 1001, true },
		{ by_id, AUDIT_ADD_USER, 100, "user", "added", "bob", 1001, true },
		{ by_id, AUDIT_ADD_USER, 100, "user", "added", "bob", 1002, false },
		{ by_id, AUDIT_ADD_GROUP, 100, "group", "added", "bob", UINT32_MAX, true },
		{ by_name, AUDIT_ADD_USER, 100, "user", "added", "bobby", 1001, false },
		{ by_name, AUDIT_ADD_USER, 100, "user", "removed", "bob", 1001, false },
		{ by_name, AUDIT_ADD_USER, 100, "group", "added", "bob", 1001, false },
		{ by_name, AUDIT_ADD_USER, 1999, "user", "added", "bob", 1001, true },
		{ by_name, AUDIT_ADD_USER, 2000, "user", "added", "bob", 1001, false },
		{ by_name, AUDIT_USER_CHAUTHTOK, 100, "password", "changed", "bob", 1001, true },
		{ by_name, AUDIT_ADD_USER, 100, "sudoers", "added", "bob", 1001, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		/* The program first. */
		begin(NULL);
		assert_int_equal(take(rows[i].type, rows[i].said), -ENOMSG);
		file_says(rows[i].object, rows[i].change, rows[i].name, rows[i].id, rows[i].at);
		if ((ev.sensors == (1u << SENSOR_FACTS | 1u << SENSOR_AUDIT)) != rows[i].same)
			fail_msg("row %zu: sensors %#x", i, ev.sensors);
		assert_int_equal(logons_due(&logons, UINT64_MAX, &ev), !rows[i].same);
		/* The file first. */
		begin(NULL);
		file_says(rows[i].object, rows[i].change, rows[i].name, rows[i].id, rows[i].at);
		assert_int_equal(take(rows[i].type, rows[i].said), -ENOMSG);
		assert_int_equal(logons_due(&logons, UINT64_MAX, &ev), !rows[i].same);
	}
}

/* What the kernel alone tells waits for what a program may say. */
static void
a_session_that_no_program_tells_of_is_told(void **state)
{
	(void)state;
	static const char login[] = "pid=812 uid=0 old-auid=4294967295 auid=1000 tty=(none) old-ses=4294967295 ses=3 res=1";

	assert_int_equal(take_at(0, AUDIT_LOGIN, login), -ENOMSG);
	assert_true(logons_wait(&logons));
	assert_false(logons_due(&logons, LOGONS_NS - 1, &ev));
	assert_true(logons_due(&logons, LOGONS_NS, &ev));
	assert_false(logons_due(&logons, LOGONS_NS, &ev));
	assert_int_equal(ev.kind, EVENT_LOGON);
	assert_true(ev.account_id == 1000 && ev.process.pid == 812 && ev.process.session == 3 && (ev.have & HAVE_ACCOUNT));
	/* When many begin at once, none is lost. */
	unsigned told_early = 0, told_later = 0;
	char body[256];
	for (int i = 0; i < 3 * LOGONS_HELD; i++) {
		snprintf(body, sizeof(body), "pid=%d uid=0 old-auid=4294967295 auid=1000 tty=(none) old-ses=4294967295 ses=%d res=1", 1000 + i, 100 + i);
		told_early += take_at(2000 + (unsigned)i, AUDIT_LOGIN, body) == 0;
	}
	while (logons_due(&logons, UINT64_MAX, &ev))
		told_later++;
	assert_true(told_early == 2 * LOGONS_HELD && told_later == LOGONS_HELD);
	/* One that was refused is none. */
	assert_int_equal(take(AUDIT_LOGIN, "pid=812 uid=0 old-auid=4294967295 auid=1000 tty=(none) old-ses=4294967295 ses=3 res=0"), -ENOMSG);
	assert_false(logons_wait(&logons));
}

static void
addresses_are_addresses_or_nothing(void **state)
{
	(void)state;
	static const struct { const char *text, *address; } rows[] = {
		{ "192.0.2.7", "192.0.2.7" }, { "2001:db8::7", "2001:db8::7" }, { "::ffff:192.0.2.7", "192.0.2.7" }, { "?", NULL },
		{ "UNKNOWN", NULL }, { "192.0.2", NULL }, { "192.0.2.7.", NULL }, { "host.example", NULL },
		{ "\"192.0.2.7\"", "192.0.2.7" }, { "", NULL },
		{ "fe80::1%eth0", NULL }, { "192.0.2.7 addr=192.0.2.8", NULL },
		{ "1111111111111111111111111111111111111111111111111111111111", NULL },
	};
	char body[512];

	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(NULL);
		snprintf(body, sizeof(body), KERNEL "op=login acct=\"a\" exe=\"/x\" hostname=? addr=%s terminal=ssh res=success'", rows[i].text);
		assert_int_equal(take(AUDIT_USER_LOGIN, body), 0);
		if (rows[i].address)
			comes_from(rows[i].address);
		else
			assert_int_equal(ev.have & HAVE_SOURCE, 0);
	}
}

/* Names come from whoever knocks. */
static void
what_a_name_says_of_others_is_not_believed(void **state)
{
	(void)state;
	static const struct { const char *inside, *account, *terminal; int err; bool good; } rows[] = {
		{ "op=login acct=6576696C20 exe=\"/x\" hostname=? addr=? terminal=pts/1 res=failed", "evil ", "pts/1", 0, false },
		{ "op=login acct=\"x res=success\" exe=\"/x\" hostname=? addr=? terminal=pts/1 res=failed", "x res=success", "pts/1", 0, false },
		{ "op=login acct=\"root\" acct=\"alice\" exe=\"/x\" hostname=? addr=? terminal=pts/1 res=failed", "", "pts/1", 0, false },
		{ "op=login acct=\"alice\" exe=\"/x\" hostname=a terminal=pts/9 addr=? terminal=pts/1 res=failed", "alice", "", 0, false },
		{ "op=login acct=\"alice\" exe=\"/x\" hostname=a res=success addr=? terminal=pts/1 res=failed", "alice", "pts/1", 0, false },
		{ "op=login acct=alice exe=\"/x\" hostname=? addr=? terminal=pts/1 res=failed", "", "pts/1", 0, false },
		{ "op=login acct=\"\" exe=\"/x\" hostname=? addr=? terminal=\x01 res=failed", "", "", 0, false },
		{ "op=login acct=(null) exe=\"/x\" hostname=? addr=? terminal=? res=failed", "", "", 0, false },
		{ "op=login acct=\"alice\" exe=\"/x\" terminal=pts/1 res=maybe", "", "", -EBADMSG, false },
		{ "op=login acct=\"alice\" exe=\"/x\" terminal=pts/1", "", "", -EBADMSG, false },
		{ "op=login acct=\"alice res=success", "alice", "", 0, true },
		{ "", "", "", -EBADMSG, false },
	};
	char body[512];

	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(NULL);
		snprintf(body, sizeof(body), KERNEL "%s'", rows[i].inside);
		int err = take(AUDIT_USER_LOGIN, body);
		if (err != rows[i].err)
			fail_msg("%s: %d", rows[i].inside, err);
		if (err)
			continue;
		assert_int_equal(ev.kind, rows[i].good ? EVENT_LOGON : EVENT_LOGON_FAILED);
		if (rows[i].good)
			continue;
		has(TEXT_ACCOUNT, rows[i].account);
		has(TEXT_TTY, rows[i].terminal);
	}
}

/* What the kernel says stands before the quotes, whatever stands between them. */
static void
only_the_kernel_says_who_told(void **state)
{
	(void)state;
	static const char *const broken[] = {
		"", "pid=812", "pid=812 uid=0 auid=1 ses=1", "msg='op=login acct=\"a\" pid=812 res=success'", "pid=0 uid=0 msg='op=login res=success'",
		"pid=-1 uid=0 auid=0 ses=1 msg='op=login res=success'", "pid=812 uid=0 auid=0 ses=1 msg='op=login res=success", "pid=812 uid=0 msg='",
		"pid=812 uid=0 auid=0 ses=1 msg=op=login res=success'", "pid=99999999999 uid=0 auid=0 ses=1 msg='op=login res=success'", "msg=''",
		" msg='", "'",
	};

	for (size_t i = 0; i < COUNT(broken); i++)
		if (take(AUDIT_USER_LOGIN, broken[i]) != -EBADMSG)
			fail_msg("'%s' is read", broken[i]);
	assert_int_equal(take(AUDIT_USER_LOGIN, "pid=812 uid=7 auid=8 ses=9 msg='op=login pid=1 uid=0 auid=0 ses=1 acct=\"a\" res=success'\n"), 0);
	assert_true(ev.process.pid == 812 && ev.process.uid == 7 && ev.process.auid == 8 && ev.process.session == 9);
}

static void
a_record_that_is_cut_anywhere_does_no_harm(void **state)
{
	(void)state;
	static const char whole[] = KERNEL "op=login acct=\"alice\"" SSHD "success'";
	char part[sizeof(whole)];

	for (size_t n = 0; n < sizeof(whole); n++) {
		begin(NULL);
		memcpy(part, whole, n);
		part[n] = '\0';
		assert_int_equal(take(AUDIT_USER_LOGIN, part), n == sizeof(whole) - 1 ? 0 : -EBADMSG);
	}
}

static void
long_texts_are_cut(void **state)
{
	(void)state;
	static char body[8000];
	size_t n = (size_t)snprintf(body, sizeof(body), KERNEL "op=login acct=\"");

	memset(body + n, 'a', 1000);
	snprintf(body + n + 1000, 200, "\" exe=\"/x\" hostname=? addr=? terminal=");
	n = strlen(body);
	memset(body + n, 'b', 1000);
	snprintf(body + n + 1000, 200, " res=success'");
	assert_int_equal(take(AUDIT_USER_LOGIN, body), 0);
	assert_int_equal(ev.text[TEXT_ACCOUNT].len, SAID_NAME);
	assert_int_equal(ev.text[TEXT_TTY].len, 0);
}

/* Records come from the kernel, whose port is 0. */
static void
what_another_process_sends_is_refused(void **state)
{
	(void)state;
	static struct listener hearing;
	static struct packets packets;
	static struct outbox out;
	static struct { struct nlmsghdr h; char text[256]; } m = { .h = { .nlmsg_type = AUDIT_USER_LOGIN } };
	struct loop loop;
	struct page *page;
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(self);
	int pair[2], ours = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_USERSOCK), other = socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK);

	assert_int_equal(page_create(&page), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(loop_init(&loop), 0);
	assert_true(ours >= 0 && other >= 0 && !bind(ours, (struct sockaddr *)&self, len) && !getsockname(ours, (struct sockaddr *)&self, &len));
	struct watch_setup setup = { .audit_sock = ours, .audit_kinds = ALL, .told_kinds = ALL, .page = page };
	assert_int_equal(outbox_init(&out, &loop, pair[0], page), 0);
	assert_int_equal(listener_init(&hearing, &loop, &setup, &out, &packets), 0);
	size_t n = (size_t)snprintf(m.text, sizeof(m.text), "audit(1732440600.123:7): " KERNEL "op=login acct=\"alice\"" SSHD "success'");
	m.h.nlmsg_len = (uint32_t)(sizeof(m.h) + n);
	assert_int_equal(sendto(other, &m, m.h.nlmsg_len, 0, (struct sockaddr *)&self, sizeof(self)), m.h.nlmsg_len);
	assert_true(listener_ready(&hearing.source, EPOLLIN) >= 0);
	assert_int_equal(counter_get(page, COUNTER_AUDIT_BROKEN), 1);
	assert_int_equal(counter_get(page, COUNTER_AUDIT_EVENTS), 0);
	/* The same from the kernel is an event. */
	assert_int_equal(listener_take(&hearing, &m, m.h.nlmsg_len, 1), 0);
	assert_int_equal(counter_get(page, COUNTER_AUDIT_EVENTS), 1);
	loop_done(&loop);
	close(other);
	close(ours);
}

static void
only_what_is_wanted_is_made(void **state)
{
	(void)state;
	static const char text[] = "audit(1.002:3): " KERNEL "op=login acct=\"alice\"" SSHD "success'";
	struct record r;

	assert_int_equal(record_parse(&r, AUDIT_USER_LOGIN, text, sizeof(text) - 1), 0);
	assert_int_equal(logons_take(&logons, &r, ALL & ~(1ull << EVENT_LOGON), 1, &ev), -ENOMSG);
	assert_int_equal(logons_take(&logons, &r, 1ull << EVENT_LOGON, 1, &ev), 0);
	assert_false(logons_hear(AUDIT_SYSCALL));
	assert_true(logons_hear(AUDIT_LOGIN) && logons_hear(AUDIT_SERVICE_STOP));
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_log_on_says_who_where_and_from_where),
		TEST(each_record_means_what_it_means),
		TEST(a_service_is_named_with_its_kind),
		TEST(one_log_on_is_told_once),
		TEST(each_wrong_password_is_told_once),
		TEST(an_account_tool_that_says_it_thrice_is_told_once),
		TEST(what_files_and_programs_say_of_an_account_is_told_once),
		TEST(a_session_that_no_program_tells_of_is_told),
		TEST(addresses_are_addresses_or_nothing),
		TEST(what_a_name_says_of_others_is_not_believed),
		TEST(only_the_kernel_says_who_told),
		TEST(a_record_that_is_cut_anywhere_does_no_harm),
		TEST(long_texts_are_cut),
		TEST(what_another_process_sends_is_refused),
		TEST(only_what_is_wanted_is_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
