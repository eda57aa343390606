#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "warden/roles.h"
#include "warden/tell.h"

static int
send_told(struct warden *w, const struct told *t)
{
	static struct report r;

	memset(&r, 0, offsetof(struct report, event));
	r.number = t->number;
	r.to_ns = w->told_to_ns;
	r.kind = REPORT_STATE;
	r.mode = (uint8_t)w->groups.mode;
	event_init(&r.event, EVENT_AGENT, SENSOR_SELF);
	r.event.wall_ns = t->wall_ns;
	r.event.boot_ns = t->boot_ns;
	r.event.count = t->count;
	r.event.id = w->boot ^ t->boot_ns;
	event_set_str(&r.event, TEXT_ACTION, t->what);
	event_set_str(&r.event, TEXT_REASON, t->why);
	r.event.have |= HAVE_ACTION;
	who_put(&t->by, &r.event);
	if (t->by.pid > 0)
		event_set_str(&r.event, TEXT_USER_NAME, policy_user(w->policy, t->by.uid));
	if (t->details)
		event_set(&r.event, TEXT_DETAILS, t->details, t->details_len);
	return wire_send(edge_fd(w, EDGE_WARDEN_RECORD, ROOM_WARDEN), MSG_STATE, &r, report_wire_size(&r), -1);
}

void
tell_flush(struct warden *w)
{
	uint64_t acked = atomic_load(&w->page->record.acked_state), started = atomic_load(&w->page->process[ROOM_RECORD].started_ns);
	unsigned done = 0;

	while (done < w->n_told && w->told[done].number <= acked)
		free(w->told[done++].details);
	w->n_told -= done;
	memmove(w->told, w->told + done, w->n_told * sizeof(w->told[0]));
	if (started != w->told_to_ns) {		/* a new process knows only what is on disk */
		w->told_to_ns = started;
		w->told_sent = acked;
	}
	for (unsigned i = 0; i < w->n_told; i++) {
		if (w->told[i].number <= w->told_sent)
			continue;
		if (send_told(w, &w->told[i]))
			return;
		w->told_sent = w->told[i].number;
	}
}

static void __attribute__((format(printf, 3, 0)))
keep(struct warden *w, const struct telling *of, const char *fmt, va_list ap)
{
	struct told t = { .count = of->count, .wall_ns = now_wall_ns(), .boot_ns = now_boot_ns() };

	snprintf(t.what, sizeof(t.what), "%s", of->what);
	vsnprintf(t.why, sizeof(t.why), fmt, ap);
	log_notice("%s: %s", t.what, t.why);
	if (of->by)
		t.by = *of->by;
	if (of->details && of->details->len && (t.details = malloc(of->details->len))) {
		t.details_len = of->details->len;
		memcpy(t.details, of->details->text, t.details_len);
	}
	if (w->n_told == TOLD_MAX) {	/* the newest says most: the last place is overwritten */
		free(w->told[--w->n_told].details);
		counter_add(w->page, COUNTER_STATES_LOST, 1);
	}
	t.number = ++w->told_number;
	w->told[w->n_told++] = t;
	tell_flush(w);
}

void
tell_of(struct warden *w, const struct telling *of, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep(w, of, fmt, ap);
	va_end(ap);
}

void
tell(struct warden *w, const char *what, uint64_t count, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep(w, &(struct telling){ .what = what, .count = count }, fmt, ap);
	va_end(ap);
}

void
tell_admin(struct warden *w, const struct msg_request *q, uint32_t status, const char *text)
{
	static struct msg_reply r;

	if (!q->ticket)
		return;
	r.ticket = q->ticket;
	r.status = status;
	r.len = (uint32_t)snprintf(r.text, sizeof(r.text), "%s", text);
	if (r.len >= sizeof(r.text))
		r.len = sizeof(r.text) - 1;
	int err = wire_send(edge_fd(w, EDGE_WATCH_WARDEN, ROOM_WARDEN), MSG_REPLY, &r, MSG_REPLY_MIN + r.len, -1);
	if (err)
		log_errno(err, "an admin's answer could not be sent");
}

int
notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(sa.sun_path))
		return -1;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	size_t len = strlen(path);
	memcpy(sa.sun_path, path, len);
	if (path[0] == '@')
		sa.sun_path[0] = '\0';
	if (connect(fd, (struct sockaddr *)&sa, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len))) {
		log_errno(errno, "the service manager cannot be reached at %s", path);
		close(fd);
		return -1;
	}
	return fd;
}

void
notify_send(struct warden *w, const char *state)
{
	if (w->notify_sock >= 0 && send(w->notify_sock, state, strlen(state), MSG_NOSIGNAL) < 0)
		log_errno(errno, "the service manager was not told \"%s\"", state);
}
