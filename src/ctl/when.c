#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "ctl/when.h"

#define DAY_S	86400u
#define MOST_S	(100ull * 366 * DAY_S)

static const struct unit { const char *name; uint64_t seconds; } units[] = {
	{ "w", 7 * DAY_S }, { "d", DAY_S }, { "h", 3600 }, { "min", 60 }, { "m", 60 }, { "s", 1 },
};

/* The unit that TEXT begins with. */
static const struct unit *
unit_find(const char *text)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strncmp(text, units[i].name, strlen(units[i].name)) == 0)
			return &units[i];
	return NULL;
}

bool
when_duration(const char *text, uint64_t *ns)
{
	uint64_t seconds = 0;

	if (!*text)
		return false;
	while (*text) {
		static const struct unit bare = { "", 1 };
		char *end;
		if (*text < '0' || *text > '9')
			return false;
		unsigned long long n = strtoull(text, &end, 10);
		const struct unit *u = *end ? unit_find(end) : &bare;
		if (!u || n > MOST_S / u->seconds)
			return false;
		seconds += n * u->seconds;
		text = end + strlen(u->name);
	}
	if (seconds > MOST_S)
		return false;
	*ns = seconds * NS_PER_SEC;
	return true;
}

static bool
digits(const char **s, unsigned n, int *out)
{
	int value = 0;

	for (; n; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		value = value * 10 + (**s - '0');
	}
	*out = value;
	return true;
}

/* ":SS.fraction" after hours and minutes. */
static bool
seconds(const char **s, struct tm *tm, uint64_t *ns)
{
	uint64_t scale = NS_PER_SEC / 10;

	if (*(*s)++ != ':' || !digits(s, 2, &tm->tm_sec))
		return false;
	if (**s != '.')
		return true;
	const char *first = ++*s;
	for (; **s >= '0' && **s <= '9'; (*s)++, scale /= 10)
		*ns += (uint64_t)(**s - '0') * scale;
	return *s > first;
}

/* timegm() takes any day of any month. */
static bool
is_date(const struct tm *tm)
{
	struct tm date = { .tm_year = tm->tm_year, .tm_mon = tm->tm_mon, .tm_mday = tm->tm_mday };

	return timegm(&date) >= 0 && date.tm_mday == tm->tm_mday;
}

bool
when_parse(const char *s, uint64_t *wall_ns)
{
	struct tm tm = { 0 };
	uint64_t ns = 0;

	if (!digits(&s, 4, &tm.tm_year) || *s++ != '-' || !digits(&s, 2, &tm.tm_mon) || *s++ != '-' || !digits(&s, 2, &tm.tm_mday))
		return false;
	if (*s == 'T' || *s == ' ') {
		s++;
		if (!digits(&s, 2, &tm.tm_hour) || *s++ != ':' || !digits(&s, 2, &tm.tm_min))
			return false;
		if (*s == ':' && !seconds(&s, &tm, &ns))
			return false;
		if (*s == 'Z')
			s++;
	}
	if (*s || tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 ||
	    tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	if (!is_date(&tm))
		return false;
	uint64_t since_1970 = (uint64_t)timegm(&tm);
	if (since_1970 > UINT64_MAX / NS_PER_SEC - 1)
		return false;
	*wall_ns = since_1970 * NS_PER_SEC + ns;
	return true;
}

bool
when_since(const char *text, uint64_t now_ns, uint64_t *wall_ns)
{
	uint64_t ago_ns, midnight_ns = now_ns - now_ns % (DAY_S * NS_PER_SEC);

	if (strcmp(text, "today") == 0)
		*wall_ns = midnight_ns;
	else if (strcmp(text, "yesterday") == 0)
		*wall_ns = midnight_ns - DAY_S * NS_PER_SEC;
	else if (when_duration(text, &ago_ns))
		*wall_ns = ago_ns < now_ns ? now_ns - ago_ns : 0;
	else
		return when_parse(text, wall_ns);
	return true;
}

void
when_short(uint64_t wall_ns, uint64_t now_ns, char out[WHEN_TEXT])
{
	time_t t = (time_t)(wall_ns / NS_PER_SEC), now = (time_t)(now_ns / NS_PER_SEC);
	struct tm tm, today;

	if (!gmtime_r(&t, &tm) || !gmtime_r(&now, &today)) {
		snprintf(out, WHEN_TEXT, "?");
		return;
	}
	bool same_year = tm.tm_year == today.tm_year, same_day = same_year && tm.tm_yday == today.tm_yday;
	strftime(out, WHEN_TEXT, same_day ? "%H:%M:%S" : same_year ? "%m-%d %H:%M:%S" : "%Y-%m-%d %H:%M", &tm);
}

void
when_span(uint64_t ns, char *out, size_t size)
{
	uint64_t s = ns / NS_PER_SEC;

	if (s >= DAY_S)
		snprintf(out, size, "%llu d %llu h", (unsigned long long)(s / DAY_S), (unsigned long long)(s % DAY_S / 3600));
	else if (s >= 3600)
		snprintf(out, size, "%llu h %llu min", (unsigned long long)(s / 3600), (unsigned long long)(s % 3600 / 60));
	else if (s >= 60)
		snprintf(out, size, "%llu min", (unsigned long long)(s / 60));
	else
		snprintf(out, size, "%llu s", (unsigned long long)s);
}
