/* A whole policy. What compiles must be a policy that opens, and that judges the same however much is asked before. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "judge/judge.h"
#include "policy/given.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Of each list so many elements as its value has parts. */
static const struct { enum event_kind kind; struct { enum field field; const char *value; } given[8]; } events[] = {
	{ EVENT_EXEC, { { FIELD_PROCESS_EXECUTABLE, "/usr/bin/sh" }, { FIELD_PROCESS_ARGS, "sh" }, { FIELD_PROCESS_ARGS, "-c" },
		{ FIELD_USER_ID, "0" }, { FIELD_FILE_PATH, "/usr/bin/sh" }, { FIELD_ANCESTOR_EXECUTABLE, "/usr/sbin/nginx" } } },
	{ EVENT_EXEC, { { FIELD_PREVIOUS_EXECUTABLE, "/usr/sbin/nginx" }, { FIELD_FILE_HASH_SHA256,
		"0000000000000000000000000000000000000000000000000000000000000000" }, { FIELD_FILE_SETUID, "true" }, { FIELD_FILE_MODE, "4755" } } },
	{ EVENT_OPEN, { { FIELD_FILE_PATH, "/etc/shadow" }, { FIELD_USER_NAME, "root" }, { FIELD_PROCESS_TITLE, "" } } },
	{ EVENT_WRITE, { { FIELD_FILE_PATH, "/tmp/x/y" }, { FIELD_FILE_SIZE, "4096" }, { FIELD_PROCESS_WORKING_DIRECTORY, "/tmp" } } },
	{ EVENT_CONNECT, { { FIELD_DESTINATION_IP, "10.0.0.1" }, { FIELD_DESTINATION_PORT, "443" } } },
	{ EVENT_BIND, { { FIELD_DESTINATION_IP, "::1" } } },
	{ EVENT_EXIT, { { FIELD_PROCESS_EXIT_CODE, "-9" } } },
	{ EVENT_PTRACE, { { FIELD_SYSCALL_ARG0, "16" }, { FIELD_SYSCALL_RESULT, "-1" }, { FIELD_TARGET_EXECUTABLE, "/sbin/init" } } },
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct event *
event(size_t i)
{
	static struct event ev;
	char why[200];

	event_init(&ev, events[i].kind, SENSOR_NOBODY);
	for (size_t k = 0; k < COUNT(events[i].given) && events[i].given[k].value; k++)
		if (policy_event_set(&ev, events[i].given[k].field, events[i].given[k].value, strlen(events[i].given[k].value), why, sizeof(why)))
			abort();
	return &ev;
}

static void
judge_all(const struct policy *p)
{
	for (size_t i = 0; i < COUNT(events); i++) {
		struct event *ev = event(i);
		struct verdict last, v;
		ev->tried = HAVE_ALL;
		judge(p, ev, &last);
		if (last.needs)
			abort();
		ev->tried = 0;
		for (judge(p, ev, &v); v.needs; judge(p, ev, &v)) {
			if (v.needs & (ev->have | ev->tried | ~HAVE_ALL))
				abort();	/* it was told already */
			ev->tried |= v.needs;
		}
		if (memcmp(&v, &last, sizeof(v)) != 0)
			abort();	/* what nobody asked for made a difference */
	}
}

static void
look_at(const struct policy *p)
{
	for (unsigned i = 0; i < policy_rules(p); i++) {
		struct rule_info r;
		policy_rule(p, i, &r);
		if ((!r.kinds && !r.actions) || !*r.name || r.line < 1)
			abort();
	}
	for (unsigned i = 0; i < policy_places(p); i++) {
		struct watch_place w;
		policy_place(p, i, &w);
		if ((w.kind == WATCH_EVERYTHING) != (w.path[0] == '\0') || (w.path[0] && w.path[0] != '/'))
			abort();
	}
}

static void
check_faults(const struct faults *faults, int lines)
{
	if (!faults->errors)
		abort();
	for (size_t i = 0; i < faults->count; i++)
		if (!faults->fault[i].why[0] || faults->fault[i].line < 0 || faults->fault[i].line > lines)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct policy_sources sources = { .mode = MODE_ENFORCE, .judge = judge };
	static struct faults faults;
	const struct policy *p;
	int lines = 1;

	memset(&faults, 0, sizeof(faults));
	int fd = policy_build_text(&sources, "t.ini", (const char *)data, size, &faults);
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	if (fd < 0) {
		if (fd != -EINVAL)
			abort();
		check_faults(&faults, lines);
		return 0;
	}
	if (faults.errors || policy_open(fd, &p))
		abort();
	close(fd);
	look_at(p);
	judge_all(p);
	policy_close(p);
	return 0;
}
