#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include "watch/packet.h"

#define IP4_MIN		20
#define IP6_BYTES	40
#define UDP_BYTES	8
#define TCP_MIN		20

/* What lies behind a header that says how long all of it is. BYTES 0: more than fits the field, as offloading leaves it. */
static size_t
bounded(size_t there, size_t bytes)
{
	return bytes && bytes < there ? bytes : there;
}

static int
take_udp(const uint8_t *p, size_t len, struct packet *out)
{
	if (len < UDP_BYTES)
		return -EBADMSG;
	size_t bytes = packet_word(p + 4);
	if (bytes && bytes < UDP_BYTES)
		return -EBADMSG;
	out->payload = p + UDP_BYTES;
	out->len = bounded(len, bytes) - UDP_BYTES;
	return 0;
}

static int
take_tcp(const uint8_t *p, size_t len, struct packet *out)
{
	if (len < TCP_MIN)
		return -EBADMSG;
	size_t head = (size_t)(p[12] >> 4) * 4;
	if (head < TCP_MIN || head > len)
		return -EBADMSG;
	out->payload = p + head;
	out->len = len - head;
	return 0;
}

static int
take_transport(unsigned protocol, const uint8_t *p, size_t len, struct packet *out)
{
	out->tcp = protocol == IPPROTO_TCP;
	int err = protocol == IPPROTO_UDP ? take_udp(p, len, out) : out->tcp ? take_tcp(p, len, out) : -ENOMSG;

	if (err)
		return err;
	out->from.port = (uint16_t)packet_word(p);
	out->to.port = (uint16_t)packet_word(p + 2);
	return out->len ? 0 : -ENOMSG;
}

static int
take_ip4(const uint8_t *p, size_t len, struct packet *out)
{
	if (len < IP4_MIN)
		return -EBADMSG;
	size_t head = (size_t)(p[0] & 15) * 4, bytes = packet_word(p + 2);
	if (head < IP4_MIN || (bytes && bytes < head) || bounded(len, bytes) < head)
		return -EBADMSG;
	if (packet_word(p + 6) & 0x1fff)
		return -ENOMSG;		/* a later fragment */
	out->from.family = out->to.family = AF_INET;
	memcpy(out->from.addr, p + 12, 4);
	memcpy(out->to.addr, p + 16, 4);
	return take_transport(p[9], p + head, bounded(len, bytes) - head, out);
}

static int
take_ip6(const uint8_t *p, size_t len, struct packet *out)
{
	if (len < IP6_BYTES)
		return -EBADMSG;
	out->from.family = out->to.family = AF_INET6;
	memcpy(out->from.addr, p + 8, 16);
	memcpy(out->to.addr, p + 24, 16);
	return take_transport(p[6], p + IP6_BYTES, bounded(len - IP6_BYTES, packet_word(p + 4)), out);
}

int
packet_parse(const uint8_t *p, size_t len, struct packet *out)
{
	memset(out, 0, sizeof(*out));
	if (!len)
		return -EBADMSG;
	return p[0] >> 4 == 4 ? take_ip4(p, len, out) : p[0] >> 4 == 6 ? take_ip6(p, len, out) : -EBADMSG;
}
