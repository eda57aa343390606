/* What a host has: files by name, people, processes. */
#include <fcntl.h>
#include <nettle/sha2.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/host.h"

static struct host host;

static void
collect(const char *const *names, size_t n, struct host_ask ask)
{
	ask.names = names;
	ask.n_names = n;
	assert_int_equal(host_collect(&host, &ask), 0);
}

static void
files_keep_the_places_in_which_they_were_asked_for(void **state)
{
	(void)state;
	static const char *const names[] = { "/bin/sh", NULL, "/no/such/file", "/bin/sh", "/proc", "/etc/passwd" };
	char real[4096];
	struct stat st;

	collect(names, 6, (struct host_ask){ 0 });
	assert_non_null(realpath("/bin/sh", real));
	assert_int_equal(stat(real, &st), 0);
	for (size_t i = 0; i < 4; i += 3) {
		const struct host_file *f = &host.file[i];
		assert_string_equal(f->path, real);
		assert_true(f->dev == st.st_dev && f->ino == st.st_ino && f->size == (uint64_t)st.st_size && f->mode == st.st_mode &&
		    f->uid == st.st_uid && f->gid == st.st_gid && f->links == st.st_nlink);
		assert_true(f->ctime_ns == (uint64_t)st.st_ctim.tv_sec * 1000000000 + (uint64_t)st.st_ctim.tv_nsec);
		assert_true(f->gated);
		assert_false(f->hashed);
		assert_true(strlen(f->filesystem) > 0);
	}
	assert_string_equal(host.file[1].path, "");
	assert_string_equal(host.file[2].path, "");
	assert_string_equal(host.file[4].path, "");	/* a directory is no program */
	assert_string_equal(host.file[5].path, "/etc/passwd");
	host_done(&host);
	assert_null(host.file);
}

static void
hashes_are_those_of_the_content(void **state)
{
	(void)state;
	static const char *const names[] = { "/bin/sh", "/bin/sh", "/etc/passwd" };
	uint8_t want[32], block[65536];
	struct sha256_ctx ctx;
	FILE *in = fopen("/bin/sh", "re");
	size_t n;

	assert_non_null(in);
	sha256_init(&ctx);
	while ((n = fread(block, 1, sizeof(block), in)) > 0)
		sha256_update(&ctx, n, block);
	fclose(in);
	sha256_digest(&ctx, sizeof(want), want);
	collect(names, 3, (struct host_ask){ .hashes = true });
	for (size_t i = 0; i < 2; i++) {
		assert_true(host.file[i].hashed);
		assert_memory_equal(host.file[i].sha256, want, sizeof(want));
	}
	assert_false(host.file[2].hashed);	/* no program */
	host_done(&host);
}

static void
only_file_systems_that_are_asked_about_are_gated(void **state)
{
	(void)state;
	static const char mounts[][HOST_PATH] = { "/proc", "/no/such/mount" };
	static const char *const names[] = { "/etc/passwd", "/proc/version" };

	collect(names, 2, (struct host_ask){ .filesystems = mounts, .n_filesystems = 2 });
	assert_false(host.file[0].gated);
	assert_true(host.file[1].gated);
	host_done(&host);
	/* None at all. */
	collect(names, 2, (struct host_ask){ .filesystems = mounts });
	assert_false(host.file[1].gated);
	host_done(&host);
}

static void
root_is_among_the_people(void **state)
{
	(void)state;
	bool root = false;

	collect(NULL, 0, (struct host_ask){ 0 });
	for (size_t i = 0; i < host.n_people; i++) {
		root = root || host.person[i].uid == 0;
		assert_true(host.person[i].shell < host.n_files);
		assert_true(host.file[host.person[i].shell].path[0] == '/');
	}
	assert_true(root);
	for (size_t i = 0; i < host.n_shells; i++) {
		assert_true(host.shell[i] < host.n_files);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(host.shell[i], host.shell[k]);
	}
	host_done(&host);
}

/* A child that runs another program, one that runs what we run, and we ourselves. */
static void
processes_are_told_with_program_parent_and_arguments(void **state)
{
	(void)state;
	int pipe_end[2];
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	pid_t forked = fork();
	if (forked == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	assert_int_equal(pipe2(pipe_end, O_CLOEXEC), 0);
	pid_t started = fork();
	if (started == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/bin/sleep", "sleep", "600", (char *)NULL);
		_exit(1);
	}
	/* The write end closes itself on execve. */
	close(pipe_end[1]);
	char c;
	assert_int_equal(read(pipe_end[0], &c, 1), 0);
	close(pipe_end[0]);
	collect(NULL, 0, (struct host_ask){ 0 });
	const struct host_process *own = host_find(&host, getpid()), *child = host_find(&host, forked), *other = host_find(&host, started);
	assert_non_null(own);
	assert_non_null(child);
	assert_non_null(other);
	assert_string_equal(host.file[own->file].path, self);
	assert_int_equal(own->ppid, getppid());
	assert_int_equal(own->uid, geteuid());
	assert_int_equal(child->ppid, getpid());
	assert_true(child->forked);
	assert_int_equal(other->ppid, getpid());
	assert_false(other->forked);
	assert_int_equal(other->args_len, sizeof("sleep\000600"));
	assert_memory_equal(host.texts + other->args, "sleep\000600", sizeof("sleep\000600"));
	assert_null(host_find(&host, 0));
	host_done(&host);
	kill(forked, SIGKILL);
	kill(started, SIGKILL);
	waitpid(forked, NULL, 0);
	waitpid(started, NULL, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_keep_the_places_in_which_they_were_asked_for),
		cmocka_unit_test(hashes_are_those_of_the_content),
		cmocka_unit_test(only_file_systems_that_are_asked_about_are_gated),
		cmocka_unit_test(root_is_among_the_people),
		cmocka_unit_test(processes_are_told_with_program_parent_and_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
