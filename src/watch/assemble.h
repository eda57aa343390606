#ifndef WATCH_ASSEMBLE_H
#define WATCH_ASSEMBLE_H
/*
 * Records of one serial become one audited event. Up to ASSEMBLE_OPEN are open at a time, their records interleaved; EOE closes
 * one, ASSEMBLE_NS closes what never gets it, and when the table is full the oldest is closed early and counted. No allocation.
 * Rules of others may audit a flood of calls that nobody here asked for: their events end with their first record.
 */
#include "event/event.h"
#include "watch/record.h"

#define ASSEMBLE_OPEN	64
#define ASSEMBLE_NS	2000000000ull
#define AUDITED_PATH	4096

/* Which records came. */
enum audited_part {
	PART_SYSCALL = 1 << 0, PART_URING = 1 << 1, PART_ARGS = 1 << 2, PART_CWD = 1 << 3, PART_PATH = 1 << 4, PART_SOCKADDR = 1 << 5,
	PART_MODULE = 1 << 7, PART_BPF = 1 << 8, PART_TITLE = 1 << 9, PART_CONFIG = 1 << 10,
	PART_INNER = 1 << 11,
};

/*
 * One system call may serve several operations of io_uring, each with a record before that of the call; the kernel keeps one socket
 * address for all of them. Each kind of operation becomes an event of its own, with its last result.
 */
#define AUDITED_OPS 8
struct audited_op { uint32_t op; bool has_exit; int64_t exit; };
#define AUDITED_NO_FD	UINT32_MAX	/* what an operation of io_uring has as its first argument: it is not told */

#define AUDITED_TARGETS 8		/* of one signal; the kernel tells of more, which are not kept */

/* The file of `path`: the first that is not only the directory of another, or the one that makes an event of an open. */
struct audited_file {
	int64_t		item;
	uint64_t	ino, dev, rdev;
	uint32_t	mode, uid, gid;
};

struct piece { uint16_t len; bool cut; };	/* bytes used of the array of that name */

struct audited {
	uint64_t	serial, wall_ns, opened_ns;
	uint32_t	parts;			/* enum audited_part */
	unsigned	n_ops;
	struct audited_op ops[AUDITED_OPS];
	uint32_t	arch, call;		/* call: number of the system call, or the operation of io_uring */
	uint64_t	args[3];
	uint64_t	inner[3];		/* of what socketcall stands for */
	int64_t		exit;
	bool		has_exit;
	int32_t		pid, ppid;
	uint32_t	auid, uid, gid, euid, egid, session;
	unsigned	n_targets;
	struct process	target[AUDITED_TARGETS];
	uint32_t	argc;
	int64_t		arg_open;		/* argument that goes on in pieces, -1 none */
	struct audited_file file;
	struct piece	comm, exe, cwd, path, argv, title, module, config, saddr;
	char		saddr_text[128];	/* the socket address as the kernel has it; first of the texts */
	char		comm_text[64], exe_text[AUDITED_PATH], cwd_text[AUDITED_PATH], path_text[AUDITED_PATH];
	char		argv_text[EVENT_ARGS_MAX], title_text[256], module_text[64], config_text[512];
};

/* N: which of the events that it is, see translate_count(). */
typedef void assemble_fn(void *arg, const struct audited *, unsigned n);

struct assemble {
	uint64_t	 kinds;			/* wanted */
	assemble_fn	*done;			/* called for every event whose kind is wanted, and for changes of audit itself */
	void		*arg;
	uint64_t	 forced;		/* closed early for want of room */
	unsigned	 open;
	bool		 used[ASSEMBLE_OPEN];
	struct audited	 slot[ASSEMBLE_OPEN];
};

void	assemble_init(struct assemble *, uint64_t kinds, assemble_fn *, void *arg);
/* Takes one record. 0, or -EBADMSG for one that cannot be read; types that say nothing to us are passed over. */
int	assemble_put(struct assemble *, unsigned type, const char *text, size_t len, uint64_t now_ns);
/* Closes what is older than ASSEMBLE_NS. */
void	assemble_expire(struct assemble *, uint64_t now_ns);

#endif
