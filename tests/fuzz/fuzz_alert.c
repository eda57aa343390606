/*
 * A report becomes a line: whatever passes the checks of report_from_wire() must give one JSON object that fits, and after the members
 * of the chain a line that is read again. The report is built from pieces; then some of its bytes are changed, as a process that lies
 * would send it.
 */
#include <stdlib.h>
#include <string.h>
#include "alert/chain.h"
#include "alert/json.h"
#include "alert/line.h"
#include "alert/syntax.h"

static struct report report;
static char text[RECORD_MAX];

struct input { const uint8_t *p; size_t left; };

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static uint64_t
number(struct input *in, unsigned bytes)
{
	uint64_t n = 0;

	for (; bytes && in->left; bytes--, in->left--)
		n = n << 8 | *in->p++;
	return n;
}

/* Head, then texts: one byte which, two bytes how often, one byte of length, the bytes. */
static void
build(struct input *in)
{
	struct event *ev = &report.event;

	memset(&report, 0, offsetof(struct report, event));
	event_init(ev, (enum event_kind)(number(in, 1) % EVENT__MAX), (enum sensor)(number(in, 1) % SENSOR__MAX));
	report.kind = (uint8_t)(number(in, 1) % REPORT__MAX);
	report.decision = number(in, 1) & 1;
	report.settled = (uint8_t)(number(in, 1) % SETTLED__MAX);
	report.severity = (uint8_t)(number(in, 1) % (SEVERITY_CRITICAL + 1));
	report.actions = (uint16_t)(number(in, 2) & ACTION_ALL);
	ev->have = (uint32_t)number(in, 4) & HAVE_ALL;
	ev->flags = (uint32_t)number(in, 4) & FLAG_ALL;
	ev->wall_ns = number(in, 8);
	ev->boot_ns = number(in, 8);
	ev->process.start_ns = number(in, 8);
	ev->peer.family = (uint16_t)number(in, 1);
	while (in->left > 4) {
		unsigned which = (unsigned)number(in, 1), times = (unsigned)number(in, 2) % 2000 + 1;
		size_t len = number(in, 1);
		if (len > in->left)
			len = in->left;
		uint16_t from = ev->used;
		while (times-- && len <= sizeof(ev->arena) - ev->used) {
			memcpy(ev->arena + ev->used, in->p, len);
			ev->used = (uint16_t)(ev->used + len);
		}
		const struct slice s = { from, (uint16_t)(ev->used - from) };
		if (which < TEXT__MAX)
			ev->text[which] = s;
		else if (ev->ancestors < EVENT_ANCESTORS)
			ev->ancestor[ev->ancestors++] = (struct ancestor){ (int32_t)which, s, which };
		in->p += len;
		in->left -= len;
	}
}

static void
check(size_t size)
{
	static const struct host_facts host = { .hostname = "h\"ost\\", .id = "\xff", .boot_id = "b", .version = "0", .agent_id = "a",
		.kernel = "k" };
	static const char chain[] = ",\"v\":1,\"log\":\"0011223344556677\",\"seg\":0,\"boot\":\"\",\"mono\":0,\"seq\":7,"
	    "\"prev\":\"0011223344556677001122334455667700112233445566770011223344556677\"}}\n";
	struct syntax_member last[2];
	struct line l;
	size_t len = alert_json(text, size, &report, &host, UINT64_MAX);

	must(len <= size);
	memcpy(text + len, "}}", 2);
	must(syntax_object(text, len + 2, last));
	must(last[0].len == 4 && memcmp(last[0].name, "yett", 4) == 0);
	must(memmem(text, len, "\"event\":{\"id\":", 14) && memmem(text, len, "\"agent\":{\"type\":\"yett\"", 22));
	memcpy(text + len, chain, sizeof(chain) - 1);
	must(line_parse(text, len + sizeof(chain) - 1, &l) && l.sequence == 7 && !l.is_signed);
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t sent[sizeof(report)];
	struct input in = { data, size };
	struct { size_t at; uint8_t to; } lie[16];
	unsigned lies = (unsigned)number(&in, 1) % 16;

	for (unsigned i = 0; i < lies; i++) {
		lie[i].at = number(&in, 2);
		lie[i].to = (uint8_t)number(&in, 1);
	}
	build(&in);
	size_t len = report_wire_size(&report);
	memcpy(sent, &report, len);
	for (unsigned i = 0; i < lies; i++)
		sent[lie[i].at % len] = lie[i].to;
	int err = report_from_wire(&report, sent, len);
	must(err == 0 || lies);
	if (err)
		return 0;
	check(ALERT_MIN);
	check(RECORD_MAX - CHAIN_SUFFIX);
	return 0;
}
