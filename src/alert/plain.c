#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "alert/plain.h"

static const unsigned priorities[] = {
	[SEVERITY_INFO] = 6, [SEVERITY_LOW] = 5, [SEVERITY_MEDIUM] = 4, [SEVERITY_HIGH] = 3, [SEVERITY_CRITICAL] = 2,
};
#define PRIORITY_STATE	5

static void
add(struct plain *p, const char *name, const char *s, size_t len)
{
	if (len && p->n < PLAIN_VALUES)
		p->value[p->n++] = (struct plain_value){ name, s, len };
}

static void
add_word(struct plain *p, const char *name, const char *s)
{
	add(p, name, s, strlen(s));
}

__attribute__((format(printf, 3, 4))) static void
add_number(struct plain *p, const char *name, const char *fmt, ...)
{
	char *at = p->numbers + p->used;
	size_t room = sizeof(p->numbers) - p->used;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(at, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		return;
	p->used += (size_t)n + 1;
	add(p, name, at, (size_t)n);
}

static void
add_text(struct plain *p, const char *name, const struct event *ev, enum event_text which)
{
	size_t len;
	const char *s = event_text(ev, which, &len);

	add(p, name, s, len);
}

static void
add_verdict(struct plain *p, const struct report *r)
{
	if (r->kind == REPORT_STATE)
		return;
	add_word(p, "severity", severity_name((enum severity)r->severity));
	add_word(p, "verdict", decision_name((enum decision)r->decision));
	add_word(p, "would", decision_name((enum decision)r->would));
	add_word(p, "mode", r->mode == MODE_ENFORCE ? "enforce" : "monitor");
	add_word(p, "decided_by", settled_name((enum settled)r->settled));
	add_text(p, "rule", &r->event, TEXT_RULE);
	add_text(p, "ruleset", &r->event, TEXT_RULESET);
	add_text(p, "technique", &r->event, TEXT_TECHNIQUE);
}

static void
add_who(struct plain *p, const struct event *ev)
{
	if (ev->process.pid > 0)
		add_number(p, "pid", "%" PRId32, ev->process.pid);
	add_text(p, "executable", ev, TEXT_EXECUTABLE);
	if (ev->have & HAVE_USER)
		add_number(p, "user_id", "%" PRIu32, ev->process.uid);
	add_text(p, "user", ev, TEXT_USER_NAME);
	add_text(p, "file", ev, TEXT_FILE_PATH);
	if (ev->have & HAVE_PARENT)
		add_number(p, "parent_pid", "%" PRId32, ev->parent.pid);
	add_text(p, "parent_executable", ev, TEXT_PARENT_EXECUTABLE);
	add_text(p, "container", ev, TEXT_CONTAINER);
	add_text(p, "service", ev, TEXT_SERVICE);
	add(p, "command_line", p->command_line, reason_command_line(ev, p->command_line));
}

void
plain_record(struct plain *p, const struct report *r, uint64_t sequence)
{
	const struct event *ev = &r->event;

	p->n = 0;
	p->used = 0;
	p->kind = report_kind_name((enum report_kind)r->kind);
	p->priority = r->kind == REPORT_STATE ? PRIORITY_STATE : priorities[r->severity];
	p->wall_ns = ev->wall_ns;
	reason(r, p->sentence);
	add_word(p, "kind", p->kind);
	add_number(p, "id", "%016" PRIx64, ev->id);
	add_number(p, "sequence", "%" PRIu64, sequence);
	if (r->repeated)
		add_word(p, "action", "alert-summary");
	else if (ev->have & HAVE_ACTION)
		add_text(p, "action", ev, TEXT_ACTION);
	else
		add_word(p, "action", event_kind_name((enum event_kind)ev->kind));
	if (r->repeated || ev->count)
		add_number(p, "count", "%" PRIu64, r->repeated ? r->repeated : ev->count);
	add_verdict(p, r);
	add_who(p, ev);
}

void
plain_head(struct plain *p, const struct plain_head *h)
{
	p->n = 0;
	p->used = 0;
	p->kind = "head";
	p->priority = PRIORITY_STATE;
	p->wall_ns = h->wall_ns;
	snprintf(p->sentence, sizeof(p->sentence), "The log %.16s stands at record %" PRIu64 ": yettctl verify --expect-seq %" PRIu64
	    " --expect-head %.64s", h->log, h->sequence, h->sequence, h->hash);
	add_word(p, "kind", p->kind);
	add_word(p, "log", h->log);
	add_number(p, "sequence", "%" PRIu64, h->sequence);
	add_word(p, "head", h->hash);
}

/* Controls, C1 among them, change what a terminal or a line-based reader shows. */
static bool
stays(const uint8_t *s, size_t n, size_t left)
{
	if (n == 0 || s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0))
		return false;
	return s[0] != '\\' || left < 2 || s[1] != 'x';
}

size_t
plain_text(char *out, size_t size, const char *s, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0, used = 0;

	while (at < len) {
		const uint8_t *c = (const uint8_t *)s + at;
		size_t n = json_character(c, len - at), k = n ? n : 1;
		bool raw = stays(c, n, len - at);
		if ((raw ? k : 4 * k) > size - used)
			break;
		for (size_t i = 0; i < k && !raw; i++) {
			const char code[4] = { '\\', 'x', digits[c[i] >> 4], digits[c[i] & 15] };
			memcpy(out + used + 4 * i, code, sizeof(code));
		}
		if (raw)
			memcpy(out + used, c, k);
		used += raw ? k : 4 * k;
		at += k;
	}
	return used;
}
