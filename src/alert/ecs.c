#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "alert/json.h"
#include "alert/reason.h"
#include "alert/writer.h"
#include "base/clock.h"
#include "event/field.h"

/*
 * Names are those of ECS; what it has no name for is under `yett`, by the name that rules know it by. Texts that a stranger chose cannot
 * push anything out: there is a reserve for `yett`, which comes last, and what has no end of its own (arguments, environment, ancestors)
 * comes after all that the caps below bound.
 */
#define YETT_RESERVE	16500
#define TECHNIQUES_MAX	200

static const char *
outcome(const struct writer *w)
{
	if (w->r->decision == DECISION_DENY)
		return "failure";
	return writer_has(w, HAVE_RESULT) && w->ev->result < 0 ? "failure" : "success";
}

static void
event_members(struct writer *w, uint64_t sequence)
{
	struct json *j = &w->j;
	enum event_kind kind = (enum event_kind)w->ev->kind;
	char sentence[REASON_MAX];

	json_open(j, "event");
	writer_hex_id(w, "id", w->ev->id);
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
	else if (writer_has(w, HAVE_ACTION))
		writer_text(w, TEXT_ACTION, (struct member){ "action", "event.action", CAP_WORD });
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

/* Techniques may be several, separated by commas or blanks. */
static void
techniques(struct writer *w)
{
	size_t len;
	const char *s = event_text(w->ev, TEXT_TECHNIQUE, &len), *end;

	if (!len)
		return;
	if (len > TECHNIQUES_MAX) {
		writer_cut(w, "threat.technique.id");
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
	if (!writer_has_text(w, TEXT_RULE))
		return;
	json_open(&w->j, "rule");
	writer_text(w, TEXT_RULE, (struct member){ "name", "rule.name", CAP_SMALL });
	writer_text(w, TEXT_RULESET, (struct member){ "ruleset", "rule.ruleset", CAP_SMALL });
	writer_text(w, TEXT_RULE_DESCRIPTION, (struct member){ "description", "rule.description", CAP_SMALL });
	json_close(&w->j);
	techniques(w);
	writer_text(w, TEXT_RULE_MESSAGE, (struct member){ "message", "message", CAP_SMALL });
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
	if (writer_has(w, HAVE_PARENT)) {
		json_open(&w->j, "parent");
		json_num(&w->j, "pid", w->ev->parent.pid);
		if (w->ev->parent.entity)
			writer_hex_id(w, "entity_id", w->ev->parent.entity);
		writer_text(w, TEXT_PARENT_EXECUTABLE, (struct member){ "executable", "process.parent.executable", CAP_PATH });
		if (writer_has(w, HAVE_PARENT_ARGS))
			writer_list(w, TEXT_PARENT_ARGS, (struct member){ "args", "process.parent.args", CAP_SMALL });
		start(w, w->ev->parent.start_ns);
		json_close(&w->j);
	}
	if (writer_has_text(w, TEXT_PREVIOUS_EXECUTABLE)) {
		json_open(&w->j, "previous");
		writer_text(w, TEXT_PREVIOUS_EXECUTABLE, (struct member){ "executable", "process.previous.executable", CAP_PATH });
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
tty_members(struct writer *w)
{
	uint32_t tty = w->ev->tty;

	if (!tty)
		return;
	json_open(&w->j, "tty");
	json_open(&w->j, "char_device");
	json_unum(&w->j, "major", tty >> 8 & 0xfff);
	json_unum(&w->j, "minor", (tty & 0xff) | (tty >> 12 & 0xfff00));
	json_close(&w->j);
	json_close(&w->j);
}

static void
process_members(struct writer *w)
{
	struct json *j = &w->j;

	if (!writer_has(w, HAVE_PROCESS) && w->ev->process.pid <= 0)
		return;
	json_open(j, "process");
	json_num(j, "pid", w->ev->process.pid);
	if (w->ev->process.entity)
		writer_hex_id(w, "entity_id", w->ev->process.entity);
	writer_text(w, TEXT_EXECUTABLE, (struct member){ "executable", "process.executable", CAP_PATH });
	if (writer_has(w, HAVE_COMM))
		writer_text(w, TEXT_COMM, (struct member){ "title", "process.title", CAP_WORD });
	if (writer_has(w, HAVE_TTY)) {
		json_bool(j, "interactive", w->ev->flags & FLAG_INTERACTIVE);
		tty_members(w);
	}
	if (writer_has(w, HAVE_EXIT))
		json_num(j, "exit_code", w->ev->exit_code);
	start(w, w->ev->process.start_ns);
	if (w->ev->kind == EVENT_EXEC)
		writer_hash(w);
	parent_members(w);
	if (writer_has(w, HAVE_CWD))
		writer_text(w, TEXT_CWD, (struct member){ "working_directory", "process.working_directory", CAP_PATH });
	if (writer_has(w, HAVE_ARGS)) {
		json_unum(j, "args_count", w->ev->args_count);
		writer_list(w, TEXT_ARGS, (struct member){ "args", "process.args", CAP_ARGS });
		command_line(w);
	}
	if (writer_has(w, HAVE_ENV))
		writer_list(w, TEXT_ENV, (struct member){ "env_vars", "process.env_vars", CAP_SMALL });
	json_close(j);
}

static void
user_members(struct writer *w)
{
	struct json *j = &w->j;

	if (!(w->have & (HAVE_USER | HAVE_ACCOUNT)))
		return;
	json_open(j, "user");
	if (writer_has(w, HAVE_USER)) {
		writer_id(w, "id", w->ev->process.uid);
		writer_text(w, TEXT_USER_NAME, (struct member){ "name", "user.name", CAP_SMALL });
		if (w->ev->process.gid != UINT32_MAX) {
			json_open(j, "group");
			writer_id(w, "id", w->ev->process.gid);
			writer_text(w, TEXT_GROUP_NAME, (struct member){ "name", "user.group.name", CAP_SMALL });
			json_close(j);
		}
	}
	if (writer_has(w, HAVE_ACCOUNT)) {
		json_open(j, "target");
		writer_text(w, TEXT_ACCOUNT, (struct member){ "name", "user.target.name", CAP_SMALL });
		if (w->ev->account_id != UINT32_MAX)
			writer_id(w, "id", w->ev->account_id);
		json_close(j);
	}
	json_close(j);
}

static void
attribute_members(struct writer *w)
{
	struct json *j = &w->j;
	const struct file *f = &w->ev->file;
	char s[24];

	if (!writer_has(w, HAVE_ATTRIBUTES))
		return;
	writer_amount(w, "size", f->size);
	writer_id(w, "uid", f->uid);
	writer_id(w, "gid", f->gid);
	writer_text(w, TEXT_FILE_OWNER, (struct member){ "owner", "file.owner", CAP_SMALL });
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

	if (!(w->have & (HAVE_FILE | HAVE_ATTRIBUTES)))
		return;
	json_open(j, "file");
	if (writer_has(w, HAVE_FILE))
		writer_text(w, TEXT_FILE_PATH, (struct member){ "path", "file.path", CAP_PATH });
	writer_hash(w);
	attribute_members(w);
	if (writer_has(w, HAVE_CONTENT)) {
		json_open(j, "elf");
		writer_list(w, TEXT_LIBRARIES, (struct member){ "shared_libraries", "file.elf.shared_libraries", CAP_SMALL });
		json_close(j);
	}
	json_close(j);
}

static void
peer_members(struct writer *w, const char *name, const struct peer *p)
{
	char s[INET6_ADDRSTRLEN];

	json_open(&w->j, name);
	if ((p->family == AF_INET || p->family == AF_INET6) && inet_ntop(p->family, p->addr, s, sizeof(s))) {
		json_str(&w->j, "ip", s);
		json_unum(&w->j, "port", p->port);
	}
	json_close(&w->j);
}

static void
network_members(struct writer *w)
{
	struct json *j = &w->j;

	if (writer_has(w, HAVE_PEER))
		peer_members(w, "destination", &w->ev->peer);
	if (writer_has(w, HAVE_SOURCE))
		peer_members(w, "source", &w->ev->source);
	if (!writer_has(w, HAVE_DNS))
		return;
	json_open(j, "dns");
	json_open(j, "question");
	writer_text(w, TEXT_DNS_NAME, (struct member){ "name", "dns.question.name", CAP_SMALL });
	writer_text(w, TEXT_DNS_TYPE, (struct member){ "type", "dns.question.type", CAP_WORD });
	json_close(j);
	writer_text(w, TEXT_DNS_CODE, (struct member){ "response_code", "dns.response_code", CAP_WORD });
	json_open(j, "answers");
	writer_list(w, TEXT_DNS_ANSWERS, (struct member){ "data", "dns.answers.data", CAP_SMALL });
	json_close(j);
	json_close(j);
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

size_t
alert_json(char *buf, size_t size, const struct report *r, const struct host_facts *host, uint64_t sequence)
{
	struct writer w = { .r = r, .ev = &r->event, .host = host,
		.have = r->event.have & field_carried((enum event_kind)r->event.kind) };

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
	network_members(&w);
	writer_single(&w, "container", TEXT_CONTAINER, (struct member){ "id", "container.id", CAP_WORD });
	writer_single(&w, "service", TEXT_SERVICE, (struct member){ "name", "service.name", CAP_SMALL });
	process_members(&w);
	w.j.size = size - CUT_RESERVE;
	own_members(&w);
	return w.j.len;
}
