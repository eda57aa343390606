#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "alert/json.h"
#include "alert/reason.h"
#include "base/clock.h"

/*
 * Names are those of ECS; what it has no name for is under `yett`, by the name that rules know it by. Texts that a stranger chose cannot
 * push anything out: there is a reserve for `yett`, which comes last, and what has no end of its own (arguments, environment, ancestors)
 * comes after all that the caps below bound.
 */
#define YETT_RESERVE	18000
#define CUT_RESERVE	1500	/* of that for yett.truncated */
#define CAP_PATH	4400
#define CAP_ARGS	16000
#define CAP_SMALL	1200
#define CAP_WORD	500	/* what the kernel or we ourselves chose, or a name of at most 80 bytes */
#define TECHNIQUES_MAX	200
#define CUT_MAX		32

struct writer {
	struct json		 j;
	const struct report	*r;
	const struct event	*ev;
	const struct host_facts	*host;
	const char		*cut[CUT_MAX];	/* members that did not fit whole */
	unsigned		 n_cut;
};

static const struct { uint32_t flag; const char *name; } flags[] = {
	{ FLAG_ARGS_CUT, "args-cut" }, { FLAG_ANCESTRY_CUT, "ancestry-cut" }, { FLAG_PATH_CUT, "path-cut" },
	{ FLAG_WRITE_UNSURE, "write-unsure" }, { FLAG_NOTIFIED, "notified" }, { FLAG_ARGS_CHANGED, "args-changed" },
	{ FLAG_LOADER, "loader" },
};
static const char *const sensors[SENSOR__MAX] = {
	[SENSOR_NOBODY] = "nobody", [SENSOR_FANOTIFY] = "fanotify", [SENSOR_PROC] = "proc", [SENSOR_AUDIT] = "audit", [SENSOR_SELF] = "self",
	[SENSOR_FILES] = "files",
};

static void
was_cut(struct writer *w, const char *member)
{
	for (unsigned i = 0; i < w->n_cut; i++)
		if (w->cut[i] == member)
			return;
	if (w->n_cut < CUT_MAX)
		w->cut[w->n_cut++] = member;
}

static bool
has(const struct writer *w, uint32_t have)
{
	return (w->ev->have & have) == have;
}

/* A text of the event as member KEY; MEMBER is its whole name. */
struct member { const char *key, *member; size_t cap; };

static void
text(struct writer *w, enum event_text which, struct member m)
{
	size_t len;
	const char *s = event_text(w->ev, which, &len);

	if (len && json_text_cap(&w->j, m.key, s, len, m.cap) < len)
		was_cut(w, m.member);
}

/* A list: each part ends in NUL, or with the text. */
static void
list(struct writer *w, enum event_text which, struct member m)
{
	size_t len, left = m.cap;
	const char *s = event_text(w->ev, which, &len), *end = s + len;

	if (!len)
		return;
	json_list(&w->j, m.key);
	while (s < end) {
		size_t n = strnlen(s, (size_t)(end - s)), before = w->j.len;
		size_t taken = left ? json_text_cap(&w->j, NULL, s, n, left) : 0, used = w->j.len - before;
		if (taken < n || !used) {
			was_cut(w, m.member);
			break;
		}
		left = used < left ? left - used : 0;
		s += n + 1;
	}
	json_list_end(&w->j);
}

/* ECS has ids of users as keywords: texts. */
static void
id(struct writer *w, const char *key, uint32_t n)
{
	char s[16];

	snprintf(s, sizeof(s), "%" PRIu32, n);
	json_str(&w->j, key, s);
}

static void
hex_id(struct writer *w, const char *key, uint64_t n)
{
	char s[20];

	snprintf(s, sizeof(s), "%016" PRIx64, n);
	json_str(&w->j, key, s);
}

/* A long of ECS is signed; no file and no loss is as large. */
static void
amount(struct writer *w, const char *key, uint64_t n)
{
	json_unum(&w->j, key, n > INT64_MAX ? INT64_MAX : n);
}

static void
hash(struct writer *w)
{
	if (!has(w, HAVE_HASH))
		return;
	json_open(&w->j, "hash");
	json_hex(&w->j, "sha256", w->ev->file.sha256, sizeof(w->ev->file.sha256));
	json_close(&w->j);
}

static const char *
outcome(const struct writer *w)
{
	if (w->r->decision == DECISION_DENY)
		return "failure";
	return has(w, HAVE_RESULT) && w->ev->result < 0 ? "failure" : "success";
}

static void
event_members(struct writer *w, uint64_t sequence)
{
	struct json *j = &w->j;
	enum event_kind kind = (enum event_kind)w->ev->kind;
	char sentence[REASON_MAX];

	json_open(j, "event");
	hex_id(w, "id", w->ev->id);
	json_unum(j, "sequence", sequence);
	json_str(j, "kind", report_kind_name((enum report_kind)w->r->kind));
	json_list(j, "category");
	json_str(j, NULL, event_kind_category(kind));
	if (w->r->decision == DECISION_DENY)	/* where ECS expects the type `denied` */
		json_str(j, NULL, "intrusion_detection");
	json_list_end(j);
	json_list(j, "type");
	json_str(j, NULL, event_kind_type(kind));
	if (w->r->decision == DECISION_DENY)
		json_str(j, NULL, "denied");
	json_list_end(j);
	if (w->r->repeated)
		json_str(j, "action", "alert-summary");
	else if (has(w, HAVE_ACTION))
		text(w, TEXT_ACTION, (struct member){ "action", "event.action", CAP_WORD });
	else
		json_str(j, "action", event_kind_name(kind));
	json_str(j, "outcome", outcome(w));
	json_num(j, "severity", w->r->severity);
	reason(w->r, sentence);
	json_text_cap(j, "reason", sentence, strlen(sentence), 2 * REASON_MAX);
	if (w->r->repeated) {
		json_time(j, "start", w->r->first_ns);
		json_time(j, "end", w->r->last_ns);
	}
	json_close(j);
	json_open(j, "log");
	json_str(j, "level", severity_name((enum severity)w->r->severity));
	json_close(j);
}

static bool
has_text(const struct writer *w, enum event_text which)
{
	size_t len;

	event_text(w->ev, which, &len);
	return len > 0;
}

/* Techniques may be several, separated by commas or blanks. */
static void
techniques(struct writer *w)
{
	size_t len;
	const char *s = event_text(w->ev, TEXT_TECHNIQUE, &len), *end;

	if (!len)
		return;
	if (len > TECHNIQUES_MAX) {
		was_cut(w, "threat.technique.id");
		len = TECHNIQUES_MAX;
	}
	end = s + len;
	json_open(&w->j, "threat");
	json_str(&w->j, "framework", "MITRE ATT&CK");
	json_open(&w->j, "technique");
	json_list(&w->j, "id");
	while (s < end) {
		const char *from = s;
		while (s < end && *s != ',' && *s != ' ')
			s++;
		if (s > from)
			json_text_cap(&w->j, NULL, from, (size_t)(s - from), CAP_SMALL);
		s++;
	}
	json_list_end(&w->j);
	json_close(&w->j);
	json_close(&w->j);
}

static void
rule_members(struct writer *w)
{
	if (!has_text(w, TEXT_RULE))
		return;
	json_open(&w->j, "rule");
	text(w, TEXT_RULE, (struct member){ "name", "rule.name", CAP_SMALL });
	text(w, TEXT_RULESET, (struct member){ "ruleset", "rule.ruleset", CAP_SMALL });
	text(w, TEXT_RULE_DESCRIPTION, (struct member){ "description", "rule.description", CAP_SMALL });
	json_close(&w->j);
	techniques(w);
	text(w, TEXT_RULE_MESSAGE, (struct member){ "message", "message", CAP_SMALL });
}

static void
ancestors(struct writer *w)
{
	if (!has(w, HAVE_ANCESTORS))
		return;
	json_open(&w->j, "process");
	json_list(&w->j, "ancestor");
	for (unsigned i = 0; i < w->ev->ancestors; i++) {
		const struct ancestor *a = &w->ev->ancestor[i];
		json_open(&w->j, NULL);
		json_num(&w->j, "pid", a->pid);
		hex_id(w, "entity_id", a->entity);
		size_t len = a->executable.len;
		if (json_text_cap(&w->j, "executable", w->ev->arena + a->executable.off, len, CAP_SMALL) < len || w->j.skipped)
			was_cut(w, "process.ancestor.executable");
		json_close(&w->j);
	}
	json_list_end(&w->j);
	json_close(&w->j);
}

/* When a process started, by the wall clock that the event was taken by. */
static void
start(struct writer *w, uint64_t start_ns)
{
	uint64_t age = w->ev->boot_ns - start_ns;

	if (start_ns && start_ns <= w->ev->boot_ns && age <= w->ev->wall_ns)
		json_time(&w->j, "start", w->ev->wall_ns - age);
}

static void
parent_members(struct writer *w)
{
	if (has(w, HAVE_PARENT)) {
		json_open(&w->j, "parent");
		json_num(&w->j, "pid", w->ev->parent.pid);
		if (w->ev->parent.entity)
			hex_id(w, "entity_id", w->ev->parent.entity);
		text(w, TEXT_PARENT_EXECUTABLE, (struct member){ "executable", "process.parent.executable", CAP_PATH });
		if (has(w, HAVE_PARENT_ARGS))
			list(w, TEXT_PARENT_ARGS, (struct member){ "args", "process.parent.args", CAP_SMALL });
		start(w, w->ev->parent.start_ns);
		json_close(&w->j);
	}
	if (has_text(w, TEXT_PREVIOUS_EXECUTABLE)) {
		json_open(&w->j, "previous");
		text(w, TEXT_PREVIOUS_EXECUTABLE, (struct member){ "executable", "process.previous.executable", CAP_PATH });
		json_close(&w->j);
	}
}

static void
command_line(struct writer *w)
{
	char line[REASON_COMMAND_LINE];
	size_t len = reason_command_line(w->ev, line);

	if (len)
		json_text_cap(&w->j, "command_line", line, len, 2 * sizeof(line));
}

static void
process_members(struct writer *w)
{
	struct json *j = &w->j;

	if (!has(w, HAVE_PROCESS) && w->ev->process.pid <= 0)
		return;
	json_open(j, "process");
	json_num(j, "pid", w->ev->process.pid);
	if (w->ev->process.entity)
		hex_id(w, "entity_id", w->ev->process.entity);
	text(w, TEXT_EXECUTABLE, (struct member){ "executable", "process.executable", CAP_PATH });
	if (has(w, HAVE_COMM))
		text(w, TEXT_COMM, (struct member){ "title", "process.title", CAP_WORD });
	if (has(w, HAVE_EXIT))
		json_num(j, "exit_code", w->ev->exit_code);
	start(w, w->ev->process.start_ns);
	if (w->ev->kind == EVENT_EXEC)
		hash(w);
	parent_members(w);
	if (has(w, HAVE_CWD))
		text(w, TEXT_CWD, (struct member){ "working_directory", "process.working_directory", CAP_PATH });
	if (has(w, HAVE_ARGS)) {
		json_unum(j, "args_count", w->ev->args_count);
		list(w, TEXT_ARGS, (struct member){ "args", "process.args", CAP_ARGS });
		command_line(w);
	}
	if (has(w, HAVE_ENV))
		list(w, TEXT_ENV, (struct member){ "env_vars", "process.env_vars", CAP_SMALL });
	json_close(j);
}

static void
user_members(struct writer *w)
{
	struct json *j = &w->j;

	if (!has(w, HAVE_USER))
		return;
	json_open(j, "user");
	id(w, "id", w->ev->process.uid);
	text(w, TEXT_USER_NAME, (struct member){ "name", "user.name", CAP_SMALL });
	json_open(j, "group");
	id(w, "id", w->ev->process.gid);
	text(w, TEXT_GROUP_NAME, (struct member){ "name", "user.group.name", CAP_SMALL });
	json_close(j);
	json_close(j);
}

static void
attribute_members(struct writer *w)
{
	struct json *j = &w->j;
	const struct file *f = &w->ev->file;
	char s[24];

	if (!has(w, HAVE_ATTRIBUTES))
		return;
	amount(w, "size", f->size);
	id(w, "uid", f->uid);
	id(w, "gid", f->gid);
	text(w, TEXT_FILE_OWNER, (struct member){ "owner", "file.owner", CAP_SMALL });
	snprintf(s, sizeof(s), "%04o", f->mode & 07777);
	json_str(j, "mode", s);
	snprintf(s, sizeof(s), "%" PRIu64, f->ino);
	json_str(j, "inode", s);
	snprintf(s, sizeof(s), "%" PRIu64, f->dev);
	json_str(j, "device", s);
	if (f->mtime_ns)
		json_time(j, "mtime", f->mtime_ns);
	if (f->ctime_ns)
		json_time(j, "ctime", f->ctime_ns);
}

static void
file_members(struct writer *w)
{
	struct json *j = &w->j;

	if (!(w->ev->have & (HAVE_FILE | HAVE_ATTRIBUTES)))
		return;
	json_open(j, "file");
	if (has(w, HAVE_FILE))
		text(w, TEXT_FILE_PATH, (struct member){ "path", "file.path", CAP_PATH });
	hash(w);
	attribute_members(w);
	json_close(j);
}

static void
peer_members(struct writer *w)
{
	const struct peer *p = &w->ev->peer;
	char s[INET6_ADDRSTRLEN];

	if (!has(w, HAVE_PEER))
		return;
	json_open(&w->j, "destination");
	if ((p->family == AF_INET || p->family == AF_INET6) && inet_ntop(p->family, p->addr, s, sizeof(s))) {
		json_str(&w->j, "ip", s);
		json_unum(&w->j, "port", p->port);
	}
	json_close(&w->j);
}

/* An object with one text in it. */
static void
single(struct writer *w, const char *object, enum event_text which, struct member m)
{
	if (!has_text(w, which))
		return;
	json_open(&w->j, object);
	text(w, which, m);
	json_close(&w->j);
}

static void
target_members(struct writer *w)
{
	if (!has(w, HAVE_TARGET))
		return;
	json_open(&w->j, "target");
	json_open(&w->j, "process");
	json_num(&w->j, "pid", w->ev->target.pid);
	text(w, TEXT_TARGET_EXECUTABLE, (struct member){ "executable", "target.process.executable", CAP_PATH });
	json_close(&w->j);
	json_open(&w->j, "user");
	id(w, "id", w->ev->target.uid);
	json_close(&w->j);
	json_close(&w->j);
}

static void
own_user_members(struct writer *w)
{
	if (!has(w, HAVE_USER))
		return;
	json_open(&w->j, "user");
	json_open(&w->j, "real");
	id(w, "id", w->ev->process.ruid);
	json_close(&w->j);
	if (has(w, HAVE_AUID) && w->ev->process.auid != UINT32_MAX) {
		json_open(&w->j, "audit");
		id(w, "id", w->ev->process.auid);
		json_close(&w->j);
	}
	json_close(&w->j);
}

static void
own_file_members(struct writer *w)
{
	struct json *j = &w->j;

	if (!(w->ev->have & (HAVE_FILE | HAVE_ATTRIBUTES | HAVE_FILE_PREVIOUS)))
		return;
	json_open(j, "file");
	if (has(w, HAVE_FILE_PREVIOUS)) {
		json_open(j, "previous");
		text(w, TEXT_FILE_PREVIOUS, (struct member){ "path", "file.previous.path", CAP_PATH });
		json_close(j);
	}
	if (has(w, HAVE_ATTRIBUTES)) {
		json_unum(j, "links", w->ev->file.links);
		json_bool(j, "setuid", w->ev->flags & FLAG_SETUID);
		json_bool(j, "writable_by_others", w->ev->flags & FLAG_WRITABLE_BY_OTHERS);
		json_bool(j, "deleted", w->ev->flags & FLAG_DELETED);
	}
	if (has(w, HAVE_FILE))
		text(w, TEXT_FILESYSTEM, (struct member){ "filesystem", "file.filesystem", CAP_WORD });
	text(w, TEXT_FILE_TYPE, (struct member){ "type", "file.type", CAP_WORD });
	text(w, TEXT_INTERPRETER, (struct member){ "interpreter", "file.interpreter", CAP_SMALL });
	json_close(j);
}

/* The number may be larger than a signed one, which is all that many readers of JSON have: a text. */
static void
own_event_members(struct writer *w)
{
	char s[24];

	if (!(w->ev->have & (HAVE_SYSCALL | HAVE_RESULT)))
		return;
	json_open(&w->j, "event");
	if (has(w, HAVE_SYSCALL)) {
		text(w, TEXT_SYSCALL, (struct member){ "syscall", "event.syscall", CAP_WORD });
		snprintf(s, sizeof(s), "%" PRIu64, w->ev->syscall_arg0);
		json_str(&w->j, "syscall_arg0", s);
	}
	if (has(w, HAVE_RESULT))
		json_num(&w->j, "result", w->ev->result);
	json_close(&w->j);
}

/* All but the ancestors, which have no end of their own. */
static void
beyond_ecs(struct writer *w)
{
	own_event_members(w);
	own_user_members(w);
	own_file_members(w);
	target_members(w);
	single(w, "driver", TEXT_MODULE, (struct member){ "name", "driver.name", CAP_WORD });
}

static void
host_members(struct writer *w)
{
	struct json *j = &w->j;
	const struct host_facts *h = w->host;

	json_open(j, "host");
	json_str(j, "hostname", h->hostname);
	json_str(j, "id", h->id);
	json_open(j, "boot");
	json_str(j, "id", h->boot_id);
	json_close(j);
	json_open(j, "os");
	json_str(j, "type", "linux");
	json_str(j, "kernel", h->kernel);
	json_close(j);
	json_close(j);
	json_open(j, "agent");
	json_str(j, "type", "yett");
	json_str(j, "version", h->version);
	json_str(j, "id", h->agent_id);
	json_close(j);
}

/* What the alerts that it counts have in common, and a few of them. */
static void
summary_members(struct writer *w)
{
	struct json *j = &w->j;

	json_open(j, "summary");
	json_str(j, "of", event_kind_name((enum event_kind)w->ev->kind));
	if (w->r->root) {
		json_open(j, "tree");
		json_num(j, "pid", w->r->root_pid);
		hex_id(w, "entity_id", w->r->root);
		json_close(j);
	}
	list(w, TEXT_SAMPLE_IDS, (struct member){ "ids", "yett.summary.ids", CAP_WORD });
	list(w, TEXT_SAMPLES, (struct member){ "files", "yett.summary.files", CAP_SMALL });
	json_close(j);
}

static void
yett_members(struct writer *w)
{
	struct json *j = &w->j;
	const struct report *r = w->r;

	json_open(j, "yett");
	json_str(j, "verdict", decision_name((enum decision)r->decision));
	json_str(j, "would", decision_name((enum decision)r->would));
	json_str(j, "mode", r->mode == MODE_ENFORCE ? "enforce" : "monitor");
	json_str(j, "decided_by", settled_name((enum settled)r->settled));
	list(w, TEXT_MATCHED, (struct member){ "matched", "yett.matched", CAP_SMALL });
	text(w, TEXT_EXCEPTION, (struct member){ "exception", "yett.exception", CAP_SMALL / 4 });
	json_list(j, "actions");
	for (unsigned bit = 1; bit <= ACTION_SUSPEND; bit <<= 1)
		if (r->actions & bit)
			json_str(j, NULL, action_name((enum action)bit));
	json_list_end(j);
	json_unum(j, "latency_us", r->latency_us);
	if (r->repeated)
		summary_members(w);
	if (r->repeated || w->ev->count)
		amount(w, "count", r->repeated ? r->repeated : w->ev->count);
	json_list(j, "sensors");
	json_str(j, NULL, sensors[w->ev->sensor]);
	json_list_end(j);
	json_list(j, "flags");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (w->ev->flags & flags[i].flag)
			json_str(j, NULL, flags[i].name);
	json_list_end(j);
	beyond_ecs(w);
	/* Only yett itself has some, and little else. */
	if (r->kind == REPORT_STATE && w->ev->kind == EVENT_AGENT)
		list(w, TEXT_DETAILS, (struct member){ "details", "yett.details", CAP_ARGS });
	ancestors(w);
	j->size += CUT_RESERVE;
	if (w->n_cut) {
		json_list(j, "truncated");
		for (unsigned i = 0; i < w->n_cut; i++)
			json_str(j, NULL, w->cut[i]);
		json_list_end(j);
	}
}

size_t
alert_json(char *buf, size_t size, const struct report *r, const struct host_facts *host, uint64_t sequence)
{
	struct writer w = { .r = r, .ev = &r->event, .host = host };

	json_init(&w.j, buf, size - YETT_RESERVE);
	json_open(&w.j, NULL);
	json_time(&w.j, "@timestamp", r->event.wall_ns);
	json_open(&w.j, "ecs");
	json_str(&w.j, "version", "8.11.0");
	json_close(&w.j);
	event_members(&w, sequence);
	rule_members(&w);
	host_members(&w);
	user_members(&w);
	file_members(&w);
	peer_members(&w);
	single(&w, "container", TEXT_CONTAINER, (struct member){ "id", "container.id", CAP_WORD });
	single(&w, "service", TEXT_SERVICE, (struct member){ "name", "service.name", CAP_SMALL });
	process_members(&w);
	w.j.size = size - CUT_RESERVE;
	yett_members(&w);
	return w.j.len;
}
