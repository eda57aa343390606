#ifndef WATCH_DNS_H
#define WATCH_DNS_H
/*
 * One DNS message: its question and its answers, as text. Whoever can send a packet writes it. No allocation.
 *
 * Names are written in lower case, since DNS does not tell cases apart and resolvers mix them to be harder to deceive; without the last
 * dot, the root alone is ".". As in zone files, a dot or a backslash within a label is escaped by a backslash, and any byte that is not
 * printable ASCII is \DDD in decimal, so the text tells exactly what was asked for.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_NAME_MAX	1024	/* 255 bytes, each of which may take four */
#define DNS_TYPE_MAX	12
#define DNS_CODE_MAX	12
#define DNS_ANSWERS_MAX	2048	/* bytes of text that are kept of the answers */
#define DNS_TEXT_SHOWN	255	/* of a TXT record */

struct dns {
	uint16_t id;
	bool	 response, cut;		/* cut: records are missing that it says it has, or found no room */
	char	 name[DNS_NAME_MAX], type[DNS_TYPE_MAX];	/* terminated; type as A, or TYPE65 where it has no name here */
	char	 code[DNS_CODE_MAX];	/* of a response: NOERROR, NXDOMAIN ... or RCODE23 */
	size_t	 answers_len;
	char	 answers[DNS_ANSWERS_MAX];	/* A, AAAA, CNAME, MX, TXT, PTR, SRV, NS: their data, each with its NUL */
};

/*
 * Reads LEN bytes. 0; -EBADMSG: what is no message with one whole question. Answers are read as far as they can be: a lie in them ends
 * them and sets `cut`.
 */
int	dns_parse(const uint8_t *, size_t len, struct dns *);

#endif
