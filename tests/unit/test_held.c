#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
/* The gate is a process, not a library: where its questions wait is taken in whole. */
#include "gate/held.c"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define DEADLINE	(2 * NS_PER_SEC)
#define T0		(1000 * NS_PER_SEC)

static struct gate gate;
static struct config config = { .deadline_ns = DEADLINE };
static struct page *page;
static int scan_end, file_fd;
static struct msg_scan asked;		/* of scan, last */

static int
begin(void **state)
{
	int pair[2];

	(void)state;
	memset(&gate, 0, sizeof(gate));
	if (page_create(&page) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -1;
	gate.setup = (struct gate_setup){ .page = page, .config = &config, .scan_sock = pair[0] };
	gate.ticket = 500;
	scan_end = pair[1];
	file_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	return file_fd < 0 ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	close(gate.setup.scan_sock);
	close(scan_end);
	close(file_fd);
	return munmap(page, sizeof(*page));
}

static struct file
content(uint64_t ino)
{
	return (struct file){ .dev = 1, .ino = ino, .size = 100, .ctime_ns = 5, .mtime_ns = 6, .uid = 0, .mode = S_IFREG | 0755, .links = 1 };
}

static struct question
question(int32_t tid, uint64_t taken_ns)
{
	return (struct question){ .group = 7, .fd = file_fd, .tid = tid, .kind = EVENT_EXEC, .taken_ns = taken_ns };
}

static int
park_for(const struct question *q, struct file f, bool all)
{
	const struct msg_scan ask = { .file = f, .content = all };

	return held_park(&gate, q, &ask);
}

static int
park(int32_t tid, uint64_t ino, uint64_t taken_ns)
{
	struct question q = question(tid, taken_ns);
	struct file f = content(ino);

	return park_for(&q, f, false);
}

/* What scan gets; false when nothing waits for it. */
static bool
scan_reads(void)
{
	static _Alignas(8) char buf[WIRE_MAX];
	struct wire_msg m;
	struct stat want, got;
	int err = wire_recv(scan_end, ROOM_GATE, ROOM_SCAN, buf, sizeof(buf), &m);

	if (err == -EAGAIN)
		return false;
	assert_int_equal(err, 0);
	assert_int_equal(m.type, MSG_SCAN);
	memcpy(&asked, m.payload, sizeof(asked));
	assert_true(fstat(m.fd, &got) == 0 && fstat(file_fd, &want) == 0);
	assert_true(got.st_dev == want.st_dev && got.st_ino == want.st_ino);
	close(m.fd);
	return true;
}

static unsigned
scan_reads_all(void)
{
	unsigned n = 0;

	while (scan_reads())
		n++;
	return n;
}

static int
fill_socket(void)
{
	struct msg_scan m = { 0 };
	int err;

	while ((err = wire_send(gate.setup.scan_sock, MSG_SCAN, &m, sizeof(m), file_fd)) == 0)
		;
	return err;
}

static void
a_parked_question_is_sent_to_scan_and_comes_back_whole(void **state)
{
	(void)state;
	struct question q = question(42, T0), back;
	struct file f = content(9);

	q.kind = EVENT_WRITE;
	q.unsure = true;
	assert_int_equal(park_for(&q, f, false), 0);
	assert_true(scan_reads());
	assert_int_equal(asked.ticket, 501);
	assert_memory_equal(&asked.file, &f, sizeof(f));
	assert_false(scan_reads());
	assert_int_equal(counter_get(page, COUNTER_SCANS), 1);
	assert_int_equal(page->gate.parked, 1);
	assert_true(page->gate.parked_since_ns == T0);
	assert_false(held_resume(&gate, 500, &back));
	assert_false(held_resume(&gate, 0, &back));
	assert_true(held_resume(&gate, 501, &back));
	q.scans++;
	assert_memory_equal(&back, &q, sizeof(q));
	assert_false(held_resume(&gate, 501, &back));
	assert_int_equal(page->gate.parked, 0);
	assert_true(page->gate.parked_since_ns == 0);
}

static void
the_same_content_is_scanned_once_for_all_who_wait(void **state)
{
	(void)state;
	struct question back;
	bool seen[10] = { false };

	for (int32_t tid = 0; tid < 10; tid++) {
		assert_int_equal(park(tid, 9, T0 + (uint64_t)tid), 0);
		assert_int_equal(park(100 + tid, 10 + (uint64_t)tid, T0), 0);
	}
	assert_int_equal(scan_reads_all(), 11);
	assert_int_equal(counter_get(page, COUNTER_SCANS), 11);
	for (int i = 0; i < 10; i++) {
		assert_true(held_resume(&gate, 501, &back));
		assert_true(back.tid >= 0 && back.tid < 10 && !seen[back.tid]);
		seen[back.tid] = true;
	}
	assert_false(held_resume(&gate, 501, &back));
	assert_int_equal(gate.n_held, 10);
	/* Who comes when all of them were served by the deadline waits for the same scan; once it has answered, the next one asks again. */
	assert_int_equal(park(76, 9, T0), 0);
	assert_false(scan_reads());
	held_scanned(&gate, 501);
	assert_true(held_resume(&gate, 501, &back));
	assert_int_equal(back.tid, 76);
	assert_int_equal(park(77, 9, T0), 0);
	assert_true(scan_reads());
	assert_int_equal(asked.ticket, gate.ticket);
}

static void
content_is_the_same_by_its_identity_only(void **state)
{
	(void)state;
	struct file f = content(9), other;
	struct question q = question(1, T0);

	assert_int_equal(park_for(&q, f, false), 0);
	/* Whose it is and who may do what with it does not change what is in it. */
	other = f, other.uid = 5, other.gid = 5, other.mode = S_IFREG | 0600, other.links = 2;
	assert_int_equal(park_for(&q, other, false), 0);
	assert_int_equal(scan_reads_all(), 1);
	uint64_t *members[] = { &other.dev, &other.ino, &other.size, &other.ctime_ns, &other.mtime_ns };
	for (size_t i = 0; i < COUNT(members); i++) {
		other = f;
		++*members[i];
		assert_int_equal(park_for(&q, other, false), 0);
		assert_int_equal(scan_reads_all(), 1);
	}
}

/* Less than what is asked of scan already is known with it; for more it is asked again. */
static void
who_needs_more_of_a_content_does_not_wait_for_less(void **state)
{
	(void)state;
	struct question q = question(1, T0);

	assert_int_equal(park_for(&q, content(9), false), 0);
	assert_int_equal(park_for(&q, content(9), true), 0);
	assert_int_equal(scan_reads_all(), 2);
	assert_int_equal(asked.content, 1);
	assert_int_equal(park_for(&q, content(9), true), 0);
	assert_int_equal(park_for(&q, content(10), true), 0);
	assert_int_equal(park_for(&q, content(10), false), 0);
	assert_int_equal(scan_reads_all(), 1);
	assert_true(held_scanning(&gate, 503));
	held_scanned(&gate, 503);
	assert_false(held_scanning(&gate, 503));
}

/* What is scanned ahead has nobody who waits: a scan process that dies takes it along. */
static void
a_scan_that_nobody_waits_for_is_found_by_who_comes_later(void **state)
{
	(void)state;
	const struct msg_scan ask = { .file = content(9), .program = 1 };

	assert_true(held_scan(&gate, &ask, file_fd) == 501);
	assert_int_equal(park(1, 9, T0), 0);
	assert_int_equal(scan_reads_all(), 1);
	assert_int_equal(asked.program, 1);
	held_again(&gate);
	assert_int_equal(scan_reads_all(), 1);
	struct question back;
	assert_true(held_resume(&gate, 501, &back));
	held_again(&gate);
	assert_false(held_scanning(&gate, 501));
}

static void
when_all_places_are_taken_the_caller_keeps_the_question(void **state)
{
	(void)state;
	struct question back;

	for (int32_t i = 0; i < HELD_MAX; i++) {
		assert_int_equal(park(i, (uint64_t)i % 50, T0 + (uint64_t)i), 0);
		scan_reads_all();
	}
	assert_int_equal(counter_get(page, COUNTER_PARK_FULL), 0);
	assert_int_equal(park(9999, 7, T0), -ENOSPC);
	assert_int_equal(park(9999, 7777, T0), -ENOSPC);
	assert_false(scan_reads());
	assert_int_equal(counter_get(page, COUNTER_PARK_FULL), 2);
	assert_int_equal(page->gate.parked, HELD_MAX);
	assert_true(held_resume(&gate, 501, &back));
	assert_int_equal(park(9999, 7777, T0), 0);
	assert_int_equal(park(9999, 7777, T0), -ENOSPC);
	assert_true(scan_reads());
	/* Each comes back once. */
	unsigned n = 0;
	for (uint64_t ticket = 501; ticket <= gate.ticket; ticket++)
		while (held_resume(&gate, ticket, &back))
			n++;
	assert_int_equal(n, HELD_MAX);
	assert_int_equal(page->gate.parked, 0);
}

static void
a_scan_that_is_behind_is_not_waited_for(void **state)
{
	(void)state;
	struct question back;

	assert_int_equal(park(1, 9, T0), 0);
	assert_int_equal(fill_socket(), -EAGAIN);
	assert_int_equal(park(2, 10, T0), -EAGAIN);
	assert_int_equal(gate.n_held, 1);
	assert_int_equal(page->gate.parked, 1);
	assert_int_equal(counter_get(page, COUNTER_SCANS), 1);
	/* Whose content is being scanned already may wait for it. */
	assert_int_equal(park(3, 9, T0), 0);
	assert_true(held_resume(&gate, 501, &back) && held_resume(&gate, 501, &back));
	assert_false(held_resume(&gate, gate.ticket, &back));
}

static void
what_waits_too_long_is_taken_out_at_its_deadline(void **state)
{
	(void)state;
	struct question back;

	assert_false(held_overdue(&gate, T0, &back));
	for (int32_t i = 0; i < 5; i++)
		assert_int_equal(park(i, 9, T0 + (uint64_t)(i * 37 % 5) * NS_PER_SEC), 0);
	assert_false(held_overdue(&gate, T0 + DEADLINE - 1, &back));
	assert_true(held_overdue(&gate, T0 + DEADLINE, &back));
	assert_true(back.taken_ns == T0);
	assert_false(held_overdue(&gate, T0 + DEADLINE, &back));
	assert_true(held_overdue(&gate, T0 + DEADLINE + 2 * NS_PER_SEC, &back));
	assert_true(held_overdue(&gate, T0 + DEADLINE + 2 * NS_PER_SEC, &back));
	assert_false(held_overdue(&gate, T0 + DEADLINE + 2 * NS_PER_SEC, &back));
	assert_int_equal(gate.n_held, 2);
	/* The late answer of scan is for those who still wait. */
	assert_true(held_resume(&gate, 501, &back) && held_resume(&gate, 501, &back));
	assert_false(held_resume(&gate, 501, &back));
}

static void
the_page_tells_since_when_the_oldest_waits(void **state)
{
	(void)state;
	struct question back;

	assert_int_equal(park(1, 9, T0 + 30), 0);
	assert_int_equal(park(2, 10, T0 + 10), 0);
	assert_true(page->gate.parked_since_ns == T0 + 10);
	assert_int_equal(park(3, 11, T0 + 20), 0);
	assert_true(page->gate.parked_since_ns == T0 + 10);
	assert_true(held_resume(&gate, 502, &back));
	assert_true(page->gate.parked_since_ns == T0 + 20);
	assert_true(held_resume(&gate, 503, &back));
	assert_true(page->gate.parked_since_ns == T0 + 30);
	assert_true(held_resume(&gate, 501, &back));
	assert_true(page->gate.parked_since_ns == 0);
}

static void
the_gate_wakes_when_the_next_one_is_due_and_not_before(void **state)
{
	(void)state;
	static const uint64_t before[] = { DEADLINE, DEADLINE - 1, NS_PER_SEC + 1, NS_PER_MS + 1, NS_PER_MS, NS_PER_MS - 1, 1 };
	struct question back;

	assert_int_equal(held_wait_ms(&gate, T0), -1);
	assert_int_equal(park(1, 9, T0 + 500), 0);
	assert_int_equal(park(2, 9, T0), 0);
	for (size_t i = 0; i < COUNT(before); i++) {
		int ms = held_wait_ms(&gate, T0 + DEADLINE - before[i]);
		assert_true(ms > 0);
		assert_true((uint64_t)ms * NS_PER_MS >= before[i] && (uint64_t)(ms - 1) * NS_PER_MS <= before[i]);
	}
	assert_int_equal(held_wait_ms(&gate, T0 + DEADLINE), 0);
	assert_int_equal(held_wait_ms(&gate, T0 + 10 * DEADLINE), 0);
	while (held_overdue(&gate, T0 + 10 * DEADLINE, &back))
		;
	assert_int_equal(held_wait_ms(&gate, T0 + 10 * DEADLINE), -1);
}

static void
a_new_scan_process_is_asked_again_for_each_content_once(void **state)
{
	(void)state;
	struct question back;
	uint64_t sum = 0;

	for (int32_t tid = 0; tid < HELD_MAX; tid++) {
		assert_int_equal(park(tid, 20 + (uint64_t)tid % 3, T0), 0);
		scan_reads_all();
	}
	held_again(&gate);
	for (int i = 0; i < 3; i++) {
		assert_true(scan_reads());
		assert_true(asked.file.ino == 20 + asked.ticket - 501);
		sum += asked.ticket;
	}
	assert_true(sum == 501 + 502 + 503);
	assert_false(scan_reads());
	for (uint64_t ticket = 501; ticket <= 503; ticket++)
		while (held_resume(&gate, ticket, &back))
			;
	assert_int_equal(gate.n_held, 0);
	held_again(&gate);
	assert_false(scan_reads());
}

static uint32_t
roll(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Whatever comes when: every question that was parked comes back exactly once. */
static void
no_question_is_lost_or_answered_twice(void **state)
{
	(void)state;
	static bool out[200000];
	uint32_t r = 1, parked = 0, back_again = 0;
	uint64_t now = T0, ticket;
	struct question back;

	memset(out, 0, sizeof(out));
	for (int step = 0; step < 100000; step++) {
		now += roll(&r) % (NS_PER_MS * 4);
		bool got = false;
		switch (roll(&r) % 8) {
		case 0: case 1: case 2: case 3:
			parked += park((int32_t)parked, roll(&r) % 3000, now) == 0;
			break;
		case 4: case 5:
			ticket = gate.scanning[roll(&r) % SCANS_IN_FLIGHT].ticket;
			held_scanned(&gate, ticket);
			got = held_resume(&gate, ticket, &back);
			break;
		case 6:
			got = held_overdue(&gate, now, &back);
			break;
		default:
			for (unsigned n = roll(&r) % 8; n && scan_reads(); n--)
				;
			break;
		}
		if (got) {
			assert_false(out[back.tid]);
			out[back.tid] = true;
			back_again++;
		}
		assert_int_equal(gate.n_held, parked - back_again);
		assert_int_equal(page->gate.parked, gate.n_held);
	}
	while (held_overdue(&gate, now + DEADLINE, &back)) {
		assert_false(out[back.tid]);
		out[back.tid] = true;
		back_again++;
	}
	assert_int_equal(back_again, parked);
	assert_true(parked > 10000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_parked_question_is_sent_to_scan_and_comes_back_whole),
		TEST(the_same_content_is_scanned_once_for_all_who_wait),
		TEST(content_is_the_same_by_its_identity_only),
		TEST(who_needs_more_of_a_content_does_not_wait_for_less),
		TEST(a_scan_that_nobody_waits_for_is_found_by_who_comes_later),
		TEST(when_all_places_are_taken_the_caller_keeps_the_question),
		TEST(a_scan_that_is_behind_is_not_waited_for),
		TEST(what_waits_too_long_is_taken_out_at_its_deadline),
		TEST(the_page_tells_since_when_the_oldest_waits),
		TEST(the_gate_wakes_when_the_next_one_is_due_and_not_before),
		TEST(a_new_scan_process_is_asked_again_for_each_content_once),
		TEST(no_question_is_lost_or_answered_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
