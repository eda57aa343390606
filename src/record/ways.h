#ifndef RECORD_WAYS_H
#define RECORD_WAYS_H
/*
 * Ways out besides the signed log: the journal, syslog, a program, and a file of metrics. None of them is waited for. What one does not
 * take at once is dropped and counted, which is told in the log when it begins and when it is over; the log itself loses nothing by it.
 *
 * Alerts and states go out when they are added to the batch, before they are on disk: while the disk is full, the ways out are what is
 * left. After a crash of this process the same record may therefore go out twice. At a heartbeat the head of the log goes out,
 * after its commit: who keeps these lines elsewhere is a witness.
 *
 * The datagram socket has no peer: each message names the path, so the kernel looks it up anew, and a journal that was restarted, or comes
 * later, is reached without any call or right that we do not have anyway (its socket is writable by everybody).
 */
#include "alert/chain.h"
#include "alert/json.h"
#include "policy/config.h"
#include "wire/page.h"

struct ways_setup {
	int		 sock;		/* datagram, unconnected, non-blocking; -1: neither journal nor syslog */
	int		 hook_sock;	/* to the process that runs a program; -1: none */
	int		 metrics_dir;	/* -1: none */
	const struct config *config;
	struct page	*page;
	const struct host_facts *host;
};

/* Opens nothing. One set of ways in a process. */
void	ways_open(const struct ways_setup *);

/* What was just added to the batch: REPORT, and the body of its line as alert_json() left it. */
struct ways_line { const struct report *report; const char *body; size_t len; uint64_t sequence; };
void	ways_record(const struct ways_line *);

/* After each commit. HEAD: what the next line will be on top of. LAST: nothing follows. */
void	ways_committed(const struct chain_head *head, bool last);

/* Something to be told in the log: a way began to drop, or takes everything again. */
struct ways_news { bool drops; uint64_t count; char why[320]; };
bool	ways_news(struct ways_news *);

/* Writes the metrics when they are due. Returns when to call again, on the boot clock; UINT64_MAX: no need. */
uint64_t ways_tend(uint64_t now_ns);

#endif
