#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/loop.h"

/* A source that notes when it was served, and then does what its test wants. */
struct bell {
	struct source	 source;
	char		 name;
	void		(*then)(struct bell *);
	struct bell	*other;
	int		 result;
};

static struct loop loop;
static char served[256];		/* names, in order; '|' between turns */
static unsigned turns_left;

static void
note(char c)
{
	size_t n = strlen(served);

	assert_true(n + 1 < sizeof(served));
	served[n] = c;
	served[n + 1] = '\0';
}

static int
on_bell(struct source *s, uint32_t events)
{
	struct bell *b = s->owner;
	uint64_t n;

	if (events & EPOLLIN)
		assert_int_equal(read(s->fd, &n, sizeof(n)), sizeof(n));
	note(b->name);
	int result = b->result;
	if (b->then)
		b->then(b);
	return result;
}

static struct bell *
bell(char name, bool urgent)
{
	struct bell *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->name = name;
	b->source = (struct source){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .urgent = urgent, .ready = on_bell, .owner = b };
	assert_true(b->source.fd >= 0);
	assert_int_equal(loop_add(&loop, &b->source, EPOLLIN), 0);
	return b;
}

static void
ring(struct bell *b)
{
	uint64_t one = 1;

	assert_int_equal(write(b->source.fd, &one, sizeof(one)), sizeof(one));
}

/* As an owner does it that dies: it is gone, and its memory is filled by somebody else. */
static void
bury(struct bell *b)
{
	loop_remove(&loop, &b->source);
	close(b->source.fd);
	memset(b, 0xa5, sizeof(*b));
	free(b);
}

static int
count_turns(struct loop *l)
{
	if (turns_left-- == 0) {
		loop_stop(l, 0);
		return 0;
	}
	note('|');
	return 0;
}

static int
make_loop(void **state)
{
	(void)state;
	served[0] = '\0';
	turns_left = 1;
	if (loop_init(&loop))
		return -1;
	loop.before = count_turns;
	return 0;
}

static int
end_loop(void **state)
{
	(void)state;
	loop_done(&loop);
	return loop.epoll_fd == -1 ? 0 : -1;
}

static void
runs(unsigned turns, const char *want)
{
	served[0] = '\0';
	turns_left = turns;
	loop.stop = false;
	assert_int_equal(loop_run(&loop), 0);
	assert_string_equal(served, want);
}

static void
urgent_sources_come_first(void **state)
{
	(void)state;
	struct bell *a = bell('a', false), *u = bell('U', true), *b = bell('b', false), *v = bell('V', true);

	ring(a);
	ring(u);
	ring(b);
	ring(v);
	/* Both urgent ones, then one of the others; the rest waits a turn. */
	runs(2, "|UVa|b");
	bury(a);
	bury(u);
	bury(b);
	bury(v);
}

static void
ring_again(struct bell *b)
{
	ring(b);
}

static void
urgent_sources_that_never_rest_do_not_starve_the_others(void **state)
{
	(void)state;
	struct bell *u = bell('U', true), *a = bell('a', false), *b = bell('b', false), *c = bell('c', false);

	u->then = ring_again;
	ring(u);
	ring(a);
	ring(b);
	ring(c);
	turns_left = 4;
	assert_int_equal(loop_run(&loop), 0);
	/* One a turn, each in its own. */
	assert_int_equal(strlen(served), 4 + 4 + 3);
	for (const char *name = "abc"; *name; name++) {
		assert_non_null(strchr(served, *name));
		assert_ptr_equal(strchr(served, *name), strrchr(served, *name));
	}
	bury(u);
	bury(a);
	bury(b);
	bury(c);
}

static void
without_urgent_ones_all_are_served_in_one_turn(void **state)
{
	(void)state;
	struct bell *a = bell('a', false), *b = bell('b', false), *c = bell('c', false);

	ring(a);
	ring(b);
	ring(c);
	runs(2, "|abc|");
	bury(a);
	bury(b);
	bury(c);
}

static void
remove_itself(struct bell *b)
{
	bury(b);
}

static void
a_source_may_die_in_its_own_handler(void **state)
{
	(void)state;
	for (int urgent = 0; urgent < 2; urgent++) {
		struct bell *a = bell('a', urgent), *b = bell('b', urgent);
		a->then = remove_itself;
		ring(a);
		ring(b);
		runs(2, "|ab|");
		bury(b);
	}
}

static void
remove_other(struct bell *b)
{
	bury(b->other);
}

/* The one that is buried was ready as well, and epoll had said so already. */
static void
a_source_that_another_removed_is_not_served(void **state)
{
	(void)state;
	for (int row = 0; row < 4; row++) {
		struct bell *killer = bell('k', row & 1), *victim = bell('v', row & 2), *last = bell('l', false);
		/* Whoever comes first of two of a kind is the killer: both ring in that order. */
		killer->then = remove_other;
		killer->other = victim;
		ring(killer);
		ring(victim);
		ring(last);
		if (row == 2) {		/* the urgent victim is served first, and dies afterwards */
			runs(2, "|vk|l");
		} else {
			served[0] = '\0';
			turns_left = 2;
			loop.stop = false;
			assert_int_equal(loop_run(&loop), 0);
			assert_null(strchr(served, 'v'));
			assert_non_null(strchr(served, 'l'));
		}
		bury(killer);
		bury(last);
	}
}

static void
replace_other(struct bell *b)
{
	struct bell *old = b->other;

	loop_remove(&loop, &old->source);
	close(old->source.fd);
	old->name = 'n';
	old->source.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_int_equal(loop_add(&loop, &old->source, EPOLLIN), 0);
}

/* What was said of the old one is not held against the new one in its place. */
static void
a_source_that_takes_the_place_of_another_is_served_when_it_is_ready(void **state)
{
	(void)state;
	struct bell *a = bell('a', false), *b = bell('b', false);

	a->then = replace_other;
	a->other = b;
	ring(a);
	ring(b);
	runs(2, "|a|");
	ring(b);
	runs(1, "|n");
	bury(a);
	bury(b);
}

static void
stop_now(struct bell *b)
{
	(void)b;
	loop_stop(&loop, 17);
}

static void
a_loop_that_was_stopped_serves_nobody_else(void **state)
{
	(void)state;
	for (int urgent = 0; urgent < 2; urgent++) {
		struct bell *a = bell('a', urgent), *b = bell('b', urgent), *c = bell('c', false);
		a->then = stop_now;
		ring(a);
		ring(b);
		ring(c);
		served[0] = '\0';
		turns_left = 9;
		loop.stop = false;
		assert_int_equal(loop_run(&loop), 17);
		assert_string_equal(served, "|a");
		bury(a);
		bury(b);
		bury(c);
	}
}

static void
an_error_of_a_source_ends_the_loop_with_it(void **state)
{
	(void)state;
	for (int urgent = 0; urgent < 2; urgent++) {
		struct bell *a = bell('a', urgent), *b = bell('b', urgent);
		a->result = -EIO;
		b->result = -EPIPE;
		ring(a);
		ring(b);
		served[0] = '\0';
		turns_left = 9;
		loop.stop = false;
		assert_int_equal(loop_run(&loop), -EIO);
		assert_string_equal(served, "|a");
		bury(a);
		bury(b);
	}
}

static void
who_stopped_the_loop_decides_its_result(void **state)
{
	(void)state;
	struct bell *a = bell('a', false);

	a->then = stop_now;
	a->result = -EIO;
	ring(a);
	assert_int_equal(loop_run(&loop), 17);
	bury(a);
}

static void
a_positive_result_is_no_error(void **state)
{
	(void)state;
	struct bell *a = bell('a', false);

	a->result = 5;
	ring(a);
	runs(2, "|a|");
	bury(a);
}

static void
a_loop_that_is_stopped_before_it_waits_does_not_wait(void **state)
{
	(void)state;
	struct bell *a = bell('a', false);

	ring(a);
	runs(0, "");
	bury(a);
}

static void
sources_are_served_for_what_they_ask_for(void **state)
{
	(void)state;
	struct bell *a = bell('a', false);

	/* An eventfd can always be written. */
	assert_int_equal(loop_change(&loop, &a->source, 0), 0);
	ring(a);
	runs(2, "||");
	assert_int_equal(loop_change(&loop, &a->source, EPOLLIN | EPOLLOUT), 0);
	runs(1, "|a");
	assert_int_equal(loop_change(&loop, &a->source, EPOLLOUT), 0);
	runs(3, "|a|a|a");
	bury(a);
}

static void
what_cannot_be_added_is_told(void **state)
{
	(void)state;
	struct bell *a = bell('a', false);
	struct source bad = { .fd = -1, .ready = on_bell }, file = { .fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), .ready = on_bell };

	assert_int_equal(loop_add(&loop, &bad, EPOLLIN), -EBADF);
	assert_int_equal(loop_add(&loop, &a->source, EPOLLIN), -EEXIST);
	assert_int_equal(loop_add(&loop, &file, EPOLLIN), -EPERM);
	loop_remove(&loop, &a->source);
	assert_int_equal(loop_change(&loop, &a->source, EPOLLIN), -ENOENT);
	close(file.fd);
	bury(a);
}

static int
on_timer(struct source *s, uint32_t events)
{
	assert_int_equal(events, EPOLLIN);
	assert_true(timer_read(s->fd) >= 1);
	assert_int_equal(timer_read(s->fd), 0);
	*(unsigned *)s->owner += 1;
	loop_stop(&loop, 0);
	return 0;
}

static bool
expires(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static void
a_timer_wakes_the_loop_when_it_is_due(void **state)
{
	(void)state;
	uint64_t start = now_boot_ns();
	unsigned times = 0;
	int fd = timer_open(20 * NS_PER_MS, 0);
	struct source s = { .fd = fd, .ready = on_timer, .owner = &times };

	assert_true(fd >= 0);
	loop.before = NULL;
	assert_int_equal(loop_add(&loop, &s, EPOLLIN), 0);
	assert_int_equal(loop_run(&loop), 0);
	assert_int_equal(times, 1);
	assert_true(now_boot_ns() - start >= 20 * NS_PER_MS);
	loop_remove(&loop, &s);
	close(fd);
}

static void
a_timer_goes_off_once_or_again_and_again(void **state)
{
	(void)state;
	int fd = timer_open(NS_PER_MS, 0);

	assert_true(expires(fd, 10000));
	assert_int_equal(timer_read(fd), 1);
	assert_false(expires(fd, 5));
	assert_int_equal(timer_set(fd, 1, NS_PER_MS), 0);
	uint64_t seen = 0;
	while (seen < 5) {
		assert_true(expires(fd, 10000));
		seen += timer_read(fd);
	}
	close(fd);
}

static void
a_timer_without_a_first_time_is_not_armed(void **state)
{
	(void)state;
	int fd = timer_open(0, NS_PER_MS);

	assert_false(expires(fd, 5));
	assert_int_equal(timer_set(fd, 3600 * NS_PER_SEC, 0), 0);
	assert_false(expires(fd, 0));
	assert_int_equal(timer_set(fd, 1, 0), 0);
	assert_true(expires(fd, 10000));
	assert_int_equal(timer_set(fd, 0, 0), 0);
	assert_int_equal(timer_read(fd), 0);
	close(fd);
	assert_int_equal(timer_set(-1, 1, 0), -EBADF);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_loop, end_loop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(urgent_sources_come_first),
		TEST(urgent_sources_that_never_rest_do_not_starve_the_others),
		TEST(without_urgent_ones_all_are_served_in_one_turn),
		TEST(a_source_may_die_in_its_own_handler),
		TEST(a_source_that_another_removed_is_not_served),
		TEST(a_source_that_takes_the_place_of_another_is_served_when_it_is_ready),
		TEST(a_loop_that_was_stopped_serves_nobody_else),
		TEST(an_error_of_a_source_ends_the_loop_with_it),
		TEST(who_stopped_the_loop_decides_its_result),
		TEST(a_positive_result_is_no_error),
		TEST(a_loop_that_is_stopped_before_it_waits_does_not_wait),
		TEST(sources_are_served_for_what_they_ask_for),
		TEST(what_cannot_be_added_is_told),
		TEST(a_timer_wakes_the_loop_when_it_is_due),
		TEST(a_timer_goes_off_once_or_again_and_again),
		TEST(a_timer_without_a_first_time_is_not_armed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
