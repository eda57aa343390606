#include <stdio.h>
#include "base/cleanup.h"
#include "base/procfs.h"
#include "warden/who.h"

void
who_find(struct who *w, int32_t pid, uint32_t uid)
{
	CLEANUP_FD int proc = proc_open();
	struct proc_stat st;
	struct proc_cred cred;

	*w = (struct who){ .pid = pid, .uid = uid, .ruid = uid, .gid = UINT32_MAX, .auid = UINT32_MAX };
	if (pid <= 0 || proc < 0)
		return;
	if (proc_stat(proc, pid, &st) == 0)
		w->start_ns = st.start_ns;
	if (proc_cred(proc, pid, &cred) == 0) {
		w->ruid = cred.ruid;
		w->gid = cred.gid;
	}
	if (proc_number(proc, pid, "loginuid", &w->auid))
		w->auid = UINT32_MAX;
	if (proc_link(proc, pid, "exe", w->exe, sizeof(w->exe)) < 0)
		w->exe[0] = '\0';
}

const char *
who_words(const struct who *w, char out[WHO_WORDS])
{
	char login[32] = "";

	if (w->auid != UINT32_MAX)
		snprintf(login, sizeof(login), " (login uid %u)", w->auid);
	if (w->pid > 0)
		snprintf(out, WHO_WORDS, "uid %u%s pid %d %s", w->uid, login, w->pid, w->exe[0] ? w->exe : "(an unknown program)");
	else
		snprintf(out, WHO_WORDS, "nobody");
	return out;
}

struct process
who_process(const struct who *w)
{
	return (struct process){ .pid = w->pid, .uid = w->uid, .ruid = w->ruid, .gid = w->gid, .auid = w->auid, .session = UINT32_MAX,
		.start_ns = w->start_ns };
}

void
who_put(const struct who *w, struct event *ev)
{
	if (w->pid <= 0)
		return;
	ev->process = who_process(w);
	ev->have |= HAVE_PROCESS | HAVE_USER | HAVE_AUID;
	if (w->exe[0])
		event_set_str(ev, TEXT_EXECUTABLE, w->exe);
}
