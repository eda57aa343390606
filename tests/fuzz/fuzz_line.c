/* Lines of a log, one by one and as a log; nobody has the key that they would have to be signed with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "alert/json.h"
#include "alert/syntax.h"
#include "alert/verify.h"
#include "alert/line.h"

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* What the parser says of a line that it takes must be in it, word by word. */
static void
one_line(const char *text, size_t len)
{
	struct syntax_member last[2];
	struct line l;
	char want[128];

	if (!line_parse(text, len, &l))
		return;
	must(len <= RECORD_MAX && text[len - 1] == '\n' && memchr(text, '\n', len) == text + len - 1);
	must(syntax_object(text, len, last));
	must(l.body == len - (l.is_signed ? LINE_TAIL : 2) && text[l.body - 1] == '}');
	int n = snprintf(want, sizeof(want), ",\"seq\":%llu,\"prev\":\"%s\"%s", (unsigned long long)l.sequence, l.prev,
	    l.has_next ? ",\"next\":\"" : "}");
	must(l.body > (size_t)n + 64 && memcmp(text + l.body - n - (l.has_next ? 45 : 0), want, (size_t)n) == 0);
	must(strlen(l.log) == 16 && strlen(l.prev) == 64);
}

/* The same lines come out of a file as there are in memory. */
static void
as_a_log(const char *text, size_t len)
{
	static const uint8_t key[LINE_KEY] = { 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
		0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a };
	struct verify anchored, alone;
	enum damage d = DAMAGE_NONE, e = DAMAGE_NONE;
	struct lines lines;
	const char *line;
	size_t at = 0, n = 0;
	int fd = memfd_create("log", MFD_CLOEXEC);

	must(fd >= 0 && pwrite(fd, text, len, 0) == (ssize_t)len && lines_open(&lines, fd) == 0);
	verify_init(&anchored, key);
	verify_init(&alone, NULL);
	while (lines_next(&lines, &line, &n) > 0) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t want = nl ? (size_t)(nl - text) + 1 - at : len - at;
		must(lines.offset == at && n == (want > RECORD_MAX ? RECORD_MAX + 1 : want) && memcmp(line, text + at, n) == 0);
		one_line(line, n);
		d = d == DAMAGE_NONE ? verify_line(&anchored, line, n) : d;
		e = e == DAMAGE_NONE ? verify_line(&alone, line, n) : e;
		at += want;
		if (n > RECORD_MAX)
			break;
	}
	must(n > RECORD_MAX || at == len);
	must(anchored.sealed == 0 && anchored.records <= alone.records);
	must(alone.sealed <= alone.records && alone.records == alone.sequence);
	must(strlen(damage_text(d)) > 0 && strlen(alone.last_good_time) < sizeof(alone.last_good_time));
	lines_close(&lines);
	close(fd);
}

/* A log that is proved in two pieces is proved as in one; cut where CUT says, at the end of a line. */
static void
in_pieces(const char *text, size_t len, size_t cut)
{
	struct verify whole, ahead;
	const char *nl = memrchr(text, '\n', cut);
	size_t at = 0, first = nl ? (size_t)(nl - text) + 1 : 0;

	verify_init(&whole, NULL);
	verify_init(&ahead, NULL);
	verify_skip(&ahead, text, first);
	while (at < first) {
		size_t n = (size_t)((const char *)memchr(text + at, '\n', len - at) - text) + 1 - at;
		if (n > RECORD_MAX || verify_line(&whole, text + at, n) != DAMAGE_NONE)
			return;
		at += n;
	}
	must(verify_same(&whole, &ahead));
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	one_line((const char *)data, size);
	as_a_log((const char *)data, size);
	in_pieces((const char *)data, size, size ? data[0] * size / 256 : 0);
	in_pieces((const char *)data, size, size);
	return 0;
}
