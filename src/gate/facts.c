#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "event/fact.h"
#include "gate/dirs.h"
#include "gate/facts.h"
#include "gate/fan.h"
#include "gate/fetch.h"
#include "gate/files.h"
#include "gate/proc.h"

#define MOVED	(FAN_RENAME | FAN_MOVED_FROM | FAN_MOVED_TO)
#define ENDS	(FAN_CLOSE_WRITE | FAN_DELETE | MOVED)	/* whatever it was, it is through */

void
facts_again(struct gate *g)
{
	atomic_fetch_add(&g->setup.page->gate.facts_again, 1);
}

/* What was made and has nothing in it yet says nothing; a second name of something, or a link, does. */
static bool
unfinished(const struct fan_record *r, const struct stat *st)
{
	return !(r->mask & (ENDS | FAN_MODIFY)) && (r->mask & FAN_CREATE) && S_ISREG(st->st_mode) && st->st_nlink == 1;
}

/* The mode of a file is a part of what it says only where it decides whether the file runs. */
static bool
says_nothing(const struct fan_record *r, const struct fact *fact)
{
	return !(r->mask & (ENDS | FAN_CREATE | FAN_MODIFY)) && fact->format != FORMAT_PROGRAM;
}

static void
describe(struct gate *g, const struct fact *fact, const char *path, size_t len)
{
	struct event *ev = &g->report.event;

	event_init(ev, fact->kind, SENSOR_FACTS);
	ev->flags |= FLAG_NOTIFIED;
	ev->boot_ns = now_boot_ns();
	ev->wall_ns = now_wall_ns();
	if (event_set(ev, TEXT_FILE_PATH, path, len) == 0)
		ev->have |= HAVE_FILE;
	ev->tried |= HAVE_FILE | HAVE_ATTRIBUTES;
}

/* Who writes may be in the middle of it, or never close what he writes. */
static enum msg_type
message_of(const struct fan_record *r, int fd)
{
	if (fd < 0)
		return MSG_FACT_ENDED;
	return (r->mask & FAN_MODIFY) && !(r->mask & ENDS) ? MSG_FACT_WRITING : MSG_FACT_HEARD;
}

static void
pass_on(struct gate *g, int fd)
{
	struct event *ev = &g->report.event;

	proc_collect(g);
	files_put_process(g);
	if (ev->process.pid)
		fetch(g, NULL, FETCH_FOR_RECORD & ~ev->tried);
	counter_add(g->setup.page, COUNTER_FACTS_HEARD, 1);
	if (wire_send(g->setup.opener_sock, message_of(&g->files.record, fd), ev, event_wire_size(ev), fd) == 0)
		return;
	counter_add(g->setup.page, COUNTER_FACTS_MISSED, 1);
	facts_again(g);
}

/*
 * Who makes such a directory often makes what is in it next: the warden would mark it too late to hear who. What was made before we did
 * is found by looking.
 */
static void
place_made(struct gate *g, const struct fan_object *o)
{
	const uint64_t mask = FAN_CHANGES | FAN_ONDIR | FAN_EVENT_ON_CHILD;
	CLEANUP_FD int fd = dirs_open(g, o);

	if (fd >= 0 && fanotify_mark(g->setup.files_group, FAN_MARK_ADD | FAN_MARK_ONLYDIR, mask | FAN_RENAME, fd, ".") && errno == EINVAL)
		fanotify_mark(g->setup.files_group, FAN_MARK_ADD | FAN_MARK_ONLYDIR, mask | FAN_MOVED_FROM | FAN_MOVED_TO, fd, ".");
	facts_again(g);
}

/*
 * What is there by now, not what the event is about: several events may have come in one, in an order that they do not tell. LEFT: what was
 * there has another name, or none; what is there again is told of by who made it.
 */
static void
name_heard(struct gate *g, const struct fan_object *o, bool left)
{
	char path[DIRS_PATH_MAX + 1024];
	ssize_t n = o->there && o->name ? dirs_path_of(g, o, path) : -ENOENT;
	const struct file_mount *m = dirs_mount(g, o->fsid);
	struct fact fact;
	struct stat st;

	if (n <= 0)
		return;
	if (g->files.record.mask & FAN_ONDIR) {
		if (fact_is_place(path, (size_t)n))
			place_made(g, o);
		return;
	}
	if (!m || !fact_find(path, (size_t)n, &fact) || !(g->kinds >> fact.kind & 1) ||
	    says_nothing(&g->files.record, &fact))
		return;
	CLEANUP_FD int fd = dirs_open(g, o);
	if (fd == -EXDEV || fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM) {	/* it is there, but hidden, or we cannot look */
		facts_again(g);
		return;
	}
	if (fd >= 0 && (left || fstat(fd, &st) || unfinished(&g->files.record, &st)))
		return;
	describe(g, &fact, path, (size_t)n);
	fan_filesystem(g, m->fd);
	if (fd >= 0)
		fan_attributes(g, &st);
	pass_on(g, fd);
}

bool
facts_concern(const struct gate *g)
{
	return (g->kinds & FACT_KINDS) && (g->files.record.mask & (ENDS | FAN_CHANGES));
}

void
facts_heard(struct gate *g)
{
	const struct fan_record *r = &g->files.record;

	if (!facts_concern(g))
		return;
	if (r->mask & MOVED) {
		name_heard(g, &r->from, true);
		name_heard(g, &r->to, false);
	} else {
		name_heard(g, &r->dir, (r->mask & FAN_CHANGES & ~FAN_ATTRIB) == FAN_DELETE);
	}
}
