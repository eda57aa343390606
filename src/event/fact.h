#ifndef EVENT_FACT_H
#define EVENT_FACT_H
/* Where the files are of whose entries events tell: accounts, schedules, services. The table is fact.def. Pure. */
#include "event/event.h"

/* How a file is read. */
enum fact_format {
	FORMAT_PASSWD, FORMAT_SHADOW, FORMAT_GROUP, FORMAT_GSHADOW, FORMAT_SUDOERS, FORMAT_KEYS, FORMAT_PAM, FORMAT_PRELOAD, FORMAT_SSHD,
	FORMAT_CRONTAB, FORMAT_ANACRONTAB, FORMAT_USER_CRONTAB, FORMAT_AT, FORMAT_PROGRAM, FORMAT_UNIT, FORMAT__MAX
};

#define FACT_KINDS	(1ull << EVENT_ACCOUNT | 1ull << EVENT_SERVICE | 1ull << EVENT_SCHEDULE)
#define FACT_PATH	512	/* no longer path is looked at */

struct fact { enum event_kind kind; enum fact_format format; };

/* What is told of the file at this path, if it is one of them; false: it is none, or what editors leave behind beside them. */
bool	fact_find(const char *path, size_t len, struct fact *);
/* Is that a directory that such files lie in, also one of parts of units, which may be made at any time? */
bool	fact_is_place(const char *path, size_t len);

/* A directory that such files lie in. HOME: PATH is below the home of each account. UNITS: there are directories of parts below. */
struct fact_directory { const char *path; size_t len; uint64_t kinds; bool home, units; };
/* The directories of the table, each once; false: I is behind the last. */
bool	fact_directory(unsigned i, struct fact_directory *);

#endif
