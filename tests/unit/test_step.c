/* Steps of the wall clock, by clocks that the test sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/step.h"

#define S		NS_PER_SEC
#define EPOCH		(1790000000 * S)

/* A second after the other, with the wall clock running PPM too fast. Returns how many steps were told. */
static int
run(struct step_watch *w, uint64_t *wall, uint64_t *boot, int seconds, int ppm)
{
	int steps = 0;

	for (int i = 0; i < seconds; i++) {
		*boot += S;
		*wall += S + (uint64_t)(ppm * (int)NS_PER_US);
		steps += step_look(w, *wall, *boot) != 0;
	}
	return steps;
}

static void
the_first_look_is_no_step(void **state)
{
	struct step_watch w = { 0 };

	(void)state;
	assert_int_equal(step_look(&w, EPOCH, 5 * S), 0);
	assert_int_equal(step_look(&w, EPOCH + S, 6 * S), 0);
}

static void
steps_are_told_once_with_their_size(void **state)
{
	static const int64_t sizes[] = { 3600 * (int64_t)S, -3600 * (int64_t)S, STEP_LEAST_NS, -STEP_LEAST_NS, -(int64_t)(EPOCH / 2) };
	struct step_watch w = { 0 };
	uint64_t wall = EPOCH, boot = 100 * S;

	(void)state;
	step_look(&w, wall, boot);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		boot += S;
		wall += S + (uint64_t)sizes[i];
		assert_true(step_look(&w, wall, boot) == sizes[i]);
		assert_int_equal(run(&w, &wall, &boot, 5, 0), 0);
	}
}

static void
there_and_back_are_two(void **state)
{
	struct step_watch w = { 0 };

	(void)state;
	step_look(&w, EPOCH, S);
	assert_true(step_look(&w, EPOCH + 11 * S, 2 * S) == (int64_t)(10 * S));
	assert_true(step_look(&w, EPOCH + 2 * S, 3 * S) == -(int64_t)(10 * S));
}

/* A host that sleeps: the boot clock goes on, the wall clock is set by a clock of whole seconds when it wakes. */
static void
sleep_is_no_step(void **state)
{
	struct step_watch w = { 0 };
	uint64_t wall = EPOCH, boot = S;

	(void)state;
	step_look(&w, wall, boot);
	boot += 30000 * S;
	wall += 30000 * S - 400 * NS_PER_MS;
	assert_int_equal(step_look(&w, wall, boot), 0);
	boot += 30000 * S;
	wall += 30000 * S + 3600 * S;	/* set while it slept */
	assert_true(step_look(&w, wall, boot) == 3600 * (int64_t)S);
	assert_int_equal(run(&w, &wall, &boot, 10, 0), 0);
}

static void
slewing_is_no_step_whichever_way_and_however_long(void **state)
{
	struct step_watch w = { 0 };
	uint64_t wall = EPOCH, boot = S;

	(void)state;
	step_look(&w, wall, boot);
	assert_int_equal(run(&w, &wall, &boot, 100000, 500), 0);
	assert_int_equal(run(&w, &wall, &boot, 100000, -500), 0);
}

static void
many_small_steps_add_up(void **state)
{
	struct step_watch w = { 0 };
	uint64_t wall = EPOCH, boot = S;

	(void)state;
	step_look(&w, wall, boot);
	int steps = run(&w, &wall, &boot, 100, 90000);	/* 90 ms each second: 9 s in all, and 0.1 s of it might be slewed */
	assert_true(steps >= 15 && steps <= 18);
}

static void
both_clocks_are_read_together(void **state)
{
	uint64_t wall = 0, boot = 0, before = now_wall_ns() - now_boot_ns();

	(void)state;
	assert_true(step_read(&wall, &boot));
	int64_t off = (int64_t)(wall - boot - before);
	assert_true(off < (int64_t)S && off > -(int64_t)S);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_look_is_no_step), cmocka_unit_test(steps_are_told_once_with_their_size),
		cmocka_unit_test(there_and_back_are_two), cmocka_unit_test(sleep_is_no_step),
		cmocka_unit_test(slewing_is_no_step_whichever_way_and_however_long), cmocka_unit_test(many_small_steps_add_up),
		cmocka_unit_test(both_clocks_are_read_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
