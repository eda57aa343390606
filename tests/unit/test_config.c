#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/config.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *file;	/* that the tests write their configuration to */

static int
make_directory(void **state)
{
	static char dir[] = "/tmp/yett-config-XXXXXX", path[64];

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/yett.conf", dir);
	file = path;
	return 0;
}

static int
remove_directory(void **state)
{
	char *dir = strndup(file, (size_t)(strrchr(file, '/') - file));

	(void)state;
	unlink(file);
	int err = dir ? rmdir(dir) : -1;
	free(dir);
	return err;
}

static int
load(struct config *c, const char *text, struct faults *faults)
{
	CLEANUP_FILE FILE *f = fopen(file, "we");

	*faults = (struct faults){ 0 };
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fflush(f), 0);
	assert_int_equal(chmod(file, 0644), 0);
	return config_load(c, file, faults);
}

/* TEXT is refused with exactly these faults: "LINE PART OF THE REASON", one a line. */
static void
check_refused(const char *text, const char *told)
{
	struct config *c = malloc(sizeof(*c));
	struct faults faults;
	size_t n = 0;

	assert_non_null(c);
	assert_int_equal(load(c, text, &faults), -EINVAL);
	free(c);
	for (const char *at = told; *at; n++) {
		char part[300], *reason;
		size_t len = strcspn(at, "\n");
		snprintf(part, sizeof(part), "%.*s", (int)len, at);
		at += len + (at[len] == '\n');
		if (n >= faults.count || strtol(part, &reason, 10) != faults.fault[n].line || !strstr(faults.fault[n].why, reason + 1))
			fail_msg("%s\nis told: %d %s\nnot: %s", text, n < faults.count ? faults.fault[n].line : -1,
			    n < faults.count ? faults.fault[n].why : "nothing", part);
		assert_string_equal(faults.fault[n].file, file);
	}
	if (n != faults.errors)
		fail_msg("%s\nis told further: %d %s", text, faults.fault[n].line, faults.fault[n].why);
}

/* Arguments between bars. */
static void
show_argv(const struct config_argv *a, char *out, size_t n)
{
	const char *s = a->text;
	size_t at = (size_t)snprintf(out, n, "%s", a->n ? "|" : "off");

	for (unsigned i = 0; i < a->n; i++, s += strlen(s) + 1)
		at += (size_t)snprintf(out + at, n - at, "%s|", s);
}

/* One member, told in the words of the file. */
#define SHOW_WORD(c, m, words)	snprintf(out, n, "%s", (words)[(c)->m])
static void
show(const struct config *c, const struct config_key *k, char *out, size_t n)
{
	static const char *const modes[] = { [MODE_MONITOR] = "monitor", [MODE_ENFORCE] = "enforce" };
	static const char *const decisions[] = { [DECISION_ALLOW] = "allow", [DECISION_DENY] = "deny" };
	static const char *const audits[] = { [AUDIT_MODE_AUTO] = "auto", [AUDIT_MODE_OWN] = "own", [AUDIT_MODE_MULTICAST] = "multicast",
		[AUDIT_MODE_OFF] = "off" };
	char name[64];

	snprintf(name, sizeof(name), "%s.%s", k->section, k->key);
#define IS(s) (strcmp(name, s) == 0)
	if (IS("agent.mode")) SHOW_WORD(c, mode, modes);
	else if (IS("agent.user")) snprintf(out, n, "%s", c->user);
	else if (IS("paths.policies")) snprintf(out, n, "%s", c->policies);
	else if (IS("paths.vendor_policies")) snprintf(out, n, "%s", c->vendor_policies);
	else if (IS("paths.state")) snprintf(out, n, "%s", c->state);
	else if (IS("paths.log")) snprintf(out, n, "%s", c->log);
	else if (IS("paths.run")) snprintf(out, n, "%s", c->run);
	else if (IS("gate.exec_default")) SHOW_WORD(c, exec_default, decisions);
	else if (IS("gate.open_default")) SHOW_WORD(c, open_default, decisions);
	else if (IS("gate.deadline")) snprintf(out, n, "%llums", (unsigned long long)(c->deadline_ns / NS_PER_MS));
	else if (IS("gate.deadline_verdict")) SHOW_WORD(c, deadline_verdict, decisions);
	else if (IS("records.events")) snprintf(out, n, "%s", c->events ? "on" : "off");
	else if (IS("records.sync")) snprintf(out, n, "%s", c->sync == SYNC_BATCH ? "batch" : "alert");
	else if (IS("records.heartbeat")) snprintf(out, n, "%llums", (unsigned long long)(c->heartbeat_ns / NS_PER_MS));
	else if (IS("records.segment_size")) snprintf(out, n, "%lluM", (unsigned long long)(c->segment_size >> 20));
	else if (IS("records.keep_alerts")) snprintf(out, n, "%lluG", (unsigned long long)(c->keep_alerts >> 30));
	else if (IS("records.keep_events")) snprintf(out, n, "%lluG", (unsigned long long)(c->keep_events >> 30));
	else if (IS("records.keep_age")) snprintf(out, n, "%llud", (unsigned long long)(c->keep_age_ns / NS_PER_SEC / 86400));
	else if (IS("records.flight") && !c->flight_ns) snprintf(out, n, "off");
	else if (IS("records.flight")) snprintf(out, n, "%llums", (unsigned long long)(c->flight_ns / NS_PER_MS));
	else if (IS("records.fold") && !c->fold_ns) snprintf(out, n, "off");
	else if (IS("records.fold")) snprintf(out, n, "%llums", (unsigned long long)(c->fold_ns / NS_PER_MS));
	else if (IS("records.journal")) snprintf(out, n, "%s", c->journal[0] ? c->journal : "off");
	else if (IS("records.syslog")) snprintf(out, n, "%s", c->syslog[0] ? c->syslog : "off");
	else if (IS("records.metrics")) snprintf(out, n, "%s", c->metrics[0] ? c->metrics : "off");
	else if (IS("records.program_timeout")) snprintf(out, n, "%llums", (unsigned long long)(c->run_timeout_ns / NS_PER_MS));
	else if (IS("records.programs_at_once")) snprintf(out, n, "%u", c->run_at_once);
	else if (IS("records.programs_per_minute")) snprintf(out, n, "%u", c->run_per_minute);
	else if (IS("records.program")) show_argv(&c->hook, out, n);
	else if (IS("audit.mode")) SHOW_WORD(c, audit, audits);
	else if (IS("telemetry.exec")) snprintf(out, n, "%s", c->exec_full ? "full" : "light");
	else if (IS("telemetry.digests")) snprintf(out, n, "%s", c->digests ? "on" : "off");
	else if (IS("gate.filesystems")) {
		size_t at = (size_t)snprintf(out, n, "%s", c->filesystems_auto ? "auto" : "");
		for (unsigned i = 0; i < c->n_filesystems; i++)
			at += (size_t)snprintf(out + at, n - at, "%s%s", i ? " " : "", c->filesystems[i]);
	} else {
		fail_msg("[%s] %s is not tested", k->section, k->key);
	}
#undef IS
}

static const struct config_key *
find_key(const char *section, const char *key)
{
	size_t n;
	const struct config_key *k = config_keys(&n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(k[i].section, section) == 0 && strcmp(k[i].key, key) == 0)
			return &k[i];
	fail_msg("there is no [%s] %s", section, key);
	return NULL;
}

#define ZEROS60	"000000000000000000000000000000000000000000000000000000000000"
#define PATH107	"/" ZEROS60 "0000000000000000000000000000000000000000000000"
#define ZEROS240 ZEROS60 ZEROS60 ZEROS60 ZEROS60
#define ZEROS2040 ZEROS240 ZEROS240 ZEROS240 ZEROS240 ZEROS240 ZEROS240 ZEROS240 ZEROS240 ZEROS60 ZEROS60
#define PATH255	"/" ZEROS60 ZEROS60 ZEROS60 ZEROS60 "00000000000000"

/* Values that are taken, and what they mean (NULL: themselves); and values that are not, with a part of the reason. */
struct value { const char *section, *key, *value, *meaning, *refused; };
static const struct value values[] = {
	{ "agent", "mode", "enforce", NULL, NULL }, { "agent", "mode", "monitor", NULL, NULL },
	{ "agent", "mode", "enforced", NULL, "must be monitor | enforce; did you mean 'enforce'?" },
	{ "agent", "mode", "Enforce", NULL, "must be monitor | enforce; did you mean 'enforce'?" },
	{ "agent", "mode", "", NULL, "must be monitor | enforce" },
	{ "agent", "user", "nobody", NULL, NULL }, { "agent", "user", "y_0-9", NULL, NULL },
	{ "agent", "user", "twenty-letters-long-", NULL, NULL }, { "agent", "user", "twenty-one-letters-lo", NULL, "must be a short user name" },
	{ "agent", "user", "Root", NULL, "must be a short user name" }, { "agent", "user", "a b", NULL, "must be a short user name" },
	{ "agent", "user", "", NULL, "must be a short user name" }, { "agent", "user", "../x", NULL, "must be a short user name" },
	{ "paths", "policies", "/srv/p", NULL, NULL }, { "paths", "policies", "/srv/p///", "/srv/p", NULL },
	{ "paths", "policies", "srv/p", NULL, "must be an absolute path" }, { "paths", "policies", "", NULL, "must be an absolute path" },
	{ "paths", "vendor_policies", "/srv/with a blank", NULL, NULL }, { "paths", "vendor_policies", "~/x", NULL, "must be an absolute path" },
	{ "paths", "state", "/", NULL, NULL }, { "paths", "state", "//", "/", NULL }, { "paths", "state", ".", NULL, "must be an absolute path" },
	{ "paths", "log", PATH255, NULL, NULL }, { "paths", "log", PATH255 "0", NULL, "is too long: at most 255 bytes" },
	{ "paths", "run", "/run/x", NULL, NULL }, { "paths", "run", "\"/run/x\"", NULL, "must be an absolute path" },
	{ "gate", "filesystems", "auto", NULL, NULL }, { "gate", "filesystems", "/", NULL, NULL },
	{ "gate", "filesystems", "/, /srv/", "/ /srv", NULL }, { "gate", "filesystems", "/a /b,/c\n  /d\n\t/e, /f", "/a /b /c /d /e /f", NULL },
	{ "gate", "filesystems", "\n  /\n  /srv", "/ /srv", NULL }, { "gate", "filesystems", PATH255, NULL, NULL },
	{ "gate", "filesystems", "auto, /", NULL, "or auto alone" }, { "gate", "filesystems", "/, auto", NULL, "or auto alone" },
	{ "gate", "filesystems", "", NULL, "filesystems names no mount point" }, { "gate", "filesystems", ", ,", NULL, "names no mount point" },
	{ "gate", "filesystems", PATH255 "0", NULL, "must be absolute paths of at most 255 bytes" },
	{ "gate", "exec_default", "deny", NULL, NULL }, { "gate", "exec_default", "dny", NULL, "must be allow | deny; did you mean 'deny'?" },
	{ "gate", "open_default", "deny", NULL, NULL }, { "gate", "open_default", "block", NULL, "must be allow | deny" },
	{ "gate", "deadline", "10ms", NULL, NULL }, { "gate", "deadline", "9ms", NULL, "must be a time of 10ms to 60s" },
	{ "gate", "deadline", "60s", "60000ms", NULL }, { "gate", "deadline", "1m", "60000ms", NULL },
	{ "gate", "deadline", "60001ms", NULL, "must be a time of 10ms to 60s, e.g. 500ms, 2s, 5m" },
	{ "gate", "deadline", "2", NULL, "must be a time" }, { "gate", "deadline", "2 s", NULL, "must be a time" },
	{ "gate", "deadline", "-2s", NULL, "must be a time" }, { "gate", "deadline", "0x10s", NULL, "must be a time" },
	{ "gate", "deadline", "18446744073709551616ms", NULL, "must be a time" }, { "gate", "deadline", "213503d", NULL, "must be a time" },
	{ "gate", "deadline", "", NULL, "must be a time" },
	{ "gate", "deadline_verdict", "deny", NULL, NULL }, { "gate", "deadline_verdict", "1", NULL, "must be allow | deny" },
	{ "records", "events", "off", NULL, NULL }, { "records", "events", "on", NULL, NULL },
	{ "records", "events", "no", NULL, "must be on | off" },
	{ "records", "sync", "batch", NULL, NULL }, { "records", "sync", "bach", NULL, "must be alert | batch; did you mean 'batch'?" },
	{ "records", "heartbeat", "10ms", NULL, NULL }, { "records", "heartbeat", "24h", "86400000ms", NULL },
	{ "records", "heartbeat", "1d", "86400000ms", NULL }, { "records", "heartbeat", "86400001ms", NULL, "must be a time of 10ms to 24h" },
	{ "records", "heartbeat", "9ms", NULL, "must be a time of 10ms to 24h" },
	{ "records", "segment_size", "1M", NULL, NULL }, { "records", "segment_size", "1G", "1024M", NULL },
	{ "records", "segment_size", "2048k", "2M", NULL }, { "records", "segment_size", "65535", NULL, "must be a size of 64k to 1G" },
	{ "records", "segment_size", "1025M", NULL, "must be a size of 64k to 1G" }, { "records", "segment_size", "1T", NULL, "must be a size" },
	{ "records", "keep_alerts", "1024G", NULL, NULL }, { "records", "keep_alerts", "-1", NULL, "must be a size of 64k to 1024G" },
	{ "records", "keep_events", "3G", NULL, NULL }, { "records", "keep_events", "off", NULL, "must be a size of 64k to 1024G" },
	{ "records", "keep_age", "30d", NULL, NULL }, { "records", "keep_age", "3651d", NULL, "must be a time of 10ms to 3650d" },
	{ "records", "fold", "off", NULL, NULL }, { "records", "fold", "10ms", NULL, NULL }, { "records", "fold", "1h", "3600000ms", NULL },
	{ "records", "flight", "off", NULL, NULL }, { "records", "flight", "1h", "3600000ms", NULL },
	{ "records", "flight", "61m", NULL, "must be a time of off | 10ms to 1h" },
	{ "records", "fold", "0s", NULL, "must be a time of off | 10ms to 1h" }, { "records", "fold", "61m", NULL, "must be a time of off" },
	{ "records", "fold", "on", NULL, "must be a time of off | 10ms to 1h" },
	{ "records", "journal", "auto", NULL, NULL }, { "records", "journal", "off", NULL, NULL }, { "records", "journal", "/run/j", NULL, NULL },
	{ "records", "journal", "on", NULL, "must be auto, off, or an absolute path" }, { "records", "journal", "", NULL, "must be auto, off" },
	{ "records", "journal", PATH107, NULL, NULL }, { "records", "journal", PATH107 "0", NULL, "is too long for a socket: at most 107 bytes" },
	{ "records", "syslog", "on", NULL, NULL }, { "records", "syslog", "off", NULL, NULL }, { "records", "syslog", "/dev/log", NULL, NULL },
	{ "records", "syslog", "auto", NULL, "must be on, off, or an absolute path" },
	{ "records", "metrics", "off", NULL, NULL }, { "records", "metrics", "/srv/m/yett.prom", NULL, NULL },
	{ "records", "metrics", PATH255, NULL, NULL }, { "records", "metrics", PATH255 "0", NULL, "is too long" },
	{ "records", "metrics", "on", NULL, "must be off, or an absolute path" },
	{ "records", "program", "off", NULL, NULL }, { "records", "program", "/bin/a", "|/bin/a|", NULL },
	{ "records", "program", "/bin/a  -b\tc", "|/bin/a|-b|c|", NULL },
	{ "records", "program", "/bin/a -b\n  c  d\n\t-e f", "|/bin/a|-b|c  d|-e f|", NULL },
	{ "records", "program", "a", NULL, "must be off, or a program by its absolute path and its arguments" },
	{ "records", "program", "", NULL, "must be off, or a program" },
	{ "records", "program", "/" ZEROS2040 " 00000", "|/" ZEROS2040 "|00000|", NULL },
	{ "records", "program", "/" ZEROS2040 " 000000", NULL, "is too long: program and arguments have at most 2047 bytes" },
	{ "records", "program_timeout", "1h", "3600000ms", NULL }, { "records", "program_timeout", "9ms", NULL, "must be a time of 10ms to 1h" },
	{ "records", "programs_at_once", "1", NULL, NULL }, { "records", "programs_at_once", "16", NULL, NULL },
	{ "records", "programs_at_once", "0", NULL, "must be a number, 1 to 16" }, { "records", "programs_at_once", "17", NULL, "1 to 16" },
	{ "records", "programs_at_once", "-1", NULL, "must be a number" }, { "records", "programs_at_once", "", NULL, "must be a number" },
	{ "records", "programs_per_minute", "6000", NULL, NULL }, { "records", "programs_per_minute", "6001", NULL, "1 to 6000" },
	{ "telemetry", "exec", "full", NULL, NULL }, { "telemetry", "exec", "on", NULL, "must be light | full" },
	{ "audit", "mode", "own", NULL, NULL }, { "audit", "mode", "multicast", NULL, NULL }, { "audit", "mode", "off", NULL, NULL },
	{ "telemetry", "digests", "on", NULL, NULL }, { "telemetry", "digests", "all", NULL, "must be off | on" },
	{ "audit", "mode", "multcast", NULL, "must be auto | own | multicast | off; did you mean 'multicast'?" },
};

static void
every_key_takes_its_values_and_no_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		const struct value *v = &values[i];
		char text[4000], now[CONFIG_ARGV + 100];
		struct config *c = malloc(sizeof(*c));
		struct faults faults;
		assert_non_null(c);
		snprintf(text, sizeof(text), "\n[%s]\n%s = %s\n", v->section, v->key, v->value);
		if (v->refused) {
			char told[200];
			snprintf(told, sizeof(told), "3 %s", v->refused);
			check_refused(text, told);
		} else {
			if (load(c, text, &faults))
				fail_msg("%s%s", text, faults.fault[0].why);
			assert_int_equal(faults.count, 0);
			show(c, find_key(v->section, v->key), now, sizeof(now));
			assert_string_equal(now, v->meaning ? v->meaning : v->value);
		}
		free(c);
	}
}

static void
every_key_has_values_that_are_taken_and_some_that_are_not(void **state)
{
	(void)state;
	size_t n;
	const struct config_key *k = config_keys(&n);

	assert_true(n > 10);
	for (size_t i = 0; i < n; i++) {
		unsigned taken = 0, refused = 0;
		for (size_t j = 0; j < COUNT(values); j++)
			if (strcmp(k[i].section, values[j].section) == 0 && strcmp(k[i].key, values[j].key) == 0)
				*(values[j].refused ? &refused : &taken) += 1;
		if (!taken || !refused)
			fail_msg("[%s] %s is not tested", k[i].section, k[i].key);
		assert_true(*k[i].values && *k[i].help);
	}
}

static void
without_a_file_every_key_is_at_its_default(void **state)
{
	(void)state;
	struct config *absent = malloc(sizeof(*absent)), *defaults = malloc(sizeof(*defaults));
	struct faults faults = { 0 };
	size_t n;
	const struct config_key *k = config_keys(&n);

	assert_true(absent && defaults);
	memset(absent, 0xff, sizeof(*absent));
	assert_int_equal(config_load(absent, "/proc/self/there/is/no/yett.conf", &faults), 0);
	assert_int_equal(faults.count, 0);
	config_defaults(defaults);
	assert_memory_equal(absent, defaults, sizeof(*defaults));
	for (size_t i = 0; i < n; i++) {
		char now[400];
		show(defaults, &k[i], now, sizeof(now));
		const char *standard = k[i].standard;
		assert_string_equal(now, strcmp(standard, "2s") == 0 ? "2000ms" : strcmp(standard, "60s") == 0 ? "60000ms" :
		    strcmp(standard, "10s") == 0 ? "10000ms" : strcmp(standard, "5m") == 0 ? "300000ms" : standard);
	}
	assert_int_equal(defaults->mode, MODE_MONITOR);		/* who installs yett blocks nothing yet */
	free(absent);
	free(defaults);
}

static void
the_defaults_as_they_are_told_are_the_defaults(void **state)
{
	(void)state;
	struct config *c = malloc(sizeof(*c)), *defaults = malloc(sizeof(*defaults));
	struct faults faults;
	char text[4096];
	size_t n, at = 0;
	const struct config_key *k = config_keys(&n);

	assert_true(c && defaults);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || strcmp(k[i - 1].section, k[i].section) != 0)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "[%s]\n", k[i].section);
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s = %s\n", k[i].key, k[i].standard);
	}
	assert_int_equal(load(c, text, &faults), 0);
	config_defaults(defaults);
	assert_memory_equal(c, defaults, sizeof(*c));
	free(c);
	free(defaults);
}

static void
a_key_is_set_once(void **state)
{
	(void)state;
	size_t n;
	const struct config_key *k = config_keys(&n);

	for (size_t i = 0; i < n; i++) {
		char text[400], told[100];
		snprintf(text, sizeof(text), "[%s]\n%s = %s\n%s = %s\n", k[i].section, k[i].key, k[i].standard, k[i].key, k[i].standard);
		snprintf(told, sizeof(told), "3 '%s' is already set in this section", k[i].key);
		check_refused(text, told);
	}
	check_refused("[gate]\nfilesystems = /\nfilesystems = /a\n  /b\n", "3 'filesystems' is already set in this section");
}

static void
a_key_that_is_no_list_has_one_line(void **state)
{
	(void)state;
	size_t n;
	const struct config_key *k = config_keys(&n);

	for (size_t i = 0; i < n; i++) {
		char text[400];
		snprintf(text, sizeof(text), "[%s]\n%s = %s\n  %s\n", k[i].section, k[i].key, k[i].standard, k[i].standard);
		check_refused(text, strcmp(k[i].key, "filesystems") == 0 ? "3 follows auto, which stands alone" :
		    strcmp(k[i].key, "program") == 0 ? "3 follows off, which stands alone" : "3 has one value, on one line");
	}
}

static void
sections_and_keys_are_known_and_near_ones_named(void **state)
{
	(void)state;
	check_refused("[agnet]\nmode = enforce\n", "1 unknown section [agnet]; did you mean 'agent'?");
	check_refused("[zzzzzzzz]\n", "1 unknown section [zzzzzzzz]");
	check_refused("[gate]\ndedline = 1s\n", "2 unknown key 'dedline' in [gate]; did you mean 'deadline'?");
	check_refused("[gate]\nzzzzzzzz = 1s\n  2s\n", "2 unknown key 'zzzzzzzz' in [gate]");
	check_refused("[agent]\nmdoe = enforce\n", "2 unknown key 'mdoe' in [agent]; did you mean 'mode'?");
	/* Right, but elsewhere. */
	check_refused("[agent]\ndeadline = 1s\n", "2 unknown key 'deadline' in [agent]; it belongs into [gate]");
	check_refused("[gate]\nmode = enforce\n", "2 unknown key 'mode' in [gate]");
	check_refused("mode = enforce\n", "1 a key before the first [section]");
	/* All at once. */
	check_refused("[agent]\nmode = x\nuser =\n[gate]\ndeadline = 1\nx = y\n[gate]\n",
	    "2 must be monitor\n3 must be a short\n5 must be a time\n6 unknown key 'x'\n7 [gate] again");
}

static void
there_are_64_mount_points_at_most(void **state)
{
	(void)state;
	struct config *c = malloc(sizeof(*c));
	struct faults faults;
	char text[2000];
	size_t at = (size_t)snprintf(text, sizeof(text), "[gate]\nfilesystems = /m0\n");

	assert_non_null(c);
	for (unsigned i = 1; i < CONFIG_FILESYSTEMS; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "  /m%u\n", i);
	assert_int_equal(load(c, text, &faults), 0);
	assert_int_equal(c->n_filesystems, CONFIG_FILESYSTEMS);
	assert_string_equal(c->filesystems[CONFIG_FILESYSTEMS - 1], "/m63");
	free(c);
	snprintf(text + at, sizeof(text) - at, "  /m64\n");
	check_refused(text, "66 at most 64 mount points");
}

static void
a_file_that_cannot_be_trusted_is_refused(void **state)
{
	(void)state;
	struct config *c = malloc(sizeof(*c));
	struct faults faults;

	assert_non_null(c);
	assert_int_equal(load(c, "[agent]\nmode = enforce\n", &faults), 0);
	assert_int_equal(c->mode, MODE_ENFORCE);
	assert_int_equal(chmod(file, 0666), 0);
	assert_int_equal(config_load(c, file, &faults), -EPERM);
	assert_int_equal(faults.errors, 1);
	assert_non_null(strstr(faults.fault[0].why, "writable by group or others"));
	assert_int_equal(config_load(c, "/proc", &faults), -EINVAL);
	assert_non_null(strstr(faults.fault[1].why, "not a regular file"));
	free(c);
}

static void
faults_of_before_are_not_those_of_this_file(void **state)
{
	(void)state;
	struct config *c = malloc(sizeof(*c));
	struct faults faults;

	assert_non_null(c);
	assert_int_equal(load(c, "[agent]\nmode = x\n", &faults), -EINVAL);
	assert_int_equal(config_load(c, "/proc/self/there/is/none", &faults), 0);
	assert_int_equal(faults.errors, 1);
	free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_takes_its_values_and_no_others),
		cmocka_unit_test(every_key_has_values_that_are_taken_and_some_that_are_not),
		cmocka_unit_test(without_a_file_every_key_is_at_its_default),
		cmocka_unit_test(the_defaults_as_they_are_told_are_the_defaults),
		cmocka_unit_test(a_key_is_set_once),
		cmocka_unit_test(a_key_that_is_no_list_has_one_line),
		cmocka_unit_test(sections_and_keys_are_known_and_near_ones_named),
		cmocka_unit_test(there_are_64_mount_points_at_most),
		cmocka_unit_test(a_file_that_cannot_be_trusted_is_refused),
		cmocka_unit_test(faults_of_before_are_not_those_of_this_file),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
