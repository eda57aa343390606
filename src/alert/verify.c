#include <string.h>
#include "alert/json.h"
#include "alert/line.h"
#include "alert/verify.h"

void
verify_init(struct verify *v, const uint8_t *anchor)
{
	*v = (struct verify){ .keyed = anchor };
	if (anchor)
		memcpy(v->key, anchor, sizeof(v->key));
	memset(v->prev, '0', 64);
}

void
verify_from(struct verify *v, uint64_t sequence, const char prev[65], const uint8_t key[32])
{
	verify_init(v, key);
	v->sequence = sequence;
	memcpy(v->prev, prev, sizeof(v->prev));
}

/* Records begin with their time. */
static void
remember_time(struct verify *v, const char *text, size_t len)
{
	static const char start[] = "{\"@timestamp\":\"";
	size_t from = sizeof(start) - 1, n = 0;

	v->last_good_time[0] = '\0';
	if (len < from || memcmp(text, start, from) != 0)
		return;
	while (n + 1 < sizeof(v->last_good_time) && from + n < len && text[from + n] != '"')
		n++;
	memcpy(v->last_good_time, text + from, n);
	v->last_good_time[n] = '\0';
}

static enum damage
check(const struct verify *v, const char *text, size_t len, struct line *l)
{
	if (len > RECORD_MAX)
		return DAMAGE_LONG;
	if (len == 0 || text[len - 1] != '\n')
		return DAMAGE_TORN;
	if (!line_parse(text, len, l))
		return DAMAGE_NOT_RECORD;
	if (l->sequence != v->sequence)
		return DAMAGE_SEQUENCE;
	if (strcmp(l->prev, v->prev) != 0)
		return DAMAGE_CHAIN;
	if (l->is_signed && v->keyed && !line_signed_by(text, l, v->key))
		return DAMAGE_SIGNATURE;
	return l->has_next && !l->is_signed ? DAMAGE_KEY_CHANGE : DAMAGE_NONE;
}

enum damage
verify_line(struct verify *v, const char *text, size_t len)
{
	struct line l;
	enum damage d = check(v, text, len, &l);

	if (d != DAMAGE_NONE)
		return d;
	v->sequence++;
	v->records++;
	line_hash(text, len, v->prev);
	if (!l.is_signed || (!v->keyed && !l.has_next))
		return DAMAGE_NONE;
	v->sealed = v->records;
	v->last_good_sequence = l.sequence;
	remember_time(v, text, len);
	if (l.has_next) {
		memcpy(v->key, l.next, sizeof(v->key));
		v->keyed = true;
	}
	return DAMAGE_NONE;
}

/* The last line of TEXT, which ends at END. */
static const char *
last_line(const char *text, const char *end)
{
	const char *nl = end - 1 > text ? memrchr(text, '\n', (size_t)(end - 1 - text)) : NULL;

	return nl ? nl + 1 : text;
}

static uint64_t
count_lines(const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	uint64_t n = 0;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
		n++;
		at++;
	}
	return n;
}

void
verify_skip(struct verify *v, const char *text, size_t len)
{
	const char *end = text + len, *sealer = NULL, *at;
	uint64_t lines = count_lines(text, len), number = v->sequence + lines, sealed = 0;
	struct line l = { 0 };
	size_t sealer_len = 0;
	bool found = false;

	/* From the end: the last signed line says what is sealed, the last that names a key says by whom the next are. */
	for (; end > text && !found; end = at, number--) {
		at = last_line(text, end);
		size_t n = (size_t)(end - at);
		if (end == text + len)
			line_hash(at, n, v->prev);
		if (!line_parse(at, n, &l) || !l.is_signed)
			continue;
		if (!sealer) {
			sealer = at;
			sealer_len = n;
			sealed = number;
		}
		found = l.has_next;
	}
	if (found) {
		memcpy(v->key, l.next, sizeof(v->key));
		v->keyed = true;
	}
	if (sealer && v->keyed) {
		v->sealed = v->records + (sealed - v->sequence);
		v->last_good_sequence = sealed - 1;
		remember_time(v, sealer, sealer_len);
	}
	v->sequence += lines;
	v->records += lines;
}

bool
verify_same(const struct verify *a, const struct verify *b)
{
	return a->keyed == b->keyed && memcmp(a->key, b->key, sizeof(a->key)) == 0 && a->sequence == b->sequence &&
	    a->sealed == b->sealed && a->records == b->records && strcmp(a->prev, b->prev) == 0 &&
	    a->last_good_sequence == b->last_good_sequence && strcmp(a->last_good_time, b->last_good_time) == 0;
}

const char *
damage_text(enum damage d)
{
	switch (d) {
	case DAMAGE_NONE:
		return "nothing is wrong";
	case DAMAGE_TORN:
		return "the last line has no end";
	case DAMAGE_NOT_RECORD:
		return "this is no record: its form or its bytes were changed";
	case DAMAGE_SEQUENCE:
		return "records are missing, were added, or change places here: the number is wrong";
	case DAMAGE_CHAIN:
		return "the record before this one was changed, removed or replaced: its hash is another";
	case DAMAGE_SIGNATURE:
		return "the signature is wrong: this record or one before it was changed after it was written";
	case DAMAGE_KEY_CHANGE:
		return "a new key is named by a record that nobody signed";
	case DAMAGE_LONG:
		return "this line is longer than any record";
	case DAMAGE__MAX:
		break;
	}
	return "unknown damage";
}
