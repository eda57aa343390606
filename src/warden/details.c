#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/hash.h"
#include "policy/diff.h"
#include "warden/details.h"

#define LEFT_OUT	"more was left out"

void
details_add(struct details *d, const char *fmt, ...)
{
	size_t room = DETAILS_MAX - sizeof(LEFT_OUT) - d->len;
	va_list ap;

	if (d->cut)
		return;
	va_start(ap, fmt);
	int n = vsnprintf(d->text + d->len, room, fmt, ap);
	va_end(ap);
	d->cut = n < 0 || (size_t)n >= room;
	if (d->cut) {
		memcpy(d->text + d->len, LEFT_OUT, sizeof(LEFT_OUT));
		n = sizeof(LEFT_OUT) - 1;
	}
	d->len += (size_t)n + 1;
}

/* Of a whole file, in hex. 0 or -errno. */
static int
hash_of(const char *path, char hex[65])
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	uint8_t hash[32];
	int err = fd < 0 ? -errno : hash_file(fd, hash);

	if (!err)
		sodium_bin2hex(hex, 65, hash, sizeof(hash));
	return err;
}

struct changes { struct details *d; char last[600]; };

static void
on_difference(void *arg, const struct difference *f)
{
	static const char *const how[] = { [DIFFERENCE_ADDED] = "added", [DIFFERENCE_REMOVED] = "removed", [DIFFERENCE_CHANGED] = "changed" };
	struct changes *c = arg;
	char line[600];

	if (!f->name[0]) {		/* a setting */
		details_add(c->d, "%.*s: %.*s -> %.*s", (int)f->key.len, f->key.at, (int)f->old.len, f->old.at, (int)f->new.len, f->new.at);
		return;
	}
	snprintf(line, sizeof(line), "%s %s %s", how[f->how], f->section, f->name);
	if (strcmp(line, c->last) != 0)		/* told for each key that changed */
		details_add(c->d, "%s", line);
	memcpy(c->last, line, sizeof(line));
}

void
details_changes(struct details *d, const struct policy *old, const struct policy *new)
{
	struct changes c = { .d = d };

	if (strcmp(policy_hash(old), policy_hash(new)) != 0)
		details_add(d, "policy: %s -> %s", policy_hash(old), policy_hash(new));
	if (policy_diff(old, new, on_difference, &c))
		details_add(d, "what else has changed could not be told: there was no memory");
}

static void
add_file(struct details *d, const char *what, const char *path, const char *named)
{
	char hex[65];
	int err = hash_of(path, hex);

	if (err)
		details_add(d, "%s: %s not readable (%s)", what, named, strerror(-err));
	else
		details_add(d, "%s: %s sha256 %s", what, named, hex);
}

void
details_files(struct details *d, const char *config, const struct policy *p)
{
	char exe[512];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	exe[n > 0 ? n : 0] = '\0';
	add_file(d, "program", "/proc/self/exe", exe);
	if (access(config, F_OK) == 0)
		add_file(d, "configuration", config, config);
	else
		details_add(d, "configuration: none, all by default");
	for (unsigned i = 0; i < policy_files(p); i++) {
		const char *hash, *path = policy_file(p, i, &hash);
		details_add(d, "policy file: %s sha256 %s", path, hash);
	}
}
