#include <setjmp.h>
#include <stdarg.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/clock.h"
#include "judge/correlate.h"
#include "policy/given.h"
#include "compile.h"

#define BOOT 3

/* A policy, what it remembers, and a clock. */
struct world {
	const struct policy *policy;
	struct tree	*tree;
	struct correlate *correlate;
	struct terms	*terms;
	struct event	 ev;
	uint64_t	 now_ns;
};

static void
begin(struct world *w, const char *text)
{
	static const uint8_t key[16] = "key";

	*w = (struct world){ .policy = compile(text), .terms = malloc(sizeof(struct terms)), .now_ns = 1000 * NS_PER_SEC };
	assert_non_null(w->terms);
	terms_init(w->terms, key);
	assert_int_equal(tree_new(&w->tree, BOOT), 0);
	assert_int_equal(correlate_new(&w->correlate, w->tree, w->terms), 0);
	correlate_policy(w->correlate, w->policy);
}

static void
end(struct world *w)
{
	correlate_free(w->correlate);
	tree_free(w->tree);
	free(w->terms);
	policy_close(w->policy);
}

static void
change(struct world *w, const char *text)
{
	policy_close(w->policy);
	w->policy = compile(text);
	correlate_policy(w->correlate, w->policy);
}

/* A connection to IP by USER, a millisecond after what was before. Returns how many correlations come true. */
static unsigned
connects(struct world *w, int32_t pid, const char *ip, const char *user)
{
	struct correlated out;
	struct verdict v;
	char why[160];

	event_init(&w->ev, EVENT_CONNECT, SENSOR_AUDIT);
	w->now_ns += NS_PER_MS;
	w->ev.boot_ns = w->ev.wall_ns = w->now_ns;
	w->ev.process.pid = pid;
	assert_int_equal(policy_event_set(&w->ev, FIELD_DESTINATION_IP, ip, strlen(ip), why, sizeof(why)), 0);
	assert_int_equal(policy_event_set(&w->ev, FIELD_USER_ID, user, strlen(user), why, sizeof(why)), 0);
	w->ev.tried = HAVE_ALL;
	judge(w->policy, &w->ev, &v);
	correlate(w->correlate, w->policy, &w->ev, &v, &out);
	return out.n;
}

#define BASE "[policy]\ndescription = d\n[rule any]\non = connect\nuser.id|gte = 0\n"
#define COUNT(n) "type = event_count\nrules = any\ntimespan = 1h\ncondition = gte: " #n "\naction = log\n"
#define BY_IP "[correlation by-ip]\ngroup-by = destination.ip\n" COUNT(2)
#define BY_USER "[correlation by-user]\ngroup-by = user.id\n" COUNT(3)

static const char *
address(unsigned n)
{
	static char text[32];

	snprintf(text, sizeof(text), "10.%u.%u.%u", n >> 16 & 255, n >> 8 & 255, n & 255);
	return text;
}

static void
who_floods_one_correlation_pushes_out_only_its_own_groups(void **state)
{
	(void)state;
	struct world w;
	struct correlate_stats s;

	begin(&w, BASE BY_IP BY_USER);
	assert_int_equal(connects(&w, 1, "192.0.2.1", "7"), 0);
	for (unsigned i = 0; i < 3 * CORRELATE_GROUPS; i++)
		connects(&w, 1, address(i), "8");
	correlate_stats(w.correlate, &s);
	assert_int_equal(s.groups, CORRELATE_GROUPS);
	assert_true(s.evicted >= 2 * CORRELATE_GROUPS);
	/* User 7 has connected once, and is still remembered; so is the youngest address, but not the oldest. */
	assert_int_equal(connects(&w, 1, address(1u << 20), "7"), 0);
	assert_int_equal(connects(&w, 1, address(1u << 21), "7"), 1);
	assert_int_equal(connects(&w, 1, address(3 * CORRELATE_GROUPS - 1), "9"), 1);
	assert_int_equal(connects(&w, 1, "192.0.2.1", "10"), 0);
	end(&w);
}

static void
what_is_too_old_to_matter_goes_uncounted(void **state)
{
	(void)state;
	struct world w;
	struct correlate_stats s;

	begin(&w, BASE BY_IP);
	for (unsigned i = 0; i < CORRELATE_GROUPS; i++)
		connects(&w, 1, address(i), "8");
	w.now_ns += 3601 * NS_PER_SEC;
	for (unsigned i = 0; i < CORRELATE_GROUPS; i++)
		connects(&w, 1, address(1u << 20 | i), "8");
	correlate_stats(w.correlate, &s);
	assert_int_equal(s.evicted, 0);
	end(&w);
}

static void
a_reload_keeps_what_did_not_change_and_forgets_the_rest(void **state)
{
	(void)state;
	struct world w;
	struct correlate_stats s;

	begin(&w, BASE BY_IP BY_USER);
	assert_int_equal(connects(&w, 1, "192.0.2.1", "7"), 0);
	assert_int_equal(connects(&w, 1, "192.0.2.2", "7"), 0);
	change(&w, BASE BY_USER BY_IP);		/* the other order */
	correlate_stats(w.correlate, &s);
	assert_int_equal(s.groups, 3);
	assert_int_equal(connects(&w, 1, "192.0.2.3", "7"), 1);
	change(&w, BASE BY_USER);
	correlate_stats(w.correlate, &s);
	assert_int_equal(s.groups, 1);
	change(&w, BASE BY_IP BY_USER);
	assert_int_equal(connects(&w, 1, "192.0.2.1", "6"), 0);	/* begins anew */
	assert_int_equal(connects(&w, 1, "192.0.2.1", "6"), 1);
	change(&w, BASE "[correlation by-user]\ngroup-by = user.id\n" COUNT(4));
	correlate_stats(w.correlate, &s);
	assert_int_equal(s.groups, 0);		/* another definition of the same name */
	end(&w);
}

static void
a_mark_of_a_group_that_is_gone_leads_to_no_other(void **state)
{
	(void)state;
	struct world w;
	static const char by_tree[] = BASE "[correlation tree]\ngroup-by = process.tree\n" COUNT(3) BY_IP;

	begin(&w, by_tree);
	for (int32_t pid = 10; pid < 12; pid++)
		tree_seed(w.tree, &(struct tree_process){ .pid = pid, .start_ns = (uint64_t)pid, .sid = (uint32_t)pid, .executable = "/x", .comm = "x" });
	tree_seed_done(w.tree);
	assert_int_equal(connects(&w, 10, "192.0.2.1", "7"), 0);
	assert_int_equal(connects(&w, 10, "192.0.2.2", "7"), 0);
	change(&w, BASE BY_IP);			/* the group is gone, the mark stays */
	for (unsigned i = 0; i < 2 * CORRELATE_GROUPS; i++)
		connects(&w, 11, address(i), "8");	/* its place is somebody else's */
	change(&w, by_tree);
	assert_int_equal(connects(&w, 10, "192.0.2.4", "7"), 0);
	assert_int_equal(connects(&w, 10, "192.0.2.5", "7"), 0);
	assert_int_equal(connects(&w, 10, "192.0.2.6", "7"), 1);
	end(&w);
}

static void
a_clock_that_stumbles_makes_nothing_true(void **state)
{
	(void)state;
	struct world w;

	begin(&w, BASE BY_USER);
	assert_int_equal(connects(&w, 1, "192.0.2.1", "7"), 0);
	w.now_ns -= 500 * NS_PER_SEC;
	assert_int_equal(connects(&w, 1, "192.0.2.1", "7"), 0);
	w.now_ns += 4200 * NS_PER_SEC;
	assert_int_equal(connects(&w, 1, "192.0.2.1", "7"), 0);	/* both are too old */
	end(&w);
}

static struct term_seen
seen(const char *what, uint32_t now_s)
{
	return (struct term_seen){ .id = 5, .bytes = what, .len = strlen(what), .now_s = now_s, .window_s = 100, .learn_s = 10 };
}

static bool
is_new(struct terms *t, const char *what, uint32_t now_s)
{
	struct term_seen s = seen(what, now_s);

	return terms_new(t, &s);
}

static void
terms_are_learnt_and_forgotten(void **state)
{
	(void)state;
	static struct terms t;
	static const uint8_t key[16] = "0123456789abcde";

	terms_init(&t, key);
	assert_true(terms_fit(&t, sizeof(t)));
	assert_false(terms_fit(&t, sizeof(t) - 1));
	assert_false(is_new(&t, "a", 1000));	/* it only learns */
	assert_false(is_new(&t, "b", 1009));
	assert_true(is_new(&t, "c", 1010));
	assert_false(is_new(&t, "c", 1010));
	assert_false(is_new(&t, "a", 1100));
	assert_true(is_new(&t, "b", 1110));	/* 101 s ago */
	struct term_seen other = seen("a", 1101);
	other.id = 6;
	assert_false(terms_new(&t, &other));	/* another definition learns for itself */
	other.now_s = 1111;
	other.bytes = "z";
	assert_true(terms_new(&t, &other));
	t.magic ^= 1;
	assert_false(terms_fit(&t, sizeof(t)));
}

static void
more_terms_than_places_are_counted_and_the_young_stay(void **state)
{
	(void)state;
	static struct terms t;
	static const uint8_t key[16] = "k";
	char text[16];
	unsigned known = 0;

	terms_init(&t, key);
	for (unsigned i = 0; i < 2 * TERMS_PLACES; i++) {
		snprintf(text, sizeof(text), "%u", i);
		is_new(&t, text, 1000 + i / 1000);
	}
	assert_true(t.evicted >= TERMS_PLACES);
	for (unsigned i = 2 * TERMS_PLACES - 1000; i < 2 * TERMS_PLACES; i++) {
		snprintf(text, sizeof(text), "%u", i);
		known += !is_new(&t, text, 1200);
	}
	assert_true(known > 990);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_floods_one_correlation_pushes_out_only_its_own_groups),
		cmocka_unit_test(what_is_too_old_to_matter_goes_uncounted),
		cmocka_unit_test(a_reload_keeps_what_did_not_change_and_forgets_the_rest),
		cmocka_unit_test(a_mark_of_a_group_that_is_gone_leads_to_no_other),
		cmocka_unit_test(a_clock_that_stumbles_makes_nothing_true),
		cmocka_unit_test(terms_are_learnt_and_forgotten),
		cmocka_unit_test(more_terms_than_places_are_counted_and_the_young_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
