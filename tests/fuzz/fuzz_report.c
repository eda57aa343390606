/* A report from another process: what report_from_wire() lets pass becomes a record of bounded size that is one JSON object. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "alert/json.h"
#include "alert/syntax.h"
#include "report.h"

static void
take(const void *bytes, size_t size)
{
	static const struct host_facts host = { "host", "0123", "boot", "1", "agent", "6.1" };
	static struct report r, copy;
	static char line[ALERT_MIN + 2];
	struct syntax_member last[2];

	if (report_from_wire(&r, bytes, size))
		return;
	if (report_wire_size(&r) != size || report_from_wire(&copy, &r, size))
		abort();
	size_t len = alert_json(line, ALERT_MIN, &r, &host, UINT64_MAX);
	if (len > ALERT_MIN)
		abort();
	memcpy(line + len, "}}", 2);
	if (!syntax_object(line, len + 2, last))
		abort();
}
