#ifndef WARDEN_WHO_H
#define WARDEN_WHO_H
/* Who asked for a change, or sent a signal: the kernel names pid and uid, /proc the rest. */
#include "event/event.h"

struct who {
	int32_t		pid;		/* 0: nobody, as when a time has run out */
	uint32_t	uid, ruid, gid, auid;
	uint64_t	start_ns;
	char		exe[256];	/* "" unknown */
};

#define WHO_WORDS 400

/* Looks while PID waits for us, so that it is still the same. What cannot be found stays unknown. */
void	who_find(struct who *, int32_t pid, uint32_t uid);
/* "uid 0 (login uid 1000) pid 4711 /usr/bin/yettctl"; "nobody". */
const char *who_words(const struct who *, char out[WHO_WORDS]);
struct process who_process(const struct who *);
/* As process and user of the event; nothing for nobody. */
void	who_put(const struct who *, struct event *);

#endif
