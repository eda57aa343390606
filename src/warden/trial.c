#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "base/clock.h"
#include "warden/trial.h"

#define AGAIN_NS	(5 * NS_PER_SEC)

static void
set_until(struct warden *w, uint64_t until_ns)
{
	w->trial.until_ns = until_ns;
	atomic_store(&w->page->warden.confirm_until_ns, until_ns);
}

static void
drop(struct warden *w)
{
	if (w->trial.kept.policy_fd > 0)
		close(w->trial.kept.policy_fd);
	w->trial.kept.policy_fd = 0;
	set_until(w, 0);
}

int
trial_keep(struct warden *w)
{
	struct earlier *k = &w->trial.kept;

	if (w->trial.until_ns)
		return 0;
	int fd = fcntl(w->policy_fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	*k = (struct earlier){ .policy_fd = fd, .mode = w->groups.mode, .config = w->config, .generation = w->generation };
	return 0;
}

void
trial_begin(struct warden *w, uint64_t for_ns)
{
	if (for_ns)
		set_until(w, now_boot_ns() + for_ns);
	else if (!w->trial.until_ns)
		drop(w);
}

bool
trial_confirm(struct warden *w)
{
	bool waited = w->trial.until_ns != 0;

	drop(w);
	return waited;
}

void
trial_monitor(struct warden *w)
{
	w->trial.kept.mode = MODE_MONITOR;
}

bool
trial_over(const struct warden *w, uint64_t now_ns)
{
	return w->trial.until_ns && now_ns >= w->trial.until_ns;
}

int
trial_end(struct warden *w, struct earlier *out)
{
	const struct policy *p;
	int fd = policy_open(w->trial.kept.policy_fd, &p);

	if (fd == 0) {
		fd = policy_in_mode(p, w->trial.kept.mode);
		policy_close(p);
	}
	if (fd < 0) {
		set_until(w, now_boot_ns() + AGAIN_NS);
		return fd;
	}
	*out = w->trial.kept;
	drop(w);
	return fd;
}

const char *
trial_words(const struct warden *w, char *out, size_t size)
{
	uint64_t now = now_boot_ns(), until = w->trial.until_ns;

	out[0] = '\0';
	if (until)
		snprintf(out, size, " Going back to generation %llu in %llu s unless confirmed: yettctl confirm",
		    (unsigned long long)w->trial.kept.generation, (unsigned long long)(until > now ? (until - now + NS_PER_SEC - 1) / NS_PER_SEC : 0));
	return out;
}
