#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
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
#include "ctl/prove.h"
#include "ctl/pubkey.h"
#include "ctl/term.h"

#define BAR		24
#define PROGRESS_AFTER_NS (500 * NS_PER_MS)	/* what takes less needs none */
#define PROGRESS_NS	(200 * NS_PER_MS)

struct verify_options { const char *key, *events_key, *expect_seq, *expect_head; };

struct run {
	struct proof	 proof;
	bool		 anchored;	/* the first key was given */
	char		 head[65];	/* hash of a line that has to be there, in small letters; "": none */
	const char	*file;		/* present one, or that with the damage */
	const char	*broken;	/* what is wrong with a directory of segments; FILE says which of them; NULL: nothing */
	uint64_t	 removed;	/* segments that are not there any more, before those that are */
	unsigned	 files;		/* read so far */
	uint64_t	 total;		/* bytes of all files; 0: unknown, as of a pipe */
	uint64_t	 began_ns, shown_ns;
	bool		 tells, shown;	/* stderr is a terminal; something stands there */
};

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

/* The outcome: an exit code and a sentence. */
struct finding { enum answer answer; const char *result; char why[512]; };

static void
find(struct finding *f, enum answer a, const char *result, const char *why)
{
	f->answer = a;
	f->result = result;
	snprintf(f->why, sizeof(f->why), "%s", why);
}

static void
judge_run(const struct run *r, const struct verify_options *o, struct finding *f)
{
	const struct proof *p = &r->proof;
	uint64_t unsealed = p->v.records - p->v.sealed;
	char text[256];

	if (r->broken) {
		find(f, ANSWER_ALTERED, "altered", r->broken);
	} else if (p->damage != DAMAGE_NONE && p->damage != DAMAGE_TORN) {
		find(f, ANSWER_ALTERED, "altered", damage_text(p->damage));
	} else if (o->expect_seq && p->v.sequence <= strtoull(o->expect_seq, NULL, 10)) {
		snprintf(text, sizeof(text), "the end was cut off: record %s was written once and is not there", o->expect_seq);
		find(f, ANSWER_ALTERED, "altered", text);
	} else if (o->expect_head && !p->head_seen) {
		find(f, ANSWER_ALTERED, "altered", "no record has the expected hash: the end was cut off, or this is another log");
	} else if (p->damage == DAMAGE_TORN) {
		find(f, ANSWER_NO, "incomplete", "the last line has no end: it is being written, or a crash or somebody cut it");
	} else if (p->v.records == 0) {
		find(f, ANSWER_NO, "incomplete", "there are no records");
	} else if (!r->anchored) {
		find(f, ANSWER_NO, "incomplete", "intact in itself, but no anchor says whose it is: give it with --key");
	} else if (unsealed) {
		snprintf(text, sizeof(text), "the last %llu records are not sealed by a signature yet", (unsigned long long)unsealed);
		find(f, ANSWER_NO, "incomplete", text);
	} else {
		find(f, ANSWER_DONE, "whole", "no record was changed, removed, added or moved");
	}
}

static void
show(const struct run *r, const struct finding *f)
{
	const struct proof *p = &r->proof;
	bool placed = p->damage != DAMAGE_NONE;

	if (placed || r->broken)
		term_put(stdout, r->file, strlen(r->file));
	if (placed)
		printf(":%llu: ", (unsigned long long)p->line);
	else if (r->broken)
		fputs(": ", stdout);
	term_word(f->answer == ANSWER_DONE ? COLOR_GOOD : f->answer == ANSWER_ALTERED ? COLOR_BAD : COLOR_ODD, f->result, 0);
	printf(": %s\n", f->why);
	if (placed)
		printf("  byte %llu, where record %llu is expected\n", (unsigned long long)p->offset, (unsigned long long)p->v.sequence);
	if (p->v.sealed && p->v.last_good_time[0]) {
		printf("  sealed up to record %llu of ", (unsigned long long)p->v.last_good_sequence);
		term_put(stdout, p->v.last_good_time, strlen(p->v.last_good_time));
		putchar('\n');
	}
	printf("  %llu records read, %llu of them sealed%s\n", (unsigned long long)p->v.records, (unsigned long long)p->v.sealed,
	    r->anchored ? ", from the anchor on" : "");
	if (r->removed)
		printf("  %llu older segment%s not there any more; their sums are\n", (unsigned long long)r->removed, r->removed == 1 ? " is" : "s are");
	if (p->v.records && p->damage == DAMAGE_NONE)
		printf("  the last is %llu, and its hash %s\n", (unsigned long long)p->v.sequence - 1, p->v.prev);
}

/* A text in JSON: what is not printable ASCII as the code of its byte, since names of files may hold anything. */
static void
show_text(const char *name, const char *s)
{
	printf(", \"%s\": \"", name);
	for (; *s; s++)
		printf(*s < ' ' || *s == '"' || *s == '\\' || *s == 0x7f ? "\\u%04x" : "%c", (unsigned char)*s);
	putchar('"');
}

static void
show_json(const struct run *r, const struct finding *f)
{
	const struct proof *p = &r->proof;
	uint64_t ns = now_boot_ns() - r->began_ns;

	printf("\"result\": \"%s\"", f->result);
	show_text("why", f->why);
	printf(", \"anchored\": %s, \"records\": %llu, \"sealed\": %llu", r->anchored ? "true" : "false",
	    (unsigned long long)p->v.records, (unsigned long long)p->v.sealed);
	printf(", \"files\": %u, \"bytes\": %llu, \"seconds\": %.3f", r->files, (unsigned long long)p->bytes, (double)ns / 1e9);
	if (r->removed)
		printf(", \"segments_removed\": %llu", (unsigned long long)r->removed);
	if (r->broken)
		show_text("file", r->file);
	if (p->damage != DAMAGE_NONE) {
		show_text("file", r->file);
		printf(", \"line\": %llu, \"offset\": %llu, \"sequence\": %llu", (unsigned long long)p->line, (unsigned long long)p->offset,
		    (unsigned long long)p->v.sequence);
	} else if (p->v.records) {
		printf(", \"last_sequence\": %llu", (unsigned long long)p->v.sequence - 1);
		show_text("head", p->v.prev);
	}
	if (p->v.sealed && p->v.last_good_time[0]) {
		printf(", \"last_good_sequence\": %llu", (unsigned long long)p->v.last_good_sequence);
		show_text("last_good_time", p->v.last_good_time);
	}
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

/* The anchor that GIVEN says, or else that of the state directory, where none is no error. */
static enum answer
find_anchor(const struct ctl *ctl, const char *given, enum chain_which which, struct run *r, uint8_t key[32])
{
	const char *name = chain_anchor_file(which);
	CLEANUP_FD int dir = given ? -1 : open(ctl->config.state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
	verify_init(&r->proof.v, r->anchored ? key : NULL);
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

/* One log of a directory. In JSON: members of an object, the first of which opens it. TOLD: something was said. */
static enum answer
verify_log(const struct ctl *ctl, const struct verify_options *o, enum chain_which which, const char *path, bool *told)
{
	static const struct verify_options nothing;
	struct house h = { .dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .path = path, .stem = chain_stem(which) };
	const struct verify_options *own = which == CHAIN_ALERTS ? o : &nothing;
	CLEANUP_FD int dir = h.dir;
	uint8_t key[32];
	struct finding f;
	struct run r;

	begin_run(&r, own);
	r.file = path;
	if (dir < 0)
		return failed(&r, -errno);
	enum answer a = find_anchor(ctl, which == CHAIN_ALERTS ? o->key : o->events_key, which, &r, key);
	if (a == ANSWER_DONE)
		a = verify_house(&r, &h, r.anchored ? key : NULL);
	if (a != ANSWER_DONE)
		return a;
	judge_run(&r, own, &f);
	if (ctl->json) {
		fputs(which == CHAIN_ALERTS ? "{" : *told ? ", \"events\": {" : "{\"events\": {", stdout);
		show_json(&r, &f);
		fputs(which == CHAIN_ALERTS ? "" : "}", stdout);
	} else {
		printf("%s: ", h.stem);
		show(&r, &f);
	}
	*told = true;
	return f.answer;
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

static enum answer
verify_directory(const struct ctl *ctl, const struct verify_options *o, const char *path)
{
	bool told = false;
	enum answer a = verify_log(ctl, o, CHAIN_ALERTS, path, &told);

	if (has_log(path, CHAIN_EVENTS))
		a = worse(a, verify_log(ctl, o, CHAIN_EVENTS, path, &told));
	fputs(ctl->json && told ? "}\n" : "", stdout);
	return a;
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
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
	a = find_anchor(ctl, o->key, CHAIN_ALERTS, &r, key);
	if (a == ANSWER_DONE)
		a = verify_files(&r, operands);
	if (a != ANSWER_DONE)
		return a;
	judge_run(&r, o, &f);
	if (!ctl->json) {
		show(&r, &f);
		return f.answer;
	}
	putchar('{');
	show_json(&r, &f);
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
