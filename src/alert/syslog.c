#include <stdio.h>
#include <string.h>
#include "alert/syslog.h"

#define FACILITY	10u		/* authpriv: who may read that may read what was started with which arguments */
#define SENTENCE_ROOM	480		/* kept for the sentence, as long as it needs it */
#define VALUE_MAX	400		/* bytes of a value, escaped */
#define HOST_MAX	255

struct message { char *out; size_t len, most; };

static bool
put(struct message *m, const char *s, size_t len)
{
	if (len > m->most - m->len)
		return false;
	memcpy(m->out + m->len, s, len);
	m->len += len;
	return true;
}

/* PRINTUSASCII: anything else would end the header early. */
static bool
is_name(const char *s)
{
	size_t n = 0;

	for (; s[n]; n++)
		if (s[n] < 33 || s[n] > 126)
			return false;
	return n > 0 && n <= HOST_MAX;
}

/* NAME="value" with a blank before it, whole or not at all: the value may be cut, between two characters. */
static void
parameter(struct message *m, const struct plain_value *v)
{
	char text[VALUE_MAX], quoted[2 * VALUE_MAX + 64];
	size_t len = plain_text(text, sizeof(text), v->s, v->len), n = (size_t)snprintf(quoted, sizeof(quoted), " %.48s=\"", v->name);

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\' || text[i] == ']')
			quoted[n++] = '\\';
		quoted[n++] = text[i];
	}
	quoted[n++] = '"';
	put(m, quoted, n);
}

size_t
syslog_message(char out[SYSLOG_MAX], const struct plain *p, const char *host)
{
	struct message m = { .out = out, .most = SYSLOG_MAX };
	char time[JSON_CLOCK], sentence[4 * REASON_MAX];
	size_t len = plain_text(sentence, sizeof(sentence), p->sentence, strlen(p->sentence));

	json_clock(time, p->wall_ns, 6);
	m.len = (size_t)snprintf(out, SYSLOG_MAX, "<%u>1 %s %s yett - %s [" SYSLOG_ID, FACILITY * 8 + p->priority, time,
	    is_name(host) ? host : "-", p->kind);
	m.most = SYSLOG_MAX - 2 - (len < SENTENCE_ROOM ? len : SENTENCE_ROOM);
	for (unsigned i = 0; i < p->n; i++)
		parameter(&m, &p->value[i]);
	m.most = SYSLOG_MAX;
	put(&m, "] ", 2);
	m.len += plain_text(out + m.len, SYSLOG_MAX - m.len, p->sentence, strlen(p->sentence));
	return m.len;
}
