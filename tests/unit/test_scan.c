#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/sandbox.h"
/* Scan is a process, not a library: it is taken in whole and run in a child. */
#include "scan/scan.c"

#define HUGE	(1ull << 40)

/* All that scan may ask of the kernel. */
static const int calls[] = {
	SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(pread64), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
	SCMP_SYS(close), SCMP_SYS(write), SCMP_SYS(exit_group), SANDBOX_END
};

struct bench {
	int		 sock;
	pid_t		 pid;
	struct page	*page;
};

static int
start_scan(void **state)
{
	static struct bench b;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) || page_create(&b.page))
		return -1;
	b.pid = fork();
	if (b.pid == 0) {
		const int keep[] = { pair[1], -1 };
		const struct sandbox s = { .syscalls = calls, .keep = keep, .die_with_parent = true };
		const struct scan_setup setup = { .gate_sock = pair[1], .page = b.page };
		_exit(sandbox_enter(&s) ? 99 : scan_main(&setup));
	}
	close(pair[1]);
	b.sock = pair[0];
	*state = &b;
	return b.pid < 0 ? -1 : 0;
}

static int
exit_status(struct bench *b)
{
	int status;

	if (waitpid(b->pid, &status, 0) != b->pid)
		return -1;
	b->pid = -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Scan must still be there, and end when nobody is left to work for. */
static int
end_scan(void **state)
{
	struct bench *b = *state;
	int bad = 0;

	close(b->sock);
	if (b->pid > 0)
		bad = exit_status(b);
	munmap(b->page, sizeof(*b->page));
	return bad;
}

static int
ask_for(struct bench *b, const struct msg_scan *m, int fd)
{
	return wire_send(b->sock, MSG_SCAN, m, sizeof(*m), fd);
}

static int
ask(struct bench *b, uint64_t ticket, int fd)
{
	return ask_for(b, &(struct msg_scan){ .ticket = ticket }, fd);
}

static void
wait_for(struct bench *b, short events)
{
	struct pollfd p = { .fd = b->sock, .events = events };

	assert_int_equal(poll(&p, 1, 30000), 1);
	assert_int_equal(p.revents & events, events);
}

static struct msg_scanned
answer(struct bench *b)
{
	static _Alignas(8) char buf[WIRE_MAX];
	struct msg_scanned out = { 0 };
	struct wire_msg m;

	wait_for(b, POLLIN);
	assert_int_equal(wire_recv(b->sock, ROOM_SCAN, ROOM_GATE, buf, sizeof(buf), &m), 0);
	assert_int_equal(m.type, MSG_SCANNED);
	assert_int_equal(m.len, ((const struct msg_scanned *)m.payload)->has_content ? sizeof(out) : MSG_SCANNED_MIN);
	memcpy(&out, m.payload, m.len);
	return out;
}

static struct msg_scanned
scan_fd(struct bench *b, int fd)
{
	static uint64_t ticket = 1000;

	assert_int_equal(ask(b, ++ticket, fd), 0);
	struct msg_scanned s = answer(b);
	assert_true(s.ticket == ticket);
	return s;
}

/* A file without a name. */
static int
file_of(const void *bytes, size_t len)
{
	char path[] = "/tmp/test_scan.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(write(fd, bytes, len), len);
	return fd;
}

static int
sparse_file(uint64_t size)
{
	int fd = memfd_create("sparse", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static void
assert_hash(const struct msg_scanned *s, const void *bytes, size_t len)
{
	uint8_t want[32];

	crypto_hash_sha256(want, bytes, len);
	assert_int_equal(s->error, 0);
	assert_int_equal(s->changed, 0);
	assert_true(s->file.size == len);
	assert_memory_equal(s->file.sha256, want, 32);
}

static void
files_of_any_size_are_hashed(void **state)
{
	struct bench *b = *state;
	static const size_t sizes[] = { 0, 1, 3, 55, 64, 4096, SLICE - 1, SLICE, SLICE + 1, 3 * SLICE + 17 };
	uint8_t *bytes = malloc(4 * SLICE);
	size_t all = 0;

	for (size_t i = 0; i < 4 * SLICE; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int fd = file_of(bytes, sizes[i]);
		struct msg_scanned s = scan_fd(b, fd);
		assert_hash(&s, bytes, sizes[i]);
		assert_int_equal(s.type, FILE_OTHER);
		assert_int_equal(s.interpreter_len, 0);
		all += sizes[i];
		close(fd);
	}
	assert_true(counter_get(b->page, COUNTER_SCANNED) == sizeof(sizes) / sizeof(sizes[0]));
	assert_true(counter_get(b->page, COUNTER_SCANNED_BYTES) == all);
	assert_true(counter_get(b->page, COUNTER_SCAN_FAILED) == 0);
	free(bytes);
}

static void
the_identity_is_that_of_the_file(void **state)
{
	struct bench *b = *state;
	struct stat st;
	int fd = file_of("x", 1);

	assert_int_equal(fchmod(fd, 04755), 0);
	struct msg_scanned s = scan_fd(b, fd);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(s.file.dev == st.st_dev && s.file.ino == st.st_ino && s.file.size == 1);
	assert_true(s.file.ctime_ns == (uint64_t)st.st_ctim.tv_sec * NS_PER_SEC + (uint64_t)st.st_ctim.tv_nsec);
	assert_true(s.file.mtime_ns == (uint64_t)st.st_mtim.tv_sec * NS_PER_SEC + (uint64_t)st.st_mtim.tv_nsec);
	assert_true(s.file.uid == st.st_uid && s.file.gid == st.st_gid && s.file.mode == st.st_mode);
	assert_int_equal(s.file.links, 0);
	close(fd);
}

static void
what_is_not_a_regular_file_is_refused(void **state)
{
	struct bench *b = *state;
	int pair[2], pipes[2];

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	const int fds[] = { pipes[0], pair[0], open("/dev/zero", O_RDONLY | O_CLOEXEC), open("/", O_RDONLY | O_CLOEXEC) };
	for (int i = 0; i < 4; i++) {
		assert_true(fds[i] >= 0);
		struct msg_scanned s = scan_fd(b, fds[i]);
		assert_int_equal(s.error, EINVAL);
		close(fds[i]);
	}
	close(pipes[1]);
	close(pair[1]);
	assert_true(counter_get(b->page, COUNTER_SCAN_FAILED) == 4);
}

static void
what_cannot_be_read_is_an_error(void **state)
{
	struct bench *b = *state;
	char path[] = "/tmp/test_scan.XXXXXX";
	int made = mkostemp(path, O_CLOEXEC), fd = open(path, O_WRONLY | O_CLOEXEC);

	unlink(path);
	struct msg_scanned s = scan_fd(b, fd);
	assert_int_equal(s.error, EBADF);
	close(fd);
	close(made);
}

static void
the_position_of_the_file_stays_where_it_is(void **state)
{
	struct bench *b = *state;
	int fd = file_of("0123456789", 10);

	assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
	struct msg_scanned s = scan_fd(b, fd);
	assert_hash(&s, "0123456789", 10);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 5);
	close(fd);
}

static void
a_program_names_its_loader(void **state)
{
	struct bench *b = *state;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct msg_scanned s = scan_fd(b, fd);

	assert_int_equal(s.error, 0);
	assert_int_equal(s.type, FILE_ELF);
	assert_int_equal(s.static_elf, 0);
	assert_true(s.interpreter_len > 5);
	assert_int_equal(s.interpreter[0], '/');
	close(fd);
	/* The loader itself has none. */
	char path[256] = { 0 };
	memcpy(path, s.interpreter, s.interpreter_len);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	s = scan_fd(b, fd);
	assert_int_equal(s.type, FILE_ELF);
	assert_int_equal(s.static_elf, 1);
	assert_int_equal(s.interpreter_len, 0);
	close(fd);
}

static void
a_script_names_its_interpreter(void **state)
{
	struct bench *b = *state;
	char longest[400];
	static const struct { const char *text, *interpreter; } rows[] = {
		{ "#!/bin/sh\necho\n", "/bin/sh" }, { "#! \t/usr/bin/env python3\n", "/usr/bin/env" }, { "#!/bin/sh", "/bin/sh" },
		{ "#!/bin/sh\t-e", "/bin/sh" }, { "#!", "" }, { "#!\n/bin/sh", "" }, { "#!relative\n", "relative" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = file_of(rows[i].text, strlen(rows[i].text));
		struct msg_scanned s = scan_fd(b, fd);
		assert_int_equal(s.type, FILE_SCRIPT);
		assert_int_equal(s.interpreter_len, strlen(rows[i].interpreter));
		assert_memory_equal(s.interpreter, rows[i].interpreter, s.interpreter_len);
		close(fd);
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "#!", 2);
	int fd = file_of(longest, sizeof(longest));
	struct msg_scanned s = scan_fd(b, fd);
	assert_int_equal(s.interpreter_len, 254);
	close(fd);
	fd = file_of(" #!/bin/sh", 10);
	s = scan_fd(b, fd);
	assert_int_equal(s.type, FILE_OTHER);
	close(fd);
}

static struct msg_scanned
scan_all(struct bench *b, const void *bytes, size_t len)
{
	int fd = file_of(bytes, len);

	assert_int_equal(ask_for(b, &(struct msg_scan){ .ticket = 7, .content = 1 }, fd), 0);
	struct msg_scanned s = answer(b);
	close(fd);
	assert_hash(&s, bytes, len);
	assert_int_equal(s.has_content, 1);
	assert_true(content_sound(&s.content));
	return s;
}

static void
more_of_the_content_is_told_where_it_is_asked_for(void **state)
{
	struct bench *b = *state;
	/* RFC 1321, A.5 and RFC 3174, 7.3 */
	static const uint8_t md5[16] = { 0xc3, 0xfc, 0xd3, 0xd7, 0x61, 0x92, 0xe4, 0x00, 0x7d, 0xfb, 0x49, 0x6c, 0xca, 0x67, 0xe1, 0x3b };
	static const uint8_t sha1[20] = { 0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c,
		0x9c, 0xd0, 0xd8, 0x9d };
	uint8_t *bytes = malloc(3 * SLICE);

	struct msg_scanned s = scan_all(b, "abcdefghijklmnopqrstuvwxyz", 26);
	assert_memory_equal(s.content.md5, md5, sizeof(md5));
	assert_int_equal(s.content.entropy, 4700);	/* log2(26) */
	assert_int_equal(s.content.header_len, 16);
	assert_memory_equal(s.content.header, "abcdefghijklmnop", 16);
	assert_int_equal(s.content.tlsh_len, 0);
	assert_int_equal(s.content.libraries_len, 0);
	s = scan_all(b, "abc", 3);
	assert_memory_equal(s.content.sha1, sha1, sizeof(sha1));
	assert_int_equal(s.content.header_len, 3);
	s = scan_all(b, "", 0);
	assert_int_equal(s.content.header_len, 0);
	assert_int_equal(s.content.entropy, 0);
	for (size_t i = 0; i < 3 * SLICE; i++)
		bytes[i] = (uint8_t)i;
	s = scan_all(b, bytes, 3 * SLICE);
	assert_int_equal(s.content.entropy, 8000);
	for (size_t i = 0; i < 3 * SLICE; i++)
		bytes[i] = (uint8_t)(i % 4 * 64);
	assert_int_equal(scan_all(b, bytes, 3 * SLICE).content.entropy, 2000);
	memset(bytes, 9, 3 * SLICE);
	assert_int_equal(scan_all(b, bytes, 3 * SLICE).content.entropy, 0);
	free(bytes);
	int fd = file_of("x", 1);
	s = scan_fd(b, fd);
	assert_int_equal(s.has_content, 0);
	close(fd);
}

static void
what_could_not_be_run_is_not_read_where_only_programs_are_asked_for(void **state)
{
	struct bench *b = *state;
	static const struct { const char *text; int error; } rows[] = {
		{ "#!/bin/sh\n", 0 }, { "#", ENOEXEC }, { "", ENOEXEC }, { "text", ENOEXEC }, { "\177ELF", 0 }, { "\177EL", ENOEXEC } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = file_of(rows[i].text, strlen(rows[i].text));
		assert_int_equal(ask_for(b, &(struct msg_scan){ .ticket = i, .program = 1 }, fd), 0);
		assert_int_equal(answer(b).error, rows[i].error);
		close(fd);
	}
	assert_true(counter_get(b->page, COUNTER_SCANNED) == 2);
	assert_true(counter_get(b->page, COUNTER_SCAN_FAILED) == 0);
}

static void
a_program_is_known_in_all_details(void **state)
{
	struct bench *b = *state;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_int_equal(ask_for(b, &(struct msg_scan){ .ticket = 1, .content = 1 }, fd), 0);
	struct msg_scanned s = answer(b);
	assert_int_equal(s.error, 0);
	assert_true(content_sound(&s.content));
	assert_non_null(memmem(s.content.libraries, s.content.libraries_len, "libc.so.", 8));
	assert_int_equal(s.content.elf, 0);
	assert_int_equal(s.content.build_id_len, 20);
	assert_memory_equal(s.content.header, "\177ELF", 4);
	assert_int_equal(s.content.tlsh_len, CONTENT_TLSH);
	assert_in_range(s.content.entropy, 3000, 7500);
	close(fd);
}

/* Both at once: the big one must be under way for as long as the test looks at it. */
static void
a_file_that_is_truncated_while_it_is_read_has_changed(void **state)
{
	struct bench *b = *state;
	int fd = sparse_file(HUGE);

	assert_int_equal(ask(b, 1, fd), 0);
	while (counter_get(b->page, COUNTER_SCANNED_BYTES) == 0)
		sched_yield();
	assert_int_equal(ftruncate(fd, 4096), 0);
	struct msg_scanned s = answer(b);
	assert_int_equal(s.error, 0);
	assert_int_equal(s.changed, 1);
	assert_true(s.file.size == 4096);
	close(fd);
}

static void
a_file_that_grows_while_it_is_read_has_changed_and_is_not_followed(void **state)
{
	struct bench *b = *state;
	int fd = sparse_file(512ull << 20);

	assert_int_equal(ask(b, 1, fd), 0);
	while (counter_get(b->page, COUNTER_SCANNED_BYTES) == 0)
		sched_yield();
	assert_int_equal(ftruncate(fd, (off_t)HUGE), 0);
	struct msg_scanned s = answer(b);
	assert_int_equal(s.error, 0);
	assert_int_equal(s.changed, 1);
	assert_true(counter_get(b->page, COUNTER_SCANNED_BYTES) == 512ull << 20);
	close(fd);
}

static void
a_small_file_does_not_wait_for_a_big_one(void **state)
{
	struct bench *b = *state;
	int big = sparse_file(HUGE), small = file_of("small", 5);

	assert_int_equal(ask(b, 1, big), 0);
	for (uint64_t ticket = 2; ticket < 100; ticket++) {
		assert_int_equal(ask(b, ticket, small), 0);
		struct msg_scanned s = answer(b);
		assert_true(s.ticket == ticket);
		assert_hash(&s, "small", 5);
	}
	assert_true(counter_get(b->page, COUNTER_SCANNED_BYTES) < HUGE);
	close(big);
	close(small);
}

static void
huge_files_in_all_places_do_not_shut_out_others(void **state)
{
	struct bench *b = *state;
	int big = sparse_file(HUGE), small = file_of("small", 5);
	unsigned given_up = 0;
	struct msg_scanned s;

	for (uint64_t ticket = 0; ticket < JOBS; ticket++)
		assert_int_equal(ask(b, ticket, big), 0);
	assert_int_equal(ask(b, 500, small), 0);
	do {
		s = answer(b);
		given_up += s.error == EFBIG;
	} while (s.ticket != 500);
	assert_hash(&s, "small", 5);
	assert_in_range(given_up, 1, 2);
	close(big);
	close(small);
}

static void
more_questions_than_places_are_all_answered_once(void **state)
{
	struct bench *b = *state;
	int fd = file_of("small", 5);
	static bool seen[2000];
	uint64_t asked = 0, answered = 0;

	while (answered < 2000) {
		/* As many as go in without taking an answer out: at times both sockets are full. */
		while (asked < 2000 && ask(b, asked, fd) == 0)
			asked++;
		for (int i = 0; i < 50 && answered < asked; i++, answered++) {
			struct msg_scanned s = answer(b);
			assert_true(s.ticket < 2000);
			assert_false(seen[s.ticket]);
			seen[s.ticket] = true;
			assert_hash(&s, "small", 5);
		}
	}
	assert_true(counter_get(b->page, COUNTER_SCANNED) == 2000);
	close(fd);
}

static void
descriptors_are_given_back(void **state)
{
	struct bench *b = *state;
	struct rlimit few = { 16, 16 };

	assert_int_equal(prlimit(b->pid, RLIMIT_NOFILE, &few, NULL), 0);
	for (int i = 0; i < 100; i++) {
		int fd = file_of("x", (size_t)(i % 2));
		assert_int_equal(scan_fd(b, fd).error, 0);
		close(fd);
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_int_equal(scan_fd(b, fd).error, EINVAL);
		close(fd);
	}
}

static void
a_message_that_the_gate_cannot_have_sent_ends_it(void **state)
{
	struct bench *b = *state;

	assert_int_equal(send(b->sock, "nonsense", 8, 0), 8);
	assert_int_equal(exit_status(b), 1);
}

static void
it_ends_with_its_work_when_the_gate_is_gone(void **state)
{
	struct bench *b = *state;
	int fd = sparse_file(HUGE);

	assert_int_equal(ask(b, 1, fd), 0);
	assert_int_equal(shutdown(b->sock, SHUT_RDWR), 0);
	assert_int_equal(exit_status(b), 0);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_scan, end_scan)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_of_any_size_are_hashed),
		TEST(the_identity_is_that_of_the_file),
		TEST(what_is_not_a_regular_file_is_refused),
		TEST(what_cannot_be_read_is_an_error),
		TEST(the_position_of_the_file_stays_where_it_is),
		TEST(a_program_names_its_loader),
		TEST(a_script_names_its_interpreter),
		TEST(more_of_the_content_is_told_where_it_is_asked_for),
		TEST(what_could_not_be_run_is_not_read_where_only_programs_are_asked_for),
		TEST(a_program_is_known_in_all_details),
		TEST(a_file_that_is_truncated_while_it_is_read_has_changed),
		TEST(a_file_that_grows_while_it_is_read_has_changed_and_is_not_followed),
		TEST(a_small_file_does_not_wait_for_a_big_one),
		TEST(huge_files_in_all_places_do_not_shut_out_others),
		TEST(more_questions_than_places_are_all_answered_once),
		TEST(descriptors_are_given_back),
		TEST(a_message_that_the_gate_cannot_have_sent_ends_it),
		TEST(it_ends_with_its_work_when_the_gate_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
