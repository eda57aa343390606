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
/* PID runs another program since AT_NS; EXE of LEN bytes, 0 if it cannot be read any more. SEEN: by its path it was asked about. */
struct coverage_exec { int32_t pid; uint64_t at_ns; const char *exe; size_t len; bool seen; };
void	coverage_ran(struct gate *, const struct coverage_exec *);
/* Between turns: who is only told of execs may be told after they happened. */
void	coverage_tend(struct gate *, uint64_t now_ns);
/* Is this a file system where we are asked about every exec? */
bool	coverage_gated(const struct page *, uint64_t dev);

#endif
