#include <arpa/inet.h>
#include <errno.h>
#include <libaudit.h>
#include <string.h>
#include <sys/socket.h>
#include "watch/said.h"

#define ADDRESS_MAX 46		/* INET6_ADDRSTRLEN */

static uint32_t
number_of(const struct record *r, const char *key)
{
	int64_t n;

	return record_number(r, key, 10, &n) || n < 0 || n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

/* The pair of that key, if there is exactly one. */
static bool
find_only(const struct record *r, const char *key, struct pair *out)
{
	unsigned found = 0;
	struct pair p;
	size_t at = 0;

	while (record_next(r, &at, &p))
		if (pair_is(&p, key)) {
			*out = p;
			found++;
		}
	return found == 1;
}

static bool
is_nothing(const char *s, size_t len)
{
	return (len == 1 && *s == '?') || (len == 9 && !memcmp(s, "(unknown)", len));
}

/* Text that libaudit encodes where it must. */
static size_t
said_text(const struct record *r, const char *key, char *out, size_t size)
{
	struct pair p;
	ssize_t n = find_only(r, key, &p) ? pair_text(&p, out, size) : -ENODATA;

	if (n <= 0 || is_nothing(out, (size_t)n < size ? (size_t)n : size))
		return 0;
	return (size_t)n < size ? (size_t)n : size;
}

/* A word that it writes as it is: visible, or it was not what it is taken for. */
static size_t
said_word(const struct record *r, const char *key, char *out, size_t size)
{
	struct pair p;

	if (!find_only(r, key, &p) || p.len > size || is_nothing(p.value, p.len))
		return 0;
	for (size_t i = 0; i < p.len; i++)
		if (p.value[i] <= ' ' || p.value[i] >= 0x7f)
			return 0;
	memcpy(out, p.value, p.len);
	return p.len;
}

/* An IPv4 address in IPv6 clothes is the IPv4 address. */
static void
said_address(const struct record *r, struct peer *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[ADDRESS_MAX + 1];
	uint8_t six[16];
	size_t n = said_word(r, "addr", text, ADDRESS_MAX);

	text[n] = '\0';
	if (inet_pton(AF_INET, text, out->addr) == 1) {
		out->family = AF_INET;
	} else if (inet_pton(AF_INET6, text, six) == 1) {
		bool v4 = !memcmp(six, mapped, sizeof(mapped));
		memcpy(out->addr, v4 ? six + 12 : six, v4 ? 4 : 16);
		out->family = v4 ? AF_INET : AF_INET6;
	}
}

/* The text between the quotes of msg='...', which reach to the end. */
static bool
inside(const struct record *r, struct record *out)
{
	static const char open[] = " msg='";
	size_t n = sizeof(open) - 1, len = r->len;

	while (len && (r->body[len - 1] == '\n' || r->body[len - 1] == ' '))
		len--;
	const char *at = len ? memmem(r->body, len, open, n) : NULL;
	if (!at || r->body[len - 1] != '\'' || (size_t)(at - r->body) + n >= len)
		return false;
	*out = *r;
	out->body = at + n;
	out->len = len - 1 - (size_t)(out->body - r->body);
	return true;
}

/* The last word. */
static int
said_result(const struct record *r, bool *good)
{
	static const struct { const char *word; bool good; } results[] = {
		{ "res=success", true }, { "res=1", true }, { "res=failed", false }, { "res=0", false },
	};
	size_t end = r->len;

	while (end && r->body[end - 1] == ' ')
		end--;
	const char *blank = end ? memrchr(r->body, ' ', end) : NULL;
	const char *word = blank ? blank + 1 : r->body;
	size_t len = (size_t)(r->body + end - word);
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (len == strlen(results[i].word) && !memcmp(word, results[i].word, len)) {
			*good = results[i].good;
			return 0;
		}
	return -EBADMSG;
}

static int
parse_login(const struct record *r, struct said *s)
{
	s->id = s->auid;
	return said_result(r, &s->good);
}

int
said_parse(const struct record *r, struct said *s)
{
	struct record head = *r, in;
	int64_t pid;

	memset(s, 0, offsetof(struct said, op));
	bool quoted = inside(r, &in);
	if (quoted)
		head.len = (size_t)(in.body - r->body) - sizeof("msg='") + 1;
	if (record_number(&head, "pid", 10, &pid) || pid <= 0 || pid > INT32_MAX)
		return -EBADMSG;
	s->type = r->type;
	s->wall_ns = r->wall_ns;
	s->pid = (int32_t)pid;
	s->uid = number_of(&head, "uid");
	s->auid = number_of(&head, "auid");
	s->session = number_of(&head, "ses");
	s->id = UINT32_MAX;
	if (r->type == AUDIT_LOGIN)
		return parse_login(r, s);
	if (!quoted || said_result(&in, &s->good))
		return -EBADMSG;
	s->op_len = said_word(&in, "op", s->op, sizeof(s->op));
	s->account_len = said_text(&in, "acct", s->account, sizeof(s->account));
	s->exe_len = said_text(&in, "exe", s->exe, sizeof(s->exe));
	s->terminal_len = said_word(&in, "terminal", s->terminal, sizeof(s->terminal));
	s->unit_len = said_word(&in, "unit", s->unit, sizeof(s->unit));
	s->id = number_of(&in, "id");
	said_address(&in, &s->from);
	return 0;
}
