#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "ctl/commands.h"
#include "ctl/load.h"
#include "ctl/sigma_files.h"
#include "ctl/term.h"

struct sigma_options { const char *output; struct words expand; bool live, verbose; };

/* One import: what is read, and what is told of it. */
struct import {
	struct ctl	*ctl;
	const struct sigma_options *o;
	struct sigma_import imp;
	bool		 directory;		/* -o names one */
	const char	**written;		/* file for each source; NULL: none */
	unsigned	 rules, converted, in_part, waiting;
	FILE		*say;			/* the summary; policies may be on stdout */
};

/* --- policies out --- */

static enum answer
write_policy(const char *path, const char *text)
{
	int err = sigma_policy_write(path, text);

	if (err == -EEXIST)
		ctl_error("%s is there and was not imported from Sigma: name another place with --output", path);
	else if (err)
		ctl_error("%s: %s", path, strerror(-err));
	return !err ? ANSWER_DONE : err == -EACCES || err == -EPERM || err == -EROFS ? ANSWER_FORBIDDEN : ANSWER_BROKEN;
}

static enum answer
write_each(struct import *i)
{
	struct names given = { 0 };
	enum answer a = ANSWER_DONE;

	for (const struct sigma_rule *r = i->imp.first; r && a == ANSWER_DONE; r = r->next) {
		const char *slash = i->o->output[strlen(i->o->output) - 1] == '/' ? "" : "/";
		const char *text = i->written[r->source] ? NULL : sigma_policy(&i->imp, (int)r->source, i->o->live);
		if (!text)
			continue;
		i->written[r->source] = sigma_print(i->imp.pool, "%s%s%s", i->o->output, slash, sigma_policy_name(&i->imp, &given, r->file));
		a = write_policy(i->written[r->source], text);
	}
	names_done(&given);
	return a;
}

static enum answer
write_policies(struct import *i)
{
	const char *text;

	if (i->directory)
		return write_each(i);
	text = sigma_policy(&i->imp, -1, i->o->live);
	if (!text)
		return ANSWER_DONE;
	for (unsigned s = 0; s < i->imp.sources; s++)
		i->written[s] = i->o->output;
	if (i->o->output)
		return write_policy(i->o->output, text);
	if (!i->ctl->json)
		fputs(text, stdout);
	return ANSWER_DONE;
}

/* A directory that is there, or one that a name with a slash behind it asks for. */
static enum answer
find_output(struct import *i)
{
	const char *path = i->o->output;
	struct stat st;

	i->say = path ? stdout : stderr;
	if (!path)
		return ANSWER_DONE;
	if (!*path) {
		ctl_error("--output needs a file or a directory");
		return ANSWER_USAGE;
	}
	i->directory = stat(path, &st) == 0 ? S_ISDIR(st.st_mode) : path[strlen(path) - 1] == '/';
	if (i->directory && mkdir(path, 0755) < 0 && errno != EEXIST) {
		ctl_error("%s: %s", path, strerror(errno));
		return errno == EACCES || errno == EPERM ? ANSWER_FORBIDDEN : ANSWER_BROKEN;
	}
	return ANSWER_DONE;
}

/* --- the report --- */

static bool
is_rule(const struct sigma_rule *r)
{
	return r->doc != SIGMA_DOC_FILTER;
}

static void
count(struct import *i)
{
	for (const struct sigma_rule *r = i->imp.first; r; r = r->next) {
		if (!is_rule(r))
			continue;
		i->rules++;
		i->converted += !r->reason;
		i->in_part += !r->reason && r->left.n;
		i->waiting += !r->reason && r->lacks.n;
	}
}

/* "FILE: TITLE: WHAT WHY", of text that strangers chose. */
static void
say(const struct import *i, const struct sigma_rule *r, const char *what, const char *why)
{
	term_put(i->say, r->file, strlen(r->file));
	if (r->doc != SIGMA_DOC_BROKEN) {
		fputs(": ", i->say);
		term_put(i->say, r->title, strlen(r->title));
	}
	fprintf(i->say, ": %s", what);
	term_put(i->say, why, strlen(why));
	fputc('\n', i->say);
}

/* What it costs that a rule names no places. */
static const char *
reach_of(const struct sigma_import *imp, const struct sigma_rule *r)
{
	const char *asks = r->everywhere & WATCH_ASKED ? "asks about every file that is opened" : "";
	char heard[128];

	load_kinds(policy_watch_kinds(r->everywhere & WATCH_HEARD), heard, sizeof(heard));
	return sigma_print(imp->pool, "%s%s%s%s on this host", asks, *asks && *heard ? ", and " : "", *heard ? "is told of each " : "", heard);
}

static void
say_rule(const struct import *i, const struct sigma_rule *r)
{
	if (r->reason) {
		say(i, r, "", r->reason);
		return;
	}
	for (const struct sigma_line *l = r->left.first; l; l = l->next)
		say(i, r, "in part: ", l->text);
	if (r->everywhere)
		say(i, r, reach_of(&i->imp, r), "");
	for (const struct sigma_line *l = i->o->verbose ? r->lacks.first : NULL; l; l = l->next)
		say(i, r, "waits for ", l->text);
	for (const struct sigma_made *m = i->o->verbose ? r->made : NULL; m; m = m->next)
		say(i, r, "is ", m->name);
}

/* What this version lacks, and for how many rules. */
static void
say_lacks(const struct import *i)
{
	struct sigma_lines all = { 0 };

	for (const struct sigma_rule *r = i->imp.first; r; r = r->next)
		for (const struct sigma_line *l = r->reason ? NULL : r->lacks.first; l; l = l->next)
			sigma_line_add(i->imp.pool, &all, l->text);
	fprintf(i->say, "%u of them wait%s for what this version lacks:", i->waiting, i->waiting == 1 ? "s" : "");
	for (const struct sigma_line *l = all.first; l; l = l->next) {
		unsigned n = 0;
		for (const struct sigma_rule *r = i->imp.first; r; r = r->next)
			for (const struct sigma_line *own = r->reason ? NULL : r->lacks.first; own; own = own->next)
				n += strcmp(own->text, l->text) == 0;
		fprintf(i->say, "%s %s (%u)", l == all.first ? "" : ",", l->text, n);
	}
	fputc('\n', i->say);
}

static void
say_all(const struct import *i)
{
	fflush(stdout);
	for (const struct sigma_rule *r = i->imp.first; r; r = r->next)
		say_rule(i, r);
	fprintf(i->say, "converted %u of %u rule%s", i->converted, i->rules, i->rules == 1 ? "" : "s");
	if (i->in_part)
		fprintf(i->say, ", %u in part", i->in_part);
	fputc('\n', i->say);
	if (i->waiting)
		say_lacks(i);
}

static json_t *
json_lines(const struct sigma_lines *lines)
{
	json_t *list = json_array();

	for (const struct sigma_line *l = lines->first; l; l = l->next)
		json_array_append_new(list, json_string(l->text));
	return list;
}

static json_t *
json_rule(const struct import *i, const struct sigma_rule *r)
{
	const char *output = !r->reason && is_rule(r) ? i->written[r->source] : NULL;
	json_t *names = json_array(), *notes = json_lines(&r->notes), *one;

	for (const struct sigma_made *m = r->reason ? NULL : r->made; m; m = m->next)
		json_array_append_new(names, json_string(m->name));
	if (r->correlation && !r->reason)
		json_array_append_new(names, json_string(r->correlation));
	if (r->everywhere)
		json_array_append_new(notes, json_string(sigma_print(i->imp.pool, "It %s.", reach_of(&i->imp, r))));
	one = json_pack("{ss ss ss? sb ss? so so so so ss?}", "file", r->file, "title", r->title, "id", r->id, "converted", !r->reason,
	    "reason", r->reason, "rules", names, "left_out", json_lines(&r->left), "lacks", json_lines(&r->lacks), "notes",
	    notes, "output", output);
	if (!i->o->output && !r->reason && r->text)
		json_object_set_new(one, "policy", json_string(r->text));
	return one;
}

static void
json_all(const struct import *i)
{
	json_t *list = json_array();

	for (const struct sigma_rule *r = i->imp.first; r; r = r->next)
		if (is_rule(r) || r->reason)
			json_array_append_new(list, json_rule(i, r));
	json_t *all = json_pack("{sI sI sI sI sI so}", "files", (json_int_t)i->imp.sources, "rules", (json_int_t)i->rules, "converted",
	    (json_int_t)i->converted, "in_part", (json_int_t)i->in_part, "waiting", (json_int_t)i->waiting, "list", list);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

/* --- the command --- */

static enum answer
check_expand(const struct words *words)
{
	for (unsigned i = 0; i < words->n; i++) {
		if (strchr(words->at[i], '=') && words->at[i][0] != '=')
			continue;
		ctl_error("--expand is NAME=VALUE,..., not '%s'", words->at[i]);
		return ANSWER_USAGE;
	}
	return ANSWER_DONE;
}

static enum answer
import_all(struct import *i, char **paths)
{
	enum answer a = check_expand(&i->o->expand);

	if (a == ANSWER_DONE)
		a = find_output(i);
	if (a != ANSWER_DONE)
		return a;
	for (; *paths; paths++)
		sigma_add_path(&i->imp, *paths);
	i->written = sigma_take(i->imp.pool, (i->imp.sources + 1) * sizeof(i->written[0]));
	sigma_convert(&i->imp);
	sigma_check(&i->imp);
	a = write_policies(i);
	count(i);
	if (i->ctl->json)
		json_all(i);
	else
		say_all(i);
	return a != ANSWER_DONE ? a : i->converted < i->rules || i->in_part ? ANSWER_NO : ANSWER_DONE;
}

static enum answer
sigma_run(struct ctl *ctl, const void *options, char **operands)
{
	const struct sigma_options *o = options;
	struct pool pool = { 0 };
	struct import i = { .ctl = ctl, .o = o, .imp = { .pool = &pool, .expand = o->expand.at, .n_expand = o->expand.n } };
	enum answer a = import_all(&i, operands);

	names_done(&i.imp.names);
	pool_done(&pool);
	return a;
}

static const struct option_row sigma_rows[] = {
	{ "output", 'o', OPTION_TEXT, offsetof(struct sigma_options, output), "PLACE", "a directory, for a file of each FILE, or one file" },
	{ "expand", 0, OPTION_WORDS, offsetof(struct sigma_options, expand), "NAME=VALUE,...",
	    "what %NAME% in the rules stands for; again for others" },
	{ "all", 0, OPTION_FLAG, offsetof(struct sigma_options, live), NULL,
	    "also what this version cannot load; else that is in the file as a comment" },
	{ "verbose", 'v', OPTION_FLAG, offsetof(struct sigma_options, verbose), NULL, "also say what was converted to what" },
	{ 0 }
};

const struct command import_sigma_command = { .name = "policy import-sigma", .operands = "FILE...", .options = sigma_rows,
	.size = sizeof(struct sigma_options), .least = 1, .most = 1 << 20, .run = sigma_run,
	.help = "makes a policy of Sigma rules (files, or directories of *.yml), and says which cannot be one and why; exit 0 all converted, "
	"1 some not, or not all of them" };
