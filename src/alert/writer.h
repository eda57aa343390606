#ifndef ALERT_WRITER_H
#define ALERT_WRITER_H
/* Inside of alert_json(): what the parts of a record are written with. ecs.c has those that ECS names, own.c all others. */
#include "alert/json.h"

#define CAP_PATH	4400
#define CAP_ARGS	16000
#define CAP_SCRIPT	8192	/* of a text that may be as long in the event */
#define CAP_SMALL	1200
#define CAP_DIGEST	160	/* in hexadecimal digits */
#define CAP_WORD	500	/* what the kernel or we ourselves chose, or a name of at most 80 bytes */
#define CUT_MAX		48
#define CUT_RESERVE	2200	/* of that for yett.truncated */

struct writer {
	struct json		 j;
	const struct report	*r;
	const struct event	*ev;
	uint32_t		 have;	/* of what the event holds that which its kind can say, so that all of a record is bounded */
	const struct host_facts	*host;
	const char		*cut[CUT_MAX];	/* members that did not fit whole */
	unsigned		 n_cut;
};

/* The member of that whole name did not fit: told in yett.truncated. */
void	writer_cut(struct writer *, const char *member);
/* Is all of HAVE known? */
bool	writer_has(const struct writer *, uint32_t have);

/* Is there such a text, and is it known? */
bool	writer_has_text(const struct writer *, enum event_text);

/* A text of the event as member KEY; MEMBER is its whole name. */
struct member { const char *key, *member; size_t cap; };
void	writer_text(struct writer *, enum event_text, struct member);
/* A list: each part ends in NUL, or with the text. */
void	writer_list(struct writer *, enum event_text, struct member);
/* A text as the only member of OBJECT, if there is one. */
void	writer_single(struct writer *, const char *object, enum event_text, struct member);
/* ECS has ids of users as keywords: texts. */
void	writer_id(struct writer *, const char *key, uint32_t n);
void	writer_hex_id(struct writer *, const char *key, uint64_t n);
/* A long of ECS is signed; no file and no loss is as large. */
void	writer_amount(struct writer *, const char *key, uint64_t n);
/* Of the file, if it is known. */
void	writer_hash(struct writer *);

/* The object `yett`, which comes last, all but its end: the chain adds members. */
void	own_members(struct writer *);

#endif
