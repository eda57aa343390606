#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "watch/parse.h"

#define SHOWN_MAX 900

/* Settings that decide what runs, as whom, when, and what starts it. A `*` ends a beginning. */
static const char *const settings[] = {
	"Exec*", "User", "Group", "DynamicUser", "PAMName", "Environment", "EnvironmentFile", "PassEnvironment", "WorkingDirectory",
	"RootDirectory", "RootImage", "BindPaths", "BindReadOnlyPaths", "CapabilityBoundingSet", "AmbientCapabilities", "NoNewPrivileges",
	"Type", "Restart", "BusName", "LoadCredential", "SetCredential", "StandardInput", "StandardOutput", "StandardError", "TTYPath",
	"OnCalendar", "OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec", "OnClockChange", "OnTimezoneChange",
	"Persistent", "Unit", "Listen*", "Accept", "Service", "SocketUser", "SocketGroup", "SocketMode", "Path*", "DirectoryNotEmpty",
	"MakeDirectory", "WantedBy", "RequiredBy", "UpheldBy", "Alias", "Also", "Wants", "Requires", "OnFailure", "OnSuccess",
};

static bool
is_setting(struct span key)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		size_t n = strlen(settings[i]);
		bool open = settings[i][n - 1] == '*';
		if (open ? key.n >= n - 1 && memcmp(key.s, settings[i], n - 1) == 0 : span_is(key, settings[i]))
			return true;
	}
	return false;
}

/* Assignments of an environment without the values of those that sound secret. Returns the length, 0: there are none. */
static size_t
without_secrets(struct span text, char out[SHOWN_MAX])
{
	size_t n = 0, at = 0;
	bool found = false;

	while (at < text.n && n < SHOWN_MAX - 16) {
		size_t from = at;
		while (at < text.n && text.s[at] != ' ' && text.s[at] != '=')
			at++;
		struct span name = { text.s + from, at - from };
		for (size_t i = from; i < at && n < SHOWN_MAX - 16; i++)
			out[n++] = text.s[i];
		bool secret = at < text.n && text.s[at] == '=' && parse_secret_name(name);
		bool quoted = name.n && (*name.s == '"' || *name.s == '\'');
		found = found || secret;
		if (secret)
			n += (size_t)snprintf(out + n, SHOWN_MAX - n, "=(hidden)");
		while (at < text.n && (quoted ? text.s[at] != *name.s : text.s[at] != ' ')) {
			if (!secret && n < SHOWN_MAX - 16)
				out[n++] = text.s[at];
			at++;
		}
		for (bool first = true; at < text.n && (first || text.s[at] == ' '); first = false, at++)
			if (n < SHOWN_MAX - 16)
				out[n++] = text.s[at];
	}
	out[n] = '\0';
	return found ? n : 0;
}

static void
put_setting(struct entries *e, const struct fact_file *f, struct span key, struct span text)
{
	struct value v;
	char shown[SHOWN_MAX];

	value_begin(&v, e);
	if (span_is(key, "SetCredential"))
		value_secret(&v, "", "(hidden)", text);
	else if (span_is(key, "Environment") && without_secrets(text, shown))
		value_secret(&v, "", shown, text);
	else
		value_put(&v, "", text);
	entries_add(e, parse_object(&f->fact), key, &v);
}

/* A drop-in is a part of the unit that its directory is named after. */
static struct span
unit_of(const struct fact_file *f)
{
	struct span name = parse_name(f->path), dir = parse_directory(f->path);

	return span_ends(dir, ".d") ? (struct span){ dir.s, dir.n - 2 } : name;
}

/* The file is an entry, too: it comes and goes, and the settings that are not told one by one belong to it. */
void
parse_unit(struct entries *e, const struct fact_file *f)
{
	CLEANUP_FREE char *buf = malloc(f->text.n + 1), *others = malloc(2 * f->text.n + 1);
	struct span rest = f->text, line;
	struct value v;
	size_t n = 0;

	while (buf && others && parse_joined(&rest, buf, f->text.n + 1, &line)) {
		const char *is = line.n ? memchr(line.s, '=', line.n) : NULL;
		if (!line.n || *line.s == '#' || *line.s == ';')
			continue;
		struct span key = is ? span_trim((struct span){ line.s, (size_t)(is - line.s) }) : line;
		if (is && is_setting(key)) {
			put_setting(e, f, key, span_trim((struct span){ is + 1, line.n - (size_t)(is + 1 - line.s) }));
			continue;
		}
		memcpy(others + n, line.s, line.n);
		n += line.n;
		others[n++] = '\n';
	}
	value_begin(&v, e);
	if (span_ends(parse_directory(f->path), ".d"))
		value_put(&v, "part=", parse_name(f->path));
	value_secret(&v, "", "", (struct span){ others, others ? n : 0 });
	entries_add(e, parse_object(&f->fact), unit_of(f), &v);
}

/* In *.wants and *.requires a link is what enables a unit; beside the units it is another name, or none at all. */
void
parse_unit_link(struct entries *e, const struct fact_file *f)
{
	struct span dir = parse_directory(f->path);
	struct value v;

	value_begin(&v, e);
	if (span_ends(dir, ".wants"))
		value_put(&v, "wanted-by=", (struct span){ dir.s, dir.n - 6 });
	else if (span_ends(dir, ".requires"))
		value_put(&v, "required-by=", (struct span){ dir.s, dir.n - 9 });
	if (span_is(f->text, "/dev/null"))
		value_put(&v, "masked=", SPAN("yes"));
	else
		value_put(&v, "link=", f->text);
	entries_add(e, parse_object(&f->fact), parse_name(f->path), &v);
}
