#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/grow.h"
#include "base/hash.h"
#include "base/host.h"
#include "base/procfs.h"

#define DEVICES_MAX	128
#define ARGS_MAX	4096
#define HASH_BYTES	(256ull << 20)

/* A collection under way. */
struct round {
	struct host		*h;
	const struct host_ask	*ask;
	int			 proc;
	struct { uint64_t dev; char type[16]; } device[DEVICES_MAX];
	size_t			 n_devices;
	uint64_t		 gated[DEVICES_MAX];
	size_t			 n_gated;
	uint64_t		 hashed;	/* bytes so far */
	char			 namespace[64];	/* of our own processes */
	size_t			 room_processes;
};

/* "36 35 98:0 /root /where options - type source" */
static void
list_devices(struct round *r)
{
	CLEANUP_FILE FILE *in = fopen("/proc/self/mountinfo", "re");
	CLEANUP_FREE char *line = NULL;
	size_t size = 0;

	while (in && r->n_devices < DEVICES_MAX && getline(&line, &size, in) > 0) {
		unsigned major_, minor_;
		const char *type = strstr(line, " - ");
		if (!type || sscanf(line, "%*u %*u %u:%u", &major_, &minor_) != 2)
			continue;
		r->device[r->n_devices].dev = makedev(major_, minor_);
		snprintf(r->device[r->n_devices].type, sizeof(r->device[0].type), "%.*s", (int)strcspn(type + 3, " "), type + 3);
		r->n_devices++;
	}
	for (size_t i = 0; r->ask->filesystems && i < r->ask->n_filesystems && r->n_gated < DEVICES_MAX; i++) {
		struct stat st;
		if (stat(r->ask->filesystems[i], &st) == 0)
			r->gated[r->n_gated++] = st.st_dev;
	}
}

static bool
is_gated(const struct round *r, uint64_t dev)
{
	for (size_t i = 0; i < r->n_gated; i++)
		if (r->gated[i] == dev)
			return true;
	return !r->ask->filesystems;
}

static void
hash(struct round *r, struct host_file *f)
{
	CLEANUP_FD int fd = -1;

	/* Programs only: who reads /etc/shadow should have a reason. */
	if (!r->ask->hashes || !(f->mode & 0111) || r->hashed + f->size > HASH_BYTES)
		return;
	for (const struct host_file *same = r->h->file; same < f && !f->hashed; same++) {
		if (!same->hashed || same->dev != f->dev || same->ino != f->ino)
			continue;
		memcpy(f->sha256, same->sha256, sizeof(f->sha256));
		f->hashed = true;
	}
	if (f->hashed)
		return;
	fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || hash_file(fd, f->sha256))
		return;
	r->hashed += f->size;
	f->hashed = true;
}

static uint64_t
nanoseconds(struct timespec t)
{
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

static void
describe(struct round *r, struct host_file *f, const struct stat *st)
{
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->size = (uint64_t)st->st_size;
	f->ctime_ns = nanoseconds(st->st_ctim);
	f->mtime_ns = nanoseconds(st->st_mtim);
	f->uid = st->st_uid;
	f->gid = st->st_gid;
	f->mode = st->st_mode;
	f->links = (uint32_t)st->st_nlink;
	f->gated = is_gated(r, f->dev);
	for (size_t i = 0; i < r->n_devices; i++)
		if (r->device[i].dev == f->dev)
			memcpy(f->filesystem, r->device[i].type, sizeof(f->filesystem));
}

/* The file PATH as ST describes it, once; HOST_NONE: no memory. */
static uint32_t
add_file(struct round *r, const char *path, const struct stat *st)
{
	struct host *h = r->h;

	for (size_t i = h->asked; i < h->n_files; i++)
		if (h->file[i].dev == st->st_dev && h->file[i].ino == st->st_ino && strcmp(h->file[i].path, path) == 0)
			return (uint32_t)i;
	struct host_file *more = grow(h->file, h->n_files, &h->room_files, sizeof(*more));
	if (!more)
		return HOST_NONE;
	h->file = more;
	struct host_file *f = &h->file[h->n_files];
	*f = (struct host_file){ 0 };
	snprintf(f->path, sizeof(f->path), "%s", path);
	describe(r, f, st);
	hash(r, f);
	return (uint32_t)h->n_files++;
}

/* A file by name, if it is there; else one without a path. */
static uint32_t
add_name(struct round *r, const char *name)
{
	char real[PATH_MAX];
	struct stat st;

	if (realpath(name, real) && strlen(real) < HOST_PATH && stat(real, &st) == 0 && S_ISREG(st.st_mode))
		return add_file(r, real, &st);
	return HOST_NONE;
}

/* Asked files keep their places, whether they are there or not. */
static int
list_asked(struct round *r)
{
	struct host *h = r->h;

	for (size_t i = 0; i < r->ask->n_names; i++) {
		h->asked = h->n_files;		/* so that one that is known already has a place of its own here */
		if (r->ask->names[i] && add_name(r, r->ask->names[i]) != HOST_NONE)
			continue;
		struct host_file *more = grow(h->file, h->n_files, &h->room_files, sizeof(*more));
		if (!more)
			return -ENOMEM;
		h->file = more;
		h->file[h->n_files++] = (struct host_file){ 0 };
	}
	h->asked = h->n_files;
	return 0;
}

static void
list_shells(struct round *r)
{
	CLEANUP_FILE FILE *in = fopen("/etc/shells", "re");
	CLEANUP_FREE char *line = NULL;
	struct host *h = r->h;
	size_t size = 0;

	while (in && h->n_shells < HOST_SHELLS && getline(&line, &size, in) > 0) {
		line[strcspn(line, " \t\r\n#")] = '\0';
		uint32_t file = line[0] == '/' ? add_name(r, line) : HOST_NONE;
		bool known = file == HOST_NONE;
		for (size_t i = 0; i < h->n_shells; i++)
			known = known || h->shell[i] == file;
		if (!known)
			h->shell[h->n_shells++] = file;
	}
}

static bool
is_admins(const char *group)
{
	return strcmp(group, "sudo") == 0 || strcmp(group, "wheel") == 0 || strcmp(group, "admin") == 0;
}

struct admins { gid_t gid[4]; size_t n_gids; char *names[HOST_PEOPLE]; size_t n_names; };

static void
list_admins(struct admins *a)
{
	CLEANUP_FILE FILE *in = fopen("/etc/group", "re");
	const struct group *gr;

	while (in && (gr = fgetgrent(in))) {
		if (!is_admins(gr->gr_name))
			continue;
		if (a->n_gids < 4)
			a->gid[a->n_gids++] = gr->gr_gid;
		for (char **m = gr->gr_mem; *m && a->n_names < HOST_PEOPLE; m++)
			if ((a->names[a->n_names] = strdup(*m)))
				a->n_names++;
	}
}

static bool
is_admin(const struct admins *a, const struct passwd *pw)
{
	if (pw->pw_uid == 0)
		return true;
	for (size_t i = 0; i < a->n_gids; i++)
		if (a->gid[i] == pw->pw_gid)
			return true;
	for (size_t i = 0; i < a->n_names; i++)
		if (strcmp(a->names[i], pw->pw_name) == 0)
			return true;
	return false;
}

static void
list_people(struct round *r)
{
	CLEANUP_FILE FILE *in = fopen("/etc/passwd", "re");
	struct admins a = { 0 };
	const struct passwd *pw;
	struct host *h = r->h;

	list_admins(&a);
	while (in && h->n_people < HOST_PEOPLE && (pw = fgetpwent(in))) {
		const char *shell = pw->pw_shell && pw->pw_shell[0] ? pw->pw_shell : "/bin/sh";
		if (!is_admin(&a, pw))
			continue;
		uint32_t file = add_name(r, shell);
		if (file != HOST_NONE)
			h->person[h->n_people++] = (struct host_person){ .uid = pw->pw_uid, .gid = pw->pw_gid, .shell = file };
	}
	for (size_t i = 0; i < a.n_names; i++)
		free(a.names[i]);
}

/* Its arguments, behind those of others. */
static void
take_args(struct round *r, struct host_process *p)
{
	struct host *h = r->h;
	char text[ARGS_MAX];
	ssize_t n = proc_read(r->proc, p->pid, "cmdline", text, sizeof(text));

	if (n <= 0)
		return;
	while (h->room_texts - h->n_texts < (size_t)n + 1) {
		char *more = grow(h->texts, h->room_texts, &h->room_texts, 1);
		if (!more)
			return;
		h->texts = more;
	}
	memcpy(h->texts + h->n_texts, text, (size_t)n);
	p->args = (uint32_t)h->n_texts;
	p->args_len = (uint32_t)n;
	h->n_texts += (size_t)n;
}

static void
take_service(struct round *r, struct host_process *p)
{
	char text[2048], container[80];
	ssize_t n = proc_read(r->proc, p->pid, "cgroup", text, sizeof(text));

	if (n > 0)
		proc_cgroup_names(text, (size_t)n, p->service, sizeof(p->service), container, sizeof(container));
}

/* The program of PID, if it still is where it was started from. */
static uint32_t
take_program(struct round *r, int32_t pid)
{
	char path[PATH_MAX], link[48];
	ssize_t n = proc_link(r->proc, pid, "exe", path, sizeof(path));
	struct stat st;

	snprintf(link, sizeof(link), "%d/exe", pid);
	if (n <= 0 || n >= HOST_PATH || path[0] != '/' || fstatat(r->proc, link, &st, 0) != 0 || !S_ISREG(st.st_mode) || st.st_nlink == 0)
		return HOST_NONE;
	return add_file(r, path, &st);
}

static int
take_process(void *arg, int32_t pid)
{
	struct round *r = arg;
	struct host *h = r->h;
	struct proc_stat stat;
	struct proc_status status;
	char namespace[64] = "";

	if (h->n_processes == HOST_PROCESSES)
		return 0;
	if (proc_link(r->proc, pid, "ns/pid", namespace, sizeof(namespace)) < 0 || strcmp(namespace, r->namespace) != 0)
		return 0;
	if (proc_stat(r->proc, pid, &stat) || proc_status(r->proc, pid, &status))
		return 0;
	struct host_process p = { .pid = pid, .ppid = stat.ppid, .uid = status.euid, .ruid = status.uid, .gid = status.egid,
		.file = take_program(r, pid), .login = UINT32_MAX };
	struct host_process *more = grow(h->process, h->n_processes, &r->room_processes, sizeof(*more));
	if (!more)
		return -ENOMEM;
	h->process = more;
	if (p.file != HOST_NONE) {
		proc_number(r->proc, pid, "loginuid", &p.login);
		take_args(r, &p);
		take_service(r, &p);
	}
	h->process[h->n_processes++] = p;
	return 0;
}

static int
by_pid(const void *x, const void *y)
{
	const struct host_process *a = x, *b = y;

	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

static int
list_processes(struct round *r)
{
	struct host *h = r->h;

	if (proc_link(r->proc, getpid(), "ns/pid", r->namespace, sizeof(r->namespace)) < 0)
		return 0;
	int err = proc_each(r->proc, take_process, r);
	if (h->n_processes)
		qsort(h->process, h->n_processes, sizeof(*h->process), by_pid);
	for (size_t i = 0; i < h->n_processes; i++) {
		const struct host_process *parent = host_find(h, h->process[i].ppid);
		h->process[i].forked = parent && parent->file == h->process[i].file;
	}
	return err;
}

const struct host_process *
host_find(const struct host *h, int32_t pid)
{
	struct host_process key = { .pid = pid };

	return h->n_processes ? bsearch(&key, h->process, h->n_processes, sizeof(key), by_pid) : NULL;
}

int
host_collect(struct host *h, const struct host_ask *ask)
{
	CLEANUP_FREE struct round *r = calloc(1, sizeof(*r));

	*h = (struct host){ 0 };
	if (!r)
		return -ENOMEM;
	r->h = h;
	r->ask = ask;
	CLEANUP_FD int proc = proc_open();
	r->proc = proc;
	list_devices(r);
	int err = list_asked(r);
	if (!err) {
		list_shells(r);
		list_people(r);
		err = proc < 0 ? 0 : list_processes(r);
	}
	if (err)
		host_done(h);
	return err;
}

void
host_done(struct host *h)
{
	free(h->file);
	free(h->process);
	free(h->texts);
	*h = (struct host){ 0 };
}
