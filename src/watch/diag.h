#ifndef WATCH_DIAG_H
#define WATCH_DIAG_H
/* Asks the kernel which socket of this host has an address. It needs no privilege, and answers within the call. */
#include "watch/packet.h"

struct diag { int fd; uint32_t sequence; };	/* a NETLINK_SOCK_DIAG socket, opened by the warden; -1: there is none */
struct diag_socket { uint64_t inode; uint32_t uid; };

/* The socket that sent this packet. 0; -ENOENT: none has these addresses any more, or it is not of this network namespace; -errno. */
int	diag_find(struct diag *, const struct packet *, struct diag_socket *);

#endif
