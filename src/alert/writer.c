#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "alert/writer.h"

void
writer_cut(struct writer *w, const char *member)
{
	for (unsigned i = 0; i < w->n_cut; i++)
		if (w->cut[i] == member)
			return;
	if (w->n_cut < CUT_MAX)
		w->cut[w->n_cut++] = member;
}

bool
writer_has(const struct writer *w, uint32_t have)
{
	return (w->have & have) == have;
}

void
writer_text(struct writer *w, enum event_text which, struct member m)
{
	size_t len;
	const char *s = event_text(w->ev, which, &len);

	if (len && json_text_cap(&w->j, m.key, s, len, m.cap) < len)
		writer_cut(w, m.member);
}

void
writer_list(struct writer *w, enum event_text which, struct member m)
{
	size_t len, left = m.cap;
	const char *s = event_text(w->ev, which, &len), *end = s + len;

	if (!len)
		return;
	json_list(&w->j, m.key);
	while (s < end) {
		size_t n = strnlen(s, (size_t)(end - s)), before = w->j.len;
		size_t taken = left ? json_text_cap(&w->j, NULL, s, n, left) : 0, used = w->j.len - before;
		if (taken < n || !used) {
			writer_cut(w, m.member);
			break;
		}
		left = used < left ? left - used : 0;
		s += n + 1;
	}
	json_list_end(&w->j);
}

void
writer_id(struct writer *w, const char *key, uint32_t n)
{
	char s[16];

	snprintf(s, sizeof(s), "%" PRIu32, n);
	json_str(&w->j, key, s);
}

void
writer_hex_id(struct writer *w, const char *key, uint64_t n)
{
	uint64_t bytes = htobe64(n);

	json_hex(&w->j, key, (const uint8_t *)&bytes, sizeof(bytes));
}

void
writer_amount(struct writer *w, const char *key, uint64_t n)
{
	json_unum(&w->j, key, n > INT64_MAX ? INT64_MAX : n);
}

void
writer_hash(struct writer *w)
{
	if (!(w->have & (HAVE_HASH | HAVE_CONTENT)))
		return;
	json_open(&w->j, "hash");
	if (writer_has(w, HAVE_HASH))
		json_hex(&w->j, "sha256", w->ev->file.sha256, sizeof(w->ev->file.sha256));
	if (writer_has(w, HAVE_CONTENT)) {
		writer_text(w, TEXT_MD5, (struct member){ "md5", "file.hash.md5", CAP_DIGEST });
		writer_text(w, TEXT_SHA1, (struct member){ "sha1", "file.hash.sha1", CAP_DIGEST });
		writer_text(w, TEXT_TLSH, (struct member){ "tlsh", "file.hash.tlsh", CAP_DIGEST });
	}
	json_close(&w->j);
}

bool
writer_has_text(const struct writer *w, enum event_text which)
{
	size_t len;

	event_text(w->ev, which, &len);
	return len > 0;
}

/* An object with one text in it. */
void
writer_single(struct writer *w, const char *object, enum event_text which, struct member m)
{
	if (!writer_has_text(w, which))
		return;
	json_open(&w->j, object);
	writer_text(w, which, m);
	json_close(&w->j);
}
