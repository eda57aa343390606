#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "hook/hook.h"
#include "hook/run.h"

#define TAIL_MAX	48	/* ,"skipped":N}}\n */

static struct hook {
	const struct hook_setup *setup;
	struct loop	 loop;
	struct source	 record, signals, timer;
	int		 null_fd;
	struct run	 run;
	bool		 ending;
	/* The last alert for which there was no room; it is told once there is, with the number of those before it. */
	size_t		 waits;			/* its length; 0: none */
	uint64_t	 skipped;
	char		 body[RECORD_BODY + TAIL_MAX];
	_Alignas(8) char buffer[WIRE_MAX];
} the_hook;

static void
add_to(struct hook *h, enum counter c)
{
	counter_add(h->setup->page, c, 1);
}

static void
begin(struct hook *h)
{
	size_t len = h->waits;

	if (h->skipped)
		len += (size_t)snprintf(h->body + len, TAIL_MAX, ",\"skipped\":%" PRIu64, h->skipped);
	len += (size_t)snprintf(h->body + len, 4, "}}\n");
	int err = run_begin(&h->run, h->body, len, h->null_fd);
	add_to(h, err ? COUNTER_RUN_FAILED : COUNTER_RUN);
	if (err)
		log_errno(err, "the program of [records] program could not be started");
	h->waits = 0;
	h->skipped = 0;
}

/* A record up to the end of its last member: see alert_json(). */
static void
hook_on_run(struct hook *h, const struct wire_msg *m)
{
	uint64_t next;

	if (h->waits) {
		h->skipped++;
		add_to(h, COUNTER_RUN_FOLDED);
	}
	memcpy(h->body, m->payload, m->len);
	h->waits = m->len;
	if (run_may(&h->run, now_boot_ns(), &next))
		begin(h);
}

/* -EAGAIN: there is none. */
static int
take(struct hook *h)
{
	struct wire_msg m;
	int err = wire_recv(h->setup->record_sock, ROOM_RECORD, ROOM_HOOK, h->buffer, sizeof(h->buffer), &m);

	if (err == -EBADMSG) {
		log_error("a message from record makes no sense and was dropped");
		return 0;
	}
	if (err)
		return err;
	hook_on_run(h, &m);
	return 0;
}

static int
on_record(struct source *s, uint32_t events)
{
	struct hook *h = s->owner;
	int err = take(h);

	(void)events;
	return err == -EAGAIN ? 0 : err;
}

static int
on_signal(struct source *s, uint32_t events)
{
	struct hook *h = s->owner;
	struct signalfd_siginfo si;
	struct run_end end;

	(void)events;
	while (read(s->fd, &si, sizeof(si)) == (ssize_t)sizeof(si))
		h->ending |= si.ssi_signo == SIGTERM;
	while (run_reap(&h->run, &end))
		if (end.failed)
			add_to(h, COUNTER_RUN_FAILED);
	return 0;
}

/* What may begin, what is over, and when to look again. */
static int
tend(struct loop *l)
{
	struct hook *h = l->owner;
	uint64_t now = now_boot_ns(), next = 0, due;

	while (h->ending && take(h) == 0)
		;
	counter_add(h->setup->page, COUNTER_RUN_KILLED, run_expire(&h->run, now));
	if (h->waits && run_may(&h->run, now, &next))
		begin(h);
	due = run_next_ns(&h->run);
	if (next && (!due || next < due))
		due = next;
	if (due)
		timer_set(h->timer.fd, due > now ? due - now : 1, 0);
	if (h->ending && !h->run.n) {	/* what still waits does so for another minute */
		counter_add(h->setup->page, COUNTER_RUN_FOLDED, h->waits != 0);
		loop_stop(l, 0);
	}
	return -1;
}

static int
start(struct hook *h)
{
	sigset_t set;
	int err = loop_init(&h->loop);

	h->loop.owner = h;
	h->loop.before = tend;
	h->run.config = h->setup->config;
	h->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (h->null_fd < 0)
		return -errno;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	if (err || (err = loop_watch(&h->loop, &h->signals, signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), on_signal, EPOLLIN)) ||
	    (err = loop_watch(&h->loop, &h->timer, timer_open(0, 0), timer_ready, EPOLLIN)) ||
	    (err = loop_watch(&h->loop, &h->record, h->setup->record_sock, on_record, EPOLLIN)))
		return err;
	return 0;
}

int
hook_main(const struct hook_setup *setup)
{
	struct hook *h = &the_hook;

	h->setup = setup;
	int err = start(h);
	if (!err)
		err = loop_run(&h->loop);
	if (err)
		log_errno(err, "ends");
	return err ? 1 : 0;
}
