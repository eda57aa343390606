#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "alert/journal.h"
#include "alert/syslog.h"
#include "base/clock.h"
#include "base/log.h"
#include "record/metrics.h"
#include "record/ways.h"

#define JOURNAL_SOCKET	"/run/systemd/journal/socket"
#define SYSLOG_SOCKET	"/dev/log"
#define METRICS_NS	(15 * NS_PER_SEC)
#define QUIET_NS	(5 * NS_PER_SEC)	/* a way that takes something that long after its last loss is well again */

enum way { WAY_JOURNAL, WAY_SYSLOG, WAY_RUN, WAY_METRICS, WAY__MAX };

/* Only what sends at once counts what it sent. */
static const struct { const char *name; enum counter lost, sent; } ways_table[WAY__MAX] = {
	[WAY_JOURNAL] = { "the journal", COUNTER_JOURNAL_LOST, COUNTER_JOURNAL_SENT },
	[WAY_SYSLOG] = { "syslog", COUNTER_SYSLOG_LOST, COUNTER_SYSLOG_SENT },
	[WAY_RUN] = { .name = "the program on alerts", .lost = COUNTER_RUN_LOST },
	[WAY_METRICS] = { .name = "the file of metrics", .lost = COUNTER_METRICS_LOST },
};

struct way_state {
	uint64_t	 lost;		/* since it began to drop */
	uint64_t	 last_ns;
	int		 error;
	bool		 drops;
	bool		 news;		/* that is not told yet */
};

static struct ways {
	struct ways_setup setup;
	struct sockaddr_un journal, syslog;	/* no path: off */
	const char	*metrics;		/* name in its directory */
	bool		 only_if_there;		/* the journal, where there is one */
	struct way_state way[WAY__MAX];
	uint64_t	 head_ns;		/* when the head last went out */
	uint64_t	 metrics_ns;		/* when they were last written */
	uint64_t	 folded, run;		/* counters of the hook, when they were last looked at */
	struct plain	 plain;
	char		 buffer[JOURNAL_MAX];
} the_ways;

static void
lose(enum way which, uint64_t n, int err)
{
	struct way_state *y = &the_ways.way[which];

	if (!y->drops) {
		y->drops = y->news = true;
		y->lost = 0;
		y->error = err;
	}
	y->lost += n;
	y->last_ns = now_boot_ns();
}

static void
took(enum way which)
{
	struct way_state *y = &the_ways.way[which];

	if (y->drops && !y->news && now_boot_ns() - y->last_ns >= QUIET_NS) {
		y->drops = false;
		y->news = true;
	}
}

static void
lost_one(enum way which, int err)
{
	counter_add(the_ways.setup.page, ways_table[which].lost, 1);
	lose(which, 1, err);
}

/* LEN bytes of the buffer. 0 or -errno. A full queue of the other side is -EAGAIN. */
static int
send_to(struct sockaddr_un *to, size_t len)
{
	struct iovec iov = { .iov_base = the_ways.buffer, .iov_len = len };
	struct msghdr m = { .msg_name = to, .msg_namelen = sizeof(*to), .msg_iov = &iov, .msg_iovlen = 1 };

	for (;;) {
		if (sendmsg(the_ways.setup.sock, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

/* ERR: what became of it. */
static void
sent(enum way which, int err)
{
	if (err) {
		lost_one(which, err);
		return;
	}
	counter_add(the_ways.setup.page, ways_table[which].sent, 1);
	took(which);
}

static void
send_plain(void)
{
	struct ways *w = &the_ways;

	if (w->journal.sun_path[0]) {
		int err = send_to(&w->journal, journal_datagram(w->buffer, &w->plain));
		if (err != -ENOENT || !w->only_if_there)
			sent(WAY_JOURNAL, err);
	}
	if (w->syslog.sun_path[0])
		sent(WAY_SYSLOG, send_to(&w->syslog, syslog_message(w->buffer, &w->plain, w->setup.host->hostname)));
}

/* A program that raises alerts itself would go on for ever. */
static bool
caused_by_hook(const struct event *ev)
{
	int32_t hook = atomic_load(&the_ways.setup.page->process[ROOM_HOOK].pid);

	if (hook <= 0)
		return false;
	for (unsigned i = 0; i < ev->ancestors; i++)
		if (ev->ancestor[i].pid == hook)
			return true;
	return ev->parent.pid == hook;
}

static void
run(const struct ways_line *l)
{
	struct ways *w = &the_ways;

	if (w->setup.hook_sock < 0 || l->report->kind != REPORT_ALERT)
		return;
	if (caused_by_hook(&l->report->event)) {
		counter_add(w->setup.page, COUNTER_RUN_LOST, 1);
		return;
	}
	int err = wire_send(w->setup.hook_sock, MSG_RUN, l->body, l->len, -1);
	if (err)
		lost_one(WAY_RUN, err);
}

void
ways_record(const struct ways_line *l)
{
	struct ways *w = &the_ways;

	if (l->report->kind == REPORT_EVENT)
		return;
	if (w->setup.sock >= 0) {
		plain_record(&w->plain, l->report, l->sequence);
		send_plain();
	}
	run(l);
}

static void
write_metrics(uint64_t now_ns)
{
	struct ways *w = &the_ways;

	w->metrics_ns = now_ns;
	size_t len = metrics_text(w->buffer, sizeof(w->buffer), w->setup.page);
	int err = len ? metrics_write(w->setup.metrics_dir, w->metrics, w->buffer, len) : -EMSGSIZE;
	if (err)
		lost_one(WAY_METRICS, err);
	else
		took(WAY_METRICS);
}

void
ways_committed(const struct chain_head *head, bool last)
{
	struct ways *w = &the_ways;
	uint64_t now = now_boot_ns();

	if (last && w->setup.metrics_dir >= 0)
		write_metrics(now);
	if (w->setup.sock < 0 || !head->sequence || (!last && w->head_ns && now - w->head_ns < w->setup.config->heartbeat_ns))
		return;
	w->head_ns = now;
	plain_head(&w->plain, &(struct plain_head){ .log = head->log, .hash = head->prev, .sequence = head->sequence - 1,
	    .wall_ns = now_wall_ns() });
	send_plain();
}

/* What the hook says of itself: alerts beyond its limits, and whether programs run again. */
static void
look_at_hook(void)
{
	struct ways *w = &the_ways;
	uint64_t folded = counter_get(w->setup.page, COUNTER_RUN_FOLDED), ran = counter_get(w->setup.page, COUNTER_RUN);

	if (folded != w->folded)
		lose(WAY_RUN, folded - w->folded, -EAGAIN);
	else if (ran != w->run)
		took(WAY_RUN);
	w->folded = folded;
	w->run = ran;
}

uint64_t
ways_tend(uint64_t now_ns)
{
	struct ways *w = &the_ways;

	if (w->setup.hook_sock >= 0)
		look_at_hook();
	if (w->setup.metrics_dir < 0)
		return UINT64_MAX;
	if (!w->metrics_ns || now_ns - w->metrics_ns >= METRICS_NS)
		write_metrics(now_ns);
	return w->metrics_ns + METRICS_NS;
}

bool
ways_news(struct ways_news *news)
{
	for (unsigned i = 0; i < WAY__MAX; i++) {
		struct way_state *y = &the_ways.way[i];
		const char *name = ways_table[i].name;
		if (!y->news)
			continue;
		y->news = false;
		news->drops = y->drops;
		news->count = y->lost;
		if (y->drops)
			snprintf(news->why, sizeof(news->why), "%c%s does not take everything (%s): what it misses is counted, and is in this log.",
			    toupper((unsigned char)name[0]), name + 1, y->error == -EAGAIN ? "too much at once" : errno_name(y->error));
		else
			snprintf(news->why, sizeof(news->why), "%c%s takes everything again; it missed %" PRIu64 ".",
			    toupper((unsigned char)name[0]), name + 1, y->lost);
		return true;
	}
	return false;
}

/* CONFIGURED: "" off; a path; or the word for the USUAL place. */
static void
place(struct sockaddr_un *sa, const char *configured, const char *usual)
{
	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (configured[0])
		snprintf(sa->sun_path, sizeof(sa->sun_path), "%.*s", (int)sizeof(sa->sun_path) - 1, configured[0] == '/' ? configured : usual);
}

void
ways_open(const struct ways_setup *setup)
{
	struct ways *w = &the_ways;
	const char *slash = strrchr(setup->config->metrics, '/');

	w->setup = *setup;
	place(&w->journal, setup->config->journal, JOURNAL_SOCKET);
	place(&w->syslog, setup->config->syslog, SYSLOG_SOCKET);
	w->only_if_there = setup->config->journal[0] != '/';
	w->metrics = slash ? slash + 1 : "";
	w->folded = counter_get(setup->page, COUNTER_RUN_FOLDED);
	w->run = counter_get(setup->page, COUNTER_RUN);
}
