#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/log.h"
#include "warden/child.h"
#include "warden/kernel.h"
#include "warden/roles.h"
#include "warden/senses.h"

#define PACKETS_BUFFER	(16 << 20)
#define DEVICES_BUFFER	(4 << 20)
#define KERNEL_GROUP	1		/* of uevents: what udev adds to them goes to another */
#define SNAP_BYTES	4096
#define DNS_PORT	53
#define LOOPBACK	1		/* its index, in every network namespace */
#define IP6_BYTES	40

/* Steps of the filter that others jump to; TO() is how far they are from the one that is at HERE. */
enum { FAMILY = 4, IP6 = 7, IP4 = 19, PORTS = 34, TAKE = 38, DROP = 39, STEPS };
#define TO(here, target)	((uint8_t)((target) - (here) - 1))
#define AUX(what)		((uint32_t)(SKF_AD_OFF + SKF_AD_##what))

/*
 * UDP or TCP from or to port 53, in IPv4 or IPv6 without extension headers; of TCP only what carries something. On loopback each packet
 * goes by twice, out and in: out counts.
 */
static int
filter_packets(int fd)
{
	struct sock_filter code[STEPS] = {
		[0] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AUX(IFINDEX)),
		[1] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LOOPBACK, 0, TO(1, FAMILY)),
		[2] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AUX(PKTTYPE)),
		[3] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, TO(3, DROP)),
		[FAMILY] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AUX(PROTOCOL)),
		[5] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, TO(5, IP4), 0),
		[6] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, TO(6, DROP)),
		[IP6] = BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, IP6_BYTES),
		[8] = BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
		[9] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, TO(9, PORTS), 0),
		[10] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, TO(10, DROP)),
		[11] = BPF_STMT(BPF_LD | BPF_B | BPF_ABS, IP6_BYTES + 12),
		[12] = BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 2),
		[13] = BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x3c),
		[14] = BPF_STMT(BPF_MISC | BPF_TAX, 0),
		[15] = BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
		[16] = BPF_JUMP(BPF_JMP | BPF_JGT | BPF_X, 0, 0, TO(16, DROP)),
		[17] = BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, IP6_BYTES),
		[18] = BPF_JUMP(BPF_JMP | BPF_JA, TO(18, PORTS), 0, 0),
		[IP4] = BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
		[20] = BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, TO(20, DROP), 0),
		[21] = BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		[22] = BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
		[23] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, TO(23, PORTS), 0),
		[24] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, TO(24, DROP)),
		[25] = BPF_STMT(BPF_LD | BPF_B | BPF_IND, 12),
		[26] = BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 2),
		[27] = BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x3c),
		[28] = BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
		[29] = BPF_STMT(BPF_ST, 0),
		[30] = BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 2),
		[31] = BPF_STMT(BPF_LDX | BPF_W | BPF_MEM, 0),
		[32] = BPF_JUMP(BPF_JMP | BPF_JGT | BPF_X, 0, 0, TO(32, DROP)),
		[33] = BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		[PORTS] = BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
		[35] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DNS_PORT, TO(35, TAKE), 0),
		[36] = BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
		[37] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DNS_PORT, 0, TO(37, DROP)),
		[TAKE] = BPF_STMT(BPF_RET | BPF_K, SNAP_BYTES),
		[DROP] = BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { .len = STEPS, .filter = code };
	int lock = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)))
		return -errno;
	return setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &lock, sizeof(lock)) ? -errno : 0;
}

/* Made for no protocol, it gets nothing until it is bound to one; by then the filter is in force, and nobody can take it away. */
static int
open_packets(void)
{
	CLEANUP_FD int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int bytes = PACKETS_BUFFER;

	if (fd < 0)
		return -errno;
	int err = filter_packets(fd);
	if (err)
		return err;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) || bind(fd, (struct sockaddr *)&all, sizeof(all)))
		return -errno;
	return steal_fd(&fd);
}

static int
open_devices(void)
{
	return netlink_open(NETLINK_KOBJECT_UEVENT, KERNEL_GROUP, DEVICES_BUFFER);
}

static const struct { enum event_kind kind; int (*open)(void); const char *told; } senses[SENSE__MAX] = {
	[SENSE_PACKETS] = { EVENT_DNS, open_packets, "packets of DNS cannot be seen, so what policies ask of lookups is not" },
	[SENSE_DEVICES] = { EVENT_DEVICE, open_devices, "the kernel's word on devices cannot be heard, so what policies ask of them is not" },
};

/* One that is too far behind to be told is replaced, and gets it by its start. */
static void
give(struct warden *w, enum sense which)
{
	struct msg_sense m = { .sense = which };
	enum msg_type type = w->sense[which] >= 0 ? MSG_SENSE : MSG_SENSE_END;

	if (w->child[ROOM_WATCH].pid &&
	    wire_send(edge_fd(w, EDGE_WATCH_WARDEN, ROOM_WARDEN), type, &m, sizeof(m), w->sense[which]))
		child_replace(w, ROOM_WATCH, "it was too far behind to be told of another socket");
}

static void
update(struct warden *w, enum sense which, bool wanted)
{
	int had = w->sense[which];
	enum sense_state state = wanted ? SENSE_ON : SENSE_UNNEEDED;

	if (!wanted) {
		cleanup_fd(&w->sense[which]);
		w->sense[which] = -1;
	} else if (had < 0) {
		int fd = senses[which].open();
		if (fd < 0) {
			log_errno(fd, "%s", senses[which].told);
			state = SENSE_FAILED;
		}
		w->sense[which] = fd < 0 ? -1 : fd;
	}
	atomic_store(&w->page->warden.sense[which], state);
	if (had != w->sense[which])
		give(w, which);
}

void
senses_update(struct warden *w)
{
	uint64_t kinds = policy_kinds(w->policy);

	for (int i = 0; i < SENSE__MAX; i++)
		update(w, (enum sense)i, kinds >> senses[i].kind & 1);
}

void
senses_begin(struct warden *w)
{
	for (int i = 0; i < SENSE__MAX; i++)
		w->sense[i] = -1;
	w->diag_sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
}
