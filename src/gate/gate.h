#ifndef GATE_GATE_H
#define GATE_GATE_H
/* The process that stands in the path: reads fanotify and the proc connector, asks the judge, answers. */
#include "policy/config.h"
#include "wire/page.h"

struct gate_setup {			/* everything it will ever hold; opened by the warden */
	int	exec_group, open_group;	/* fanotify; both of notification class in monitor mode */
	int	stale_group;		/* fanotify by file handle; -1: nothing may be allowed for good */
	int	files_group;		/* the same, of what nobody waits for; -1: this kernel has none */
	int	started_group;		/* fanotify, of what is opened to be run, whoever need not be asked about too; -1: none */
	int	written_group;		/* fanotify, of files that were closed behind a writer, by descriptor; -1: none */
	int	proc_sock;		/* proc connector, listening */
	int	watch_sock, scan_sock, record_sock, warden_sock;
	int	opener_sock;		/* to a helper of the warden: see facts.h */
	int	policy_fd;		/* sealed memfd */
	uint64_t generation;		/* of that policy */
	enum mode mode;
	bool	proc_filter;		/* the kernel filters proc events (6.6) */
	bool	deny_errno;		/* the exec group takes FAN_DENY_ERRNO (6.14) */
	uint64_t boot;			/* names this boot, for entity ids */
	void	*terms;			/* struct terms, shared with the warden, which keeps it */
	struct page *page;
	const struct config *config;
};

/* Never returns in health; the exit status otherwise. */
int	gate_main(const struct gate_setup *);

#endif
