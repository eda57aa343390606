#ifndef CTL_PROVE_H
#define CTL_PROVE_H
/*
 * Proves files of records on all cores. They are cut into pieces of whole lines; where each piece begins in the chain is read off those
 * before it (verify_skip()), whoever has time proves one, and in the order of the log it is made sure that each ended where the next
 * began. What comes out is what one run of verify_line() would say.
 */
#include "alert/verify.h"

struct proof {
	struct verify	 v;		/* as far as it is proved; the caller begins it by verify_init() */
	const char	*head;		/* SHA-256 of a line that is looked for, 64 lower case hex digits; NULL: none */
	bool		 head_seen;
	enum damage	 damage;	/* of the line at LINE and OFFSET; after it nothing is read */
	uint64_t	 line, offset;	/* in the present file: how far it is proved, lines from 1 */
	uint64_t	 bytes;		/* proved of all files */
	void		(*tell)(void *, const struct proof *);	/* called now and then while it goes on; NULL: nobody listens */
	void		*listener;
	struct crew	*crew;
};

/* Starts helpers, as many as there are further cores. Where none can be started the caller's thread does it all. 0 or -ENOMEM. */
int	prove_begin(struct proof *);
/*
 * One more file, which continues those before it, read from where FD stands: it may be a pipe, or packed (alert/pack.h). FD stays the
 * caller's. 0, also when there is damage, or -errno of reading, -EBADMSG: what is packed is damaged; then, and after damage, only
 * prove_end() may follow.
 */
int	prove_file(struct proof *, int fd);
void	prove_end(struct proof *);

#endif
