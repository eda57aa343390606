#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/procfs.h"
#include "ctl/crowd.h"

#define LINK_MAX_BYTES	4096
#define MEMFD		"/memfd:"

struct pass {
	int		 proc;
	struct crowds	*found;
	void		(*tell)(void *, const struct crowds *);
	void		*arg;
	char		 first_namespace[64];	/* "" it is not known */
};

/* The last part of the path of a program, or the name that a memfd was given. */
static void
name_of(const char *exe, char *out, size_t size)
{
	const char *slash = strrchr(exe, '/');
	bool memory = strncmp(exe, MEMFD, sizeof(MEMFD) - 1) == 0;

	snprintf(out, size, "%s", memory ? exe + 1 : slash ? slash + 1 : exe);
	char *gone = strstr(out, " (deleted)");
	if (gone)
		*gone = '\0';
	for (char *c = out; *c; c++)
		*c = *c >= ' ' && *c < 0x7f ? *c : '?';
}

static void
join(struct pass *p, enum crowd_of which, int32_t pid, const char *exe)
{
	struct crowd *c = &p->found->of[which];

	for (size_t i = 0; i < c->n && i < CROWD_NAMED; i++)
		if (c->first[i].pid == pid)
			return;
	if (c->n < CROWD_NAMED) {
		c->first[c->n].pid = pid;
		name_of(exe, c->first[c->n].name, sizeof(c->first[c->n].name));
	}
	c->n++;
}

static bool
lies_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

static void
look_at_program(struct pass *p, int32_t pid, const char *exe)
{
	static const struct { const char *dir; enum crowd_of crowd; } places[] = {
		{ "/tmp", CROWD_TMP }, { "/var/tmp", CROWD_VAR_TMP }, { "/dev/shm", CROWD_SHM },
	};

	if (strncmp(exe, MEMFD, sizeof(MEMFD) - 1) == 0)
		join(p, CROWD_MEMFD, pid, exe);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (lies_below(exe, places[i].dir))
			join(p, places[i].crowd, pid, exe);
}

static void
look_at_tracer(struct pass *p, int32_t tracer)
{
	char exe[LINK_MAX_BYTES];

	if (proc_link(p->proc, tracer, "exe", exe, sizeof(exe)) < 0)
		exe[0] = '\0';
	join(p, CROWD_TRACERS, tracer, exe);
}

/* What its descriptors lead to. False: they may not be looked at. */
static bool
look_at_files(struct pass *p, int32_t pid, const char *exe, bool root)
{
	char path[32], to[64];
	const struct dirent *d;
	bool ring = false, bpf = false;

	snprintf(path, sizeof(path), "%d/fd", pid);
	CLEANUP_FD int fd = openat(p->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno != EACCES && errno != EPERM;
	CLEANUP_DIR DIR *dir = fdopendir(fd);
	if (!dir)
		return false;
	steal_fd(&fd);
	while (!(ring && bpf) && (d = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), d->d_name, to, sizeof(to) - 1);
		if (n < 0)
			continue;
		to[n] = '\0';
		ring |= strcmp(to, "anon_inode:[io_uring]") == 0;
		bpf |= strncmp(to, "anon_inode:bpf", 14) == 0 || strncmp(to, "anon_inode:[bpf", 15) == 0;
	}
	if (ring)
		join(p, CROWD_URING, pid, exe);
	if (bpf && !root)
		join(p, CROWD_BPF, pid, exe);
	return true;
}

static int
look_at(void *arg, int32_t pid)
{
	struct pass *p = arg;
	struct proc_status st;
	char exe[LINK_MAX_BYTES], namespace[64];

	if (proc_status(p->proc, pid, &st) < 0)
		return 0;
	p->found->processes++;
	if (st.tracer > 0)
		look_at_tracer(p, st.tracer);
	ssize_t n = proc_link(p->proc, pid, "exe", exe, sizeof(exe));
	if (n < 0 && n != -ENOENT && n != -ESRCH)
		p->found->hidden++;
	if (n < 0)
		return 0;		/* among them threads of the kernel, which no switch is about */
	look_at_program(p, pid, exe);
	if (proc_link(p->proc, pid, "ns/user", namespace, sizeof(namespace)) > 0 && p->first_namespace[0] &&
	    strcmp(namespace, p->first_namespace) != 0)
		join(p, CROWD_NAMESPACE, pid, exe);
	if (!look_at_files(p, pid, exe, st.euid == 0))
		p->found->hidden++;
	if (p->tell)
		p->tell(p->arg, p->found);
	return 0;
}

int
crowds_look(int proc, struct crowds *found, void (*tell)(void *, const struct crowds *), void *arg)
{
	struct pass p = { .proc = proc, .found = found, .tell = tell, .arg = arg };

	*found = (struct crowds){ 0 };
	if (proc_link(proc, 1, "ns/user", p.first_namespace, sizeof(p.first_namespace)) < 0)
		p.first_namespace[0] = '\0';
	return proc_each(proc, look_at, &p);
}
