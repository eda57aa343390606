#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/loop.h"

int
loop_init(struct loop *l)
{
	*l = (struct loop){ .epoll_fd = epoll_create1(EPOLL_CLOEXEC) };
	return l->epoll_fd < 0 ? -errno : 0;
}

void
loop_done(struct loop *l)
{
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	l->epoll_fd = -1;
}

static int
control(struct loop *l, int op, struct source *s, uint32_t events)
{
	struct epoll_event ee = { .events = events, .data.ptr = s };

	return epoll_ctl(l->epoll_fd, op, s->fd, &ee) ? -errno : 0;
}

int
loop_add(struct loop *l, struct source *s, uint32_t events)
{
	return control(l, EPOLL_CTL_ADD, s, events);
}

int
loop_watch(struct loop *l, struct source *s, int fd, source_fn *fn, uint32_t events)
{
	*s = (struct source){ .fd = fd, .ready = fn, .owner = l->owner };
	return fd < 0 ? -errno : loop_add(l, s, events);
}

int
loop_change(struct loop *l, struct source *s, uint32_t events)
{
	return control(l, EPOLL_CTL_MOD, s, events);
}

void
loop_remove(struct loop *l, struct source *s)
{
	control(l, EPOLL_CTL_DEL, s, 0);
	/* What epoll said of it before is not for whoever takes its place. */
	for (int i = 0; i < l->n_ready; i++)
		if (l->ready[i].data.ptr == s)
			l->ready[i].data.ptr = NULL;
}

int
loop_replace(struct loop *l, struct source *s, int fd, uint32_t events)
{
	if (s->fd >= 0) {
		loop_remove(l, s);
		close(s->fd);
	}
	s->fd = fd;
	return fd < 0 ? 0 : loop_add(l, s, events);
}

void
loop_stop(struct loop *l, int status)
{
	l->stop = true;
	l->status = status;
}

static void
serve(struct loop *l, struct epoll_event *ee)
{
	struct source *s = ee->data.ptr;

	ee->data.ptr = NULL;
	int err = s->ready(s, ee->events);
	if (err < 0 && !l->stop)
		loop_stop(l, err);
}

/* Urgent sources first; then one other, so that nobody starves while the urgent ones are looked at again. */
static void
turn(struct loop *l)
{
	bool urgent = false;

	for (int i = 0; i < l->n_ready && !l->stop; i++) {
		const struct source *s = l->ready[i].data.ptr;
		if (s && s->urgent) {
			serve(l, &l->ready[i]);
			urgent = true;
		}
	}
	for (int i = 0; i < l->n_ready && !l->stop; i++) {
		if (!l->ready[i].data.ptr)
			continue;
		serve(l, &l->ready[i]);
		if (urgent)
			break;
	}
	l->n_ready = 0;
}

int
loop_run(struct loop *l)
{
	while (!l->stop) {
		int wait = l->before ? l->before(l) : -1;
		if (l->stop)
			break;
		int n = epoll_wait(l->epoll_fd, l->ready, LOOP_EVENTS, wait);
		if (n < 0 && errno != EINTR)
			return -errno;
		l->n_ready = n < 0 ? 0 : n;
		turn(l);
	}
	return l->status;
}

int
timer_open(uint64_t first_ns, uint64_t every_ns)
{
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	int err = timer_set(fd, first_ns, every_ns);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static struct timespec
timespec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / NS_PER_SEC), .tv_nsec = (long)(ns % NS_PER_SEC) };
}

int
timer_set(int fd, uint64_t first_ns, uint64_t every_ns)
{
	struct itimerspec its = { .it_value = timespec_of(first_ns), .it_interval = timespec_of(every_ns) };

	return timerfd_settime(fd, 0, &its, NULL) ? -errno : 0;
}

uint64_t
timer_read(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == (ssize_t)sizeof(n) ? n : 0;
}

int
timer_ready(struct source *s, uint32_t events)
{
	(void)events;
	timer_read(s->fd);
	return 0;
}
