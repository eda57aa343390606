#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "watch/parse.h"

/* NAME = VALUE: a variable of what runs, not a job. */
static bool
variable(struct span line, struct span *name, struct span *value)
{
	const char *is = memchr(line.s, '=', line.n);

	if (!is)
		return false;
	*name = span_trim((struct span){ line.s, (size_t)(is - line.s) });
	*value = span_trim((struct span){ is + 1, line.n - (size_t)(is + 1 - line.s) });
	for (size_t i = 0; i < name->n; i++)
		if (name->s[i] == ' ' || name->s[i] == '\t' || name->s[i] == '*' || name->s[i] == '@')
			return false;
	return name->n != 0;
}

static void
put_variable(struct entries *e, struct span name, struct span value)
{
	struct value v;

	value_begin(&v, e);
	if (parse_secret_name(name))
		value_secret(&v, "value=", "(hidden)", value);
	else
		value_put(&v, "value=", value);
	entries_add(e, OBJECT_CRON, name, &v);
}

/* N words with the blanks between them. */
static struct span
words(struct span *rest, unsigned n)
{
	struct span first = span_word(rest), last = first;

	for (unsigned i = 1; i < n && last.n; i++)
		last = span_word(rest);
	return (struct span){ first.s, last.n ? (size_t)(last.s + last.n - first.s) : (size_t)(rest->s - first.s) };
}

/* A line of a crontab. USER NULL: it is in the line. */
static void
put_job(struct entries *e, struct span line, const struct span *user)
{
	struct value v;
	struct span name, value;

	line = span_trim(line);
	if (!line.n || *line.s == '#')
		return;
	if (variable(line, &name, &value)) {
		put_variable(e, name, value);
		return;
	}
	struct span when = words(&line, *line.s == '@' ? 1 : 5), who = user ? *user : span_word(&line);
	line = span_trim(line);
	if (!line.n)
		return;
	value_begin(&v, e);
	value_put(&v, "schedule=", when);
	value_put(&v, "user=", who);
	entries_add(e, OBJECT_CRON, line, &v);
}

void
parse_crontab(struct entries *e, const struct fact_file *f)
{
	struct span rest = f->text, line;

	while (span_line(&rest, &line))
		put_job(e, line, NULL);
}

void
parse_user_crontab(struct entries *e, const struct fact_file *f)
{
	struct span rest = f->text, line, user = parse_name(f->path);

	while (span_line(&rest, &line))
		put_job(e, line, &user);
}

/* Days, minutes to wait, a name, and the command, which root runs. */
void
parse_anacrontab(struct entries *e, const struct fact_file *f)
{
	struct span rest = f->text, line, name, text;
	struct value v;

	while (span_line(&rest, &line)) {
		line = span_trim(line);
		if (!line.n || *line.s == '#')
			continue;
		if (variable(line, &name, &text)) {
			put_variable(e, name, text);
			continue;
		}
		struct span period = span_word(&line), delay = span_word(&line), job = span_word(&line);
		line = span_trim(line);
		if (!line.n)
			continue;
		value_begin(&v, e);
		value_put(&v, "schedule=", period);
		value_put(&v, "delay=", delay);
		value_put(&v, "job=", job);
		value_put(&v, "user=", SPAN("root"));
		entries_add(e, OBJECT_CRON, line, &v);
	}
}

/* The letter of the queue, five hex digits of its number, eight of the minutes since 1970. */
static void
put_time(struct value *v, struct span name)
{
	char digits[9] = "", text[24];

	if (name.n != 14)
		return;
	memcpy(digits, name.s + 6, 8);
	unsigned long minutes = strtoul(digits, NULL, 16);
	if (strspn(digits, "0123456789abcdefABCDEF") != 8)
		return;
	snprintf(text, sizeof(text), "@%lu", minutes * 60);
	value_put(v, "schedule=", span_of(text));
}

/* What at(1) writes before the command: variables, and the directory. */
static bool
preamble(struct span line, bool *block)
{
	if (*block) {
		*block = !span_is(line, "}");
		return true;
	}
	*block = span_starts(line, "cd ") && span_ends(line, "{");
	return *block || !line.n || *line.s == '#' || span_starts(line, "umask ") || memmem(line.s, line.n, "; export ", 9) ||
	    span_starts(line, "export ") || span_starts(line, "${SHELL") || span_starts(line, "marcinDELIMITER");
}

/* A script with the environment of whoever asked for it; the job is what is not of at(1) itself. */
void
parse_at(struct entries *e, const struct fact_file *f)
{
	struct span rest = f->text, line, first = { NULL, 0 };
	struct value v;
	bool block = false;

	value_begin(&v, e);
	put_time(&v, parse_name(f->path));
	while (span_line(&rest, &line)) {
		line = span_trim(line);
		if (span_starts(line, "# atrun uid=")) {
			struct span ids = { line.s + 12, line.n - 12 };
			value_put(&v, "uid=", span_word(&ids));
		}
		if (!preamble(line, &block) && !first.s)
			first = line;
	}
	if (first.s)
		value_put(&v, "command=", (struct span){ first.s, f->text.n - (size_t)(first.s - f->text.s) });
	if (f->text.n)
		entries_add(e, OBJECT_AT, parse_name(f->path), &v);
}

/* The whole file is what runs. */
void
parse_program(struct entries *e, const struct fact_file *f)
{
	struct value v;
	char size[32];

	snprintf(size, sizeof(size), "%zu bytes", f->text.n);
	value_begin(&v, e);
	value_secret(&v, "content=", size, f->text);
	value_put(&v, "executable=", f->mode & 0111 ? SPAN("yes") : SPAN("no"));
	entries_add(e, parse_object(&f->fact), parse_name(f->path), &v);
}
