#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "compile.h"
#include "given.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Truth of a condition on an exec: as rules that forbid see it, or strictly, as those that let through. */
static enum truth
truth_of(const char *condition, struct event *ev, bool strict)
{
	char text[6000];
	struct verdict v, n;

	snprintf(text, sizeof(text), "[rule yes]\non = exec\naction = %s\ng/%s\nfixed/process.pid = 1\ncondition = fixed and g\n"
	    "[rule no]\non = exec\naction = %s\ng/%s\nfixed/process.pid = 1\ncondition = fixed and not g\n",
	    strict ? "allow" : "alert", condition, strict ? "allow" : "alert", condition);
	/* "g/not x" is "not g/x". */
	for (char *at; (at = strstr(text, "g/not "));)
		memcpy(at, "not g/", 6);
	give(ev, "process.pid=1");
	const struct policy *p = compile(text);
	judge(p, ev, &v);
	n = v;
	policy_close(p);
	assert_true(n.matches <= 1);
	/* Rules are in order of name: "no" is 0, "yes" is 1. */
	return n.matches ? (n.matched[0] == 1 ? TRUTH_TRUE : TRUTH_FALSE) : TRUTH_UNKNOWN;
}

struct row { const char *condition, *event; bool holds; };

static void
check_row(const struct row *r)
{
	for (int strict = 0; strict < 2; strict++) {
		enum truth t = truth_of(r->condition, event(EVENT_EXEC, r->event), strict);
		if (t != (r->holds ? TRUTH_TRUE : TRUTH_FALSE))
			fail_msg("%s on %s: %s%s", r->condition, r->event, t == TRUTH_TRUE ? "true" : t == TRUTH_FALSE ? "false" : "unknown",
			    strict ? ", strictly" : "");
	}
}

#define CHECK(table) \
	for (size_t i_ = 0; i_ < COUNT(table); i_++) \
		check_row(&(table)[i_])

static void
texts_are_compared_as_the_modifier_says(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ "process.title = sh", "process.title=sh", true },
		{ "process.title = sh", "process.title=SH", false },
		{ "process.title = sh", "process.title=bash", false },
		{ "process.title = sh", "process.title=", false },
		{ "process.title = \"\"", "process.title=", true },
		{ "process.title = a, bb, ccc, dd, e", "process.title=dd", true },
		{ "process.title = a, bb, ccc, dd, e", "process.title=d", false },
		{ "process.title|contains = as", "process.title=bash", true },
		{ "process.title|contains = bash", "process.title=as", false },
		{ "process.title|contains = x, as", "process.title=bash", true },
		{ "process.title|startswith = ba", "process.title=bash", true },
		{ "process.title|startswith = as", "process.title=bash", false },
		{ "process.title|startswith = bash-", "process.title=bash", false },
		{ "process.title|endswith = sh", "process.title=bash", true },
		{ "process.title|endswith = ba", "process.title=bash", false },
		{ "process.title|cased = SH", "process.title=sh", false },
		{ "process.title|nocase = BaSh", "process.title=bAsH", true },
		{ "process.title|nocase = bash", "process.title=bas", false },
		{ "process.title|nocase|contains = AS", "process.title=bAsh", true },
		{ "process.title|startswith|nocase = BA", "process.title=bAsh", true },
		{ "process.title|endswith|nocase = Sh", "process.title=basH", true },
		{ "process.title|nocase = B?SH, x", "process.title=bash", true },
		{ "process.title|nocase = [", "process.title=[", true },
		{ "process.title|nocase = \"@\"", "process.title=`", false },	/* letters only: 0x40 and 0x60 differ by the bit that cases do */
		/* Wildcards; in text that is no path they match anything. */
		{ "process.title = b*h", "process.title=bash", true },
		{ "process.title = b*h", "process.title=b/h", true },
		{ "process.title = b?h", "process.title=bash", false },
		{ "process.title = \\*", "process.title=*", true },
		{ "process.title = \\*", "process.title=x", false },
		{ "process.title = x\\*y*", "process.title=x*yz", true },	/* a quoted letter before a wildcard */
		{ "process.title = x\\*y*", "process.title=xayz", false },
		{ "process.title|contains = a?h", "process.title=bashful", true },
		{ "process.title|contains = a?x", "process.title=bashful", false },
		{ "process.title|startswith = b*h", "process.title=bashful", true },
		{ "process.title|startswith = a*h", "process.title=bashful", false },
		{ "process.title|endswith = f?l", "process.title=bashful", true },
		{ "process.title|endswith = f?", "process.title=bashful", false },
		{ "process.title|contains = [a]", "process.title=x[a]y", true },
		{ "process.title|contains = a\\?", "process.title=a?", true },
		{ "process.title|contains = a\\?", "process.title=ab", false },
		/* A path: * stays within a directory, ** crosses. */
		{ "file.path = /tmp/*", "file.path=/tmp/x", true },
		{ "file.path = /tmp/*", "file.path=/tmp/x/y", false },
		{ "file.path = /tmp/**", "file.path=/tmp/x/y", true },
		{ "file.path = /tmp/[ab]?", "file.path=/tmp/bx", true },
		{ "file.path = /tmp/\\[a\\]/*", "file.path=/tmp/[a]/x", true },
		{ "file.path = /tmp/\\[a\\]/*", "file.path=/tmp/a/x", false },
		{ "file.path = /x, /tmp/**, /y", "file.path=/tmp/x/y", true },
		{ "file.path|contains = /tmp/*/y", "file.path=/a/tmp/b/c/y", true },	/* contains knows no directories */
		{ "file.directory = /tmp/**", "file.path=/tmp/x/y", true },
		{ "file.name = y", "file.path=/tmp/x/y", true },
		{ "file.extension = c, h", "file.path=/tmp/x.h", true },
		{ "file.path|nocase = /TMP/**", "file.path=/tmp/X", true },
	};

	CHECK(table);
}

static void
of_a_list_one_element_must_match_and_with_all_each_value(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ "process.args = -c", "process.args=sh|-c|id", true },
		{ "process.args = -x, -c", "process.args=sh|-c|id", true },
		{ "process.args = -x, -y", "process.args=sh|-c|id", false },
		{ "process.args = sh -c", "process.args=sh|-c", false },
		{ "process.command_line = sh -c*", "process.args=sh|-c|id", true },
		{ "process.args = \"\"", "process.args=sh|", true },
		{ "process.args = \"\"", "process.args=sh", false },
		{ "process.args|all = -c, id", "process.args=sh|-c|id", true },
		{ "process.args|all = -c, id, x", "process.args=sh|-c|id", false },
		{ "process.args|contains|all = bc, ab", "process.args=abc", true },	/* by whichever element: also by the same */
		{ "process.args|contains|all = bc, ab", "process.args=xab|bcx", true },
		{ "process.args|contains|all = bc, ab", "process.args=xab", false },
		{ "process.args|all = a*, b, c?", "process.args=b|abc|cd", true },
		{ "process.args|all = a*, b, c?", "process.args=b|abc|c", false },
		{ "process.args|all|nocase = A, B", "process.args=b|a", true },
		{ "not process.args = -c", "process.args=sh|-c", false },
		{ "not process.args = -c", "process.args=sh|-x", true },
		{ "not process.args = -x, -c", "process.args=sh|-c", false },		/* none of the values may be met */
		{ "not process.args|all = -x, -c", "process.args=sh|-c", true },	/* not every one of them is */
		{ "process.ancestor.name = nginx", "process.ancestor.executable=/bin/sh|/usr/sbin/nginx|/sbin/init", true },
		{ "process.ancestor.executable = /usr/sbin/*", "process.ancestor.executable=/bin/sh|/usr/sbin/nginx", true },
		{ "process.ancestor.name = apache2", "process.ancestor.executable=/bin/sh|/usr/sbin/nginx", false },
		{ "process.args = \"a,b\", \"x\"\"y\"\"\"", "process.args=sh|a,b", true },
		{ "process.args = \"a,b\", \"x\"\"y\"\"\"", "process.args=sh|x\"y\"", true },
		{ "process.args = \"a,b\", \"x\"\"y\"\"\"", "process.args=a|b|x\"\"y", false },
		{ "process.args = \"@list\"", "process.args=@list", true },
	};

	CHECK(table);
}

static void
numbers_are_compared(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ "user.id = 0, 33", "user.id=33", true }, { "user.id = 0, 33", "user.id=34", false },
		{ "user.id|gt = 33", "user.id=34", true }, { "user.id|gt = 33", "user.id=33", false },
		{ "user.id|gte = 33", "user.id=33", true }, { "user.id|gte = 33", "user.id=32", false },
		{ "user.id|lt = 33", "user.id=32", true }, { "user.id|lt = 33", "user.id=33", false },
		{ "user.id|lte = 33", "user.id=33", true }, { "user.id|lte = 33", "user.id=34", false },
		{ "user.id|gt = 4294967295", "user.id=4294967295", false },
		{ "user.id|lt = 0", "user.id=0", false },
		{ "user.id|gt = 5, 100", "user.id=6", true },			/* one of the values */
		{ "not user.id|gt = 5, 100", "user.id=6", false },
		{ "user.id|lt = 5, 3", "user.id=4", true }, { "user.id|lt = 3, 5", "user.id=4", true }, { "user.id|lt = 3, 5", "user.id=5", false },
		{ "user.id = 9, 2, 5, 2, 7", "user.id=2", true }, { "user.id = 9, 2, 5, 2, 7", "user.id=7", true },
		{ "user.id = 9, 2, 5, 2, 7", "user.id=9", true }, { "user.id = 9, 2, 5, 2, 7", "user.id=1", false },
		{ "user.id = 9, 2, 5, 2, 7", "user.id=6", false }, { "user.id = 9, 2, 5, 2, 7", "user.id=10", false },
		{ "file.size|gt = 9223372036854775807, 5", "file.size=9223372036854775807", true },
		{ "process.exit_code|lt = 0", "process.exit_code=-9", true },
		{ "event.result = -13", "event.result=-13", true },
		{ "event.result|lte = -9223372036854775807", "event.result=-9223372036854775807", true },
		{ "event.result|lt = -9223372036854775807", "event.result=-9223372036854775807", false },
		{ "event.result|lt = -9223372036854775808", "event.result=-9223372036854775808", false },
		{ "event.result|lte = -9223372036854775808", "event.result=-9223372036854775808", true },
		{ "file.size|gt = 9223372036854775807", "file.size=9223372036854775807", false },
		{ "file.size|gte = 9223372036854775807", "file.size=9223372036854775807", true },
		{ "file.size = 4k", "file.size=4096", true },
		{ "file.mode = 4755", "file.mode=4755", true }, { "file.mode = 755", "file.mode=4755", false },
		{ "file.setuid = true", "file.setuid=true", true }, { "file.setuid = true", "file.setuid=false", false },
		{ "file.setuid = false", "file.setuid=false", true }, { "not file.setuid = true", "file.setuid=false", true },
		{ "process.start|gt = 5m", "process.start=301s", true }, { "process.start|gt = 5m", "process.start=300s", false },
		{ "destination.port = 443, 80", "destination.port=80", true },
	};

	CHECK(table);
}

static void
hashes_and_addresses_are_compared(void **state)
{
	(void)state;
#define H "00112233445566778899aabbccddeeff00112233445566778899aabbccddee"
	static const struct row table[] = {
		{ "file.hash.sha256 = " H "00, " H "ff", "file.hash.sha256=" H "ff", true },
		{ "file.hash.sha256 = " H "FF", "file.hash.sha256=" H "ff", true },
		{ "file.hash.sha256 = " H "00", "file.hash.sha256=" H "ff", false },
		{ "destination.ip = 192.0.2.1", "destination.ip=192.0.2.1", true },
		{ "destination.ip = 192.0.2.1", "destination.ip=192.0.2.2", false },
		{ "destination.ip = ::ffff:192.0.2.1", "destination.ip=192.0.2.1", true },
		{ "destination.ip = 2001:db8::1", "destination.ip=2001:db8:0::1", true },
		{ "destination.ip = ::1", "destination.ip=127.0.0.1", false },
		{ "destination.ip|cidr = 10.0.0.0/8", "destination.ip=10.255.0.1", true },
		{ "destination.ip|cidr = 10.0.0.0/8", "destination.ip=11.0.0.1", false },
		{ "destination.ip|cidr = 192.0.2.128/25", "destination.ip=192.0.2.200", true },
		{ "destination.ip|cidr = 192.0.2.128/25", "destination.ip=192.0.2.127", false },
		{ "destination.ip|cidr = 192.0.2.6/31", "destination.ip=192.0.2.7", true },
		{ "destination.ip|cidr = 192.0.2.6/31", "destination.ip=192.0.2.8", false },
		{ "destination.ip|cidr = 192.0.2.6/32", "destination.ip=192.0.2.6", true },
		{ "destination.ip|cidr = 192.0.2.6/32", "destination.ip=192.0.2.7", false },
		{ "destination.ip|cidr = 192.0.2.6", "destination.ip=192.0.2.6", true },
		{ "destination.ip|cidr = 0.0.0.0/0", "destination.ip=192.0.2.6", true },
		{ "destination.ip|cidr = 0.0.0.0/0", "destination.ip=::1", false },	/* another family */
		{ "destination.ip|cidr = ::/0", "destination.ip=192.0.2.6", false },
		{ "destination.ip|cidr = fe80::/10", "destination.ip=febf::1", true },
		{ "destination.ip|cidr = fe80::/10", "destination.ip=fec0::1", false },
		{ "destination.ip|cidr = 10.0.0.0/8, 127.0.0.0/8", "destination.ip=127.0.0.1", true },
	};
#undef H

	CHECK(table);
}

static void
exists_asks_for_a_value_that_is_not_empty(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ "user.id|exists = true", "user.id=0", true }, { "user.id|exists = true", "process.title=x", false },
		{ "user.id|exists = false", "process.title=x", true }, { "user.id|exists = false", "user.id=0", false },
		{ "container.id|exists = true", "container.id=", false }, { "container.id|exists = false", "container.id=", true },
		{ "container.id|exists = true", "container.id=0123", true },
		{ "container.id|exists = true", "service.name=x", false },		/* read with it, and empty */
		{ "not container.id|exists = true", "container.id=", true },
		{ "file.extension|exists = true", "file.path=/x", false }, { "file.extension|exists = true", "file.path=/x.c", true },
		{ "process.args|exists = true", "process.args=a", true }, { "process.args|exists = true", "process.args_count=0", false },
		{ "process.ancestor.executable|exists = true", "process.ancestor.executable=/a", true },
		{ "destination.ip|exists = true", "destination.ip=0.0.0.0", true },
		{ "file.hash.sha256|exists = false", "file.path=/x", true },
	};

	CHECK(table);
}

static void
what_is_absent_meets_nothing(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ "user.name = x", "", false }, { "not user.name = x", "", true }, { "user.name = *", "", false },
		{ "user.id|gte = 0", "", false }, { "file.hash.sha256 = 0000000000000000000000000000000000000000000000000000000000000000", "", false },
		{ "destination.ip|cidr = 0.0.0.0/0", "", false }, { "process.args|all = a", "", false }, { "not process.args|all = a", "", true },
		{ "process.name|fieldref = process.title", "process.executable=/x", false },
		{ "not process.name|fieldref = process.title", "process.executable=/x", true },
	};

	CHECK(table);
}

static void
fields_are_compared_with_fields(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ "process.executable|fieldref = file.path", "process.executable=/a file.path=/a", true },
		{ "process.executable|fieldref = file.path", "process.executable=/a file.path=/b", false },
		{ "process.executable|fieldref|endswith = process.title", "process.executable=/bin/sh process.title=sh", true },
		{ "process.executable|fieldref|endswith = process.title", "process.executable=/bin/sh process.title=zsh", false },
		{ "process.executable|fieldref|startswith = process.working_directory",
		    "process.executable=/tmp/x process.working_directory=/tmp", true },
		{ "process.executable|fieldref|contains = user.name", "process.executable=/home/bob/x user.name=bob", true },
		{ "process.executable|fieldref|contains = user.name", "process.executable=/home/bob/x user.name=eve", false },
		{ "process.args|fieldref = process.env_vars", "process.args=a|b|c process.env_vars=x|b", true },
		{ "process.args|fieldref = process.env_vars", "process.args=a|b|c process.env_vars=x|y", false },
		{ "process.name|fieldref|nocase = process.title", "process.executable=/x/ABc process.title=aBC", true },
		{ "process.name|fieldref|cased = process.title", "process.executable=/x/ABc process.title=aBC", false },
		{ "process.args|fieldref|nocase|contains = user.name", "process.args=x|/Home/BOB/ user.name=Bob", true },
		{ "process.args|fieldref|nocase|contains = user.name", "process.args=x|/Home/BO/ user.name=Bob", false },
		{ "process.name|fieldref = process.ancestor.name", "process.executable=/a/sh process.ancestor.executable=/x/init|/y/sh", true },
		{ "user.id|fieldref = file.uid", "user.id=5 file.uid=5", true }, { "user.id|fieldref = file.uid", "user.id=5 file.uid=6", false },
		{ "user.id|fieldref = file.setuid", "user.id=1 file.setuid=true", true },
		{ "not user.id|fieldref = user.real.id", "user.id=0 user.real.id=1000", true },
		/* An empty text is at the beginning, the end, and in every other. */
		{ "process.title|fieldref|contains = user.name", "process.title=x user.name=", true },
	};

	CHECK(table);
}

static void
base64_is_found_wherever_it_begins(void **state)
{
	(void)state;
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char *const around[][2] = {
		{ "", "" }, { "x", "" }, { "yz", "" }, { "xyz", "w" }, { "\xff\x80", "tail" }, { "abcd", "\xff" },
	};

	for (size_t i = 0; i < COUNT(around); i++) {
		char plain[64], coded[128] = "process.args=";
		size_t n = (size_t)snprintf(plain, sizeof(plain), "%s%s%s", around[i][0], "curl http", around[i][1]), at = strlen(coded);
		for (size_t bit = 0; bit < n * 8; bit += 6) {
			unsigned six = 0;
			for (size_t b = bit; b < bit + 6; b++)
				six = six << 1 | (b < n * 8 && ((unsigned char)plain[b / 8] >> (7 - b % 8) & 1));
			coded[at++] = digits[six];
		}
		coded[at] = '\0';
		assert_int_equal(truth_of("process.args|base64offset = curl http", event(EVENT_EXEC, coded), false), TRUTH_TRUE);
		assert_int_equal(truth_of("process.args|base64offset = wget http", event(EVENT_EXEC, coded), false), TRUTH_FALSE);
		assert_int_equal(truth_of("process.args|base64offset|contains = url", event(EVENT_EXEC, coded), false), TRUTH_TRUE);
	}
	/* The shortest that is taken is still sure of something. */
	assert_int_equal(truth_of("process.args|base64offset = abc", event(EVENT_EXEC, "process.args=hello"), false), TRUTH_FALSE);
}

static void
padding_hides_nothing_from_a_comparison_without_case(void **state)
{
	(void)state;
	char why[100], *args = malloc(EVENT_ARGS_MAX);
	struct event *ev;

	assert_non_null(args);
	memset(args, 'a', EVENT_ARGS_MAX);
	memcpy(args + 8000, "EvIl", 4);
	for (int i = 0; i < 2; i++) {
		ev = event(EVENT_EXEC, "");
		assert_int_equal(policy_event_set(ev, FIELD_PROCESS_ARGS, args, 8004, why, sizeof(why)), 0);
		assert_int_equal(truth_of("process.args|contains|nocase = evil", ev, false), TRUTH_TRUE);
		assert_int_equal(truth_of("process.command_line|endswith|nocase = EVIL", ev, false), TRUTH_TRUE);
		assert_int_equal(truth_of("process.args|endswith|nocase = aaaa", ev, false), TRUTH_FALSE);
	}
	free(args);
}

static void
a_list_that_was_cut_proves_presence_but_not_absence(void **state)
{
	(void)state;
	static const struct { const char *condition, *event; uint32_t flag; enum truth forbids, lets; } table[] = {
		{ "process.args = b", "process.args=a|b", FLAG_ARGS_CUT, TRUTH_TRUE, TRUTH_TRUE },
		{ "process.args = c", "process.args=a|b", FLAG_ARGS_CUT, TRUTH_FALSE, TRUTH_UNKNOWN },
		{ "not process.args = c", "process.args=a|b", FLAG_ARGS_CUT, TRUTH_TRUE, TRUTH_UNKNOWN },
		{ "not process.args = b", "process.args=a|b", FLAG_ARGS_CUT, TRUTH_FALSE, TRUTH_FALSE },
		{ "process.args|all = a, c", "process.args=a|b", FLAG_ARGS_CUT, TRUTH_FALSE, TRUTH_UNKNOWN },
		{ "process.args|all = a, b", "process.args=a|b", FLAG_ARGS_CUT, TRUTH_TRUE, TRUTH_TRUE },
		{ "process.command_line = a b", "process.args=a|b|c", FLAG_ARGS_CUT, TRUTH_FALSE, TRUTH_UNKNOWN },
		{ "process.parent.args = c", "process.parent.args=a", FLAG_ARGS_CUT, TRUTH_FALSE, TRUTH_UNKNOWN },
		{ "process.env_vars = A=1", "process.env_vars=B=1", FLAG_ARGS_CUT, TRUTH_FALSE, TRUTH_UNKNOWN },
		{ "process.ancestor.name = sshd", "process.ancestor.executable=/a", FLAG_ANCESTRY_CUT, TRUTH_FALSE, TRUTH_UNKNOWN },
		{ "not process.ancestor.name = sshd", "process.ancestor.executable=/a", FLAG_ANCESTRY_CUT, TRUTH_TRUE, TRUTH_UNKNOWN },
		{ "process.ancestor.name = a", "process.ancestor.executable=/a", FLAG_ANCESTRY_CUT, TRUTH_TRUE, TRUTH_TRUE },
		{ "process.executable = /a", "process.executable=/b", FLAG_PATH_CUT, TRUTH_FALSE, TRUTH_UNKNOWN },
		{ "not file.path = /tmp/**", "file.path=/a", FLAG_PATH_CUT, TRUTH_TRUE, TRUTH_UNKNOWN },
		{ "file.size = 5", "file.size=4", FLAG_PATH_CUT, TRUTH_FALSE, TRUTH_FALSE },		/* a number is whole */
		/* Another list was cut. */
		{ "process.args = c", "process.args=a", FLAG_ANCESTRY_CUT | FLAG_PATH_CUT, TRUTH_FALSE, TRUTH_FALSE },
		{ "user.name = c", "user.name=a", FLAG_ANCESTRY_CUT | FLAG_PATH_CUT | FLAG_ARGS_CUT, TRUTH_FALSE, TRUTH_FALSE },
		/* What could not be read for it is not absent: who cut it may not profit. */
		{ "not process.args = c", "process.title=x", FLAG_ARGS_CUT, TRUTH_TRUE, TRUTH_UNKNOWN },
		{ "process.args|exists = false", "process.title=x", FLAG_ARGS_CUT, TRUTH_TRUE, TRUTH_UNKNOWN },
		{ "process.args|exists = true", "process.args=a", FLAG_ARGS_CUT, TRUTH_TRUE, TRUTH_TRUE },
		/* Of two fields that are compared either may be. */
		{ "process.args|fieldref = user.name", "process.args=a user.name=b", FLAG_ARGS_CUT, TRUTH_FALSE, TRUTH_UNKNOWN },
		{ "not user.name|fieldref = process.args", "process.args=a user.name=b", FLAG_ARGS_CUT, TRUTH_TRUE, TRUTH_UNKNOWN },
		{ "user.name|fieldref = process.args", "process.args=a|b user.name=b", FLAG_ARGS_CUT, TRUTH_TRUE, TRUTH_TRUE },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		for (int strict = 0; strict < 2; strict++) {
			struct event *ev = event(EVENT_EXEC, table[i].event);
			ev->flags |= table[i].flag;
			enum truth t = truth_of(table[i].condition, ev, strict);
			if (t != (strict ? table[i].lets : table[i].forbids))
				fail_msg("%s on %s: %d%s", table[i].condition, table[i].event, t, strict ? ", strictly" : "");
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_compared_as_the_modifier_says),
		cmocka_unit_test(of_a_list_one_element_must_match_and_with_all_each_value),
		cmocka_unit_test(numbers_are_compared),
		cmocka_unit_test(hashes_and_addresses_are_compared),
		cmocka_unit_test(exists_asks_for_a_value_that_is_not_empty),
		cmocka_unit_test(what_is_absent_meets_nothing),
		cmocka_unit_test(fields_are_compared_with_fields),
		cmocka_unit_test(base64_is_found_wherever_it_begins),
		cmocka_unit_test(padding_hides_nothing_from_a_comparison_without_case),
		cmocka_unit_test(a_list_that_was_cut_proves_presence_but_not_absence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
