#ifndef BASE_LOG_H
#define BASE_LOG_H
/*
 * Lines for the admin on stderr (the journal keeps them under systemd). Never blocks: what does not go out at once is
 * dropped, because whoever reads stderr may be waiting for us. Never called between an event and its answer.
 * No %m and no strerror: they open files behind our back; log_errno() knows the names of errors itself.
 */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_NOTICE, LOG_LEVEL_DEBUG };

/* ROOM prefixes each line of this process. Makes nothing: a process that never calls it logs as "yettd". */
void	log_init(const char *room, enum log_level most);
void	log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	log_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "fmt: ENOSPC (No space left on device)"-like; ERR positive or negative. */
void	log_errno(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Symbolic name of an errno, e.g. "ENOSPC"; never NULL. Opens nothing. */
const char *errno_name(int err);

#endif
