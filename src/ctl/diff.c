#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "ctl/commands.h"
#include "ctl/control.h"
#include "ctl/load.h"
#include "ctl/rejudge.h"
#include "ctl/term.h"
#include "policy/diff.h"

#define VALUE_MAX	4200	/* a line of a policy */

struct diff_options { bool records; };

struct showing {
	size_t		 added, removed, changed;
	const char	*section, *name;	/* shown last */
	json_t		*list, *last;		/* NULL: not asked for */
};

/* ---- Values of a key: separated by commas and lines, but not in quotes ---- */

/* Takes the next value off TEXT into OUT; false at the end. */
static bool
take_value(struct difference_text *text, char out[static VALUE_MAX])
{
	bool quoted = false;
	size_t n = 0;

	while (text->len && strchr(" \t\n,", text->at[0])) {
		text->at++;
		text->len--;
	}
	for (; text->len && (quoted || !strchr(",\n", text->at[0])); text->at++, text->len--) {
		quoted ^= text->at[0] == '"';
		if (n < VALUE_MAX - 1)
			out[n++] = text->at[0];
	}
	while (n && strchr(" \t", out[n - 1]))
		n--;
	out[n] = '\0';
	return n != 0;
}

static bool
has_value(struct difference_text text, const char *value)
{
	char one[VALUE_MAX];

	while (text.at && take_value(&text, one))
		if (strcmp(one, value) == 0)
			return true;
	return false;
}

static unsigned
count_values(struct difference_text text)
{
	char one[VALUE_MAX];
	unsigned n = 0;

	while (text.at && take_value(&text, one))
		n++;
	return n;
}

/* Values of A that B lacks, each behind SIGN; how many. */
static unsigned
show_lacking(struct difference_text a, struct difference_text b, const char *sign)
{
	char one[VALUE_MAX], head[16];
	unsigned n = 0;

	while (a.at && take_value(&a, one)) {
		if (has_value(b, one))
			continue;
		snprintf(head, sizeof(head), "        %s", sign);
		term_definition(head, 10, one);
		n++;
	}
	return n;
}

static void
show_key(const struct difference *d)
{
	char text[2 * VALUE_MAX + 8], head[80], old[VALUE_MAX] = "", new[VALUE_MAX] = "";
	struct difference_text a = d->old, b = d->new;

	snprintf(head, sizeof(head), "    %.*s", (int)(d->key.len < 60 ? d->key.len : 60), d->key.at);
	if (count_values(d->old) > 1 || count_values(d->new) > 1) {
		term_put(stdout, head, strlen(head));
		putchar('\n');
		if (show_lacking(d->old, d->new, "-") + show_lacking(d->new, d->old, "+") == 0)
			term_definition("", 8, "        in another order");
		return;
	}
	bool was = a.at && take_value(&a, old), is = b.at && take_value(&b, new);
	snprintf(text, sizeof(text), "%s -> %s", was ? old : "(not set)", is ? new : "(not set)");
	term_definition(head, 28, text);
}

/* ---- Sections ---- */

static void
show_head(const struct difference *d)
{
	static const struct { const char *sign; enum color color; } hows[] = {
		[DIFFERENCE_ADDED] = { "+", COLOR_GOOD }, [DIFFERENCE_REMOVED] = { "-", COLOR_BAD }, [DIFFERENCE_CHANGED] = { "~", COLOR_ODD },
	};
	char what[128], where[300];

	snprintf(what, sizeof(what), "%s%s%s", d->section, *d->name ? " " : "", d->name);
	snprintf(where, sizeof(where), "%s:%d", d->file, d->line);
	term_word(hows[d->how].color, hows[d->how].sign, 2);
	term_definition(what, 34, *d->file ? where : "");
}

static json_t *
text_json(struct difference_text t)
{
	return t.at ? json_stringn(t.at, t.len) : json_null();
}

static void
keep_json(struct showing *s, const struct difference *d, bool fresh)
{
	static const char *const hows[] = { [DIFFERENCE_ADDED] = "added", [DIFFERENCE_REMOVED] = "removed", [DIFFERENCE_CHANGED] = "changed" };

	if (fresh) {
		s->last = json_pack("{ss ss ss ss si so}", "change", hows[d->how], "section", d->section, "name", d->name, "file", d->file,
		    "line", d->line, "keys", json_array());
		json_array_append_new(s->list, s->last);
	}
	if (d->how == DIFFERENCE_CHANGED)
		json_array_append_new(json_object_get(s->last, "keys"), json_pack("{so so so}", "key", text_json(d->key), "old", text_json(d->old),
		    "new", text_json(d->new)));
}

static void
on_difference(void *arg, const struct difference *d)
{
	struct showing *s = arg;
	bool fresh = !s->section || strcmp(s->section, d->section) != 0 || strcmp(s->name, d->name) != 0;

	s->section = d->section;
	s->name = d->name;
	s->added += d->how == DIFFERENCE_ADDED;
	s->removed += d->how == DIFFERENCE_REMOVED;
	s->changed += d->how == DIFFERENCE_CHANGED && fresh;
	if (s->list) {
		keep_json(s, d, fresh);
		return;
	}
	if (fresh)
		show_head(d);
	if (d->how == DIFFERENCE_CHANGED)
		show_key(d);
}

/* ---- What is in force ---- */

static void
show_json(struct showing *s, const struct policy *force, const struct policy *disk, const char *about)
{
	json_t *state = json_loads(about, JSON_REJECT_DUPLICATES, NULL);
	json_t *all = json_pack("{sb ss ss so so}", "same", s->added + s->removed + s->changed == 0, "hash_in_force", policy_hash(force),
	    "hash_on_disk", policy_hash(disk), "in_force", state ? state : json_null(), "changes", s->list);

	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static enum answer
compare(struct ctl *ctl, const struct policy *disk)
{
	static struct control_reply reply;
	struct showing s = { .list = ctl->json ? json_array() : NULL };
	const struct policy *force;
	enum answer a = load_in_force(ctl, &force, &reply);

	if (a != ANSWER_DONE) {
		json_decref(s.list);
		return a;
	}
	int err = policy_diff(force, disk, on_difference, &s);
	size_t n = s.added + s.removed + s.changed;
	if (err)
		ctl_error("no memory");
	else if (ctl->json)
		show_json(&s, force, disk, reply.text);
	else if (n)
		printf("%zu added, %zu removed, %zu changed. To put it in force: yettctl reload\n", s.added, s.removed, s.changed);
	else
		printf("What is on disk is in force: %u rules.\n", policy_rules(disk));
	policy_close(force);
	return err ? ANSWER_BROKEN : n ? ANSWER_NO : ANSWER_DONE;
}

static enum answer
diff_run(struct ctl *ctl, const void *options, char **operands)
{
	const struct diff_options *o = options;
	const struct policy *disk;

	if (operands[0] && !o->records) {
		ctl_error("'policy diff' takes files only with --against-records. See: yettctl policy diff --help");
		return ANSWER_USAGE;
	}
	enum answer a = load_policy(ctl, &disk);
	if (a != ANSWER_DONE)
		return a;
	a = o->records ? rejudge(ctl, disk, operands) : compare(ctl, disk);
	policy_close(disk);
	return a;
}

static const struct option_row diff_rows[] = {
	{ "against-records", 'r', OPTION_FLAG, offsetof(struct diff_options, records), NULL,
	    "judge what was recorded, in FILE or in the log, by what is on disk" },
	{ 0 }
};

const struct command diff_command = { .name = "policy diff", .operands = "[FILE...]", .options = diff_rows,
	.size = sizeof(struct diff_options), .most = 64, .config = true, .run = diff_run,
	.help = "what is on disk against what is in force: rules, lists, exceptions, modes; or what recorded events would come to; "
	"exit 0 nothing changes, 1 something does" };
