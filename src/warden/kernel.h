#ifndef WARDEN_KERNEL_H
#define WARDEN_KERNEL_H
/* Opening the kernel's handles, with what this kernel can. */
#include "warden/warden.h"

/* Is the running kernel at least MAJOR.MINOR? */
bool	kernel_at_least(unsigned major, unsigned minor);

/*
 * One group for exec and one for open: a group has one wait queue, and every answer wakes all that wait in it. ENFORCE: permission
 * events, pre-content where the kernel has it (a denial then carries an errno); MONITOR: notifications. Unmarked. 0 or -errno.
 */
int	groups_open(enum mode, struct groups *);
void	groups_close(struct groups *);
/* The groups that tell of files by handle, with what this kernel can; members are -1 where it has none. Unmarked. */
void	heard_open(struct heard *);

/* A netlink socket on BUS that hears GROUPS (a bit each), with a buffer of so many bytes. The descriptor or -errno. */
int	netlink_open(int bus, unsigned groups, int bytes);

/* The proc connector, listening, with 16 MiB of buffer; only the events that the tree needs. The descriptor or -errno. */
int	proc_connector_open(bool *filter);

/* The admin socket in DIR, for root and group ADMINS ((gid_t)-1 none). The descriptor or -errno. */
int	control_open(const char *dir, gid_t admins);

#endif
