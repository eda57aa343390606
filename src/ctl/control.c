#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include "base/clock.h"
#include "base/cleanup.h"
#include "ctl/commands.h"
#include "ctl/control.h"
#include "ctl/term.h"
#include "ctl/when.h"

#define PATIENCE_S 60

static enum answer
unreachable(const char *path, int err)
{
	if (err == EACCES || err == EPERM) {
		ctl_error("%s: not permitted: this needs root, or for 'status' the group of that socket; try sudo", path);
		return ANSWER_FORBIDDEN;
	}
	if (err == ENOENT || err == ECONNREFUSED)
		ctl_error("yettd is not running (nobody answers at %s). Start it: systemctl start yettd; why it stopped: journalctl -u yettd -e",
		    path);
	else if (err == EAGAIN || err == EINPROGRESS)
		ctl_error("yettd does not answer at %s within %d s. See: journalctl -u yettd -e", path, PATIENCE_S);
	else
		ctl_error("yettd cannot be asked at %s: %s. See: journalctl -u yettd -e", path, strerror(err));
	return ANSWER_UNREACHABLE;
}

/* The connected socket, or -errno. */
static int
reach(const char *path)
{
	static const struct timeval patience = { PATIENCE_S, 0 };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, path, strlen(path));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0 ||
	    connect(fd, (const struct sockaddr *)(const void *)&to, sizeof(to)) != 0)
		return -errno;
	return steal_fd(&fd);
}

enum answer
control_ask(const struct ctl *ctl, const char *request, struct control_reply *reply)
{
	char path[CONFIG_PATH + sizeof(CONTROL_SOCKET) + 1];

	reply->len = 0;
	reply->text[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", ctl->config.run, CONTROL_SOCKET);
	CLEANUP_FD int fd = reach(path);
	if (fd < 0)
		return unreachable(path, -fd);
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		return unreachable(path, errno);
	ssize_t n = recv(fd, reply->text, CONTROL_REPLY_MAX, 0);
	if (n < 0)
		return unreachable(path, errno);
	if (n < 2 || reply->text[0] < '0' || reply->text[0] > '6' || reply->text[1] != ' ') {
		reply->text[0] = '\0';
		ctl_error("the answer from %s cannot be understood; is that yettd, and of this version (%s)?", path, VERSION);
		return ANSWER_UNREACHABLE;
	}
	enum answer a = (enum answer)(reply->text[0] - '0');
	reply->len = (size_t)n - 2;
	memmove(reply->text, reply->text + 2, reply->len);
	reply->text[reply->len] = '\0';
	return a;
}

/* Sends what changes something, and shows what yettd says to it. */
static enum answer
tell(const struct ctl *ctl, const char *request)
{
	struct control_reply reply = { 0 };
	enum answer a = control_ask(ctl, request, &reply);
	FILE *out = a == ANSWER_DONE ? stdout : stderr;

	while (reply.len && reply.text[reply.len - 1] == '\n')
		reply.len--;
	if (!reply.len)
		return a;
	term_lines(out, reply.text, reply.len);
	fputc('\n', out);
	return a;
}

static enum answer
reload_run(struct ctl *ctl, const void *options, char **operands)
{
	(void)options, (void)operands;
	return tell(ctl, "reload");
}

static enum answer
enforce_run(struct ctl *ctl, const void *options, char **operands)
{
	(void)options, (void)operands;
	return tell(ctl, "enforce");
}

struct monitor_options { const char *time; };

static enum answer
monitor_run(struct ctl *ctl, const void *options, char **operands)
{
	const struct monitor_options *o = options;
	char request[CONTROL_REQUEST_MAX] = "monitor";
	uint64_t ns;

	(void)operands;
	if (o->time) {
		if (!when_duration(o->time, &ns) || ns < NS_PER_SEC) {
			ctl_error("--for takes a time such as 30m or 2h, not '%s'", o->time);
			return ANSWER_USAGE;
		}
		snprintf(request, sizeof(request), "monitor %llu", (unsigned long long)(ns / NS_PER_SEC));
	}
	return tell(ctl, request);
}

static const struct option_row monitor_rows[] = {
	{ "for", 0, OPTION_TEXT, offsetof(struct monitor_options, time), "TIME", "enforce again after that time, e.g. 30m or 2h" },
	{ 0 }
};

const struct command policy_reload_command = { .name = "policy reload", .operands = "", .config = true, .run = reload_run,
	.help = "puts configuration and policies on disk in force; on any error what is in force stays" };
const struct command reload_command = { .name = "reload", .operands = "", .config = true, .run = reload_run,
	.help = "the same as policy reload" };
const struct command monitor_command = { .name = "monitor", .operands = "", .options = monitor_rows,
	.size = sizeof(struct monitor_options), .config = true, .run = monitor_run,
	.help = "from now on nothing is blocked, only told what would be" };
const struct command enforce_command = { .name = "enforce", .operands = "", .config = true, .run = enforce_run,
	.help = "from now on what the policies deny is blocked" };
