/*
 * judge: what the judgements of one exec cost, in nanoseconds, by the shape and the number of rules; beside it, what it costs to hear each
 * rule. In turns, medians. Nothing is fetched or hashed here: what a judgement asks for is there the next time. Also how long a policy
 * takes to load.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/given.h"
#include "../unit/naive_judge.h"

#define TURNS 9
#define ROUNDS_MAX 4

typedef void judge_fn(const struct policy *, const struct event *, struct verdict *);
struct shape { const char *name, *conditions; };	/* # stands for the number of the rule */

static const struct shape shapes[] = {
	{ "program", "process.executable = /opt/app#/bin/tool\n" },
	{ "directory", "process.executable = /srv/app#/**\n" },
	{ "name in a home", "file.path = /home/*/bin/tool#\n" },
	{ "user + program", "user.name = alice\nprocess.executable = /opt/app#/bin/tool\n" },
	{ "ancestor", "process.ancestor.executable = /usr/sbin/daemon#\n" },
	{ "args contains", "process.command_line|contains = --token=#-\n" },
	{ "shell + args", "process.name = bash\nprocess.args|contains = evil#.com\n" },
	{ "shell, filtered", "process.name = bash\nprocess.args|contains = evil#.com\nfilter/user.id = 33, 34\n" },
	{ "hash", "file.hash.sha256 = 00000000000000000000000000000000000000000000000000000000000#\n" },
	{ "user + hash", "user.id = 1000\nfile.hash.sha256 = 00000000000000000000000000000000000000000000000000000000000#\n" },
	{ "one of two", "a/process.previous.name = daemon#\nb/process.args = --option-#\ncondition = a or b\n" },
	{ "none of them", "not process.executable = /usr/bin/**\nprocess.args|contains = #\n" },
	{ "only not", "not process.executable = /usr/bin/**, /opt/app#/**\nuser.id = 1000\n" },
};

static const char *const given[][2] = {
	{ "process.executable", "/usr/bin/bash" }, { "file.path", "/usr/bin/bash" }, { "process.pid", "4711" },
	{ "process.previous.executable", "/usr/bin/zsh" }, { "process.parent.executable", "/usr/bin/tmux" },
	{ "process.ancestor.executable", "/usr/bin/tmux" }, { "process.ancestor.executable", "/usr/bin/zsh" },
	{ "process.ancestor.executable", "/usr/sbin/sshd" }, { "process.ancestor.executable", "/usr/lib/systemd/systemd" },
	{ "process.args", "bash" }, { "process.args", "-c" }, { "process.args", "make -C /home/alice/project/src all && make install" },
	{ "process.args", "--verbose" }, { "process.args", "/home/alice/project/build" }, { "process.working_directory", "/home/alice/project" },
	{ "user.id", "1000" }, { "user.name", "alice" }, { "group.id", "1000" }, { "file.size", "1265648" }, { "file.uid", "0" },
	{ "file.hash.sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
};

static const struct policy *
compile(const char *text, size_t len, double *seconds)
{
	const struct policy_sources sources = { .mode = MODE_ENFORCE };
	static struct faults faults;
	const struct policy *p;
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	int fd = policy_build_text(&sources, "bench.ini", text, len, &faults);

	if (fd < 0 || policy_open(fd, &p)) {
		char why[700] = "";
		if (faults.errors)
			fault_format(&faults.fault[0], why, sizeof(why));
		fprintf(stderr, "judge: no policy: %s\n", why);
		exit(1);
	}
	close(fd);
	*seconds = (double)(clock_ns(CLOCK_MONOTONIC) - start) / 1e9;
	return p;
}

static const struct policy *
rules(const struct shape *s, unsigned n, double *seconds)
{
	CLEANUP_FREE char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		exit(1);
	for (unsigned i = 0; i < n; i++) {
		fprintf(f, "[rule r%u]\non = exec\naction = deny\n", i);
		for (const char *at = s->conditions; *at; at++)
			fprintf(f, *at == '#' ? "%05u" : "%c", *at == '#' ? i : (unsigned)*at);
	}
	fclose(f);
	return compile(text, len, seconds);
}

/* A condition with a list of N values. */
static const struct policy *
list(unsigned n, double *seconds)
{
	CLEANUP_FREE char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		exit(1);
	fprintf(f, "[rule r]\non = exec\naction = deny\nprocess.executable = @l\n[rule s]\non = exec\naction = alert\nuser.id = 1000\n"
	    "not process.executable = @l\n[list l]\nvalues = /x\n");
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "  /opt/app%u/bin/tool\n", i);
	fclose(f);
	return compile(text, len, seconds);
}

/* All that is judged of one exec, as the gate does. */
static void
settle(judge_fn *fn, const struct policy *p, struct event *ev)
{
	static const uint32_t first = HAVE_PROCESS | HAVE_FILE | HAVE_PARENT | HAVE_PREVIOUS | HAVE_ANCESTORS;
	struct verdict v;

	ev->have = first;
	for (int i = 0; i < ROUNDS_MAX; i++) {
		fn(p, ev, &v);
		if (!v.needs)
			return;
		ev->have |= v.needs;
	}
	abort();
}

static double
time_of(judge_fn *fn, const struct policy *p, struct event *ev, unsigned times)
{
	uint64_t start = clock_ns(CLOCK_MONOTONIC);

	for (unsigned i = 0; i < times; i++)
		settle(fn, p, ev);
	return (double)(clock_ns(CLOCK_MONOTONIC) - start) / times;
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
measure(const struct policy *p, struct event *ev, double ns[2])
{
	judge_fn *const fn[2] = { naive_judge, judge };
	double turn[2][TURNS];
	unsigned times[2];

	for (int i = 0; i < 2; i++) {
		double one = time_of(fn[i], p, ev, 10);
		times[i] = one > 1e6 ? 1 : (unsigned)(1e6 / (one + 1)) + 1;
	}
	for (int t = 0; t < TURNS; t++)
		for (int i = 0; i < 2; i++)
			turn[i][t] = time_of(fn[i], p, ev, times[i]);
	for (int i = 0; i < 2; i++) {
		qsort(turn[i], TURNS, sizeof(double), by_size);
		ns[i] = turn[i][TURNS / 2];
	}
}

static void
give(struct event *ev)
{
	char why[100];

	event_init(ev, EVENT_EXEC, SENSOR_NOBODY);
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		if (policy_event_set(ev, (enum field)field_find(given[i][0]), given[i][1], strlen(given[i][1]), why, sizeof(why)))
			exit(1);
}

static void
row(const char *name, const struct policy *p, struct event *ev, unsigned n, double seconds)
{
	double ns[2];

	measure(p, ev, ns);
	printf("%-18s %7u %12.0f %12.0f %10.3f %10.2f\n", name, n, ns[0], ns[1], seconds, p->size / 1048576.0);
	policy_close(p);
}

int
main(void)
{
	static const unsigned counts[] = { 10, 100, 1000, 5000, 30000 };
	static struct event ev;
	double seconds;

	give(&ev);
	printf("%-18s %7s %12s %12s %10s %10s\n", "rules of shape", "number", "each ns", "judge ns", "load s", "MiB");
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			const struct policy *p = rules(&shapes[s], counts[i], &seconds);
			row(shapes[s].name, p, &ev, counts[i], seconds);
		}
	}
	for (unsigned n = 10; n <= 100000; n *= 10) {
		const struct policy *p = list(n, &seconds);
		row("values of a list", p, &ev, n, seconds);
	}
	return 0;
}
