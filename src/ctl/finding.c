#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "ctl/finding.h"
#include "ctl/term.h"

static void
find(struct finding *f, enum answer a, const char *result, const char *why)
{
	f->answer = a;
	f->result = result;
	snprintf(f->why, sizeof(f->why), "%s", why);
}

void
finding_of(const struct run *r, const struct verify_options *o, struct finding *f)
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

void
finding_show(const struct run *r, const struct finding *f)
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
	if (r->follows.log[0])
		printf("  it follows the log %s of %llu records, head %s\n", r->follows.log, (unsigned long long)r->follows.records,
		    r->follows.head);
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

void
finding_show_json(const struct run *r, const struct finding *f)
{
	const struct proof *p = &r->proof;
	uint64_t ns = now_boot_ns() - r->began_ns;

	printf("\"result\": \"%s\"", f->result);
	show_text("why", f->why);
	printf(", \"anchored\": %s, \"records\": %llu, \"sealed\": %llu", r->anchored ? "true" : "false",
	    (unsigned long long)p->v.records, (unsigned long long)p->v.sealed);
	printf(", \"files\": %u, \"bytes\": %llu, \"seconds\": %.3f", r->files, (unsigned long long)p->bytes, (double)ns / 1e9);
	if (r->follows.log[0])
		printf(", \"follows\": {\"log\": \"%s\", \"records\": %llu, \"head\": \"%s\"}", r->follows.log,
		    (unsigned long long)r->follows.records, r->follows.head);
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
