#ifndef WATCH_UEVENT_H
#define WATCH_UEVENT_H
/*
 * One message of the kernel about a device: "ACTION@PATH", then KEY=value, each ended by a NUL. The kernel writes it, but values such as
 * the name of a partition, of an input device or of a network interface are chosen by whoever made those, so every byte is proved.
 */
#include <stdbool.h>
#include <stddef.h>

#define UEVENT_FACTS_MAX 1024

struct uevent {
	bool	 added;			/* else removed */
	char	 subsystem[32];		/* usb, block, module, net ... */
	char	 name[256];		/* of the device */
	size_t	 facts_len;
	char	 facts[UEVENT_FACTS_MAX];	/* what else is known of it: "KEY=value KEY=value", not terminated */
};

/*
 * 0; -ENOMSG: not for us. Told of are devices of the subsystems that something can be plugged into or loaded into the kernel by, when they
 * appear or go; and only when they really do: what somebody has the kernel say again (SYNTH_UUID) is none. -EBADMSG: no message.
 */
int	uevent_parse(const char *, size_t len, struct uevent *);

#endif
