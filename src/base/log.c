#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <poll.h>
#include <unistd.h>
#include "base/log.h"

static const char *log_room = "yettd";		/* process-wide by nature: stderr is */
static enum log_level log_most = LOG_LEVEL_NOTICE;

void
log_init(const char *room, enum log_level most)
{
	log_room = room;
	log_most = most;
}

const char *
errno_name(int err)
{
	const char *name = strerrorname_np(err < 0 ? -err : err);

	return name ? name : "unknown error";
}

static void	put(const char *tail, const char *fmt, va_list) __attribute__((format(printf, 2, 0)));

static void
put(const char *tail, const char *fmt, va_list ap)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "%s: ", log_room);
	int m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (m < 0)
		return;
	size_t len = strnlen(line, sizeof(line) - 1);
	if (tail && len + strlen(tail) + 3 < sizeof(line))
		len += (size_t)snprintf(line + len, sizeof(line) - len, ": %s", tail);
	line[len++] = '\n';
	if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) && write(STDERR_FILENO, line, len) < 0)
		return;		/* nobody reads: nothing to be done, and nobody to tell */
}

void
log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(NULL, fmt, ap);
	va_end(ap);
}

void
log_errno(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(errno_name(err), fmt, ap);
	va_end(ap);
}

void
log_notice(const char *fmt, ...)
{
	va_list ap;

	if (log_most < LOG_LEVEL_NOTICE)
		return;
	va_start(ap, fmt);
	put(NULL, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	if (log_most < LOG_LEVEL_DEBUG)
		return;
	va_start(ap, fmt);
	put(NULL, fmt, ap);
	va_end(ap);
}
