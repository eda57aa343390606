/*
 * auditstate: what a user of audit must leave as he found it, one line: enabled=N owner=PID limit=N wait=N rules=N ours=N (rules whose
 * key begins with "yett"). auditstate restore ENABLED LIMIT WAIT: puts the three back.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static struct { struct nlmsghdr h; char data[16384]; } m;

static int
ask(int fd, uint16_t type, uint16_t flags, const void *data, size_t len)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	m.h = (struct nlmsghdr){ .nlmsg_len = (uint32_t)NLMSG_SPACE(len), .nlmsg_type = type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		.nlmsg_seq = 1 };
	memcpy(NLMSG_DATA(&m.h), data, len);
	return sendto(fd, &m, m.h.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0 ? -1 : 0;
}

static int
hear(int fd)
{
	ssize_t n = recv(fd, &m, sizeof(m), 0);

	return n < (ssize_t)sizeof(m.h) ? -1 : m.h.nlmsg_type;
}

static int
is_ours(const struct audit_rule_data *r)
{
	size_t at = 0;

	for (uint32_t i = 0; i < r->field_count && i < AUDIT_MAX_FIELDS; i++) {
		if (r->fields[i] == AUDIT_FILTERKEY && r->values[i] >= 4 && memcmp(r->buf + at, "yett", 4) == 0)
			return 1;
		if (r->fields[i] == AUDIT_FILTERKEY || r->fields[i] == AUDIT_WATCH || r->fields[i] == AUDIT_DIR || r->fields[i] == AUDIT_EXE ||
		    (r->fields[i] >= AUDIT_SUBJ_USER && r->fields[i] <= AUDIT_SUBJ_CLR) ||
		    (r->fields[i] >= AUDIT_OBJ_USER && r->fields[i] <= AUDIT_OBJ_LEV_HIGH))
			at += r->values[i];
	}
	return 0;
}

static int
restore(int fd, char **argv)
{
	struct audit_status s = { .mask = AUDIT_STATUS_ENABLED | AUDIT_STATUS_BACKLOG_LIMIT | AUDIT_STATUS_BACKLOG_WAIT_TIME,
		.enabled = (uint32_t)strtoul(argv[0], NULL, 10), .backlog_limit = (uint32_t)strtoul(argv[1], NULL, 10),
		.backlog_wait_time = (uint32_t)strtoul(argv[2], NULL, 10) };

	return ask(fd, AUDIT_SET, NLM_F_ACK, &s, sizeof(s)) || hear(fd) < 0;
}

int
main(int argc, char **argv)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT), type;
	struct timeval soon = { .tv_sec = 2 };
	struct audit_status s = { 0 };
	unsigned rules = 0, ours = 0;

	if (fd < 0)
		return 1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	if (argc == 5 && strcmp(argv[1], "restore") == 0)
		return restore(fd, argv + 2);
	if (ask(fd, AUDIT_GET, 0, NULL, 0))
		return 1;
	while ((type = hear(fd)) != AUDIT_GET)
		if (type < 0)
			return 1;
	memcpy(&s, NLMSG_DATA(&m.h), sizeof(s));
	if (ask(fd, AUDIT_LIST_RULES, 0, NULL, 0))
		return 1;
	while ((type = hear(fd)) >= 0 && type != NLMSG_DONE)
		if (type == AUDIT_LIST_RULES) {
			rules++;
			ours += (unsigned)is_ours(NLMSG_DATA(&m.h));
		}
	printf("enabled=%u owner=%u limit=%u wait=%u rules=%u ours=%u\n", s.enabled, s.pid, s.backlog_limit, s.backlog_wait_time, rules, ours);
	return 0;
}
