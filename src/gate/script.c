#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "gate/glance.h"
#include "gate/script.h"

#define TEXT_BYTES	8192
#define AGAIN_NS	(2 * NS_PER_SEC)	/* an interpreter opens what was started, and some open it twice */

bool
script_interpreter(const char *path, size_t len)
{
	static const char *const names[] = {
		"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "csh", "tcsh", "fish", "busybox", "python", "pypy", "perl", "ruby", "node",
		"nodejs", "deno", "bun", "lua", "luajit", "php", "php-cgi", "php-fpm", "tclsh", "wish", "expect", "awk", "gawk", "mawk", "nawk",
		"pwsh", "guile", "gjs",
	};
	const char *slash = len ? memrchr(path, '/', len) : NULL, *name = slash ? slash + 1 : path;
	size_t n = len - (size_t)(name - path);

	while (n && strchr("0123456789.-", name[n - 1]))
		n--;
	for (size_t i = 0; n && i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0)
			return true;
	return false;
}

static bool
was_told(const struct gate *g)
{
	const struct event *ev = &g->report.event;
	const struct script_told *t = &g->script[(uint32_t)ev->process.pid % SCRIPTS_TOLD];

	return t->pid == ev->process.pid && t->ino == ev->file.ino && t->dev == ev->file.dev && now_boot_ns() - t->at_ns < AGAIN_NS;
}

void
script_told(struct gate *g, struct question *q)
{
	const struct event *ev = &g->report.event;

	q->script = true;
	g->script[(uint32_t)ev->process.pid % SCRIPTS_TOLD] = (struct script_told){ .pid = ev->process.pid, .ino = ev->file.ino,
		.dev = ev->file.dev, .at_ns = now_boot_ns() };
}

bool
script_is(const struct gate *g, const struct question *q)
{
	size_t len;
	const char *exe = event_text(&g->report.event, TEXT_EXECUTABLE, &len);

	if (!(g->kinds & 1ull << EVENT_SCRIPT) || q->script)
		return false;
	if (q->kind == EVENT_EXEC)
		return glance_is_script(q->fd);
	return q->kind == EVENT_OPEN && script_interpreter(exe, len) && glance_is_text(q->fd) && !was_told(g);
}

void
script_event(struct gate *g, const struct question *q)
{
	struct event *ev = &g->report.event;
	char text[TEXT_BYTES];
	ssize_t n = pread(q->fd, text, sizeof(text), 0);

	ev->kind = EVENT_SCRIPT;
	ev->flags |= FLAG_NOTIFIED;
	ev->tried |= HAVE_SCRIPT;
	if (n >= 0 && event_set(ev, TEXT_SCRIPT, text, (size_t)n) == 0)
		ev->have |= HAVE_SCRIPT;
}
