#ifndef WATCH_PACKET_H
#define WATCH_PACKET_H
/*
 * One packet from its network header on: IPv4 or IPv6, in it UDP or TCP. Whoever can reach this host writes it. Not seen: later fragments
 * of a datagram, and what lies behind extension headers of IPv6 (the kernel's filter passes neither, see warden/senses.c).
 */
#include "event/event.h"

struct packet {
	struct peer	 from, to;
	bool		 tcp;
	const uint8_t	*payload;	/* into the packet */
	size_t		 len;		/* bytes there are: no more than the headers say, fewer where the packet was cut */
};

/* 0; -ENOMSG: neither UDP nor TCP, or nothing in it; -EBADMSG: headers that do not hold together. */
int	packet_parse(const uint8_t *, size_t len, struct packet *);

/* Two bytes as the network orders them. */
static inline unsigned
packet_word(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

#endif
