#include <string.h>
#include "ctl/store.h"
#include "ctl/view.h"

static bool
acted(const json_t *record, const char *prefix)
{
	const json_t *actions = store_get(record, "yett.actions"), *action;
	size_t i;

	json_array_foreach(actions, i, action)
		if (json_is_string(action) && strncmp(json_string_value(action), prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

static bool
says(const json_t *record, const char *path, const char *text)
{
	return strcmp(store_text(record, path), text) == 0;
}

const char *
view_outcome(const json_t *record, enum color *color)
{
	*color = COLOR_NONE;
	if (says(record, "event.kind", "state"))
		return "STATE";
	*color = COLOR_BAD;
	if (says(record, "yett.verdict", "deny"))
		return "DENIED";
	if (acted(record, "kill"))
		return "KILLED";
	if (acted(record, "suspend"))
		return "SUSPENDED";
	*color = COLOR_ODD;
	if (says(record, "yett.would", "deny"))
		return "WOULD DENY";
	if (view_is_alert(record))
		return "ALERT";
	*color = COLOR_NONE;
	return "EVENT";
}

enum severity
view_severity(const json_t *record)
{
	int64_t n;

	if (!store_number(record, "event.severity", &n) || n < SEVERITY_INFO)
		return SEVERITY_INFO;
	return n > SEVERITY_CRITICAL ? SEVERITY_CRITICAL : (enum severity)n;
}

int
view_kind(const json_t *record)
{
	const char *of = store_text(record, "yett.summary.of");

	if (says(record, "event.kind", "state"))
		return EVENT_AGENT;
	return event_kind_find(*of ? of : store_text(record, "event.action"));
}

bool
view_is_alert(const json_t *record)
{
	return says(record, "event.kind", "alert");
}
