#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "alert/anchor.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/prove.h"
#include "ctl/pubkey.h"
#include "ctl/term.h"

#define BAR		24
#define PROGRESS_AFTER_NS (500 * NS_PER_MS)	/* what takes less needs none */
#define PROGRESS_NS	(200 * NS_PER_MS)

struct verify_options { const char *key, *expect_seq, *expect_head; };

struct run {
	struct proof	 proof;
	bool		 anchored;	/* the first key was given */
	char		 head[65];	/* hash of a line that has to be there, in small letters; "": none */
	const char	*file;		/* present one, or that with the damage */
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

	if (p->damage != DAMAGE_NONE && p->damage != DAMAGE_TORN) {
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

	if (placed) {
		term_put(stdout, r->file, strlen(r->file));
		printf(":%llu: ", (unsigned long long)p->line);
	}
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

	printf("{\"result\": \"%s\"", f->result);
	show_text("why", f->why);
	printf(", \"anchored\": %s, \"records\": %llu, \"sealed\": %llu", r->anchored ? "true" : "false",
	    (unsigned long long)p->v.records, (unsigned long long)p->v.sealed);
	printf(", \"files\": %u, \"bytes\": %llu, \"seconds\": %.3f", r->files, (unsigned long long)p->bytes, (double)ns / 1e9);
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
	printf("}\n");
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

/* The anchor from --key, or else from the state directory, where none is no error. */
static enum answer
find_anchor(struct ctl *ctl, const struct verify_options *o, struct run *r)
{
	uint8_t key[32];
	CLEANUP_FD int dir = o->key ? -1 : open(ctl->config.state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = o->key ? pubkey_read(o->key, key) : dir < 0 ? -errno : anchor_read(dir, key);

	if (err && o->key) {
		ctl_error("%s: %s", o->key, err == -EBADMSG ? "this is neither a minisign public key nor 64 hex digits" : strerror(-err));
		return err == -EACCES ? ANSWER_FORBIDDEN : ANSWER_INVALID;
	}
	if (err == -EBADMSG) {
		ctl_error("%s/%s is not an anchor; somebody changed it? Give your copy with --key", ctl->config.state, ANCHOR_FILE);
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

/* DONE with what was found in the proof, or an error on stderr. */
static enum answer
verify_files(struct run *r, char **paths)
{
	int err = prove_begin(&r->proof);

	for (char **path = paths; *path && !err && r->proof.damage == DAMAGE_NONE; path++) {
		err = verify_file(r, *path);
		if (r->proof.damage == DAMAGE_TORN && path[1])
			r->proof.damage = DAMAGE_NOT_RECORD;
	}
	prove_end(&r->proof);
	if (r->shown)
		fprintf(stderr, "\r%*s\r", BAR + 40, "");
	if (!err)
		return ANSWER_DONE;
	ctl_error("%s: %s", r->file ? r->file : "verify", strerror(-err));
	return err == -EACCES ? ANSWER_FORBIDDEN : ANSWER_NO;
}

static enum answer
verify_run(struct ctl *ctl, const void *options, char **operands)
{
	const struct verify_options *o = options;
	struct run r = { .began_ns = now_boot_ns(), .tells = isatty(STDERR_FILENO) };
	struct finding f;
	char standard[CONFIG_PATH + 16];
	char *just[] = { standard, NULL }, **paths = operands[0] ? operands : just;

	snprintf(standard, sizeof(standard), "%s/alerts.jsonl", ctl->config.log);
	enum answer a = check_options(o);
	if (a == ANSWER_DONE)
		a = find_anchor(ctl, o, &r);
	if (a != ANSWER_DONE)
		return a;
	for (size_t i = 0; o->expect_head && i < 64; i++)
		r.head[i] = (char)tolower((unsigned char)o->expect_head[i]);
	r.proof.head = o->expect_head ? r.head : NULL;
	r.proof.tell = progress;
	r.proof.listener = &r;
	r.total = total_bytes(paths);
	a = verify_files(&r, paths);
	if (a != ANSWER_DONE)
		return a;
	judge_run(&r, o, &f);
	ctl->json ? show_json(&r, &f) : show(&r, &f);
	return f.answer;
}

static const struct option_row verify_rows[] = {
	{ "key", 'k', OPTION_TEXT, offsetof(struct verify_options, key), "KEY",
	    "the anchor: a minisign public key file, a file with 64 hex digits, or these; default: the one in [paths] state" },
	{ "expect-seq", 0, OPTION_TEXT, offsetof(struct verify_options, expect_seq), "N", "record N was seen once, so it has to be there" },
	{ "expect-head", 0, OPTION_TEXT, offsetof(struct verify_options, expect_head), "HEX",
	    "a line with this SHA-256 was seen once, so it has to be there" },
	{ 0 }
};

const struct command verify_command = { .name = "verify", .operands = "[FILE...]", .options = verify_rows,
	.size = sizeof(struct verify_options), .most = 1024, .config = true, .run = verify_run,
	.help = "proves that records were not changed since they were written; several files continue each other; "
	"exit 0 whole and anchored, 1 intact but incomplete, 6 altered" };
