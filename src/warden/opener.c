#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "event/fact.h"
#include "warden/opening.h"
#include "warden/marks.h"
#include "warden/roles.h"

#define LINGER_MS	40	/* for what comes right behind */
#define BEHIND_MS	3000	/* watch does not take anything: whoever replaces it walks again */
#define HOMES_MAX	128
#define ENTRIES_MAX	8192	/* names in one directory */
#define PASSWD		"/etc/passwd"

struct opener {
	struct warden	*w;
	int		 gate, watch;
	uint64_t	 kinds;
	bool		 broken;		/* watch is gone, or too far behind */
	struct { uint64_t dev, ino; } seen[FACT_PLACES];	/* directories that were walked through */
	unsigned	 n_seen;
	struct event	 event;
};

static struct opener the_opener;

static void
send(struct opener *o, enum msg_type type, const void *payload, size_t len, int fd)
{
	struct pollfd p = { .fd = o->watch, .events = POLLOUT };
	int err = wire_send(o->watch, type, payload, len, fd);

	while (err == -EAGAIN && poll(&p, 1, BEHIND_MS) == 1)
		err = wire_send(o->watch, type, payload, len, fd);
	o->broken = o->broken || err;
}

/*
 * To read what PATH_FD is, which was opened without a question. Nothing else than a regular file is opened: what is a link is read as one,
 * and who opens a pipe or a device never comes back. -1: there is nothing to read.
 */
static int
open_to_read(int path_fd)
{
	char path[40];
	struct stat st;

	if (fstat(path_fd, &st) || !(S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)))
		return -1;
	if (S_ISLNK(st.st_mode))
		return fcntl(path_fd, F_DUPFD_CLOEXEC, 3);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Who has a home is said there. */
static void
note_path(struct opener *o, const struct wire_msg *m)
{
	size_t len;

	if (event_from_wire(&o->event, m->payload, m->len))
		return;
	const char *path = event_text(&o->event, TEXT_FILE_PATH, &len);
	if (len == sizeof(PASSWD) - 1 && memcmp(path, PASSWD, len) == 0)
		o->w->facts.found->again = true;
}

/* What the gate has heard of, in order. */
static void
pass_on(struct opener *o, int wait_ms)
{
	struct pollfd p = { .fd = o->gate, .events = POLLIN };
	struct wire_msg m;

	while (!o->broken && poll(&p, 1, wait_ms) == 1) {
		if (wire_recv(o->gate, ROOM_GATE, ROOM_WARDEN, o->w->buffer, sizeof(o->w->buffer), &m))
			return;
		CLEANUP_FD int path_fd = m.fd;
		CLEANUP_FD int fd = path_fd < 0 ? -1 : open_to_read(path_fd);
		if ((m.type == MSG_FACT_HEARD || m.type == MSG_FACT_WRITING) && fd >= 0)
			send(o, m.type == MSG_FACT_HEARD ? MSG_FACT : MSG_FACT_OPEN, m.payload, m.len, fd);
		else if (m.type == MSG_FACT_ENDED)
			send(o, MSG_FACT_GONE, m.payload, m.len, -1);
		note_path(o, &m);
	}
}

/* Who did it, if anything was done, is not known. */
static void
found(struct opener *o, int dir, const char *name, const char *path)
{
	CLEANUP_FD int path_fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	CLEANUP_FD int fd = path_fd < 0 ? -1 : open_to_read(path_fd);
	struct event *ev = &o->event;
	struct fact fact;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !fact_find(path, strlen(path), &fact))
		return;
	event_init(ev, fact.kind, SENSOR_FACTS);
	ev->flags |= FLAG_NOTIFIED;
	ev->wall_ns = now_wall_ns();
	ev->boot_ns = now_boot_ns();
	ev->file = event_file_of(&st);
	event_file_flags(ev);
	event_set_str(ev, TEXT_FILE_PATH, path);
	ev->have |= HAVE_FILE | HAVE_ATTRIBUTES;
	ev->tried = HAVE_ALL;
	send(o, MSG_FACT_FOUND, ev, event_wire_size(ev), fd);
}

static void
list_place(struct opener *o, const char *path, bool way)
{
	struct fact_places *p = o->w->facts.found;

	if (strlen(path) >= CONFIG_PATH)
		return;
	for (uint32_t i = 0; i < p->n; i++)
		if (strcmp(p->path[i], path) == 0)
			return;
	if (p->n == FACT_PLACES) {
		p->more = true;
		return;
	}
	p->way[p->n] = way;
	snprintf(p->path[p->n++], CONFIG_PATH, "%s", path);
}

/* The path that the gate would find. */
static bool
real_path(int dir, char real[FACT_PATH])
{
	char name[40];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", dir);
	ssize_t n = readlink(name, real, FACT_PATH - 1);
	real[n > 0 ? n : 0] = '\0';
	return n > 0 && n < FACT_PATH - 1;
}

/* It is not there: who makes it is heard by the gate, if what it will be in is there. */
static void
expect(struct opener *o, const char *path)
{
	char above[FACT_PATH], real[FACT_PATH];
	const char *slash = strrchr(path, '/');

	list_place(o, path, false);
	snprintf(above, sizeof(above), "%.*s", (int)(slash - path), path);
	CLEANUP_FD int dir = slash > path ? open(above, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (dir >= 0 && real_path(dir, real))
		list_place(o, real, true);
}

/* What two paths lead to is walked through once. */
static bool
seen_before(struct opener *o, const struct stat *st)
{
	for (unsigned i = 0; i < o->n_seen; i++)
		if (o->seen[i].dev == st->st_dev && o->seen[i].ino == st->st_ino)
			return true;
	if (o->n_seen < FACT_PLACES) {
		o->seen[o->n_seen].dev = st->st_dev;
		o->seen[o->n_seen++].ino = st->st_ino;
	}
	return false;
}

static int
open_place(struct opener *o, const char *path, char real[FACT_PATH])
{
	struct stat st;

	CLEANUP_FD int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		expect(o, path);
		return -1;
	}
	if (!real_path(dir, real) || fstat(dir, &st) || !marks_find(o->w, st.st_dev) || seen_before(o, &st))
		return -1;
	list_place(o, real, false);
	return steal_fd(&dir);
}

static void
walk_place(struct opener *o, const char *path, bool units)
{
	char real[FACT_PATH], full[2 * FACT_PATH];
	struct fact fact;
	unsigned n = 0;
	const struct dirent *e;

	int fd = open_place(o, path, real);
	CLEANUP_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && !o->broken && n++ < ENTRIES_MAX && (e = readdir(dir))) {
		int len = snprintf(full, sizeof(full), "%s/%s", real, e->d_name);
		if (units && fact_is_place(full, (size_t)len))
			walk_place(o, full, false);
		else if (fact_find(full, (size_t)len, &fact) && o->kinds >> fact.kind & 1)
			found(o, fd, e->d_name, full);
	}
}

/* Those who may log in; each home once. */
static unsigned
homes(char home[HOMES_MAX][CONFIG_PATH])
{
	CLEANUP_FILE FILE *f = fopen(PASSWD, "re");
	const struct passwd *pw;
	unsigned n = 0, i;

	while (f && n < HOMES_MAX && (pw = fgetpwent(f))) {
		const char *shell = strrchr(pw->pw_shell, '/');
		if (pw->pw_dir[0] != '/' || !pw->pw_dir[1] || strlen(pw->pw_dir) >= CONFIG_PATH / 2)
			continue;
		if (shell && (strcmp(shell, "/nologin") == 0 || strcmp(shell, "/false") == 0))
			continue;
		for (i = 0; i < n && strcmp(home[i], pw->pw_dir) != 0; i++)
			;
		if (i == n)
			snprintf(home[n++], CONFIG_PATH, "%s", pw->pw_dir);
	}
	return n;
}

static void
walk(struct opener *o)
{
	static char home[HOMES_MAX][CONFIG_PATH];
	unsigned n = homes(home);
	struct fact_directory d;
	struct msg_walk m = { .number = o->w->facts.walk, .kinds = o->kinds };
	char path[FACT_PATH];

	o->w->facts.found->n = 0;
	o->w->facts.found->more = n == HOMES_MAX;
	send(o, MSG_WALK, &m, sizeof(m), -1);
	for (unsigned i = 0; fact_directory(i, &d); i++) {
		for (unsigned h = 0; (d.kinds & o->kinds) && h < (d.home ? n : 1); h++) {
			snprintf(path, sizeof(path), "%s%.*s", d.home ? home[h] : "", (int)d.len, d.path);
			walk_place(o, path, d.units);
		}
	}
	m.end = !o->broken;
	send(o, MSG_WALK, &m, sizeof(m), -1);
}

int
opener_run(struct warden *w, bool walks)
{
	struct opener *o = &the_opener;

	o->w = w;
	o->gate = edge_fd(w, EDGE_GATE_OPENER, ROOM_WARDEN);
	o->watch = edge_fd(w, EDGE_WATCH_WARDEN, ROOM_WARDEN);
	o->kinds = w->facts.kinds;
	pass_on(o, walks ? 0 : LINGER_MS);
	if (walks)
		walk(o);
	return o->broken;
}
