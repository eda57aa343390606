#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
/* The gate is a process, not a library: what looks for owners is taken in whole. */
#include "gate/owner.c"

static struct gate g;
static int sock;
static uint64_t inode;

static int
begin(void **state)
{
	struct stat st;

	(void)state;
	memset(&g, 0, sizeof(g));
	g.proc = proc_open();
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (g.proc < 0 || sock < 0 || fstat(sock, &st))
		return -1;
	inode = st.st_ino;
	event_init(&g.report.event, EVENT_DNS, SENSOR_PACKET);
	g.report.event.socket = inode;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	if (sock >= 0)
		close(sock);
	close(g.proc);
	return 0;
}

static void
look(uint64_t which, int32_t pid, uint32_t fd)
{
	owner_look(&g, &(struct msg_holds){ .inode = which, .pid = pid, .fd = fd });
}

static void
guess(int32_t pid)
{
	struct event *ev = &g.report.event;

	ev->process.pid = pid;
	ev->flags = FLAG_NOTIFIED | FLAG_GUESSED;
	event_set_str(ev, TEXT_EXECUTABLE, "/usr/bin/other");
}

static void
test_who_holds_a_socket_is_certain(void **state)
{
	struct event *ev = &g.report.event;

	(void)state;
	look(inode, getpid(), (uint32_t)sock);
	guess(getpid());
	owner_name(&g);
	assert_int_equal(ev->process.pid, getpid());
	assert_int_equal(ev->flags, FLAG_NOTIFIED);
	assert_int_equal(ev->text[TEXT_EXECUTABLE].len, strlen("/usr/bin/other"));
	guess(1);				/* another was taken for it: his program is not this one's */
	owner_name(&g);
	assert_int_equal(ev->process.pid, getpid());
	assert_int_equal(ev->flags, FLAG_NOTIFIED);
	assert_int_equal(ev->text[TEXT_EXECUTABLE].len, 0);
	close(sock);				/* it is kept when the socket is gone */
	sock = -1;
	guess(1);
	owner_name(&g);
	assert_int_equal(ev->process.pid, getpid());
}

static void
test_who_does_not_hold_it_stays_a_guess(void **state)
{
	struct event *ev = &g.report.event;

	(void)state;
	look(inode, getpid(), (uint32_t)g.proc);
	look(inode, getpid(), 999);
	look(inode + 1, getpid(), (uint32_t)sock);
	look(inode, 0x7fffffff, (uint32_t)sock);
	look(inode, 0, (uint32_t)sock);
	look(0, getpid(), (uint32_t)sock);
	assert_int_equal(g.owners, 0);
	guess(1);
	owner_name(&g);
	assert_int_equal(ev->process.pid, 1);
	assert_true(ev->flags & FLAG_GUESSED);
	ev->socket = 0;				/* of an event that came from no socket nothing is looked for */
	owner_name(&g);
	assert_int_equal(ev->process.pid, 1);
}

static void
test_a_guess_is_not_struck(void **state)
{
	struct verdict *v = &g.verdict;

	(void)state;
	g.report.event.process.pid = 77;
	v->actions = ACTION_KILL | ACTION_ALERT;
	owner_spare(&g);
	assert_int_equal(v->actions, ACTION_KILL | ACTION_ALERT);
	guess(77);
	owner_spare(&g);
	assert_int_equal(v->actions, ACTION_ALERT);
	assert_int_equal(v->would_actions, ACTION_KILL);
	g.report.event.flags = 0;
	g.report.event.process.pid = 0;		/* nobody is known: nobody's tree is all there is */
	v->actions = ACTION_KILL_TREE | ACTION_SUSPEND | ACTION_LOG;
	owner_spare(&g);
	assert_int_equal(v->actions, ACTION_LOG);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_who_holds_a_socket_is_certain),
		TEST(test_who_does_not_hold_it_stays_a_guess),
		TEST(test_a_guess_is_not_struck),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
