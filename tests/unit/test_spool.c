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
/* The gate is a process, not a library: its spool is taken in whole. */
#include "gate/spool.c"

#define STEPS		100000
#define LEAST		REPORT_WIRE_MIN
#define MOST		(LEAST + EVENT_ARENA)

/*
 * A record process as far as the spool can see it: it knows what is on disk, reads from a real socket, takes no report twice and
 * none that was meant for its predecessor, and acknowledges what it has written.
 */
struct recorder {
	uint64_t	on_disk, taken;		/* numbers of reports */
	uint64_t	started_ns;
	uint64_t	seen;			/* messages read from the socket */
};

static struct gate gate;
static struct page *page;
static struct recorder rec;
static int record_end;
static uint64_t put;			/* reports that were spooled */

static void
start_gate(void)
{
	int sock = gate.setup.record_sock;

	memset(&gate, 0, sizeof(gate));
	gate.setup.page = page;
	gate.setup.record_sock = sock;
	/* As gate.c does it. */
	gate.record_start_ns = atomic_load(&page->process[ROOM_RECORD].started_ns);
	gate.sent = atomic_load(&page->record.acked);
}

/* The warden says when, before the process can read. What its predecessor took in and did not write is gone. */
static void
start_record(void)
{
	rec.started_ns++;
	atomic_store(&page->process[ROOM_RECORD].started_ns, rec.started_ns);
	rec.taken = rec.on_disk;
}

static int
begin(void **state)
{
	int pair[2];

	(void)state;
	if (page_create(&page) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -1;
	gate.setup.record_sock = pair[0];
	record_end = pair[1];
	put = 0;
	memset(&rec, 0, sizeof(rec));
	start_record();
	start_gate();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	close(gate.setup.record_sock);
	close(record_end);
	return munmap(page, sizeof(*page));
}

/* Length and bytes of a report follow from its number, so that each can be known again. */
static uint8_t
byte_of(uint64_t number, size_t at)
{
	return (uint8_t)(number * 31 + at * 7);
}

static void
make_report(uint64_t number, size_t size)
{
	char text[EVENT_ARENA];

	memset(&gate.report, 0, offsetof(struct report, event));
	event_init(&gate.report.event, EVENT_AGENT, SENSOR_SELF);
	gate.report.event.count = size;
	for (size_t i = 0; i < size - LEAST; i++)
		text[i] = (char)byte_of(number, i);
	assert_int_equal(event_set(&gate.report.event, TEXT_REASON, text, size - LEAST), 0);
	assert_int_equal(report_wire_size(&gate.report), size);
}

/* False: it found the spool full. */
static bool
put_one(size_t size)
{
	uint64_t lost = counter_get(page, COUNTER_REPORTS_LOST);

	make_report(put + 1, size);
	spool_put(&gate, &gate.report);
	if (counter_get(page, COUNTER_REPORTS_LOST) == lost) {
		put++;
		assert_true(gate.report.number == put);
		return true;
	}
	assert_true(counter_get(page, COUNTER_REPORTS_LOST) == lost + 1);
	return false;
}

static void
check(const struct report *r)
{
	size_t len;
	const char *s = event_text(&r->event, TEXT_REASON, &len);

	assert_true(r->event.count == report_wire_size(r));
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)s[i] != byte_of(r->number, i))
			fail_msg("report %llu is damaged at %zu of %zu", (unsigned long long)r->number, i, len);
}

/* One message; false when there is none. */
static bool
record_one(void)
{
	static _Alignas(8) char buf[WIRE_MAX];
	static struct report r;
	struct wire_msg m;
	int err = wire_recv(record_end, ROOM_GATE, ROOM_RECORD, buf, sizeof(buf), &m);

	if (err == -EAGAIN)
		return false;
	assert_int_equal(err, 0);
	assert_int_equal(report_from_wire(&r, m.payload, m.len), 0);
	rec.seen++;
	if (r.number <= rec.taken || r.to_ns != rec.started_ns)
		return true;
	if (r.number != rec.taken + 1)
		fail_msg("report %llu follows on %llu", (unsigned long long)r.number, (unsigned long long)rec.taken);
	check(&r);
	rec.taken = r.number;
	return true;
}

static void
commit(void)
{
	rec.on_disk = rec.taken;
	atomic_store(&page->record.acked, rec.on_disk);
}

/* Until nothing moves any more. */
static void
settle(void)
{
	do {
		spool_flush(&gate);
		while (record_one())
			;
		commit();
	} while (rec.on_disk < put);
	spool_flush(&gate);
	assert_false(gate.record_waits);
	assert_true(page->spool.tail == page->spool.head);
}

static void
reports_are_numbered_and_come_in_order(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		assert_true(put_one(LEAST + (size_t)i));
	settle();
	assert_true(rec.taken == 20 && rec.seen == 20);
	assert_true(atomic_load(&page->gate.report_number) == 20);
}

static void
nothing_is_sent_twice_to_one_record_process(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_true(put_one(LEAST));
		for (int k = 0; k < 5; k++)
			spool_flush(&gate);
	}
	while (record_one())
		;
	assert_true(rec.seen == 10);
	settle();
	assert_true(rec.seen == 10);
}

static void
what_is_not_acknowledged_stays(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++)
		assert_true(put_one(LEAST));
	spool_flush(&gate);
	assert_true(page->spool.tail == 0);
	for (int i = 0; i < 4; i++)
		assert_true(record_one());
	spool_flush(&gate);
	assert_true(page->spool.tail == 0);	/* read is not written */
	commit();
	spool_flush(&gate);
	uint64_t two = page->spool.head - page->spool.tail;
	assert_true(two * 3 == page->spool.head);
	assert_true(page->spool.tail > 0);
}

static void
a_new_record_process_gets_exactly_what_was_not_acknowledged(void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++)
		assert_true(put_one(LEAST + 500));
	spool_flush(&gate);
	for (int i = 0; i < 10; i++)
		assert_true(record_one());
	commit();
	while (record_one())
		;
	assert_true(rec.taken == 30 && rec.on_disk == 10);
	uint64_t seen = rec.seen;
	start_record();
	spool_flush(&gate);
	while (record_one())
		;
	assert_true(rec.seen - seen == 20);
	assert_true(rec.taken == 30);
	settle();
}

/* Both ends of the socket stay open in the warden, so what a record process had not read waits for its successor. */
static void
what_waits_for_a_dead_record_process_hides_nothing_from_its_successor(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(put_one(LEAST));
	spool_flush(&gate);
	for (int i = 0; i < 5; i++)
		assert_true(record_one());	/* read by the dead one only */
	start_record();
	settle();
	assert_true(rec.taken == 10);
}

static void
a_new_gate_goes_on_where_the_old_one_was(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(put_one(LEAST + 8));
	spool_flush(&gate);
	for (int i = 0; i < 4; i++)
		assert_true(record_one());
	commit();
	start_gate();
	assert_true(put_one(LEAST));
	assert_true(gate.report.number == 11);
	settle();
	assert_true(rec.taken == 11);
}

static void
a_record_process_that_does_not_read_is_told_of_later(void **state)
{
	(void)state;
	int small = 4096;

	assert_int_equal(setsockopt(gate.setup.record_sock, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	for (int i = 0; i < 50; i++)
		assert_true(put_one(LEAST));
	spool_flush(&gate);
	assert_true(gate.record_waits);
	while (gate.record_waits) {
		assert_true(record_one());
		spool_flush(&gate);
	}
	settle();
	assert_true(rec.taken == 50 && rec.seen == 50);
}

static void
a_full_spool_loses_the_newest_and_counts_them(void **state)
{
	(void)state;
	uint64_t lost = 0;

	while (put_one(MOST))
		;
	assert_true(put > 100);
	lost = 1;
	/* A smaller one may still find room; at last none does. */
	while (put_one(LEAST))
		;
	lost++;
	for (int i = 0; i < 10; i++, lost++)
		assert_false(put_one(LEAST));
	assert_true(counter_get(page, COUNTER_REPORTS_LOST) == lost);
	assert_true(page->spool.head - page->spool.tail <= PAGE_SPOOL);
	/* What was lost has no number: the next that fits follows on the last that did. */
	settle();
	assert_true(put_one(MOST));
	settle();
	assert_true(rec.taken == put);
}

static void
a_number_that_was_never_given_frees_no_more_than_there_is(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(put_one(LEAST));
	atomic_store(&page->record.acked, UINT64_MAX);
	spool_flush(&gate);
	assert_true(page->spool.tail == page->spool.head);
	atomic_store(&page->record.acked, 0);
	assert_true(put_one(LEAST));
	spool_flush(&gate);
	assert_true(page->spool.tail < page->spool.head);
}

/* Puts until the head stands exactly THERE; FREED: what was put is written and freed as it goes. */
static void
go_to(uint64_t there, bool freed)
{
	const uint64_t least = PAD(sizeof(struct entry) + LEAST), most = least + 4096;

	while (page->spool.head < there) {
		uint64_t left = there - page->spool.head;
		uint64_t step = left >= most + least ? most : left >= 2 * least ? left - least : left;
		assert_true(step >= least);
		assert_true(put_one(step - sizeof(struct entry)));
		if (freed && page->spool.head - page->spool.tail > PAGE_SPOOL / 2)
			settle();
	}
	assert_true(page->spool.head == there);
}

static void
an_entry_that_does_not_fit_before_the_end_goes_to_the_start(void **state)
{
	for (uint64_t room = 8; room <= 64; room += 8) {
		/* What lies in the ring might look like an entry. */
		memset(page->spool.ring, 0xff, PAGE_SPOOL);
		go_to(PAGE_SPOOL - room, true);
		/* With the entry before it still there, and as the first of all. */
		if (room % 16)
			settle();
		for (int i = 0; i < 4; i++)
			assert_true(put_one(LEAST + (size_t)i));
		assert_true(page->spool.head > PAGE_SPOOL);
		settle();
		assert_true(rec.taken == put);
		end(state);
		begin(state);
	}
}

static void
an_entry_may_end_where_the_ring_ends(void **state)
{
	(void)state;
	go_to(PAGE_SPOOL, true);
	assert_true(put_one(MOST));
	assert_true(page->spool.head == PAGE_SPOOL + PAD(sizeof(struct entry) + MOST));
	settle();
	assert_true(rec.taken == put);
}

static void
the_last_free_byte_can_be_used(void **state)
{
	(void)state;
	/* The tail stands in the middle of the ring, the head comes round to it. */
	const uint64_t middle = PAGE_SPOOL / 2, last = PAD(sizeof(struct entry) + LEAST);

	go_to(middle, true);
	settle();
	go_to(PAGE_SPOOL, false);
	go_to(PAGE_SPOOL + middle - last, false);
	assert_false(put_one(LEAST + 8));
	assert_true(put_one(LEAST));
	assert_true(page->spool.head - page->spool.tail == PAGE_SPOOL);
	assert_false(put_one(LEAST));
	settle();
	assert_true(rec.taken == put);
}

static uint32_t
roll(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void
step(uint32_t *r)
{
	switch (roll(r) % 20) {
	case 0: case 1: case 2: case 3: case 4: case 5: case 6: case 7:
		put_one(LEAST + roll(r) % (roll(r) % 16 ? 1000 : EVENT_ARENA + 1));
		break;
	case 8: case 9: case 10: case 11:
		spool_flush(&gate);
		break;
	case 12: case 13: case 14:
		for (uint32_t n = roll(r) % 12; n && record_one(); n--)
			;
		break;
	case 15: case 16:
		commit();
		break;
	case 17:
		if (roll(r) % 8 == 0)
			start_record();
		break;
	case 18:
		if (roll(r) % 8 == 0)
			start_gate();
		break;
	default:			/* the disk is slow: the spool fills */
		for (uint32_t n = roll(r) % 100 ? 0 : 2000; n; n--)
			put_one(LEAST + 2000);
		break;
	}
}

static void
nothing_is_lost_or_doubled_whoever_dies_when(void **state)
{
	(void)state;
	uint32_t r = 1;

	for (int i = 0; i < STEPS; i++) {
		step(&r);
		assert_true(page->spool.head >= page->spool.tail && page->spool.head - page->spool.tail <= PAGE_SPOOL);
	}
	settle();
	assert_true(rec.on_disk == put && put > 30000);
	assert_true(page->spool.head > 10ull * PAGE_SPOOL);
	assert_true(counter_get(page, COUNTER_REPORTS_LOST) > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reports_are_numbered_and_come_in_order),
		TEST(nothing_is_sent_twice_to_one_record_process),
		TEST(what_is_not_acknowledged_stays),
		TEST(a_new_record_process_gets_exactly_what_was_not_acknowledged),
		TEST(what_waits_for_a_dead_record_process_hides_nothing_from_its_successor),
		TEST(a_new_gate_goes_on_where_the_old_one_was),
		TEST(a_record_process_that_does_not_read_is_told_of_later),
		TEST(a_full_spool_loses_the_newest_and_counts_them),
		TEST(a_number_that_was_never_given_frees_no_more_than_there_is),
		TEST(an_entry_that_does_not_fit_before_the_end_goes_to_the_start),
		TEST(an_entry_may_end_where_the_ring_ends),
		TEST(the_last_free_byte_can_be_used),
		TEST(nothing_is_lost_or_doubled_whoever_dies_when),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
