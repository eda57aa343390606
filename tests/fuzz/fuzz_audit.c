/* Records of audit, one a line: the number of its type, a blank, its text. A line with type 0 lets time pass. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* Watch is a process, not a library: what reads audit is taken in whole. */
#include "watch/record.c"
#include "watch/assemble.c"
#include "watch/translate.c"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct assemble as;
static uint64_t now_ns;

static void
fits(struct piece p, size_t size)
{
	if (p.len > size)
		abort();
}

static void
on_done(void *arg, const struct audited *a, unsigned n)
{
	static struct event ev, copy;

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
	if (translate(a, n, UINT64_MAX, 1, &ev) == 0 && event_from_wire(&copy, &ev, event_wire_size(&ev)))
		abort();
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

static void
put_line(const char *line, size_t len)
{
	unsigned type = 0;
	size_t at = 0;

	for (; at < len && at < 5 && line[at] >= '0' && line[at] <= '9'; at++)
		type = type * 10 + (unsigned)(line[at] - '0');
	at += at < len && line[at] == ' ';
	if (type == 0) {
		now_ns += ASSEMBLE_NS / 2;
		assemble_expire(&as, now_ns);
		return;
	}
	/* Without a byte to spare. */
	char *exact = malloc(len - at + 1);
	if (!exact)
		abort();
	memcpy(exact, line + at, len - at);
	exact = realloc(exact, len - at ? len - at : 1);
	int err = assemble_put(&as, type, exact, len - at, now_ns);
	if (err && err != -EBADMSG)
		abort();
	free(exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;

	now_ns = 1;
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
	return 0;
}
