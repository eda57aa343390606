#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "policy/pool.h"
#include "policy/read.h"

/* Debian's libinih is told at run time how to behave; upstream's has no such variables. */
extern bool ini_allow_multiline __attribute__((weak));
extern bool ini_allow_bom __attribute__((weak));
extern bool ini_allow_inline_comments __attribute__((weak));
extern bool ini_use_stack __attribute__((weak));
extern bool ini_allow_realloc __attribute__((weak));
extern bool ini_stop_on_first_error __attribute__((weak));
extern bool ini_allow_no_value __attribute__((weak));
extern int ini_max_line __attribute__((weak));
extern int ini_initial_alloc __attribute__((weak));

struct reader {
	const char	*name, *at, *end;
	struct faults	*faults;
	read_fn		*fn;
	void		*arg;
	struct pool	 pool;
	struct names	 sections;	/* name -> line + 1, as a pointer */
	size_t		 longest;
	bool		 bare;		/* inih cuts at " ;" and cannot be told not to */
	int		 line, err;
	char		*section;	/* NULL: none yet */
	bool		 skip;		/* the section's head is at fault: its lines belong to nobody */
	bool		 key, skip_more, blank;	/* a key is open; it is at fault; a blank line came after it */
	bool		 more;		/* the line that inih reads now is indented */
};

static bool
knobs(void)
{
	return &ini_max_line && &ini_initial_alloc && &ini_use_stack && &ini_allow_inline_comments && &ini_allow_multiline;
}

/* Set each time: another user of the library in this process may have changed them. */
static void
set_knobs(void)
{
	ini_max_line = ini_initial_alloc = READ_LINE + 3;
	ini_use_stack = false;
	ini_allow_inline_comments = false;
	ini_allow_multiline = true;
	if (&ini_allow_bom)
		ini_allow_bom = false;
	if (&ini_allow_realloc)
		ini_allow_realloc = false;
	if (&ini_stop_on_first_error)
		ini_stop_on_first_error = false;
	if (&ini_allow_no_value)
		ini_allow_no_value = false;
}

/* Bytes of the UTF-8 character at S, its code in *CODE; 0: not UTF-8. */
static size_t
utf8(const unsigned char *s, size_t len, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] & 0xf8) == 0xf0 ? 4 : 0;

	if (n == 0 || n > len)
		return 0;
	*code = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return n;
}

const char *
read_bad_text(const char *s, size_t len)
{
	uint32_t code = 0;

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8((const unsigned char *)s + i, len - i, &code);
		if (n == 0)
			return "not valid UTF-8";
		if (code == 0)
			return "a NUL byte";
		if (code == '\r')
			return "a carriage return; save the file with Unix line ends";
		if ((code < 0x20 && code != '\t') || (code >= 0x7f && code < 0xa0))
			return "a control character";
		if ((code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069))
			return "a character that changes the direction of text, so that the line reads as something else";
		if (code == 0xfeff)
			return "a byte order mark; save the file without it";
	}
	return NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *
bad_line(const struct reader *r, const char *s, size_t len)
{
	const char *why = read_bad_text(s, len);

	if (why || !r->bare)
		return why;
	for (size_t i = 1; i < len; i++)
		if (s[i] == ';' && is_blank(s[i - 1]))
			return "a semicolon after a blank, where this host's libinih would cut the line";
	return NULL;
}

/* Takes the head of a section; on a fault the lines below belong to nobody. */
static bool
take_section(struct reader *r, const char *s, size_t len)
{
	const char *close = memchr(s, ']', len);
	size_t n = close ? (size_t)(close - s - 1) : 0, rest = close ? len - n - 2 : 0;

	r->skip = true;
	r->key = false;
	for (size_t i = 0; i < rest; i++)
		if (!is_blank(close[1 + i])) {
			fault_add(r->faults, r->name, r->line, "text after ']'; a comment needs a line of its own");
			return false;
		}
	if (!close)
		fault_add(r->faults, r->name, r->line, "'[' without ']'");
	else if (n == 0)
		fault_add(r->faults, r->name, r->line, "a section without a name");
	else if (is_blank(s[1]) || is_blank(s[n]) || memchr(s + 1, '[', n))
		fault_add(r->faults, r->name, r->line, "a section name has no '[' in it and no blanks around it");
	else if (n > READ_SECTION)
		fault_add(r->faults, r->name, r->line, "section name of %zu bytes; at most %d", n, READ_SECTION);
	else
		r->skip = false;
	if (r->skip)
		return false;
	r->section = pool_copy(&r->pool, s + 1, n);
	if (!r->section) {
		r->err = -ENOMEM;
		return false;
	}
	uintptr_t first = (uintptr_t)names_find(&r->sections, r->section);
	if (first) {
		fault_add(r->faults, r->name, r->line, "[%s] again; it is at line %d already", r->section, (int)(first - 1));
		r->skip = true;
		return false;
	}
	r->err = names_add(&r->sections, r->section, (void *)((uintptr_t)r->line + 1));
	struct read_item item = { .section = r->section, .line = r->line };
	if (!r->err)
		r->err = r->fn(r->arg, &item);
	return !r->err;
}

static bool
take_more(struct reader *r)
{
	if (r->skip || (r->key && r->skip_more))
		return false;
	if (!r->key)
		fault_add(r->faults, r->name, r->line, "an indented line continues the key above it, and there is none");
	else if (r->blank)
		fault_add(r->faults, r->name, r->line, "an indented line continues a key, but a blank line is between them");
	else
		return r->more = true;
	return false;
}

static bool
take_key(struct reader *r, const char *s, size_t len)
{
	const char *equals = memchr(s, '=', len), *colon = memchr(s, ':', len);

	r->key = true;
	r->blank = false;
	r->skip_more = true;
	if (r->skip)
		return false;
	if (!r->section)
		fault_add(r->faults, r->name, r->line, "a key before the first [section]");
	else if (equals == s)
		fault_add(r->faults, r->name, r->line, "a value without a key");
	else if (!equals || (colon && colon < equals))
		fault_add(r->faults, r->name, r->line, "neither [section] nor key = value nor # comment");
	else
		r->skip_more = false;
	return !r->skip_more;
}

/* Is the line for inih? Else it sees an empty one in its place. */
static bool
take_line(struct reader *r, const char *s, size_t len)
{
	const char *why = bad_line(r, s, len);
	size_t indent = 0;

	r->more = false;
	while (indent < len && is_blank(s[indent]))
		indent++;
	if (why || len > r->longest) {
		/* Whatever it was to be, what is indented below it belongs to it. */
		r->skip_more = true;
		r->key = true;
		if (len && s[0] == '[')
			r->skip = true;
		if (why)
			fault_add(r->faults, r->name, r->line, "the line has %s", why);
		else
			fault_add(r->faults, r->name, r->line, "line of %zu bytes; at most %zu (use continuation lines)", len, r->longest);
		return false;
	}
	if (indent == len) {
		r->blank = true;
		return false;
	}
	if (s[indent] == '#' || s[indent] == ';')
		return false;
	if (indent)
		return take_more(r);
	return s[0] == '[' ? take_section(r, s, len) : take_key(r, s, len);
}

static char *
next_line(char *out, int size, void *stream)
{
	struct reader *r = stream;

	if (r->at == r->end || r->err)
		return NULL;
	const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
	const char *s = r->at;
	size_t len = (size_t)((newline ? newline : r->end) - s);
	r->at = newline ? newline + 1 : r->end;
	r->line++;
	if (!newline)
		fault_add(r->faults, r->name, r->line, "the last line has no newline: is the file whole?");
	if (!take_line(r, s, len) || len + 2 > (size_t)size)
		len = 0;
	memcpy(out, s, len);
	memcpy(out + len, "\n", 2);
	return out;
}

static int
on_value(void *user, const char *section, const char *key, const char *value)
{
	struct reader *r = user;
	struct read_item item = { .section = r->section, .key = key, .value = value, .line = r->line, .more = r->more };

	(void)section;
	if (!r->err && !r->skip)
		r->err = r->fn(r->arg, &item);
	return 1;
}

int
read_text(const char *name, const char *text, size_t len, struct faults *faults, read_fn *fn, void *arg)
{
	struct reader r = { .name = name, .at = text, .end = text + len, .faults = faults, .fn = fn, .arg = arg };
	size_t before = faults->errors;

	if (len > READ_FILE_MAX) {
		fault_add(faults, name, 0, "%zu bytes; at most %u", len, READ_FILE_MAX);
		return -EFBIG;
	}
	r.bare = !knobs();
	r.longest = r.bare ? READ_LINE_BARE : READ_LINE;
	if (!r.bare)
		set_knobs();
	int bad = ini_parse_stream(next_line, &r, on_value, &r);
	if (bad == -2 && !r.err)
		r.err = -ENOMEM;
	if (bad > 0 && !r.err && faults->errors == before)
		fault_add(faults, name, bad, "libinih refuses the line");
	names_done(&r.sections);
	pool_done(&r.pool);
	return r.err;
}

static bool
others_write(const struct stat *st, const char *path, const char *what, struct faults *faults)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		fault_add(faults, path, 0, "belongs to user %u: a %s must be root's", st->st_uid, what);
	else if (st->st_mode & 022)
		fault_add(faults, path, 0, "writable by group or others (mode %04o): chmod go-w", st->st_mode & 07777);
	else
		return false;
	return true;
}

void
read_check_directory(int fd, const char *path, struct faults *faults)
{
	struct stat st;

	if (fstat(fd, &st) == 0)
		others_write(&st, path, "directory of policies", faults);
}

static int
read_whole(int fd, const char *path, size_t size, struct faults *faults, char **text)
{
	CLEANUP_FREE char *buf = malloc(size + 1);
	size_t have = 0;

	if (!buf)
		return -ENOMEM;
	while (have <= size) {
		ssize_t n = read(fd, buf + have, size + 1 - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	if (have != size) {
		fault_add(faults, path, 0, "changed while it was read");
		return -EAGAIN;
	}
	*text = steal_ptr(&buf);
	return 0;
}

int
read_file_most(const char *path, size_t most, struct faults *faults, char **text, size_t *len)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 || fstat(fd, &st) < 0) {
		int err = errno;
		fault_add(faults, path, 0, "cannot be opened (errno %d)", err);
		return -err;
	}
	if (!S_ISREG(st.st_mode)) {
		fault_add(faults, path, 0, "not a regular file");
		return -EINVAL;
	}
	if (others_write(&st, path, "file of policies or configuration", faults))
		return -EPERM;
	if ((uint64_t)st.st_size > most) {
		fault_add(faults, path, 0, "%lld bytes; at most %zu", (long long)st.st_size, most);
		return -EFBIG;
	}
	int err = read_whole(fd, path, (size_t)st.st_size, faults, text);
	if (err == 0)
		*len = (size_t)st.st_size;
	return err;
}

int
read_file(const char *path, struct faults *faults, char **text, size_t *len)
{
	return read_file_most(path, READ_FILE_MAX, faults, text, len);
}
