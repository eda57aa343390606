#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "event/event.h"

struct kind_info {
	const char	*name, *category, *type, *help;
	bool		 prevents;
	enum sensor	 sensor;
};

#define PREVENTS_DENY	true
#define PREVENTS_REACT	false
static const struct kind_info kinds[EVENT__MAX] = {
#define KIND(id, name_, prevents_, sensor_, category_, type_, help_) [EVENT_##id] = { .name = name_, .category = category_, \
	.type = type_, .help = help_, .prevents = PREVENTS_##prevents_, .sensor = SENSOR_##sensor_ },
#include "event/kind.def"
#undef KIND
};

void
event_init(struct event *ev, enum event_kind kind, enum sensor sensor)
{
	memset(ev, 0, offsetof(struct event, arena));
	ev->kind = (uint16_t)kind;
	ev->sensor = (uint16_t)sensor;
	ev->sensors = 1u << sensor;
	ev->account_id = UINT32_MAX;
	ev->process.auid = ev->process.session = UINT32_MAX;
}

static int
store(struct event *ev, const char *s, size_t len, struct slice *out)
{
	if (len > sizeof(ev->arena) - ev->used)
		return -ENOSPC;
	memcpy(ev->arena + ev->used, s, len);
	*out = (struct slice){ .off = ev->used, .len = (uint16_t)len };
	ev->used = (uint16_t)(ev->used + len);
	return 0;
}

int
event_set(struct event *ev, enum event_text which, const char *s, size_t len)
{
	return store(ev, s, len, &ev->text[which]);
}

int
event_set_str(struct event *ev, enum event_text which, const char *s)
{
	return event_set(ev, which, s, strlen(s));
}

int
event_add_ancestor(struct event *ev, int32_t pid, uint64_t entity, const char *exe, size_t len)
{
	struct ancestor a = { .pid = pid, .entity = entity };
	int err = -ENOSPC;

	if (ev->ancestors < EVENT_ANCESTORS) {
		const struct ancestor *last = ev->ancestors ? &ev->ancestor[ev->ancestors - 1] : NULL;
		/* A forked line of one program shares its text. */
		if (last && last->executable.len == len && memcmp(ev->arena + last->executable.off, exe, len) == 0) {
			a.executable = last->executable;
			err = 0;
		} else {
			err = store(ev, exe, len, &a.executable);
		}
	}
	if (err)
		ev->flags |= FLAG_ANCESTRY_CUT;
	else
		ev->ancestor[ev->ancestors++] = a;
	return err;
}

/* Ends S where KEEP bytes of the arena end. */
static bool
cut(struct slice *s, size_t keep)
{
	if ((size_t)s->off + s->len <= keep)
		return false;
	*s = s->off < keep ? (struct slice){ s->off, (uint16_t)(keep - s->off) } : (struct slice){ 0 };
	return true;
}

void
event_make_room(struct event *ev, size_t n)
{
	size_t keep = n < sizeof(ev->arena) ? sizeof(ev->arena) - n : 0;

	if (ev->used <= keep)
		return;
	ev->used = (uint16_t)keep;
	for (int i = 0; i < TEXT__MAX; i++)
		if (cut(&ev->text[i], keep))
			ev->flags |= i == TEXT_ARGS || i == TEXT_ENV || i == TEXT_PARENT_ARGS ? FLAG_ARGS_CUT : FLAG_PATH_CUT;
	for (int i = 0; i < ev->ancestors; i++)
		if (cut(&ev->ancestor[i].executable, keep))
			ev->flags |= FLAG_ANCESTRY_CUT;
}

const char *
event_text(const struct event *ev, enum event_text which, size_t *len)
{
	*len = ev->text[which].len;
	return ev->arena + ev->text[which].off;
}

bool
event_same_text(const struct event *a, const struct event *b, enum event_text which)
{
	size_t n, m;
	const char *s = event_text(a, which, &n), *t = event_text(b, which, &m);

	return n == m && memcmp(s, t, n) == 0;
}

size_t
event_wire_size(const struct event *ev)
{
	return offsetof(struct event, arena) + ev->used;
}

static bool
slice_fits(const struct event *ev, struct slice s)
{
	return (size_t)s.off + s.len <= ev->used;
}

int
event_from_wire(struct event *ev, const void *buf, size_t len)
{
	if (len < offsetof(struct event, arena) || len > sizeof(*ev))
		return -EBADMSG;
	memcpy(ev, buf, len);
	if (ev->kind >= EVENT__MAX || ev->sensor >= SENSOR__MAX || ev->sensors >> SENSOR__MAX || ev->used > sizeof(ev->arena) ||
	    event_wire_size(ev) != len)
		return -EBADMSG;
	if (ev->ancestors > EVENT_ANCESTORS || (ev->have & ~HAVE_ALL) || (ev->tried & ~HAVE_ALL) || (ev->flags & ~FLAG_ALL))
		return -EBADMSG;
	for (int i = 0; i < TEXT__MAX; i++)
		if (!slice_fits(ev, ev->text[i]))
			return -EBADMSG;
	for (int i = 0; i < ev->ancestors; i++)
		if (!slice_fits(ev, ev->ancestor[i].executable))
			return -EBADMSG;
	return 0;
}

static uint64_t
ns_of(struct timespec ts)
{
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

struct file
event_file_of(const struct stat *st)
{
	return (struct file){ .dev = st->st_dev, .ino = st->st_ino, .size = (uint64_t)st->st_size, .ctime_ns = ns_of(st->st_ctim),
		.mtime_ns = ns_of(st->st_mtim), .uid = st->st_uid, .gid = st->st_gid, .mode = st->st_mode, .links = (uint32_t)st->st_nlink };
}

bool
event_file_same(const struct file *a, const struct file *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size && a->ctime_ns == b->ctime_ns && a->mtime_ns == b->mtime_ns;
}

bool
event_only_root_writes(const struct file *f)
{
	return f->uid == 0 && !(f->mode & (S_IWGRP | S_IWOTH));
}

void
event_file_flags(struct event *ev)
{
	const struct file *f = &ev->file;

	ev->flags &= ~(uint32_t)(FLAG_SETUID | FLAG_WRITABLE_BY_OTHERS | FLAG_DELETED);
	if (f->mode & (S_ISUID | S_ISGID))
		ev->flags |= FLAG_SETUID;
	if (f->mode & (S_IWGRP | S_IWOTH))
		ev->flags |= FLAG_WRITABLE_BY_OTHERS;
	if (f->links == 0)
		ev->flags |= FLAG_DELETED;
}

const char *
event_kind_name(enum event_kind kind)
{
	return kinds[kind].name;
}

int
event_kind_find(const char *name)
{
	for (int i = 0; i < EVENT__MAX; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return i;
	return -1;
}

bool
event_kind_prevents(enum event_kind kind)
{
	return kinds[kind].prevents;
}

enum sensor
event_kind_sensor(enum event_kind kind)
{
	return kinds[kind].sensor;
}

const char *
event_kind_category(enum event_kind kind)
{
	return kinds[kind].category;
}

const char *
event_kind_type(enum event_kind kind)
{
	return kinds[kind].type;
}

const char *
event_kind_help(enum event_kind kind)
{
	return kinds[kind].help;
}

bool
event_signal_told(uint32_t number)
{
	static const int talk[] = { 0, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD, SIGCONT, SIGURG, SIGWINCH };

	for (size_t i = 0; i < sizeof(talk) / sizeof(talk[0]); i++)
		if (number == (uint32_t)talk[i])
			return false;
	return number < 32;
}
