/* Events on files, from records to what the judge is shown. Handles here lead nowhere: what is known of them was told before. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "records.h"
/* The gate is a process, not a library: what hears of files is taken in whole, with all that it calls. */
#include "gate/files.c"
#include "gate/dirs.c"
#define pass_on	facts_pass_on
#include "gate/facts.c"
#include "gate/act.c"
#include "gate/fold.c"
#include "gate/glance.c"
#include "gate/fan.c"
#include "gate/content.c"
#include "gate/ends.c"
#include "gate/fetch.c"
#include "gate/labels.c"
#include "gate/linger.c"
#include "gate/spool.c"
#define on_ready	proc_on_ready
#include "gate/coverage.c"
#include "gate/proc.c"
#include "gate/started.c"
#define let_go		late_let_go
#include "gate/late.c"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ALL	(~0ull)
#define FS	77
#define ACTOR	4100000		/* the number of no process of this host */

static struct gate gate;
static struct page *page;
static struct config config = { .deadline_ns = NS_PER_SEC };
static struct records r;
static int group[2];		/* a pipe: what is written here the kernel tells */
static const struct object srv = { FS, 1 }, sub = { FS, 2 }, gone = { FS, 3 }, deeper = { FS, 4 }, deepest = { FS, 5 }, file = { FS, 9 };

static struct fan_object
object(const struct object *o)
{
	return (struct fan_object){ .there = true, .fsid = o->fsid, .type = OBJECT_TYPE, .bytes = OBJECT_BYTES,
		.handle = (const uint8_t *)&o->id };
}

static void
learn_dir(const struct object *o, const char *path)
{
	struct fan_object of = object(o);

	dirs_learn(&gate, &of, path, strlen(path));
}

/* A file system whose descriptor opens no handle. */
static void
mount(uint64_t fsid, const char *path)
{
	struct msg_mounted m = { .fsid = fsid, .whole = true };

	snprintf(m.path, sizeof(m.path), "%s", path);
	dirs_mounted(&gate, &m, open("/", O_PATH | O_CLOEXEC));
}

static int
begin(void **state)
{
	static const struct policy_sources sources = { .judge = judge };
	static struct faults faults;
	int fd = policy_build_text(&sources, "test", "", 0, &faults);

	(void)state;
	memset(&gate, 0, sizeof(gate));
	r = (struct records){ 0 };
	gate.kinds = ALL;
	gate.proc = proc_open();
	if (fd < 0 || gate.proc < 0 || page_create(&page) || tree_new(&gate.tree, 7) || policy_open(fd, &gate.policy) || loop_init(&gate.loop) ||
	    pipe2(group, O_CLOEXEC | O_NONBLOCK))
		return -1;
	close(fd);
	gate.setup = (struct gate_setup){ .page = page, .config = &config, .started_group = -1,
		.proc_sock = -1, .record_sock = -1, .scan_sock = -1,
		.warden_sock = -1, .files_group = group[0] };
	tree_seed(gate.tree, &(struct tree_process){ .pid = 1, .start_ns = 1, .executable = "/sbin/init", .comm = "init" });
	tree_seed_done(gate.tree);
	tree_fork(gate.tree, 1, ACTOR, 2);
	tree_exec(gate.tree, ACTOR, "/usr/bin/tool", 13);
	tree_uid(gate.tree, ACTOR, 1000, 1001);
	tree_gid(gate.tree, ACTOR, 1002);
	mount(FS, "/");
	learn_dir(&srv, "/srv");
	learn_dir(&sub, "/srv/sub");
	return 0;
}

static int
end(void **state)
{
	(void)state;
	policy_close(gate.policy);
	tree_free(gate.tree);
	loop_done(&gate.loop);
	close(gate.proc);
	close(group[0]);
	close(group[1]);
	for (unsigned i = 0; i < FILES_MOUNTS; i++)
		if (gate.files.mount[i].fd)
			close(gate.files.mount[i].fd);
	return munmap(page, sizeof(*page));
}

/* All that was recorded is what the kernel has to tell. */
static void
tell_all(void)
{
	assert_int_equal(write(group[1], r.bytes, r.len), r.len);
	r.len = 0;
}

static void
made(uint64_t mask, struct object dir, const char *name, struct object self)
{
	record_begin(&r, mask, ACTOR);
	record_object(&r, INFO_OF_DFID_NAME, dir, name);
	if (self.id)
		record_object(&r, INFO_OF_FID, self, NULL);
}

/* A side without a name is not told. */
static void
renamed(struct object from, const char *old, struct object to, const char *new)
{
	record_begin(&r, FAN_RENAME, ACTOR);
	if (old)
		record_object(&r, INFO_OF_OLD, from, old);
	if (new)
		record_object(&r, INFO_OF_NEW, to, new);
}

static const char *
text(enum event_text which)
{
	static char out[3][8192];
	static unsigned n;
	size_t len;
	const char *s = event_text(&gate.report.event, which, &len);
	char *to = out[n++ % 3];

	snprintf(to, sizeof(out[0]), "%.*s", (int)len, s);
	return to;
}

/* The next event; NULL: it has no such path. */
static void
hear(enum event_kind kind, const char *path, const char *previous)
{
	const struct event *ev = &gate.report.event;
	static struct event copy;

	assert_true(files_next(&gate));
	assert_int_equal(ev->kind, kind);
	assert_int_equal(ev->sensor, SENSOR_FILES);
	assert_true(ev->flags & FLAG_NOTIFIED);
	assert_int_equal((ev->have & HAVE_FILE) != 0, path != NULL);
	assert_string_equal(text(TEXT_FILE_PATH), path ? path : "");
	assert_int_equal((ev->have & HAVE_FILE_PREVIOUS) != 0, previous != NULL);
	assert_string_equal(text(TEXT_FILE_PREVIOUS), previous ? previous : "");
	/* What was looked for and not found is absent, not unknown: nobody could fetch it. */
	assert_true((~ev->have & ev->tried & (HAVE_FILE | HAVE_ATTRIBUTES | HAVE_FILE_PREVIOUS)) ==
	    (~ev->have & (HAVE_FILE | HAVE_ATTRIBUTES | HAVE_FILE_PREVIOUS)));
	assert_int_equal(event_from_wire(&copy, ev, event_wire_size(ev)), 0);
}

static void
silence(void)
{
	assert_false(files_next(&gate));
	assert_int_equal(files_tend(&gate), -1);
}

static uint64_t
counter(enum counter c)
{
	return counter_get(page, c);
}

static void
each_act_is_an_event_with_its_path(void **state)
{
	(void)state;
	made(FAN_CREATE, srv, "a", file);
	made(FAN_ATTRIB, srv, "a", file);
	made(FAN_DELETE, sub, "b", file);
	made(FAN_ATTRIB | FAN_ONDIR, sub, ".", (struct object){ 0 });
	renamed(srv, "a", sub, "b");
	tell_all();
	hear(EVENT_CREATE, "/srv/a", NULL);
	hear(EVENT_CHMOD, "/srv/a", NULL);
	hear(EVENT_DELETE, "/srv/sub/b", NULL);
	hear(EVENT_CHMOD, "/srv/sub", NULL);
	hear(EVENT_RENAME, "/srv/sub/b", "/srv/a");
	silence();
	assert_int_equal(counter(COUNTER_FILE_EVENTS), 5);
	assert_int_equal(counter(COUNTER_FILES_UNPLACED), 0);
}

static void
what_one_record_says_of_several_acts_is_told_one_by_one(void **state)
{
	(void)state;
	made(FAN_CREATE | FAN_ATTRIB | FAN_DELETE, srv, "a", file);
	tell_all();
	hear(EVENT_CREATE, "/srv/a", NULL);
	hear(EVENT_CHMOD, "/srv/a", NULL);
	hear(EVENT_DELETE, "/srv/a", NULL);
	silence();
}

static void
what_nobody_asks_for_is_passed_over(void **state)
{
	(void)state;
	gate.kinds = 1ull << EVENT_DELETE;
	made(FAN_CREATE | FAN_ATTRIB, srv, "a", file);
	renamed(srv, "a", srv, "b");
	made(FAN_CREATE | FAN_DELETE, srv, "c", file);
	tell_all();
	hear(EVENT_DELETE, "/srv/c", NULL);
	silence();
}

static void
a_rename_has_the_sides_that_were_told(void **state)
{
	(void)state;
	renamed(srv, "a", sub, "b");
	renamed(srv, "gone", srv, NULL);
	renamed(srv, NULL, srv, "come");
	tell_all();
	hear(EVENT_RENAME, "/srv/sub/b", "/srv/a");
	hear(EVENT_RENAME, NULL, "/srv/gone");
	hear(EVENT_RENAME, "/srv/come", NULL);
	silence();
}

/* As Linux before 5.17 tells it. */
static void
two_halves_of_a_rename_are_one_when_they_stand_together(void **state)
{
	(void)state;
	made(FAN_MOVED_FROM, srv, "a", (struct object){ 0 });
	made(FAN_MOVED_TO, sub, "b", (struct object){ 0 });
	made(FAN_MOVED_FROM, srv, "away", (struct object){ 0 });
	made(FAN_CREATE, srv, "between", (struct object){ 0 });
	made(FAN_MOVED_TO, srv, "here", (struct object){ 0 });
	made(FAN_MOVED_FROM, srv, "by one", (struct object){ 0 });
	record_begin(&r, FAN_MOVED_TO, 1);
	record_object(&r, INFO_OF_DFID_NAME, sub, "by another");
	tell_all();
	hear(EVENT_RENAME, "/srv/sub/b", "/srv/a");
	hear(EVENT_RENAME, NULL, "/srv/away");
	hear(EVENT_CREATE, "/srv/between", NULL);
	hear(EVENT_RENAME, "/srv/here", NULL);
	hear(EVENT_RENAME, NULL, "/srv/by one");
	hear(EVENT_RENAME, "/srv/sub/by another", NULL);
	silence();
}

static void
the_number_of_links_changes_without_a_name(void **state)
{
	(void)state;
	record_begin(&r, FAN_ATTRIB, ACTOR);
	record_object(&r, INFO_OF_FID, file, NULL);
	made(FAN_DELETE, srv, "a", file);
	tell_all();
	hear(EVENT_DELETE, "/srv/a", NULL);
	silence();
}

static void
names_stay_as_they_were_chosen(void **state)
{
	(void)state;
	static const char *const names[] = { "new\nline", "\xff\xfe", "\x1b[31m", " (deleted)", "a\\b\"c", ".." };
	char path[64];

	for (size_t i = 0; i < COUNT(names); i++)
		made(FAN_CREATE, srv, names[i], file);
	tell_all();
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "/srv/%s", names[i]);
		hear(EVENT_CREATE, path, NULL);
	}
	silence();
}

static void
the_root_has_no_second_slash(void **state)
{
	(void)state;
	learn_dir(&gone, "/");
	made(FAN_CREATE, gone, "a", file);
	made(FAN_ATTRIB | FAN_ONDIR, gone, ".", (struct object){ 0 });
	tell_all();
	hear(EVENT_CREATE, "/a", NULL);
	hear(EVENT_CHMOD, "/", NULL);
}

static void
who_did_it_is_placed_in_the_tree(void **state)
{
	(void)state;
	const struct event *ev = &gate.report.event;

	made(FAN_CREATE, srv, "a", file);
	tell_all();
	hear(EVENT_CREATE, "/srv/a", NULL);
	assert_int_equal(ev->process.pid, ACTOR);
	assert_string_equal(text(TEXT_EXECUTABLE), "/usr/bin/tool");
	assert_string_equal(text(TEXT_PARENT_EXECUTABLE), "/sbin/init");
	assert_true(ev->have & HAVE_PROCESS);
}

static void
who_has_ended_is_known_by_what_the_tree_remembers(void **state)
{
	(void)state;
	struct event *ev = &gate.report.event;

	tree_exit(gate.tree, ACTOR);
	made(FAN_CREATE, srv, "a", file);
	record_pidfd(&r, -1);
	tell_all();
	hear(EVENT_CREATE, "/srv/a", NULL);
	assert_string_equal(text(TEXT_EXECUTABLE), "/usr/bin/tool");
	/* And nothing that /proc says of whoever has its number now. */
	assert_true((ev->tried & OF_PROC) == OF_PROC);
	fetch(&gate, NULL, HAVE_USER);
	assert_true(ev->have & HAVE_USER);
	assert_int_equal(ev->process.uid, 1001);
	assert_int_equal(ev->process.ruid, 1000);
	assert_int_equal(ev->process.gid, 1002);
}

static void
who_has_the_number_of_one_that_is_gone_is_not_blamed(void **state)
{
	(void)state;
	const struct event *ev = &gate.report.event;

	made(FAN_CREATE, srv, "a", file);
	record_pidfd(&r, -1);
	tell_all();
	hear(EVENT_CREATE, "/srv/a", NULL);
	assert_int_equal(ev->process.pid, 0);
	assert_false(ev->have & (HAVE_PROCESS | HAVE_PARENT | HAVE_ANCESTORS | HAVE_USER));
	assert_int_equal(ev->tried, HAVE_ALL);
}

static void
its_own_processes_are_left_out(void **state)
{
	(void)state;
	atomic_store(&page->process[ROOM_RECORD].pid, ACTOR);
	made(FAN_CREATE, srv, "a", file);
	tell_all();
	silence();
}

static void
descriptors_of_processes_are_closed(void **state)
{
	(void)state;
	int fds[3];

	for (int i = 0; i < 3; i++)
		assert_true((fds[i] = open("/", O_PATH | O_CLOEXEC)) >= 0);
	made(FAN_CREATE, srv, "a", file);
	record_pidfd(&r, fds[0]);
	made(FAN_CREATE, srv, "a/b", file);		/* broken */
	record_pidfd(&r, fds[1]);
	made(FAN_MOVED_FROM, srv, "a", (struct object){ 0 });
	made(FAN_MOVED_TO, srv, "b", (struct object){ 0 });
	record_pidfd(&r, fds[2]);
	tell_all();
	hear(EVENT_CREATE, "/srv/a", NULL);
	hear(EVENT_RENAME, "/srv/b", "/srv/a");
	for (int i = 0; i < 3; i++)
		assert_int_equal(fcntl(fds[i], F_GETFD), -1);
}

/* rm -r: the files go first, then the directory, and nobody can look where it was any more. */
static void
a_directory_that_is_gone_is_where_its_own_removal_says(void **state)
{
	(void)state;
	made(FAN_DELETE, deepest, "1", file);
	made(FAN_DELETE, deepest, "2", file);
	made(FAN_DELETE | FAN_ONDIR, deeper, "z", deepest);
	made(FAN_DELETE | FAN_ONDIR, gone, "y", deeper);
	made(FAN_DELETE | FAN_ONDIR, srv, "x", gone);
	tell_all();
	hear(EVENT_DELETE, "/srv/x/y/z/1", NULL);
	hear(EVENT_DELETE, "/srv/x/y/z/2", NULL);
	hear(EVENT_DELETE, "/srv/x/y/z", NULL);
	hear(EVENT_DELETE, "/srv/x/y", NULL);
	hear(EVENT_DELETE, "/srv/x", NULL);
	assert_int_equal(counter(COUNTER_FILES_UNPLACED), 0);
}

static void
its_removal_may_not_have_been_read_yet(void **state)
{
	(void)state;
	made(FAN_DELETE, gone, "1", file);
	tell_all();
	assert_true(files_read(&gate));
	made(FAN_DELETE | FAN_ONDIR, srv, "x", gone);
	tell_all();
	hear(EVENT_DELETE, "/srv/x/1", NULL);
	hear(EVENT_DELETE, "/srv/x", NULL);
	silence();
}

static void
a_directory_is_remembered_from_its_making(void **state)
{
	(void)state;
	made(FAN_CREATE | FAN_ONDIR, srv, "x", gone);
	made(FAN_CREATE | FAN_ONDIR, gone, "y", deeper);
	made(FAN_CREATE, deeper, "f", file);
	record_begin(&r, FAN_RENAME | FAN_ONDIR, ACTOR);
	record_object(&r, INFO_OF_OLD, gone, "y");
	record_object(&r, INFO_OF_NEW, srv, "moved");
	record_object(&r, INFO_OF_FID, deeper, NULL);
	made(FAN_CREATE, deeper, "g", file);
	tell_all();
	hear(EVENT_CREATE, "/srv/x", NULL);
	hear(EVENT_CREATE, "/srv/x/y", NULL);
	hear(EVENT_CREATE, "/srv/x/y/f", NULL);
	hear(EVENT_RENAME, "/srv/moved", "/srv/x/y");
	hear(EVENT_CREATE, "/srv/moved/g", NULL);
}

static void
what_has_no_place_is_told_without_and_counted(void **state)
{
	(void)state;
	const struct object elsewhere = { FS + 1, 1 };

	made(FAN_DELETE, gone, "a", file);
	made(FAN_DELETE, elsewhere, "a", elsewhere);
	renamed(gone, "a", gone, "b");
	tell_all();
	hear(EVENT_DELETE, NULL, NULL);
	hear(EVENT_DELETE, NULL, NULL);
	hear(EVENT_RENAME, NULL, NULL);
	assert_int_equal(counter(COUNTER_FILES_UNPLACED), 3);
	assert_string_equal(text(TEXT_EXECUTABLE), "/usr/bin/tool");
}

/* No kernel says so; whoever could would have us turn round for ever. */
static void
directories_that_lie_in_each_other_have_no_place(void **state)
{
	(void)state;
	made(FAN_DELETE, gone, "a", file);
	made(FAN_DELETE | FAN_ONDIR, deeper, "x", gone);
	made(FAN_DELETE | FAN_ONDIR, gone, "y", deeper);
	made(FAN_DELETE | FAN_ONDIR, deepest, "z", deepest);
	tell_all();
	for (int i = 0; i < 4; i++)
		hear(EVENT_DELETE, NULL, NULL);
	silence();
}

static void
an_overflow_is_counted(void **state)
{
	(void)state;
	record_begin(&r, FAN_Q_OVERFLOW, 0);
	record_begin(&r, FAN_Q_OVERFLOW, 0);
	made(FAN_CREATE, srv, "a", file);
	tell_all();
	hear(EVENT_CREATE, "/srv/a", NULL);
	assert_int_equal(counter(COUNTER_FILES_LOST), 2);
	assert_int_equal(files_tend(&gate), -1);
}

static void
a_record_that_makes_no_sense_is_a_loss_and_the_next_is_read(void **state)
{
	(void)state;
	made(FAN_CREATE, srv, "a/b", file);
	made(FAN_CREATE, srv, "c", file);
	tell_all();
	hear(EVENT_CREATE, "/srv/c", NULL);
	assert_int_equal(counter(COUNTER_FILES_LOST), 1);
	made(FAN_CREATE, srv, "d", file);
	r.len -= 5;				/* a length beyond the end */
	tell_all();
	assert_false(files_next(&gate));
	assert_int_equal(counter(COUNTER_FILES_LOST), 2);
}

/* More than one turn takes: the loop does not sleep on it. */
static void
what_was_read_and_not_told_keeps_the_gate_awake(void **state)
{
	(void)state;
	made(FAN_CREATE, srv, "a", file);
	made(FAN_CREATE | FAN_DELETE, srv, "b", file);
	tell_all();
	hear(EVENT_CREATE, "/srv/a", NULL);
	assert_int_equal(files_tend(&gate), 0);
	hear(EVENT_CREATE, "/srv/b", NULL);
	assert_int_equal(files_tend(&gate), 0);
	hear(EVENT_DELETE, "/srv/b", NULL);
	assert_int_equal(files_tend(&gate), -1);
}

static unsigned heard;

static void
mount_it(struct gate *g)
{
	const struct object other = { FS + 1, 1 };

	(void)g;
	heard++;
	mount(FS + 1, "/mnt");
	learn_dir(&other, "/mnt");
}

static void
the_warden_is_heard_before_a_file_system_is_called_unknown(void **state)
{
	(void)state;
	const struct object other = { FS + 1, 1 };

	heard = 0;
	gate.files.hear = mount_it;
	made(FAN_CREATE, srv, "a", file);
	made(FAN_CREATE, other, "b", other);
	made(FAN_CREATE, other, "c", other);
	tell_all();
	hear(EVENT_CREATE, "/srv/a", NULL);
	assert_int_equal(heard, 0);
	hear(EVENT_CREATE, "/mnt/b", NULL);
	hear(EVENT_CREATE, "/mnt/c", NULL);
	assert_int_equal(heard, 1);
}

static void
file_systems_come_go_and_are_replaced(void **state)
{
	(void)state;
	int first = dirs_mount(&gate, FS)->fd;

	mount(FS, "/elsewhere");
	assert_int_equal(fcntl(first, F_GETFD), -1);
	assert_string_equal(dirs_mount(&gate, FS)->path, "/elsewhere");
	int second = dirs_mount(&gate, FS)->fd;
	dirs_unmounted(&gate, &(struct msg_unmounted){ .fsid = FS + 1 });
	assert_non_null(dirs_mount(&gate, FS));
	dirs_unmounted(&gate, &(struct msg_unmounted){ .fsid = FS });
	assert_null(dirs_mount(&gate, FS));
	assert_int_equal(fcntl(second, F_GETFD), -1);
	for (uint64_t i = 0; i < FILES_MOUNTS; i++)
		mount(1000 + i, "/m");
	int next = open("/", O_PATH | O_CLOEXEC);
	dirs_mounted(&gate, &(struct msg_mounted){ .fsid = 5000 }, next);
	assert_null(dirs_mount(&gate, 5000));
	assert_int_equal(fcntl(next, F_GETFD), -1);
	assert_non_null(dirs_mount(&gate, 1000));
}

/* A path without an end, from whoever sent it. */
static void
a_mount_point_of_any_length_ends(void **state)
{
	(void)state;
	struct msg_mounted m = { .fsid = 1 };

	memset(m.path, 'p', sizeof(m.path));
	dirs_mounted(&gate, &m, open("/", O_PATH | O_CLOEXEC));
	assert_int_equal(strlen(dirs_mount(&gate, 1)->path), sizeof(m.path) - 1);
}

/* Of files whose entries are told of, it is passed on what they are by now, with who did it; here there is none any more. */
static void
changes_of_accounts_are_passed_on(void **state)
{
	_Alignas(8) static char buffer[WIRE_MAX];
	static struct event ev;
	struct wire_msg m;
	struct object etc = { FS, 11 };
	int pair[2];
	size_t len;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	gate.setup.opener_sock = pair[0];
	gate.kinds = 1ull << EVENT_ACCOUNT;
	learn_dir(&etc, "/etc");
	made(FAN_CREATE, etc, "passwd.lock", file);
	made(FAN_CLOSE_WRITE, etc, "crontab", file);
	made(FAN_DELETE, etc, "shadow", file);
	renamed(etc, "passwd+", etc, "passwd");
	tell_all();
	silence();
	const char *const paths[] = { "/etc/shadow", "/etc/passwd" };
	for (unsigned i = 0; i < COUNT(paths); i++) {
		assert_int_equal(wire_recv(pair[1], ROOM_GATE, ROOM_WARDEN, buffer, sizeof(buffer), &m), 0);
		assert_int_equal(m.type, MSG_FACT_ENDED);
		assert_int_equal(event_from_wire(&ev, m.payload, m.len), 0);
		assert_int_equal(ev.kind, EVENT_ACCOUNT);
		assert_int_equal(ev.process.pid, ACTOR);
		const char *path = event_text(&ev, TEXT_FILE_PATH, &len);
		assert_true(len == strlen(paths[i]) && memcmp(path, paths[i], len) == 0);
	}
	assert_int_equal(wire_recv(pair[1], ROOM_GATE, ROOM_WARDEN, buffer, sizeof(buffer), &m), -EAGAIN);
	assert_int_equal(atomic_load(&page->gate.facts_again), 0);
	/* A directory of parts of units that comes is looked into; and so is everything when it cannot be passed on. */
	gate.kinds = FACT_KINDS;
	learn_dir(&sub, "/etc/systemd/system");
	made(FAN_CREATE | FAN_ONDIR, sub, "x.service.d", file);
	tell_all();
	silence();
	assert_int_equal(atomic_load(&page->gate.facts_again), 1);
	close(pair[1]);
	made(FAN_DELETE, etc, "shadow", file);
	tell_all();
	silence();
	assert_int_equal(atomic_load(&page->gate.facts_again), 2);
	assert_int_equal(counter(COUNTER_FACTS_MISSED), 1);
	close(pair[0]);
}

static void
without_a_group_there_is_silence(void **state)
{
	(void)state;
	gate.setup.files_group = -1;
	assert_int_equal(files_start(&gate), 0);
	silence();
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(each_act_is_an_event_with_its_path),
		TEST(what_one_record_says_of_several_acts_is_told_one_by_one),
		TEST(what_nobody_asks_for_is_passed_over),
		TEST(a_rename_has_the_sides_that_were_told),
		TEST(two_halves_of_a_rename_are_one_when_they_stand_together),
		TEST(the_number_of_links_changes_without_a_name),
		TEST(names_stay_as_they_were_chosen),
		TEST(the_root_has_no_second_slash),
		TEST(who_did_it_is_placed_in_the_tree),
		TEST(who_has_ended_is_known_by_what_the_tree_remembers),
		TEST(who_has_the_number_of_one_that_is_gone_is_not_blamed),
		TEST(its_own_processes_are_left_out),
		TEST(descriptors_of_processes_are_closed),
		TEST(a_directory_that_is_gone_is_where_its_own_removal_says),
		TEST(its_removal_may_not_have_been_read_yet),
		TEST(a_directory_is_remembered_from_its_making),
		TEST(what_has_no_place_is_told_without_and_counted),
		TEST(directories_that_lie_in_each_other_have_no_place),
		TEST(an_overflow_is_counted),
		TEST(a_record_that_makes_no_sense_is_a_loss_and_the_next_is_read),
		TEST(what_was_read_and_not_told_keeps_the_gate_awake),
		TEST(the_warden_is_heard_before_a_file_system_is_called_unknown),
		TEST(file_systems_come_go_and_are_replaced),
		TEST(a_mount_point_of_any_length_ends),
		TEST(changes_of_accounts_are_passed_on),
		TEST(without_a_group_there_is_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
