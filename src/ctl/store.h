#ifndef CTL_STORE_H
#define CTL_STORE_H
/*
 * Reading records from files. A line that is not one whole record is passed over with a note on stderr: whoever could write there
 * must not be able to keep the others from being shown.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* RECORD is borrowed; LINE is its text without the newline. False: no more. */
typedef bool store_fn(void *arg, json_t *record, const char *line, size_t len);

/*
 * Shows FN every record, oldest first, and with FOLLOW those that are written from then on, also to new files of these names: of the file
 * PATH, packed or not, or, where it is NULL, of both logs in the directory LOG, with their closed segments and with those logs that were
 * set aside there. Those whose segment ended before SINCE_NS (wall clock; 0: none) may be left out. ONLY lines that hold that text, which
 * is much faster than to look at records; NULL: all.
 */
struct store_ask { const char *path, *log, *only; uint64_t since_ns; bool follow; store_fn *fn; void *arg; };
/* 0, or -errno: it cannot be read. */
int	store_read(const struct store_ask *);

/* The member at a path such as "process.parent.executable"; NULL if there is none. */
json_t	*store_get(const json_t *record, const char *path);
/* Its text; "" if there is none. */
const char *store_text(const json_t *record, const char *path);
bool	store_number(const json_t *record, const char *path, int64_t *);
/* @timestamp; 0 if there is none. */
uint64_t store_time(const json_t *record);
/* Part of a path behind the last slash. */
const char *store_name(const char *path);

#endif
