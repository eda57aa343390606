/* One message of the kernel about a device, as it comes from the socket. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* Watch is a process, not a library: what reads such messages is taken in whole. */
#include "watch/uevent.c"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uevent u;
	/* Without a byte to spare. */
	char *exact = malloc(size ? size : 1);

	if (!exact)
		abort();
	memcpy(exact, data, size);
	int err = uevent_parse(exact, size, &u);
	if (err && err != -EBADMSG && err != -ENOMSG)
		abort();
	if (!err && (u.facts_len > sizeof(u.facts) || !memchr(u.name, '\0', sizeof(u.name)) || !memchr(u.subsystem, '\0', sizeof(u.subsystem))))
		abort();
	free(exact);
	return 0;
}
