/* What would lock the admins of a host out is told, and nothing else. The hosts are made up. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "compile.h"
#include "judge/guard.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A server as there are many: its programs by the names that guard.c asks for. */
static const char *const installed[] = {
	"/usr/lib/systemd/systemd", "/usr/lib/systemd/systemd-executor", "/usr/bin/mount", "/usr/sbin/agetty", "/usr/bin/login",
	"/usr/sbin/sulogin", "/usr/sbin/sshd", "/usr/lib/openssh/sshd-session", "/usr/lib/openssh/sftp-server", "/usr/sbin/unix_chkpwd",
	"/usr/bin/sudo", "/usr/bin/su", "/usr/bin/bash", "/usr/bin/systemctl", "/usr/bin/apt", "/usr/bin/dpkg", "/usr/bin/vi", "/usr/bin/nano",
	"/bin/cat", "/usr/sbin/yettd", "/usr/bin/yettctl", "/lib64/ld-linux-x86-64.so.2", "/etc/passwd", "/etc/shadow", "/etc/sudoers",
	"/lib/x86_64-linux-gnu/libc.so.6", "/etc/ld.so.cache",
};

static struct host host;

static uint32_t
add_file(const char *path)
{
	struct host_file *f = &host.file[host.n_files];

	assert_true(host.n_files < host.room_files);
	*f = (struct host_file){ .dev = 1, .ino = host.n_files + 1, .size = 1000, .mode = S_IFREG | 0755, .links = 1, .gated = true };
	snprintf(f->path, sizeof(f->path), "%s", path);
	snprintf(f->filesystem, sizeof(f->filesystem), "ext4");
	if (strcmp(path, "/usr/bin/sudo") == 0 || strcmp(path, "/usr/bin/su") == 0)
		f->mode |= S_ISUID;
	return (uint32_t)host.n_files++;
}

static bool
is_installed(const char *name)
{
	for (size_t i = 0; name && i < COUNT(installed); i++)
		if (strcmp(installed[i], name) == 0)
			return true;
	return false;
}

static void
add_process(int32_t pid, int32_t ppid, uint32_t uid, const char *path)
{
	static const char args[] = "program\0argument";

	if (!host.texts) {
		host.texts = calloc(1, sizeof(args));
		assert_non_null(host.texts);
		memcpy(host.texts, args, sizeof(args));
		host.n_texts = sizeof(args);
	}
	host.process[host.n_processes++] = (struct host_process){ .pid = pid, .ppid = ppid, .uid = uid, .ruid = uid, .gid = uid,
		.login = UINT32_MAX, .file = add_file(path), .args_len = sizeof(args), .service = "x.service" };
}

/* Users that no /etc/passwd knows. */
#define ALICE	4001000u	/* may become root */
#define WWW	4000033u
static int
make_host(void **state)
{
	const struct policy *p = compile("[policy]\n");
	struct host_ask wanted;

	(void)state;
	guard_wants(p, &wanted);
	policy_close(p);
	host = (struct host){ .room_files = wanted.n_names + 32 };
	host.file = calloc(host.room_files, sizeof(*host.file));
	host.process = calloc(16, sizeof(*host.process));
	if (!host.file || !host.process)
		return -1;
	for (size_t i = 0; i < wanted.n_names; i++) {
		add_file(is_installed(wanted.names[i]) ? wanted.names[i] : "");
		host.file[i].links = 1;
	}
	host.asked = host.n_files;
	host.shell[host.n_shells++] = add_file("/usr/bin/bash");
	host.shell[host.n_shells++] = add_file("/usr/bin/zsh");
	host.person[host.n_people++] = (struct host_person){ .uid = 0, .gid = 0, .shell = host.shell[0] };
	host.person[host.n_people++] = (struct host_person){ .uid = ALICE, .gid = ALICE, .shell = host.shell[1] };
	add_process(1, 0, 0, "/usr/lib/systemd/systemd");
	return 0;
}

static int
end_host(void **state)
{
	(void)state;
	host_done(&host);
	return 0;
}

static size_t
ask(const struct policy *p, bool forced, struct faults *faults)
{
	*faults = (struct faults){ 0 };
	return guard(&(struct guard_ask){ .policy = p, .host = &host, .wall_ns = 1800000000ull * 1000000000, .forced = forced }, faults);
}

/* One policy, and what is told of it: parts of the faults, with newlines between them, each in the fault of its place; "" nothing. */
struct row { const char *text, *told; };

static void
check_policy(const struct policy *p, const struct row *row)
{
	struct faults faults;
	const char *at = row->told;
	size_t found = ask(p, false, &faults), told = 0;

	for (; *at; told++) {
		size_t len = strcspn(at, "\n");
		char part[256];
		snprintf(part, sizeof(part), "%.*s", (int)len, at);
		if (told >= faults.count || !strstr(faults.fault[told].why, part))
			break;
		at += len + (at[len] == '\n');
	}
	if (*at || told != faults.count || (found != 0) != (told != 0)) {
		for (size_t i = 0; i < faults.count; i++)
			print_error("told: %s:%d: %s\n", faults.fault[i].file, faults.fault[i].line, faults.fault[i].why);
		fail_msg("%s\nwanted:\n%s", row->text, row->told);
	}
}

static void
check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct policy *p = compile(rows[i].text);
		check_policy(p, &rows[i]);
		policy_close(p);
	}
}

#define DENY(conditions)	"[policy]\n[rule r]\non = exec\naction = deny\n" conditions
#define DENY_OPEN(conditions)	"[policy]\n[rule r]\non = open\naction = deny\n" conditions

static void
what_is_needed_to_get_in_is_told(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ DENY("process.executable = /opt/x\n"), "" },
		{ DENY("process.executable = /usr/lib/systemd/systemd\n"), "[rule r] would deny what is needed to start the system: "
		    "/usr/lib/systemd/systemd as root below /usr/lib/systemd/systemd\nnow, for it runs" },
		{ DENY("process.name = systemd-executor\n"), "to start the system: /usr/lib/systemd/systemd-executor" },
		{ DENY("file.path = /lib64/ld-linux*\n"), "to start the system: /lib64/ld-linux\nto log in: /lib64/ld-linux" },
		{ DENY("process.name = agetty\n"), "to log in: /usr/sbin/agetty as root below /usr/lib/systemd/systemd" },
		{ DENY("process.name = login\nprocess.previous.name = agetty\nprocess.parent.name = systemd\n"), "to log in: /usr/bin/login" },
		{ DENY("process.name = sulogin\n"), "to log in: /usr/sbin/sulogin" },
		{ DENY("process.name = sshd\n"), "to log in: /usr/sbin/sshd as root below /usr/lib/systemd/systemd, and 1 more" },
		{ DENY("process.name = sshd-session\n"), "to log in: /usr/lib/openssh/sshd-session as root below /usr/sbin/sshd" },
		{ DENY("process.name = sftp-server\nuser.id = 4001000\n"), "to log in: /usr/lib/openssh/sftp-server as user 4001000" },
		{ DENY("process.name = unix_chkpwd\n"), "to log in: /usr/sbin/unix_chkpwd\nto become root: /usr/sbin/unix_chkpwd" },
		/* A shell where it is needed, and where it is not. */
		{ DENY("process.name = bash\nprocess.parent.name = sshd-session\n"),
		    "to log in: /usr/bin/bash as root below /usr/lib/openssh/sshd-session" },
		{ DENY("process.name = bash\nprocess.parent.name = login\n"), "to log in: /usr/bin/bash as root below /usr/bin/login" },
		{ DENY("process.name = bash\nprocess.parent.name = nginx\n"), "" },
		{ DENY("process.name = zsh\nuser.id = 4001000\nprocess.ancestor.name = sshd\n"), "to log in: /usr/bin/zsh as user 4001000" },
		{ DENY("process.name = zsh\nuser.id = 1001\n"), "" },
		{ DENY("file.setuid = true\n"), "to become root: /usr/bin/sudo as root below /usr/bin/bash, and" },
		{ DENY("process.name = sudo\nuser.id = 4001000\nprocess.parent.name = zsh\n"),
		    "to become root: /usr/bin/sudo as user 4001000 below /usr/bin/zsh" },
		/* Repairs. */
		{ DENY("process.name = systemctl\n"), "to repair the system: /usr/bin/systemctl as root below /usr/bin/bash, and 1 more" },
		{ DENY("process.args = stop\nuser.id = 0\nprocess.name = systemctl\n"), "to repair the system: /usr/bin/systemctl" },
		{ DENY("process.name = dpkg\nnot process.ancestor.name = sshd\n"), "to repair the system: /usr/bin/dpkg as root below /usr/bin/bash;" },
		{ DENY("process.name = mount\nprocess.parent.name = bash\n"), "to repair the system: /usr/bin/mount" },
		{ DENY("process.name = yettctl\n"), "to change the policy again: /usr/bin/yettctl" },
		{ DENY("process.name = yettd\n"), "to change the policy again: /usr/sbin/yettd" },
		/* One editor is enough. */
		{ DENY("process.name = vi\n"), "" },
		{ DENY("process.name = vi, nano\n"), "to repair the system: /usr/bin/vi as root below /usr/bin/bash, and 1 more" },
		/* Not there on this host. */
		{ DENY("process.name = dnf, doas, zypper\n"), "" },
		/* Opens. */
		{ DENY_OPEN("file.path = /etc/shadow\nnot process.name = sshd\n"),
		    "to log in: /etc/shadow, which /usr/bin/login reads as root\nto become root" },
		{ DENY_OPEN("file.path = /etc/shadow\nnot process.name = sshd, login, sudo, su\n"), "" },
		{ DENY_OPEN("file.path = /lib/**\n"),
		    "to start the system: /lib/x86_64-linux-gnu/libc.so.6, which /usr/lib/systemd/systemd reads\nto log in" },
		{ DENY_OPEN("file.path = /home/**\n"), "" },
		{ "[policy]\n[rule r]\non = write\naction = deny\nfile.path = /etc/shadow\n", "" },
	};

	check(rows, COUNT(rows));
}

static void
it_is_judged_as_if_everything_enforced(void **state)
{
	(void)state;
	static const char text[] = DENY("process.name = sshd\n");
	struct policy_sources monitor = { .mode = MODE_MONITOR };
	struct faults faults = { 0 };
	const struct policy *p = compile_for(&monitor, text, &faults);
	static const struct row same = { text, "to log in: /usr/sbin/sshd" };
	static const struct row rows[] = {
		/* What is only tried never denies. */
		{ DENY("process.name = sshd\nmode = monitor\n"), "" },
		{ "[policy]\nmode = monitor\n[rule r]\non = exec\naction = deny\nprocess.name = sshd\n", "" },
		{ "[policy]\n[rule a]\non = exec\naction = deny\nprocess.name = sshd\nmode = monitor\n"
		    "[rule b]\non = exec\naction = deny\nprocess.name = sshd\n",
		    "[rule b] would deny" },
		{ "[policy]\n[rule r]\non = exec\naction = alert\nprocess.name = sshd\n", "" },
		/* What ends it is as bad. */
		{ "[policy]\n[rule r]\non = exec\naction = kill\nprocess.name = sshd\n", "[rule r] would end what is needed to log in" },
		{ "[policy]\n[rule r]\non = exec\naction = suspend\nprocess.name = sshd\n", "[rule r] would end what is needed to log in" },
		{ "[policy]\n[rule r]\non = exec\naction = deny, kill\nprocess.name = sshd\n", "[rule r] would deny what is needed to log in" },
		/* Exceptions. */
		{ DENY("process.name = sshd\n[exception x]\nrules = r\nreason = y\nprocess.executable = /usr/sbin/sshd\n"), "" },
		{ DENY("process.name = sshd\n[exception x]\nrules = r\nreason = y\nprocess.executable = /usr/sbin/sshd\nexpires = 2026-01-01\n"),
		    "to log in: /usr/sbin/sshd" },
	};

	check_policy(p, &same);
	policy_close(p);
	check(rows, COUNT(rows));
}

static void
a_default_that_denies_needs_rules_that_allow(void **state)
{
	(void)state;
	struct policy_sources strict = { .mode = MODE_ENFORCE, .exec_default = DECISION_DENY };
	struct faults faults = { 0 }, told;
	static const struct row nothing = { "", "no rule allows what is needed to start the system: /usr/lib/systemd/systemd as root\n"
	    "no rule allows what is needed to log in\nto become root\nto repair\nto change the policy\nnow, for it runs" };
	static const char text[] = "[policy]\n[rule ours]\non = exec\naction = allow\nfile.path = /usr/**, /bin/**, /lib64/**\n";
	static const char trial[] = "[policy]\n[rule ours]\non = exec\naction = allow\nfile.path = /usr/**, /bin/**, /lib64/**\n"
	    "[rule tried]\non = exec\naction = deny\nprocess.name = sshd\nmode = monitor\n";
	static const struct row ours = { text, "" };
	const struct policy *p = compile_for(&strict, "[policy]\n", &faults);

	check_policy(p, &nothing);
	assert_true(ask(p, false, &told) > 40);
	assert_string_equal(told.fault[0].file, "exec_default, open_default");
	policy_close(p);
	p = compile_for(&strict, text, &faults);
	check_policy(p, &ours);
	policy_close(p);
	p = compile_for(&strict, trial, &faults);
	check_policy(p, &ours);
	policy_close(p);
	strict = (struct policy_sources){ .mode = MODE_ENFORCE, .open_default = DECISION_DENY };
	p = compile_for(&strict, "[policy]\n", &faults);
	check_policy(p, &(struct row){ "", "to start the system: /etc/ld.so.cache\nto log in: /etc/passwd\nto become root: /etc/passwd" });
	policy_close(p);
}

static void
what_runs_now_is_told(void **state)
{
	(void)state;
	add_process(50, 1, WWW, "/usr/sbin/nginx");
	add_process(51, 50, WWW, "/usr/sbin/nginx");
	host.process[host.n_processes - 1].forked = true;
	add_process(60, 50, WWW, "/usr/bin/dash");
	add_process(70, 1, ALICE, "/tmp/miner");
	host.file[host.n_files - 1].uid = ALICE;
	add_process(71, 1, ALICE, "/opt/shared");
	host.file[host.n_files - 1].mode |= 022;
	add_process(80, 1, 0, "/srv/elsewhere");
	host.file[host.n_files - 1].gated = false;
	static const struct row rows[] = {
		{ DENY("process.name = nginx\n"),
		    "now, for it runs: /usr/sbin/nginx (pid 50) as user 4000033 below /usr/lib/systemd/systemd; let it through, or say" },
		{ DENY("process.name = nginx\nuser.id = 0\n"), "" },
		{ DENY("process.name = dash\nprocess.parent.name = nginx\n"),
		    "now, for it runs: /usr/bin/dash (pid 60) as user 4000033 below /usr/sbin/nginx" },
		{ DENY("process.name = dash\nprocess.ancestor.name = systemd\nprocess.args = argument\n"), "now, for it runs: /usr/bin/dash (pid 60)" },
		{ DENY("process.name = dash\nservice.name = x.service\n"), "now, for it runs: /usr/bin/dash (pid 60)" },
		{ DENY("process.name = dash\nservice.name = y.service\n"), "" },
		/* What others than root can write is nobody's need; nor is what lies where nobody asks. */
		{ DENY("process.name = miner, shared, elsewhere\n"), "" },
	};

	check(rows, COUNT(rows));
}

static void
where_nothing_is_asked_nothing_is_denied(void **state)
{
	(void)state;
	const struct policy *p = compile(DENY("user.id = 0\n") "[rule s]\non = open\naction = deny\nuser.id = 0\n");
	struct faults faults;

	assert_true(ask(p, false, &faults) > 20);
	for (size_t i = 0; i < host.n_files; i++)
		host.file[i].gated = false;
	assert_int_equal(ask(p, false, &faults), 0);
	assert_int_equal(faults.count, 0);
	policy_close(p);
}

static void
hashes_count_where_they_are_known(void **state)
{
	(void)state;
	const struct policy *p = compile(DENY("file.hash.sha256 = 00000000000000000000000000000000000000000000000000000000000000ff\n"));
	struct host_ask wanted;
	struct faults faults;

	guard_wants(p, &wanted);
	assert_true(wanted.hashes);
	assert_null(wanted.filesystems);
	assert_int_equal(ask(p, false, &faults), 0);
	for (size_t i = 0; i < host.n_files; i++) {
		host.file[i].hashed = true;
		host.file[i].sha256[31] = strcmp(host.file[i].path, "/usr/bin/login") == 0 ? 0xff : 0;
	}
	assert_int_equal(ask(p, false, &faults), 1);
	assert_non_null(strstr(faults.fault[0].why, "to log in: /usr/bin/login"));
	policy_close(p);
	p = compile(DENY("process.name = x\n"));
	guard_wants(p, &wanted);
	assert_false(wanted.hashes);
	policy_close(p);
}

static void
what_is_forced_is_only_a_warning(void **state)
{
	(void)state;
	const struct policy *p = compile("[policy]\n\n" "[rule r]\non = exec\naction = deny\nprocess.name = sshd\n");
	struct faults faults;

	assert_int_equal(ask(p, false, &faults), 2);
	assert_int_equal(faults.errors, 1);
	assert_false(faults.fault[0].warning);
	assert_int_equal(faults.fault[0].line, 3);
	assert_string_equal(faults.fault[0].file, "t.ini");
	assert_non_null(strstr(faults.fault[0].why, "--force"));
	assert_int_equal(ask(p, true, &faults), 2);
	assert_int_equal(faults.errors, 0);
	assert_true(faults.fault[0].warning);
	assert_null(strstr(faults.fault[0].why, "--force"));
	policy_close(p);
}

/* With next to nothing on it, and with nobody. */
static void
any_host_will_do(void **state)
{
	(void)state;
	const struct policy *p = compile(DENY("user.id = 0\n"));
	struct faults faults;

	host.n_processes = host.n_people = host.n_shells = 0;
	ask(p, false, &faults);
	for (size_t i = 0; i < host.n_files; i++)
		host.file[i].path[0] = '\0';
	assert_int_equal(ask(p, false, &faults), 0);
	host_done(&host);
	assert_int_equal(ask(p, false, &faults), 0);
	policy_close(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_host, end_host)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_needed_to_get_in_is_told),
		TEST(it_is_judged_as_if_everything_enforced),
		TEST(a_default_that_denies_needs_rules_that_allow),
		TEST(what_runs_now_is_told),
		TEST(where_nothing_is_asked_nothing_is_denied),
		TEST(hashes_count_where_they_are_known),
		TEST(what_is_forced_is_only_a_warning),
		TEST(any_host_will_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
