#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "alert/anchor.h"
#include "alert/line.h"
#include "alert/verify.h"
#include "base/cleanup.h"
#include "ctl/commands.h"
#include "ctl/pubkey.h"
#include "ctl/term.h"

#define PROGRESS_BYTES	(16u << 20)

struct verify_options { const char *key, *expect_seq, *expect_head; };

struct run {
	struct verify	 v;
	bool		 anchored;	/* the first key was given */
	bool		 head_seen;
	const char	*head;		/* wanted hash of a line; NULL: none */
	const char	*file;		/* present one, or that with the damage */
	uint64_t	 line, offset;	/* likewise */
	enum damage	 damage;
};

static void
progress(const struct run *r, uint64_t size, uint64_t *shown)
{
	if (!size || r->offset - *shown < PROGRESS_BYTES)
		return;
	*shown = r->offset;
	fprintf(stderr, "\r%3llu %% ", (unsigned long long)(r->offset * 100 / size));
}

/* 0 with RUN->damage set, or -errno of reading. */
static int
verify_file(struct run *r, const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	struct lines lines;
	const char *text;
	size_t len;
	uint64_t shown = 0;

	if (fd < 0 || fstat(fd, &st) != 0)
		return -errno;
	int err = lines_open(&lines, fd), got;
	if (err)
		return err;
	bool tells = isatty(STDERR_FILENO) && st.st_size > (off_t)PROGRESS_BYTES;
	r->file = path;
	for (r->line = 1; (got = lines_next(&lines, &text, &len)) > 0; r->line++) {
		char hash[65];
		r->offset = lines.offset;
		progress(r, tells ? (uint64_t)st.st_size : 0, &shown);
		r->damage = verify_line(&r->v, text, len);
		if (r->damage != DAMAGE_NONE)
			break;
		if (r->head && !r->head_seen) {
			line_hash(text, len, hash);
			r->head_seen = strcasecmp(hash, r->head) == 0;
		}
	}
	if (tells)
		fputs("\r      \r", stderr);
	lines_close(&lines);
	return got < 0 ? got : 0;
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
	uint64_t unsealed = r->v.records - r->v.sealed;
	char text[256];

	if (r->damage != DAMAGE_NONE && r->damage != DAMAGE_TORN) {
		find(f, ANSWER_ALTERED, "altered", damage_text(r->damage));
	} else if (o->expect_seq && r->v.sequence <= strtoull(o->expect_seq, NULL, 10)) {
		snprintf(text, sizeof(text), "the end was cut off: record %s was written once and is not there", o->expect_seq);
		find(f, ANSWER_ALTERED, "altered", text);
	} else if (o->expect_head && !r->head_seen) {
		find(f, ANSWER_ALTERED, "altered", "no record has the expected hash: the end was cut off, or this is another log");
	} else if (r->damage == DAMAGE_TORN) {
		find(f, ANSWER_NO, "incomplete", "the last line has no end: it is being written, or a crash or somebody cut it");
	} else if (r->v.records == 0) {
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
	bool placed = r->damage != DAMAGE_NONE;

	if (placed) {
		term_put(stdout, r->file, strlen(r->file));
		printf(":%llu: ", (unsigned long long)r->line);
	}
	term_word(f->answer == ANSWER_DONE ? COLOR_GOOD : f->answer == ANSWER_ALTERED ? COLOR_BAD : COLOR_ODD, f->result, 0);
	printf(": %s\n", f->why);
	if (placed)
		printf("  byte %llu, where record %llu is expected\n", (unsigned long long)r->offset, (unsigned long long)r->v.sequence);
	if (r->v.sealed && r->v.last_good_time[0]) {
		printf("  sealed up to record %llu of ", (unsigned long long)r->v.last_good_sequence);
		term_put(stdout, r->v.last_good_time, strlen(r->v.last_good_time));
		putchar('\n');
	}
	printf("  %llu records read, %llu of them sealed%s\n", (unsigned long long)r->v.records, (unsigned long long)r->v.sealed,
	    r->anchored ? ", from the anchor on" : "");
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
	printf("{\"result\": \"%s\"", f->result);
	show_text("why", f->why);
	printf(", \"anchored\": %s, \"records\": %llu, \"sealed\": %llu", r->anchored ? "true" : "false",
	    (unsigned long long)r->v.records, (unsigned long long)r->v.sealed);
	if (r->damage != DAMAGE_NONE) {
		show_text("file", r->file);
		printf(", \"line\": %llu, \"offset\": %llu, \"sequence\": %llu", (unsigned long long)r->line, (unsigned long long)r->offset,
		    (unsigned long long)r->v.sequence);
	}
	if (r->v.sealed && r->v.last_good_time[0]) {
		printf(", \"last_good_sequence\": %llu", (unsigned long long)r->v.last_good_sequence);
		show_text("last_good_time", r->v.last_good_time);
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
	verify_init(&r->v, r->anchored ? key : NULL);
	return ANSWER_DONE;
}

static enum answer
verify_run(struct ctl *ctl, const void *options, char **operands)
{
	const struct verify_options *o = options;
	struct run r = { .head = o->expect_head };
	struct finding f;
	char standard[CONFIG_PATH + 16];
	char *just[] = { standard, NULL };

	snprintf(standard, sizeof(standard), "%s/alerts.jsonl", ctl->config.log);
	enum answer a = check_options(o);
	if (a == ANSWER_DONE)
		a = find_anchor(ctl, o, &r);
	if (a != ANSWER_DONE)
		return a;
	for (char **path = operands[0] ? operands : just; *path && r.damage == DAMAGE_NONE; path++) {
		int err = verify_file(&r, *path);
		if (err) {
			ctl_error("%s: %s", *path, strerror(-err));
			return err == -EACCES ? ANSWER_FORBIDDEN : ANSWER_NO;
		}
		if (r.damage == DAMAGE_TORN && path[1])
			r.damage = DAMAGE_NOT_RECORD;
	}
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
