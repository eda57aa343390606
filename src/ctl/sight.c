#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "ctl/sight.h"
#include "ctl/store.h"

#define WHY_MAX		200
#define SILENT_S	15		/* the proc connector is made to speak each second */
#define FOR_ALL		"telemetry-"	/* rules of that name record all of their events */
#define NAMED_MOUNTS	3
#define EVENTS_OFF	"[records] events = off: what rules only log is not written"

enum how { HOW_ANY, HOW_PARTS, HOW_CONTENT, HOW_HASH, HOW_SELF };

#define K(id)	(1ull << EVENT_##id)
#define FILES	(K(EXEC) | K(OPEN) | K(WRITE) | K(LOAD) | K(START))
#define BY_RULES ~(K(LOGON) | K(LOGOFF) | K(LOGON_FAILED))	/* of audit: the others come by themselves */

static const struct row { unsigned number; const char *name; enum how how; uint64_t kinds; const char *light, *misses; } rows[] = {
#define ROW(number, name, how, ...) { number, name, HOW_##how, __VA_ARGS__ },
#include "ctl/telemetry.def"
#undef ROW
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Of one kind of event. */
struct kind {
	bool	asked;		/* by a rule */
	bool	recorded;	/* by a rule that leaves a record */
	bool	muffled;	/* by one that would, if records of events were on */
	bool	all;		/* and that records each */
	bool	nothing;	/* the kernel has nothing of it */
	char	why[WHY_MAX];	/* it is not seen; "" it is */
};

struct look { const struct sight_ask *ask; struct kind kind[EVENT__MAX]; };

static int64_t
number(const json_t *status, const char *path)
{
	int64_t n = 0;

	store_number(status, path, &n);
	return n;
}

static bool
is(const struct look *l, const char *path, const char *text)
{
	return strcmp(store_text(l->ask->status, path), text) == 0;
}

static bool
holds(const struct look *l, const char *path)
{
	return json_is_true(store_get(l->ask->status, path));
}

__attribute__((format(printf, 2, 3))) static void
blind(struct kind *k, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(k->why, sizeof(k->why), fmt, ap);
	va_end(ap);
}

/* ---- What the kernel has ---- */

static bool
exists(const struct look *l, const char *path)
{
	return faccessat(l->ask->root, path, F_OK, 0) == 0;
}

/* audit=0 among the words that the kernel was started with. */
static bool
audit_switched_off(const struct look *l)
{
	char line[4096], *save = NULL;
	CLEANUP_FD int fd = openat(l->ask->root, "proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	if (n < 0)
		return false;
	line[n] = '\0';
	for (char *word = strtok_r(line, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
		if (strcmp(word, "audit=0") == 0 || strcmp(word, "audit=off") == 0)
			return true;
	return false;
}

/* ---- File systems ---- */

/* The mount that PATH lies on, of those that yettd tells. */
static const json_t *
mount_of(const struct look *l, const char *path)
{
	const json_t *m, *best = NULL;
	size_t i, longest = 0;

	json_array_foreach(json_object_get(l->ask->status, "mounts"), i, m) {
		const char *at = store_text(m, "path");
		size_t len = strcmp(at, "/") == 0 ? 0 : strlen(at);
		if (strncmp(path, at, len) != 0 || (path[len] != '/' && path[len]) || !*at || (best && len < longest))
			continue;
		best = m;
		longest = len;
	}
	return best;
}

static bool
is_gated(const struct look *l, const char *path)
{
	const json_t *m = mount_of(l, path);

	return m ? json_is_true(json_object_get(m, "covered")) : number(l->ask->status, "mounts_left_out") > 0;
}

static bool
any_gated(const struct look *l)
{
	const json_t *m;
	size_t i;

	json_array_foreach(json_object_get(l->ask->status, "mounts"), i, m)
		if (json_is_true(json_object_get(m, "covered")))
			return true;
	return false;
}

/* ---- What a sensor cannot ---- */

static void
look_at_gate(const struct look *l, struct kind *k)
{
	if (is(l, "sensors.fanotify.state", "failed"))
		blind(k, "the process gate is not running");
	else if (!any_gated(l))
		blind(k, "no file system is gated, see yettctl status");
}

static void
look_at_files(const struct look *l, struct kind *k, enum event_kind kind)
{
	bool facts = event_kind_sensor(kind) == SENSOR_FACTS;

	look_at_gate(l, k);
	if (k->why[0])
		return;
	if (is(l, facts ? "sensors.facts.state" : "sensors.files.state", "failed") || !holds(l, "sensors.files.able"))
		blind(k, "this kernel does not tell of files by handle, it needs Linux 5.9");
	else if (facts && !is_gated(l, "/etc"))
		blind(k, "/etc is on a file system that is not gated");
}

static void
look_at_proc(const struct look *l, struct kind *k)
{
	int64_t silent = number(l->ask->status, "sensors.proc.events") ? number(l->ask->status, "sensors.proc.heard_s") :
	    number(l->ask->status, "uptime_s");

	if (!is(l, "sensors.proc.state", "on"))
		blind(k, "the process gate is not running");
	else if (silent > SILENT_S)
		blind(k, "the proc connector has been silent for %lld s: somebody has muted it", (long long)silent);
}

static bool
is_dark(const struct look *l, enum event_kind kind)
{
	const json_t *dark = store_get(l->ask->status, "sensors.audit.dark"), *name;
	size_t i;

	json_array_foreach(dark, i, name)
		if (json_is_string(name) && strcmp(json_string_value(name), event_kind_name(kind)) == 0)
			return true;
	return false;
}

/* Why the kernel would not let yettd use audit. */
static const char *
refusal(const struct look *l, const char *error)
{
	if (audit_switched_off(l))
		return "audit=0 on the kernel command line";
	if (strcmp(error, "EPROTONOSUPPORT") == 0)
		return "a kernel without audit";
	if (strcmp(error, "EEXIST") == 0)
		return "another program has the socket of audit, and [audit] mode = own";
	return "yettd may not use audit: a container, or no CAP_AUDIT_CONTROL";
}

static void
look_at_audit(const struct look *l, struct kind *k, enum event_kind kind)
{
	const char *error = store_text(l->ask->status, "sensors.audit.error");
	bool by_rule = BY_RULES >> kind & 1, failed = is(l, "sensors.audit.state", "failed");

	if (is(l, "sensors.audit.state", "off"))
		blind(k, "[audit] mode = off");
	else if (*error)
		blind(k, "%s (%s)", refusal(l, error), error);
	else if (by_rule && holds(l, "sensors.audit.locked") && (!failed || is_dark(l, kind)))
		blind(k, "the rules of audit are locked until the next boot (auditctl -e 2)");
	else if (by_rule && holds(l, "sensors.audit.never_rule"))
		blind(k, "a rule of audit, -a task,never, hides processes: auditctl -d task,never, then start anew what is to be seen");
	else if (failed && is_dark(l, kind))
		blind(k, "the kernel refuses its rules of audit, see the log of yettd");
	k->nothing = (kind == EVENT_MODULE && !exists(l, "proc/modules")) ||
	    (kind == EVENT_BPF && !exists(l, "proc/sys/kernel/unprivileged_bpf_disabled"));
}

static void
look_at_packets(const struct look *l, struct kind *k)
{
	if (!exists(l, "proc/net/packet"))
		blind(k, "a kernel without packet sockets");
	else if (!is(l, "sensors.packets.state", "on") && !is(l, "sensors.packets.state", "unneeded"))
		blind(k, "packets cannot be heard: no CAP_NET_RAW, or a kernel without filters for them");
}

static void
look_at_devices(const struct look *l, struct kind *k)
{
	if (!is(l, "sensors.devices.state", "on") && !is(l, "sensors.devices.state", "unneeded"))
		blind(k, "the kernel's messages about devices cannot be heard");
}

static void
look_at_kind(struct look *l, enum event_kind kind)
{
	struct kind *k = &l->kind[kind];

	switch (event_kind_sensor(kind)) {
	case SENSOR_FANOTIFY:
		look_at_gate(l, k);
		break;
	case SENSOR_FILES:
	case SENSOR_FACTS:
		look_at_files(l, k, kind);
		break;
	case SENSOR_PROC:
		look_at_proc(l, k);
		break;
	case SENSOR_AUDIT:
		look_at_audit(l, k, kind);
		break;
	case SENSOR_PACKET:
		look_at_packets(l, k);
		break;
	case SENSOR_UEVENT:
		look_at_devices(l, k);
		break;
	case SENSOR_NOBODY:
	case SENSOR_SELF:
	case SENSOR__MAX:
		break;
	}
}

/* ---- What rules ask for ---- */

static bool
is_for_all(const struct rule_info *r)
{
	return strncmp(r->name, FOR_ALL, sizeof(FOR_ALL) - 1) == 0;
}

static void
look_at_rules(struct look *l)
{
	struct rule_info r;

	for (unsigned i = 0; i < policy_rules(l->ask->policy); i++) {
		policy_rule(l->ask->policy, i, &r);
		unsigned says = r.actions & ~(unsigned)ACTION_ALLOW;
		bool muffled = says == ACTION_LOG && !l->ask->config->events;
		for (unsigned k = 0; k < EVENT__MAX && !r.correlation; k++) {
			bool asks = r.kinds >> k & 1;
			l->kind[k].asked |= asks;
			l->kind[k].muffled |= asks && muffled;
			l->kind[k].recorded |= asks && says && !muffled;
			l->kind[k].all |= asks && says && !muffled && is_for_all(&r);
		}
	}
}

/* Names of the rules on KINDS, those first that record all. */
static json_t *
rules_on(const struct look *l, uint64_t kinds)
{
	json_t *names = json_array();
	struct rule_info r;

	for (int first = 1; first >= 0; first--)
		for (unsigned i = 0; i < policy_rules(l->ask->policy); i++) {
			policy_rule(l->ask->policy, i, &r);
			if ((r.kinds & kinds) && !r.correlation && is_for_all(&r) == first)
				json_array_append_new(names, json_string(r.name));
		}
	return names;
}

/* ---- Rows ---- */

__attribute__((format(printf, 2, 3))) static void
miss(json_t *misses, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(misses, json_string(text));
}

static bool
is_lit(const struct kind *k)
{
	return k->asked && k->recorded && !k->why[0] && !k->nothing;
}

/* File systems that are left out. */
static void
miss_mounts(const struct look *l, json_t *misses)
{
	const json_t *m;
	size_t i, n = 0;

	json_array_foreach(json_object_get(l->ask->status, "mounts"), i, m)
		if (!json_is_true(json_object_get(m, "covered")) && n++ < NAMED_MOUNTS)
			miss(misses, "files on %s: %s", store_text(m, "path"), store_text(m, "why"));
	if (n > NAMED_MOUNTS)
		miss(misses, "files on %zu more file systems, see yettctl status", n - NAMED_MOUNTS);
	if (!l->ask->config->filesystems_auto)
		miss(misses, "files on file systems that [gate] filesystems does not name");
}

static void
miss_parts(const struct look *l, const struct row *row, json_t *misses)
{
	for (unsigned k = 0; k < EVENT__MAX; k++) {
		const struct kind *kind = &l->kind[k];
		if (!(row->kinds >> k & 1) || kind->nothing)
			continue;
		if (kind->why[0] && (row->how == HOW_PARTS || kind->asked))
			miss(misses, "%s: %s", event_kind_name((enum event_kind)k), kind->why);
		else if (!kind->why[0] && !kind->asked && row->how == HOW_PARTS)
			miss(misses, "%s: no rule asks", event_kind_name((enum event_kind)k));
	}
}

/* Of a row that is lit: is each recorded, or, LIT_ONLY, each of the parts that are seen? */
static bool
tells_all(const struct look *l, const struct row *row, bool lit_only)
{
	bool any = false, each = true;

	for (unsigned k = 0; k < EVENT__MAX; k++) {
		bool lit = is_lit(&l->kind[k]), all = l->kind[k].all && lit;
		if (!(row->kinds >> k & 1) || (lit_only && !lit))
			continue;
		any |= all;
		each &= all;
	}
	return row->how == HOW_PARTS ? each : any;
}

/* Audit tells of each exec besides. */
static bool
tells_arguments(const struct look *l)
{
	return l->ask->config->exec_full && (is(l, "sensors.audit.state", "own") || is(l, "sensors.audit.state", "multicast"));
}

static json_t *
misses_of(const struct look *l, const struct row *row)
{
	json_t *misses = json_array();
	bool files = false, audit = false;

	for (unsigned k = 0; k < EVENT__MAX; k++) {
		enum sensor s = event_kind_sensor((enum event_kind)k);
		bool lit = (row->kinds >> k & 1) && is_lit(&l->kind[k]);
		files |= lit && (s == SENSOR_FANOTIFY || s == SENSOR_FILES);
		audit |= lit && s == SENSOR_AUDIT && (BY_RULES >> k & 1);
	}
	if (!tells_all(l, row, true))
		miss(misses, "%s", SIGHT_UNMATCHED);
	miss_parts(l, row, misses);
	if (*row->misses && !((row->kinds & K(EXEC)) && tells_arguments(l)))
		miss(misses, "%s", row->misses);
	if (files)
		miss_mounts(l, misses);
	if (audit && !holds(l, "sensors.audit.io_uring"))
		miss(misses, "what is done by io_uring, which audit tells from Linux 5.16 on");
	if ((row->kinds & K(DNS)) && l->kind[EVENT_CONNECT].why[0])
		miss(misses, "who asks: only audit tells; %s", l->kind[EVENT_CONNECT].why);
	if ((row->kinds & K(SCHEDULE)) && !is_gated(l, "/var/spool/cron"))
		miss(misses, "jobs of users: /var/spool/cron is on a file system that is not gated");
	return misses;
}

/* Of a row that is not lit: why it is dark; "" it only is not asked for. */
static const char *
darkness(const struct look *l, const struct row *row)
{
	const char *why = NULL;
	bool works = false;

	for (unsigned k = 0; k < EVENT__MAX; k++) {
		const struct kind *kind = &l->kind[k];
		if (!(row->kinds >> k & 1))
			continue;
		if (kind->asked && kind->why[0])
			return kind->why;
		if (kind->muffled && !kind->recorded)
			return EVENTS_OFF;
		works |= !kind->why[0];
		why = why ? why : kind->why;
	}
	return works ? "" : why;
}

static json_t *
row_json(const struct row *row, const char *state, bool all, json_t *rules, json_t *misses)
{
	return json_pack("{sI ss ss sb so ss so ss}", "number", (json_int_t)row->number, "name", row->name, "state", state, "all", all,
	    "rules", rules ? rules : json_array(), "why", "", "misses", misses ? misses : json_array(), "light", row->light);
}

static json_t *
row_of_events(const struct look *l, const struct row *row)
{
	bool lit = false, nothing = false;

	for (unsigned k = 0; k < EVENT__MAX; k++)
		if (row->kinds >> k & 1) {
			lit |= is_lit(&l->kind[k]);
			nothing |= l->kind[k].nothing;
		}
	if (nothing)
		return row_json(row, "nothing", false, NULL, NULL);
	if (lit)
		return row_json(row, "lit", tells_all(l, row, false), rules_on(l, row->kinds), misses_of(l, row));
	const char *why = darkness(l, row);
	json_t *out = row_json(row, *why ? "dark" : "unasked", false, rules_on(l, row->kinds), NULL);
	json_object_set_new(out, "why", json_string(why));
	return out;
}

/* What is found out of files; with digests of each that a record names, else of those that a rule asks it of. */
static json_t *
row_of_content(const struct look *l, const struct row *row)
{
	json_t *misses = json_array(), *processes = json_object_get(l->ask->status, "processes"), *p;
	bool all = row->how != HOW_CONTENT || l->ask->config->digests, asked = all, scan = false;
	size_t i;

	for (unsigned k = 0; k < EVENT__MAX; k++)
		asked |= (policy_hangs_on(l->ask->policy, (enum event_kind)k) & HAVE_CONTENT) != 0;
	json_array_foreach(processes, i, p)
		scan |= strcmp(store_text(p, "name"), "scan") == 0 && json_is_true(json_object_get(p, "running"));
	if (!all)
		miss(misses, "files that no rule asks it of");
	miss(misses, "%s", row->misses);
	json_t *out = row_json(row, !scan ? "dark" : asked ? "lit" : "unasked", scan && all, NULL, misses);
	json_object_set_new(out, "why", json_string(scan ? "" : "the process scan is not running"));
	if (!scan || !asked)
		json_array_clear(misses);
	return out;
}

static json_t *
row_of_self(const struct look *l, const struct row *row)
{
	const char *error = store_text(l->ask->status, "records.error");
	json_t *misses = json_array();

	if (*row->misses)
		miss(misses, "%s", row->misses);
	json_t *out = row_json(row, *error ? "dark" : "lit", !*error, NULL, misses);
	if (*error) {
		char why[WHY_MAX];
		snprintf(why, sizeof(why), "records cannot be written: %s", error);
		json_object_set_new(out, "why", json_string(why));
	}
	return out;
}

static json_t *
row_look(const struct look *l, const struct row *row)
{
	switch (row->how) {
	case HOW_ANY:
	case HOW_PARTS:
		return row_of_events(l, row);
	case HOW_CONTENT:
	case HOW_HASH:
		return row_of_content(l, row);
	case HOW_SELF:
		return row_of_self(l, row);
	}
	return NULL;
}

static void
add_vain(json_t *vain, const char *name, const char *why)
{
	json_array_append_new(vain, json_pack("{ss ss}", "name", name, "why", why));
}

/* Places that rules name and that cannot be watched, although others can. */
static void
add_places(const struct look *l, json_t *vain)
{
	const json_t *place;
	size_t i;

	json_array_foreach(json_object_get(l->ask->status, "places"), i, place)
		if (strcmp(store_text(place, "state"), "refused") == 0)
			add_vain(vain, store_text(place, "path"), store_text(place, "why"));
}

json_t *
sight_look(const struct sight_ask *ask)
{
	struct look l = { .ask = ask };
	json_t *list = json_array(), *vain = json_array();

	look_at_rules(&l);
	for (unsigned k = 0; k < EVENT__MAX; k++) {
		const struct kind *kind = &l.kind[k];
		look_at_kind(&l, (enum event_kind)k);
		if (kind->asked && kind->why[0] && !kind->nothing)
			add_vain(vain, event_kind_name((enum event_kind)k), kind->why);
		else if (kind->muffled && !kind->recorded)
			add_vain(vain, event_kind_name((enum event_kind)k), EVENTS_OFF);
	}
	add_places(&l, vain);
	for (size_t i = 0; i < ROWS; i++) {
		json_t *row = row_look(&l, &rows[i]);
		json_array_append_new(list, row);
		if (rows[i].how >= HOW_CONTENT && strcmp(store_text(row, "state"), "dark") == 0)
			add_vain(vain, rows[i].name, store_text(row, "why"));
	}
	return json_pack("{so so}", "rows", list, "asked_dark", vain);
}
