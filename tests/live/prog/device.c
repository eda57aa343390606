/*
 * device WHAT ...: has the kernel tell of devices. add N, remove N (a loop device of that number, without a file), interface NAME (a tun
 * interface, for as long as it lives: it says "ready" and waits for its input to end), lie COUNT (sends what the kernel would say of a
 * stick, from a socket of its own, so often). Exit 0, or 100 + errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/loop.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int
loop_control(unsigned long what, const char *number)
{
	int fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	return fd < 0 || ioctl(fd, what, strtol(number, NULL, 10)) < 0 ? -1 : 0;
}

static int
interface(const char *name)
{
	struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	char c;

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0)
		return -1;
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}

static int
lie(const char *count)
{
	static char m[] = "add@/devices/lie/usb1/1-1\0ACTION=add\0DEVPATH=/devices/lie/usb1/1-1\0SUBSYSTEM=usb\0DEVTYPE=usb_device";
	struct sockaddr_nl all = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	/* Who hears it is full at some time: that is no reason to be silent. */
	for (long i = strtol(count, NULL, 10); i > 0; i--)
		if (sendto(fd, m, sizeof(m), 0, (struct sockaddr *)&all, sizeof(all)) < 0 && errno != ENOBUFS)
			return -1;
	return 0;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *more = argc > 2 ? argv[2] : "";
	int err = !strcmp(what, "add") ? loop_control(LOOP_CTL_ADD, more) : !strcmp(what, "remove") ? loop_control(LOOP_CTL_REMOVE, more) :
	    !strcmp(what, "interface") ? interface(more) : lie(more);

	return err ? 100 + errno : 0;
}
