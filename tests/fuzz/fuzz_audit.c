/* Records of audit, one a line: the number of its type, a blank, its text. A line with type 0 lets time pass. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* Watch is a process, not a library: what reads audit is taken in whole. */
#include "watch/record.c"
#include "watch/assemble.c"
#include "watch/logons.c"
#include "watch/said.c"
#include "watch/translate.c"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct assemble as;
static struct logons logons;
static uint64_t now_ns;

static void
fits(struct piece p, size_t size)
{
	if (p.len > size)
		abort();
}

static void
gate_takes(const struct event *ev)
{
	static struct event copy;

	if (event_from_wire(&copy, ev, event_wire_size(ev)))
		abort();
}

static void
on_done(void *arg, const struct audited *a, unsigned n)
{
	static struct event ev;

	(void)arg;
	fits(a->comm, sizeof(a->comm_text));
	fits(a->exe, sizeof(a->exe_text));
	fits(a->cwd, sizeof(a->cwd_text));
	fits(a->path, sizeof(a->path_text));
	fits(a->argv, sizeof(a->argv_text));
	fits(a->title, sizeof(a->title_text));
	fits(a->module, sizeof(a->module_text));
	fits(a->config, sizeof(a->config_text));
	fits(a->saddr, sizeof(a->saddr_text));
	if (translate(a, n, UINT64_MAX, 1, &ev) == 0)
		gate_takes(&ev);
}

static void
whole_table(void)
{
	unsigned used = 0;

	for (unsigned i = 0; i < ASSEMBLE_OPEN; i++)
		used += as.used[i];
	if (used != as.open)
		abort();
}

/* What programs say of log-ons. */
static int
put_said(unsigned type, const char *text, size_t len)
{
	static struct event ev;
	struct record r;
	int err = record_parse(&r, type, text, len);

	if (!err)
		err = logons_take(&logons, &r, UINT64_MAX, now_ns, &ev);
	if (!err)
		gate_takes(&ev);
	return err == -ENOMSG ? 0 : err;
}

static void
let_time_pass(void)
{
	static struct event ev;

	now_ns += ASSEMBLE_NS / 2;
	assemble_expire(&as, now_ns);
	while (logons_due(&logons, now_ns, &ev))
		gate_takes(&ev);
}

static void
put_line(const char *line, size_t len)
{
	unsigned type = 0;
	size_t at = 0;

	for (; at < len && at < 5 && line[at] >= '0' && line[at] <= '9'; at++)
		type = type * 10 + (unsigned)(line[at] - '0');
	at += at < len && line[at] == ' ';
	if (type == 0) {
		let_time_pass();
		return;
	}
	/* Without a byte to spare. */
	char *exact = malloc(len - at + 1);
	if (!exact)
		abort();
	memcpy(exact, line + at, len - at);
	exact = realloc(exact, len - at ? len - at : 1);
	int err = logons_hear(type) ? put_said(type, exact, len - at) : assemble_put(&as, type, exact, len - at, now_ns);
	if (err && err != -EBADMSG)
		abort();
	free(exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;

	now_ns = 1;
	memset(&logons, 0, sizeof(logons));
	assemble_init(&as, UINT64_MAX, on_done, NULL);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = newline ? (size_t)(newline - at) : (size_t)(end - at);
		put_line(at, len);
		whole_table();
		at += len + (newline != NULL);
	}
	assemble_expire(&as, now_ns + ASSEMBLE_NS);
	if (as.open)
		abort();
	let_time_pass();
	let_time_pass();
	if (logons_wait(&logons))
		abort();
	return 0;
}
