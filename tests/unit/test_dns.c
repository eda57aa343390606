#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>
/* Watch is a process, not a library: what reads packets is taken in whole. */
#include "watch/packet.c"
#include "watch/dns.c"
#include "watch/lookup.c"
#include "watch/asker.c"

#define SEC 1000000000ull

static struct dns d;
static struct lookups t;
static struct askers who;
static struct lookup told[2 * LOOKUPS];
static unsigned n_told, n_settled;

/* A message as it is written on paper: bytes of a string, without its end. From memory without a byte to spare. */
#define READ(s) read_bytes(s, sizeof(s) - 1)

static int
read_bytes(const char *s, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, s, len);
	int err = dns_parse(exact, len, &d);
	free(exact);
	return err;
}

#define ASK	"\x12\x34\1\0\0\1\0\0\0\0\0\0"
#define SAID(n)	"\x12\x34\x81\x80\0\1\0" n "\0\0\0\0"
#define WWW	"\3wWw\7ExAmple\3oRg\0"
#define IN(type) "\0" type "\0\1"
#define FROM12	"\xc0\x0c"
#define TTL	"\0\0\0\x3c"

static void
answers_are(const char *list, size_t len)
{
	assert_int_equal(d.answers_len, len);
	assert_memory_equal(d.answers, list, len);
}
#define ANSWERS(s) answers_are(s, sizeof(s))

static void
test_a_question_is_read_in_lower_case(void **state)
{
	(void)state;
	assert_int_equal(READ(ASK WWW IN("\1")), 0);
	assert_string_equal(d.name, "www.example.org");
	assert_string_equal(d.type, "A");
	assert_int_equal(d.id, 0x1234);
	assert_false(d.response);
	assert_string_equal(d.code, "");
	assert_int_equal(READ(ASK "\0" IN("\2")), 0);
	assert_string_equal(d.name, ".");
	assert_string_equal(d.type, "NS");
	assert_int_equal(READ(ASK "\1a\0\xff\xdc\0\1"), 0);
	assert_string_equal(d.type, "TYPE65500");
}

static void
test_a_name_tells_exactly_what_was_asked(void **state)
{
	(void)state;
	assert_int_equal(READ(ASK "\11" "a.b\\c\0\xff \n\0" IN("\1")), 0);
	assert_string_equal(d.name, "a\\.b\\\\c\\000\\255\\032\\010");
}

static void
test_all_kinds_of_answers(void **state)
{
	(void)state;
	assert_int_equal(READ(SAID("\1") WWW IN("\1") FROM12 IN("\1") TTL "\0\4\300\0\2\1"), 0);
	assert_true(d.response);
	assert_string_equal(d.code, "NOERROR");
	ANSWERS("192.0.2.1");
	assert_int_equal(READ(SAID("\2") WWW IN("\1") FROM12 IN("\5") TTL "\0\4\1Z\xc0\x10" FROM12 IN("\x1c") TTL
	    "\0\x10\x20\1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\1"), 0);
	ANSWERS("z.example.org\0" "2001:db8::1");
	assert_int_equal(READ(SAID("\3") WWW IN("\xff") FROM12 IN("\x0f") TTL "\0\4\0\x0a\xc0\x0c" FROM12 IN("\x21") TTL
	    "\0\x08\0\1\0\2\1\xbb\xc0\x10" FROM12 IN("\x10") TTL "\0\x08\3a\"b\3\\\1c"), 0);
	assert_string_equal(d.type, "ANY");
	ANSWERS("10 www.example.org\0" "1 2 443 example.org\0" "a\"b\\092\\001c");
	assert_false(d.cut);
}

static void
test_codes_have_their_names(void **state)
{
	(void)state;
	assert_int_equal(READ("\0\0\x81\x83\0\1\0\0\0\0\0\0" WWW IN("\1")), 0);
	assert_string_equal(d.code, "NXDOMAIN");
	assert_int_equal(READ("\0\0\x81\x8f\0\1\0\0\0\0\0\0" WWW IN("\1")), 0);
	assert_string_equal(d.code, "RCODE15");
	assert_int_equal(d.answers_len, 0);
}

static void
test_questions_that_lie_are_none(void **state)
{
	char many[512] = "";

	(void)state;
	assert_int_equal(READ(""), -EBADMSG);
	assert_int_equal(READ("\x12\x34\1\0\0\1\0\0\0\0\0"), -EBADMSG);
	assert_int_equal(READ(ASK), -EBADMSG);
	assert_int_equal(READ(ASK "\3www"), -EBADMSG);
	assert_int_equal(READ(ASK "\3ww"), -EBADMSG);
	assert_int_equal(READ(ASK WWW "\0\1\0"), -EBADMSG);
	assert_int_equal(READ("\x12\x34\1\0\0\0\0\0\0\0\0\0" WWW IN("\1")), -EBADMSG);
	assert_int_equal(READ("\x12\x34\1\0\0\2\0\0\0\0\0\0" WWW IN("\1")), -EBADMSG);
	assert_int_equal(READ(ASK "\xc0\x0c" IN("\1")), -EBADMSG);		/* to itself */
	assert_int_equal(READ(ASK "\1a\xc0\x0c" IN("\1")), -EBADMSG);		/* to its own beginning */
	assert_int_equal(READ(ASK "\xc0\x20" IN("\1") "\1a\0"), -EBADMSG);	/* forward */
	assert_int_equal(READ(ASK "\xff\xff" IN("\1")), -EBADMSG);		/* out of it */
	assert_int_equal(READ(ASK "\xc0"), -EBADMSG);
	assert_int_equal(READ(ASK "\x40" "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\0" IN("\1")), -EBADMSG);
	/* Four labels of 62 and what is left make 255; one byte more is too long. */
	memcpy(many, ASK, 12);
	size_t at = 12;
	for (int i = 0; i < 4; i++, at += 63) {
		many[at] = 62;
		memset(many + at + 1, 1, 62);
	}
	many[at] = 1;
	many[at + 1] = 'x';
	memcpy(many + at + 2, "\0\0\1\0\1", 5);
	assert_int_equal(read_bytes(many, at + 7), 0);
	assert_int_equal(strlen(d.name), 4 * (4 * 62 + 1) + 1);
	many[at] = 2;
	memcpy(many + at + 3, "\0\0\1\0\1", 5);
	assert_int_equal(read_bytes(many, at + 8), -EBADMSG);
}

static void
test_answers_that_lie_end_them(void **state)
{
	(void)state;
	assert_int_equal(READ(SAID("\xff") WWW IN("\1") FROM12 IN("\1") TTL "\0\4\300\0\2\1"), 0);
	assert_true(d.cut);
	ANSWERS("192.0.2.1");
	assert_int_equal(READ(SAID("\1") WWW IN("\1") FROM12 IN("\1") TTL "\0\5\300\0\2\1\1"), 0);
	assert_true(d.cut);
	assert_int_equal(d.answers_len, 0);
	assert_int_equal(READ(SAID("\1") WWW IN("\1") FROM12 IN("\1") TTL "\xff\xff\300\0\2\1"), 0);
	assert_true(d.cut);
	assert_int_equal(READ(SAID("\1") WWW IN("\1") FROM12 IN("\5") TTL "\0\3\300\x0c\0"), 0);	/* it ends before its record */
	assert_true(d.cut);
	assert_int_equal(READ(SAID("\1") WWW IN("\1") FROM12 IN("\x10") TTL "\0\2\5a"), 0);
	assert_true(d.cut);
	assert_int_equal(READ(SAID("\1") WWW IN("\1") FROM12 IN("\x0f") TTL "\0\2\0\1"), 0);
	assert_true(d.cut);
}

static void
test_pointers_without_end_are_given_up(void **state)
{
	uint8_t m[4096] = { 0, 0, 0x81, 0x80, 0, 1, 0, 1 };
	size_t at = 12;

	(void)state;
	/* A question with type and class, then pointers, each to the one before. */
	memcpy(m + at, "\1a\0\0\1\0\1", 7);
	size_t before = at;
	for (at += 7; at < 1000; at += 2) {
		m[at] = (uint8_t)(0xc0 | before >> 8);
		m[at + 1] = (uint8_t)before;
		before = at;
	}
	assert_int_equal(dns_parse(m, at, &d), 0);
	assert_true(d.cut);		/* the first answer would be such a name: it ends there, and its record is garbage */
	struct reader r = { .data = m, .len = at, .at = before };
	char name[DNS_NAME_MAX];
	assert_int_equal(read_name(&r, name), -EBADMSG);
	r.at = 19 + 2 * 10;
	assert_int_equal(read_name(&r, name), 0);
	assert_string_equal(name, "a");
}

static void
test_what_has_no_room_is_said(void **state)
{
	static uint8_t m[8192] = { 0, 0, 0x81, 0x80, 0, 1, 1, 0 };
	size_t at = 12;

	(void)state;
	memcpy(m + at, "\1a\0\0\1\0\1", 7);
	for (at += 7; at + 16 <= 12 + 7 + 256 * 16; at += 16)
		memcpy(m + at, "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\300\0\2\1", 16);
	assert_int_equal(dns_parse(m, at, &d), 0);
	assert_true(d.cut);
	assert_int_equal(d.answers_len, DNS_ANSWERS_MAX / 10 * 10);
}

/* From ADDRESS "ip port" to another; UDP unless TCP. Bytes of a whole packet, the length in *LEN. */
static uint8_t *
make_ip4(bool tcp, uint16_t from, uint16_t to, const char *data, size_t n, size_t *len)
{
	size_t head = tcp ? 40 : 28;
	uint8_t *p = calloc(1, head + n);

	assert_non_null(p);
	*len = head + n;
	memcpy(p, "\x45\0\0\0\0\0\x40\0\x40\0\0\0\x7f\0\0\1\x7f\0\0\x35", 20);
	p[2] = (uint8_t)(*len >> 8);
	p[3] = (uint8_t)*len;
	p[9] = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	memcpy(p + 20, &(uint16_t){ htons(from) }, 2);
	memcpy(p + 22, &(uint16_t){ htons(to) }, 2);
	if (tcp)
		p[32] = 0x50;
	else
		p[25] = (uint8_t)(8 + n);
	memcpy(p + head, data, n);
	return p;
}

static void
test_packets(void **state)
{
	struct packet p;
	size_t len;
	uint8_t *m = make_ip4(false, 4000, 53, "abc", 3, &len);

	(void)state;
	assert_int_equal(packet_parse(m, len, &p), 0);
	assert_int_equal(p.from.port, 4000);
	assert_int_equal(p.to.port, 53);
	assert_memory_equal(p.to.addr, "\x7f\0\0\x35", 4);
	assert_int_equal(p.len, 3);
	assert_memory_equal(p.payload, "abc", 3);
	for (size_t n = 0; n < len - 3; n++)
		assert_true(packet_parse(m, n, &p) < 0);
	m[25] = 7;			/* shorter than its own header */
	assert_int_equal(packet_parse(m, len, &p), -EBADMSG);
	m[25] = 9;			/* what lies behind is not its own */
	assert_int_equal(packet_parse(m, len, &p), 0);
	assert_int_equal(p.len, 1);
	m[6] = 1;			/* a later fragment */
	assert_int_equal(packet_parse(m, len, &p), -ENOMSG);
	m[6] = 0;
	m[0] = 0x44;
	assert_int_equal(packet_parse(m, len, &p), -EBADMSG);
	m[0] = 0x4f;
	assert_int_equal(packet_parse(m, len, &p), -EBADMSG);
	m[0] = 0x55;
	assert_int_equal(packet_parse(m, len, &p), -EBADMSG);
	free(m);
	m = make_ip4(true, 4000, 53, "\0\1x", 3, &len);
	assert_int_equal(packet_parse(m, len, &p), 0);
	assert_true(p.tcp);
	assert_int_equal(p.len, 3);
	assert_int_equal(packet_parse(m, len - 3, &p), -ENOMSG);	/* only an acknowledgement */
	m[32] = 0x40;
	assert_int_equal(packet_parse(m, len, &p), -EBADMSG);
	m[32] = 0xf0;
	assert_int_equal(packet_parse(m, len, &p), -EBADMSG);
	m[9] = IPPROTO_ICMP;
	assert_int_equal(packet_parse(m, len, &p), -ENOMSG);
	free(m);
}

static void
test_packets_of_ip6(void **state)
{
	uint8_t m[40 + 8 + 2] = { 0x60, 0, 0, 0, 0, 10, IPPROTO_UDP, 64, [23] = 1, [39] = 2, [40] = 1, [43] = 53, [45] = 10, [48] = 'h', 'i' };
	struct packet p;

	(void)state;
	assert_int_equal(packet_parse(m, sizeof(m), &p), 0);
	assert_int_equal(p.from.family, AF_INET6);
	assert_int_equal(p.from.addr[15], 1);
	assert_int_equal(p.to.addr[15], 2);
	assert_int_equal(p.from.port, 256);
	assert_int_equal(p.to.port, 53);
	assert_int_equal(p.len, 2);
	m[6] = 44;			/* a fragment: an extension header */
	assert_int_equal(packet_parse(m, sizeof(m), &p), -ENOMSG);
	assert_int_equal(packet_parse(m, 39, &p), -EBADMSG);
}

static void
on_settled(void *arg, struct lookup *l)
{
	(void)arg;
	l->caller.process.pid = 77;
	n_settled++;
}

static void
on_told(void *arg, struct lookup *l)
{
	(void)arg;
	assert_true(n_told < 2 * LOOKUPS);
	told[n_told++] = *l;
}

static int
begin(void **state)
{
	(void)state;
	n_told = n_settled = 0;
	lookups_init(&t, on_settled, on_told, NULL);
	memset(&who, 0, sizeof(who));
	memset(&d, 0, sizeof(d));
	snprintf(d.name, sizeof(d.name), "www.example.org");
	snprintf(d.type, sizeof(d.type), "A");
	return 0;
}

static struct packet
from_port(uint16_t port)
{
	return (struct packet){ .from = { .family = AF_INET, .addr = { 127, 0, 0, 1 }, .port = port },
		.to = { .family = AF_INET, .addr = { 127, 0, 0, 53 }, .port = 53 } };
}

static struct packet
back(struct packet p)
{
	struct peer from = p.from;

	p.from = p.to;
	p.to = from;
	return p;
}

static void
say(const char *code, const char *answer)
{
	snprintf(d.code, sizeof(d.code), "%s", code);
	d.answers_len = (size_t)snprintf(d.answers, sizeof(d.answers), "%s", answer) + 1;
}

static void
test_question_and_answer_are_one_event(void **state)
{
	struct packet p = from_port(4000), r = back(p);

	(void)state;
	assert_non_null(lookups_ask(&t, &p, &d, 1 * SEC, 7));
	assert_null(lookups_ask(&t, &p, &d, 1 * SEC + 1, 7));		/* again: the same */
	say("NOERROR", "192.0.2.1");
	lookups_answer(&t, &r, &d, 1 * SEC + 100);
	say("NOERROR", "192.0.2.66");
	lookups_answer(&t, &r, &d, 1 * SEC + 200);			/* who comes second is not believed */
	assert_int_equal(lookups_tick(&t, 1 * SEC + 200), 1 * SEC + LOOKUP_SETTLE_NS);
	assert_int_equal(n_settled + n_told, 0);
	assert_int_equal(lookups_tick(&t, 1 * SEC + LOOKUP_SETTLE_NS), 0);
	assert_int_equal(n_settled, 1);
	assert_int_equal(n_told, 1);
	assert_int_equal(told[0].caller.process.pid, 77);
	assert_int_equal(told[0].wall_ns, 7);
	assert_string_equal(told[0].code, "NOERROR");
	assert_string_equal(told[0].answers, "192.0.2.1");
	assert_int_equal(t.open, 0);
}

static void
test_what_stays_without_answer_is_told_in_time(void **state)
{
	struct packet p = from_port(4000);

	(void)state;
	lookups_ask(&t, &p, &d, 1 * SEC, 7);
	assert_int_equal(lookups_tick(&t, 1 * SEC), 1 * SEC + LOOKUP_SETTLE_NS);
	assert_int_equal(lookups_tick(&t, 1 * SEC + LOOKUP_SETTLE_NS), 1 * SEC + LOOKUP_WAIT_NS);
	assert_int_equal(n_settled, 1);		/* who asks may be told apart from the next as soon as audit can have told */
	assert_int_equal(lookups_tick(&t, 1 * SEC + LOOKUP_WAIT_NS), 0);
	assert_int_equal(n_told, 1);
	assert_string_equal(told[0].code, "");
	assert_int_equal(told[0].answers_len, 0);
	assert_int_equal(n_settled, 1);
}

static void
test_answers_to_no_question_are_nothing(void **state)
{
	struct packet p = from_port(4000), r = back(p), other = back(from_port(4001));

	(void)state;
	lookups_answer(&t, &r, &d, 1);
	lookups_ask(&t, &p, &d, 1, 1);
	lookups_answer(&t, &other, &d, 2);		/* to another port */
	d.id = 9;
	lookups_answer(&t, &r, &d, 2);			/* of another number */
	d.id = 0;
	snprintf(d.name, sizeof(d.name), "example.org");
	lookups_answer(&t, &r, &d, 2);			/* to another question */
	r.tcp = true;
	lookups_answer(&t, &r, &d, 2);
	lookups_tick(&t, 60 * SEC);
	assert_int_equal(n_told, 1);
	assert_false(told[0].answered);
}

static void
test_the_oldest_makes_room_and_none_is_lost(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LOOKUPS + 3; i++) {
		struct packet p = from_port((uint16_t)(1000 + i));
		assert_non_null(lookups_ask(&t, &p, &d, SEC + i, i));
	}
	assert_int_equal(n_told, 3);
	assert_int_equal(t.early, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(told[i].from.port, 1000 + i);
	assert_int_equal(t.open, LOOKUPS);
	assert_int_equal(lookups_tick(&t, 60 * SEC), 60 * SEC + LOOKUP_ROUND_NS);
	assert_int_equal(n_told, 3 + LOOKUP_ROUND);
	for (uint64_t at = 61 * SEC; at; at = lookups_tick(&t, at))
		;
	assert_int_equal(n_told, LOOKUPS + 3);
	assert_int_equal(n_settled, LOOKUPS + 3);
	assert_int_equal(t.open, 0);
}

static void
speak(int32_t pid, uint64_t boot_ns)
{
	struct asker a = { .to = from_port(0).to, .caller.process.pid = pid, .boot_ns = boot_ns };

	askers_put(&who, &a);
}

static int32_t
asker_of(uint16_t port, uint64_t boot_ns)
{
	struct packet p = from_port(port);
	struct lookup l = { .from = p.from, .to = p.to, .boot_ns = boot_ns, .uid = UINT32_MAX };
	const struct asker *a = askers_find(&who, &l);

	return a ? a->caller.process.pid : 0;
}

static void
test_who_asked(void **state)
{
	(void)state;
	assert_int_equal(asker_of(4000, 5 * SEC), 0);
	speak(11, 5 * SEC);
	assert_int_equal(asker_of(4000, 5 * SEC + 10), 11);
	assert_int_equal(asker_of(4000, 5 * SEC + 20), 11);	/* its second question, from the same port */
	assert_int_equal(asker_of(4001, 5 * SEC + 20), 0);	/* that one is spent */
	speak(12, 5 * SEC + 30);
	assert_int_equal(asker_of(4001, 5 * SEC + 20), 12);	/* audit was read later than the packet */
	assert_int_equal(asker_of(4001, 90 * SEC), 12);		/* it was connected long ago and goes on */
	assert_int_equal(asker_of(4002, 90 * SEC), 0);
}

static void
test_of_several_none_is_named(void **state)
{
	(void)state;
	speak(11, 5 * SEC);
	speak(12, 5 * SEC);
	assert_int_equal(asker_of(4000, 5 * SEC), 0);
	speak(13, 10 * SEC);
	speak(13, 10 * SEC);
	assert_int_equal(asker_of(4000, 10 * SEC), 13);		/* the others are too long ago */
	assert_int_equal(asker_of(4001, 10 * SEC), 13);
}

static void
test_the_user_of_the_socket_tells_apart(void **state)
{
	struct packet p = from_port(4000);
	struct lookup l = { .from = p.from, .to = p.to, .boot_ns = SEC, .uid = 1000 };
	struct asker a = { .to = p.to, .caller.process = { .pid = 11, .uid = 0 }, .boot_ns = SEC };
	struct asker b = { .to = p.to, .caller.process = { .pid = 12, .uid = 1000 }, .boot_ns = SEC };

	(void)state;
	askers_put(&who, &a);
	assert_int_equal(askers_find(&who, &l)->caller.process.pid, 11);	/* alone he may have changed his user since */
	memset(&who, 0, sizeof(who));
	askers_put(&who, &a);
	askers_put(&who, &b);
	assert_int_equal(askers_find(&who, &l)->caller.process.pid, 12);
	l.uid = UINT32_MAX;
	l.from.port = 4001;
	askers_put(&who, &b);
	assert_null(askers_find(&who, &l));
}

static void
test_another_server_another_asker(void **state)
{
	struct asker a = { .to = { .family = AF_INET, .addr = { 9, 9, 9, 9 }, .port = 53 }, .caller.process.pid = 11, .boot_ns = SEC };

	(void)state;
	askers_put(&who, &a);
	assert_int_equal(asker_of(4000, SEC), 0);
	for (int i = 0; i < ASKERS; i++)
		speak(12, SEC);
	assert_int_equal(asker_of(4000, SEC), 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_question_is_read_in_lower_case),
		cmocka_unit_test(test_a_name_tells_exactly_what_was_asked),
		cmocka_unit_test(test_all_kinds_of_answers),
		cmocka_unit_test(test_codes_have_their_names),
		cmocka_unit_test(test_questions_that_lie_are_none),
		cmocka_unit_test(test_answers_that_lie_end_them),
		cmocka_unit_test(test_pointers_without_end_are_given_up),
		cmocka_unit_test(test_what_has_no_room_is_said),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_packets_of_ip6),
		cmocka_unit_test_setup(test_question_and_answer_are_one_event, begin),
		cmocka_unit_test_setup(test_what_stays_without_answer_is_told_in_time, begin),
		cmocka_unit_test_setup(test_answers_to_no_question_are_nothing, begin),
		cmocka_unit_test_setup(test_the_oldest_makes_room_and_none_is_lost, begin),
		cmocka_unit_test_setup(test_who_asked, begin),
		cmocka_unit_test_setup(test_of_several_none_is_named, begin),
		cmocka_unit_test_setup(test_the_user_of_the_socket_tells_apart, begin),
		cmocka_unit_test_setup(test_another_server_another_asker, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
