#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "event/field.h"
#include "event/verdict.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A member, the last value that is fine and the first that is not. */
struct boundary { const char *name; size_t at, size; uint64_t last, first; };
#define MEMBER(type, member, last, first) { #member, offsetof(struct type, member), sizeof(((struct type *)0)->member), last, first }

static const struct boundary of_event[] = {
	MEMBER(event, kind, EVENT__MAX - 1, EVENT__MAX),
	MEMBER(event, sensor, SENSOR__MAX - 1, SENSOR__MAX),
	MEMBER(event, have, HAVE_ALL, HAVE_ALL + 1),
	MEMBER(event, tried, HAVE_ALL, HAVE_ALL + 1),
	MEMBER(event, flags, FLAG_ALL, FLAG_ALL + 1),
	MEMBER(event, ancestors, EVENT_ANCESTORS, EVENT_ANCESTORS + 1),
};

static const struct boundary of_report[] = {
	MEMBER(report, kind, REPORT__MAX - 1, REPORT__MAX),
	MEMBER(report, decision, DECISION_DENY, DECISION_DENY + 1),
	MEMBER(report, would, DECISION_DENY, DECISION_DENY + 1),
	MEMBER(report, mode, MODE_ENFORCE, MODE_ENFORCE + 1),
	MEMBER(report, settled, SETTLED__MAX - 1, SETTLED__MAX),
	MEMBER(report, severity, SEVERITY_CRITICAL, SEVERITY_CRITICAL + 1),
	MEMBER(report, actions, ACTION_ALL, ACTION_ALL + 1),
};

static struct event *
sample(void)
{
	static struct event ev;

	event_init(&ev, EVENT_EXEC, SENSOR_FANOTIFY);
	ev.id = 7;
	ev.process.pid = 42;
	ev.have = HAVE_PROCESS | HAVE_ANCESTORS;
	event_set_str(&ev, TEXT_EXECUTABLE, "/usr/bin/id");
	event_set(&ev, TEXT_ARGS, "id\0-u", 6);
	event_add_ancestor(&ev, 40, 1, "/bin/sh", 7);
	event_add_ancestor(&ev, 1, 2, "/sbin/init", 10);
	return &ev;
}

static struct report *
sample_report(void)
{
	static struct report r;

	memset(&r, 0, offsetof(struct report, event));
	r.number = 9;
	r.kind = REPORT_ALERT;
	r.actions = ACTION_DENY | ACTION_ALERT;
	memcpy(&r.event, sample(), sizeof(r.event));
	return &r;
}

/* LEN bytes of a message, at an address that nothing is aligned to and without a byte to spare. */
static int
pass(int (*take)(void *, const void *, size_t), const void *bytes, size_t len)
{
	static union { struct event ev; struct report r; } out;
	char *odd = malloc(len + 1);

	assert_non_null(odd);
	memcpy(odd + 1, bytes, len);
	int err = take(&out, odd + 1, len);
	free(odd);
	return err;
}

static int
take_event(void *out, const void *bytes, size_t len)
{
	return event_from_wire(out, bytes, len);
}

static int
take_report(void *out, const void *bytes, size_t len)
{
	return report_from_wire(out, bytes, len);
}

static int
pass_event(const struct event *ev)
{
	return pass(take_event, ev, event_wire_size(ev));
}

static void
has_text(const struct event *ev, enum event_text which, const char *want, size_t len)
{
	size_t n;
	const char *s = event_text(ev, which, &n);

	assert_int_equal(n, len);
	assert_memory_equal(s, want, len);
}

static void
a_new_event_says_nothing(void **state)
{
	(void)state;
	static struct event ev;
	size_t len;

	memset(&ev, 0xff, sizeof(ev));
	event_init(&ev, EVENT_FORK, SENSOR_PROC);
	assert_int_equal(ev.kind, EVENT_FORK);
	assert_int_equal(ev.sensor, SENSOR_PROC);
	assert_int_equal(ev.have | ev.tried | ev.flags | ev.ancestors, 0);
	assert_true(ev.process.auid == UINT32_MAX && ev.process.session == UINT32_MAX);
	assert_int_equal(event_wire_size(&ev), offsetof(struct event, arena));
	for (int t = 0; t < TEXT__MAX; t++) {
		event_text(&ev, (enum event_text)t, &len);
		assert_int_equal(len, 0);
	}
	assert_int_equal(pass_event(&ev), 0);
}

static void
a_text_that_is_set_again_replaces_the_first(void **state)
{
	(void)state;
	struct event *ev = sample();

	assert_int_equal(event_set(ev, TEXT_EXECUTABLE, "/bin/sh\0x", 9), 0);
	has_text(ev, TEXT_EXECUTABLE, "/bin/sh\0x", 9);
	has_text(ev, TEXT_ARGS, "id\0-u", 6);
	assert_int_equal(event_set_str(ev, TEXT_EXECUTABLE, ""), 0);
	has_text(ev, TEXT_EXECUTABLE, "", 0);
}

static void
the_arena_takes_all_it_has_and_nothing_more(void **state)
{
	(void)state;
	static struct event ev, before;
	static char text[EVENT_ARENA + 1];

	memset(text, 'x', sizeof(text));
	event_init(&ev, EVENT_EXEC, SENSOR_FANOTIFY);
	memset(ev.arena, 0, sizeof(ev.arena));
	before = ev;
	assert_int_equal(event_set(&ev, TEXT_ARGS, text, sizeof(text)), -ENOSPC);
	assert_memory_equal(&ev, &before, sizeof(ev));
	assert_int_equal(event_set(&ev, TEXT_ARGS, text, EVENT_ARENA - 1), 0);
	assert_int_equal(event_set(&ev, TEXT_CWD, "/", 1), 0);
	assert_int_equal(ev.used, EVENT_ARENA);
	before = ev;
	assert_int_equal(event_set(&ev, TEXT_COMM, "a", 1), -ENOSPC);
	assert_memory_equal(&ev, &before, sizeof(ev));
	assert_int_equal(event_set(&ev, TEXT_COMM, "", 0), 0);
	has_text(&ev, TEXT_ARGS, text, EVENT_ARENA - 1);
	has_text(&ev, TEXT_CWD, "/", 1);
	assert_int_equal(pass_event(&ev), 0);
}

static void
ancestors_beyond_the_last_place_are_flagged(void **state)
{
	(void)state;
	struct event *ev = sample();
	char exe[16];

	ev->ancestors = 0;
	for (int i = 0; i < EVENT_ANCESTORS; i++) {
		int n = snprintf(exe, sizeof(exe), "/bin/%d", i);
		assert_int_equal(event_add_ancestor(ev, i + 1, 0, exe, (size_t)n), 0);
	}
	assert_int_equal(ev->flags, 0);
	assert_int_equal(event_add_ancestor(ev, 99, 0, "/a", 2), -ENOSPC);
	assert_int_equal(ev->flags, FLAG_ANCESTRY_CUT);
	assert_int_equal(ev->ancestors, EVENT_ANCESTORS);
	assert_int_equal(ev->ancestor[EVENT_ANCESTORS - 1].pid, EVENT_ANCESTORS);
	assert_int_equal(pass_event(ev), 0);
}

static void
an_ancestor_without_room_for_its_program_is_flagged(void **state)
{
	(void)state;
	static const char fill[EVENT_ARENA];
	struct event *ev = sample();

	assert_int_equal(event_set(ev, TEXT_ARGS, fill, sizeof(ev->arena) - ev->used), 0);
	assert_int_equal(event_add_ancestor(ev, 5, 0, "/bin/other", 10), -ENOSPC);
	assert_int_equal(ev->flags, FLAG_ANCESTRY_CUT);
	assert_int_equal(ev->ancestors, 2);
	/* One that runs what its child runs needs no room. */
	assert_int_equal(event_add_ancestor(ev, 5, 0, "/sbin/init", 10), 0);
	assert_int_equal(ev->ancestor[2].executable.off, ev->ancestor[1].executable.off);
	assert_int_equal(ev->ancestors, 3);
}

static void
an_event_arrives_as_it_was_sent(void **state)
{
	(void)state;
	static struct event out;
	struct event *ev = sample();

	assert_int_equal(event_from_wire(&out, ev, event_wire_size(ev)), 0);
	assert_memory_equal(&out, ev, event_wire_size(ev));
}

static void
no_other_length_passes(void **state)
{
	(void)state;
	static char longer[sizeof(struct report) + 8];
	const struct report *r = sample_report();
	size_t size = event_wire_size(&r->event), whole = report_wire_size(r);

	memcpy(longer, &r->event, sizeof(r->event));
	for (size_t len = 0; len <= sizeof(struct event) + 8; len++)
		assert_int_equal(event_from_wire(&(struct event){ 0 }, longer, len), len == size ? 0 : -EBADMSG);
	for (size_t len = 0; len < whole; len++)
		assert_int_equal(pass(take_report, r, len), -EBADMSG);
	memcpy(longer, r, sizeof(*r));
	assert_int_equal(pass(take_report, longer, whole), 0);
	assert_int_equal(pass(take_report, longer, whole + 1), -EBADMSG);
	assert_int_equal(pass(take_report, longer, sizeof(longer)), -EBADMSG);
}

/* In little endian a member is the low bytes of its value. */
static void
beyond_its_boundary(const struct boundary *b, void *message, int (*take)(void *, const void *, size_t), size_t len)
{
	const uint64_t all_ones = UINT64_MAX;
	char old[8], *at = (char *)message + b->at;

	memcpy(old, at, b->size);
	memcpy(at, &b->last, b->size);
	if (pass(take, message, len))
		fail_msg("%s: %llu is refused", b->name, (unsigned long long)b->last);
	memcpy(at, &b->first, b->size);
	if (pass(take, message, len) != -EBADMSG)
		fail_msg("%s: %llu passes", b->name, (unsigned long long)b->first);
	memcpy(at, &all_ones, b->size);
	if (pass(take, message, len) != -EBADMSG)
		fail_msg("%s: all ones pass", b->name);
	memcpy(at, old, b->size);
	assert_int_equal(pass(take, message, len), 0);
}

static void
every_count_and_enum_of_an_event_is_proved(void **state)
{
	(void)state;
	struct event *ev = sample();

	for (size_t i = 0; i < COUNT(of_event); i++)
		beyond_its_boundary(&of_event[i], ev, take_event, event_wire_size(ev));
}

static void
every_enum_of_a_report_is_proved(void **state)
{
	(void)state;
	struct report *r = sample_report();

	for (size_t i = 0; i < COUNT(of_report); i++)
		beyond_its_boundary(&of_report[i], r, take_report, report_wire_size(r));
	for (size_t i = 0; i < COUNT(of_event); i++)
		beyond_its_boundary(&of_event[i], &r->event, take_event, event_wire_size(&r->event));
}

static void
beyond_the_text(struct event *ev, struct slice *s, int (*take)(void *, const void *, size_t), const void *message, size_t len)
{
	const struct slice old = *s;
	const uint16_t used = ev->used;
	const struct { struct slice s; int want; } tries[] = {
		{ { 0, used }, 0 }, { { used, 0 }, 0 }, { { (uint16_t)(used - 1), 1 }, 0 }, { { 0, (uint16_t)(used + 1) }, -EBADMSG },
		{ { (uint16_t)(used + 1), 0 }, -EBADMSG }, { { used, 1 }, -EBADMSG }, { { 1, used }, -EBADMSG },
		{ { UINT16_MAX, 1 }, -EBADMSG }, { { 1, UINT16_MAX }, -EBADMSG }, { { UINT16_MAX, UINT16_MAX }, -EBADMSG },
	};

	for (size_t i = 0; i < COUNT(tries); i++) {
		*s = tries[i].s;
		assert_int_equal(pass(take, message, len), tries[i].want);
	}
	*s = old;
}

static void
every_offset_is_proved(void **state)
{
	(void)state;
	struct report *r = sample_report();
	struct event *ev = &r->event;

	for (int t = 0; t < TEXT__MAX; t++) {
		beyond_the_text(ev, &ev->text[t], take_event, ev, event_wire_size(ev));
		beyond_the_text(ev, &ev->text[t], take_report, r, report_wire_size(r));
	}
	ev->ancestors = EVENT_ANCESTORS;
	for (int i = 0; i < EVENT_ANCESTORS; i++)
		beyond_the_text(ev, &ev->ancestor[i].executable, take_event, ev, event_wire_size(ev));
}

static void
an_arena_that_is_used_beyond_its_end_is_refused(void **state)
{
	(void)state;
	static char bytes[sizeof(struct event) + 8];
	const size_t at = offsetof(struct event, used);
	uint16_t used;

	memcpy(bytes, sample(), sizeof(struct event));
	for (used = EVENT_ARENA - 1; used < EVENT_ARENA + 8; used++) {
		memcpy(bytes + at, &used, sizeof(used));
		int want = used <= EVENT_ARENA ? 0 : -EBADMSG;
		assert_int_equal(pass(take_event, bytes, offsetof(struct event, arena) + used), want);
	}
	used = UINT16_MAX;
	memcpy(bytes + at, &used, sizeof(used));
	assert_int_equal(pass(take_event, bytes, sizeof(struct event)), -EBADMSG);
}

static void
kinds_are_found_by_their_own_names(void **state)
{
	(void)state;
	for (int i = 0; i < EVENT__MAX; i++) {
		enum event_kind kind = (enum event_kind)i;
		assert_int_equal(event_kind_find(event_kind_name(kind)), i);	/* so no two have one name */
		assert_true(strlen(event_kind_category(kind)) && strlen(event_kind_type(kind)) && strlen(event_kind_help(kind)));
		assert_true(event_kind_sensor(kind) < SENSOR__MAX);
		/* Only fanotify asks and waits. */
		if (event_kind_prevents(kind))
			assert_true(event_kind_sensor(kind) == SENSOR_FANOTIFY || event_kind_sensor(kind) == SENSOR_NOBODY);
		else	/* a script is seen when it is asked about, and cannot be forbidden for what it says */
			assert_true(event_kind_sensor(kind) != SENSOR_FANOTIFY || kind == EVENT_SCRIPT);
	}
	static const char *const none[] = { "", "Exec", "exec ", "execs", "exe", "exec,open" };
	for (size_t i = 0; i < COUNT(none); i++)
		assert_int_equal(event_kind_find(none[i]), -1);
}

static void
an_open_for_writing_is_an_open_too(void **state)
{
	(void)state;
	assert_true(event_kind_mask(EVENT_WRITE) == (1ull << EVENT_WRITE | 1ull << EVENT_OPEN));
	assert_true(event_kind_mask(EVENT_LOAD) == (1ull << EVENT_LOAD | 1ull << EVENT_OPEN));
	assert_true(event_kind_mask(EVENT_OPEN) == 1ull << EVENT_OPEN);
	assert_true(event_kind_mask(EVENT_AGENT) == 1ull << EVENT_AGENT);
}

static void
fields_are_found_by_their_own_names(void **state)
{
	(void)state;
	for (int i = 0; i < FIELD__MAX; i++) {
		const struct field_info *f = field_info((enum field)i);
		assert_int_equal(field_find(f->name), i);
		assert_true(strlen(f->help) > 0);
		/* One bit that says whether it is there, and that can be sent. */
		assert_true(f->have && !(f->have & (f->have - 1)) && !(f->have & ~HAVE_ALL));
		assert_false(field_is_text(f->type) && field_is_number(f->type));
		assert_true(field_is_text(f->type) || field_is_number(f->type) || f->type == TYPE_HASH || f->type == TYPE_IP);
	}
	static const char *const none[] = { "", "process", "process.", "Process.name", "process.name ", "process.names" };
	for (size_t i = 0; i < COUNT(none); i++)
		assert_int_equal(field_find(none[i]), -1);
}

static void
a_name_that_is_nearly_right_is_guessed(void **state)
{
	(void)state;
	char wrong[80];

	for (int i = 0; i < FIELD__MAX; i++) {
		const char *name = field_info((enum field)i)->name;
		assert_string_equal(field_nearest(name), name);
		snprintf(wrong, sizeof(wrong), "%s_", name);
		assert_string_equal(field_nearest(wrong), name);
	}
	assert_string_equal(field_nearest("process.comandline"), "process.command_line");
	assert_string_equal(field_nearest("proces.executible"), "process.executable");
	assert_null(field_nearest(""));
	assert_null(field_nearest("zzzzzzzz"));
	/* Longer than any: nothing is near, and nothing is read or written beyond a buffer. */
	char endless[4096];
	memset(endless, 'p', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	assert_null(field_nearest(endless));
}

static void
names_of_verdicts_lead_back_to_them(void **state)
{
	(void)state;
	unsigned all = 0;

	for (int s = SEVERITY_INFO; s <= SEVERITY_CRITICAL; s++)
		assert_int_equal(severity_find(severity_name((enum severity)s)), s);
	for (unsigned bit = 1; bit <= ACTION_ALL; bit <<= 1) {
		all |= bit;
		assert_int_equal(action_find(action_name((enum action)bit)), bit);
	}
	assert_int_equal(all, ACTION_ALL);
	assert_int_equal(severity_find("fatal"), -1);
	assert_int_equal(severity_find(""), -1);
	assert_int_equal(action_find("none"), 0);
	assert_int_equal(action_find("kil"), 0);
	assert_string_equal(action_name((enum action)(ACTION_ALL + 1)), "none");
	assert_string_equal(decision_name(DECISION_DENY), "deny");
	for (int s = 0; s < SETTLED__MAX; s++)
		assert_true(strlen(settled_name((enum settled)s)) > 0);
}

static void
flags_of_a_file_follow_from_its_mode_and_links(void **state)
{
	(void)state;
	static const struct { uint32_t mode, links, flags; } rows[] = {
		{ S_IFREG | 0755, 1, 0 },
		{ S_IFREG | S_ISUID | 0755, 1, FLAG_SETUID },
		{ S_IFREG | S_ISGID | 0755, 1, FLAG_SETUID },
		{ S_IFDIR | S_ISVTX | 0755, 2, 0 },
		{ S_IFREG | 0775, 1, FLAG_WRITABLE_BY_OTHERS },
		{ S_IFREG | 0602, 1, FLAG_WRITABLE_BY_OTHERS },
		{ S_IFREG | 0644, 0, FLAG_DELETED },
		{ S_IFREG | 06777, 0, FLAG_SETUID | FLAG_WRITABLE_BY_OTHERS | FLAG_DELETED },
	};
	struct event *ev = sample();

	for (size_t i = 0; i < COUNT(rows); i++) {
		/* What they said before does not stay, what is not theirs does. */
		ev->flags = FLAG_SETUID | FLAG_WRITABLE_BY_OTHERS | FLAG_DELETED | FLAG_NOTIFIED;
		ev->file.mode = rows[i].mode;
		ev->file.links = rows[i].links;
		event_file_flags(ev);
		assert_int_equal(ev->flags, rows[i].flags | FLAG_NOTIFIED);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_event_says_nothing),
		cmocka_unit_test(a_text_that_is_set_again_replaces_the_first),
		cmocka_unit_test(the_arena_takes_all_it_has_and_nothing_more),
		cmocka_unit_test(ancestors_beyond_the_last_place_are_flagged),
		cmocka_unit_test(an_ancestor_without_room_for_its_program_is_flagged),
		cmocka_unit_test(an_event_arrives_as_it_was_sent),
		cmocka_unit_test(no_other_length_passes),
		cmocka_unit_test(every_count_and_enum_of_an_event_is_proved),
		cmocka_unit_test(every_enum_of_a_report_is_proved),
		cmocka_unit_test(every_offset_is_proved),
		cmocka_unit_test(an_arena_that_is_used_beyond_its_end_is_refused),
		cmocka_unit_test(kinds_are_found_by_their_own_names),
		cmocka_unit_test(an_open_for_writing_is_an_open_too),
		cmocka_unit_test(fields_are_found_by_their_own_names),
		cmocka_unit_test(a_name_that_is_nearly_right_is_guessed),
		cmocka_unit_test(names_of_verdicts_lead_back_to_them),
		cmocka_unit_test(flags_of_a_file_follow_from_its_mode_and_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
