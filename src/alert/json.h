#ifndef ALERT_JSON_H
#define ALERT_JSON_H
/*
 * Records as ECS JSON: an append-only writer into a bounded buffer, and the one function that turns a report into the
 * body of a line. A byte that is not part of valid UTF-8, and NUL, becomes the four characters \xNN in the string (so "\\xNN" in the
 * JSON text), and a backslash that is followed by an x becomes \x5c: replacing every \xNN by its byte undoes it.
 */
#include "event/verdict.h"

#define RECORD_MAX	65536	/* bytes of a line, newline included */

/*
 * Every call writes its member whole or not at all; what was opened can always be closed. A text that does not fit is cut
 * between two characters.
 */
struct json {
	char		*buf;
	size_t		 len, size;
	bool		 full;		/* something did not fit; the text is still cut at a safe place */
	bool		 comma;		/* a value precedes in this object */
	unsigned	 depth;		/* objects and arrays that are open: each has a byte in reserve */
	unsigned	 skipped;	/* opened when there was no room: nothing is written until they are closed */
};

void	json_init(struct json *, char *buf, size_t size);
void	json_open(struct json *, const char *key);	/* key NULL: no key (array element, root) */
void	json_close(struct json *);
void	json_list(struct json *, const char *key);
void	json_list_end(struct json *);
void	json_text(struct json *, const char *key, const char *s, size_t len);
/* The same with at most CAP bytes between the quotes. Returns how many bytes of S were taken. */
size_t	json_text_cap(struct json *, const char *key, const char *s, size_t len, size_t cap);
void	json_str(struct json *, const char *key, const char *s);
void	json_num(struct json *, const char *key, int64_t);
void	json_unum(struct json *, const char *key, uint64_t);
void	json_bool(struct json *, const char *key, bool);
void	json_hex(struct json *, const char *key, const uint8_t *, size_t n);
/* RFC 3339 with nanoseconds, UTC, no libc time zone (it opens files). */
void	json_time(struct json *, const char *key, uint64_t wall_ns);

/* The same as a text, with PLACES digits after the second (1 to 9). */
#define JSON_CLOCK	48
void	json_clock(char out[JSON_CLOCK], uint64_t wall_ns, unsigned places);
/* Bytes of the UTF-8 character at S, of LEN bytes, at least one; 0: none. No overlong forms, no surrogates, nothing beyond U+10FFFF. */
size_t	json_character(const uint8_t *s, size_t len);

/* What is the same in every record of a host. */
struct host_facts {
	char	hostname[65], id[33], boot_id[37], version[24], agent_id[17], kernel[65];
};

/*
 * Writes the members of a record, without the closing brace and without the chain members, which chain_append() adds
 * (the object `yett` is left open for them). SEQUENCE is event.sequence. Always fits into ALERT_MIN bytes or more: long members
 * are cut and listed in yett.truncated. Returns the length. REPORT is one that report_from_wire() let pass.
 */
#define ALERT_MIN	60000
size_t	alert_json(char *buf, size_t size, const struct report *, const struct host_facts *, uint64_t sequence);

#endif
