/* The compiled block: what stands in it, where it was compiled from, and that no damage to it is ever read past its end. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "compile.h"
#include "given.h"
#include "policy/layout.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* All kinds of tables have something in them. */
static const char whole[] =
    "[policy]\ndescription = d\n"
    "[rule a]\non = exec, open\naction = deny, alert\ndescription = what\nmessage = why\nthreat.technique.id = T1\nseverity = high\n"
    "file.path = /x, /y/*, /z/**\nprocess.name|contains = a, b\nprocess.args|all = a*, b\nnot user.id|gt = 5\nfile.size = 1, 2\n"
    "filter/destination.ip|cidr = 10.0.0.0/8, ::1\n"
    "[rule b]\non = connect\naction = kill\na/user.name|fieldref|endswith = process.title\nb/user.id|exists = true\n"
    "c/process.title|nocase = X\ncondition = (a or not b) and 1 of c*\n"
    "[rule many]\non = exec\naction = log\nprocess.args|re = ^ab+$, (a|b)*[cd]\nprocess.args|re|i = x\n"
    "process.executable = /bin/*, /b*, /bin/a*, /bin/ab*, **/b, **/ab, **.so, */ab, **\n"
    "[exception e]\nrules = *\nreason = y\nuser.id = 7\nexpires = 2030-01-01\n"
    "[correlation c]\naction = alert\ntype = value_count\nfield = user.id\ncondition = gte: 3\nrules = a, b\ngroup-by = host, user.name\n"
    "timespan = 5m\n";

static int
build(const char *text)
{
	struct faults faults = { 0 };
	int fd = policy_build_text(&compile_enforcing, "/etc/yett/t.ini", text, strlen(text), &faults);

	if (fd < 0)
		fail_msg("%s", faults.fault[0].why);
	return fd;
}

static void
the_block_is_sealed(void **state)
{
	(void)state;
	CLEANUP_FD int fd = build(whole);
	int seals = fcntl(fd, F_GET_SEALS);

	assert_int_equal(seals, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_true(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static void
rules_and_exceptions_are_told_as_written(void **state)
{
	(void)state;
	CLEANUP_FD int fd = build(whole);
	const struct policy *p;
	struct rule_info i;
	const char *name, *reason;

	assert_int_equal(policy_open(fd, &p), 0);
	assert_int_equal(policy_rules(p), 4);		/* a correlation is one too */
	policy_rule(p, 0, &i);
	assert_string_equal(i.name, "a");
	assert_string_equal(i.ruleset, "t");		/* the file without .ini */
	assert_string_equal(i.file, "/etc/yett/t.ini");
	assert_int_equal(i.line, 3);
	assert_string_equal(i.description, "what");
	assert_string_equal(i.message, "why");
	assert_string_equal(i.technique, "T1");
	assert_int_equal(i.severity, SEVERITY_HIGH);
	assert_int_equal(i.actions, ACTION_DENY | ACTION_ALERT);
	assert_true(i.kinds == (1ull << EVENT_EXEC | 1ull << EVENT_OPEN));
	policy_rule(p, 1, &i);
	assert_string_equal(i.name, "b");
	assert_string_equal(i.description, "");
	assert_int_equal(i.severity, SEVERITY_MEDIUM);
	policy_rule(p, 2, &i);
	assert_string_equal(i.name, "c");
	assert_true(policy_kinds(p) == (1ull << EVENT_EXEC | 1ull << EVENT_OPEN | 1ull << EVENT_CONNECT));
	policy_exception(p, 0, &name, &reason);
	assert_string_equal(name, "e");
	assert_string_equal(reason, "y");
	policy_close(p);
	policy_close(NULL);
}

static void
its_hash_is_that_of_the_texts(void **state)
{
	(void)state;
	static const struct { const char *text, *hash; } table[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "[policy]\n", "5f06b34021b6b116cbb95866829589851456c706ddc6a0a66e0a9d2034f0e390" },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		CLEANUP_FD int fd = build(table[i].text);
		const struct policy *p;
		assert_int_equal(policy_open(fd, &p), 0);
		assert_string_equal(policy_hash(p), table[i].hash);
		policy_close(p);
	}
}

static void
users_groups_and_loaders_of_this_host_are_known(void **state)
{
	(void)state;
	CLEANUP_FD int fd = build("");
	const struct policy *p;
	struct stat st;

	assert_int_equal(policy_open(fd, &p), 0);
	assert_string_equal(policy_user(p, 0), "root");
	assert_string_equal(policy_group(p, 0), "root");
	assert_string_equal(policy_user(p, 4000000000u), "");
	assert_string_equal(policy_group(p, 4000000000u), "");
	assert_int_equal(stat("/bin/sh", &st), 0);
	assert_false(policy_loader(p, st.st_dev, st.st_ino));
	if (stat("/lib64/ld-linux-x86-64.so.2", &st) == 0)
		assert_true(policy_loader(p, st.st_dev, st.st_ino));
	assert_false(policy_loader(p, st.st_dev + 1, st.st_ino));
	policy_close(p);
}

/* ---- Directories ---- */

static char root[] = "/tmp/yett-snapshot-XXXXXX";

static int
make_root(void **state)
{
	char path[64];

	(void)state;
	snprintf(root, sizeof(root), "/tmp/yett-snapshot-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(path, sizeof(path), "%s/v", root);
	int err = mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/a", root);
	return err || mkdir(path, 0755) ? -1 : 0;
}

static int
remove_root(void **state)
{
	static const char *const dirs[] = { "v", "a" };
	char path[600];

	(void)state;
	for (size_t i = 0; i < COUNT(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, dirs[i]);
		CLEANUP_DIR DIR *d = opendir(path);
		for (struct dirent *e; d && (e = readdir(d));)
			unlinkat(dirfd(d), e->d_name, 0);
		rmdir(path);
	}
	return rmdir(root);
}

static void
put(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	CLEANUP_FILE FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fchmod(fileno(f), 0644), 0);
}

#define LOG(rule) "[rule " rule "]\non = exec\naction = log\nuser.id = 0\n"

/* Names of the rules of both directories, in order, or what the first fault says. */
static const char *
rules(void)
{
	static char out[2000];
	char vendor[64], admin[64];
	struct policy_sources s = { .vendor_policies = vendor, .policies = admin };
	struct faults faults = { 0 };
	const struct policy *p;

	snprintf(vendor, sizeof(vendor), "%s/v", root);
	snprintf(admin, sizeof(admin), "%s/a", root);
	CLEANUP_FD int fd = policy_build(&s, &faults);
	out[0] = '\0';
	if (fd < 0) {
		assert_int_equal(fd, -EINVAL);
		fault_format(&faults.fault[0], out, sizeof(out));
		return out + strlen(root) + 1;
	}
	assert_int_equal(policy_open(fd, &p), 0);
	for (unsigned i = 0; i < policy_rules(p); i++) {
		struct rule_info r;
		policy_rule(p, i, &r);
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s(%s)", i ? " " : "", r.name, r.ruleset);
	}
	policy_close(p);
	return out;
}

static void
a_file_of_the_admin_replaces_one_of_the_same_name(void **state)
{
	(void)state;
	char path[64];

	assert_string_equal(rules(), "");
	put("v/10-x.ini", LOG("shipped"));
	put("v/20-y.ini", LOG("y"));
	assert_string_equal(rules(), "shipped(10-x) y(20-y)");
	put("a/10-x.ini", LOG("mine"));
	put("a/30-z.ini", LOG("z"));
	assert_string_equal(rules(), "mine(10-x) y(20-y) z(30-z)");
	/* Switched off. */
	snprintf(path, sizeof(path), "%s/a/20-y.ini", root);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_string_equal(rules(), "mine(10-x) z(30-z)");
	/* What is no policy by its name. */
	put("a/notes.txt", "no\n");
	put("a/.hidden.ini", "no\n");
	put("a/.ini", "no\n");
	put("a/40-x.ini~", "no\n");
	assert_string_equal(rules(), "mine(10-x) z(30-z)");
}

static void
what_is_wrong_in_one_file_refuses_all(void **state)
{
	(void)state;
	char path[64];

	put("v/10-x.ini", LOG("r"));
	put("a/20-y.ini", LOG("q") "typo = x\n");
	assert_string_equal(rules(), "a/20-y.ini:5: error: unknown field or key 'typo'");
	/* Names are of all files together; so are lists. */
	put("a/20-y.ini", LOG("r"));
	assert_non_null(strstr(rules(), "a/20-y.ini:1: error: [rule r] is already defined at "));
	assert_non_null(strstr(rules(), "v/10-x.ini:1"));
	put("a/20-y.ini", "[list l]\nvalues = 0\n");
	put("v/10-x.ini", "[rule r]\non = exec\naction = log\nuser.id = @l\n");
	assert_string_equal(rules(), "r(10-x)");
	/* A section may stand in each file once. */
	put("v/10-x.ini", "[policy]\n" LOG("r"));
	put("a/20-y.ini", "[policy]\nmode = monitor\n" LOG("q"));
	assert_string_equal(rules(), "q(20-y) r(10-x)");
	snprintf(path, sizeof(path), "%s/a/20-y.ini", root);
	assert_int_equal(chmod(path, 0664), 0);
	assert_string_equal(rules(), "a/20-y.ini: error: writable by group or others (mode 0664): chmod go-w");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_string_equal(rules(), "a/20-y.ini: error: not a regular file");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("nowhere", path), 0);	/* as if it had gone since it was listed */
	assert_string_equal(rules(), "r(10-x)");
	snprintf(path, sizeof(path), "%s/a", root);
	assert_int_equal(chmod(path, 0777), 0);
	assert_string_equal(rules(), "a: error: writable by group or others (mode 0777): chmod go-w");
	assert_int_equal(chmod(path, 0755), 0);
}

static void
absent_directories_are_an_empty_policy(void **state)
{
	(void)state;
	static const struct policy_sources table[] = {
		{ .policies = NULL }, { .policies = "", .vendor_policies = "" }, { .policies = "/nowhere/at/all", .vendor_policies = "/nowhere" },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct faults faults = { 0 };
		const struct policy *p;
		CLEANUP_FD int fd = policy_build(&table[i], &faults);
		assert_true(fd >= 0);
		assert_int_equal(policy_open(fd, &p), 0);
		assert_int_equal(policy_rules(p) + policy_places(p), 0);
		policy_close(p);
	}
}

/* ---- Damage ---- */

/* A block in a file that anybody may write. */
static int
file_of(const void *bytes, size_t n)
{
	int fd = memfd_create("damaged", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, 0), n);
	return fd;
}

static char *
copy_of(int fd, size_t *n)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	char *bytes = malloc((size_t)st.st_size);
	assert_non_null(bytes);
	assert_int_equal(pread(fd, bytes, (size_t)st.st_size, 0), st.st_size);
	*n = (size_t)st.st_size;
	return bytes;
}

/* Everything that the readers of a policy do with one. */
static void
use(const struct policy *p)
{
	static const struct { enum event_kind kind; const char *fields; } events[] = {
		{ EVENT_EXEC, "file.path=/y/a process.executable=/bin/ab process.args=ab|b user.id=3 file.size=2 destination.ip=::1" },
		{ EVENT_WRITE, "file.path=/z/a/b process.executable=/bin/ab process.args=ab|b user.id=3 file.size=2 destination.ip=10.0.0.1" },
		{ EVENT_CONNECT, "user.name=root process.title=x user.id=7" },
		{ EVENT_AGENT, "event.action=x" },
	};
	static struct report r;

	for (size_t i = 0; i < COUNT(events); i++) {
		struct verdict v;
		r.event = *event(events[i].kind, events[i].fields);
		judge(p, &r.event, &v);
		judge_report(p, &v, &r);
		r.event.tried = 0;
		judge(p, &r.event, &v);
	}
	size_t n = strlen(policy_user(p, 0)) + strlen(policy_group(p, 0)) + strlen(policy_hash(p)) + policy_loader(p, 1, 2);
	for (unsigned i = 0; i < policy_rules(p); i++) {
		struct rule_info info;
		policy_rule(p, i, &info);
		n += strlen(info.name) + strlen(info.ruleset) + strlen(info.description) + strlen(info.message) + strlen(info.technique) +
		    strlen(info.file);
	}
	for (unsigned i = 0; i < policy_places(p); i++) {
		struct watch_place w;
		policy_place(p, i, &w);
		n += strlen(w.path);
	}
	assert_true(n < SIZE_MAX);
}

static void
a_block_that_is_not_whole_is_refused(void **state)
{
	(void)state;
	CLEANUP_FD int fd = build(whole);
	const struct policy *p = NULL;
	size_t n;
	CLEANUP_FREE char *bytes = copy_of(fd, &n);

	for (size_t len = 0; len < n; len += len < 400 ? 1 : 97) {
		CLEANUP_FD int cut = file_of(bytes, len);
		assert_int_equal(policy_open(cut, &p), -EBADMSG);
		assert_null(p);
	}
	/* Something behind it is no better. */
	CLEANUP_FREE char *more = calloc(1, n + 8);
	assert_non_null(more);
	memcpy(more, bytes, n);
	CLEANUP_FD int longer = file_of(more, n + 8);
	assert_int_equal(policy_open(longer, &p), -EBADMSG);
	CLEANUP_FD int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(policy_open(dir, &p) < 0);
	assert_int_equal(policy_open(-1, &p), -EBADF);
	/* And whole it is good, sealed or not. */
	CLEANUP_FD int good = file_of(bytes, n);
	assert_int_equal(policy_open(good, &p), 0);
	use(p);
	policy_close(p);
}

static void
another_version_is_refused(void **state)
{
	(void)state;
	CLEANUP_FD int fd = build(whole);
	size_t n;
	CLEANUP_FREE char *bytes = copy_of(fd, &n);
	struct policy *head = (struct policy *)(void *)bytes;
	struct policy saved = *head;
	const struct policy *p;
#define REFUSED(change) do { \
		change; \
		CLEANUP_FD int bad_ = file_of(bytes, n); \
		assert_int_equal(policy_open(bad_, &p), -EBADMSG); \
		*head = saved; \
	} while (0)

	REFUSED(head->magic++);
	REFUSED(head->version++);
	REFUSED(head->fields++);
	REFUSED(head->events--);
	REFUSED(head->size--);
	REFUSED(head->mode = 2);
	REFUSED(head->exec_default = 2);
	REFUSED(head->open_default = 255);
	REFUSED(memset(head->hash, 'a', sizeof(head->hash)));
	REFUSED(head->strings.n--);
	REFUSED(head->strings.n = 0);
	REFUSED(head->strings.n = UINT32_MAX);
	REFUSED(head->rules.off = 0);
	REFUSED(head->rules.off += 4);
	REFUSED(head->rules.off = UINT32_MAX - 7);
	REFUSED(head->rules.n = UINT32_MAX);
	REFUSED(head->kinds.n--);
	REFUSED(head->conditions.n = 1);
	REFUSED(head->exceptions.n = 0);
#undef REFUSED
}

static void
an_expression_that_takes_more_than_there_is_is_refused(void **state)
{
	(void)state;
	static const uint32_t bad[][4] = {		/* in place of "a", "b", "not", "or" */
		{ OP_NOT, 0, 1, OP_OR }, { OP_AND, 0, 1, OP_OR }, { 0, OP_OR, 1, OP_AND }, { 0, 1, OP_AND, OP_AND }, { 0, 1, 1, OP_OR },
		{ 0, 1, OP_NOT, OP_NOT }, { 2, 1, OP_NOT, OP_OR }, { 0, 1, 0xffffff00, OP_OR }, { 0, 0xfffffffe, OP_NOT, OP_OR },
	};
	CLEANUP_FD int fd = build("[rule r]\non = exec\naction = log\na/user.id = 1\nb/user.id = 2\ncondition = a or not b\n");
	size_t n;
	CLEANUP_FREE char *bytes = copy_of(fd, &n);
	const struct policy *p = (const struct policy *)(void *)bytes;
	uint32_t *ops = (uint32_t *)(void *)(bytes + p->ops.off);

	assert_int_equal(p->ops.n, 4);
	assert_int_equal(ops[2], OP_NOT);
	assert_true(layout_check(p, n));
	for (size_t i = 0; i < COUNT(bad); i++) {
		memcpy(ops, bad[i], sizeof(bad[i]));
		assert_false(layout_check(p, n));
	}
}

static void
the_order_of_patterns_leads_up_and_within_the_set(void **state)
{
	(void)state;
	CLEANUP_FD int fd = build(whole);
	size_t n;
	CLEANUP_FREE char *bytes = copy_of(fd, &n);
	const struct policy *p = (const struct policy *)(void *)bytes;
	struct l_set *s = (struct l_set *)(void *)(bytes + p->sets.off);
	struct l_pattern *t = (struct l_pattern *)(void *)(bytes + p->patterns.off);

	while (!s->n_heads)
		s++;
	t += s->pattern;
	struct l_set set = *s;
	assert_int_equal(set.n_pattern, 9);
	assert_int_equal(set.n_heads, 4);	/* /b, /bin/, /bin/a, /bin/ab */
	assert_int_equal(set.n_tails, 4);	/* of what ends with letters; ** is what is left */
	assert_int_equal(t[0].up, 0);
	assert_int_equal(t[3].up, 1);
	assert_true(layout_check(p, n));
#define REFUSED(change, undo) do { \
		change; \
		assert_false(layout_check(p, n)); \
		undo; \
		assert_true(layout_check(p, n)); \
	} while (0)

	REFUSED(t[0].up = 1, t[0].up = 0);
	REFUSED(t[3].up = 4, t[3].up = 1);
	REFUSED(t[4].up = 1, t[4].up = 0);		/* the first of another part */
	REFUSED(t[3].tail = 100, t[3].tail = 0);
	REFUSED(s->n_heads = 10, *s = set);
	REFUSED(s->n_tails = 6, *s = set);
	REFUSED(s->n_heads = 8, *s = set);
#undef REFUSED
}

static void
a_correlation_is_no_rule_that_an_event_asks(void **state)
{
	(void)state;
	CLEANUP_FD int fd = build(whole);
	size_t n;
	CLEANUP_FREE char *bytes = copy_of(fd, &n);
	const struct policy *p = (const struct policy *)(void *)bytes;
	struct l_rule *r = (struct l_rule *)(void *)(bytes + p->rules.off);
	uint32_t *asked = (uint32_t *)(void *)(bytes + p->members.off) + layout_kinds(p)[EVENT_EXEC].at;

	assert_int_equal(r[2].correlation, 1);
	assert_int_equal(*asked & 1u << 2, 0);
	*asked |= 1u << 2;
	assert_false(layout_check(p, n));
	*asked &= ~(1u << 2);
	assert_true(layout_check(p, n));
	r[2].logic = r[0].logic;
	assert_false(layout_check(p, n));
}

/* Of more rules than a word has bits: crowds of few of them are lists. */
static int
build_forty(void)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	for (int i = 0; i < 40; i++)
		fprintf(f, "[rule r%02d]\non = %s\naction = log\n%s = /a%d/b%s\n", i, i % 2 ? "exec" : "connect",
		    i < 36 ? "process.executable" : "not process.previous.executable", i < 36 ? i : 0, i % 3 ? "" : "/**");
	fprintf(f, "[rule s]\non = ptrace\naction = log\nuser.id = 7\nprocess.args|contains = abcd\n");
	fclose(f);
	int fd = build(text);
	free(text);
	return fd;
}

static void
an_index_that_leads_nowhere_is_refused(void **state)
{
	(void)state;
	CLEANUP_FD int fd = build_forty();
	size_t n;
	CLEANUP_FREE char *bytes = copy_of(fd, &n), *saved = copy_of(fd, &n);
	struct policy *p = (struct policy *)(void *)bytes;
	struct l_lane *lane = (struct l_lane *)(void *)(bytes + p->lanes.off), *ask = NULL, *number = NULL;
	struct l_crowd *kind = (struct l_crowd *)(void *)(bytes + p->kinds.off), *crowd = (struct l_crowd *)(void *)(bytes + p->crowds.off);
	struct l_clue *clue = (struct l_clue *)(void *)(bytes + p->clues.off);
	uint32_t *head = (uint32_t *)(void *)(bytes + p->heads.off), *member = (uint32_t *)(void *)(bytes + p->members.off);
	size_t refused = 0;
#define REFUSED(change) do { \
		assert_true(layout_check(p, n)); \
		change; \
		assert_false(layout_check(p, n)); \
		memcpy(bytes, saved, n); \
		refused++; \
	} while (0)

	for (uint32_t i = 0; i < p->lanes.n; i++) {
		ask = lane[i].spot == SPOT_ASK ? &lane[i] : ask;
		number = lane[i].field == FIELD_USER_ID ? &lane[i] : number;
		REFUSED(lane[i].field = FIELD__MAX);
		REFUSED(lane[i].spot = SPOT__MAX);
		REFUSED(lane[i].stage = STAGE__MAX);
		REFUSED(lane[i].nocase = 2);
		REFUSED(lane[i].rules.n = p->rules.n + 1);
		REFUSED(lane[i].rules.at = p->members.n);
		if (lane[i].spot == SPOT_ASK)
			continue;
		REFUSED(lane[i].bits = 32);
		REFUSED(lane[i].bits = 31);
		REFUSED(lane[i].head = p->heads.n - (1u << lane[i].bits));
		REFUSED(lane[i].head = UINT32_MAX);
	}
	assert_true(ask && number);
	REFUSED(ask->condition = p->conditions.n);
	REFUSED(number->spot = SPOT_HEAD);
	assert_false(crowd_dense(kind[EVENT_PTRACE], p->rules.n));
	REFUSED(member[kind[EVENT_PTRACE].at] = p->rules.n);
	assert_true(crowd_dense(kind[EVENT_EXEC], p->rules.n));
	REFUSED(member[kind[EVENT_EXEC].at + 1] |= 1u << 9);	/* a bit for a rule that there is not */
	REFUSED(member[kind[EVENT_EXEC].at + 7] |= 1u << 31);
	REFUSED(kind[EVENT_EXEC].at = p->members.n - 7);
	REFUSED(crowd[0].n = p->rules.n + 1);
	REFUSED(crowd[0].at = p->members.n);
	REFUSED(clue[p->clues.n - 1].crowd = p->crowds.n);
	REFUSED(head[0] = p->clues.n + 1);
	REFUSED(p->loose.n--);
	REFUSED(p->seekers.n--);
	REFUSED(p->kinds.n--);
#undef REFUSED
	assert_true(refused > 40);
}

/*
 * N bytes mapped, with room for a struct policy_own in front, so that the first byte behind them faults, whatever a sanitiser would have
 * noticed.
 */
static char *
map_at_the_edge(size_t n, size_t *mapped)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (n + sizeof(struct policy_own) + page - 1) / page * page;
	char *at = mmap(NULL, pages + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(at != MAP_FAILED);
	assert_int_equal(mprotect(at + pages, page, PROT_NONE), 0);
	*mapped = pages + page;
	return at + pages - n;
}

static void
damage(int fd)
{
	static const uint32_t odd[] = { 0, 1, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff, 0xffff, 64 };
	size_t n, mapped, taken = 0, refused = 0;
	CLEANUP_FREE char *bytes = copy_of(fd, &n);
	char *edge = map_at_the_edge(n, &mapped);
	const struct policy *p = (const struct policy *)(const void *)edge;

	assert_int_equal(n % 8, 0);
	/* Behind the rest stand names of users, which are many and alike, and strings, which refer to nothing: some of them will do. */
	const struct policy *head = (const struct policy *)(const void *)bytes;
	for (size_t at = 0; at + 4 <= n; at += at < head->users.off ? 4 : 52) {
		for (size_t i = 0; i <= COUNT(odd); i++) {
			memcpy(edge, bytes, n);
			if (i < COUNT(odd))
				memcpy(edge + at, &odd[i], 4);
			else
				edge[at]++;
			/* As policy_open() does it. */
			struct regexes *own = NULL;
			bool good = layout_check(p, n) && (!p->regexes.n || regexes_open(p, &own) == 0);
			if (good) {
				policy_own(p)->regexes = own;
				use(p);
			}
			regexes_close(own);
			taken += good;
			refused += !good;
		}
	}
	assert_true(taken > 1000 && refused > 1000);
	munmap(edge + n - (mapped - (size_t)sysconf(_SC_PAGESIZE)), mapped);
}

static void
no_damage_makes_anybody_read_past_the_block(void **state)
{
	(void)state;
	CLEANUP_FD int few = build(whole), forty = build_forty();

	damage(few);
	damage(forty);
}

#define TEST_ROOT(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_block_is_sealed),
		cmocka_unit_test(rules_and_exceptions_are_told_as_written),
		cmocka_unit_test(its_hash_is_that_of_the_texts),
		cmocka_unit_test(users_groups_and_loaders_of_this_host_are_known),
		TEST_ROOT(a_file_of_the_admin_replaces_one_of_the_same_name),
		TEST_ROOT(what_is_wrong_in_one_file_refuses_all),
		cmocka_unit_test(absent_directories_are_an_empty_policy),
		cmocka_unit_test(a_block_that_is_not_whole_is_refused),
		cmocka_unit_test(another_version_is_refused),
		cmocka_unit_test(an_expression_that_takes_more_than_there_is_is_refused),
		cmocka_unit_test(the_order_of_patterns_leads_up_and_within_the_set),
		cmocka_unit_test(a_correlation_is_no_rule_that_an_event_asks),
		cmocka_unit_test(an_index_that_leads_nowhere_is_refused),
		cmocka_unit_test(no_damage_makes_anybody_read_past_the_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
