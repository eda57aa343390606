#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "file/digest.h"
#include "file/elf.h"
#include "scan/scan.h"

#define JOBS		64u
#define SLICE		(256u * 1024)
#define SLICE_ALL	(32u * 1024)	/* of what takes fifteen times as long */
#define PATIENCE	(1ull << 30)	/* a file with more than this still to read gives way when all places are taken */

struct job {
	int			fd;		/* owned; -1: the answer only waits to be sent */
	uint64_t		at;		/* bytes hashed */
	bool			program;	/* as it was asked for */
	struct digest		digest;
	struct msg_scanned	answer;		/* file: as before the first byte, until the end */
};

/* Everything that scan holds; there is no allocation. */
struct scan {
	int		 sock;
	struct page	*page;
	unsigned	 jobs, turn;		/* the first `jobs` places are taken */
	bool		 blocked;		/* the gate did not take an answer */
	struct job	 job[JOBS];
	uint8_t		 slice[SLICE];
	_Alignas(8) char buffer[WIRE_MAX];
};

static ssize_t
read_fully(void *arg, uint64_t offset, void *buf, size_t len)
{
	const struct job *j = arg;
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(j->fd, (char *)buf + done, len - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static size_t
answer_size(const struct msg_scanned *m)
{
	return m->has_content ? sizeof(*m) : MSG_SCANNED_MIN;
}

/* From here on only the answer is left. */
static void
finish(struct scan *s, struct job *j, int err)
{
	close(j->fd);
	j->fd = -1;
	if (err) {
		j->answer = (struct msg_scanned){ .ticket = j->answer.ticket, .error = -err };
		counter_add(s->page, COUNTER_SCAN_FAILED, err != -ENOEXEC);
	} else {
		counter_add(s->page, COUNTER_SCANNED, 1);
	}
}

static int
look_at(struct job *j)
{
	struct elf_facts facts;
	struct stat st;

	if (fstat(j->fd, &st))
		return -errno;
	/* A pipe or device could keep us waiting, and has no content that stays. */
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	j->answer.file = event_file_of(&st);
	int err = elf_facts(read_fully, j, &facts);
	if (err)
		return err;
	if (j->program && facts.type == FILE_OTHER)
		return -ENOEXEC;
	j->answer.type = (uint8_t)facts.type;
	j->answer.static_elf = facts.static_elf;
	j->answer.interpreter_len = facts.interpreter_len;
	memcpy(j->answer.interpreter, facts.interpreter, facts.interpreter_len);
	return j->digest.all && facts.type == FILE_ELF ? elf_details(read_fully, j, &j->answer.content) : 0;
}

static int
conclude(struct job *j)
{
	struct stat st;

	if (fstat(j->fd, &st))
		return -errno;
	struct file after = event_file_of(&st);
	j->answer.changed = j->at != after.size || !event_file_same(&j->answer.file, &after);
	j->answer.file = after;
	digest_end(&j->digest, j->answer.file.sha256, &j->answer.content);
	j->answer.has_content = j->digest.all;
	return 0;
}

/* Hashes the next slice. Not beyond the size that the file had: who appends for ever shall not be followed for ever. */
static void
advance(struct scan *s, struct job *j)
{
	uint64_t left = j->answer.file.size - j->at;
	size_t most = j->digest.all ? SLICE_ALL : SLICE, want = left < most ? (size_t)left : most;
	ssize_t n = read_fully(j, j->at, s->slice, want);

	if (n < 0) {
		finish(s, j, (int)n);
		return;
	}
	digest_update(&j->digest, s->slice, (size_t)n);
	j->at += (size_t)n;
	counter_add(s->page, COUNTER_SCANNED_BYTES, (uint64_t)n);
	if ((size_t)n < want || j->at == j->answer.file.size)
		finish(s, j, conclude(j));
}

static void
scan_on_scan(struct scan *s, const struct wire_msg *m)
{
	struct job *j = &s->job[s->jobs++];
	struct msg_scan ask;

	memcpy(&ask, m->payload, sizeof(ask));
	*j = (struct job){ .fd = m->fd, .program = ask.program, .answer.ticket = ask.ticket };
	digest_init(&j->digest, ask.content);
	int err = look_at(j);
	if (err)
		finish(s, j, err);
}

/* 0, or -errno when there is nobody left to work for. */
static int
take_jobs(struct scan *s)
{
	struct wire_msg m;

	while (s->jobs < JOBS) {
		int err = wire_recv(s->sock, ROOM_GATE, ROOM_SCAN, s->buffer, sizeof(s->buffer), &m);
		if (err == -EAGAIN)
			return 0;
		if (err)
			return err;
		scan_on_scan(s, &m);
	}
	return 0;
}

static void
drop(struct scan *s, unsigned at)
{
	s->job[at] = s->job[--s->jobs];
}

/* Sends what is done. What the gate does not take now stays. */
static int
send_answers(struct scan *s)
{
	s->blocked = false;
	for (unsigned i = 0; i < s->jobs && !s->blocked;) {
		struct job *j = &s->job[i];
		int err = j->fd < 0 ? wire_send(s->sock, MSG_SCANNED, &j->answer, answer_size(&j->answer), -1) : -EINPROGRESS;
		if (err == 0) {
			drop(s, i);
			continue;
		}
		if (err == -EAGAIN)
			s->blocked = true;
		else if (err != -EINPROGRESS)
			return err;
		i++;
	}
	return 0;
}

/* With all places taken and more asked for, the longest job goes, if it is very long: else big files could shut out all others. */
static void
make_room(struct scan *s)
{
	struct job *longest = NULL;
	uint64_t most = PATIENCE;

	for (unsigned i = 0; i < s->jobs; i++) {
		struct job *j = &s->job[i];
		if (j->fd < 0 || j->answer.file.size - j->at <= most)
			continue;
		most = j->answer.file.size - j->at;
		longest = j;
	}
	if (longest)
		finish(s, longest, -EFBIG);
}

/* One slice of the next job in turn. False: all that is left are answers. */
static bool
work(struct scan *s)
{
	for (unsigned i = 0; i < s->jobs; i++) {
		struct job *j = &s->job[s->turn++ % s->jobs];
		if (j->fd < 0)
			continue;
		advance(s, j);
		return true;
	}
	return false;
}

/* Waits for a question or for room for an answer; not at all while there is work. */
static int
look_around(struct scan *s, bool busy)
{
	struct pollfd p = { .fd = s->sock, .events = (short)(s->blocked ? POLLIN | POLLOUT : POLLIN) };

	/* A question that finds no place would wake us again and again. */
	if (!busy && s->jobs == JOBS)
		p.events = POLLOUT;
	if (poll(&p, 1, busy ? 0 : -1) < 0)
		return errno == EINTR ? 0 : -errno;
	if ((p.revents & POLLIN) && s->jobs == JOBS)
		make_room(s);
	if ((p.revents & (POLLHUP | POLLERR)) && !(p.revents & POLLIN))
		return -EPIPE;
	return 0;
}

int
scan_main(const struct scan_setup *setup)
{
	static struct scan scan;
	int err = 0;

	scan.sock = setup->gate_sock;
	scan.page = setup->page;
	while (!err) {
		err = take_jobs(&scan);
		bool busy = !err && work(&scan);
		if (!err)
			err = send_answers(&scan);
		if (!err)
			err = look_around(&scan, busy);
	}
	if (err == -EPIPE)
		return 0;
	log_errno(err, "cannot talk to the gate");
	return 1;
}
