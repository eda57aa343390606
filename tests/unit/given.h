#ifndef TESTS_UNIT_GIVEN_H
#define TESTS_UNIT_GIVEN_H
/* Events from words, for tests. */
#include <stdlib.h>
#include <string.h>
#include "event/field.h"
#include "policy/given.h"

/* Sets fields of EV from "field=value field=value|value ...": elements of a list are separated by '|'. */
static inline void
give(struct event *ev, const char *fields)
{
	char *copy = strdup(fields), *save = NULL, why[200];

	assert_non_null(copy);
	for (char *one = strtok_r(copy, " ", &save); one; one = strtok_r(NULL, " ", &save)) {
		char *value = strchr(one, '=');
		assert_non_null(value);
		*value++ = '\0';
		int f = field_find(one);
		if (f < 0)
			fail_msg("no field %s", one);
		for (char *end = value; end; value = end ? end + 1 : value) {
			end = strchr(value, '|');
			size_t n = end ? (size_t)(end - value) : strlen(value);
			if (policy_event_set(ev, (enum field)f, value, n, why, sizeof(why)))
				fail_msg("%s = %s: %s", one, value, why);
		}
	}
	free(copy);
}

/* An event about which nothing more can be found out. */
static inline struct event *
event(enum event_kind kind, const char *fields)
{
	static struct event ev;

	event_init(&ev, kind, SENSOR_NOBODY);
	give(&ev, fields);
	ev.tried = HAVE_ALL;
	return &ev;
}

#endif
