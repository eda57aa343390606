/* Times as admins write them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* yettctl is a program, not a library: its times are taken in whole. */
#include "ctl/when.c"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define NOW 1795512600123456789ull

/* Written again, a time has the same first 19 characters, as far as it had so many. */
static void
same_time(const char *text, uint64_t ns)
{
	char again[32], *blank;
	time_t t = (time_t)(ns / NS_PER_SEC);
	struct tm tm;
	size_t n = strlen(text);

	if (!gmtime_r(&t, &tm) || !strftime(again, sizeof(again), "%Y-%m-%dT%H:%M:%S", &tm))
		abort();
	if (n > 18 && memcmp(text + 16, ":60", 3) == 0)
		return;		/* a leap second is the next one */
	if ((blank = strchr(again, 'T')))
		*blank = n > 10 ? text[10] : 'T';
	if (strncmp(text, again, n < 16 ? 10 : n < 19 ? 16 : 19) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), shown[WHEN_TEXT], span[16];
	uint64_t ns, since;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	bool duration = when_duration(text, &ns);
	if (duration) {
		if (ns % NS_PER_SEC || ns / NS_PER_SEC > MOST_S)
			abort();
		when_span(ns, span, sizeof(span));
		if (!memchr(span, '\0', sizeof(span)))
			abort();
	}
	bool point = when_parse(text, &ns);
	if (point) {
		same_time(text, ns);
		when_short(ns, NOW, shown);
		if (!memchr(shown, '\0', sizeof(shown)) || strlen(shown) < 8)
			abort();
	}
	bool either = when_since(text, NOW, &since);
	if ((duration || point) && !either)
		abort();
	if (point && !duration && since != ns)
		abort();
	free(text);
	return 0;
}
