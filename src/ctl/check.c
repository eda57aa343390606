#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/costs.h"
#include "ctl/load.h"
#include "ctl/places.h"
#include "ctl/rules.h"
#include "ctl/term.h"
#include "judge/guard.h"
#include "judge/judge.h"
#include "judge/lint.h"
#include "policy/read.h"

struct check_options { bool verbose, force; };

#define SHOWN_MAX	200	/* warnings that are printed one by one */

/* What was found in all that was checked. */
struct tally {
	struct ctl	*ctl;
	bool		 verbose, force;
	size_t		 files, rules, errors, warnings;
	json_t		*faults, *list, *places;	/* NULL: not asked for */
	bool		 own;			/* what yettd reads too */
};

static void
tally_fault(struct tally *t, const struct fault *f)
{
	t->warnings += f->warning;
	if (t->faults)
		json_array_append_new(t->faults, json_pack("{ss si ss ss}", "file", f->file, "line", f->line,
		    "severity", f->warning ? "warning" : "error", "why", f->why));
	else if (!f->warning || t->warnings <= SHOWN_MAX)
		term_fault(stderr, f);
}

static void
tally_faults(struct tally *t, const struct faults *faults)
{
	t->errors += faults->errors;
	for (size_t i = 0; i < faults->count; i++)
		tally_fault(t, &faults->fault[i]);
	if (faults->errors > faults->count && !t->faults)
		fprintf(stderr, "%zu more errors\n", faults->errors - faults->count);
}

static void
on_lint(void *arg, const struct fault *f)
{
	tally_fault(arg, f);
}

/* What this host would lose by it. */
static enum answer
tally_guard(struct tally *t, const struct policy *policy)
{
	const struct config *c = &t->ctl->config;
	struct faults faults = { 0 };
	struct host_ask ask;
	struct host host;

	guard_wants(policy, &ask);
	ask.filesystems = c->filesystems_auto ? NULL : c->filesystems;
	ask.n_filesystems = c->n_filesystems;
	int err = host_collect(&host, &ask);
	if (err) {
		ctl_error("what the policies would take from this host cannot be told: %s", strerror(-err));
		return ANSWER_BROKEN;
	}
	guard(&(struct guard_ask){ .policy = policy, .host = &host, .wall_ns = now_wall_ns(), .boot_ns = now_boot_ns(), .forced = t->force },
	    &faults);
	host_done(&host);
	tally_faults(t, &faults);
	return faults.errors ? ANSWER_INVALID : ANSWER_DONE;
}

/* FD is what a compilation returned. */
static enum answer
tally_policy(struct tally *t, int fd, const struct faults *faults)
{
	const struct policy *policy;

	tally_faults(t, faults);
	if (fd < 0 && faults->errors == 0) {
		ctl_error("the policies cannot be read: %s", strerror(-fd));
		return ANSWER_INVALID;
	}
	if (fd < 0)
		return ANSWER_INVALID;
	int err = policy_open(fd, &policy);
	close(fd);
	if (err) {
		ctl_error("the compiled policy cannot be used: %s", strerror(-err));
		return ANSWER_BROKEN;
	}
	t->rules += policy_rules(policy);
	if (lint(&(struct lint_ask){ .policy = policy, .wall_ns = now_wall_ns(), .shipped = t->ctl->config.vendor_policies }, on_lint, t))
		ctl_error("no memory: not all that is hardly meant was told");
	enum answer a = tally_guard(t, policy);
	if (t->list) {
		json_t *all = rules_json_all(policy);
		json_array_extend(t->list, all);
		json_decref(all);
		json_t *places = places_json(t->ctl, policy, t->own);
		json_array_extend(t->places, places);
		json_decref(places);
	} else if (t->verbose) {
		costs_show(policy);
		places_show(t->ctl, policy, t->own);
	}
	policy_close(policy);
	return a;
}

/* Policy files in DIR that no file of the same name in OVER replaces. */
static size_t
count_files(const char *dir, const char *over)
{
	CLEANUP_DIR DIR *d = dir && *dir ? opendir(dir) : NULL;
	size_t n = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		const char *end = strrchr(e->d_name, '.');
		char path[512];
		struct stat st;
		if (!end || strcmp(end, ".ini") != 0 || e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", over ? over : dir, e->d_name);
		bool there = stat(path, &st) == 0;
		n += over ? !there : there && S_ISREG(st.st_mode);
	}
	return n;
}

/* Beside all others that the configuration names, whose lists and rules it may use; one of its name makes way. */
static enum answer
check_file(struct tally *t, const char *path)
{
	struct policy_sources sources;
	struct faults faults = { 0 };
	CLEANUP_FREE char *text = NULL;
	size_t len;

	load_sources(&t->ctl->config, &sources);
	sources.judge = judge;
	int err = read_file(path, &faults, &text, &len);
	sources.instead.name = path;
	sources.instead.text = text;
	sources.instead.len = len;
	t->files++;
	return tally_policy(t, err ? err : policy_build(&sources, &faults), &faults);
}

static enum answer
check_directories(struct tally *t, const char *vendor, const char *own)
{
	struct policy_sources sources;
	struct faults faults = { 0 };

	load_sources(&t->ctl->config, &sources);
	sources.vendor_policies = vendor;
	sources.policies = own;
	sources.judge = judge;
	t->files += count_files(own, NULL) + count_files(vendor, own);
	return tally_policy(t, policy_build(&sources, &faults), &faults);
}

static enum answer
check_path(struct tally *t, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		ctl_error("%s: %s", path, strerror(errno));
		return ANSWER_INVALID;
	}
	return S_ISDIR(st.st_mode) ? check_directories(t, NULL, path) : check_file(t, path);
}

/* The configuration too is checked; where it is wrong, the policies are checked with what is standard. */
static enum answer
check_config(struct tally *t)
{
	struct ctl *ctl = t->ctl;
	const char *path = ctl->config_path ? ctl->config_path : CTL_CONFIG;
	struct faults faults = { 0 };

	if (ctl->config_path && access(path, F_OK) != 0) {
		ctl_error("%s: %s", path, strerror(errno));
		return ANSWER_INVALID;
	}
	config_defaults(&ctl->config);
	int err = config_load(&ctl->config, path, &faults);
	tally_faults(t, &faults);
	if (err)
		config_defaults(&ctl->config);
	return err ? ANSWER_INVALID : ANSWER_DONE;
}

static enum answer
check_run(struct ctl *ctl, const void *options, char **operands)
{
	const struct check_options *o = options;
	struct tally t = { .ctl = ctl, .verbose = o->verbose, .force = o->force };

	if (ctl->json) {
		t.faults = json_array();
		t.list = json_array();
		t.places = json_array();
	}
	enum answer worst = check_config(&t), a = ANSWER_DONE;
	t.own = !operands[0];
	if (!operands[0] && worst == ANSWER_DONE)
		a = check_directories(&t, ctl->config.vendor_policies, ctl->config.policies);
	for (; operands[0]; operands++) {
		enum answer one = check_path(&t, operands[0]);
		a = one > a ? one : a;
	}
	worst = a > worst ? a : worst;
	if (ctl->json) {
		json_t *all = json_pack("{sb sI sI sI sI so so so}", "valid", worst == ANSWER_DONE, "files", (json_int_t)t.files, "rules",
		    (json_int_t)t.rules, "errors", (json_int_t)t.errors, "warnings", (json_int_t)t.warnings, "faults", t.faults, "list", t.list,
		    "places", t.places);
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(all);
		return worst;
	}
	printf("%zu file%s, %zu rule%s, %zu error%s, %zu warning%s\n", t.files, t.files == 1 ? "" : "s", t.rules, t.rules == 1 ? "" : "s",
	    t.errors, t.errors == 1 ? "" : "s", t.warnings, t.warnings == 1 ? "" : "s");
	return worst;
}

static const struct option_row check_rows[] = {
	{ "verbose", 'v', OPTION_FLAG, offsetof(struct check_options, verbose), NULL,
	    "what each rule can do, what it asks of the kernel, and what it costs" },
	{ "force", 'f', OPTION_FLAG, offsetof(struct check_options, force), NULL, "only warn of what would lock the admins out" },
	{ 0 }
};

const struct command check_command = { .name = "policy check", .operands = "[PATH...]", .options = check_rows,
	.size = sizeof(struct check_options), .most = 64, .run = check_run,
	.help = "checks configuration and policies, or the files and directories named, as yettd would before it uses them; "
	"exit 0 valid, 3 not" };
