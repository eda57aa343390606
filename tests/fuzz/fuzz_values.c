/* A file of values. The first byte says whether it is a CSV. */
#include <stdint.h>
#include <stdlib.h>
/* Taken in whole: what reads a text stands behind what opens a file. */
#include "policy/values.c"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(const struct filing *f, const struct draft_value *v)
{
	size_t n = 0;

	for (int line = 0; v; v = v->next, n++) {
		size_t len = strlen(v->value);
		if (v->line <= line || v->line > f->line || !v->quoted || v->file != f->path)
			abort();
		if (!len || len > READ_LINE || memchr(v->value, '\n', len) || read_bad_text(v->value, len))
			abort();
		if (!f->csv && (strchr(BLANKS, v->value[0]) || strchr(BLANKS, v->value[len - 1]) || v->value[0] == '#'))
			abort();
		line = v->line;
	}
	if (n != f->n)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct faults faults;
	struct draft d;
	struct draft_section list = { .name = "l", .file = "t.ini" };

	if (size == 0)
		return 0;
	faults = (struct faults){ 0 };
	draft_begin(&d, &faults);
	struct filing f = { .d = &d, .list = &list, .path = "f", .csv = data[0] == 'c', .end = &list.filed };
	char *text = pool_copy(&d.pool, (const char *)data + 1, size - 1);
	if (!text || note(&f, text, size - 1) || take_lines(&f, text, size - 1))
		abort();
	check(&f, list.filed);
	draft_done(&d);
	return 0;
}
