/*
 * A report from another process, as it goes to the journal and to syslog: what report_from_wire() lets pass becomes a datagram that falls
 * apart into the values that went into it, and one line of RFC 5424, whatever bytes are in its texts.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "alert/journal.h"
#include "alert/syslog.h"
#include "report.h"

static struct plain plain;

/* The next field of a datagram. */
struct field { const char *name, *value; size_t name_len, value_len; };

static size_t
next_field(const char *at, const char *end, struct field *f)
{
	const char *nl = memchr(at, '\n', (size_t)(end - at)), *equals;

	if (!nl)
		abort();
	equals = memchr(at, '=', (size_t)(nl - at));
	if (equals) {
		*f = (struct field){ at, equals + 1, (size_t)(equals - at), (size_t)(nl - equals) - 1 };
		return (size_t)(nl - at) + 1;
	}
	uint64_t len = 0;
	if (end - nl < 10)
		abort();
	for (unsigned i = 0; i < 8; i++)
		len |= (uint64_t)(uint8_t)nl[1 + i] << 8 * i;
	if (len > (size_t)(end - nl) - 10 || nl[9 + len] != '\n')
		abort();
	*f = (struct field){ at, nl + 9, (size_t)(nl - at), len };
	return (size_t)(nl - at) + 9 + len + 1;
}

static void
check_journal(void)
{
	static char out[JOURNAL_MAX];
	size_t len = journal_datagram(out, &plain), at = 0;
	struct field f;

	if (len > sizeof(out))
		abort();
	for (unsigned i = 0; i < 4; i++)	/* MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, SYSLOG_FACILITY */
		at += next_field(out + at, out + len, &f);
	for (unsigned i = 0; i < plain.n && at < len; i++) {
		const struct plain_value *v = &plain.value[i];
		size_t most = v->len < JOURNAL_VALUE ? v->len : JOURNAL_VALUE;
		size_t n = next_field(out + at, out + len, &f);
		if (f.name_len != strlen(v->name) + 5 || strncasecmp(f.name + 5, v->name, f.name_len - 5) != 0)
			continue;	/* it found no room: the next may be smaller */
		if (f.value_len != most || memcmp(f.value, v->s, most) != 0)
			abort();
		at += n;
	}
	if (at != len)
		abort();
}

static void
check_syslog(void)
{
	static char out[SYSLOG_MAX + 1];
	size_t len = syslog_message(out, &plain, "host"), at = 0;
	bool quoted = false;

	if (len > SYSLOG_MAX || memcmp(out, "<8", 2) != 0)
		abort();
	out[len] = '\0';
	for (size_t n; at < len; at += n) {
		n = json_character((const uint8_t *)out + at, len - at);
		if (!n || (uint8_t)out[at] < 0x20 || out[at] == 0x7f)
			abort();
	}
	const char *c = strchr(out, '[');
	for (; c && *c && (quoted || *c != ']'); c++) {
		if (quoted && *c == '\\')
			c++;
		else if (*c == '"')
			quoted = !quoted;
		else if (quoted && *c == ']')
			abort();
	}
	if (!c || c[0] != ']' || c[1] != ' ')
		abort();
}

static void
take(const void *bytes, size_t size)
{
	static struct report r;

	if (report_from_wire(&r, bytes, size))
		return;
	plain_record(&plain, &r, UINT64_MAX);
	check_journal();
	check_syslog();
}
