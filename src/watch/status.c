#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "watch/status.h"
#include "wire/latency.h"

#define PROBLEMS_MAX	24
#define PROBLEM_TEXT	200
#define MOUNT_JSON	3400		/* the longest entry of a list, and what follows it */

struct problems {
	unsigned	count;			/* found; may exceed what is kept */
	char		text[PROBLEMS_MAX][PROBLEM_TEXT];
};

struct json {
	char	*buf;
	size_t	 size, len;
	bool	 full;
};

static void
put(struct json *j, const char *s, size_t n)
{
	if (n > j->size - j->len) {
		j->full = true;
		return;
	}
	memcpy(j->buf + j->len, s, n);
	j->len += n;
}

/* A comma where something stands before. */
static void
separate(struct json *j)
{
	if (j->len && !strchr("{[:", j->buf[j->len - 1]))
		put(j, ",", 1);
}

/* What is not printable ASCII is written as its byte value: foreign text is never trusted to be UTF-8. */
static void
put_text(struct json *j, const char *s, size_t n)
{
	put(j, "\"", 1);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		char escape[8];
		if (c >= ' ' && c < 0x7f && c != '"' && c != '\\')
			put(j, s + i, 1);
		else
			put(j, escape, (size_t)snprintf(escape, sizeof(escape), "\\u%04x", c));
	}
	put(j, "\"", 1);
}

static void
key(struct json *j, const char *name)
{
	separate(j);
	put_text(j, name, strlen(name));
	put(j, ":", 1);
}

static void
begin(struct json *j, const char *name, char bracket)
{
	if (name)
		key(j, name);
	else
		separate(j);
	put(j, &bracket, 1);
}

static void
end(struct json *j, char bracket)
{
	put(j, &bracket, 1);
}

static void
number(struct json *j, const char *name, uint64_t n)
{
	char text[24];

	key(j, name);
	put(j, text, (size_t)snprintf(text, sizeof(text), "%llu", (unsigned long long)n));
}

static void
text(struct json *j, const char *name, const char *s, size_t most)
{
	key(j, name);
	put_text(j, s, strnlen(s, most));
}

static void
truth(struct json *j, const char *name, bool b)
{
	key(j, name);
	put(j, b ? "true" : "false", b ? 4 : 5);
}

__attribute__((format(printf, 2, 3))) static void
problem(struct problems *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (p->count < PROBLEMS_MAX)
		vsnprintf(p->text[p->count], PROBLEM_TEXT, fmt, ap);
	va_end(ap);
	p->count++;
}

static uint64_t
seconds_since(uint64_t now_ns, uint64_t then_ns)
{
	return then_ns && then_ns < now_ns ? (now_ns - then_ns) / NS_PER_SEC : 0;
}

static const enum counter loss_counters[] = {
#define LOSS(counter, ...) COUNTER_##counter,
#include "wire/loss.def"
#undef LOSS
	COUNTER_SWEPT,
};
#define LOSS_COUNTERS (sizeof(loss_counters) / sizeof(loss_counters[0]))

void
losses_note(struct losses *l, const struct page *page, uint64_t now_ns)
{
	uint64_t total = 0;

	for (size_t i = 0; i < LOSS_COUNTERS; i++)
		total += counter_get(page, loss_counters[i]);
	if (total != l->total)
		l->since_ns = now_ns;
	l->total = total;
}

static const struct { const char *name, *why; bool dark; } audit_states[] = {
	[AUDIT_OFF]	  = { "off", "[audit] mode = off", true },
	[AUDIT_OWN]	  = { "own", "", false },
	[AUDIT_MULTICAST] = { "multicast", "", false },
	[AUDIT_FAILED]	  = { "failed", "the kernel refused it, see the log of yettd", true },
	[AUDIT_UNNEEDED]  = { "unneeded", "no policy asks for what audit tells", true },
};
#define AUDIT_STATES (sizeof(audit_states) / sizeof(audit_states[0]))

static enum audit_state
audit_state(const struct page *page)
{
	uint32_t state = atomic_load(&page->warden.audit);

	return state < AUDIT_STATES ? (enum audit_state)state : AUDIT_FAILED;
}

/* The program of [records] program has a process only where there is one. */
static bool
is_wanted(const struct status *st, unsigned room)
{
	return room != ROOM_HOOK || st->config->hook.n;
}

static void
find_process_problems(const struct status *st, struct problems *p)
{
	const struct page *page = st->page;
	uint64_t owed = atomic_load(&page->gate.owed_since_ns);
	uint64_t waiting = atomic_load(&page->spool.head) - atomic_load(&page->spool.tail);
	int32_t error = atomic_load(&page->record.error);

	for (unsigned r = 0; r < ROOM__MAX; r++)
		if (is_wanted(st, r) && !atomic_load(&page->process[r].pid))
			problem(p, "%s is not running", room_name((enum room)r));
	if (owed && st->now_ns > owed && st->now_ns - owed > st->config->deadline_ns)
		problem(p, "gate owes the kernel an answer for %llu s", (unsigned long long)seconds_since(st->now_ns, owed));
	if (error)
		problem(p, "records cannot be written: %s", errno_name(error));
	if (waiting > PAGE_SPOOL / 2)
		problem(p, "records wait to be written: %llu of %u bytes are in use", (unsigned long long)waiting, PAGE_SPOOL);
	if (atomic_load(&page->gate.policy_generation) != atomic_load(&page->warden.policy_generation))
		problem(p, "gate does not have the policies of the last reload yet");
}

/* Sockets that are open only while a rule asks for what they tell. */
static const struct { const char *name, *problem; enum counter told, lost, broken; } senses[SENSE__MAX] = {
	[SENSE_PACKETS] = { "packets", "rules ask for dns, but packets cannot be heard, see the log of yettd",
		COUNTER_LOOKUPS, COUNTER_PACKETS_LOST, COUNTER_DNS_BROKEN },
	[SENSE_DEVICES] = { "devices", "rules ask for device, but the kernel cannot be heard, see the log of yettd",
		COUNTER_DEVICES, COUNTER_DEVICES_LOST, COUNTER_DEVICES_BROKEN },
};

static void
find_sensor_problems(const struct status *st, struct problems *p)
{
	const struct page *page = st->page;
	enum audit_state audit = audit_state(page);
	uint32_t n = atomic_load(&page->warden.mounts), dark = 0;

	if (audit == AUDIT_FAILED)
		problem(p, "audit does not tell what policies ask of it: %s", atomic_load(&page->warden.audit_locked) ?
		    "its rules are locked until the next boot (auditctl -e 2)" : audit_states[audit].why);
	if (!audit_states[audit].dark && atomic_load(&page->warden.audit_never))
		problem(p, "a rule `-a task,never` hides processes from audit");
	if (atomic_load(&page->warden.files) == FILES_FAILED)
		problem(p, "rules ask for changes of files, which this kernel cannot tell (it needs Linux 5.9)");
	for (uint32_t i = 0; i < n && i < PAGE_MOUNTS; i++)
		dark += atomic_load(&page->mount[i].covered) == COVER_FAILED;
	for (int i = 0; i < SENSE__MAX; i++)
		if (atomic_load(&page->warden.sense[i]) == SENSE_FAILED)
			problem(p, "%s", senses[i].problem);
	if (dark)
		problem(p, "%u of %u file systems could not be covered, see mounts", dark, n);
	if (n >= PAGE_MOUNTS)
		problem(p, "more file systems than fit into the list of mounts");
	if (st->losses->since_ns && st->now_ns - st->losses->since_ns < STATUS_LOSS_NS)
		problem(p, "something was lost %llu s ago or less, see losses",
		    (unsigned long long)seconds_since(st->now_ns, st->losses->since_ns));
}

static void
write_processes(struct json *j, const struct status *st)
{
	begin(j, "processes", '[');
	for (unsigned r = 0; r < ROOM__MAX; r++) {
		const struct page_process *p = &st->page->process[r];
		int32_t pid = atomic_load(&p->pid);
		if (!is_wanted(st, r))
			continue;
		begin(j, NULL, '{');
		text(j, "name", room_name((enum room)r), 16);
		truth(j, "running", pid > 0);
		number(j, "pid", pid > 0 ? (uint64_t)pid : 0);
		number(j, "uptime_s", pid > 0 ? seconds_since(st->now_ns, atomic_load(&p->started_ns)) : 0);
		number(j, "restarts", atomic_load(&p->restarts));
		end(j, '}');
	}
	end(j, ']');
}

/* What audit would tell and does not: all of it, or only what rules of the kernel were refused for. */
static uint64_t
audit_dark(const struct page *page, enum audit_state state)
{
	uint64_t all = 0, refused = atomic_load(&page->warden.audit_dark);

	for (unsigned k = 0; audit_states[state].dark && k < EVENT__MAX; k++)
		if (event_kind_sensor((enum event_kind)k) == SENSOR_AUDIT)
			all |= 1ull << k;
	return state == AUDIT_FAILED && (refused & all) ? refused & all : all;
}

static void
write_kinds(struct json *j, const char *name, uint64_t kinds)
{
	begin(j, name, '[');
	for (unsigned k = 0; k < EVENT__MAX; k++) {
		const char *kind = event_kind_name((enum event_kind)k);
		if (!(kinds & 1ull << k))
			continue;
		separate(j);
		put_text(j, kind, strlen(kind));
	}
	end(j, ']');
}

static void
write_audit(struct json *j, const struct page *page)
{
	enum audit_state state = audit_state(page);
	uint64_t error = atomic_load(&page->warden.audit_error);

	begin(j, "audit", '{');
	text(j, "state", audit_states[state].name, 16);
	text(j, "why", audit_states[state].why, 100);
	truth(j, "locked", atomic_load(&page->warden.audit_locked) != 0);
	truth(j, "never_rule", atomic_load(&page->warden.audit_never) != 0);
	number(j, "events", counter_get(page, COUNTER_AUDIT_EVENTS));
	number(j, "lost", counter_get(page, COUNTER_AUDIT_LOST));
	text(j, "error", error ? errno_name((int)error) : "", 32);
	truth(j, "io_uring", !atomic_load(&page->warden.audit_no_uring));
	write_kinds(j, "dark", audit_dark(page, state));
	end(j, '}');
}

static void
write_sense(struct json *j, const struct page *page, enum sense which)
{
	static const char *const states[] = { [SENSE_UNNEEDED] = "unneeded", [SENSE_ON] = "on", [SENSE_FAILED] = "failed" };
	uint32_t state = atomic_load(&page->warden.sense[which]);

	begin(j, senses[which].name, '{');
	text(j, "state", state < sizeof(states) / sizeof(states[0]) ? states[state] : "failed", 16);
	number(j, "events", counter_get(page, senses[which].told));
	number(j, "lost", counter_get(page, senses[which].lost));
	number(j, "broken", counter_get(page, senses[which].broken));
	end(j, '}');
}

static void
write_sensors(struct json *j, const struct status *st)
{
	const struct page *page = st->page;
	static const char *const states[] = { [FILES_UNNEEDED] = "unneeded", [FILES_ON] = "on", [FILES_FAILED] = "failed" };
	bool gate = atomic_load(&page->process[ROOM_GATE].pid) > 0;
	uint32_t files = gate ? atomic_load(&page->warden.files) : FILES_FAILED;
	uint32_t facts = gate ? atomic_load(&page->warden.facts) : FILES_FAILED;

	begin(j, "sensors", '{');
	begin(j, "fanotify", '{');
	text(j, "state", !gate ? "failed" : atomic_load(&page->warden.mode) == MODE_ENFORCE ? "permission" : "notification", 16);
	number(j, "events", counter_get(page, COUNTER_EXEC_ASKED) + counter_get(page, COUNTER_OPEN_ASKED));
	number(j, "lost", counter_get(page, COUNTER_QUEUE_OVERFLOW) + counter_get(page, COUNTER_OPEN_OVERFLOW) +
	    counter_get(page, COUNTER_FD_ERRORS));
	end(j, '}');
	begin(j, "files", '{');
	text(j, "state", files < sizeof(states) / sizeof(states[0]) ? states[files] : "failed", 16);
	truth(j, "able", !atomic_load(&page->warden.files_unable));
	number(j, "events", counter_get(page, COUNTER_FILE_EVENTS));
	number(j, "lost", counter_get(page, COUNTER_FILES_LOST));
	number(j, "unplaced", counter_get(page, COUNTER_FILES_UNPLACED));
	end(j, '}');
	begin(j, "facts", '{');
	text(j, "state", facts < sizeof(states) / sizeof(states[0]) ? states[facts] : "failed", 16);
	number(j, "files", atomic_load(&page->watch.known));
	number(j, "events", counter_get(page, COUNTER_FACTS_HEARD));
	number(j, "missed", counter_get(page, COUNTER_FACTS_MISSED));
	number(j, "lost", counter_get(page, COUNTER_FACTS_UNREAD) + counter_get(page, COUNTER_FACTS_LATE));
	end(j, '}');
	begin(j, "proc", '{');
	text(j, "state", gate ? "on" : "failed", 16);
	number(j, "heard_s", seconds_since(st->now_ns, atomic_load(&page->gate.proc_heard_ns)));
	number(j, "events", counter_get(page, COUNTER_PROC_EVENTS));
	number(j, "lost", counter_get(page, COUNTER_PROC_LOST));
	number(j, "muted", counter_get(page, COUNTER_PROC_MUTED));
	end(j, '}');
	write_audit(j, page);
	for (int i = 0; i < SENSE__MAX; i++)
		write_sense(j, page, (enum sense)i);
	end(j, '}');
}

/* Paths of mounts are chosen by whoever mounts, and an escaped byte takes six: the list ends where there might be no room. */
static void
write_mounts(struct json *j, const struct page *page)
{
	uint32_t n = atomic_load(&page->warden.mounts), i;

	begin(j, "mounts", '[');
	for (i = 0; i < n && i < PAGE_MOUNTS && j->size - j->len > MOUNT_JSON; i++) {
		const struct page_mount *m = &page->mount[i];
		if (!m->path[0])
			continue;
		begin(j, NULL, '{');
		text(j, "path", m->path, sizeof(m->path));
		text(j, "type", m->type, sizeof(m->type));
		truth(j, "covered", atomic_load(&m->covered) == COVER_MARKED);
		text(j, "why", m->why, sizeof(m->why));
		end(j, '}');
	}
	end(j, ']');
	number(j, "mounts_left_out", n > i ? n - i : 0);
}

/* The mark plan; cut like the list of mounts. */
static void
write_places(struct json *j, const struct page *page)
{
	static const char *const kinds[] = { "file", "directory", "tree", "everything" };
	static const char *const states[] = { [PLACE_AWAITED] = "awaited", [PLACE_MARKED] = "marked", [PLACE_REFUSED] = "refused" };
	uint32_t n = atomic_load(&page->warden.places), i;

	begin(j, "places", '[');
	for (i = 0; i < n && i < PAGE_PLACES && j->size - j->len > MOUNT_JSON; i++) {
		const struct page_place *p = &page->place[i];
		uint32_t kind = atomic_load(&p->kind), state = atomic_load(&p->state);
		uint64_t seen = atomic_load(&p->kinds);
		begin(j, NULL, '{');
		text(j, "path", p->path, sizeof(p->path));
		text(j, "kind", kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[kind] : "", 16);
		write_kinds(j, "events", seen);
		text(j, "state", state < sizeof(states) / sizeof(states[0]) ? states[state] : "", 16);
		text(j, "why", p->why, sizeof(p->why));
		end(j, '}');
	}
	end(j, ']');
	number(j, "places_left_out", n > i ? n - i : 0);
}

static void
write_latency(struct json *j, const struct page *page)
{
	static const struct { const char *name; unsigned per_mille; } ranks[] = {
		{ "p50", 500 }, { "p90", 900 }, { "p99", 990 }, { "p999", 999 }, { "max", 1000 },
	};
	struct latency l;

	latency_read(&l, page);
	begin(j, "latency_us", '{');
	number(j, "answers", l.total);
	for (size_t i = 0; l.total && i < sizeof(ranks) / sizeof(ranks[0]); i++)
		number(j, ranks[i].name, latency_rank(&l, ranks[i].per_mille));
	end(j, '}');
}

static void
write_records(struct json *j, const struct page *page)
{
	int32_t error = atomic_load(&page->record.error);
	uint64_t handed = atomic_load(&page->gate.report_number), acked = atomic_load(&page->record.acked);

	begin(j, "records", '{');
	number(j, "sequence", atomic_load(&page->record.sequence));
	number(j, "epoch", atomic_load(&page->record.epoch));
	number(j, "pending", (handed > acked ? handed - acked : 0) + atomic_load(&page->gate.late));
	number(j, "folding", fold_waiting(&page->fold));
	text(j, "error", error ? errno_name(error) : "", 32);
	end(j, '}');
	begin(j, "policy", '{');
	number(j, "generation", atomic_load(&page->gate.policy_generation));
	number(j, "rules", atomic_load(&page->warden.rules));
	end(j, '}');
}

static void
write_counters(struct json *j, const struct page *page)
{
	begin(j, "losses", '{');
	for (size_t i = 0; i < LOSS_COUNTERS; i++)
		number(j, counter_info(loss_counters[i])->name, counter_get(page, loss_counters[i]));
	end(j, '}');
	begin(j, "counters", '{');
	for (unsigned i = 0; i < COUNTER__MAX; i++)
		number(j, counter_info((enum counter)i)->name, counter_get(page, (enum counter)i));
	end(j, '}');
}

static void
write_problems(struct json *j, const struct problems *p)
{
	truth(j, "healthy", !p->count);
	begin(j, "problems", '[');
	for (unsigned i = 0; i < p->count && i < PROBLEMS_MAX; i++) {
		separate(j);
		put_text(j, p->text[i], strlen(p->text[i]));
	}
	end(j, ']');
}

size_t
status_write(struct status *st, char *out, size_t size)
{
	const struct page *page = st->page;
	struct json j = { .buf = out, .size = size };
	struct problems found = { 0 };
	uint64_t until = atomic_load(&page->warden.monitor_until_ns), confirm = atomic_load(&page->warden.confirm_until_ns);

	find_process_problems(st, &found);
	find_sensor_problems(st, &found);
	st->healthy = found.count == 0;
	begin(&j, NULL, '{');
	write_problems(&j, &found);
	text(&j, "version", VERSION, 32);
	text(&j, "mode", atomic_load(&page->warden.mode) == MODE_ENFORCE ? "enforce" : "monitor", 16);
	if (until > st->now_ns)
		number(&j, "enforce_in_s", (until - st->now_ns) / NS_PER_SEC);
	if (confirm > st->now_ns)
		number(&j, "confirm_in_s", (confirm - st->now_ns) / NS_PER_SEC);
	number(&j, "uptime_s", seconds_since(st->now_ns, atomic_load(&page->warden.started_ns)));
	write_processes(&j, st);
	write_sensors(&j, st);
	write_latency(&j, page);
	write_records(&j, page);
	write_counters(&j, page);
	write_mounts(&j, page);
	write_places(&j, page);
	end(&j, '}');
	return j.full ? 0 : j.len;
}
