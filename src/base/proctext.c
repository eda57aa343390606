#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/proctext.h"

#define HEX_ID	64	/* digits of a container id */

struct text { const char *at, *end; };

static void
skip_blanks(struct text *t)
{
	while (t->at < t->end && (*t->at == ' ' || *t->at == '\t'))
		t->at++;
}

static int
digit(char c, unsigned base)
{
	int d = -1;

	if (c >= '0' && c <= '9')
		d = c - '0';
	else if (c >= 'a' && c <= 'f')
		d = c - 'a' + 10;
	return d >= 0 && (unsigned)d < base ? d : -1;
}

/* One number of at most MOST after blanks. */
static bool
take_number(struct text *t, unsigned base, uint64_t most, uint64_t *out)
{
	uint64_t n = 0;

	skip_blanks(t);
	const char *start = t->at;
	for (; t->at < t->end && digit(*t->at, base) >= 0; t->at++) {
		unsigned d = (unsigned)digit(*t->at, base);
		if (n > (most - d) / base)
			return false;
		n = n * base + d;
	}
	*out = n;
	return t->at > start;
}

static bool
take_s32(struct text *t, int32_t *out)
{
	uint64_t n;

	skip_blanks(t);
	bool minus = t->at < t->end && *t->at == '-';
	if (minus)
		t->at++;
	if (!take_number(t, 10, INT32_MAX, &n))
		return false;
	*out = minus ? -(int32_t)n : (int32_t)n;
	return true;
}

static bool
take_u32(struct text *t, uint32_t *out)
{
	uint64_t n;

	if (!take_number(t, 10, UINT32_MAX, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

static void
skip_word(struct text *t)
{
	skip_blanks(t);
	while (t->at < t->end && *t->at != ' ')
		t->at++;
}

static uint64_t
ticks_ns(uint64_t ticks)
{
	long hz = sysconf(_SC_CLK_TCK);
	uint64_t tick = NS_PER_SEC / (uint64_t)(hz > 0 ? hz : 100);

	return ticks > UINT64_MAX / tick ? UINT64_MAX : ticks * tick;
}

int
proc_parse_stat(const char *text, size_t len, struct proc_stat *out)
{
	/* The name may hold anything, a closing parenthesis too: the last one ends it. */
	const char *open = memchr(text, '(', len);
	const char *close = memrchr(text, ')', len);
	struct text t = { text, text + len };
	struct proc_stat st = { 0 };
	uint64_t ticks;

	if (!open || !close || close <= open || !take_s32(&t, &st.pid))
		return -EBADMSG;
	size_t n = (size_t)(close - open) - 1;
	memcpy(st.comm, open + 1, n < 16 ? n : 16);
	t.at = close + 1;
	skip_blanks(&t);
	if (t.at == t.end)
		return -EBADMSG;
	st.state = *t.at++;
	int32_t group, tty;
	if (!take_s32(&t, &st.ppid) || !take_s32(&t, &group) || !take_s32(&t, &st.sid) || !take_s32(&t, &tty))
		return -EBADMSG;
	st.tty = (uint32_t)tty;
	for (int field = 8; field < 22; field++)
		skip_word(&t);
	if (!take_number(&t, 10, UINT64_MAX, &ticks))
		return -EBADMSG;
	st.start_ns = ticks_ns(ticks);
	*out = st;
	return 0;
}

void
proc_tty_name(uint32_t tty, char out[static PROC_TTY_NAME])
{
	/* Majors whose devices are numbered one behind the other; Documentation/admin-guide/devices.txt. */
	static const struct { uint32_t major, minor, end; const char *name; } known[] = {
		{ 4, 0, 64, "tty" }, { 4, 64, 256, "ttyS" }, { 188, 0, 256, "ttyUSB" }, { 166, 0, 256, "ttyACM" }, { 204, 64, 80, "ttyAMA" },
		{ 229, 0, 256, "hvc" },
	};
	uint32_t major = tty >> 8 & 0xfff, minor = (tty & 0xff) | (tty >> 12 & 0xfff00);

	out[0] = '\0';
	if (!tty)
		return;
	if (major >= 136 && major < 144) {
		snprintf(out, PROC_TTY_NAME, "pts/%u", (major - 136) * 256 + minor);
		return;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (major == known[i].major && minor >= known[i].minor && minor < known[i].end) {
			snprintf(out, PROC_TTY_NAME, "%s%u", known[i].name, minor - known[i].minor);
			return;
		}
	}
	if (major == 5 && minor == 1)
		snprintf(out, PROC_TTY_NAME, "console");
	else
		snprintf(out, PROC_TTY_NAME, "char/%u:%u", major, minor);
}

/* Puts T behind "NAME" at the start of a line. */
static bool
find_line(struct text *t, const char *name)
{
	size_t n = strlen(name);

	while ((size_t)(t->end - t->at) >= n) {
		if (!memcmp(t->at, name, n)) {
			t->at += n;
			return true;
		}
		const char *nl = memchr(t->at, '\n', (size_t)(t->end - t->at));
		if (!nl)
			return false;
		t->at = nl + 1;
	}
	return false;
}

int
proc_parse_status(const char *text, size_t len, struct proc_status *out)
{
	struct text t = { text, text + len };
	struct proc_status st;

	if (!find_line(&t, "Tgid:") || !take_s32(&t, &st.tgid))
		return -EBADMSG;
	if (!find_line(&t, "TracerPid:") || !take_s32(&t, &st.tracer))
		return -EBADMSG;
	if (!find_line(&t, "Uid:") || !take_u32(&t, &st.uid) || !take_u32(&t, &st.euid))
		return -EBADMSG;
	if (!find_line(&t, "Gid:") || !take_u32(&t, &st.gid) || !take_u32(&t, &st.egid))
		return -EBADMSG;
	*out = st;
	return 0;
}

static bool
take_hex(struct text *t, uint64_t *out)
{
	skip_blanks(t);
	if (t->end - t->at < 2 || t->at[0] != '0' || t->at[1] != 'x')
		return false;
	t->at += 2;
	return take_number(t, 16, UINT64_MAX, out);
}

int
proc_parse_syscall(const char *text, size_t len, struct proc_syscall *out)
{
	struct text t = { text, text + len };
	struct proc_syscall sc = { 0 };
	int32_t number;

	if (len >= 7 && !memcmp(text, "running", 7))
		return -EAGAIN;
	if (!take_s32(&t, &number))
		return -EBADMSG;
	sc.number = number;
	for (int i = 0; number >= 0 && i < 6; i++)
		if (!take_hex(&t, &sc.args[i]))
			return -EBADMSG;
	*out = sc;
	return 0;
}

int
proc_parse_number(const char *text, size_t len, uint32_t *out)
{
	struct text t = { text, text + len };

	return take_u32(&t, out) ? 0 : -EBADMSG;
}

static void
keep_name(struct text name, char *out, size_t size)
{
	size_t n = (size_t)(name.end - name.at);

	if (n > size - 1)
		n = size - 1;
	memcpy(out, name.at, n);
	out[n] = '\0';
}

static bool
ends_with(struct text t, const char *tail)
{
	size_t n = strlen(tail);

	return (size_t)(t.end - t.at) > n && !memcmp(t.end - n, tail, n);
}

/* The next part of a path. */
static bool
take_part(struct text *path, struct text *part)
{
	while (path->at < path->end && *path->at == '/')
		path->at++;
	part->at = path->at;
	while (path->at < path->end && *path->at != '/')
		path->at++;
	part->end = path->at;
	return part->at < part->end;
}

/*
 * The unit is what stands right behind the slices. Further down, whoever was given a part of the tree (a user's manager, a
 * container) may call his groups as he likes.
 */
static void
find_unit(struct text path, char *out, size_t size)
{
	struct text part;

	while (take_part(&path, &part))
		if (!ends_with(part, ".slice"))
			break;
	if (ends_with(part, ".service") || ends_with(part, ".scope"))
		keep_name(part, out, size);
}

/* docker-ID.scope, cri-containerd-ID.scope, /docker/ID, /kubepods/.../ID, lxc.payload.NAME */
static bool
container_of(struct text part, struct text *id)
{
	static const char lxc[] = "lxc.payload.";

	if ((size_t)(part.end - part.at) > sizeof(lxc) - 1 && !memcmp(part.at, lxc, sizeof(lxc) - 1)) {
		*id = (struct text){ part.at + sizeof(lxc) - 1, part.end };
		return true;
	}
	if (ends_with(part, ".scope"))
		part.end -= strlen(".scope");
	if (part.end - part.at < HEX_ID || (part.end - part.at > HEX_ID && part.end[-HEX_ID - 1] != '-'))
		return false;
	*id = (struct text){ part.end - HEX_ID, part.end };
	for (const char *c = id->at; c < id->end; c++)
		if (digit(*c, 16) < 0)
			return false;
	return true;
}

static void
find_container(struct text path, char *out, size_t size)
{
	struct text part, id;

	while (take_part(&path, &part)) {
		if (!container_of(part, &id))
			continue;
		keep_name(id, out, size);
		return;
	}
}

void
proc_cgroup_names(const char *text, size_t len, char *service, size_t service_size, char *container, size_t container_size)
{
	static const char deleted[] = " (deleted)", named[] = "name=systemd:";
	struct text t = { text, text + len };

	service[0] = container[0] = '\0';
	while (t.at < t.end) {
		const char *nl = memchr(t.at, '\n', (size_t)(t.end - t.at));
		struct text line = { t.at, nl ? nl : t.end };
		t.at = nl ? nl + 1 : t.end;
		const char *first = memchr(line.at, ':', (size_t)(line.end - line.at));
		const char *path = memchr(line.at, '/', (size_t)(line.end - line.at));
		if (!first || !path || path < first)
			continue;
		struct text groups = { first + 1, path };
		bool unified = path - line.at == 3 && !memcmp(line.at, "0::", 3);
		bool systemd = groups.end - groups.at == sizeof(named) - 1 && !memcmp(groups.at, named, sizeof(named) - 1);
		line.at = path;
		if (ends_with(line, deleted))
			line.end -= sizeof(deleted) - 1;
		if (!service[0] && (unified || systemd))
			find_unit(line, service, service_size);
		if (!container[0])
			find_container(line, container, container_size);
	}
}
