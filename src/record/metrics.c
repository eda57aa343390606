#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "alert/keep.h"
#include "base/cleanup.h"
#include "record/metrics.h"
#include "wire/latency.h"

struct text { char *out; size_t len, size; };

__attribute__((format(printf, 2, 3))) static void
line(struct text *t, const char *fmt, ...)
{
	size_t room = t->size - t->len;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(t->out + t->len, room, fmt, ap);
	va_end(ap);
	/* Once something did not fit, nothing does. */
	t->len = n < 0 || (size_t)n >= room ? t->size : t->len + (size_t)n;
}

static void
head(struct text *t, const char *name, const char *type, const char *help)
{
	line(t, "# HELP yett_%s %s\n# TYPE yett_%s %s\n", name, help, name, type);
}

static void
gauge(struct text *t, const char *name, const char *help, uint64_t value)
{
	head(t, name, "gauge", help);
	line(t, "yett_%s %" PRIu64 "\n", name, value);
}

static void
counters(struct text *t, const struct page *p)
{
	for (unsigned i = 0; i < COUNTER__MAX; i++) {
		const struct counter_info *c = counter_info((enum counter)i);
		line(t, "# HELP yett_%s_total %s\n# TYPE yett_%s_total counter\nyett_%s_total %" PRIu64 "\n", c->name, c->help, c->name, c->name,
		    counter_get(p, (enum counter)i));
	}
}

/* One that the configuration does not ask for was never started. */
static bool
wanted(const struct page *p, unsigned room)
{
	return atomic_load(&p->process[room].started_ns) != 0;
}

static void
processes(struct text *t, const struct page *p)
{
	head(t, "process_up", "gauge", "whether a process of yett runs");
	for (unsigned r = 0; r < ROOM__MAX; r++)
		if (wanted(p, r))
			line(t, "yett_process_up{process=\"%s\"} %d\n", room_name((enum room)r), atomic_load(&p->process[r].pid) > 0);
	head(t, "process_restarts_total", "counter", "times that it was replaced");
	for (unsigned r = 0; r < ROOM__MAX; r++)
		if (wanted(p, r))
			line(t, "yett_process_restarts_total{process=\"%s\"} %" PRIu64 "\n", room_name((enum room)r),
			    atomic_load(&p->process[r].restarts));
}

static void
latency(struct text *t, const struct page *p)
{
	static const struct { const char *name; unsigned per_mille; } ranks[] = {
		{ "50", 500 }, { "90", 900 }, { "99", 990 }, { "99.9", 999 }, { "100", 1000 },
	};
	struct latency l;

	latency_read(&l, p);
	head(t, "answers_total", "counter", "questions of the kernel that somebody waited for, answered");
	line(t, "yett_answers_total %" PRIu64 "\n", l.total);
	if (!l.total)
		return;
	head(t, "answer_seconds", "gauge", "from question to answer: what so many percent of all answers did not exceed");
	for (size_t i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++) {
		uint64_t us = latency_rank(&l, ranks[i].per_mille);
		line(t, "yett_answer_seconds{percent=\"%s\"} %" PRIu64 ".%06" PRIu64 "\n", ranks[i].name, us / 1000000, us % 1000000);
	}
}

size_t
metrics_text(char *out, size_t size, const struct page *p)
{
	struct text t = { .out = out, .size = size };

	gauge(&t, "enforcing", "1 in enforce mode, 0 in monitor mode", atomic_load(&p->warden.mode) == MODE_ENFORCE);
	gauge(&t, "start_time_boot_seconds", "when yettd started, seconds since boot", atomic_load(&p->warden.started_ns) / 1000000000);
	gauge(&t, "rules", "rules in force", atomic_load(&p->warden.rules));
	gauge(&t, "record_sequence", "number of the next record", atomic_load(&p->record.sequence));
	gauge(&t, "key_epoch", "keys used so far", atomic_load(&p->record.epoch));
	gauge(&t, "record_error", "errno of the last write of the log, 0 well", (uint64_t)(uint32_t)atomic_load(&p->record.error));
	gauge(&t, "alerts_folding", "alerts that were counted and are in no summary yet", fold_waiting(&p->fold));
	processes(&t, p);
	latency(&t, p);
	counters(&t, p);
	return t.len < t.size ? t.len : 0;
}

int
metrics_write(int dir, const char *name, const char *text, size_t len)
{
	char tmp[300];

	snprintf(tmp, sizeof(tmp), ".%s.tmp", name);
	if (unlinkat(dir, tmp, 0) && errno != ENOENT)
		return -errno;
	CLEANUP_FD int fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0644))		/* whatever the umask */
		return -errno;
	int err = keep_put(fd, text, len, 0);
	if (err)
		return err;
	return renameat(dir, tmp, dir, name) ? -errno : 0;
}
