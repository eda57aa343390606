#ifndef TESTS_UNIT_DISK_H
#define TESTS_UNIT_DISK_H
/*
 * What a crash leaves of two directories. The calls with which yett changes files are defined here, and so taken before those of libc:
 * they do what they are to do and, while recording, note it. From the notes every image is built that a disk may hold when the power
 * fails: of what was not synced each sector of 512 bytes is there or not, in any of its versions, the length of a file is any that it
 * had, and of what happened in a directory and those below it a part from the beginning is there. A call can also be made to fail.
 * For one program only: the definitions are not static.
 */
#include <stdarg.h>
#include <sys/syscall.h>
#include "logs.h"

#define SECTOR		512u
#define SECTORS		128u		/* of a file */
#define VERSIONS	6u
#define NODES		64u
#define NOTES		900u
#define NAMES		64u

enum note_kind { NOTE_CREATE, NOTE_RENAME, NOTE_WRITE, NOTE_CUT, NOTE_SYNC, NOTE_SYNC_DIR, NOTE_ACKED };

struct note {
	enum note_kind	 kind;
	int		 dir, node;	/* dir: 0 log, 1 state */
	uint64_t	 at;		/* offset, size, or number of records that are acknowledged */
	struct blob	 data;
	char		 name[64], to[64];
};

struct recorder {
	const struct logs *logs;	/* NULL: nothing is noted */
	struct note	 note[NOTES];
	unsigned	 notes;
	ino_t		 ino[NODES];
	int		 nodes;
	/* The call that fails, counted from 0 over all of them; -1 none. */
	int		 fail_at, calls;
	int		 fail_errno;
	bool		 fail_on;	/* all after it fail too */
	bool		 halved;	/* a write was done in part before it fails */
};

static struct recorder disk = { .fail_at = -1 };

static void
disk_bug(const char *what)
{
	fprintf(stderr, "disk.h: %s\n", what);
	abort();
}

static struct note *
disk_note(enum note_kind kind)
{
	if (disk.notes == NOTES)
		disk_bug("too many notes");
	struct note *n = &disk.note[disk.notes++];
	*n = (struct note){ .kind = kind };
	return n;
}

static int
disk_node(ino_t ino)
{
	for (int i = 0; i < disk.nodes; i++)
		if (disk.ino[i] == ino)
			return i;
	if (disk.nodes == (int)NODES)
		disk_bug("too many files");
	disk.ino[disk.nodes] = ino;
	return disk.nodes++;
}

static int
disk_node_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		disk_bug("fstat");
	return disk_node(st.st_ino);
}

static int
disk_dir(int fd)
{
	return fd == disk.logs->log ? 0 : fd == disk.logs->state ? 1 : -1;
}

/* Is this the call that has to fail? */
static bool
disk_fails(void)
{
	int n = disk.calls++;

	if (disk.fail_at < 0 || (disk.fail_on ? n < disk.fail_at : n != disk.fail_at))
		return false;
	errno = disk.fail_errno;
	return true;
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t off)
{
	if (disk_fails()) {	/* a full disk takes a part first */
		if (disk.fail_on || disk.halved || len < 2)
			return -1;
		disk.halved = true;
		disk.fail_at = disk.calls;
		len /= 2;
	}
	ssize_t n = syscall(SYS_pwrite64, fd, data, len, off);
	if (n > 0 && disk.logs) {
		struct note *note = disk_note(NOTE_WRITE);
		note->node = disk_node_of(fd);
		note->at = (uint64_t)off;
		note->data = (struct blob){ malloc((size_t)n), (size_t)n };
		if (!note->data.data)
			disk_bug("no memory");
		memcpy(note->data.data, data, (size_t)n);
	}
	return n;
}

int
ftruncate(int fd, off_t len)
{
	if (disk_fails() || syscall(SYS_ftruncate, fd, len))
		return -1;
	if (disk.logs) {
		struct note *note = disk_note(NOTE_CUT);
		note->node = disk_node_of(fd);
		note->at = (uint64_t)len;
	}
	return 0;
}

/* Nothing has to reach a real disk. */
int
fsync(int fd)
{
	if (disk_fails())
		return -1;
	if (disk.logs) {
		int dir = disk_dir(fd);
		struct note *note = disk_note(dir >= 0 ? NOTE_SYNC_DIR : NOTE_SYNC);
		note->dir = dir;
		note->node = dir >= 0 ? -1 : disk_node_of(fd);
	}
	return 0;
}

int
fdatasync(int fd)
{
	return fsync(fd);
}

int
renameat2(int dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	if (disk_fails() || syscall(SYS_renameat2, dir, from, to_dir, to, flags))
		return -1;
	if (disk.logs) {
		struct note *note = disk_note(NOTE_RENAME);
		note->dir = disk_dir(dir);
		snprintf(note->name, sizeof(note->name), "%s", from);
		snprintf(note->to, sizeof(note->to), "%s", to);
	}
	return 0;
}

int
renameat(int dir, const char *from, int to_dir, const char *to)
{
	return renameat2(dir, from, to_dir, to, 0);
}

/* Of a directory nothing is noted: what is renamed into it says that it was made. */
int
mkdirat(int dir, const char *name, mode_t mode)
{
	return disk_fails() ? -1 : (int)syscall(SYS_mkdirat, dir, name, mode);
}

int disk_openat(int, const char *, int, ...) __asm__("openat");

int
disk_openat(int dir, const char *name, int flags, ...)
{
	va_list ap;
	struct stat st;
	mode_t mode = 0;

	if (flags & O_CREAT) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	bool noted = disk.logs && flags & O_CREAT && disk_dir(dir) >= 0;
	bool is_new = noted && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW);
	if (disk_fails())
		return -1;
	int fd = (int)syscall(SYS_openat, dir, name, flags, mode);
	if (fd < 0 || !noted)
		return fd;
	struct note *note = disk_note(is_new ? NOTE_CREATE : NOTE_CUT);
	note->node = disk_node_of(fd);
	note->dir = disk_dir(dir);
	snprintf(note->name, sizeof(note->name), "%s", name);
	if (!is_new && !(flags & O_TRUNC))
		disk.notes--;
	return fd;
}

/* The program under test was told that so many records are safe. */
static inline void
disk_acked(uint64_t records)
{
	disk_note(NOTE_ACKED)->at = records;
}

/* -- what may be left of it */

struct sector { unsigned n; char version[VERSIONS][SECTOR]; };	/* version 0 is durable, the last is what programs see */
struct node { unsigned sizes; uint64_t size[VERSIONS]; struct sector sector[SECTORS]; };
struct entry { char name[64]; int node; };
struct model {
	struct node	node[NODES];
	struct directory { struct entry entry[NAMES]; unsigned entries; unsigned pending, first; } dir[2];
	const struct note *change[2][NOTES];	/* not synced, of each directory */
};

static void
model_name(struct directory *d, const char *name, int node)
{
	for (unsigned i = 0; i < d->entries; i++)
		if (!strcmp(d->entry[i].name, name)) {
			d->entry[i].node = node;
			return;
		}
	if (d->entries == NAMES)
		disk_bug("too many names");
	snprintf(d->entry[d->entries].name, sizeof(d->entry[0].name), "%s", name);
	d->entry[d->entries++].node = node;
}

static int
model_unname(struct directory *d, const char *name)
{
	for (unsigned i = 0; i < d->entries; i++)
		if (!strcmp(d->entry[i].name, name)) {
			int node = d->entry[i].node;
			d->entry[i] = d->entry[--d->entries];
			return node;
		}
	disk_bug("a name that is not there");
	return -1;
}

static void
model_change(struct directory *d, const struct note *n)
{
	model_name(d, n->kind == NOTE_CREATE ? n->name : n->to, n->kind == NOTE_CREATE ? n->node : model_unname(d, n->name));
}

static void
model_write(struct node *f, const struct note *n)
{
	for (size_t i = 0; i < n->data.len; ) {
		uint64_t at = n->at + i;
		struct sector *s = &f->sector[at / SECTOR];
		size_t off = at % SECTOR, len = SECTOR - off < n->data.len - i ? SECTOR - off : n->data.len - i;
		if (at / SECTOR >= SECTORS || s->n == VERSIONS)
			disk_bug("a file of too many sectors or versions");
		memcpy(s->version[s->n], s->version[s->n - 1], SECTOR);
		memcpy(s->version[s->n] + off, n->data.data + i, len);
		if (memcmp(s->version[s->n], s->version[s->n - 1], SECTOR) != 0)
			s->n++;
		i += len;
	}
}

static void
model_size(struct node *f, uint64_t size)
{
	if (f->size[f->sizes - 1] == size)
		return;
	if (f->sizes == VERSIONS)
		disk_bug("a file of too many sizes");
	f->size[f->sizes++] = size;
	/* What a cut leaves behind the end is zero when the file grows again. */
	for (uint64_t k = size / SECTOR; k < SECTORS; k++) {
		struct sector *s = &f->sector[k];
		char cut[SECTOR] = { 0 };
		memcpy(cut, s->version[s->n - 1], k == size / SECTOR ? size % SECTOR : 0);
		if (memcmp(cut, s->version[s->n - 1], SECTOR) == 0)
			continue;
		if (s->n == VERSIONS)
			disk_bug("a sector of too many versions");
		memcpy(s->version[s->n++], cut, SECTOR);
	}
}

static void
model_sync(struct node *f)
{
	f->size[0] = f->size[f->sizes - 1];
	f->sizes = 1;
	for (unsigned k = 0; k < SECTORS; k++) {
		struct sector *s = &f->sector[k];
		memcpy(s->version[0], s->version[s->n - 1], s->n > 1 ? SECTOR : 0);
		s->n = 1;
	}
}

/* One note more has happened. */
static void
model_step(struct model *m, const struct note *n)
{
	struct node *f = n->node >= 0 ? &m->node[n->node] : NULL;
	struct directory *d = n->dir >= 0 ? &m->dir[n->dir] : NULL;

	switch (n->kind) {
	case NOTE_CREATE:
	case NOTE_RENAME:
		m->change[n->dir][d->pending++] = n;
		break;
	case NOTE_WRITE:
		model_write(f, n);
		if (n->at + n->data.len > f->size[f->sizes - 1])
			model_size(f, n->at + n->data.len);
		break;
	case NOTE_CUT:
		model_size(f, n->at);
		break;
	case NOTE_SYNC:
		model_sync(f);
		break;
	case NOTE_SYNC_DIR:
		for (unsigned i = 0; i < d->pending; i++)
			model_change(d, m->change[n->dir][i]);
		d->pending = 0;
		break;
	case NOTE_ACKED:
		break;
	}
}

/* What happened between disk_record() and disk_stop(), and what there was before. */
struct session { struct note *note; unsigned notes; struct model *start; };

static struct model *disk_start;

static void
disk_keep(int fd, const char *name)
{
	struct stat st;
	CLEANUP_BLOB struct blob b = blob_read(fd, name);

	if (!b.data || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW))
		disk_bug("a file that cannot be read");
	int node = disk_node(st.st_ino);
	struct note n = { .kind = NOTE_WRITE, .data = b };
	model_write(&disk_start->node[node], &n);
	model_size(&disk_start->node[node], b.len);
	model_sync(&disk_start->node[node]);
	model_name(&disk_start->dir[disk_dir(fd)], name, node);
}

/* From here on everything that happens in L is noted; what is there is durable. */
static inline void
disk_record(const struct logs *l)
{
	disk = (struct recorder){ .logs = l, .fail_at = -1 };
	disk_start = calloc(1, sizeof(*disk_start));
	if (!disk_start)
		disk_bug("no memory");
	for (unsigned i = 0; i < NODES; i++) {
		disk_start->node[i].sizes = 1;
		for (unsigned k = 0; k < SECTORS; k++)
			disk_start->node[i].sector[k].n = 1;
	}
	logs_each(l->log, disk_keep);
	logs_each(l->state, disk_keep);
}

static inline void
disk_stop(struct session *s)
{
	*s = (struct session){ malloc(disk.notes * sizeof(disk.note[0])), disk.notes, disk_start };
	if (!s->note)
		disk_bug("no memory");
	memcpy(s->note, disk.note, disk.notes * sizeof(disk.note[0]));
	disk = (struct recorder){ .fail_at = -1 };
}

static inline void
session_free(struct session *s)
{
	for (unsigned i = 0; i < s->notes; i++)
		free(s->note[i].data.data);
	free(s->note);
	free(s->start);
}

/* -- images */

/* Something that may be one of COUNT: a sector, a size, the number of changes of a directory. AT is the one chosen. */
struct choice { unsigned count, at; };
struct image {
	struct model	*m;
	struct choice	 choice[NODES * (SECTORS + 1) + 2];
	unsigned	 choices;
};

static inline void
image_init(struct image *im, struct model *m)
{
	im->m = m;
	im->choices = 0;
	for (int d = 0; d < 2; d++)
		im->choice[im->choices++] = (struct choice){ m->dir[d].pending + 1, 0 };
	for (unsigned i = 0; i < NODES; i++) {
		im->choice[im->choices++] = (struct choice){ m->node[i].sizes, 0 };
		for (unsigned k = 0; k < SECTORS; k++)
			im->choice[im->choices++] = (struct choice){ m->node[i].sector[k].n, 0 };
	}
}

/* How many images there are; at most MOST + 1. */
static inline uint64_t
image_count(const struct image *im, uint64_t most)
{
	uint64_t n = 1;

	for (unsigned i = 0; i < im->choices && n <= most; i++)
		n *= im->choice[i].count;
	return n <= most ? n : most + 1;
}

/* The image number N. */
static inline void
image_choose(struct image *im, uint64_t n)
{
	for (unsigned i = 0; i < im->choices; i++) {
		im->choice[i].at = (unsigned)(n % im->choice[i].count);
		n /= im->choice[i].count;
	}
}

/* Any of them; LAST: all that programs saw is there, but for one thing. */
static inline void
image_roll(struct image *im, uint64_t *dice, bool last)
{
	unsigned odd = 0, n = 0;

	for (unsigned i = 0; i < im->choices; i++)
		n += im->choice[i].count > 1;
	*dice = *dice * 6364136223846793005u + 1442695040888963407u;
	odd = n ? (unsigned)(*dice >> 33) % n : 0;
	n = 0;
	for (unsigned i = 0; i < im->choices; i++) {
		struct choice *c = &im->choice[i];
		*dice = *dice * 6364136223846793005u + 1442695040888963407u;
		unsigned any = (unsigned)(*dice >> 33) % c->count;
		c->at = !last || (c->count > 1 && n == odd) ? any : c->count - 1;
		n += c->count > 1;
	}
}

static void
image_file(const struct image *im, int fd, const struct entry *e)
{
	const struct choice *c = im->choice + 2 + (size_t)e->node * (SECTORS + 1);
	const struct node *f = &im->m->node[e->node];
	uint64_t size = f->size[c->at];
	static char data[SECTORS * SECTOR];

	for (uint64_t k = 0; k * SECTOR < size; k++)
		memcpy(data + k * SECTOR, f->sector[k].version[c[1 + k].at], SECTOR);
	if (strchr(e->name, '/')) {
		char sub[64];
		snprintf(sub, sizeof(sub), "%.*s", (int)strcspn(e->name, "/"), e->name);
		syscall(SYS_mkdirat, fd, sub, 0750);
	}
	if (!blob_write(fd, e->name, data, size))
		disk_bug("an image that cannot be written");
}

/* Writes the chosen image into L. Nothing may be noted meanwhile. */
static inline void
image_write(const struct image *im, struct logs *l)
{
	static struct directory d;

	logs_empty(l);
	for (int i = 0; i < 2; i++) {
		d = im->m->dir[i];
		for (unsigned k = 0; k < im->choice[i].at; k++)
			model_change(&d, im->m->change[i][k]);
		for (unsigned k = 0; k < d.entries; k++)
			image_file(im, i ? l->state : l->log, &d.entry[k]);
	}
}

#endif
