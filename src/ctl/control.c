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

/* One packet, and the descriptor that may be with it. The length, or -1. */
static ssize_t
receive(int sock, struct control_reply *reply, int *fd)
{
	union { struct cmsghdr align; char buf[CMSG_SPACE(sizeof(int))]; } rights;
	struct iovec iov = { .iov_base = reply->text, .iov_len = CONTROL_REPLY_MAX };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = sizeof(rights.buf) };
	ssize_t n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *head = n < 0 ? NULL : CMSG_FIRSTHDR(&m);

	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(head), sizeof(*fd));
	return n;
}

enum answer
control_ask_for(const struct ctl *ctl, const char *request, struct control_reply *reply, int *fd)
{
	char path[CONFIG_PATH + sizeof(CONTROL_SOCKET) + 1];

	*fd = -1;
	reply->len = 0;
	reply->text[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", ctl->config.run, CONTROL_SOCKET);
	CLEANUP_FD int sock = reach(path);
	if (sock < 0)
		return unreachable(path, -sock);
	if (send(sock, request, strlen(request), MSG_NOSIGNAL) < 0)
		return unreachable(path, errno);
	ssize_t n = receive(sock, reply, fd);
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

enum answer
control_ask(const struct ctl *ctl, const char *request, struct control_reply *reply)
{
	CLEANUP_FD int fd = -1;

	return control_ask_for(ctl, request, reply, &fd);
}

void
control_peek(const struct ctl *ctl, struct control_reply *reply)
{
	char path[CONFIG_PATH + sizeof(CONTROL_SOCKET) + 1];

	reply->len = 0;
	snprintf(path, sizeof(path), "%s/%s", ctl->config.run, CONTROL_SOCKET);
	CLEANUP_FD int fd = reach(path);
	if (fd >= 0)
		control_ask(ctl, "status", reply);
}

void
control_show(FILE *out, struct control_reply *reply)
{
	while (reply->len && reply->text[reply->len - 1] == '\n')
		reply->len--;
	if (!reply->len)
		return;
	term_lines(out, reply->text, reply->len);
	fputc('\n', out);
}

/* Sends what changes something, and shows what yettd says to it. */
static enum answer
tell(const struct ctl *ctl, const char *request)
{
	struct control_reply reply = { 0 };
	enum answer a = control_ask(ctl, request, &reply);

	control_show(a == ANSWER_DONE ? stdout : stderr, &reply);
	return a;
}

struct change_options { const char *confirm; bool force; };

/* A time of an option as whole seconds; false after an error. */
static bool
take_seconds(const char *option, const char *time, uint64_t *seconds)
{
	uint64_t ns;

	if (when_duration(time, &ns) && ns >= NS_PER_SEC) {
		*seconds = ns / NS_PER_SEC;
		return true;
	}
	ctl_error("--%s takes a time such as 30m or 2h, not '%s'", option, time);
	return false;
}

static enum answer
change(const struct ctl *ctl, const char *verb, const struct change_options *o)
{
	char request[CONTROL_REQUEST_MAX], confirm[48] = "";
	uint64_t seconds;

	if (o->confirm) {
		if (!take_seconds("confirm", o->confirm, &seconds))
			return ANSWER_USAGE;
		snprintf(confirm, sizeof(confirm), " confirm=%llu", (unsigned long long)seconds);
	}
	snprintf(request, sizeof(request), "%s%s%s", verb, confirm, o->force ? " force" : "");
	return tell(ctl, request);
}

static enum answer
reload_run(struct ctl *ctl, const void *options, char **operands)
{
	(void)operands;
	return change(ctl, "reload", options);
}

static enum answer
enforce_run(struct ctl *ctl, const void *options, char **operands)
{
	(void)operands;
	return change(ctl, "enforce", options);
}

static enum answer
confirm_run(struct ctl *ctl, const void *options, char **operands)
{
	(void)options, (void)operands;
	return tell(ctl, "confirm");
}

struct monitor_options { const char *time; };

static enum answer
monitor_run(struct ctl *ctl, const void *options, char **operands)
{
	const struct monitor_options *o = options;
	char request[CONTROL_REQUEST_MAX] = "monitor";
	uint64_t seconds;

	(void)operands;
	if (o->time) {
		if (!take_seconds("for", o->time, &seconds))
			return ANSWER_USAGE;
		snprintf(request, sizeof(request), "monitor %llu", (unsigned long long)seconds);
	}
	return tell(ctl, request);
}

static const struct option_row monitor_rows[] = {
	{ "for", 0, OPTION_TEXT, offsetof(struct monitor_options, time), "TIME", "enforce again after that time, e.g. 30m or 2h" },
	{ 0 }
};

static const struct option_row change_rows[] = {
	{ "confirm", 0, OPTION_TEXT, offsetof(struct change_options, confirm), "TIME",
	    "go back after that time, e.g. 5m, unless yettctl confirm comes before" },
	{ "force", 'f', OPTION_FLAG, offsetof(struct change_options, force), NULL, "also what would lock the admins out" },
	{ 0 }
};

const struct command policy_reload_command = { .name = "policy reload", .operands = "", .options = change_rows,
	.size = sizeof(struct change_options), .config = true, .run = reload_run,
	.help = "puts configuration and policies on disk in force; on any error, and where they would lock the admins out, "
	"what is in force stays" };
const struct command reload_command = { .name = "reload", .operands = "", .options = change_rows, .size = sizeof(struct change_options),
	.config = true, .run = reload_run, .help = "the same as policy reload" };
const struct command monitor_command = { .name = "monitor", .operands = "", .options = monitor_rows,
	.size = sizeof(struct monitor_options), .config = true, .run = monitor_run,
	.help = "from now on nothing is blocked, only told what would be" };
const struct command enforce_command = { .name = "enforce", .operands = "", .options = change_rows, .size = sizeof(struct change_options),
	.config = true, .run = enforce_run, .help = "from now on what the policies in force deny is blocked" };
const struct command policy_confirm_command = { .name = "policy confirm", .operands = "", .config = true, .run = confirm_run,
	.help = "keeps what reload or enforce --confirm has put in force" };
const struct command confirm_command = { .name = "confirm", .operands = "", .config = true, .run = confirm_run,
	.help = "the same as policy confirm" };
