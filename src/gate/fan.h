#ifndef GATE_FAN_H
#define GATE_FAN_H
/* fanotify: from the kernel's question to an event, and back to the kernel's answer. */
#include <sys/stat.h>
#include "gate/state.h"

enum { FAN_NONE, FAN_DONE, FAN_OWED };

/*
 * Takes one question from GROUP. Returns FAN_NONE, FAN_DONE when it needed no judgement, FAN_OWED, or -errno.
 * From FAN_OWED on an answer is owed. The debt stands in the page before the kernel hands over the question.
 */
int	fan_take(struct gate *, int group, bool waits, struct question *);

/* Tells the event in G->report.event all that the descriptor says: file, path, kind, time. */
void	fan_event(struct gate *, const struct question *);

/* What stat() says of the file of the event in hand; and the type of the file system that FD is on. */
void	fan_attributes(struct gate *, const struct stat *);
void	fan_file(struct gate *, const struct file *);
void	fan_filesystem(struct gate *, int fd);

/* An answer is given to who has waited since then. */
void	fan_count(struct gate *, uint64_t taken_ns);
/* Answers, unless that was done, and closes. ERR: what a no is called where the kernel lets us say it (EPERM, EBUSY, ETXTBSY). */
void	fan_answer(struct gate *, struct question *, enum decision, int err);

/* The oldest debt, for the backstop. */
void	fan_debt(struct gate *, uint64_t since_ns);

#endif
