#ifndef HOOK_HOOK_H
#define HOOK_HOOK_H
/*
 * The process that runs a program of the admin on each alert ([records] program). It exists only if that is configured.
 *
 * Why a process of its own: the record process holds the key and can neither fork nor exec; the warden has authority and never runs what
 * others composed. This one has a user of its own, no capability, no_new_privs, no file, and one socket, on which the record process puts
 * alerts. It parses nothing of them: a program gets the bytes. What it can do is what the admin's program can do, so its own filter of
 * system calls is only a list of what no such program needs (warden/roles.c). A filter is inherited and never widened, so it is forked
 * before the warden takes its own, and cannot be replaced when it dies; that is told, and a fault of `yettctl status`.
 */
#include "policy/config.h"
#include "wire/page.h"

struct hook_setup {
	int		 record_sock;
	struct page	*page;
	const struct config *config;
};

int	hook_main(const struct hook_setup *);

#endif
