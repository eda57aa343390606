/* What a fanotify group tells of files, as one read: whatever it is, each record ends, each event is whole, and none is made up of two. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
leave(int fd)
{
	return fd < 0;
}

/* The gate is a process, not a library: it is taken in whole. Descriptors in records are anybody's here: none is closed. */
#define close		leave
#include "gate/files.c"
#include "gate/facts.c"
#undef close
#include "gate/dirs.c"
#include "gate/act.c"
#include "gate/fold.c"
#include "gate/glance.c"
#include "gate/fan.c"
#include "gate/content.c"
#include "gate/ends.c"
#include "gate/fetch.c"
#include "gate/labels.c"
#include "gate/linger.c"
#include "gate/spool.c"
#define on_ready	proc_on_ready
#include "gate/coverage.c"
#include "gate/proc.c"
#include "gate/started.c"
#define let_go		late_let_go
#include "gate/late.c"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define FS		77
#define LEAST		24	/* bytes of a record */

static struct gate gate;

static void
make_gate(void)
{
	static const struct policy_sources sources = { .mode = MODE_MONITOR };
	static struct faults faults;
	static struct page *page;
	const struct msg_mounted m = { .fsid = FS, .path = "/" };
	const uint64_t handle = 1;

	if (!page) {
		int fd = policy_build_text(&sources, "t", "", 0, &faults);
		/* A /proc in which nobody lives. */
		gate.proc = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || gate.proc < 0 || page_create(&page) || policy_open(fd, &gate.policy) || tree_new(&gate.tree, 7))
			abort();
		close(fd);
		gate.setup = (struct gate_setup){ .page = page, .files_group = -1, .started_group = -1, .proc_sock = -1 };
		gate.kinds = UINT64_MAX;
		atomic_store(&page->process[ROOM_GATE].pid, 5);
		/* No handle can be opened by it. */
		dirs_mounted(&gate, &m, open("/", O_PATH | O_CLOEXEC));
	}
	tree_clear(gate.tree);
	tree_fork(gate.tree, 1, 1000, 2);
	memset(gate.dir, 0, sizeof(gate.dir));
	dirs_learn(&gate, &(struct fan_object){ .there = true, .fsid = FS, .type = 7, .bytes = sizeof(handle),
		.handle = (const uint8_t *)&handle }, "/srv", 4);
}

/* What says that it is there has a path, and what has none says so. */
static void
check(const struct event *ev)
{
	static struct event copy;
	size_t len;

	if (event_from_wire(&copy, ev, event_wire_size(ev)))
		abort();
	const char *path = event_text(ev, TEXT_FILE_PATH, &len);
	if ((len != 0) != ((ev->have & HAVE_FILE) != 0) || (len && path[0] != '/'))
		abort();
	path = event_text(ev, TEXT_FILE_PREVIOUS, &len);
	if ((len != 0) != ((ev->have & HAVE_FILE_PREVIOUS) != 0) || (len && (path[0] != '/' || ev->kind != EVENT_RENAME)))
		abort();
	if (page_owns(gate.setup.page, ev->process.pid) || event_kind_sensor((enum event_kind)ev->kind) != SENSOR_FILES)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct files *f = &gate.files;
	unsigned n = 0;

	make_gate();
	size = size < sizeof(f->buffer) ? size : sizeof(f->buffer);
	/* Nothing behind it, so that a sanitiser sees what is read there. */
	memset(f->buffer, 0, sizeof(f->buffer));
	memcpy(f->buffer, data, size);
	f->at = f->left = 0;
	f->len = size;
	while (files_next(&gate)) {
		check(&gate.report.event);
		if (++n > size / LEAST * ACTS)
			abort();
	}
	if (f->at != f->len || f->left)
		abort();	/* all of it was looked at */
	return 0;
}
