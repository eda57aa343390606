#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "watch/parse.h"

#define KEY_BYTES	16384	/* longest public key: RSA of 16384 bits has 2 KiB */

/* `#include` and users by number (`#1000`) are none. */
static bool
sudoers_comment(struct span line)
{
	return !line.n || (*line.s == '#' && !span_starts(line, "#include") && !(line.n > 1 && line.s[1] >= '0' && line.s[1] <= '9'));
}

/* What a rule is about: users, separated by commas, or the kind of an alias with its name. */
static struct span
sudoers_key(struct span *rest)
{
	struct span first = span_word(rest), next = first, before = *rest;
	bool alias = span_ends(first, "_Alias");

	while (next.n && (alias || next.s[next.n - 1] == ',' || span_starts(span_trim(before), ","))) {
		alias = false;
		next = span_word(rest);
		before = *rest;
	}
	return (struct span){ first.s, next.n ? (size_t)(next.s + next.n - first.s) : first.n };
}

void
parse_sudoers(struct entries *e, const struct fact_file *f)
{
	CLEANUP_FREE char *buf = malloc(f->text.n + 1);
	struct span rest = f->text, line;
	struct value v;

	while (buf && parse_joined(&rest, buf, f->text.n + 1, &line)) {
		if (sudoers_comment(line))
			continue;
		struct span key = sudoers_key(&line);
		value_begin(&v, e);
		value_put(&v, "", span_trim(line));
		entries_add(e, OBJECT_SUDOERS, key, &v);
	}
}

static bool
key_type(struct span word)
{
	return span_starts(word, "ssh-") || span_starts(word, "ecdsa-") || span_starts(word, "sk-");
}

/* Options end at the first blank outside of quotes; a quote in quotes stands behind a backslash. */
static struct span
key_options(struct span *rest)
{
	struct span line = span_trim(*rest);
	bool quoted = false;
	size_t n = 0;

	for (; n < line.n && (quoted || (line.s[n] != ' ' && line.s[n] != '\t')); n++) {
		if (line.s[n] == '\\' && n + 1 < line.n && line.s[n + 1] == '"')
			n++;
		else if (line.s[n] == '"')
			quoted = !quoted;
	}
	n = n < line.n ? n : line.n;
	*rest = (struct span){ line.s + n, line.n - n };
	return (struct span){ line.s, n };
}

/* What ssh-keygen -l says of it. False: it is no key. */
static bool
fingerprint(struct span base64, char out[64])
{
	uint8_t key[KEY_BYTES], hash[crypto_hash_sha256_BYTES];
	size_t n;
	const char *end;
	char text[sodium_base64_ENCODED_LEN(sizeof(hash), sodium_base64_VARIANT_ORIGINAL_NO_PADDING)];

	if (!base64.n || sodium_base642bin(key, sizeof(key), base64.s, base64.n, NULL, &n, &end, sodium_base64_VARIANT_ORIGINAL) || !n)
		return false;
	if (end != base64.s + base64.n)
		return false;
	crypto_hash_sha256(hash, key, n);
	sodium_bin2base64(text, sizeof(text), hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	snprintf(out, 64, "SHA256:%s", text);
	return true;
}

/* What environment="NAME=VALUE" sets is nobody's business. */
static void
put_options(struct value *v, struct span options)
{
	static const char set[] = "environment=\"";
	const char *at = options.n ? memmem(options.s, options.n, set, sizeof(set) - 1) : NULL;

	if (!at) {
		value_put(v, "options=", options);
		return;
	}
	char shown[512];
	size_t head = (size_t)(at - options.s) + sizeof(set) - 1;
	snprintf(shown, sizeof(shown), "%.*s(hidden)", (int)(head < 400 ? head : 400), options.s);
	value_secret(v, "options=", shown, options);
}

void
parse_keys(struct entries *e, const struct fact_file *f)
{
	struct span rest = f->text, line;
	struct value v;
	char print[64];

	while (span_line(&rest, &line)) {
		struct span ahead = line, options = { NULL, 0 }, type = span_word(&ahead);
		if (!type.n || *type.s == '#')
			continue;
		if (key_type(type)) {
			line = ahead;
		} else {
			options = key_options(&line);
			type = span_word(&line);
		}
		struct span key = span_word(&line);
		bool good = key_type(type) && fingerprint(key, print);
		value_begin(&v, e);
		value_put(&v, "type=", type);
		put_options(&v, options);
		value_put(&v, "comment=", span_trim(line));
		if (!good)
			value_secret(&v, "key=", "unreadable", key);
		entries_add(e, OBJECT_KEY, good ? span_of(print) : SPAN("unreadable"), &v);
	}
}

/* A control may be several words in brackets. */
static struct span
pam_control(struct span *rest)
{
	struct span t = span_trim(*rest);
	const char *end = span_starts(t, "[") ? memchr(t.s, ']', t.n) : NULL;

	if (!end)
		return span_word(rest);
	size_t n = (size_t)(end + 1 - t.s);
	*rest = (struct span){ t.s + n, t.n - n };
	return (struct span){ t.s, n };
}

void
parse_pam(struct entries *e, const struct fact_file *f)
{
	CLEANUP_FREE char *buf = malloc(f->text.n + 1);
	struct span rest = f->text, line;
	struct value v;
	char name[ENTRY_KEY];

	while (buf && parse_joined(&rest, buf, f->text.n + 1, &line)) {
		struct span type = span_word(&line);
		if (!type.n || *type.s == '#')
			continue;
		value_begin(&v, e);
		struct span control = span_is(type, "@include") ? (struct span){ NULL, 0 } : pam_control(&line);
		struct span module = span_word(&line);
		value_put(&v, "control=", control);
		value_put(&v, "arguments=", span_trim(line));
		int n = snprintf(name, sizeof(name), "%.*s %.*s", (int)(type.n < 64 ? type.n : 64), type.s,
		    (int)(module.n < sizeof(name) - 80 ? module.n : sizeof(name) - 80), module.n ? module.s : "");
		entries_add(e, OBJECT_PAM, (struct span){ name, (size_t)n }, &v);
	}
}

void
parse_preload(struct entries *e, const struct fact_file *f)
{
	struct span rest = f->text, line, word, part;

	while (span_line(&rest, &line)) {
		const char *comment = line.n ? memchr(line.s, '#', line.n) : NULL;
		line.n = comment ? (size_t)(comment - line.s) : line.n;
		while ((word = span_word(&line)).n)
			while (span_field(&word, ':', &part))
				if (part.n)
					entries_add(e, OBJECT_PRELOAD, part, NULL);
	}
}

/* Keyword, blanks or `=`, arguments; what follows `Match` counts for whoever is meant only. */
void
parse_sshd(struct entries *e, const struct fact_file *f)
{
	struct span rest = f->text, line, match = { NULL, 0 };
	struct value v;

	while (span_line(&rest, &line)) {
		line = span_trim(line);
		if (!line.n || *line.s == '#')
			continue;
		size_t n = 0;
		while (n < line.n && line.s[n] != ' ' && line.s[n] != '\t' && line.s[n] != '=')
			n++;
		struct span keyword = { line.s, n }, value = span_trim((struct span){ line.s + n, line.n - n });
		if (span_starts(value, "="))
			value = span_trim((struct span){ value.s + 1, value.n - 1 });
		if (n == 5 && strncasecmp(line.s, "match", 5) == 0)
			match = value;
		value_begin(&v, e);
		value_put(&v, "", value);
		if (match.s != value.s)
			value_put(&v, "match=", match);
		entries_add(e, OBJECT_SSHD, keyword, &v);
	}
}
