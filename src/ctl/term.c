#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>
#include "base/cleanup.h"
#include "ctl/term.h"

#define LEAST_COLUMNS	40
#define MOST_COLUMNS	1000
#define PAGE_COLUMNS	80

static bool colored;

/* Characters that are not seen, and that reorder or hide what stands around them or make two names look like one. */
static const struct { uint32_t from, to; } hiding[] = {
	{ 0xad, 0xad }, { 0x34f, 0x34f }, { 0x600, 0x605 }, { 0x61c, 0x61c }, { 0x6dd, 0x6dd }, { 0x70f, 0x70f }, { 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 },
	{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff9, 0xfffb }, { 0x13430, 0x13440 }, { 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
};

void
term_init(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
}

enum answer
term_color(const char *when)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	if (!when || strcmp(when, "auto") == 0)
		colored = isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb") != 0;
	else if (strcmp(when, "always") == 0)
		colored = true;
	else if (strcmp(when, "never") == 0)
		colored = false;
	else {
		ctl_error("--color is auto, always or never, not '%s'", when);
		return ANSWER_USAGE;
	}
	return ANSWER_DONE;
}

unsigned
term_columns(void)
{
	const char *set = getenv("COLUMNS");
	unsigned long n = set ? strtoul(set, NULL, 10) : 0;
	struct winsize size;

	if (n >= LEAST_COLUMNS && n <= MOST_COLUMNS)
		return (unsigned)n;
	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= LEAST_COLUMNS)
		return size.ws_col;
	return PAGE_COLUMNS;
}

unsigned
term_page(void)
{
	unsigned n = term_columns();

	return n ? n : PAGE_COLUMNS;
}

static bool
hides(uint32_t c)
{
	for (size_t i = 0; i < sizeof(hiding) / sizeof(hiding[0]); i++)
		if (c >= hiding[i].from && c <= hiding[i].to)
			return true;
	return false;
}

/* One character as it is shown. */
struct glyph { char text[16]; size_t len, taken; unsigned columns; };

static void
glyph_next(struct glyph *g, const char *s, size_t len)
{
	wchar_t c = 0;
	mbstate_t state = { 0 };
	size_t n = mbrtowc(&c, s, len, &state);
	int width = n <= len && n > 0 && !hides((uint32_t)c) ? wcwidth(c) : -1;

	if (width >= 0) {
		memcpy(g->text, s, n);
		g->len = g->taken = n;
		g->columns = (unsigned)width;
		return;
	}
	if (n <= len && n > 1) {
		g->len = (size_t)snprintf(g->text, sizeof(g->text), "\\u{%x}", (unsigned)c);
		g->taken = n;
	} else {
		g->len = (size_t)snprintf(g->text, sizeof(g->text), *s == '\n' ? "\\n" : *s == '\t' ? "\\t" : "\\x%02x", (unsigned char)*s);
		g->taken = 1;
	}
	g->columns = (unsigned)g->len;
}

void
term_put(FILE *out, const char *s, size_t len)
{
	struct glyph g;

	for (size_t at = 0; at < len; at += g.taken) {
		glyph_next(&g, s + at, len - at);
		fwrite(g.text, 1, g.len, out);
	}
}

void
term_lines(FILE *out, const char *s, size_t len)
{
	while (len) {
		const char *end = memchr(s, '\n', len);
		size_t n = end ? (size_t)(end - s) : len;
		term_put(out, s, n);
		if (n < len)
			fputc('\n', out);
		n += n < len;
		s += n;
		len -= n;
	}
}

static unsigned
width(const char *s, size_t len)
{
	struct glyph g;
	unsigned columns = 0;

	for (size_t at = 0; at < len; at += g.taken) {
		glyph_next(&g, s + at, len - at);
		columns += g.columns;
	}
	return columns;
}

unsigned
term_fit(const char *s, struct fit fit)
{
	struct glyph g;
	unsigned used = 0;
	bool cut = width(s, strlen(s)) > fit.columns;

	for (size_t at = 0, len = strlen(s); at < len; at += g.taken) {
		glyph_next(&g, s + at, len - at);
		if (used + g.columns + cut > fit.columns)
			break;
		fwrite(g.text, 1, g.len, stdout);
		used += g.columns;
	}
	if (cut && fit.columns) {
		putchar('~');
		used++;
	}
	for (; fit.pad && used < fit.columns; used++)
		putchar(' ');
	return used;
}

void
term_word(enum color color, const char *word, unsigned columns)
{
	static const char *const codes[] = {
		[COLOR_NONE] = "", [COLOR_GOOD] = "\033[32m", [COLOR_BAD] = "\033[1;31m", [COLOR_ODD] = "\033[33m", [COLOR_STRONG] = "\033[1m",
	};
	bool on = colored && color != COLOR_NONE;

	printf("%s%s%s", on ? codes[color] : "", word, on ? "\033[0m" : "");
	for (size_t n = strlen(word); n < columns; n++)
		putchar(' ');
}

static void
new_line(unsigned indent)
{
	putchar('\n');
	for (unsigned i = 0; i < indent; i++)
		putchar(' ');
}

void
term_definition(const char *head, unsigned indent, const char *text)
{
	unsigned page = term_page(), at = term_fit(head, (struct fit){ page, false });

	if (at > indent || (at && at == indent && head[strlen(head) - 1] != ' ')) {
		new_line(indent);
		at = indent;
	}
	for (; at < indent; at++)
		putchar(' ');
	while (*text) {
		size_t n = strcspn(text, " ");
		char word[256];
		snprintf(word, sizeof(word), "%.*s", (int)(n < 255 ? n : 255), text);
		unsigned columns = width(word, strlen(word));
		if (at > indent && at + 1 + columns > page) {
			new_line(indent);
			at = indent;
		}
		if (at > indent)
			putchar(' ');
		at += (at > indent) + columns;
		term_put(stdout, word, strlen(word));
		text += n + strspn(text + n, " ");
	}
	putchar('\n');
}

/* Where in LINE the thing is that WHY names in quotes; the first word if none is found. */
static const char *
pointed(const char *line, const char *why, size_t *len)
{
	for (const char *q = strchr(why, '\''); q; q = strchr(q + 1, '\'')) {
		const char *end = strchr(q + 1, '\'');
		char name[128];
		if (!end)
			break;
		snprintf(name, sizeof(name), "%.*s", (int)(end - q - 1), q + 1);
		const char *found = name[0] ? strstr(line, name) : NULL;
		if (found) {
			*len = strlen(name);
			return found;
		}
		q = end;
	}
	const char *first = line + strspn(line, " \t");
	*len = strcspn(first, "\n");
	return first;
}

static void
put_times(FILE *out, char c, unsigned n)
{
	while (n--)
		fputc(c, out);
}

static void
show_line(FILE *out, const struct fault *f)
{
	CLEANUP_FILE FILE *in = f->line > 0 ? fopen(f->file, "re") : NULL;
	CLEANUP_FREE char *line = NULL;
	size_t size = 0, marked;

	for (int i = 0; in && i < f->line; i++)
		if (getline(&line, &size, in) < 0)
			return;
	if (!in || !line || strlen(line) > MOST_COLUMNS)
		return;
	line[strcspn(line, "\r\n")] = '\0';
	const char *at = pointed(line, f->why, &marked);
	for (char *tab = line; (tab = strchr(tab, '\t'));)
		*tab = ' ';
	fprintf(out, "%5d | ", f->line);
	term_put(out, line, strlen(line));
	fprintf(out, "\n      | ");
	put_times(out, ' ', width(line, (size_t)(at - line)));
	fputc('^', out);
	unsigned columns = width(at, marked);
	put_times(out, '~', columns ? columns - 1 : 0);
	fputc('\n', out);
}

void
term_fault(FILE *out, const struct fault *f)
{
	char text[1024];

	fflush(stdout);
	fault_format(f, text, sizeof(text));
	term_put(out, text, strlen(text));
	fputc('\n', out);
	show_line(out, f);
}

void
term_faults(FILE *out, const struct faults *faults)
{
	for (size_t i = 0; i < faults->count; i++)
		term_fault(out, &faults->fault[i]);
	if (faults->errors > faults->count)
		fprintf(out, "%zu more errors\n", faults->errors - faults->count);
}
