#ifndef SCAN_SCAN_H
#define SCAN_SCAN_H
/* The process that reads what may be hostile: it gets open files, and has nothing else. No capability, no path, no network. */
#include "wire/page.h"

struct scan_setup {
	int	gate_sock;
	struct page *page;
};

int	scan_main(const struct scan_setup *);

#endif
