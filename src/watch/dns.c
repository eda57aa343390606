#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "watch/dns.h"
#include "watch/packet.h"

#define HEAD		12
#define LABEL_MAX	63
#define NAME_WIRE_MAX	255
#define POINTERS_MAX	64	/* in one name: what needs more only wants to keep us busy */
#define RECORD_HEAD	10	/* behind the name: type, class, time to live, length */

enum { TYPE_A = 1, TYPE_NS = 2, TYPE_CNAME = 5, TYPE_PTR = 12, TYPE_MX = 15, TYPE_TXT = 16, TYPE_AAAA = 28, TYPE_SRV = 33 };

static const struct { uint16_t value; const char *name; } types[] = {
	{ TYPE_A, "A" }, { TYPE_NS, "NS" }, { TYPE_CNAME, "CNAME" }, { 6, "SOA" }, { 10, "NULL" }, { TYPE_PTR, "PTR" }, { 13, "HINFO" },
	{ TYPE_MX, "MX" }, { TYPE_TXT, "TXT" }, { TYPE_AAAA, "AAAA" }, { 29, "LOC" }, { TYPE_SRV, "SRV" }, { 35, "NAPTR" }, { 37, "CERT" },
	{ 39, "DNAME" }, { 41, "OPT" }, { 43, "DS" }, { 44, "SSHFP" }, { 46, "RRSIG" }, { 47, "NSEC" }, { 48, "DNSKEY" }, { 50, "NSEC3" },
	{ 52, "TLSA" }, { 61, "OPENPGPKEY" }, { 64, "SVCB" }, { 65, "HTTPS" }, { 99, "SPF" }, { 249, "TKEY" }, { 250, "TSIG" },
	{ 251, "IXFR" }, { 252, "AXFR" }, { 255, "ANY" }, { 256, "URI" }, { 257, "CAA" },
};

static const char *const codes[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",
	"NOTAUTH", "NOTZONE" };

struct reader { const uint8_t *data; size_t len, at; };

static size_t
put_byte(char *out, uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		c = (uint8_t)(c - 'A' + 'a');
	if (c <= ' ' || c >= 0x7f)
		return (size_t)snprintf(out, 5, "\\%03u", c);
	size_t n = 0;
	if (c == '.' || c == '\\')
		out[n++] = '\\';
	out[n++] = (char)c;
	return n;
}

/*
 * A name at R->at, which is left behind it. A pointer leads before the beginning of the piece that it ends, so each is further
 * back than the one before and there is no loop. 0 or -EBADMSG.
 */
static int
read_name(struct reader *r, char out[DNS_NAME_MAX])
{
	size_t at = r->at, piece = at, wire = 1, n = 0;
	unsigned jumps = 0;

	while (at < r->len && r->data[at]) {
		unsigned c = r->data[at];
		if (c >= 0xc0) {
			if (r->len - at < 2)
				return -EBADMSG;
			size_t to = packet_word(r->data + at) & 0x3fff;
			if (!jumps)
				r->at = at + 2;
			if (to >= piece || jumps++ == POINTERS_MAX)
				return -EBADMSG;
			at = piece = to;
			continue;
		}
		wire += c + 1;
		if (c > LABEL_MAX || c > r->len - at - 1 || wire > NAME_WIRE_MAX)
			return -EBADMSG;
		if (n)
			out[n++] = '.';
		for (size_t i = 1; i <= c; i++)
			n += put_byte(out + n, r->data[at + i]);
		at += c + 1;
	}
	if (at >= r->len)
		return -EBADMSG;
	if (!jumps)
		r->at = at + 1;
	if (!n)
		out[n++] = '.';
	out[n] = '\0';
	return 0;
}

static void
put_type(uint16_t type, char out[DNS_TYPE_MAX])
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].value == type) {
			snprintf(out, DNS_TYPE_MAX, "%s", types[i].name);
			return;
		}
	snprintf(out, DNS_TYPE_MAX, "TYPE%u", type);
}

static void
put_code(unsigned code, char out[DNS_CODE_MAX])
{
	if (code < sizeof(codes) / sizeof(codes[0]))
		snprintf(out, DNS_CODE_MAX, "%s", codes[code]);
	else
		snprintf(out, DNS_CODE_MAX, "RCODE%u", code);
}

static void
add_answer(struct dns *d, const char *text)
{
	size_t n = strlen(text) + 1;

	if (n > sizeof(d->answers) - d->answers_len) {
		d->cut = true;
		return;
	}
	memcpy(d->answers + d->answers_len, text, n);
	d->answers_len += n;
}

/* Strings of a TXT record, one after the other as who reads them puts them together. */
static int
put_strings(const uint8_t *p, size_t len, struct dns *d)
{
	char text[4 * DNS_TEXT_SHOWN + 1];
	size_t n = 0, shown = 0;

	for (size_t at = 0; at < len; at += 1 + (size_t)p[at]) {
		if (p[at] > len - at - 1)
			return -EBADMSG;
		for (size_t i = 1; i <= p[at]; i++) {
			uint8_t c = p[at + i];
			if (shown++ >= DNS_TEXT_SHOWN)
				d->cut = true;
			else if (c >= ' ' && c < 0x7f && c != '\\')
				text[n++] = (char)c;
			else
				n += (size_t)snprintf(text + n, 5, "\\%03u", c);
		}
	}
	text[n] = '\0';
	add_answer(d, text);
	return 0;
}

/* A name behind SKIP bytes of numbers, which are told before it; it ends where the record ends. */
static int
put_named(const struct reader *r, size_t len, size_t skip, struct dns *d)
{
	struct reader in = { .data = r->data, .len = r->len, .at = r->at + skip };
	char name[DNS_NAME_MAX], text[DNS_NAME_MAX + 24];
	const uint8_t *p = r->data + r->at;

	if (len <= skip || read_name(&in, name) || in.at != r->at + len)
		return -EBADMSG;
	if (skip == 6)
		snprintf(text, sizeof(text), "%u %u %u %s", packet_word(p), packet_word(p + 2), packet_word(p + 4), name);
	else if (skip == 2)
		snprintf(text, sizeof(text), "%u %s", packet_word(p), name);
	else
		snprintf(text, sizeof(text), "%s", name);
	add_answer(d, text);
	return 0;
}

static int
put_address(const uint8_t *p, size_t len, int family, struct dns *d)
{
	char text[INET6_ADDRSTRLEN];

	if (len != (family == AF_INET ? 4 : 16) || !inet_ntop(family, p, text, sizeof(text)))
		return -EBADMSG;
	add_answer(d, text);
	return 0;
}

static int
put_data(const struct reader *r, unsigned type, size_t len, struct dns *d)
{
	const uint8_t *p = r->data + r->at;

	if (type == TYPE_A || type == TYPE_AAAA)
		return put_address(p, len, type == TYPE_A ? AF_INET : AF_INET6, d);
	if (type == TYPE_NS || type == TYPE_CNAME || type == TYPE_PTR)
		return put_named(r, len, 0, d);
	if (type == TYPE_MX || type == TYPE_SRV)
		return put_named(r, len, type == TYPE_MX ? 2 : 6, d);
	return type == TYPE_TXT ? put_strings(p, len, d) : 0;
}

static int
read_answer(struct reader *r, struct dns *d)
{
	char owner[DNS_NAME_MAX];

	if (read_name(r, owner) || r->len - r->at < RECORD_HEAD)
		return -EBADMSG;
	unsigned type = packet_word(r->data + r->at), class = packet_word(r->data + r->at + 2);
	size_t len = packet_word(r->data + r->at + 8);
	r->at += RECORD_HEAD;
	if (len > r->len - r->at || (class == 1 && put_data(r, type, len, d)))
		return -EBADMSG;
	r->at += len;
	return 0;
}

int
dns_parse(const uint8_t *p, size_t len, struct dns *d)
{
	struct reader r = { .data = p, .len = len, .at = HEAD };

	d->answers_len = 0;
	d->code[0] = '\0';
	if (len < HEAD || packet_word(p + 4) != 1 || read_name(&r, d->name) || r.len - r.at < 4)
		return -EBADMSG;
	d->id = (uint16_t)packet_word(p);
	d->response = p[2] & 0x80;
	d->cut = p[2] & 0x02;
	put_type((uint16_t)packet_word(p + r.at), d->type);
	r.at += 4;
	if (!d->response)
		return 0;
	put_code(p[3] & 15, d->code);
	for (unsigned i = packet_word(p + 6); i > 0; i--)
		if (read_answer(&r, d)) {
			d->cut = true;
			break;
		}
	return 0;
}
