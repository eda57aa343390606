#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H
/*
 * One thing that happened. Flat and pointer-free: it is copied, queued, sent to another process,
 * stored and replayed as bytes, and nobody owns its strings because they live inside it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_kind {
#define KIND(id, ...) EVENT_##id,
#include "event/kind.def"
#undef KIND
	EVENT__MAX
};

/* Who told. */
enum sensor { SENSOR_NOBODY, SENSOR_FANOTIFY, SENSOR_PROC, SENSOR_AUDIT, SENSOR_SELF, SENSOR_FILES, SENSOR_FACTS, SENSOR_PACKET,
	SENSOR_UEVENT, SENSOR__MAX };

enum event_text {
	TEXT_EXECUTABLE, TEXT_ARGS, TEXT_ENV, TEXT_CWD, TEXT_COMM,
	TEXT_PARENT_EXECUTABLE, TEXT_PARENT_ARGS, TEXT_PREVIOUS_EXECUTABLE,
	TEXT_USER_NAME, TEXT_GROUP_NAME, TEXT_CONTAINER, TEXT_SERVICE,
	TEXT_FILE_PATH, TEXT_FILE_OWNER, TEXT_FILESYSTEM, TEXT_FILE_TYPE, TEXT_INTERPRETER,
	TEXT_TARGET_EXECUTABLE, TEXT_MODULE, TEXT_SYSCALL, TEXT_FILE_PREVIOUS,
	TEXT_ACCOUNT, TEXT_TTY, TEXT_LABELS, TEXT_SCRIPT,
	TEXT_DNS_NAME, TEXT_DNS_TYPE, TEXT_DNS_CODE, TEXT_DNS_ANSWERS,
	TEXT_CHANGE_TYPE, TEXT_CHANGE_OBJECT, TEXT_CHANGE_ENTRY, TEXT_CHANGE_BEFORE, TEXT_CHANGE_AFTER,
	TEXT_MD5, TEXT_SHA1, TEXT_TLSH, TEXT_HEADER, TEXT_LIBRARIES, TEXT_BUILD_ID,
	TEXT_ACTION, TEXT_REASON, TEXT_DETAILS,	/* agent events: a word, a sentence, and lines behind it, NUL separated */
	/* What the judge said, filled in for the record (struct report). */
	TEXT_RULE, TEXT_RULESET, TEXT_RULE_DESCRIPTION, TEXT_RULE_MESSAGE, TEXT_TECHNIQUE,
	TEXT_MATCHED, TEXT_EXCEPTION,		/* names of all rules that matched, NUL separated */
	TEXT_SAMPLES, TEXT_SAMPLE_IDS,		/* of a summary: some files and ids of what it counts, NUL separated */
	TEXT__MAX
};

/* Which members hold a value. A field whose bit is clear here and in `tried` is not known yet. */
enum event_have {
	HAVE_PROCESS	 = 1 << 0,
	HAVE_ARGS	 = 1 << 1,
	HAVE_ENV	 = 1 << 2,
	HAVE_CWD	 = 1 << 3,
	HAVE_COMM	 = 1 << 4,
	HAVE_EXIT	 = 1 << 5,
	HAVE_PARENT	 = 1 << 6,
	HAVE_PARENT_ARGS = 1 << 7,
	HAVE_PREVIOUS	 = 1 << 8,
	HAVE_ANCESTORS	 = 1 << 9,
	HAVE_USER	 = 1 << 10,
	HAVE_AUID	 = 1 << 11,
	HAVE_CGROUP	 = 1 << 12,
	HAVE_FILE	 = 1 << 13,
	HAVE_HASH	 = 1 << 14,
	HAVE_PEER	 = 1 << 15,
	HAVE_TARGET	 = 1 << 16,
	HAVE_MODULE	 = 1 << 17,
	HAVE_SYSCALL	 = 1 << 18,
	HAVE_RESULT	 = 1 << 19,
	HAVE_ACTION	 = 1 << 20,
	HAVE_FILE_PREVIOUS = 1 << 21,
	HAVE_ATTRIBUTES	 = 1 << 22,	/* of the file: what stat() tells */
	HAVE_SOURCE	 = 1 << 23,
	HAVE_DNS	 = 1 << 24,
	HAVE_ACCOUNT	 = 1 << 25,	/* who logs on, whose account changes, as whom a job runs */
	HAVE_CHANGE	 = 1 << 26,	/* of an entry in a file of the system, or of a device */
	HAVE_CONTENT	 = 1 << 27,	/* what costs more to find out of a content than its SHA-256 */
	HAVE_SCRIPT	 = 1 << 28,
	HAVE_LABEL	 = 1 << 29,
	HAVE_TTY	 = 1 << 30,
};
#define HAVE_ALL	((1u << 31) - 1)
#define HAVE_SCANNED	((uint32_t)(HAVE_HASH | HAVE_CONTENT))	/* the whole file must be read for it */

enum event_flag {
	FLAG_ARGS_CUT		= 1 << 0,	/* arguments were longer than we keep */
	FLAG_ANCESTRY_CUT	= 1 << 1,	/* some ancestors are missing */
	FLAG_PATH_CUT		= 1 << 2,
	FLAG_SETUID		= 1 << 3,
	FLAG_WRITABLE_BY_OTHERS	= 1 << 4,
	FLAG_DELETED		= 1 << 5,
	FLAG_WRITE_UNSURE	= 1 << 6,	/* a writer exists; that it is this opener is assumed */
	FLAG_NOTIFIED		= 1 << 7,	/* nobody waits for an answer */
	FLAG_ARGS_CHANGED	= 1 << 8,	/* what ran is not what was judged */
	FLAG_LOADER		= 1 << 9,	/* exec: the file is the loader of the program */
	FLAG_SEAL		= 1 << 10,	/* the answer waits for the record */
	FLAG_INTERACTIVE	= 1 << 11,	/* the process talks to its terminal */
	FLAG_ELF_STATIC		= 1 << 12,
	FLAG_ELF_STRIPPED	= 1 << 13,
	FLAG_ELF_PACKED		= 1 << 14,
	FLAG_GUESSED		= 1 << 15,	/* that this process did it is likely, and not more */
};
#define FLAG_ALL	((1u << 16) - 1)

#define EVENT_ARENA	24576		/* bytes of text in one event */
#define EVENT_ARGS_MAX	8192		/* of these at most for the arguments */
#define EVENT_ANCESTORS	24

struct slice { uint16_t off, len; };	/* into the arena; len without a terminator */

/* A process: pid plus start time. Ids as the kernel sees them in the initial namespaces. */
struct process {
	int32_t		pid;
	uint32_t	uid, ruid, gid, auid, session;	/* session: audit's ses; UINT32_MAX none */
	uint64_t	start_ns;		/* since boot, exact to 10 ms */
	uint64_t	entity;			/* unique over all boots of this host; 0 unknown */
};

struct ancestor {
	int32_t		pid;
	struct slice	executable;
	uint64_t	entity;
};

struct file {
	uint64_t	dev, ino, size, ctime_ns, mtime_ns;	/* identity of the content */
	uint32_t	uid, gid, mode, links;
	uint32_t	entropy;	/* thousandths of a bit a byte, 0 to 8000 */
	uint8_t		sha256[32];
};

struct peer { uint8_t addr[16]; uint16_t family, port; };	/* IPv4 in the first 4 bytes; host order */

struct event {
	uint64_t	id;		/* unique on this host: see event_id() */
	uint64_t	wall_ns;	/* since 1970 */
	uint64_t	boot_ns;	/* since boot: what correlation and ages use */
	uint16_t	kind;		/* enum event_kind */
	uint16_t	sensor;		/* enum sensor: who told first */
	uint32_t	sensors;	/* bit per enum sensor: all who told of the same act */
	uint32_t	have, tried;	/* enum event_have */
	uint32_t	flags;		/* enum event_flag */
	struct process	process, parent, target;
	uint16_t	ancestors;	/* used entries, the parent first */
	struct ancestor	ancestor[EVENT_ANCESTORS];
	struct file	file;
	struct peer	peer, source;	/* source: where it comes from */
	uint64_t	socket;		/* inode of the socket it came from; 0 not known */
	uint32_t	signal, account_id;	/* account_id: UINT32_MAX not known */
	uint32_t	tty;		/* terminal of the process, major and minor as /proc packs them; 0 none */
	uint32_t	args_count;
	int32_t		exit_code;
	uint64_t	syscall_arg0;
	int64_t		result;
	uint64_t	count;		/* agent events: how many (lost, swept, ...) */
	struct slice	text[TEXT__MAX];
	uint16_t	used;		/* bytes of the arena in use; the last member before it */
	char		arena[EVENT_ARENA];
};

/* Clears everything but the arena's bytes. */
void	event_init(struct event *, enum event_kind, enum sensor);

/*
 * Copies LEN bytes into the arena and names them WHICH, replacing what was there (its bytes are
 * not reclaimed). Returns 0, or -ENOSPC with the event unchanged.
 */
int	event_set(struct event *, enum event_text which, const char *s, size_t len);
int	event_set_str(struct event *, enum event_text which, const char *s);

/* Adds an ancestor; the parent first. -ENOSPC sets FLAG_ANCESTRY_CUT. */
int	event_add_ancestor(struct event *, int32_t pid, uint64_t entity, const char *exe, size_t len);

/*
 * Leaves at least N bytes of the arena free: what was set last gives way, and the flags say that it was cut. For what must not be lost
 * because somebody filled the event, as the verdict.
 */
void	event_make_room(struct event *, size_t n);

/* The text; "" if there is none. NOT terminated: use the length. */
const char *event_text(const struct event *, enum event_text which, size_t *len);

/* Is it the same text, or in neither of them one? */
bool	event_same_text(const struct event *, const struct event *, enum event_text which);

/* Bytes to send or store. */
size_t	event_wire_size(const struct event *);

/*
 * Checks LEN bytes from another process and copies them. Every offset, count and enum is proved.
 * Returns 0 or -EBADMSG, and then EV is unspecified. BUF needs no alignment.
 */
int	event_from_wire(struct event *ev, const void *buf, size_t len);

/* What fstat() says of a file; sha256 is zero. */
struct stat;
struct file event_file_of(const struct stat *);

/* The same content, by identity: device, inode, times and size. Names and rights may differ. */
bool	event_file_same(const struct file *, const struct file *);

/* Nobody but root may write it. Rights beyond the mode bits show in those of the group. */
bool	event_only_root_writes(const struct file *);

/* Fills flags that follow from file mode, owner and link count. */
void	event_file_flags(struct event *);

const char *event_kind_name(enum event_kind);
/* The kind named so in `on =`, or -1. */
int	event_kind_find(const char *name);
bool	event_kind_prevents(enum event_kind);
enum sensor event_kind_sensor(enum event_kind);
const char *event_kind_category(enum event_kind);
const char *event_kind_type(enum event_kind);
const char *event_kind_help(enum event_kind);

/*
 * Is a signal of that number an event? Those that end or stop whoever made no provision are, but for the ones by which programs talk to
 * each other: HUP, USR1, USR2, CHLD, CONT, URG, WINCH, and those of real time. 0 is no signal.
 */
bool	event_signal_told(uint32_t signal);

/* Which rules are asked: an open for writing, and one of a library, is also an open. */
static inline uint64_t
event_kind_mask(enum event_kind kind)
{
	uint64_t bit = 1ull << kind;

	return kind == EVENT_WRITE || kind == EVENT_LOAD ? bit | 1ull << EVENT_OPEN : bit;
}

#endif
