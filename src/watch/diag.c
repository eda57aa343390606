#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include "base/netlink.h"
#include "watch/diag.h"

#define STALE_MAX	16	/* answers to questions of a predecessor that may still lie in the socket */

struct question { struct nlmsghdr head; struct inet_diag_req_v2 ask; };

/* Of one protocol the kernel takes the two ends the other way round, "for historical reasons". */
static void
put_ends(struct inet_diag_sockid *id, const struct peer *from, const struct peer *to)
{
	memcpy(id->idiag_src, from->addr, sizeof(from->addr));
	memcpy(id->idiag_dst, to->addr, sizeof(to->addr));
	id->idiag_sport = htons(from->port);
	id->idiag_dport = htons(to->port);
}

static int
ask_kernel(struct diag *d, const struct packet *p)
{
	struct question q = {
		.head = { .nlmsg_len = sizeof(q), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = ++d->sequence },
		.ask = { .sdiag_family = (uint8_t)p->from.family, .sdiag_protocol = p->tcp ? IPPROTO_TCP : IPPROTO_UDP, .idiag_states = ~0u },
	};
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	put_ends(&q.ask.id, p->tcp ? &p->from : &p->to, p->tcp ? &p->to : &p->from);
	q.ask.id.idiag_cookie[0] = q.ask.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	return sendto(d->fd, &q, sizeof(q), MSG_DONTWAIT, (struct sockaddr *)&kernel, sizeof(kernel)) < 0 ? -errno : 0;
}

/* -ESTALE: an answer to something else. */
static int
take_answer(struct diag *d, struct diag_socket *out)
{
	_Alignas(struct nlmsghdr) uint8_t buf[1024];
	struct nlmsghdr head;
	struct inet_diag_msg m;
	int32_t error;
	ssize_t n = netlink_take(d->fd, buf, sizeof(buf));

	if (n < 0)
		return n == -EBADMSG ? -ESTALE : (int)n;
	memcpy(&head, buf, sizeof(head));
	if (n < (ssize_t)sizeof(head) || head.nlmsg_seq != d->sequence)
		return -ESTALE;
	if (head.nlmsg_type == NLMSG_ERROR && n >= (ssize_t)(sizeof(head) + sizeof(error))) {
		memcpy(&error, buf + sizeof(head), sizeof(error));
		return error < 0 ? error : -ENOENT;
	}
	if (head.nlmsg_type != SOCK_DIAG_BY_FAMILY || n < (ssize_t)(NLMSG_HDRLEN + sizeof(m)))
		return -ESTALE;
	memcpy(&m, buf + NLMSG_HDRLEN, sizeof(m));
	*out = (struct diag_socket){ .inode = m.idiag_inode, .uid = m.idiag_uid };
	return m.idiag_inode ? 0 : -ENOENT;	/* closed, and on its way out */
}

int
diag_find(struct diag *d, const struct packet *p, struct diag_socket *out)
{
	int err = d->fd < 0 ? -ENOENT : ask_kernel(d, p);

	for (int i = 0; !err && i < STALE_MAX; i++)
		if ((err = take_answer(d, out)) != -ESTALE)
			return err;
		else
			err = 0;
	return err ? err : -ENOENT;
}
