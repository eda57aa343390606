#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "alert/anchor.h"
#include "alert/chain.h"
#include "alert/segment.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/finding.h"
#include "ctl/flight.h"
#include "ctl/pubkey.h"
#include "ctl/store.h"
#include "ctl/term.h"

#define BAR		24
#define PROGRESS_AFTER_NS (500 * NS_PER_MS)	/* what takes less needs none */
#define PROGRESS_NS	(200 * NS_PER_MS)
#define EARLIER_MAX	256	/* logs that follow each other; more lead in a circle */

/* "[=========>              ]  43 %  61 MB/s  0:09 left", written over each time. */
static void
progress(void *listener, const struct proof *p)
{
	struct run *r = listener;
	uint64_t now = now_boot_ns(), ns = now - r->began_ns;
	char bar[BAR + 1];

	if (!r->tells || ns < PROGRESS_AFTER_NS || now - r->shown_ns < PROGRESS_NS)
		return;
	r->shown_ns = now;
	r->shown = true;
	double rate = (double)p->bytes / ((double)ns / 1e9);
	if (!r->total || p->bytes > r->total) {
		fprintf(stderr, "\r%8.0f MB  %.0f MB/s ", (double)p->bytes / 1e6, rate / 1e6);
		return;
	}
	double part = (double)p->bytes / (double)r->total;
	unsigned full = (unsigned)(part * BAR), left = (unsigned)((double)(r->total - p->bytes) / rate);
	for (unsigned i = 0; i < BAR; i++)
		bar[i] = i < full ? '=' : i == full ? '>' : ' ';
	bar[BAR] = '\0';
	fprintf(stderr, "\r[%s] %3.0f %%  %.0f MB/s  %u:%02u left   ", bar, part * 100, rate / 1e6, left / 60, left % 60);
}

/* 0 with the damage in the proof, or -errno of reading. */
static int
verify_file(struct run *r, const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	r->file = path;
	if (!r->files && !r->removed)
		snprintf(r->first, sizeof(r->first), "%s", path);
	r->files++;
	return fd < 0 ? -errno : prove_file(&r->proof, fd);
}

/* All that there are to read; 0 if one of them cannot say. */
static uint64_t
total_bytes(char **paths)
{
	uint64_t sum = 0;
	struct stat st;

	for (; *paths; paths++) {
		if (stat(*paths, &st) || !S_ISREG(st.st_mode))
			return 0;
		sum += (uint64_t)st.st_size;
	}
	return sum;
}

static enum answer
check_options(const struct verify_options *o)
{
	if (o->expect_seq && (strspn(o->expect_seq, "0123456789") != strlen(o->expect_seq) || strlen(o->expect_seq) - 1 > 18)) {
		ctl_error("--expect-seq is the number of a record, not '%s'", o->expect_seq);
		return ANSWER_USAGE;
	}
	if (o->expect_head && (strspn(o->expect_head, "0123456789abcdefABCDEF") != 64 || strlen(o->expect_head) != 64)) {
		ctl_error("--expect-head is a hash of 64 hex digits, not '%s'", o->expect_head);
		return ANSWER_USAGE;
	}
	return ANSWER_DONE;
}

/* A log that was set aside lies alone, in a directory with its name. */
static bool
is_aside(const char *path)
{
	return anchor_is_id(store_name(path));
}

/* The anchor of a log that was set aside is beside the others, under the name of the log, as its directory is. */
static void
name_anchor(const char *path, enum chain_which which, int dir, char name[64])
{
	const char *id = store_name(path);

	snprintf(name, 64, "%s.%.16s", chain_anchor_file(which), id);
	if (!is_aside(path) || dir < 0 || faccessat(dir, name, F_OK, 0))
		snprintf(name, 64, "%s", chain_anchor_file(which));
}

/* The anchor that GIVEN says, or else that of the state directory for a log in PATH, where none is no error. */
struct whose { const char *given, *path; enum chain_which which; };
static enum answer
find_anchor(const struct ctl *ctl, const struct whose *w, struct run *r, uint8_t key[32])
{
	const char *given = w->given;
	char name[64];
	CLEANUP_FD int dir = given ? -1 : open(ctl->config.state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	name_anchor(w->path, w->which, dir, name);
	int err = given ? pubkey_read(given, key) : dir < 0 ? -errno : anchor_read(dir, name, key);

	if (err && given) {
		ctl_error("%s: %s", given, err == -EBADMSG ? "this is neither a minisign public key nor 64 hex digits" : strerror(-err));
		return err == -EACCES ? ANSWER_FORBIDDEN : ANSWER_INVALID;
	}
	if (err == -EBADMSG) {
		ctl_error("%s/%s is not an anchor; somebody changed it? Give your copy with --key", ctl->config.state, name);
		return ANSWER_ALTERED;
	}
	if (err && err != -ENOENT) {
		ctl_error("the anchor in %s cannot be read: %s. Give it with --key", ctl->config.state, strerror(-err));
		return err == -EACCES ? ANSWER_FORBIDDEN : ANSWER_NO;
	}
	r->anchored = err == 0;
	return ANSWER_DONE;
}

static enum answer
failed(const struct run *r, int err)
{
	ctl_error("%s: %s", r->file ? r->file : "verify", err == -EBADMSG ? "this is no whole zstd file" : strerror(-err));
	return err == -EACCES ? ANSWER_FORBIDDEN : err == -EBADMSG ? ANSWER_ALTERED : ANSWER_NO;
}

static void
end_progress(struct run *r)
{
	if (r->shown)
		fprintf(stderr, "\r%*s\r", BAR + 40, "");
	r->shown = false;
}

/* DONE with what was found in the proof, or an error on stderr. */
static enum answer
verify_files(struct run *r, char **paths)
{
	int err = prove_begin(&r->proof);

	r->total = total_bytes(paths);
	for (char **path = paths; *path && !err && r->proof.damage == DAMAGE_NONE; path++) {
		err = verify_file(r, *path);
		if (r->proof.damage == DAMAGE_TORN && path[1])
			r->proof.damage = DAMAGE_NOT_RECORD;
	}
	prove_end(&r->proof);
	end_progress(r);
	return err ? failed(r, err) : ANSWER_DONE;
}

/* A directory of logs, and the one of them that is proved. */
struct house { int dir; const char *path, *stem; char file[PATH_MAX]; };

static const char *
file_of(struct house *h, uint64_t number, enum segment_file which)
{
	char name[SEGMENT_NAME];

	segment_name(name, h->stem, number, which);
	snprintf(h->file, sizeof(h->file), "%s/%s", h->path, name);
	return h->file;
}

static bool
is_there(struct house *h, uint64_t number)
{
	struct stat st;

	return stat(file_of(h, number, SEGMENT_PACKED), &st) == 0 || stat(file_of(h, number, SEGMENT_RECORDS), &st) == 0;
}

/* The records of segment S, which have to end where its sums say. */
static int
verify_segment(struct run *r, struct house *h, const struct segment *s)
{
	int err = verify_file(r, h->file);

	if (err || r->proof.damage != DAMAGE_NONE)
		return err;
	if (r->proof.v.sequence != s->end || strcmp(r->proof.v.prev, s->head) != 0)
		r->broken = "this segment does not end where its sums say";
	return 0;
}

/* Segment S: proved, or, before the first that is there, taken from its sums as removed. */
static int
verify_number(struct run *r, struct house *h, const struct segment *s)
{
	if (s->number == 0)
		return 0;
	if (is_there(h, s->number))
		return verify_segment(r, h, s);
	r->file = h->file;
	if (r->files) {
		r->broken = "this segment is missing between others";
		return 0;
	}
	r->removed++;
	verify_from(&r->proof.v, s->end, s->head, s->key);
	return 0;
}

/*
 * The closed segments in their order, as far as there are sums that the anchor leads to. Without an anchor their signatures prove nothing,
 * and only their form is looked at.
 */
static int
verify_closed(struct run *r, struct house *h, const uint8_t *anchor)
{
	struct segment s;
	uint8_t key[32];

	if (anchor)
		memcpy(key, anchor, sizeof(key));
	for (uint64_t n = 0; !r->broken && r->proof.damage == DAMAGE_NONE; n++) {
		int err = segment_read(h->dir, h->stem, n, anchor ? key : NULL, &s);
		if (err == -EBADMSG) {
			r->file = file_of(h, n, SEGMENT_SUMS);
			r->broken = "these sums, or their signature, are not what was signed";
			return 0;
		}
		if (err)
			return err == -ENOENT ? 0 : err;
		memcpy(key, s.next, sizeof(key));
		if ((err = verify_number(r, h, &s)))
			return err;
	}
	return 0;
}

static enum answer
verify_house(struct run *r, struct house *h, const uint8_t *anchor)
{
	char open_file[PATH_MAX];
	struct stat st;
	int err = prove_begin(&r->proof);

	snprintf(open_file, sizeof(open_file), "%s/%s.jsonl", h->path, h->stem);
	if (!err)
		err = verify_closed(r, h, anchor);
	if (!err && !r->broken && r->proof.damage == DAMAGE_NONE && (stat(open_file, &st) == 0 || !r->files)) {
		snprintf(h->file, sizeof(h->file), "%s", open_file);
		err = verify_file(r, h->file);
	}
	prove_end(&r->proof);
	end_progress(r);
	return err ? failed(r, err) : ANSWER_DONE;
}

static void
begin_run(struct run *r, const struct verify_options *o)
{
	*r = (struct run){ .began_ns = now_boot_ns(), .tells = isatty(STDERR_FILENO) };
	r->proof.tell = progress;
	r->proof.listener = r;
	for (size_t i = 0; o->expect_head && i < 64; i++)
		r->head[i] = (char)tolower((unsigned char)o->expect_head[i]);
	r->proof.head = o->expect_head ? r->head : NULL;
}

static enum answer
worse(enum answer a, enum answer b)
{
	static const enum answer order[] = { ANSWER_ALTERED, ANSWER_FORBIDDEN, ANSWER_BROKEN, ANSWER_INVALID, ANSWER_NO };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return ANSWER_DONE;
}

/* Has somebody written that log in a directory? */
static bool
has_log(const char *path, enum chain_which which)
{
	char name[PATH_MAX], sums[SEGMENT_NAME];
	struct stat st;

	snprintf(name, sizeof(name), "%s/%s.jsonl", path, chain_stem(which));
	if (stat(name, &st) == 0)
		return true;
	segment_name(sums, chain_stem(which), 0, SEGMENT_SUMS);
	snprintf(name, sizeof(name), "%s/%s", path, sums);
	return stat(name, &st) == 0;
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Stops at the first record: does it name a log that came before? */
static bool
take_follows(void *arg, json_t *record, const char *line, size_t len)
{
	const json_t *details = store_get(record, "yett.details");
	struct follows *f = arg, said = { 0 };
	const char *log = json_string_value(json_array_get(details, 0)), *records = json_string_value(json_array_get(details, 1));
	const char *head = json_string_value(json_array_get(details, 2));

	(void)line, (void)len;
	if (strcmp(store_text(record, "event.action"), "log-start") == 0 && log && records && head &&
	    sscanf(log, "follows=%16[0-9a-f]", said.log) == 1 && sscanf(records, "records=%" SCNu64, &said.records) == 1 &&
	    sscanf(head, "head=%64[0-9a-f]", said.head) == 1)
		*f = said;
	return false;
}

/* What is not proved says nothing, and a pipe cannot be read again. */
static void
find_follows(struct run *r)
{
	const struct store_ask ask = { .path = r->first, .fn = take_follows, .arg = &r->follows };
	struct stat st;

	if (r->first[0] && r->anchored && r->proof.damage == DAMAGE_NONE && r->proof.v.sealed && stat(r->first, &st) == 0 && S_ISREG(st.st_mode))
		store_read(&ask);
}

/* One log by itself, from KEY on; NULL: nobody knows whose it is. DONE with what was found, or an error on stderr. */
static enum answer
prove_log(const struct verify_options *o, const struct house *where, const uint8_t *key, struct run *r)
{
	struct house h = *where;
	CLEANUP_FD int dir = open(h.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	begin_run(r, o);
	r->file = h.path;
	r->anchored = key;
	verify_init(&r->proof.v, key);
	h.dir = dir;
	if (dir < 0)
		return failed(r, -errno);
	enum answer a = verify_house(r, &h, key);
	if (a == ANSWER_DONE)
		find_follows(r);
	return a;
}

/* Begins what is printed of a log, once. */
static void
open_object(const struct ctl *ctl, enum chain_which which, bool *told)
{
	if (ctl->json)
		fputs(which == CHAIN_ALERTS ? "{" : *told ? ", \"events\": {" : "{\"events\": {", stdout);
	*told = true;
}

struct succession {			/* logs of one directory that follow each other */
	const struct ctl *ctl;
	const struct verify_options *o;
	struct house	 house;		/* the present one */
	enum chain_which which;
	unsigned	 earlier;	/* proved before it */
	bool		 seen;		/* the expected head was in one of them */
	bool		*told;
};

static void
show_earlier(struct succession *s, const char *id, const struct run *r, const struct finding *f)
{
	if (!s->earlier)
		open_object(s->ctl, s->which, s->told);
	if (!s->ctl->json) {
		printf("%s of the log %s: ", s->house.stem, id);
		finding_show(r, f);
		return;
	}
	printf("%s{\"log\": \"%s\", ", s->earlier ? ", " : "\"earlier\": [", id);
	finding_show_json(r, f);
	putchar('}');
}

/*
 * The logs set aside that lead from KEY to the present one, each to the next by the key that its last record names. DONE, and KEY is that
 * of the present one; or what is wrong with one of them, of which something was said.
 */
static enum answer
prove_earlier(struct succession *s, uint8_t key[32])
{
	static const struct verify_options nothing;
	char path[PATH_MAX], id[17];
	enum answer a = ANSWER_DONE;
	struct finding f;
	struct run r;

	for (; a == ANSWER_DONE && s->earlier < EARLIER_MAX; s->earlier++) {
		struct house aside = { .path = path, .stem = s->house.stem };
		anchor_id(key, id);
		snprintf(path, sizeof(path), "%s/%s", s->house.path, id);
		if (!is_directory(path) || !has_log(path, s->which))
			break;
		if ((a = prove_log(s->o, &aside, key, &r)) != ANSWER_DONE)
			break;
		finding_of(&r, &nothing, &f);
		show_earlier(s, id, &r, &f);
		a = f.answer;
		s->seen = s->seen || r.proof.head_seen;
		memcpy(key, r.proof.v.key, 32);
	}
	if (s->ctl->json && s->earlier)
		fputs("], ", stdout);
	return a;
}

/* Is the log in the directory one that the log before it does not lead to? */
static bool
is_another(const struct house *h, const uint8_t key[32])
{
	CLEANUP_FD int dir = open(h->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct segment s;
	char id[17];

	anchor_id(key, id);
	return dir >= 0 && segment_read(dir, h->stem, 0, NULL, &s) == 0 && strcmp(s.log, id) != 0;
}

/* The present one. */
static enum answer
prove_present(struct succession *s, const uint8_t *key)
{
	static const struct verify_options nothing;
	const struct verify_options *own = s->which == CHAIN_ALERTS ? s->o : &nothing;
	struct finding f;
	struct run r;

	enum answer a = prove_log(own, &s->house, key, &r);
	if (a != ANSWER_DONE) {
		if (s->earlier && s->ctl->json)
			fputs(s->which == CHAIN_ALERTS ? "\"result\": \"unreadable\"" : "\"result\": \"unreadable\"}", stdout);
		return a;
	}
	r.proof.head_seen = r.proof.head_seen || s->seen;
	if (s->earlier && is_another(&s->house, key)) {
		r.broken = "the log before it does not lead to this one: its last record names another";
		r.file = s->house.path;
	}
	finding_of(&r, own, &f);
	if (!s->earlier)
		open_object(s->ctl, s->which, s->told);
	if (s->ctl->json) {
		finding_show_json(&r, &f);
		fputs(s->which == CHAIN_ALERTS ? "" : "}", stdout);
	} else {
		printf("%s: ", s->house.stem);
		finding_show(&r, &f);
	}
	return f.answer;
}

/* One log of a directory, with those that it follows from the anchor GIVEN on. In JSON: members of an object. TOLD: something was said. */
static enum answer
verify_log(const struct ctl *ctl, const struct verify_options *o, const struct whose *w, bool *told)
{
	struct succession s = { .ctl = ctl, .o = o, .house = { .path = w->path, .stem = chain_stem(w->which) }, .which = w->which, .told = told };
	struct run r = { 0 };
	uint8_t key[32];
	enum answer a = find_anchor(ctl, w, &r, key);

	if (a != ANSWER_DONE)
		return a;
	if (r.anchored)
		a = prove_earlier(&s, key);
	/* What ends too early, or is not there, may have been cut: then the present log shows that nothing leads to it. */
	if (a != ANSWER_DONE && a != ANSWER_NO) {
		if (ctl->json && s.earlier)
			fputs(w->which == CHAIN_ALERTS ? "\"result\": \"unproved\"" : "\"result\": \"unproved\"}", stdout);
		else if (!ctl->json)
			printf("%s: not looked at, since nothing leads there\n", s.house.stem);
		return a;
	}
	return worse(a, prove_present(&s, r.anchored ? key : NULL));
}

static enum answer
verify_directory(const struct ctl *ctl, const struct verify_options *o, const char *path)
{
	bool told = false, events = has_log(path, CHAIN_EVENTS), only = events && !has_log(path, CHAIN_ALERTS) && is_aside(path);
	enum answer a = only ? ANSWER_DONE : verify_log(ctl, o, &(struct whose){ o->key, path, CHAIN_ALERTS }, &told);

	if (events)
		a = worse(a, verify_log(ctl, o, &(struct whose){ only && !o->events_key ? o->key : o->events_key, path, CHAIN_EVENTS }, &told));
	/* What the records say of files is worth what they are; the files of all logs lie beside the present one. */
	if ((a == ANSWER_DONE || a == ANSWER_NO) && !is_aside(path))
		a = worse(a, flight_verify(ctl, path, &told));
	fputs(ctl->json && told ? "}\n" : "", stdout);
	return a;
}

static enum answer
verify_run(struct ctl *ctl, const void *options, char **operands)
{
	const struct verify_options *o = options;
	struct finding f;
	uint8_t key[32];
	struct run r;
	enum answer a = check_options(o);

	if (a != ANSWER_DONE)
		return a;
	if (!operands[0] || (!operands[1] && is_directory(operands[0])))
		return verify_directory(ctl, o, operands[0] ? operands[0] : ctl->config.log);
	begin_run(&r, o);
	a = find_anchor(ctl, &(struct whose){ o->key, operands[0], CHAIN_ALERTS }, &r, key);
	if (a != ANSWER_DONE)
		return a;
	verify_init(&r.proof.v, r.anchored ? key : NULL);
	if ((a = verify_files(&r, operands)) != ANSWER_DONE)
		return a;
	find_follows(&r);
	finding_of(&r, o, &f);
	if (!ctl->json) {
		finding_show(&r, &f);
		return f.answer;
	}
	putchar('{');
	finding_show_json(&r, &f);
	puts("}");
	return f.answer;
}

static const struct option_row verify_rows[] = {
	{ "key", 'k', OPTION_TEXT, offsetof(struct verify_options, key), "KEY",
	    "the anchor: a minisign public key file, a file with 64 hex digits, or these; default: the one in [paths] state" },
	{ "events-key", 0, OPTION_TEXT, offsetof(struct verify_options, events_key), "KEY", "the same of the log of events" },
	{ "expect-seq", 0, OPTION_TEXT, offsetof(struct verify_options, expect_seq), "N", "record N was seen once, so it has to be there" },
	{ "expect-head", 0, OPTION_TEXT, offsetof(struct verify_options, expect_head), "HEX",
	    "a line with this SHA-256 was seen once, so it has to be there" },
	{ 0 }
};

const struct command verify_command = { .name = "verify", .operands = "[DIRECTORY | FILE...]", .options = verify_rows,
	.size = sizeof(struct verify_options), .most = 1024, .config = true, .run = verify_run,
	.help = "proves that records were not changed since they were written: both logs of a directory, with their closed segments "
	"(default: [paths] log), or files, which continue each other; "
	"exit 0 whole and anchored, 1 intact but incomplete, 6 altered" };
