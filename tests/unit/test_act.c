#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "compile.h"
#include "policy/given.h"
/* The gate is a process, not a library: what it tells is taken in whole, with all that it calls. */
#include "gate/act.c"
#include "gate/coverage.c"
#include "gate/fold.c"
#include "gate/proc.c"
#include "gate/started.c"
#include "gate/glance.c"
#include "gate/fan.c"
#include "gate/content.c"
#include "gate/ends.c"
#include "gate/fetch.c"
#include "gate/labels.c"
#include "gate/linger.c"
#include "gate/spool.c"
#define let_go	late_let_go
#include "gate/late.c"

#define EVIL	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"

static struct gate gate;
static struct config config = { .events = true };
static int record;		/* where reports go */

static int
begin(void **state)
{
	struct page *page;
	int pair[2];

	(void)state;
	memset(&gate, 0, sizeof(gate));
	if (page_create(&page) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return -1;
	record = pair[1];
	if (tree_new(&gate.tree, 7))
		return -1;
	gate.setup = (struct gate_setup){ .page = page, .config = &config, .record_sock = pair[0], .started_group = -1,
		.proc_sock = -1, .scan_sock = -1,
		.warden_sock = -1 };
	gate.policy = compile("[rule easy]\non = exec\naction = alert\nprocess.args = x\n"
	    "[rule hard]\non = exec\naction = deny\nprocess.args|re = ^(a+)+$\n");
	return 0;
}

static int
end(void **state)
{
	(void)state;
	policy_close(gate.policy);
	tree_free(gate.tree);
	close(record);
	close(gate.setup.record_sock);
	return munmap(gate.setup.page, sizeof(*gate.setup.page));
}

/* What the gate would do with an exec that it has judged, with this argument. */
static void
judged(const char *arg)
{
	char why[200];

	event_init(&gate.report.event, EVENT_EXEC, SENSOR_FANOTIFY);
	assert_int_equal(policy_event_set(&gate.report.event, FIELD_PROCESS_ARGS, arg, strlen(arg), why, sizeof(why)), 0);
	gate.report.event.tried = HAVE_ALL;
	judge(gate.policy, &gate.report.event, &gate.verdict);
	assert_int_equal(gate.verdict.needs, 0);
	act_note_too_hard(&gate);
}

/* The next report, if there is one: its count and its reason. */
static bool
told(uint64_t *count, char *why, size_t n)
{
	static _Alignas(8) char buffer[WIRE_MAX];
	static struct report r;
	struct wire_msg m;
	size_t len;

	if (wire_recv(record, ROOM_GATE, ROOM_RECORD, buffer, sizeof(buffer), &m))
		return false;
	assert_int_equal(m.type, MSG_REPORT);
	assert_int_equal(report_from_wire(&r, m.payload, m.len), 0);
	assert_int_equal(r.kind, REPORT_STATE);
	const char *what = event_text(&r.event, TEXT_ACTION, &len);
	assert_true(len == 14 && memcmp(what, "regex-too-hard", 14) == 0);
	const char *text = event_text(&r.event, TEXT_REASON, &len);
	snprintf(why, n, "%.*s", (int)len, text);
	*count = r.event.count;
	return true;
}

static void
what_is_too_hard_is_counted_and_told_once_a_minute(void **state)
{
	(void)state;
	uint64_t now_ns = 5 * NS_PER_SEC, count = 0;
	char why[300];

	judged("x");
	judged("aaa");
	act_tell_too_hard(&gate, now_ns);
	assert_false(told(&count, why, sizeof(why)));
	for (int i = 0; i < 3; i++)
		judged(EVIL);
	assert_int_equal(counter_get(gate.setup.page, COUNTER_TOO_HARD), 3);
	act_tell_too_hard(&gate, now_ns);
	assert_true(told(&count, why, sizeof(why)));
	assert_int_equal(count, 3);
	assert_non_null(strstr(why, "rule hard:"));
	/* A flood of them is one record a minute. */
	judged(EVIL);
	act_tell_too_hard(&gate, now_ns + 59 * NS_PER_SEC);
	assert_false(told(&count, why, sizeof(why)));
	judged(EVIL);
	act_tell_too_hard(&gate, now_ns + 60 * NS_PER_SEC);
	assert_true(told(&count, why, sizeof(why)));
	assert_int_equal(count, 2);
	act_tell_too_hard(&gate, now_ns + 999 * NS_PER_SEC);
	assert_false(told(&count, why, sizeof(why)));
	assert_int_equal(counter_get(gate.setup.page, COUNTER_TOO_HARD), 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_too_hard_is_counted_and_told_once_a_minute, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
