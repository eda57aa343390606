#include <errno.h>
#include <string.h>
#include "watch/uevent.h"

/* Of an interface of a USB device or a channel of a disk nothing is told that is not told of the whole. TYPE: NULL any. */
static const struct { const char *subsystem, *type; } wanted[] = {
	{ "usb", "usb_device" }, { "block", NULL }, { "module", NULL }, { "net", NULL }, { "input", NULL }, { "thunderbolt", NULL },
	{ "firewire", NULL }, { "mmc", NULL }, { "bluetooth", NULL },
};

/* What is told of a device, in this order. */
static const char *const facts[] = { "DEVTYPE", "PRODUCT", "TYPE", "NAME", "DEVNAME", "INTERFACE", "PARTNAME", "PARTN", "MAJOR", "MINOR",
	"DRIVER", "PHYS", "UNIQ", "DEVPATH" };
#define FACTS	(sizeof(facts) / sizeof(facts[0]))

struct text { const char *s; size_t len; };

/* Value of KEY in a message; s NULL: there is none. */
static struct text
value_of(const char *m, size_t len, const char *key)
{
	size_t n = strlen(key), step;

	for (size_t at = 0; at < len; at += step + 1) {
		const char *one = m + at;
		step = strnlen(one, len - at);
		if (step > n && one[n] == '=' && memcmp(one, key, n) == 0)
			return (struct text){ one + n + 1, step - n - 1 };
	}
	return (struct text){ 0 };
}

static bool
is(struct text t, const char *s)
{
	return t.s && t.len == strlen(s) && memcmp(t.s, s, t.len) == 0;
}

static bool
is_wanted(struct text subsystem, struct text type)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (is(subsystem, wanted[i].subsystem))
			return !wanted[i].type || is(type, wanted[i].type);
	return false;
}

static void
put(struct uevent *u, const char *s, size_t len)
{
	size_t room = sizeof(u->facts) - u->facts_len;

	len = len < room ? len : room;
	memcpy(u->facts + u->facts_len, s, len);
	u->facts_len += len;
}

static void
put_facts(const char *m, size_t len, struct uevent *u)
{
	for (size_t i = 0; i < FACTS; i++) {
		struct text v = value_of(m, len, facts[i]);
		if (!v.s)
			continue;
		if (u->facts_len)
			put(u, " ", 1);
		put(u, facts[i], strlen(facts[i]));
		put(u, "=", 1);
		put(u, v.s, v.len);
	}
}

static void
copy(char *out, size_t size, struct text t)
{
	size_t n = t.len < size ? t.len : size - 1;

	memcpy(out, t.s, n);
	out[n] = '\0';
}

/* A USB device by its kind, since its number is another each time; others as in /dev, or among the interfaces; else the end of the path. */
static struct text
name_of(const char *m, size_t len, struct text subsystem, struct text path)
{
	struct text t = is(subsystem, "usb") ? value_of(m, len, "PRODUCT") : (struct text){ 0 };

	if (!t.s)
		t = value_of(m, len, "DEVNAME");
	if (!t.s)
		t = value_of(m, len, "INTERFACE");
	if (t.s)
		return t;
	const char *slash = memrchr(path.s, '/', path.len);
	return slash ? (struct text){ slash + 1, path.len - (size_t)(slash + 1 - path.s) } : path;
}

int
uevent_parse(const char *m, size_t len, struct uevent *u)
{
	if (!len || m[len - 1] != '\0' || !strchr(m, '@'))
		return -EBADMSG;
	struct text action = value_of(m, len, "ACTION"), path = value_of(m, len, "DEVPATH"), subsystem = value_of(m, len, "SUBSYSTEM");
	if (!action.s || !path.s || !subsystem.s || subsystem.len >= sizeof(u->subsystem))
		return -EBADMSG;
	u->added = is(action, "add");
	if (!u->added && !is(action, "remove"))
		return -ENOMSG;
	if (!is_wanted(subsystem, value_of(m, len, "DEVTYPE")) || value_of(m, len, "SYNTH_UUID").s)
		return -ENOMSG;
	copy(u->subsystem, sizeof(u->subsystem), subsystem);
	copy(u->name, sizeof(u->name), name_of(m, len, subsystem, path));
	u->facts_len = 0;
	put_facts(m, len, u);
	return 0;
}
