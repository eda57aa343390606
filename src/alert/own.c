#include <inttypes.h>
#include <stdio.h>
#include "alert/writer.h"

static const struct { uint32_t flag; const char *name; } flags[] = {
	{ FLAG_ARGS_CUT, "args-cut" }, { FLAG_ANCESTRY_CUT, "ancestry-cut" }, { FLAG_PATH_CUT, "path-cut" },
	{ FLAG_WRITE_UNSURE, "write-unsure" }, { FLAG_NOTIFIED, "notified" }, { FLAG_ARGS_CHANGED, "args-changed" },
	{ FLAG_LOADER, "loader" }, { FLAG_SEAL, "seal-before-answer" },
	{ FLAG_GUESSED, "process-guessed" },
};
static const char *const sensors[SENSOR__MAX] = {
	[SENSOR_NOBODY] = "nobody", [SENSOR_FANOTIFY] = "fanotify", [SENSOR_PROC] = "proc", [SENSOR_AUDIT] = "audit", [SENSOR_SELF] = "self",
	[SENSOR_FILES] = "files", [SENSOR_FACTS] = "facts", [SENSOR_PACKET] = "packets", [SENSOR_UEVENT] = "uevents",
};

static void
ancestors(struct writer *w)
{
	if (!writer_has(w, HAVE_ANCESTORS))
		return;
	json_list(&w->j, "ancestor");
	for (unsigned i = 0; i < w->ev->ancestors; i++) {
		const struct ancestor *a = &w->ev->ancestor[i];
		json_open(&w->j, NULL);
		json_num(&w->j, "pid", a->pid);
		writer_hex_id(w, "entity_id", a->entity);
		size_t len = a->executable.len;
		if (json_text_cap(&w->j, "executable", w->ev->arena + a->executable.off, len, CAP_SMALL) < len || w->j.skipped)
			writer_cut(w, "process.ancestor.executable");
		json_close(&w->j);
	}
	json_list_end(&w->j);
}

/* The ancestors last: of their number there is no telling. */
static void
own_process_members(struct writer *w)
{
	size_t tty, labels;

	event_text(w->ev, TEXT_TTY, &tty);
	event_text(w->ev, TEXT_LABELS, &labels);
	tty = writer_has(w, HAVE_TTY) ? tty : 0;
	labels = writer_has(w, HAVE_LABEL) ? labels : 0;
	if (!(w->have & HAVE_ANCESTORS) && !tty && !labels)
		return;
	json_open(&w->j, "process");
	if (tty) {
		json_open(&w->j, "tty");
		writer_text(w, TEXT_TTY, (struct member){ "name", "process.tty.name", CAP_WORD });
		json_close(&w->j);
	}
	if (labels)
		writer_list(w, TEXT_LABELS, (struct member){ "label", "process.label", CAP_SMALL });
	ancestors(w);
	json_close(&w->j);
}

static void
target_members(struct writer *w)
{
	if (!writer_has(w, HAVE_TARGET))
		return;
	json_open(&w->j, "target");
	json_open(&w->j, "process");
	json_num(&w->j, "pid", w->ev->target.pid);
	writer_text(w, TEXT_TARGET_EXECUTABLE, (struct member){ "executable", "target.process.executable", CAP_PATH });
	json_close(&w->j);
	json_open(&w->j, "user");
	writer_id(w, "id", w->ev->target.uid);
	json_close(&w->j);
	if (w->ev->signal)
		json_unum(&w->j, "signal", w->ev->signal);
	json_close(&w->j);
}

static void
own_user_members(struct writer *w)
{
	if (!writer_has(w, HAVE_USER))
		return;
	json_open(&w->j, "user");
	if (w->ev->process.ruid != UINT32_MAX) {
		json_open(&w->j, "real");
		writer_id(w, "id", w->ev->process.ruid);
		json_close(&w->j);
	}
	if (writer_has(w, HAVE_AUID) && w->ev->process.auid != UINT32_MAX) {
		json_open(&w->j, "audit");
		writer_id(w, "id", w->ev->process.auid);
		if (w->ev->process.session != UINT32_MAX)
			json_unum(&w->j, "session", w->ev->process.session);
		json_close(&w->j);
	}
	json_close(&w->j);
}

static void
content_members(struct writer *w)
{
	struct json *j = &w->j;

	if (!writer_has(w, HAVE_CONTENT))
		return;
	json_unum(j, "entropy", w->ev->file.entropy);
	writer_text(w, TEXT_HEADER, (struct member){ "header_bytes", "file.header_bytes", CAP_DIGEST });
	json_open(j, "elf");
	writer_text(w, TEXT_BUILD_ID, (struct member){ "build_id", "file.elf.build_id", CAP_DIGEST });
	json_bool(j, "static", w->ev->flags & FLAG_ELF_STATIC);
	json_bool(j, "stripped", w->ev->flags & FLAG_ELF_STRIPPED);
	json_bool(j, "packed", w->ev->flags & FLAG_ELF_PACKED);
	json_close(j);
}

static void
own_file_members(struct writer *w)
{
	struct json *j = &w->j;

	if (!(w->have & (HAVE_FILE | HAVE_ATTRIBUTES | HAVE_FILE_PREVIOUS | HAVE_CONTENT)))
		return;
	json_open(j, "file");
	if (writer_has(w, HAVE_FILE_PREVIOUS)) {
		json_open(j, "previous");
		writer_text(w, TEXT_FILE_PREVIOUS, (struct member){ "path", "file.previous.path", CAP_PATH });
		json_close(j);
	}
	if (writer_has(w, HAVE_ATTRIBUTES)) {
		json_unum(j, "links", w->ev->file.links);
		json_bool(j, "setuid", w->ev->flags & FLAG_SETUID);
		json_bool(j, "writable_by_others", w->ev->flags & FLAG_WRITABLE_BY_OTHERS);
		json_bool(j, "deleted", w->ev->flags & FLAG_DELETED);
	}
	if (writer_has(w, HAVE_FILE))
		writer_text(w, TEXT_FILESYSTEM, (struct member){ "filesystem", "file.filesystem", CAP_WORD });
	if (writer_has(w, HAVE_HASH)) {
		writer_text(w, TEXT_FILE_TYPE, (struct member){ "type", "file.type", CAP_WORD });
		writer_text(w, TEXT_INTERPRETER, (struct member){ "interpreter", "file.interpreter", CAP_SMALL });
	}
	content_members(w);
	json_close(j);
}

static void
change_members(struct writer *w)
{
	if (!writer_has(w, HAVE_CHANGE))
		return;
	json_open(&w->j, "change");
	writer_text(w, TEXT_CHANGE_TYPE, (struct member){ "type", "change.type", CAP_WORD });
	writer_text(w, TEXT_CHANGE_OBJECT, (struct member){ "object", "change.object", CAP_WORD });
	writer_text(w, TEXT_CHANGE_ENTRY, (struct member){ "entry", "change.entry", CAP_SMALL });
	writer_text(w, TEXT_CHANGE_BEFORE, (struct member){ "before", "change.before", CAP_SMALL });
	writer_text(w, TEXT_CHANGE_AFTER, (struct member){ "after", "change.after", CAP_SMALL });
	json_close(&w->j);
}

/* The number may be larger than a signed one, which is all that many readers of JSON have: a text. */
static void
own_event_members(struct writer *w)
{
	char s[24];

	if (!(w->have & (HAVE_SYSCALL | HAVE_RESULT)))
		return;
	json_open(&w->j, "event");
	if (writer_has(w, HAVE_SYSCALL)) {
		writer_text(w, TEXT_SYSCALL, (struct member){ "syscall", "event.syscall", CAP_WORD });
		snprintf(s, sizeof(s), "%" PRIu64, w->ev->syscall_arg0);
		json_str(&w->j, "syscall_arg0", s);
	}
	if (writer_has(w, HAVE_RESULT))
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
	if (writer_has(w, HAVE_MODULE))
		writer_single(w, "driver", TEXT_MODULE, (struct member){ "name", "driver.name", CAP_WORD });
	change_members(w);
	if (writer_has(w, HAVE_SCRIPT))
		writer_single(w, "script", TEXT_SCRIPT, (struct member){ "text", "script.text", CAP_SCRIPT });
}

/* The process tree that it belongs to, by its root. */
static void
tree(struct writer *w)
{
	if (!w->r->root || w->r->root_pid <= 0)
		return;
	json_open(&w->j, "tree");
	json_num(&w->j, "pid", w->r->root_pid);
	writer_hex_id(w, "entity_id", w->r->root);
	json_close(&w->j);
}

/* What the alerts that it counts have in common, and a few of them. */
static void
summary_members(struct writer *w)
{
	struct json *j = &w->j;

	json_open(j, "summary");
	json_str(j, "of", event_kind_name((enum event_kind)w->ev->kind));
	tree(w);
	writer_list(w, TEXT_SAMPLE_IDS, (struct member){ "ids", "yett.summary.ids", CAP_WORD });
	writer_list(w, TEXT_SAMPLES, (struct member){ "files", "yett.summary.files", CAP_SMALL });
	json_close(j);
}

void
own_members(struct writer *w)
{
	struct json *j = &w->j;
	const struct report *r = w->r;

	json_open(j, "yett");
	json_str(j, "verdict", decision_name((enum decision)r->decision));
	json_str(j, "would", decision_name((enum decision)r->would));
	json_str(j, "mode", r->mode == MODE_ENFORCE ? "enforce" : "monitor");
	json_str(j, "decided_by", settled_name((enum settled)r->settled));
	writer_list(w, TEXT_MATCHED, (struct member){ "matched", "yett.matched", CAP_SMALL });
	writer_text(w, TEXT_EXCEPTION, (struct member){ "exception", "yett.exception", CAP_SMALL / 4 });
	json_list(j, "actions");
	for (unsigned bit = 1; bit <= ACTION_SUSPEND; bit <<= 1)
		if (r->actions & bit)
			json_str(j, NULL, action_name((enum action)bit));
	json_list_end(j);
	json_unum(j, "latency_us", r->latency_us);
	if (r->repeated)
		summary_members(w);
	else
		tree(w);
	if (r->repeated || w->ev->count)
		writer_amount(w, "count", r->repeated ? r->repeated : w->ev->count);
	json_list(j, "sensors");
	for (unsigned i = 0; i < SENSOR__MAX; i++)
		if (w->ev->sensors & 1u << i)
			json_str(j, NULL, sensors[i]);
	json_list_end(j);
	json_list(j, "flags");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (w->ev->flags & flags[i].flag)
			json_str(j, NULL, flags[i].name);
	json_list_end(j);
	beyond_ecs(w);
	/* Only yett itself has some, and little else. */
	if (r->kind == REPORT_STATE && w->ev->kind == EVENT_AGENT)
		writer_list(w, TEXT_DETAILS, (struct member){ "details", "yett.details", CAP_ARGS });
	own_process_members(w);
	j->size += CUT_RESERVE;
	if (w->n_cut) {
		json_list(j, "truncated");
		for (unsigned i = 0; i < w->n_cut; i++)
			json_str(j, NULL, w->cut[i]);
		json_list_end(j);
	}
}
