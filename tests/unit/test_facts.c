/* Files of the system, entry by entry: how each is read, what a comparison says, and what watch makes of files that come and go. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
/* Watch is a process, not a library: what reads files is taken in whole. */
#include "watch/span.c"
#include "watch/entries.c"
#include "watch/parse.c"
#include "watch/accounts.c"
#include "watch/rights.c"
#undef SHOWN_MAX
#include "watch/jobs.c"
#include "watch/units.c"
#undef SHOWN_MAX
#include "watch/known.c"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const uint8_t key_a[16] = { 1 };

/* All entries, "object key: value", each behind the other, with the attributes that may be shown. */
static const char *
said(const char *path, const char *text, size_t len, bool link)
{
	static char out[65536];
	struct fact_file f = { .path = span_of(path), .mode = 0100755, .link = link, .text = { text, len } };
	struct entries e;
	struct entry one;
	struct span a;
	size_t n = 0;

	assert_true(fact_find(path, strlen(path), &f.fact));
	/* No byte to spare: a sanitiser sees the first one read too far. */
	char *exact = malloc(len ? len : 1);
	memcpy(exact, text, len);
	f.text.s = exact;
	entries_init(&e, key_a);
	parse_file(&e, &f);
	assert_int_equal(entries_sort(&e), 0);
	out[0] = '\0';
	for (size_t at = 0; entries_next(&e, &at, &one);) {
		struct span key = value_shown(one.key);
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s %.*s", n ? "; " : "", change_object_name(one.object), (int)key.n, key.s);
		for (const char *sep = ": "; value_next(&one.value, &a); sep = " ") {
			a = value_shown(a);
			n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%.*s", sep, (int)a.n, a.s);
		}
	}
	entries_done(&e);
	free(exact);
	return out;
}

#define SAYS(path, text, want) assert_string_equal(said(path, text, sizeof(text) - 1, false), want)

static void
test_accounts(void **state)
{
	(void)state;
	SAYS("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nbob:x:1000:100::/home/bob:\n# no\n\nnonsense",
	    "user bob: uid=1000 gid=100 home=/home/bob; user root: uid=0 gid=0 home=/root shell=/bin/bash gecos=root");
	SAYS("/etc/passwd", "open::0:0:::\nold:$1$abc$def:5:5:::/bin/sh\n",
	    "user old: uid=5 gid=5 shell=/bin/sh password=set; user open: uid=0 gid=0 password=empty");
	SAYS("/etc/shadow", "a:$y$j9T$x$y:19000:0:99999:7:::\nb:!:1::::::\nc::::::::\nd:*:1:2:3:4:5:6:\n",
	    "password a: password=set changed=19000 min=0 max=99999 warn=7; password b: password=locked changed=1; password c: password=empty; "
	    "password d: password=locked changed=1 min=2 max=3 warn=4 inactive=5 expires=6");
	SAYS("/etc/group", "wheel:x:10:root, bob,\nempty:x:11:\nopen::12:\n",
	    "group empty: gid=11; group open: gid=12 password=empty; group wheel: gid=10; member wheel: user=bob; member wheel: user=root");
	SAYS("/etc/gshadow", "wheel:!:root:bob,root\n", "shadow-group wheel: password=locked administrators=root members=bob,root");
	SAYS("/etc/passwd", "", "");
	SAYS("/etc/passwd", "\0\0\0\n\0a:x:1\n:::::\nb\0c:x:7:8", "user  a: uid=1; user b c: uid=7 gid=8");
}

static void
test_sudoers(void **state)
{
	(void)state;
	SAYS("/etc/sudoers", "# no\n#includedir /etc/sudoers.d\n@include x\nDefaults\tenv_reset\nbob, eve  ALL=(ALL) \\\n\tNOPASSWD: ALL\n"
	    "#1000 ALL=ALL\nUser_Alias ADMINS = bob, eve\n%wheel ALL=(ALL) ALL\n# no \\\nx ALL=ALL",
	    "sudoers #1000: ALL=ALL; sudoers #includedir: /etc/sudoers.d; sudoers %wheel: ALL=(ALL) ALL; sudoers @include: x; "
	    "sudoers Defaults: env_reset; sudoers User_Alias ADMINS: = bob, eve; sudoers bob, eve: ALL=(ALL)  NOPASSWD: ALL; sudoers x: ALL=ALL");
}

#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
#define PRINT "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"

static void
test_authorized_keys(void **state)
{
	const char *path = "/home/bob/.ssh/authorized_keys";

	(void)state;
	SAYS(path, "# no\nssh-ed25519 " KEY " bob at home\n", "authorized-key " PRINT ": type=ssh-ed25519 comment=bob at home");
	SAYS(path, "command=\"echo \\\"a b\\\" ssh-rsa\",no-pty ssh-ed25519 " KEY,
	    "authorized-key " PRINT ": type=ssh-ed25519 options=command=\"echo \\\"a b\\\" ssh-rsa\",no-pty");
	SAYS(path, "no-pty,environment=\"PASSWORD=x\" ssh-ed25519 " KEY " c",
	    "authorized-key " PRINT ": type=ssh-ed25519 options=no-pty,environment=\"(hidden) comment=c");
	SAYS(path, "ssh-ed25519 AAAA%%%% x\nssh-rsa\n\"\\", "authorized-key unreadable: options=\"\\ key=unreadable; "
	    "authorized-key unreadable: type=ssh-ed25519 comment=x key=unreadable; authorized-key unreadable: type=ssh-rsa key=unreadable");
}

static void
test_rights(void **state)
{
	(void)state;
	SAYS("/etc/pam.d/sshd", "auth required pam_unix.so nullok\n@include common-auth\n"
	    "account [default=bad ok=ok] \\\n  pam_x.so a b # c\n#no\n",
	    "pam @include common-auth; pam account pam_x.so: control=[default=bad ok=ok] arguments=a b # c; "
	    "pam auth pam_unix.so: control=required arguments=nullok");
	SAYS("/etc/pam.d/x", "auth [broken\nauth", "pam auth ; pam auth : control=[broken");
	SAYS("/etc/ld.so.preload", "/lib/a.so /lib/b.so:/lib/c.so # /lib/no.so\n\t/lib/d.so",
	    "ld-preload /lib/a.so; ld-preload /lib/b.so; ld-preload /lib/c.so; ld-preload /lib/d.so");
	SAYS("/etc/ssh/sshd_config", "#no\nPermitRootLogin yes\nPort=22\nMatch User bob\n  X11Forwarding no\n",
	    "sshd Match: User bob; sshd PermitRootLogin: yes; sshd Port: 22; sshd X11Forwarding: no match=User bob");
}

static void
test_jobs(void **state)
{
	(void)state;
	SAYS("/etc/crontab", "# no\nMAILTO=root\nAPI_KEY = secret\n*/5 * * * *  root  a  b\n@daily bob c\n1 2 3 4 5 root\n* * * * *\n",
	    "cron API_KEY: value=(hidden); cron MAILTO: value=root; cron a  b: schedule=*/5 * * * * user=root; cron c: schedule=@daily user=bob");
	SAYS("/var/spool/cron/crontabs/eve", "0 1 * * * x=1 y\n@reboot z",
	    "cron x=1 y: schedule=0 1 * * * user=eve; cron z: schedule=@reboot user=eve");
	SAYS("/var/spool/cron/eve", "@reboot z", "cron z: schedule=@reboot user=eve");
	SAYS("/etc/anacrontab", "RANDOM_DELAY=45\n7 10 weekly run parts\n7 10 nothing\n",
	    "cron RANDOM_DELAY: value=45; cron run parts: schedule=7 delay=10 job=weekly user=root");
	SAYS("/var/spool/cron/atjobs/a0000101c8b5a1",
	    "#!/bin/sh\n# atrun uid=1000 gid=100\nHOME=/x; export HOME\ncd /x || {\n echo no\n}\nid\nls\n",
	    "at a0000101c8b5a1: schedule=@1795854780 uid=1000 command=id ls ");
	SAYS("/var/spool/at/strange", "#", "at strange");
	SAYS("/etc/cron.daily/job", "#!/bin/sh\n", "cron job: content=10 bytes executable=yes");
	SAYS("/etc/init.d/job", "", "init job: content=0 bytes executable=yes");
}

static void
test_units(void **state)
{
	(void)state;
	SAYS("/etc/systemd/system/x.service", "[Service]\nExecStart = /bin/a \\\n# no\n  b\nExecStart=\n;no\n"
	    "User=bob\nNice=5\n# no \\\nExecStop=/bin/c\n"
	    "Environment=A=1 \"DB_PASSWORD=a b\" 'C=d e'\nSetCredential=x:y",
	    "unit Environment: A=1 \"DB_PASSWORD=(hidden)\" 'C=d e'; unit ExecStart; unit ExecStart: /bin/a  b; unit ExecStop: /bin/c; "
	    "unit SetCredential: (hidden); unit User: bob; unit x.service: ");
	SAYS("/etc/systemd/system/x.service.d/o.conf", "[Service]\nExecStart=/x", "unit ExecStart: /x; unit x.service: part=o.conf ");
	SAYS("/usr/lib/systemd/system/x.timer", "[Timer]\nOnCalendar=daily\nUnit=y.service",
	    "timer OnCalendar: daily; timer Unit: y.service; timer x.timer: ");
	SAYS("/home/bob/.config/systemd/user/x.socket", "[Socket]\nListenStream=80", "unit ListenStream: 80; unit x.socket: ");
	assert_string_equal(said("/etc/systemd/system/multi-user.target.wants/x.service", "../x.service", 12, true),
	    "unit x.service: wanted-by=multi-user.target link=../x.service");
	assert_string_equal(said("/etc/systemd/system/a.requires/x.timer", "/x", 2, true), "timer x.timer: required-by=a link=/x");
	assert_string_equal(said("/etc/systemd/system/x.service", "/dev/null", 9, true), "unit x.service: masked=yes");
	assert_string_equal(said("/etc/passwd", "/tmp/x", 6, true), "user passwd: link=/tmp/x");
}

/* Secrets of a file are not in its entries, but a change of them is a difference. */
static void
test_secrets(void **state)
{
	static const char hash[] = "a:$y$j9T$VerySecretHash:1::::::\n";
	struct fact_file f = { .path = SPAN("/etc/shadow"), .text = { hash, sizeof(hash) - 1 } };
	struct entries e;

	(void)state;
	assert_true(fact_find(f.path.s, f.path.n, &f.fact));
	entries_init(&e, key_a);
	parse_file(&e, &f);
	assert_int_equal(entries_sort(&e), 0);
	assert_null(memmem(e.at, e.len, "Secret", 6));
	entries_done(&e);
}

struct told { char text[4096]; size_t n; };

static void
on_told(void *arg, const struct entry *before, const struct entry *after)
{
	struct told *t = arg;
	const struct entry *e = after ? after : before;

	t->n += (size_t)snprintf(t->text + t->n, sizeof(t->text) - t->n, "%s%.*s", !before ? "+" : !after ? "-" : "~", (int)e->key.n, e->key.s);
}

static void
fill(struct entries *e, const char *path, const char *text)
{
	struct fact_file f = { .path = span_of(path), .text = span_of(text) };

	assert_true(fact_find(f.path.s, f.path.n, &f.fact));
	entries_init(e, key_a);
	parse_file(e, &f);
	assert_int_equal(entries_sort(e), 0);
}

static void
differs(const char *path, const char *before, const char *after, const char *want)
{
	struct told t = { .text = "" };
	struct entries b, a;

	fill(&b, path, before);
	fill(&a, path, after);
	entries_compare(&b, &a, on_told, &t);
	assert_string_equal(t.text, want);
	entries_done(&b);
	entries_done(&a);
}

static void
test_comparison(void **state)
{
	char a[3000], b[3000];

	(void)state;
	differs("/etc/passwd", "a:x:1\nb:x:2\n", "b:x:2\na:x:1\n", "");
	differs("/etc/passwd", "a:x:1\nb:x:2\n", "b:x:3\nc:x:1\n", "-a~b+c");
	differs("/etc/passwd", "", "a:x:1\na:x:1\n", "+a+a");
	differs("/etc/passwd", "a:x:1\na:x:1\n", "a:x:1\n", "-a");
	differs("/etc/passwd", "a:x:1\na:x:2\na:x:3\n", "a:x:2\na:x:4\n", "~a-a");
	differs("/etc/shadow", "a:$6$one:1\n", "a:$6$two:1\n", "~a");
	differs("/etc/cron.d/x", "* * * * * root a\n", "1 * * * * root a\n", "~a");
	differs("/etc/systemd/system/x.service", "[Unit]\nDescription=a\n", "[Unit]\nDescription=b\n", "~x.service");
	differs("/etc/systemd/system/x.service", "[Unit]\n#a\n", "[Unit]\n#b\n", "");
	/* What is too long to be kept differs all the same. */
	memset(a, 'a', sizeof(a));
	memcpy(a, "* * * * * root ", 15);
	a[sizeof(a) - 1] = '\0';
	memcpy(b, a, sizeof(a));
	b[sizeof(b) - 2] = 'b';
	struct told t = { .text = "" };
	struct entries x, y;
	fill(&x, "/etc/crontab", a);
	fill(&y, "/etc/crontab", b);
	assert_int_equal(entries_compare(&x, &y, on_told, &t), 2);
	entries_done(&x);
	entries_done(&y);
}

/* Entries of one key without end, all different. */
static void
test_many_of_one_key(void **state)
{
	struct told t = { .text = "" };
	struct entries none, many;
	struct value v;
	char number[16];

	(void)state;
	entries_init(&none, key_a);
	entries_init(&many, key_a);
	for (int i = 0; i < 1000; i++) {
		value_begin(&v, &many);
		snprintf(number, sizeof(number), "%d", i);
		value_put(&v, "user=", span_of(number));
		entries_add(&many, OBJECT_MEMBER, SPAN("x"), &v);
	}
	assert_int_equal(entries_sort(&many), 0);
	assert_int_equal(entries_compare(&none, &many, on_told, &t), 1000);
	assert_int_equal(entries_compare(&many, &none, on_told, &t), 1000);
	assert_int_equal(entries_compare(&many, &many, on_told, &t), 0);
	entries_done(&many);
}

/* A file of very many lines ends where the room does, and says so. */
static void
test_bounds(void **state)
{
	struct entries e;

	(void)state;
	entries_init(&e, key_a);
	for (int i = 0; i < 1000000 && !e.over; i++)
		entries_add(&e, OBJECT_USER, SPAN("somebody"), NULL);
	assert_true(e.over);
	assert_true(e.len <= ENTRIES_BYTES);
	assert_int_equal(entries_sort(&e), 0);
	entries_done(&e);
}

static void
test_where(void **state)
{
	static const struct { const char *path; int kind; } is[] = {
		{ "/etc/passwd", EVENT_ACCOUNT }, { "/etc/passwd-", -1 }, { "/etc/passwd+", -1 }, { "/etc/pam.d/sshd", EVENT_ACCOUNT },
		{ "/etc/pam.d/.sshd.swp", -1 }, { "/etc/sudoers.d/a~", -1 }, { "/root/.ssh/authorized_keys", EVENT_ACCOUNT },
		{ "/.ssh/authorized_keys", -1 }, { "/srv/a/b/.ssh/authorized_keys2", EVENT_ACCOUNT }, { "/etc/cron.d/x", EVENT_SCHEDULE },
		{ "/etc/cron.d/x.dpkg-new", -1 }, { "/var/spool/cron/crontabs/tmp.abc", -1 }, { "/var/spool/cron/crontabs/bob", EVENT_SCHEDULE },
		{ "/etc/cron.daily/x", EVENT_SCHEDULE }, { "/etc/init.d/x", EVENT_SERVICE }, { "/etc/systemd/system/x.service", EVENT_SERVICE },
		{ "/etc/systemd/system/x.timer", EVENT_SCHEDULE }, { "/etc/systemd/system/x.target", -1 },
		{ "/etc/systemd/system/x.timer.d/a.conf", EVENT_SCHEDULE }, { "/etc/systemd/system/x.service.d/a.conf", EVENT_SERVICE },
		{ "/etc/systemd/system/x.service.d/a", -1 }, { "/etc/systemd/system/a.wants/x.timer", EVENT_SCHEDULE },
		{ "/etc/systemd/system/a.b/x.service", -1 }, { "/home/b/.config/systemd/user/x.path", EVENT_SERVICE },
		{ "/home/b/.config/systemd/user/a.wants/x.service", EVENT_SERVICE }, { "/etc/hosts", -1 }, { "/", -1 }, { "passwd", -1 },
	};
	struct fact f;

	(void)state;
	for (size_t i = 0; i < COUNT(is); i++)
		if ((fact_find(is[i].path, strlen(is[i].path), &f) ? (int)f.kind : -1) != is[i].kind)
			fail_msg("%s", is[i].path);
	assert_true(fact_is_place("/etc/systemd/system/x.service.d", 31));
	assert_true(fact_is_place("/home/x/.ssh", 12));
	assert_true(fact_is_place("/etc/cron.d", 11));
	assert_false(fact_is_place("/.ssh", 5));
	assert_false(fact_is_place("/etc/systemd/system/x", 21));
	assert_false(fact_is_place("/etc/x.service.d", 16));
}

/* Each directory once, with all that is in it; and what the table names is found in it. */
static void
test_directories(void **state)
{
	struct fact_directory d, e;
	unsigned n = 0;

	(void)state;
	for (; fact_directory(n, &d); n++) {
		assert_true(d.path[0] == '/' && d.len && d.kinds && !(d.kinds & ~FACT_KINDS));
		for (unsigned i = 0; i < n; i++) {
			assert_true(fact_directory(i, &e));
			assert_false(e.home == d.home && e.len == d.len && memcmp(e.path, d.path, d.len) == 0);
		}
		if (d.len == 4 && memcmp(d.path, "/etc", 4) == 0)
			assert_true(d.kinds == FACT_KINDS);
	}
	assert_in_range(n, 20, 60);
}

static void
test_known(void **state)
{
	static struct knowns all;
	struct entries e;
	struct fact f = { EVENT_ACCOUNT, FORMAT_PASSWD };
	struct span name;
	uint32_t uid;

	(void)state;
	fill(&e, "/etc/passwd", "root:x:0:0::/root:\nbob:x:1000:1::/home/bob:\nbad:x:99999999999:1::/x:\n");
	struct known *k = known_add(&all, "/etc/passwd", 11, &f);
	assert_non_null(k);
	known_keep(&all, k, &e);
	assert_true(known_find(&all, "/etc/passwd", 11) == k && !known_find(&all, "/etc/passwd", 10));
	assert_true(known_user(&all, SPAN("bob"), &uid) && uid == 1000);
	assert_false(known_user(&all, SPAN("bad"), &uid));
	assert_false(known_user(&all, SPAN("eve"), &uid));
	assert_true(known_with(&all, "home=", SPAN("/root"), &name, &uid) && uid == 0 && span_is(name, "root"));
	assert_true(known_with(&all, "uid=", SPAN("1000"), &name, &uid) && span_is(name, "bob"));
	known_drop(&all, k);
	assert_true(!all.n && !all.bytes);
	for (unsigned i = 0; i < KNOWN_FILES; i++) {
		char path[32];
		size_t n = (size_t)snprintf(path, sizeof(path), "/etc/pam.d/%u", i);
		assert_non_null(known_add(&all, path, n, &f));
	}
	assert_null(known_add(&all, "/etc/pam.d/x", 12, &f));
	while (all.n)
		for (unsigned b = 0; b < BUCKETS; b++)
			if (all.bucket[b])
				known_drop(&all, all.bucket[b]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accounts), cmocka_unit_test(test_sudoers), cmocka_unit_test(test_authorized_keys), cmocka_unit_test(test_rights),
		cmocka_unit_test(test_jobs), cmocka_unit_test(test_units), cmocka_unit_test(test_secrets), cmocka_unit_test(test_comparison),
		cmocka_unit_test(test_many_of_one_key), cmocka_unit_test(test_bounds), cmocka_unit_test(test_where), cmocka_unit_test(test_directories),
		cmocka_unit_test(test_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
