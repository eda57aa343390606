#include <stdio.h>
#include <string.h>
#include "base/procfs.h"
#include "gate/owner.h"

#define STRIKES (ACTION_KILL | ACTION_KILL_PARENT | ACTION_KILL_TREE | ACTION_SUSPEND)

void
owner_look(struct gate *g, const struct msg_holds *m)
{
	char name[24], held[64], socket[64];

	snprintf(name, sizeof(name), "fd/%u", m->fd);
	int len = snprintf(socket, sizeof(socket), "socket:[%llu]", (unsigned long long)m->inode);
	ssize_t n = m->pid > 0 && m->inode ? proc_link(g->proc, m->pid, name, held, sizeof(held)) : -1;
	if (n == len && memcmp(held, socket, (size_t)n) == 0)
		g->owner[g->owners++ % OWNERS] = (struct owner){ .inode = m->inode, .pid = m->pid };
}

/* All that was brought is another's, or only the user of the socket. */
static void
forget_guess(struct event *ev)
{
	ev->process = (struct process){ .auid = UINT32_MAX, .session = UINT32_MAX };
	ev->text[TEXT_EXECUTABLE] = ev->text[TEXT_COMM] = ev->text[TEXT_ARGS] = (struct slice){ 0 };
	ev->have &= ~(uint32_t)(HAVE_PROCESS | HAVE_USER | HAVE_AUID | HAVE_COMM | HAVE_ARGS);
	ev->flags &= ~(uint32_t)FLAG_ARGS_CUT;
}

void
owner_name(struct gate *g)
{
	struct event *ev = &g->report.event;

	for (unsigned i = 1; ev->socket && i <= OWNERS; i++) {
		const struct owner *o = &g->owner[(g->owners - i) % OWNERS];
		if (o->inode != ev->socket)
			continue;
		if (ev->process.pid != o->pid)
			forget_guess(ev);
		ev->process.pid = o->pid;
		ev->flags &= ~(uint32_t)FLAG_GUESSED;
		return;
	}
}

void
owner_spare(struct gate *g)
{
	const struct event *ev = &g->report.event;
	unsigned strikes = g->verdict.actions & STRIKES;

	if (ev->process.pid > 0 && !(ev->flags & FLAG_GUESSED))
		return;
	g->verdict.actions &= (uint16_t)~strikes;
	g->verdict.would_actions |= (uint16_t)strikes;
}
