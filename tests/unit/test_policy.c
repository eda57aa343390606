#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "compile.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Lines 1 to 3 of most texts, and of exceptions. */
#define RULE	"[rule r]\non = exec\naction = alert\n"
#define EXCEPT	"[exception x]\nrules = r\nreason = because\n"
#define ROOT	"user.id = 0\n"
#define HASH	"0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

struct row { const char *text, *told; };	/* told: "LINE PART OF THE REASON", one a line, in order; "": it compiles */

static const char *
next_line(const char *s, char *out, size_t n)
{
	size_t len = strcspn(s, "\n");

	assert_true(len < n);
	memcpy(out, s, len);
	out[len] = '\0';
	return s[len] ? s + len + 1 : s + len;
}

static void
show(const char *text, const struct faults *faults)
{
	char why[700];

	print_error("%s\nis told:\n", text);
	for (size_t i = 0; i < faults->count; i++) {
		fault_format(&faults->fault[i], why, sizeof(why));
		print_error("  %s\n", why);
	}
	fail();
}

static void
check_row(const struct row *r)
{
	struct faults faults = { 0 };
	char line[700], *part;
	size_t n = 0;

	policy_close(compile_for(&compile_enforcing, r->text, &faults));
	for (const char *at = r->told; *at; n++) {
		at = next_line(at, line, sizeof(line));
		long number = strtol(line, &part, 10);
		if (n >= faults.count || faults.fault[n].line != number || !strstr(faults.fault[n].why, part + 1))
			show(r->text, &faults);
	}
	if (n != faults.errors)
		show(r->text, &faults);
}

#define CHECK(table) \
	for (size_t i_ = 0; i_ < COUNT(table); i_++) \
		check_row(&(table)[i_])

static void
sections_are_known_named_and_unique(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ "[rul r]\n", "1 unknown section [rul r]; did you mean 'rule'?" },
		{ "[rules r]\nx = y\n", "1 did you mean 'rule'?" },
		{ "[excption x]\n", "1 did you mean 'exception'?" },
		{ "[zzzzzz]\n", "1 unknown section [zzzzzz]" },
		{ "[Rule r]\n", "1 unknown section [Rule r]; did you mean 'rule'?" },
		{ "[policy extra]\n", "1 [policy] has no name" },
		{ "[rule]\n[list]\n[exception]\n[test]\n",
		    "1 [rule] needs a name\n2 [list] needs a name\n3 [exception] needs a name\n4 [test] needs a name" },
		{ "[list a/b]\nvalues = x\n", "1 a name has letters, digits, '.', '-' and '_' only: 'a/b'" },
		{ "[list a b]\nvalues = x\n", "1 only: 'a b'" },
		{ "[list a.B-c_9]\nvalues = x\n", "" },
		{ "[list a]\nvalues = x\n[list  a]\nvalues = y\n", "3 [list a] is already defined at t.ini:1" },
		{ RULE ROOT "\n[rule  r]\non = exec\naction = log\nuser.id = 1\n", "6 [rule r] is already defined at t.ini:1" },
		{ RULE ROOT "[list r]\nvalues = x\n" EXCEPT ROOT, "" },		/* each kind has its own names */
		{ EXCEPT ROOT "[exception  x]\nrules = r\nreason = z\n" ROOT RULE ROOT, "5 [exception x] is already defined at t.ini:1" },
		{ "[rule]\n[correlation]\n", "1 [rule] needs a name\n2 [correlation] needs a name" },
	};

	CHECK(table);
}

static void
keys_are_known_and_set_once(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ "[policy]\ndescripton = x\n", "2 unknown key 'descripton' in this section; did you mean 'description'?" },
		{ "[policy]\nqqqqqq = x\n", "2 unknown key 'qqqqqq' in this section" },
		{ "[policy]\ndescription = x\nmode = monitor\n", "" },
		{ "[list a]\nvalues = x\nvalue = y\n", "3 unknown key 'value' in this section; did you mean 'values'?" },
		{ "[list a]\ndescription = x\n", "1 [list a] has no `values = ...`" },
		{ "[list a]\nvalues =\n", "2 'values' has no value" },
		{ RULE ROOT "user.id = 1\n", "5 'user.id' is already set at line 4" },
		/* What continues the second of them belongs to nobody. */
		{ RULE ROOT "user.id = 1\n  2\n  3\n", "5 'user.id' is already set at line 4" },
		{ RULE ROOT "actoin = deny\n", "5 unknown field or key 'actoin'; did you mean 'action'?" },
		{ RULE ROOT "conditions = selection\n", "5 unknown field or key 'conditions'; did you mean 'condition'?" },
		{ RULE ROOT "severty = high\n", "5 did you mean 'severity'?" },
		{ EXCEPT ROOT "expire = 2030-01-01\n" RULE ROOT, "5 did you mean 'expires'?" },
		{ RULE "usr.id = 0\n", "4 unknown field or key 'usr.id'; did you mean 'user.id'?" },
		{ RULE "proces.executable|contains = x\n", "4 unknown field or key 'proces.executable'; did you mean 'process.executable'?" },
		{ RULE "g/file.pth = x\n", "4 did you mean 'file.path'?" },
		{ RULE "qqqqqqqqqqqq = x\n", "4 unknown field or key 'qqqqqqqqqqqq'" },
		{ RULE "not = x\n", "4 unknown field or key 'not'" },
		{ RULE "/user.id = 0\n", "4 the name of a group is not empty" },
		{ RULE "a b/user.id = 0\n", "4 the name of a group is not empty and has no blanks" },
		{ RULE "a(/user.id = 0\n", "4 the name of a group" },
		{ RULE "a*/user.id = 0\n", "4 the name of a group" },
	};

	CHECK(table);
}

static void
values_are_split_at_commas_and_quoted(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ RULE "process.name = a, b,c ,\n  d,\n", "" },
		{ RULE "process.name = \"a, b\", \"say \"\"x\"\"\", c\n", "" },
		{ RULE "process.name = \"\", a\n", "" },
		{ RULE "process.name = \"\"\n", "" },
		{ RULE "process.name = a\"b\n", "" },
		{ RULE "process.name =\n", "4 'process.name' has no value" },
		{ RULE "process.name = a,, b\n", "4 an empty value before a comma; write \"\" if it is meant" },
		{ RULE "process.name = a,,\n", "4 an empty value before a comma" },
		{ RULE "process.name = ,a\n", "4 an empty value before a comma" },
		{ RULE "process.name = ,\n", "4 an empty value before a comma" },
		{ RULE "process.name = a,\n  b, ,\n", "5 an empty value before a comma" },
		{ RULE "process.name = \"a\n", "4 a quoted value does not end" },
		{ RULE "process.name = \"a\"\"\n", "4 a quoted value does not end" },
		{ RULE "process.name = \"a\" b, c\n", "4 a quoted value is followed by more than a comma" },
		{ RULE "process.name = \"a\"b\"\n", "4 a quoted value is followed by more than a comma" },
		{ "[rule r]\non = \"exec\naction = \"alert\"x\n" ROOT, "2 a quoted value does not end\n3 a quoted value is followed by more" },
	};

	CHECK(table);
}

static void
rules_say_when_and_what(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ "[rule r]\n" ROOT, "1 [rule r] has no `on = ...`: which events does it judge?\n1 [rule r] has no `action = ...`" },
		{ "[rule r]\non =\naction =\n" ROOT, "2 'on' has no value\n3 'action' has no value" },
		{ "[rule r]\non = exce\naction = alert\n" ROOT, "2 unknown event 'exce'; did you mean 'exec'?" },
		{ "[rule r]\non = exec, opne,\n  zzzzzzzz\naction = alert\n" ROOT,
		    "2 unknown event 'opne'; did you mean 'open'?\n3 unknown event 'zzzzzzzz'" },
		{ "[rule r]\non = agent\naction = alert\n" ROOT,
		    "2 no rule hears 'agent': the rule would never match; what yett tells of itself is recorded without any" },
		{ "[rule r]\non = agent,\n  exec\naction = alert\n" ROOT, "" },
		{ "[rule r]\non = agent, exce\naction = alert\n" ROOT, "2 unknown event 'exce'; did you mean 'exec'?\n2 'agent': the rule would never" },
		{ "[rule r]\non = exec\naction = denny\n" ROOT, "3 unknown action 'denny'; did you mean 'deny'?" },
		{ "[rule r]\non = exec\naction = kill-parnt, qqqqqqqqqq\n" ROOT,
		    "3 unknown action 'kill-parnt'; did you mean 'kill-parent'?\n3 unknown action 'qqqqqqqqqq'" },
		{ "[rule r]\non = exec\naction = quarantine\n" ROOT, "3 quarantine is not available in this version; deny" },
		{ "[rule r]\non = exec, connect, fork\naction = deny\n" ROOT, "3 deny is not possible on fork\n3 deny is not possible on connect" },
		{ "[rule r]\non = exec\naction = allow, deny\n" ROOT, "3 allow contradicts the other actions" },
		{ "[rule r]\non = exec\naction = allow, suspend\n" ROOT, "3 allow contradicts the other actions" },
		{ "[rule r]\non = exec\naction = allow, alert, log\n" ROOT, "" },
		{ "[rule r]\non = exit\naction = kill-tree\n" ROOT, "3 a process that ended cannot be killed" },
		{ "[rule r]\non = exec, open, write\naction = deny, kill, kill-parent, kill-tree, suspend, alert, log\nfile.path = /x\n", "" },
		{ RULE ROOT "mode = enforced\n", "5 mode is monitor or enforce, not 'enforced'" },
		{ RULE ROOT "mode =\n", "5 mode is monitor or enforce, not ''" },
		/* Said once, however many rules are in the file. */
		{ "[policy]\nmode = x\n" RULE ROOT "[rule q]\non = exec\naction = log\nuser.id = 1\n", "2 mode is monitor or enforce, not 'x'" },
		{ RULE ROOT "severity = hihg\n", "5 unknown severity 'hihg'; did you mean 'high'?" },
		{ RULE ROOT "severity =\n", "5 unknown severity ''" },
		{ RULE ROOT "severity = critical\ndescription = d\nmessage = m\nthreat.technique.id = T1\nmode = enforce\n", "" },
		{ RULE, "1 [r] has no condition: it would match everything" },
	};

	CHECK(table);
}

static void
an_event_that_no_rule_hears_is_a_warning_beside_others(void **state)
{
	(void)state;
	struct faults faults = { 0 };
	const struct policy *p = compile_for(&compile_enforcing, "[rule r]\non = exec, agent\naction = alert\n" ROOT, &faults);

	assert_non_null(p);
	assert_int_equal(faults.count, 1);
	assert_true(faults.fault[0].warning && strstr(faults.fault[0].why, "matches on the others only"));
	assert_true(policy_kinds(p) == 1ull << EVENT_EXEC);
	policy_close(p);
}

static void
conditions_fit_their_fields(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ RULE "process.name|contain = x\n", "4 unknown modifier '|contain'; did you mean 'contains'?" },
		{ RULE "process.name| = x\n", "4 unknown modifier '|'" },
		{ RULE "process.name|contains|zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz = x\n", "4 unknown modifier '|zzzz" },
		{ RULE "process.args|re = ^a(b|c)$\n", "" },
		{ RULE "process.args|re|i|m|s|all = x, y\n", "" },
		{ RULE "process.args|re = \"a{1,3}\", [a-z]{2}, {2\n", "4 '{2' was ended by a comma: write the expression in quotes" },
		{ RULE "process.args|re = ok,\n  a(b\n", "5 'a(b' is no regular expression: missing closing parenthesis at byte 4" },
		{ RULE "process.args|re = [a,b]\n", "4 '[a' is no regular expression: missing terminating ] for character class at byte 3" },
		{ RULE "process.args|re = a{1,3}b\n", "4 'a{1' was ended by a comma: write the expression in quotes" },
		{ RULE "process.args|re = *a\n", "4 '*a' is no regular expression: quantifier does not follow a repeatable item at byte 1" },
		{ RULE "process.args|re = \"\"\n", "4 '' is no regular expression: nothing, which is in every text" },
		{ RULE "process.args|re = (*UTF)x\n", "4 is no regular expression: using UTF is disabled by the application" },
		{ RULE "process.args|re = \"(((a{1000}){1000}){1000})\"\n", "4 is no regular expression: regular expression is too large" },
		{ RULE "process.args|re = @l\n[list l]\nvalues = (a, b)\n",
		    "6 '(a' is no regular expression: missing closing parenthesis at byte 3; t.ini:4 uses it\n"
		    "6 'b)' is no regular expression: unmatched closing parenthesis at byte 2; t.ini:4 uses it" },
		{ RULE "process.args|re|nocase = x\n", "4 '|re' goes with neither cased nor nocase" },
		{ RULE "process.args|re|cased = x\n", "4 '|re' goes with neither cased nor nocase" },
		{ RULE "process.args|contains|i = x\n", "4 '|i', '|m' and '|s' belong to '|re'" },
		{ RULE "process.args|s = x\n", "4 '|i', '|m' and '|s' belong to '|re'" },
		{ RULE "process.args|re|contains = x\n", "4 only one of contains" },
		{ RULE "process.args|re|fieldref = user.name\n", "4 '|fieldref' does not go with all, re or base64offset" },
		{ RULE "user.id|re = 0\n", "4 '|re' does not fit user.id" },
		{ RULE "file.hash.sha256|re = 0\n", "4 '|re' does not fit file.hash.sha256" },
		{ RULE "destination.ip|re = 1\n", "4 '|re' does not fit destination.ip" },
		{ RULE "user.id|contains = 0\n", "4 '|contains' does not fit user.id" },
		{ RULE "user.id|all = 0\n", "4 '|all' does not fit user.id" },
		{ RULE "process.name|gt = 0\n", "4 '|gt' does not fit process.name" },
		{ RULE "process.name|cidr = x\n", "4 '|cidr' does not fit process.name" },
		{ RULE "file.setuid|gt = 0\n", "4 '|gt' does not fit file.setuid" },
		{ RULE "file.hash.sha256|startswith = 00\n", "4 '|startswith' does not fit file.hash.sha256" },
		{ RULE "destination.ip|contains = 1\n", "4 '|contains' does not fit destination.ip" },
		{ RULE "process.name|contains|endswith = x\n", "4 only one of contains, startswith, endswith, base64offset, re, gt, gte, lt, lte" },
		{ RULE "user.id|gt|lt = 5\n", "4 only one of contains" },
		{ RULE "process.args|base64offset|contains = abc\n", "" },	/* as Sigma writes it */
		{ RULE "process.args|base64offset|endswith = abc\n", "4 only one of contains" },
		{ RULE "process.name|exists|contains = true\n", "4 '|exists' stands alone" },
		{ RULE "process.name|exists = yes\n", "4 'yes' is not true or false" },
		{ RULE "process.name|exists =\n", "4 '' is not true or false" },
		{ RULE "process.name|cased|nocase = x\n", "4 '|cased' and '|nocase' contradict each other" },
		{ RULE "process.args|base64offset|nocase = abc\n", "4 '|base64offset' does not go with nocase" },
		{ RULE "process.args|base64offset = ab\n", "4 'ab' is too short or too long for base64offset" },
		{ RULE "process.args|base64offset = \"\"\n", "4 is too short or too long for base64offset" },
		{ RULE "process.name|fieldref = usr.name\n", "4 unknown field 'usr.name'; did you mean 'user.name'?" },
		{ RULE "process.name|fieldref = user.id\n", "4 process.name|fieldref cannot be compared with user.id in this way" },
		{ RULE "user.id|fieldref = process.name\n", "4 cannot be compared with process.name" },
		{ RULE "user.id|fieldref = file.hash.sha256\n", "4 cannot be compared with file.hash.sha256" },
		{ RULE "user.id|fieldref = destination.ip\n", "4 cannot be compared with destination.ip" },
		{ RULE "user.id|fieldref|gt = file.uid\n", "4 cannot be compared with file.uid" },
		{ RULE "process.name|fieldref|all = user.name\n", "4 '|fieldref' does not go with all, re or base64offset" },
		{ RULE "process.name|fieldref|nocase = user.name\n", "" },
		{ RULE "user.id|fieldref|nocase = user.real.id\n", "4 '|nocase' does not fit user.id" },
		{ RULE "process.name|fieldref|endswith = user.name\n", "" },
		{ RULE "user.id|fieldref = file.uid\n", "" },
	};

	CHECK(table);
}

static void
values_are_of_the_type_of_their_field(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ RULE "user.id = root\n", "4 'root' is not a decimal number" },
		{ RULE "user.id = 0x10, 07,-1, +1, 1k, 4294967296, 1\n",
		    "4 '0x10' is not a decimal number\n4 '-1' is not\n4 '+1' is not\n4 '1k' is not\n4 '4294967296' is not" },
		{ RULE "process.pid|gte = -1\n", "" },
		{ RULE "process.pid = 2147483647, -2147483648\n", "" },
		{ RULE "process.pid = 2147483648, -2147483649\n", "4 '2147483648' is not a decimal number\n4 '-2147483649' is not" },
		{ RULE "file.size = 123456789012345678901234567890\n", "4 is not a decimal number, with k, M or G" },
		{ RULE "destination.port = 65535, 65536\n", "4 '65536' is not a decimal number" },
		{ RULE "event.result|lt = -9223372036854775807\n", "" },
		{ RULE "file.size|gt = 1G, 2M, 3k, 4\n", "" },
		{ RULE "file.size|gt = 1T\n", "4 '1T' is not a decimal number, with k, M or G" },
		{ RULE "file.size|gt = 9223372036854775808\n", "4 is not a decimal number, with k, M or G" },
		{ RULE "file.mode = 4755, 0755, 0\n", "" },
		{ RULE "file.mode = 789, 10000\n", "4 '789' is not permission bits in octal\n4 '10000' is not permission bits in octal, at most 7777" },
		{ RULE "file.setuid = true, false\n", "" },
		{ RULE "file.setuid = 1\n", "4 '1' is not true or false" },
		{ RULE "process.start|gt = 5m\n", "" },
		{ RULE "process.start|gt = 5\n", "4 '5' is not a time since boot such as 5m" },
		{ RULE "file.hash.sha256 = " HASH "\n", "" },
		{ RULE "file.hash.sha256 = " HASH "0, abc\n", "4 is not a SHA-256: 64 hexadecimal digits\n4 'abc' is not a SHA-256" },
		{ RULE "file.hash.sha256 = g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n", "4 is not a SHA-256" },
		{ RULE "destination.ip = 192.0.2.1, ::1, 2001:db8::5, ::ffff:192.0.2.1\n", "" },
		{ RULE "destination.ip = 192.0.2, host\n", "4 '192.0.2' is not an address\n4 'host' is not an address" },
		{ RULE "destination.ip = 10.0.0.0/8\n", "4 '10.0.0.0/8' is a network: write destination.ip|cidr" },
		{ RULE "destination.ip|cidr = 10.0.0.0/8, 0.0.0.0/0, 192.0.2.1/32, 192.0.2.9, 2001:db8::/32, ::/0\n", "" },
		{ RULE "destination.ip|cidr = 2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000/8, ::ffff:10.0.0.0/104\n",
		    "4 is not a network\n4 '::ffff:10.0.0.0/104' is not a network" },
		{ RULE "destination.ip|cidr = 10.0.0.1/8, 10.0.0.0/33, 10.0.0.0/, 10.0.0.0/-1, 10.0.0.0/8x, x/8\n",
		    "4 '10.0.0.1/8' is not a network\n4 '10.0.0.0/33'\n4 '10.0.0.0/'\n4 '10.0.0.0/-1'\n4 '10.0.0.0/8x'\n4 'x/8' is not a network" },
		{ RULE "file.path = /a[b\n", "4 '/a[b' '[' without ']'" },
		{ RULE "file.path = /a\\\n", "4 '/a\\' ends with a backslash" },
		{ RULE "file.path = [z-a]\n", "4 a range in [] runs backwards" },
		{ RULE "file.path|contains = [\n", "" },		/* a letter in text that is no path */
		{ RULE "process.command_line = [x\n", "" },
	};

	CHECK(table);
}

static void
lists_may_hold_lists_but_not_themselves(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ RULE "process.name = @shell\n[list shells]\nvalues = sh\n", "4 there is no [list shell]; did you mean 'shells'?" },
		{ RULE "process.name = @\n", "4 there is no [list ]" },
		{ RULE "process.name = \"@shell\", a\n", "" },	/* quoted, it is text */
		{ RULE "process.name = @a, @b\n[list a]\nvalues = @b, x\n[list b]\nvalues = y\n", "" },
		{ RULE "process.name = @a\n[list a]\nvalues = x, @a\n", "6 '@a' is a list that holds itself; t.ini:4 uses it" },
		{ RULE "process.name = @a\n[list a]\nvalues = @b\n[list b]\nvalues = @a\n", "8 '@a' is a list that holds itself" },
		/* Where the value stands, and who wants it otherwise. */
		{ RULE "user.id = @a\n[list a]\nvalues = 1, x\n", "6 'x' is not a decimal number; t.ini:4 uses it" },
		/* A value that is wrong is told once, whoever uses it. */
		{ RULE "user.id = @a\nfile.uid = @a, 3\nnot file.gid = @a\n[list a]\nvalues = 1,\n  x\n",
		    "9 'x' is not a decimal number; t.ini:4 uses it" },
		{ RULE "user.id = @a, 1\nfile.uid = @a\n[list a]\nvalues = @b\n", "7 there is no [list b]" },
	};

	CHECK(table);
}

static void
expressions_join_groups(void **state)
{
	(void)state;
	static const struct row table[] = {
#define GROUPS RULE "a/user.id = 0\nb1/user.id = 1\nb2/user.id = 2\n"	/* lines 4 to 6 */
		{ GROUPS "condition = a and (b1 or not b2)\n", "" },
		{ GROUPS "condition = a and 1 of b* or all of them\n", "" },
		{ GROUPS "condition = any of them\n", "" },
		{ GROUPS "condition = not(a)and(b1)\n", "" },
		{ GROUPS "condition = a\n  and\n  b1\n", "" },
		{ GROUPS "condition =\n", "7 condition: a name, \"not\" or a parenthesis is missing" },
		{ GROUPS "condition = a and\n", "7 condition: a name, \"not\" or a parenthesis is missing" },
		{ GROUPS "condition = a or (b1\n", "7 condition: a parenthesis is not closed" },
		{ GROUPS "condition = a)\n", "7 condition: something is left over at the end" },
		{ GROUPS "condition = a b1\n", "7 condition: something is left over at the end" },
		{ GROUPS "condition = a andb1\n", "7 condition: something is left over at the end" },
		{ GROUPS "condition = ()\n", "7 condition: a name, \"not\" or a parenthesis is missing" },
		{ GROUPS "condition = c\n", "7 condition: there is no group of that name" },
		{ GROUPS "condition = selection\n", "7 condition: there is no group of that name" },
		{ GROUPS "condition = 1 of c*\n", "7 condition: no group has the name that follows \"of\"" },
		{ GROUPS "condition = 1 of\n", "7 condition: no group has the name that follows \"of\"" },
		{ GROUPS, "1 condition: several groups need a `condition = ...` that joins them" },
		{ RULE "a/user.id = 0\n", "1 condition: several groups need a `condition = ...`" },
		{ RULE ROOT "filter/user.id = 1\nfilter_b/user.id = 2\n", "" },
		{ RULE "filter/user.id = 1\n", "" },
#undef GROUPS
	};

	CHECK(table);
}

static void
what_lets_through_rests_on_what_an_attacker_cannot_choose(void **state)
{
	(void)state;
#define ALLOW "[rule r]\non = exec\naction = allow\n"
#define REFUSED "1 [rule r] allows by what an attacker can choose"
	static const struct row table[] = {
		{ ALLOW "process.args = x\n", REFUSED },
		{ ALLOW "process.args = x\nuser.id = 0\n", "" },
		{ ALLOW "not user.id = 0\n", REFUSED },
		{ ALLOW "process.args = x\nnot file.path = /x\n", REFUSED },
		{ ALLOW "process.title = x\nprocess.working_directory = /x\nprocess.env_vars = X=1\n", REFUSED },
		{ ALLOW "process.executable|fieldref = process.args\n", REFUSED },
		{ ALLOW "process.executable|fieldref = file.path\n", "" },
		/* The whole, and not only some part of it. */
		{ ALLOW "a/process.args = x\nb/user.id = 0\ncondition = a or b\n", REFUSED },
		{ ALLOW "a/process.args = x\nb/user.id = 0\ncondition = a and b\n", "" },
		{ ALLOW "a/user.id = 1\nb/user.id = 0\ncondition = a or b\n", "" },
		{ ALLOW "a/process.args = x\nb/user.id = 0\ncondition = 1 of them\n", REFUSED },
		{ ALLOW "a/process.args = x\nb/user.id = 0\ncondition = all of them\n", "" },
		{ ALLOW "a/process.args = x\nb/user.id = 0\ncondition = a and not b\n", REFUSED },
		{ ALLOW "a/process.args = x\nb/user.id = 0\ncondition = a\n", REFUSED },
		{ ALLOW "process.args = x\nfilter/user.id = 0\n", REFUSED },
		{ EXCEPT "process.command_line|contains = x\n" RULE ROOT, "1 [exception x] rests on what an attacker can choose" },
		{ EXCEPT "process.command_line|contains = x\nuser.id = 5\n" RULE ROOT, "" },
		{ EXCEPT "a/process.args = x\nb/user.id = 0\ncondition = a or b\n" RULE ROOT, "1 [exception x] rests on what an attacker can choose" },
	};
#undef ALLOW
#undef REFUSED

	CHECK(table);
}

static void
exceptions_say_why_and_until_when(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ RULE ROOT "[exception x]\n" ROOT,
		    "5 [exception x] has no `reason = ...`\n5 [exception x] has no `rules = ...`: which rules does it cover?" },
		{ RULE ROOT "[exception x]\nrules =\nreason =\n" ROOT, "5 [exception x] has no `reason = ...`\n6 'rules' has no value" },
		{ RULE ROOT EXCEPT, "5 [x] has no condition" },
		{ RULE ROOT EXCEPT ROOT "expires = 2027-03-31\n", "" },
		{ RULE ROOT EXCEPT ROOT "expires = 2027-03-31T23:59:59Z\n", "" },
		{ RULE ROOT EXCEPT ROOT "expires =\n", "9 '' is not a date: YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ" },
		{ RULE ROOT EXCEPT ROOT "expires = 2027-02-29\n", "9 '2027-02-29' is not a date" },
		{ RULE ROOT EXCEPT ROOT "expires = 31.3.2027\n", "9 '31.3.2027' is not a date" },
#define NOT_A_DATE(s) { RULE ROOT EXCEPT ROOT "expires = " s "\n", "9 '" s "' is not a date" }
		NOT_A_DATE("2027-13-01"), NOT_A_DATE("2027-00-01"), NOT_A_DATE("2027-01-32"), NOT_A_DATE("2027-01-00"), NOT_A_DATE("2027-04-31"),
		NOT_A_DATE("2100-02-29"), NOT_A_DATE("1969-12-31"), NOT_A_DATE("2300-01-01"), NOT_A_DATE("20x7-01-01"), NOT_A_DATE("2027/01/01"),
		NOT_A_DATE("2027-01-01T24:00:00Z"), NOT_A_DATE("2027-01-01T00:60:00Z"), NOT_A_DATE("2027-01-01T00:00:60Z"),
		NOT_A_DATE("2027-01-01 00:00:00Z"), NOT_A_DATE("2027-01-01T00:00:00+"), NOT_A_DATE("2027-01-01T00:00Z"), NOT_A_DATE("never"),
#undef NOT_A_DATE
		{ "[rule shell]\non = exec\naction = deny\n" ROOT "[exception x]\nrules = shel, shell\nreason = y\n" ROOT,
		    "6 there is no rule 'shel'; did you mean 'shell'?" },
		{ RULE ROOT "[exception x]\nrules = q*, *, r\nreason = y\n" ROOT, "6 there is no rule 'q*'" },
		{ RULE ROOT "[exception x]\nrules = \"r\nreason = y\n" ROOT, "6 a quoted value does not end" },
		{ RULE ROOT EXCEPT ROOT "action = deny\n", "9 unknown field or key 'action'" },
	};

	CHECK(table);
}

static void
correlations_join_rules(void **state)
{
	(void)state;
#define R2 "[rule r]\non = exec\nuser.id = 0\n[rule q]\non = connect\naction = log\nuser.id = 0\n"	/* r has no action of its own */
#define C R2 "[correlation c]\naction = alert\nrules = r, q\n"					/* lines 8 to 10 */
#define COUNTS C "type = event_count\ntimespan = 60s\n"						/* up to line 12 */
	static const struct row table[] = {
		{ COUNTS "condition = gte: 10\n", "" },
		{ COUNTS "condition = gt: 9\ngroup-by = user.name, process.tree\ndescription = d\nmessage = m\nseverity = low\nmode = monitor\n", "" },
		{ C "type = temporal\ntimespan = 1h\n", "" },
		{ C "type = new_terms\ngroup-by = process.name\nwindow = 400d\nlearn = 0s\n", "" },
		{ R2 "[correlation c]\n", "1 [rule r] has no `action\n8 type: '' is none of event_count\n8 timespan: within which time? At most 1h\n"
		    "8 condition: is `gte: N`\n8 [correlation c] has no `rules = ...`: which rules does it join?\n"
		    "8 [correlation c] has no `action = ...`" },
		{ C "type = event_cont\ntimespan = 1m\ncondition = gte: 1\n", "11 type: 'event_cont' is none of event_count, value_count, temporal, "
		    "temporal_ordered, new_terms; did you mean 'event_count'?" },
		/* Times. */
		{ C "type = temporal\ntimespan =\n", "12 timespan: is a time such as 60s or 5m, at most 1h" },
		{ C "type = temporal\ntimespan = 61m\n", "12 timespan: is a time such as 60s or 5m, at most 1h" },
		{ C "type = temporal\ntimespan = 60\n", "12 timespan: is a time such as" },
		{ C "type = temporal\ntimespan = 0s\n", "12 timespan: is too short: at least 1ms" },
		{ C "type = new_terms\ngroup-by = user.id\nwindow = 401d\nlearn =\n",
		    "13 window: is a time such as 14d, at most 400d\n14 learn: is a time such as 14d" },
		/* How many, of what. */
		{ COUNTS, "8 condition: is `gte: N` or `gt: N`, up to 1000000" },
		{ COUNTS "condition = lt: 5\n", "13 condition: is `gte: N`" }, { COUNTS "condition = gte: 0\n", "13 condition: is `gte: N`" },
		{ COUNTS "condition = gt: 0\n", "" }, { COUNTS "condition = gte: 1000000\n", "" },
		{ COUNTS "condition = gt: 1000000\n", "13 up to 1000000" },
		{ COUNTS "condition = gte: x\n", "13 condition: is `gte: N`" }, { COUNTS "condition = 10\n", "13 condition: is `gte: N`" },
		{ COUNTS "condition = gte: 1\nfield = user.id\n", "14 field: is for value_count" },
		{ C "type = temporal\ntimespan = 1s\ncondition = gte: 1\n", "13 condition: is for event_count and value_count" },
#define VALUES C "type = value_count\ntimespan = 1m\n"
		{ VALUES "condition = gte: 64\nfield = user.id\n", "" },
		{ VALUES "condition = gte: 65\nfield = user.id\n", "13 condition: is `gte: N` or `gt: N`, up to 64 values" },
		{ VALUES "condition = gte: 5\n", "8 field: '' is no field whose values could be counted" },
		{ VALUES "condition = gte: 5\nfield = usr.id\n",
		    "14 field: 'usr.id' is no field whose values could be counted; did you mean 'user.id'?" },
#undef VALUES
		/* In what groups. */
		{ COUNTS "condition = gte: 1\ngroup-by =\n", "14 group-by: has no value" },
		{ COUNTS "condition = gte: 1\ngroup-by = usr.id, proces.tree\n", "14 group-by: 'usr.id' is no field, and none of process.tree\n"
		    "14 session, host; did you mean 'process.tree'?" },
		{ COUNTS "condition = gte: 1\ngroup-by = session, host, user.id, user.id, user.id, user.id, user.id, user.id\n", "" },
		{ COUNTS "condition = gte: 1\ngroup-by = session, host, user.id, user.id, user.id, user.id, user.id, user.id, user.id\n",
		    "14 group-by: has more than 8 fields" },
		{ C "type = new_terms\n", "8 group-by: which fields make a combination that may be new?" },
		/* Of what rules, and what then. */
		{ COUNTS "condition = gte: 1\nactoin = x\n", "14 unknown key 'actoin' in this section; did you mean 'action'?" },
		{ R2 "[rule shell]\non = exec\naction = log\nuser.id = 1\n[correlation c]\naction = alert\nrules = r, shel\ntype = temporal\n"
		    "timespan = 1s\n", "14 there is no rule 'shel'; did you mean 'shell'?" },
		{ C "type = temporal\ntimespan = 1s\n[correlation d]\naction = alert\nrules = r, c\ntype = temporal\ntimespan = 1s\n",
		    "15 'c' is a correlation itself: name rules" },
		{ R2 "[correlation c]\naction = alert\nrules = r\ntype = temporal\ntimespan = 1s\n", "10 rules: names at least two rules" },
		{ R2 "[correlation c]\naction = allow\nrules = r, q\ntype = temporal\ntimespan = 1s\n", "9 action: a correlation cannot allow" },
		{ R2 "[correlation c]\naction = deny\nrules = r, q\ntype = temporal\ntimespan = 1s\n", "9 deny is not possible on connect" },
		/* In order, only the last completes it. */
		{ R2 "[correlation c]\naction = deny\nrules = q, r\ntype = temporal_ordered\ntimespan = 1s\n", "" },
		{ R2 "[correlation r]\naction = alert\nrules = r, q\ntype = temporal\ntimespan = 1s\n",
		    "8 [correlation r] is already defined at t.ini:1" },
		{ C "type = temporal\ntimespan = 1s\n[exception x]\nrules = c\nreason = y\nuser.id = 0\n", "" },
	};
#undef R2
#undef C
#undef COUNTS

	CHECK(table);
}

static void
tests_describe_an_event_and_what_becomes_of_it(void **state)
{
	(void)state;
#define DENY "[rule r]\non = exec\naction = deny, alert\nprocess.name = sh\n[rule s]\non = exec\naction = alert\nprocess.name = sh, nc\n"
#define TEST DENY "[test t]\n"			/* line 9 */
#define SH "process.executable = /bin/sh\n"
	static const struct row table[] = {
		{ TEST "on = exec\n" SH "expect = deny r\n", "" },
		{ TEST "on = exec\n" SH "expect = deny\n", "" },
		{ TEST "on = exec\nprocess.executable = /bin/nc\nexpect = alert s\n", "" },
		{ TEST "on = exec\nprocess.executable = /bin/ls\nexpect = allow\n", "" },
		{ TEST "on = open\n" SH "expect = allow\n", "" },
		{ TEST SH, "9 [test t] needs `on = ` one event, and `expect = ...`" },
		{ TEST "on = exec\n" SH, "9 [test t] needs `on = ` one event" },
		{ TEST "on = exec, open\n" SH "expect = deny\n", "9 [test t] needs `on = ` one event" },
		{ TEST "on = exec\n" SH "expect = maybe\n", "12 expect is deny, alert, allow or another action, then rules; not 'maybe'" },
		{ TEST "on = exec\n" SH "expect =\n", "12 expect is deny" },
		/* The verdict is another one. */
		{ TEST "on = exec\n" SH "expect = allow\n", "12 test 't' expects 'allow', but the verdict is deny and r, s matched" },
		{ TEST "on = exec\nprocess.executable = /bin/nc\nexpect = allow\n", "12 but the verdict is allow and s matched" },
		{ TEST "on = exec\nprocess.executable = /bin/ls\nexpect = deny\n", "12 but the verdict is allow and no rule matched" },
		{ TEST "on = exec\nprocess.executable = /bin/ls\nexpect = alert\n", "12 expects 'alert'" },
		/* The rule is another one, or does something else; what is denied is more than alerted. */
		{ TEST "on = exec\n" SH "expect = deny s\n", "12 expects 'deny s', but the verdict is deny and r, s matched" },
		{ TEST "on = exec\n" SH "expect = deny q\n", "12 expects 'deny q'" },
		{ TEST "on = exec\n" SH "expect = alert s\n", "12 expects 'alert s', but the verdict is deny" },
		{ TEST "on = exec\n" SH "expect = kill r\n", "12 expects 'kill r'" },
		{ TEST "on = exec\nprocess.executable = /bin/nc\nexpect = deny s\n", "12 expects 'deny s'" },
		{ "[rule r]\non = exec\naction = kill\n" ROOT "[test t]\non = exec\nuser.id = 0\nexpect = alert r\n", "" },
		{ "[rule r]\non = exec\naction = kill\n" ROOT "[test t]\non = exec\nuser.id = 0\nexpect = kill r\n", "" },
		{ "[rule r]\non = exec\naction = allow\n" ROOT "[test t]\non = exec\nuser.id = 0\nexpect = allow r\n", "" },
		/* Fields. */
		{ TEST "on = exec\nproces.name = sh\nexpect = allow\n", "11 unknown field 'proces.name'; did you mean 'process.name'?" },
		{ TEST "on = exec\nprocess.name|contains = sh\nexpect = allow\n", "11 unknown field 'process.name|contains'" },
		{ TEST "on = exec\nprocess.name = sh\nexpect = allow\n", "11 process.name: 'sh' follows from another field: set that one" },
		{ TEST "on = exec\nuser.id = 0, 1\nexpect = allow\n", "11 'user.id' has one value here" },
		{ TEST "on = exec\nuser.id =\nexpect = allow\n", "11 'user.id' has no value" },
		{ TEST "on = exec\nuser.id = \"0\nexpect = allow\n", "11 a quoted value does not end" },
		{ TEST "on = exec\nuser.id = x\nfile.setuid = 1\nexpect = allow\n",
		    "11 user.id: 'x' 'x' is not a decimal number\n12 file.setuid: '1' is not true or false" },
		{ TEST "on = exec\nfile.hash.sha256 = 12\ndestination.ip = x\nexpect = allow\n",
		    "11 is not a SHA-256\n12 destination.ip: 'x' is not an address" },
		{ TEST "on = exec\nprocess.args = sh, -c, \"a, b\"\nprocess.ancestor.executable = /a, /b\n" SH "expect = deny r\n", "" },
		/* All of a file at once; but where the rules are at fault there is nothing to test. */
		{ TEST "on = exec\n" SH "expect = allow\n[test u]\non = exec\n" SH "expect = allow\n", "12 test 't' expects\n16 test 'u' expects" },
		{ TEST "on = exec\n" SH "expect = allow\n[rule q]\n", "13 has no `on\n13 has no `action\n13 has no condition" },
	};
#undef DENY
#undef TEST
#undef SH

	CHECK(table);
}

static void
all_faults_of_a_text_are_told_in_one_pass(void **state)
{
	(void)state;
	static const struct row table[] = {
		{ "x = 1\n[policy]\nmode = y\n\n[lst z]\n[rule r]\non = exce\naction = alret\nuser.id = x\nfle.path = /\n[exception e]\n" ROOT,
		    "1 a key before the first [section]\n5 unknown section [lst z]; did you mean 'list'?\n3 mode is monitor or enforce\n"
		    "7 unknown event 'exce'\n8 unknown action 'alret'; did you mean 'alert'?\n9 'x' is not a decimal number\n"
		    "10 unknown field or key 'fle.path'; did you mean 'file.path'?\n11 has no `reason = ...`\n11 has no `rules = ...`" },
	};

	CHECK(table);
}

/* FORMAT, with one %u, N times behind HEAD. */
static char *
many(const char *head, const char *format, unsigned n)
{
	size_t room = strlen(head) + n * (strlen(format) + 10) + 1, at = 0;
	char *text = malloc(room);

	assert_non_null(text);
	at += (size_t)snprintf(text, room, "%s", head);
	for (unsigned i = 0; i < n; i++) {
		const char *hole = strstr(format, "%u");
		at += (size_t)snprintf(text + at, room - at, "%.*s%u%s", (int)(hole - format), format, i, hole + 2);
	}
	return text;
}

static void
check_many(const char *head, const char *format, unsigned n, const char *told)
{
	CLEANUP_FREE char *text = many(head, format, n);

	check_row(&(struct row){ .text = text, .told = told });
}

static void
limits_are_told(void **state)
{
	(void)state;
	check_many(RULE "condition = 1 of them\n", "g%u/user.id = 0\n", 64, "");
	check_many(RULE "condition = 1 of them\n", "g%u/user.id = 0\n", 65, "69 more than 64 groups");
	check_many(RULE ROOT, "a-name-of-a-group-that-is-as-long-as-no-name-should-ever-be----%u/user.id = 0\n", 1,
	    "5 a name of more than 63 bytes");
	check_many(RULE ROOT "process.args|contains = x\n", "zzzzzzzzzz%u = x\n", 1, "6 unknown field or key 'zzzzzzzzzz0'");
}

static void
correlations_are_few_and_of_few_rules(void **state)
{
	(void)state;
	CLEANUP_FREE char *rules = many("", "[rule r%u]\non = exec\naction = log\nuser.id = 0\n", 17);
	char text[4096];
	size_t at;

	at = (size_t)snprintf(text, sizeof(text), "%s[correlation c]\naction = alert\ntype = temporal\ntimespan = 1s\nrules = r0", rules);
	for (unsigned i = 1; i < 16; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, ", r%u", i);
	snprintf(text + at, sizeof(text) - at, "\n");
	check_row(&(struct row){ .text = text, .told = "" });
	snprintf(text + at, sizeof(text) - at, ", r16\n");
	check_row(&(struct row){ .text = text, .told = "73 rules: names more than 16 rules" });
#define EACH "[correlation c%u]\naction = log\ntype = event_count\ntimespan = 1s\ncondition = gte: 2\nrules = r\n"
	check_many(RULE ROOT, EACH, 256, "");
	check_many(RULE ROOT, EACH, 257, "1543 type: more than 256 correlations in all");
#undef EACH
}

static void
a_section_has_at_most_512_keys(void **state)
{
	(void)state;
	CLEANUP_FREE char *text = many("[list a]\nvalues = x\n", "k%u = x\n", 600);
	struct faults faults = { 0 };

	assert_null(compile_for(&compile_enforcing, text, &faults));
	assert_int_equal(faults.errors, 1 + 511);	/* the one about it, and what else is unknown; nothing of what follows */
	assert_int_equal(faults.fault[0].line, 514);
	assert_string_equal(faults.fault[0].why, "more than 512 keys in one section");
}

static void
a_section_has_at_most_256_conditions(void **state)
{
	(void)state;
	char text[64 * 1024];
	size_t at = (size_t)snprintf(text, sizeof(text), "%scondition = 1 of them\n", RULE);

	/* 64 groups of 4 fields, and one more. */
	for (unsigned g = 0; g < 64; g++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "g%u/user.id = 0\ng%u/file.uid = 0\ng%u/file.gid = 0\n"
		    "g%u/group.id = 0\n", g, g, g, g);
	check_row(&(struct row){ .text = text, .told = "" });
	snprintf(text + at, sizeof(text) - at, "g0/file.size = 0\n");
	check_row(&(struct row){ .text = text, .told = "261 more than 256 conditions in one section" });
}

static void
an_expression_of_any_length_is_read_or_refused(void **state)
{
	(void)state;
	static const struct { const char *unit, *end, *told; unsigned n; } table[] = {
		{ "(", "user", "condition: nested too deeply", 100000 },
		{ "not ", "a", "condition: nested too deeply", 100000 },
		{ "a and ", "a", "condition: too long", 300 },
		{ "a and ", "a", "", 255 },
		{ "not not not ", "a", "", 21 },
		{ "a or (", "a", "condition: nested too deeply", 64 },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		size_t room = (strlen(table[i].unit) + 3) * table[i].n + 1000, at;
		CLEANUP_FREE char *text = malloc(room);
		assert_non_null(text);
		at = (size_t)snprintf(text, room, "%sa/user.id = 0\ncondition = ", RULE);
		for (unsigned n = 0; n < table[i].n; n++)
			at += (size_t)snprintf(text + at, room - at, "%s%s", table[i].unit, n % 500 == 499 ? "\n  " : "");
		snprintf(text + at, room - at, "%s\n", table[i].end);
		struct faults faults = { 0 };
		policy_close(compile_for(&compile_enforcing, text, &faults));
		assert_int_equal(faults.errors, table[i].told[0] ? 1 : 0);
		if (faults.errors && !strstr(faults.fault[0].why, table[i].told))
			fail_msg("%u times '%s': %s", table[i].n, table[i].unit, faults.fault[0].why);
	}
}

static void
lists_nest_32_deep_at_most(void **state)
{
	(void)state;
	struct row row = { .told = "" };
	char text[4096];

	for (unsigned depth = 31; depth <= 32; depth++) {
		size_t at = (size_t)snprintf(text, sizeof(text), "%suser.id = @l0\n[list l%u]\nvalues = 1\n", RULE, depth);
		for (unsigned i = 0; i < depth; i++)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "[list l%u]\nvalues = @l%u\n", i, i + 1);
		row.text = text;
		check_row(&row);
		row.told = "70 '@l32' is a list in a list, and so on, 32 deep";
	}
}

static void
patterns_and_base64_have_a_greatest_length(void **state)
{
	(void)state;
	static const struct { const char *key; unsigned letters; const char *tail, *told; } table[] = {
		{ "file.path", 511, "*", "" },
		{ "file.path", 512, "*", "4 a pattern with wildcards of more than 512 bytes" },
		{ "file.path", 2000, "", "" },
		/* The modifier itself needs room. */
		{ "file.path|contains", 509, "?", "" },
		{ "file.path|contains", 510, "?", "" },
		{ "file.path|contains", 511, "?", "4 is too long for a pattern" },
		{ "process.args|base64offset", 512, "", "" },
		{ "process.args|base64offset", 513, "", "4 is too short or too long for base64offset" },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		char text[4096], letters[2001];
		memset(letters, 'a', sizeof(letters));
		letters[table[i].letters] = '\0';
		if (strstr(table[i].key, "|contains"))
			letters[table[i].letters - 1] = '\0';	/* with its ? that many */
		snprintf(text, sizeof(text), RULE "%s = %s%s\n", table[i].key, letters, table[i].tail);
		check_row(&(struct row){ .text = text, .told = table[i].told });
	}
}

static void
more_rules_or_exceptions_than_a_verdict_can_name_are_refused(void **state)
{
	(void)state;
	struct policy_sources untested = { .mode = MODE_ENFORCE };
	struct { const char *head, *format, *told; unsigned n; } table[] = {
		{ "", "[rule r%u]\non=exec\naction=log\nuser.id=1\n", "", 32000 },
		{ "", "[rule r%u]\non=exec\naction=log\nuser.id=1\n", "32001 rules; at most 32000", 32001 },
		{ RULE ROOT, "[exception x%u]\nrules=r\nreason=y\nuser.id=1\n", "32001 exceptions; at most 32000", 32001 },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		CLEANUP_FREE char *text = many(table[i].head, table[i].format, table[i].n);
		struct faults faults = { 0 };
		const struct policy *p = compile_for(&untested, text, &faults);
		assert_int_equal(p != NULL, table[i].told[0] == '\0');
		if (p)
			assert_int_equal(policy_rules(p), table[i].n);
		else
			assert_string_equal(faults.fault[0].why, table[i].told);
		policy_close(p);
	}
}

static void
the_cost_of_a_hostile_text_is_bounded(void **state)
{
	(void)state;
	/* Patterns of exceptions that a matcher which goes back would not finish. */
	char text[4096];
	size_t at = (size_t)snprintf(text, sizeof(text), "[rule aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\non = exec\naction = log\n" ROOT
	    "[exception x]\nreason = y\n" ROOT "rules = ");

	for (unsigned i = 0; i < 40; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "*a");
	snprintf(text + at, sizeof(text) - at, "b\n");
	check_row(&(struct row){ .text = text, .told = "8 there is no rule '*a" });
	/* A line of values, none of which may cost as much as the line. */
	CLEANUP_FREE char *values = many(RULE "process.args =\n",
	    "  a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,%u\n", 5000);
	policy_close(compile(values));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_are_known_named_and_unique),
		cmocka_unit_test(keys_are_known_and_set_once),
		cmocka_unit_test(values_are_split_at_commas_and_quoted),
		cmocka_unit_test(rules_say_when_and_what),
		cmocka_unit_test(an_event_that_no_rule_hears_is_a_warning_beside_others),
		cmocka_unit_test(conditions_fit_their_fields),
		cmocka_unit_test(values_are_of_the_type_of_their_field),
		cmocka_unit_test(lists_may_hold_lists_but_not_themselves),
		cmocka_unit_test(expressions_join_groups),
		cmocka_unit_test(what_lets_through_rests_on_what_an_attacker_cannot_choose),
		cmocka_unit_test(exceptions_say_why_and_until_when),
		cmocka_unit_test(correlations_join_rules),
		cmocka_unit_test(tests_describe_an_event_and_what_becomes_of_it),
		cmocka_unit_test(all_faults_of_a_text_are_told_in_one_pass),
		cmocka_unit_test(limits_are_told),
		cmocka_unit_test(correlations_are_few_and_of_few_rules),
		cmocka_unit_test(a_section_has_at_most_512_keys),
		cmocka_unit_test(a_section_has_at_most_256_conditions),
		cmocka_unit_test(an_expression_of_any_length_is_read_or_refused),
		cmocka_unit_test(lists_nest_32_deep_at_most),
		cmocka_unit_test(patterns_and_base64_have_a_greatest_length),
		cmocka_unit_test(more_rules_or_exceptions_than_a_verdict_can_name_are_refused),
		cmocka_unit_test(the_cost_of_a_hostile_text_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
