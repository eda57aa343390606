#include <string.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "gate/coverage.h"
#include "gate/fetch.h"
#include "gate/late.h"
#include "gate/spool.h"

#define WAIT_NS		NS_PER_SEC
#define OTHERS_NS	(250 * NS_PER_MS)
#define SCAN		1u		/* in the place of a sensor */
#define SIZE_MAX_BYTES	(256ull << 20)	/* hashed in a fraction of a second */

uint32_t
late_wants(const struct gate *g)
{
	return HAVE_HASH | (g->setup.config->digests ? HAVE_CONTENT : 0);
}

void
late_ask(struct gate *g, const struct question *q)
{
	const struct event *ev = &g->report.event;
	struct msg_scan m = { .ticket = g->ticket + 1, .file = ev->file, .content = (late_wants(g) & HAVE_CONTENT) != 0 };

	g->late_ticket = 0;
	if (q->fd < 0 || !(ev->have & HAVE_FILE) || !(late_wants(g) & ~ev->have) || !S_ISREG(ev->file.mode) ||
	    ev->file.size > SIZE_MAX_BYTES || g->verdict.settled == SETTLED_DEADLINE)
		return;
	if (atomic_load(&g->setup.page->gate.late) == PAGE_LATE || wire_send(g->setup.scan_sock, MSG_SCAN, &m, sizeof(m), q->fd))
		return;
	counter_add(g->setup.page, COUNTER_SCANS, 1);
	g->late_ticket = ++g->ticket;
}

uint32_t
late_expects(struct gate *g)
{
	struct event *ev = &g->report.event;
	const unsigned kills = ACTION_KILL | ACTION_KILL_PARENT | ACTION_KILL_TREE;
	bool runs = ev->kind == EVENT_EXEC && ev->sensor == SENSOR_FANOTIFY && g->verdict.decision == DECISION_ALLOW;
	uint32_t audit = atomic_load(&g->setup.page->warden.audit);
	bool audited = g->setup.config->exec_full && (audit == AUDIT_OWN || audit == AUDIT_MULTICAST);
	uint32_t others = 0;

	if (ev->kind != EVENT_EXEC && ev->kind != EVENT_START)
		return 0;
	if (runs && !(g->verdict.actions & kills))
		others |= 1u << SENSOR_PROC;
	if (audited && coverage_witnessed(g, ev))
		ev->sensors |= 1u << SENSOR_AUDIT;
	if (audited && ev->sensor != SENSOR_AUDIT)
		others |= 1u << SENSOR_AUDIT;
	return others & ~ev->sensors;
}

static void
take_over(struct event *to, const struct event *from, enum event_text which, uint32_t have)
{
	size_t len;
	const char *text = event_text(from, which, &len);

	if ((from->have & have) && event_set(to, which, text, len) == 0)
		to->have |= have;
}

/* What audit knows of an exec and nobody else: its result, and the arguments of a program that was gone when others looked. */
static void
complete(struct event *ev, const struct event *audited)
{
	take_over(ev, audited, TEXT_SYSCALL, HAVE_SYSCALL);
	ev->syscall_arg0 = audited->syscall_arg0;
	ev->result = audited->result;
	ev->have |= audited->have & HAVE_RESULT;
	if ((ev->have & HAVE_ARGS) || !(audited->have & HAVE_ARGS))
		return;
	take_over(ev, audited, TEXT_ARGS, HAVE_ARGS);
	ev->args_count = audited->args_count;
}

/* The file of a script that was asked about, and the program of one that was not. */
static bool
same_exec(const struct event *ev, const struct event *audited)
{
	return (ev->file.ino == audited->file.ino && ev->file.dev == audited->file.dev) ||
	    (ev->text[TEXT_EXECUTABLE].len && event_same_text(ev, audited, TEXT_EXECUTABLE));
}

void
late_heard(struct gate *g, int32_t pid, enum sensor sensor, const struct event *told)
{
	for (unsigned i = 0; i < PAGE_LATE && atomic_load(&g->setup.page->gate.late); i++) {
		struct page_late *l = &g->setup.page->late[i];
		if (!atomic_load(&l->ticket) || l->report.event.process.pid != pid || !(l->others & 1u << sensor))
			continue;
		if (told && !same_exec(&l->report.event, told))
			continue;
		if (told)
			complete(&l->report.event, told);
		l->report.event.sensors |= 1u << sensor;
		l->others &= ~(1u << sensor);
		if (!l->others)
			l->due_ns = 0;		/* goes between turns: there may be another report in hand now */
	}
}

bool
late_keep(struct gate *g)
{
	uint32_t others = g->late_others | (g->late_ticket ? SCAN : 0);
	uint64_t ticket = g->late_ticket || !others ? g->late_ticket : ++g->ticket, now = now_boot_ns();

	g->late_ticket = g->late_others = 0;
	for (unsigned i = 0; ticket && i < PAGE_LATE; i++) {
		struct page_late *l = &g->setup.page->late[i];
		if (atomic_load(&l->ticket))
			continue;
		memcpy(&l->report, &g->report, report_wire_size(&g->report));
		l->others = others;
		l->others_ns = now + OTHERS_NS;
		l->due_ns = others & SCAN ? now + WAIT_NS : l->others_ns;
		atomic_store(&l->ticket, ticket);
		atomic_fetch_add(&g->setup.page->gate.late, 1);
		return true;
	}
	return false;
}

static void
let_go(struct gate *g, struct page_late *l)
{
	memcpy(&g->report, &l->report, report_wire_size(&l->report));
	if (l->others & SCAN)
		fetch(g, NULL, late_wants(g));
	spool_put(g, &g->report);
	/* In this order: a gate that dies in between leaves the report twice rather than not at all. */
	atomic_store(&l->ticket, 0);
	atomic_fetch_sub(&g->setup.page->gate.late, 1);
}

void
late_scanned(struct gate *g, uint64_t ticket)
{
	for (unsigned i = 0; i < PAGE_LATE; i++) {
		struct page_late *l = &g->setup.page->late[i];
		if (atomic_load(&l->ticket) != ticket)
			continue;
		if (!(l->others & ~SCAN)) {
			let_go(g, l);
			continue;
		}
		memcpy(&g->report, &l->report, report_wire_size(&l->report));
		fetch(g, NULL, late_wants(g));
		memcpy(&l->report, &g->report, report_wire_size(&g->report));
		l->others &= ~SCAN;
		l->due_ns = l->others_ns < l->due_ns ? l->others_ns : l->due_ns;
	}
}

int
late_tend(struct gate *g, uint64_t now_ns)
{
	uint64_t first = UINT64_MAX;

	for (unsigned i = 0; i < PAGE_LATE && atomic_load(&g->setup.page->gate.late); i++) {
		struct page_late *l = &g->setup.page->late[i];
		if (!atomic_load(&l->ticket))
			continue;
		if (l->due_ns <= now_ns)
			let_go(g, l);
		else if (l->due_ns < first)
			first = l->due_ns;
	}
	return first == UINT64_MAX ? -1 : (int)((first - now_ns) / NS_PER_MS) + 1;
}

void
late_count(struct gate *g)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < PAGE_LATE; i++)
		n += atomic_load(&g->setup.page->late[i].ticket) != 0;
	atomic_store(&g->setup.page->gate.late, n);
}

void
late_recover(struct gate *g)
{
	late_tend(g, UINT64_MAX);
}
