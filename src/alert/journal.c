#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "alert/journal.h"

#define FACILITY	"10"		/* authpriv: who may read that may read what was started with which arguments */

struct datagram { char *at, *end; };

static void
put(struct datagram *d, const char *s, size_t len)
{
	memcpy(d->at, s, len);
	d->at += len;
}

static bool
one_line(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 && s[i] != '\t')
			return false;
	return true;
}

static void
field(struct datagram *d, const char *name, const char *s, size_t len)
{
	size_t n = strlen(name);
	uint8_t size[8];

	if (len > JOURNAL_VALUE)
		len = JOURNAL_VALUE;
	if (n + len + 10 > (size_t)(d->end - d->at))
		return;
	put(d, name, n);
	if (one_line(s, len)) {
		put(d, "=", 1);
	} else {
		for (unsigned i = 0; i < sizeof(size); i++)
			size[i] = (uint8_t)((uint64_t)len >> 8 * i);
		put(d, "\n", 1);
		put(d, (const char *)size, sizeof(size));
	}
	put(d, s, len);
	put(d, "\n", 1);
}

/* YETT_ and the name in capitals. */
static void
own_field(struct datagram *d, const struct plain_value *v)
{
	char name[64];
	size_t n = (size_t)snprintf(name, sizeof(name), "YETT_%s", v->name);

	for (size_t i = 0; i < n; i++)
		name[i] = (char)toupper((unsigned char)name[i]);
	field(d, name, v->s, v->len);
}

size_t
journal_datagram(char out[JOURNAL_MAX], const struct plain *p)
{
	struct datagram d = { out, out + JOURNAL_MAX };
	const char priority = (char)('0' + p->priority);
	char text[4 * REASON_MAX];

	field(&d, "MESSAGE", text, plain_text(text, sizeof(text), p->sentence, strlen(p->sentence)));
	field(&d, "PRIORITY", &priority, 1);
	field(&d, "SYSLOG_IDENTIFIER", "yett", 4);
	field(&d, "SYSLOG_FACILITY", FACILITY, strlen(FACILITY));
	for (unsigned i = 0; i < p->n; i++)
		own_field(&d, &p->value[i]);
	return (size_t)(d.at - out);
}
