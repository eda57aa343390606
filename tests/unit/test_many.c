#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "compile.h"
#include "given.h"
#include "policy/layout.h"
#include "policy/glob.h"

/* Numbers that are the same each time. */
static uint32_t seed;

static uint32_t
pick(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

struct text { char *at; size_t len, room; };

static void
add(struct text *t, const char *s)
{
	size_t n = strlen(s);

	if (t->len + n + 1 > t->room) {
		t->room = (t->len + n + 1) * 2;
		t->at = realloc(t->at, t->room);
		assert_non_null(t->at);
	}
	memcpy(t->at + t->len, s, n + 1);
	t->len += n;
}

/* A path of few letters and short names, so that many begin or end alike; in a pattern, with wildcards here and there. */
static void
path(char *out, bool pattern)
{
	static const char *const parts[] = { "a", "b", "ab", "ba", "abc" };
	static const char *const wild[] = { "*", "**", "a*", "*b", "?", "[a-b]", "a*b", "*.a", "\\*" };
	unsigned n = 1 + pick(5);

	*out = '\0';
	if (pattern && pick(4) == 0)
		strcat(out, "**");
	for (unsigned i = 0; i < n; i++) {
		strcat(out, "/");
		strcat(out, pattern && pick(4) == 0 ? wild[pick(sizeof(wild) / sizeof(wild[0]))] : parts[pick(5)]);
	}
	if (pattern && pick(6) == 0)
		strcat(out, "/");
}

/* Would it be met if each value stood alone? */
static bool
met_alone(const char *modifier, const char *pattern, const char *s)
{
	size_t n = strlen(pattern), len = strlen(s);
	char plain[200];

	if (!*modifier && glob_is(pattern, n, true))
		return glob_match(pattern, n, s, len, true);
	if (*modifier && glob_is(pattern, n, false)) {
		snprintf(plain, sizeof(plain), "%s%s%s", strcmp(modifier, "|startswith") == 0 ? "" : "*", pattern,
		    strcmp(modifier, "|endswith") == 0 ? "" : "*");
		return glob_match(plain, strlen(plain), s, len, false);
	}
	n = glob_unquote(pattern, n, plain);
	if (strcmp(modifier, "|startswith") == 0)
		return len >= n && memcmp(s, plain, n) == 0;
	if (strcmp(modifier, "|endswith") == 0)
		return len >= n && memcmp(s + len - n, plain, n) == 0;
	if (strcmp(modifier, "|contains") == 0)
		return memmem(s, len, plain, n) != NULL;
	return len == n && memcmp(s, plain, n) == 0;
}

static bool
matches(const struct policy *p, enum field f, const char *value)
{
	static struct event ev;
	struct verdict v;
	char why[200];

	event_init(&ev, f == FIELD_DESTINATION_IP ? EVENT_CONNECT : EVENT_EXEC, SENSOR_NOBODY);
	assert_int_equal(policy_event_set(&ev, f, value, strlen(value), why, sizeof(why)), 0);
	ev.tried = HAVE_ALL;
	judge(p, &ev, &v);
	return v.matches;
}

static void
check_paths(const char *modifier, unsigned n)
{
	char (*pattern)[64] = calloc(n, sizeof(*pattern)), head[100];
	struct text text = { 0 };

	assert_non_null(pattern);
	snprintf(head, sizeof(head), "[rule r]\non = exec\naction = alert\nprocess.executable%s = @l\n[list l]\nvalues = ", modifier);
	add(&text, head);
	for (unsigned i = 0; i < n; i++) {
		path(pattern[i], true);
		add(&text, "\n  ");
		add(&text, pattern[i]);
	}
	add(&text, "\n");
	memmove(strstr(text.at, "= \n  ") + 2, strstr(text.at, "= \n  ") + 5, strlen(strstr(text.at, "= \n  ") + 5) + 1);
	const struct policy *p = compile(text.at);
	for (unsigned k = 0; k < 400; k++) {
		char s[64];
		bool met = false;
		path(s, false);
		for (unsigned i = 0; i < n && !met; i++)
			met = met_alone(modifier, pattern[i], s);
		if (matches(p, FIELD_PROCESS_EXECUTABLE, s) != met)
			fail_msg("%s is %smet by a list of %u, with '%s': %s", s, met ? "not " : "", n, modifier, text.at);
	}
	policy_close(p);
	free(pattern);
	free(text.at);
}

static void
a_list_means_what_its_values_mean_one_by_one(void **state)
{
	(void)state;
	static const char *const modifiers[] = { "", "|startswith", "|endswith", "|contains" };
	static const unsigned sizes[] = { 1, 7, 8, 9, 20, 100 };

	seed = 1;
	for (unsigned m = 0; m < 4; m++)
		for (unsigned s = 0; s < 6; s++)
			for (unsigned round = 0; round < 10; round++)
				check_paths(modifiers[m], sizes[s]);
}

/* Networks of 10.0.0.0/8, of any size, and of a few of IPv6. */
static void
network(char *out, size_t size, uint8_t net[17], size_t *len)
{
	unsigned bits = 8 + pick(25);
	uint32_t addr = (10u << 24 | pick(1u << 16) << 8) & (uint32_t)(0xffffffffull << (32 - bits));

	*len = pick(5) ? 4 : 16;
	if (*len == 4) {
		snprintf(out, size, "%u.%u.%u.%u/%u", addr >> 24, addr >> 16 & 255, addr >> 8 & 255, addr & 255, bits);
		memcpy(net, (uint8_t[]){ (uint8_t)(addr >> 24), (uint8_t)(addr >> 16), (uint8_t)(addr >> 8), (uint8_t)addr, (uint8_t)bits }, 5);
	} else {
		unsigned a = pick(4);
		memset(net, 0, 17);
		net[0] = 0x20;
		net[3] = (uint8_t)a;
		net[16] = pick(2) ? 32 : 30;
		net[3] &= net[16] == 32 ? 0xff : 0xfc;
		snprintf(out, size, "2000:%x::/%u", net[3], net[16]);
	}
}

static bool
holds(const uint8_t *net, size_t len, const uint8_t *addr)
{
	for (unsigned b = 0; b < net[len]; b++)
		if ((net[b / 8] ^ addr[b / 8]) >> (7 - b % 8) & 1)
			return false;
	return true;
}

static void
so_does_a_list_of_networks(void **state)
{
	(void)state;
	seed = 3;
	for (unsigned round = 0; round < 20; round++) {
		enum { N = 60 };
		uint8_t net[N][17];
		size_t len[N];
		struct text text = { 0 };
		add(&text, "[rule r]\non = connect\naction = alert\ndestination.ip|cidr = ");
		for (unsigned i = 0; i < N; i++) {
			char one[64];
			network(one, sizeof(one), net[i], &len[i]);
			add(&text, i ? ", " : "");
			add(&text, one);
		}
		add(&text, "\n");
		const struct policy *p = compile(text.at);
		for (unsigned k = 0; k < 300; k++) {
			uint8_t addr[16] = { 0x20, 0, 0, (uint8_t)pick(5) };
			char s[64];
			bool six = pick(4) == 0, met = false;
			if (!six)
				memcpy(addr, (uint8_t[]){ 10, (uint8_t)pick(256), (uint8_t)pick(256), (uint8_t)pick(3) }, 4);
			snprintf(s, sizeof(s), six ? "2000:%x::1" : "10.%u.%u.%u", six ? addr[3] : addr[1], addr[2], addr[3]);
			for (unsigned i = 0; i < N && !met; i++)
				met = len[i] == (six ? 16 : 4) && holds(net[i], len[i], addr);
			if (matches(p, FIELD_DESTINATION_IP, s) != met)
				fail_msg("%s is %smet by %s", s, met ? "not " : "", text.at);
		}
		policy_close(p);
		free(text.at);
	}
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The list [list l] of N values of a kind. */
static char *
list_of(const char *rule, const char *before, const char *after, unsigned n)
{
	struct text text = { 0 };
	char one[100];

	add(&text, rule);
	add(&text, "[list l]\nvalues = /x\n");
	for (unsigned i = 0; i < n; i++) {
		unsigned mixed = i * 2654435761u;
		snprintf(one, sizeof(one), "  %s%x/%u%s\n", before, mixed >> 20, i, after);
		add(&text, one);
	}
	return text.at;
}

static void
a_list_of_100000_is_not_looked_through_value_by_value(void **state)
{
	(void)state;
	static const char rule[] = "[rule r]\non = exec\naction = alert\nprocess.executable = @l\n";
	static const struct { const char *before, *after, *value; bool met; } table[] = {
		{ "/srv/", "", "/srv/9e3/1x", false },		/* exactly */
		{ "/srv/", "", "/srv/9e3/1", true },
		{ "/srv/", "/**", "/srv/9e3/1/x/y", true },	/* by how it begins */
		{ "/srv/", "/*", "/srv/9e3/1/x/y", false },
		{ "/srv/", "/*/*[a-f]", "/srv/9e3/1/x/yf", true },
		{ "**/", "", "/any/where/9e3/1", true },	/* by how it ends */
		{ "/home/*/", "", "/home/bob/9e3/1", true },
		{ "/home/*/", "", "/home/bob/9e3/1x", false },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CLEANUP_FREE char *text = list_of(rule, table[i].before, table[i].after, 100000);
		double begun = seconds();
		const struct policy *p = compile(text);
		double built = seconds();
		for (unsigned k = 0; k < 1000; k++)
			if (matches(p, FIELD_PROCESS_EXECUTABLE, table[i].value) != table[i].met)
				fail_msg("row %zu", i);
		/* It takes a microsecond each, and half a second; one by one it would be more than half a millisecond. */
		if (seconds() - built > 0.2 || built - begun > 8)
			fail_msg("row %zu took %.3f s to build, then %.3f s", i, built - begun, seconds() - built);
		policy_close(p);
	}
}

/* Of so many files, those that are marked are few. */
static void
opens_of_a_long_list_are_asked_about_in_few_places(void **state)
{
	(void)state;
	static const char rule[] = "[rule r]\non = open\naction = alert\nfile.path = @l\n";
	static const struct { const char *before, *after; unsigned n; const char *place; } table[] = {
		{ "/srv/data/", "", 100000, "/srv/data" },
		{ "/srv/data/", "/**", 100000, "/srv/data" },
		{ "/srv/data/", "/*.key", 5000, "/srv/data" },
		{ "**/", "", 1000, "" },
		{ "/", "", 100000, "" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CLEANUP_FREE char *text = list_of(rule, table[i].before, table[i].after, table[i].n);
		const struct policy *p = compile(text);
		struct watch_place w;
		bool found = false;
		assert_true(policy_places(p) <= 129);
		for (unsigned k = 0; k < policy_places(p); k++) {
			policy_place(p, k, &w);
			found |= strcmp(w.path, table[i].place) == 0 && w.kind == (*w.path ? WATCH_TREE : WATCH_EVERYTHING);
		}
		if (!found)
			fail_msg("row %zu: %u places, the last is '%s'", i, policy_places(p), w.path);
		policy_close(p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_means_what_its_values_mean_one_by_one),
		cmocka_unit_test(so_does_a_list_of_networks),
		cmocka_unit_test(a_list_of_100000_is_not_looked_through_value_by_value),
		cmocka_unit_test(opens_of_a_long_list_are_asked_about_in_few_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
