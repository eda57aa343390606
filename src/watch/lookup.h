#ifndef WATCH_LOOKUP_H
#define WATCH_LOOKUP_H
/*
 * Lookups under way: a question and its answer become one event. Up to LOOKUPS at a time; when all places are taken the oldest is told at
 * once, without waiting longer for its answer, and counted. No allocation, no clock: the caller brings the time.
 *
 * Only a question makes a lookup. An answer that nobody here asked for comes from somebody who wants to be believed.
 */
#include "event/event.h"
#include "watch/caller.h"
#include "watch/dns.h"
#include "watch/packet.h"

#define LOOKUPS		1024
#define LOOKUP_WAIT_NS	1500000000ull	/* for an answer */
#define LOOKUP_SETTLE_NS 40000000ull	/* until audit has told who asked */

#define LOOKUP_ROUND_NS	2000000ull	/* what is due is looked for this often at most, */
#define LOOKUP_ROUND	128		/* and so many are told at once */
#define LOOKUP_HOLDERS	4	/* of whom the gate is asked whether they hold the socket */

struct lookup {
	struct peer	 from, to;
	bool		 tcp, answered, cut;
	uint16_t	 id;
	uint32_t	 hash;		/* of all that question and answer have in common; 0: the place is free */
	uint64_t	 boot_ns, wall_ns, due_ns;
	uint64_t	 inode;		/* of the socket that asked; 0: not known */
	uint32_t	 uid;		/* of its owner; UINT32_MAX: not known */
	struct { int32_t pid; uint32_t fd; } holder[LOOKUP_HOLDERS];
	unsigned	 holders;	/* asked about so far */
	bool		 settled;	/* `settle` has been asked who made it: */
	struct caller	 caller;
	char		 name[DNS_NAME_MAX], type[DNS_TYPE_MAX], code[DNS_CODE_MAX];
	size_t		 answers_len;
	char		 answers[DNS_ANSWERS_MAX];
};

typedef void lookup_fn(void *arg, struct lookup *);

struct lookups {
	lookup_fn	*settle;	/* called for each once, LOOKUP_SETTLE_NS after its question or when it is over */
	lookup_fn	*told;		/* called for each that is over */
	void		*arg;
	uint64_t	 early;		/* told before their answer came */
	uint64_t	 next_ns;	/* nothing is due before; 0: none is open */
	unsigned	 open;
	uint32_t	 hash[LOOKUPS];	/* of place[], in one piece to be searched */
	struct lookup	 place[LOOKUPS];
};

void	lookups_init(struct lookups *, lookup_fn *settle, lookup_fn *told, void *arg);
/* A question. The lookup that began, or NULL: it is known, asked again. */
struct lookup *lookups_ask(struct lookups *, const struct packet *, const struct dns *, uint64_t boot_ns, uint64_t wall_ns);
/* An answer; one that belongs to no question is passed over. */
void	lookups_answer(struct lookups *, const struct packet *, const struct dns *, uint64_t boot_ns);
/* Tells what is due. The time at which the next one is, 0: none is open. */
uint64_t lookups_tick(struct lookups *, uint64_t boot_ns);

#endif
