#ifndef WATCH_CHANGE_H
#define WATCH_CHANGE_H
/* From what a file says by now, and what it said before, to events: one for each entry that differs. */
#include "watch/known.h"
#include "watch/logons.h"
#include "watch/outbox.h"
#include "watch/parse.h"

#define FACT_BYTES	(4u << 20)	/* of a file; what is longer is told as a whole */
#define CHANGES_MAX	256		/* events for one change of a file; of what is beyond, the number is told */

struct changes {
	struct outbox	*out;
	struct logons	*logons;	/* programs may have said it, too; NULL: nobody is asked */
	struct knowns	*known;
	uint8_t		 key[16];	/* of what must not be kept in clear */
	uint32_t	 told;		/* of the file in hand */
	const struct event *cause;	/* of them: path, attributes, process */
	struct fact	 fact;
	struct event	 event;
};

/*
 * Compares FILE with what is known of it and tells what differs as events like CAUSE; then it is known like this. QUIET: tells nothing.
 * A file that says the same as before was rewritten, if WRITTEN. SIZE: of all of it, which may be more than there is of its text.
 */
struct seen { struct fact_file file; struct file identity; uint64_t size; bool quiet, written; };
void	change_seen(struct changes *, const struct event *cause, const struct seen *);
/* It is not there any more: so is nothing of what it said. */
void	change_gone(struct changes *, const struct event *cause, struct known *);

#endif
