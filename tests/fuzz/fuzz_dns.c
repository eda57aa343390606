/*
 * Packets of DNS, one after the other: a byte of flags (2: time passes before it, 4: somebody speaks to the server
 * that it goes to), its length in two bytes, and the packet from its network header on.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* Watch is a process, not a library: what reads packets is taken in whole. */
#include "watch/packet.c"
#include "watch/dns.c"
#include "watch/lookup.c"
#include "watch/asker.c"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct lookups t;
static struct askers who;
static struct dns d;
static uint64_t now_ns;
static unsigned asked, told;

static void
printable(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] < ' ' || s[i] > '~')
			abort();
}

static void
terminated(const char *s, size_t size)
{
	const char *end = memchr(s, '\0', size);

	if (!end)
		abort();
	printable(s, (size_t)(end - s));
}

static void
on_settled(void *arg, struct lookup *l)
{
	(void)arg;
	if (l->settled)
		abort();
	askers_find(&who, l);
}

static void
on_told(void *arg, struct lookup *l)
{
	(void)arg;
	told += l->settled;
	terminated(l->name, sizeof(l->name));
	terminated(l->type, sizeof(l->type));
	terminated(l->code, sizeof(l->code));
	if (l->answers_len > sizeof(l->answers) || (l->answers_len && l->answers[l->answers_len - 1]))
		abort();
	for (size_t at = 0; at < l->answers_len; at += strlen(l->answers + at) + 1)
		printable(l->answers + at, strlen(l->answers + at));
}

static void
put_message(const struct packet *p, const uint8_t *m, size_t len)
{
	int err = dns_parse(m, len, &d);

	if (err && err != -EBADMSG)
		abort();
	if (!err && d.response)
		lookups_answer(&t, p, &d, now_ns);
	else if (!err)
		asked += lookups_ask(&t, p, &d, now_ns, now_ns) != NULL;
}

static void
put_packet(const uint8_t *bytes, size_t len, bool speaks)
{
	struct packet p;
	int err = packet_parse(bytes, len, &p);

	if (err && err != -EBADMSG && err != -ENOMSG)
		abort();
	if (err)
		return;
	if (p.payload < bytes || !p.len || (size_t)(p.payload - bytes) + p.len > len)
		abort();
	if (speaks)
		askers_put(&who, &(struct asker){ .to = p.to, .caller.process.pid = 1 + p.from.port, .boot_ns = now_ns });
	put_message(&p, p.payload, p.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	now_ns = 10 * LOOKUP_WAIT_NS;
	asked = told = 0;
	memset(&who, 0, sizeof(who));
	lookups_init(&t, on_settled, on_told, NULL);
	for (size_t at = 0; size - at > 3;) {
		size_t there = size - at - 3, len = packet_word(data + at + 1);
		len = len < there ? len : there;
		/* Without a byte to spare. */
		uint8_t *exact = malloc(len ? len : 1);
		if (!exact)
			abort();
		memcpy(exact, data + at + 3, len);
		if (data[at] & 2)
			now_ns += LOOKUP_WAIT_NS / 4;
		lookups_tick(&t, now_ns);
		put_packet(exact, len, data[at] & 4);
		free(exact);
		at += 3 + len;
	}
	for (uint64_t at = now_ns + LOOKUP_WAIT_NS; at; at = lookups_tick(&t, at))
		;
	if (t.open || told != asked)
		abort();
	return 0;
}
