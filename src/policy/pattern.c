#include <string.h>
#include "policy/pattern.h"

static bool
is_glob(const struct l_pattern *p)
{
	return p->kind == L_GLOB_PATH || p->kind == L_GLOB_TEXT;
}

static struct value
head_of(const char *strings, const struct l_pattern *p)
{
	size_t n = p->kind == L_PREFIX || p->kind == L_NETWORK ? p->text.len : is_glob(p) ? p->head : 0;

	return (struct value){ .text = strings + p->text.off, .len = n };
}

static struct value
tail_of(const char *strings, const struct l_pattern *p)
{
	size_t n = p->kind == L_SUFFIX ? p->text.len : is_glob(p) ? p->tail : 0;

	return (struct value){ .text = strings + p->text.off + p->text.len - n, .len = n };
}

enum pattern_part
pattern_part(const char *strings, const struct l_pattern *p)
{
	size_t head = head_of(strings, p).len, tail = tail_of(strings, p).len;

	if (head >= tail)
		return head ? PATTERN_HEADS : PATTERN_REST;
	return PATTERN_TAILS;
}

static int
order_heads(struct value a, struct value b)
{
	int c = memcmp(a.text, b.text, a.len < b.len ? a.len : b.len);

	return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int
order_tails(struct value a, struct value b)
{
	for (size_t i = 1; i <= a.len && i <= b.len; i++) {
		unsigned char x = (unsigned char)a.text[a.len - i], y = (unsigned char)b.text[b.len - i];
		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a.len > b.len) - (a.len < b.len);
}

/* Addresses of one family lie together; bits behind those of a network are zero, so bytes are in order as bits are. */
static int
order_networks(struct value a, struct value b)
{
	return a.len != b.len ? (a.len > b.len) - (a.len < b.len) : memcmp(a.text, b.text, a.len);
}

static struct value
key_of(const char *strings, enum pattern_part part, const struct l_pattern *p)
{
	return part == PATTERN_TAILS ? tail_of(strings, p) : head_of(strings, p);
}

int
pattern_order(const char *strings, enum pattern_part part, const struct l_pattern *a, const struct l_pattern *b)
{
	struct value x = key_of(strings, part, a), y = key_of(strings, part, b);

	if (a->kind == L_NETWORK) {
		int c = order_networks(x, y);
		return c ? c : (a->head > b->head) - (a->head < b->head);
	}
	return part == PATTERN_TAILS ? order_tails(x, y) : order_heads(x, y);
}

static bool
same_bits(const char *a, const char *b, unsigned bits)
{
	unsigned rest = bits % 8, mask = 0xff00u >> rest & 0xff;

	return memcmp(a, b, bits / 8) == 0 && (!rest || (((unsigned char)a[bits / 8] ^ (unsigned char)b[bits / 8]) & mask) == 0);
}

bool
pattern_begins(const char *strings, enum pattern_part part, const struct l_pattern *a, const struct l_pattern *b)
{
	struct value x = key_of(strings, part, a), y = key_of(strings, part, b);

	if (a->kind == L_NETWORK)
		return x.len == y.len && a->head <= b->head && same_bits(x.text, y.text, a->head);
	if (x.len > y.len)
		return false;
	return memcmp(x.text, part == PATTERN_TAILS ? y.text + y.len - x.len : y.text, x.len) == 0;
}

const struct l_pattern *
pattern_last(const char *strings, enum pattern_part part, const struct l_pattern *p, uint32_t n, struct value v)
{
	uint32_t lo = 0, hi = n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		struct value key = key_of(strings, part, &p[mid]);
		int c = p[mid].kind == L_NETWORK ? order_networks(key, v) : part == PATTERN_TAILS ? order_tails(key, v) : order_heads(key, v);
		if (c > 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo ? &p[lo - 1] : NULL;
}
