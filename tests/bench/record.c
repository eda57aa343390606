/*
 * record: what the record process can take, as the gate gives it: reports through the spool and the socket, at a rate, for a while. Tells
 * how many were on disk in the end, how many found no room, and for how long a report waits until it is acknowledged.
 * Usage: record DIRECTORY SECONDS ALERTS_A_SECOND EVENTS_A_SECOND (0 of both: as fast as they are taken, alerts)
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gate/spool.c"
#include "record/begin.c"
#include "record/closed.c"
#include "record/flight.c"
#include "record/kept.c"
#include "record/own.c"
#include "record/record.c"
#include "record/metrics.c"
#include "record/reserve.c"
#include "record/ring.c"
#include "record/rotate.c"
#include "record/stream.c"
#include "record/ways.c"

#define TICK_NS		(NS_PER_MS / 2)
#define SAMPLES		2000000u

static struct gate gate;
static struct config config;
static uint64_t put[REPORT_STATE + 1];
static struct { uint64_t number, ns; } waiting[65536];	/* a ring: numbers of alerts, and when they were put */
static unsigned first, last;
static uint32_t wait_us[SAMPLES];
static unsigned samples;

static int
directory(const char *of, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", of, name);
	if (mkdir(path, 0700) && errno != EEXIST)
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* As an exec that a rule denied has it. */
static void
prepare(enum report_kind kind)
{
	struct event *ev = &gate.report.event;

	memset(&gate.report, 0, offsetof(struct report, event));
	gate.report.kind = (uint8_t)kind;
	gate.report.decision = kind == REPORT_ALERT ? DECISION_DENY : DECISION_ALLOW;
	gate.report.severity = SEVERITY_HIGH;
	event_init(ev, EVENT_EXEC, SENSOR_FANOTIFY);
	ev->wall_ns = now_wall_ns();
	ev->boot_ns = now_boot_ns();
	ev->id = put[kind] + 1;
	ev->process = (struct process){ .pid = 4711, .uid = 33, .entity = 77, .start_ns = 1 };
	event_set_str(ev, TEXT_EXECUTABLE, "/usr/bin/bash");
	event_set_str(ev, TEXT_FILE_PATH, "/usr/bin/bash");
	event_set_str(ev, TEXT_PARENT_EXECUTABLE, "/usr/sbin/nginx");
	event_set_str(ev, TEXT_USER_NAME, "www-data");
	event_set_str(ev, TEXT_RULE, "web-server-starts-shell");
	event_set_str(ev, TEXT_RULESET, "web-shell");
	event_set(ev, TEXT_ARGS, "bash\0-c\0id; uname -a", 20);
	ev->args_count = 3;
	ev->have = HAVE_PROCESS | HAVE_ARGS | HAVE_FILE | HAVE_PARENT | HAVE_USER | HAVE_HASH | HAVE_ATTRIBUTES;
}

static void
put_one(enum report_kind kind)
{
	prepare(kind);
	spool_put(&gate, &gate.report);
	put[kind]++;
	if (kind != REPORT_ALERT)
		return;
	waiting[last % 65536].number = atomic_load(&gate.setup.page->gate.report_number);
	waiting[last++ % 65536].ns = now_boot_ns();
}

static void
see_acked(void)
{
	uint64_t acked = atomic_load(&gate.setup.page->record.in[CHAIN_ALERTS].reports), now = now_boot_ns();

	for (; first != last && waiting[first % 65536].number <= acked; first++)
		if (samples < SAMPLES)
			wait_us[samples++] = (uint32_t)((now - waiting[first % 65536].ns) / NS_PER_US);
}

/* Until RATE * elapsed have been put. */
static void
keep_up(enum report_kind kind, uint64_t rate, uint64_t elapsed_ns)
{
	while (put[kind] < rate * (elapsed_ns / NS_PER_US) / 1000000)
		put_one(kind);
}

static int
by_size(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
say(double seconds)
{
	struct page *p = gate.setup.page;
	struct rusage use;

	getrusage(RUSAGE_CHILDREN, &use);
	qsort(wait_us, samples, sizeof(wait_us[0]), by_size);
	printf("seconds=%.1f alerts=%llu events=%llu records=%llu commits=%llu no_room=%llu dropped=%llu", seconds,
	    (unsigned long long)put[REPORT_ALERT], (unsigned long long)put[REPORT_EVENT], (unsigned long long)counter_get(p, COUNTER_RECORDS),
	    (unsigned long long)counter_get(p, COUNTER_COMMITS), (unsigned long long)counter_get(p, COUNTER_REPORTS_LOST),
	    (unsigned long long)counter_get(p, COUNTER_EVENTS_DROPPED));
	if (samples)
		printf(" alert_p50_us=%u alert_p99_us=%u alert_max_us=%u", wait_us[samples / 2], wait_us[samples - 1 - samples / 100],
		    wait_us[samples - 1]);
	printf(" record_cpu_s=%.1f\n", (double)use.ru_utime.tv_sec + (double)use.ru_stime.tv_sec +
	    (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6);
}

static void
feed(uint64_t seconds, uint64_t alerts, uint64_t events)
{
	uint64_t begun = now_boot_ns(), elapsed;

	while ((elapsed = now_boot_ns() - begun) < seconds * NS_PER_SEC) {
		keep_up(REPORT_ALERT, alerts, elapsed);
		keep_up(REPORT_EVENT, events, elapsed);
		prepare(REPORT_ALERT);
		while (!alerts && !events && last - first < 4096 && spool_fits(&gate, &gate.report))
			put_one(REPORT_ALERT);
		spool_flush(&gate);
		see_acked();
		const struct timespec tick = { .tv_nsec = TICK_NS };
		nanosleep(&tick, NULL);
	}
	/* All that was taken is on disk. */
	while (atomic_load(&gate.setup.page->record.acked) < atomic_load(&gate.setup.page->gate.report_number)) {
		spool_flush(&gate);
		see_acked();
		usleep(100);
	}
}

int
main(int argc, char **argv)
{
	int pair[2], wardens[2];
	struct record_setup setup = { .ways_sock = -1, .hook_sock = -1, .metrics_dir = -1, .flight_dir = -1, .config = &config,
		.host = { .boot_id = "boot" } };

	if (argc != 5 || (setup.log_dir = directory(argv[1], "log")) < 0 || (setup.state_dir = directory(argv[1], "state")) < 0 ||
	    page_create(&setup.page) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, wardens)) {
		fprintf(stderr, "record: DIRECTORY SECONDS ALERTS_A_SECOND EVENTS_A_SECOND\n");
		return 2;
	}
	config_defaults(&config);
	setup.gate_sock = pair[1];
	setup.warden_sock = wardens[1];
	gate.setup.page = setup.page;
	gate.setup.record_sock = pair[0];
	atomic_store(&setup.page->process[ROOM_RECORD].started_ns, 1);
	gate.record_start_ns = 1;
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	pid_t pid = fork();
	if (pid == 0)
		_exit(record_main(&setup));
	uint64_t begun = now_boot_ns();
	feed(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	say((double)(now_boot_ns() - begun) / 1e9);
	return 0;
}
