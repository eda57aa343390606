#ifndef CTL_FINDING_H
#define CTL_FINDING_H
/* What verify found in a log, as a sentence and an exit code, for people and for programs. */
#include "ctl/ctl.h"
#include "ctl/prove.h"

struct verify_options { const char *key, *events_key, *expect_seq, *expect_head; };

struct run {
	struct proof	 proof;
	bool		 anchored;	/* the first key was given */
	char		 head[65];	/* hash of a line that has to be there, in small letters; "": none */
	const char	*file;		/* present one, or that with the damage */
	const char	*broken;	/* what is wrong with a directory of segments; FILE says which of them; NULL: nothing */
	uint64_t	 removed;	/* segments that are not there any more, before those that are */
	unsigned	 files;		/* read so far */
	char		 first[CONFIG_PATH + 64];	/* that begins with record 0; "": none */
	struct follows { char log[17], head[65]; uint64_t records; } follows;	/* as that record tells; log "": it does not */
	uint64_t	 total;		/* bytes of all files; 0: unknown, as of a pipe */
	uint64_t	 began_ns, shown_ns;
	bool		 tells, shown;	/* stderr is a terminal; something stands there */
};

/* The outcome: an exit code and a sentence. */
struct finding { enum answer answer; const char *result; char why[512]; };

/* Judges what was proved. */
void	finding_of(const struct run *, const struct verify_options *, struct finding *);
/* In some lines; as members of an object. */
void	finding_show(const struct run *, const struct finding *);
void	finding_show_json(const struct run *, const struct finding *);

#endif
