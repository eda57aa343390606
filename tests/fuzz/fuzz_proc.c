/* Messages of the proc connector, each with its length before it (one byte), into a tree that any order of them must leave whole. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* The gate is a process, not a library: what hears the proc connector is taken in whole, with all that it calls. */
#include "gate/coverage.c"
#include "gate/proc.c"
#include "gate/started.c"
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
#define let_go	late_let_go
#include "gate/late.c"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct gate gate;

static void
make_gate(void)
{
	static struct page *page;

	if (gate.tree) {
		tree_clear(gate.tree);
		return;
	}
	gate.kinds = UINT64_MAX;
	/* A /proc in which nobody lives. */
	gate.proc = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (gate.proc < 0 || page_create(&page) || tree_new(&gate.tree, 7))
		abort();
	gate.setup.page = page;
	atomic_store(&page->process[ROOM_GATE].pid, 5);
}

/* What was noted can be told as an event, whatever came after it. */
static void
tell_all(void)
{
	static struct event copy;
	const struct event *ev = &gate.report.event;
	unsigned n = 0;

	while (proc_next(&gate)) {
		if (++n > PROC_NOTES)
			abort();
		if (event_from_wire(&copy, ev, event_wire_size(ev)) || event_kind_sensor((enum event_kind)ev->kind) == SENSOR_AUDIT)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tree_stats stats;

	make_gate();
	while (size) {
		size_t len = data[0] < size - 1 ? data[0] : size - 1;
		void *exact = malloc(len ? len : 1);
		if (!exact)
			abort();
		memcpy(exact, data + 1, len);
		take_message(&gate, exact, len);
		free(exact);
		data += 1 + len;
		size -= 1 + len;
	}
	tell_all();
	tree_stats(gate.tree, &stats);
	if (stats.live > stats.nodes || tree_descendants(gate.tree, 1, NULL, 0) > stats.live)
		abort();
	return 0;
}
