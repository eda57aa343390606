#ifndef GATE_COVERAGE_H
#define GATE_COVERAGE_H
/*
 * How many programs were started on each file system, and how many of them were judged. What is started is what the proc connector
 * says; what was judged is what the kernel asked about before. A script counts where its interpreter lies. Nothing here is in the way
 * of an answer.
 */
#include "gate/state.h"

/* The question about an exec in G->report is answered with yes: the program that PID will run, unless it fails. */
void	coverage_asked(struct gate *, int32_t pid);
/*
 * PID runs another program since AT_NS; EXE of LEN bytes, 0 if it cannot be read any more, and ST of its file, NULL likewise. SEEN: by its
 * path it was asked about. FILE is filled in. EXPLAINED: by a question, by what the kernel remembers, or it cannot be known. SLIPPED:
 * nobody was asked, and it was counted why. OPEN: nobody was asked, and if that was right is for the policy to say; coverage_settle()
 * counts it.
 */
enum coverage_answer { COVERAGE_EXPLAINED, COVERAGE_SLIPPED, COVERAGE_OPEN };
struct stat;
struct coverage_exec {
	int32_t			 pid;
	uint64_t		 at_ns;
	const char		*exe;
	size_t			 len;
	const struct stat	*st;
	bool			 seen;
	struct coverage_file	 file;
};
enum coverage_answer coverage_ran(struct gate *, struct coverage_exec *);
void	coverage_settle(struct gate *, uint64_t dev, enum coverage);
/* Between turns: an exec that nobody was told of in time, by a gate that is only told, is OPEN; false: there is none. */
bool	coverage_overdue(struct gate *, uint64_t now_ns, struct coverage_late *);
/* Audit tells of this exec. False: nobody could judge it yet; a connector that knew that there was one is put down as a witness. */
bool	coverage_audited(struct gate *, struct event *);
/* Has audit told of this exec, of which the proc connector has, before anybody looked at it? */
bool	coverage_witnessed(const struct gate *, const struct event *);
/* Is this a file system where we are asked about every exec? */
bool	coverage_gated(const struct page *, uint64_t dev);

#endif
