#include <string.h>
#include "watch/parse.h"

static parse_fn *const parsers[FORMAT__MAX] = {
	[FORMAT_PASSWD] = parse_passwd, [FORMAT_SHADOW] = parse_shadow, [FORMAT_GROUP] = parse_group, [FORMAT_GSHADOW] = parse_gshadow,
	[FORMAT_SUDOERS] = parse_sudoers, [FORMAT_KEYS] = parse_keys, [FORMAT_PAM] = parse_pam, [FORMAT_PRELOAD] = parse_preload,
	[FORMAT_SSHD] = parse_sshd, [FORMAT_CRONTAB] = parse_crontab, [FORMAT_ANACRONTAB] = parse_anacrontab,
	[FORMAT_USER_CRONTAB] = parse_user_crontab, [FORMAT_AT] = parse_at, [FORMAT_PROGRAM] = parse_program, [FORMAT_UNIT] = parse_unit,
};

static const enum change_object wholes[FORMAT__MAX] = {
	[FORMAT_PASSWD] = OBJECT_USER, [FORMAT_SHADOW] = OBJECT_PASSWORD, [FORMAT_GROUP] = OBJECT_GROUP, [FORMAT_GSHADOW] = OBJECT_SHADOW_GROUP,
	[FORMAT_SUDOERS] = OBJECT_SUDOERS, [FORMAT_KEYS] = OBJECT_KEY, [FORMAT_PAM] = OBJECT_PAM, [FORMAT_PRELOAD] = OBJECT_PRELOAD,
	[FORMAT_SSHD] = OBJECT_SSHD, [FORMAT_CRONTAB] = OBJECT_CRON, [FORMAT_ANACRONTAB] = OBJECT_CRON, [FORMAT_USER_CRONTAB] = OBJECT_CRON,
	[FORMAT_AT] = OBJECT_AT, [FORMAT_PROGRAM] = OBJECT_CRON, [FORMAT_UNIT] = OBJECT_UNIT,
};

enum change_object
parse_object(const struct fact *f)
{
	if (f->format == FORMAT_PROGRAM && f->kind == EVENT_SERVICE)
		return OBJECT_INIT;
	return f->format == FORMAT_UNIT && f->kind == EVENT_SCHEDULE ? OBJECT_TIMER : wholes[f->format];
}

struct span
parse_name(struct span path)
{
	const char *slash = path.n ? memrchr(path.s, '/', path.n) : NULL;

	return slash ? (struct span){ slash + 1, path.n - (size_t)(slash + 1 - path.s) } : path;
}

struct span
parse_directory(struct span path)
{
	size_t name = parse_name(path).n;

	return parse_name((struct span){ path.s, path.n > name ? path.n - name - 1 : 0 });
}

bool
parse_secret_name(struct span name)
{
	static const char *const words[] = { "PASS", "SECRET", "TOKEN", "KEY", "CRED", "AUTH" };
	char text[64];
	size_t n = name.n < sizeof(text) - 1 ? name.n : sizeof(text) - 1;

	for (size_t i = 0; i < n; i++)
		text[i] = name.s[i] >= 'a' && name.s[i] <= 'z' ? (char)(name.s[i] - 'a' + 'A') : name.s[i];
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(text, n, words[i], strlen(words[i])))
			return true;
	return false;
}

/* A comment ends with its line, whatever stands at its end; one between lines that go on is not there. */
static bool
comment(struct span line)
{
	return line.n && (*line.s == '#' || *line.s == ';');
}

bool
parse_joined(struct span *rest, char *buf, size_t size, struct span *line)
{
	struct span part;
	size_t n = 0;
	bool more = true, any = false;

	while (more && span_line(rest, &part)) {
		part = span_trim(part);
		if (any && comment(part))
			continue;
		more = span_ends(part, "\\") && !comment(part);
		any = true;
		if (more)
			part.n--;
		if (n + part.n >= size)
			break;
		memmove(buf + n, part.s, part.n);
		n += part.n;
		if (more)
			buf[n++] = ' ';
	}
	*line = span_trim((struct span){ buf, n });
	return any;
}

/* A file that is a link to another one says no more than that: what is there is told where it is. */
static void
parse_link(struct entries *e, const struct fact_file *f)
{
	struct value v;

	value_begin(&v, e);
	value_put(&v, "link=", f->text);
	entries_add(e, parse_object(&f->fact), parse_name(f->path), &v);
}

void
parse_file(struct entries *e, const struct fact_file *f)
{
	if (!f->link)
		parsers[f->fact.format](e, f);
	else if (f->fact.format == FORMAT_UNIT)
		parse_unit_link(e, f);
	else
		parse_link(e, f);
}
