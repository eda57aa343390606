#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include "base/cleanup.h"
#include "ctl/switches.h"
#include "ctl/term.h"

#define TEXT_MAX	4096
#define INDENT		14

enum way { WAY_AT_LEAST, WAY_EXACTLY, WAY_BOOT, WAY_NOEXEC };

struct row { struct switch_info info; enum way way; long wanted; };

static const struct row rows[SWITCH__MAX] = {
#define SWITCH(id, way_, name_, wanted_, crowd_, absent_, closes_, stops_) \
	[SWITCH_##id] = { { name_, absent_, closes_, stops_, CROWD_##crowd_ }, WAY_##way_, wanted_ },
#include "ctl/switch.def"
#undef SWITCH
};

const struct switch_info *
switch_info(enum switch_id id)
{
	return &rows[id].info;
}

/* The file at PATH below ROOT, terminated and without the last newline. False: there is none. */
static bool
read_text(int root, const char *path, char out[static TEXT_MAX])
{
	CLEANUP_FD int fd = openat(root, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, TEXT_MAX - 1);

	if (n < 0)
		return false;
	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return true;
}

static void
look_at_number(int root, const struct row *row, struct switch_now *now)
{
	char text[TEXT_MAX], path[128];
	int n = snprintf(path, sizeof(path), "proc/sys/%s", row->info.name);

	for (int i = 0; i < n && i < (int)sizeof(path) - 1; i++)
		path[i] = path[i] == '.' ? '/' : path[i];
	if (!read_text(root, path, text))
		return;
	long value = strtol(text, NULL, 10);
	bool closed = row->way == WAY_EXACTLY ? value == row->wanted : value >= row->wanted;
	now->state = closed ? SWITCH_CLOSED : SWITCH_OPEN;
	snprintf(now->now, sizeof(now->now), "%ld", value);
	snprintf(now->wanted, sizeof(now->wanted), "%ld", row->wanted);
	snprintf(now->command, sizeof(now->command), "sysctl -w %s=%ld", row->info.name, row->wanted);
}

/* "proc_mem.force_override=never" among the words that the kernel was started with. */
static void
look_at_command_line(int root, const struct row *row, struct switch_now *now)
{
	char text[TEXT_MAX], *save = NULL;
	size_t len = strlen(row->info.name);
	long major = 0, minor = 0;

	if (!read_text(root, "proc/sys/kernel/osrelease", text) || sscanf(text, "%ld.%ld", &major, &minor) != 2 ||
	    major * 1000 + minor < row->wanted)
		return;
	now->state = SWITCH_OPEN;
	snprintf(now->now, sizeof(now->now), "not set");
	snprintf(now->wanted, sizeof(now->wanted), "never");
	snprintf(now->command, sizeof(now->command), "add %s=never to the kernel command line, and boot", row->info.name);
	if (!read_text(root, "proc/cmdline", text))
		return;
	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (strncmp(word, row->info.name, len) != 0 || word[len] != '=')
			continue;
		snprintf(now->now, sizeof(now->now), "%s", word + len + 1);
		now->state = strcmp(now->now, "never") == 0 || strcmp(now->now, "ptrace") == 0 ? SWITCH_CLOSED : SWITCH_OPEN;
	}
}

static void
look_at_mount(int root, const struct row *row, struct switch_now *now)
{
	const char *path = row->info.name;
	struct statvfs fs;
	struct statx st;

	CLEANUP_FD int fd = openat(root, path + 1, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatvfs(fd, &fs))
		return;
	bool own = statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) == 0 && (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
	now->state = fs.f_flag & ST_NOEXEC ? SWITCH_CLOSED : SWITCH_OPEN;
	snprintf(now->now, sizeof(now->now), "%s", fs.f_flag & ST_NOEXEC ? "noexec" : own ? "exec" : "no mount of its own");
	snprintf(now->wanted, sizeof(now->wanted), "noexec");
	if (own)
		snprintf(now->command, sizeof(now->command), "mount -o remount,noexec %s", path);
	else
		snprintf(now->command, sizeof(now->command), "mount --bind %s %s && mount -o remount,bind,noexec %s", path, path, path);
}

static size_t
count_lines(int root, const char *path)
{
	CLEANUP_FD int fd = openat(root, path, O_RDONLY | O_CLOEXEC);
	char buf[TEXT_MAX];
	size_t lines = 0;
	ssize_t n;

	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += buf[i] == '\n';
	return lines;
}

int
switches_look(int root, struct switches *s, void (*tell)(void *, const struct crowds *), void *arg)
{
	*s = (struct switches){ .modules = count_lines(root, "proc/modules") };
	for (int i = 0; i < SWITCH__MAX; i++) {
		const struct row *row = &rows[i];
		struct switch_now *now = &s->at[i];
		now->state = SWITCH_ABSENT;
		switch (row->way) {
		case WAY_AT_LEAST:
		case WAY_EXACTLY:
			look_at_number(root, row, now);
			break;
		case WAY_BOOT:
			look_at_command_line(root, row, now);
			break;
		case WAY_NOEXEC:
			look_at_mount(root, row, now);
			break;
		}
		if (now->state != SWITCH_OPEN)
			now->command[0] = '\0';
	}
	CLEANUP_FD int proc = openat(root, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return proc < 0 ? -errno : crowds_look(proc, &s->crowds, tell, arg);
}

void
switch_affected(const struct switches *s, enum switch_id id, char *out, size_t size)
{
	const struct crowd *c = &s->crowds.of[rows[id].info.crowd];
	size_t len;

	out[0] = '\0';
	if (id == SWITCH_MODULES && s->at[id].state == SWITCH_OPEN)
		snprintf(out, size, "%zu modules are loaded and stay, no other can be", s->modules);
	if (!c->n)
		return;
	snprintf(out, size, "%zu process%s", c->n, c->n == 1 ? "" : "es");
	for (size_t i = 0; i < c->n && i < CROWD_NAMED; i++) {
		len = strlen(out);
		snprintf(out + len, size - len, "%s %s %d", i ? "," : ":", c->first[i].name, c->first[i].pid);
	}
	len = strlen(out);
	if (c->n > CROWD_NAMED)
		snprintf(out + len, size - len, ", and %zu more", c->n - CROWD_NAMED);
}

static void
show(const struct switches *s, enum switch_id id)
{
	const struct switch_now *now = &s->at[id];
	const struct switch_info *info = &rows[id].info;
	char affected[768];

	printf("  %s: ", info->name);
	if (now->state == SWITCH_ABSENT) {
		printf("absent, %s\n", info->absent);
		return;
	}
	printf("%s, ", now->now);
	term_word(now->state == SWITCH_CLOSED ? COLOR_GOOD : COLOR_ODD, now->state == SWITCH_CLOSED ? "closed" : "open", 0);
	putchar('\n');
	if (now->state == SWITCH_CLOSED)
		return;
	switch_affected(s, id, affected, sizeof(affected));
	term_definition("    closes", INDENT, info->closes);
	term_definition("    affects", INDENT, affected[0] ? affected : "nobody that runs now");
	term_definition("    may stop", INDENT, info->stops);
	term_definition("    set it", INDENT, now->command);
}

void
switches_show(const struct switches *s)
{
	char text[160];

	term_word(COLOR_STRONG, "Switches of this host that close blind spots", 0);
	putchar('\n');
	for (int i = 0; i < SWITCH__MAX; i++)
		show(s, (enum switch_id)i);
	snprintf(text, sizeof(text), "Affected are those of the %zu processes that run now.", s->crowds.processes);
	term_definition("", 0, text);
	if (s->crowds.hidden) {
		snprintf(text, sizeof(text), "%zu of them could not be looked into; root can look into most.", s->crowds.hidden);
		term_definition("", 0, text);
	}
	term_definition("", 0, "Commands hold until the next boot. To keep a setting: a line NAME = VALUE in a file of /etc/sysctl.d, or the "
	    "option noexec in /etc/fstab.");
}

static json_t *
one_json(const struct switches *s, enum switch_id id)
{
	static const char *const states[] = { [SWITCH_OPEN] = "open", [SWITCH_CLOSED] = "closed", [SWITCH_ABSENT] = "absent" };
	const struct switch_info *info = &rows[id].info;
	const struct crowd *c = &s->crowds.of[info->crowd];
	json_t *named = json_array();

	for (size_t i = 0; i < c->n && i < CROWD_NAMED; i++)
		json_array_append_new(named, json_pack("{si ss}", "pid", c->first[i].pid, "name", c->first[i].name));
	return json_pack("{ss ss ss ss ss ss ss sI so}", "name", info->name, "state", states[s->at[id].state], "now", s->at[id].now,
	    "wanted", s->at[id].wanted, "closes", info->closes, "stops", s->at[id].state == SWITCH_ABSENT ? info->absent : info->stops,
	    "command", s->at[id].command, "affected", (json_int_t)c->n, "processes", named);
}

json_t *
switches_json(const struct switches *s)
{
	json_t *list = json_array();

	for (int i = 0; i < SWITCH__MAX; i++)
		json_array_append_new(list, one_json(s, (enum switch_id)i));
	return list;
}
