#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include "policy/layout.h"
#include "policy/regex.h"

#define ALIGN16(n)	(((n) + 15) & ~(size_t)15)
#define HEAP_MAX	(2u << 20)	/* for what a match would come back to; while it grows, the old and the new are there */
#define CONTEXTS	16384		/* bytes for what PCRE2 wants once */
#define DEPTH_MAX	20000
#define NESTED_MAX	100		/* parentheses */
#define CHARS_A_STEP	16		/* that a repeat runs over as fast as a step is made */

struct area { char *at; size_t used, size; };

/* PCRE2 takes memory from here, and only from here. */
struct regexes {
	size_t		 mapped;
	enum { COMPILING, KEEPING, MATCHING } doing;
	struct area	 kept;		/* contexts and compiled expressions: for ever */
	struct area	 scratch;	/* empty before each expression; shares its place with the halves */
	char		*half[2];
	bool		 busy[2];
	uint32_t	 steps;		/* left */
	size_t		 before;	/* place in the text, one step ago */
	pcre2_match_context *context;
	pcre2_match_data *data;
	pcre2_code	*code[];
};

static void *
take_of(struct area *a, size_t n)
{
	n = ALIGN16(n);
	if (n > a->size - a->used)
		return NULL;
	a->used += n;
	return a->at + a->used - n;
}

static void *
take(size_t n, void *user)
{
	struct regexes *r = user;

	if (r->doing != MATCHING)
		return take_of(r->doing == KEEPING ? &r->kept : &r->scratch, n);
	for (int i = 0; i < 2; i++) {
		if (!r->busy[i] && n <= HEAP_MAX) {
			r->busy[i] = true;
			return r->half[i];
		}
	}
	return NULL;
}

static void
give(void *p, void *user)
{
	struct regexes *r = user;

	for (int i = 0; i < 2; i++)
		if (p == r->half[i])
			r->busy[i] = false;
}

/* Called before each item of an expression is tried: how PCRE2 shows what it spends, since its own count begins anew at each place. */
static int
on_step(pcre2_callout_block *b, void *user)
{
	struct regexes *r = user;
	size_t at = b->current_position, moved = at > r->before ? at - r->before : r->before - at, cost = 1 + moved / CHARS_A_STEP;

	r->before = at;
	if (cost > r->steps) {
		r->steps = 0;
		return PCRE2_ERROR_MATCHLIMIT;
	}
	r->steps -= (uint32_t)cost;
	return 0;
}

static pcre2_code *
compile(const char *s, size_t len, unsigned flags, pcre2_compile_context *context, char *why, size_t n)
{
	uint32_t options = PCRE2_AUTO_CALLOUT | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP;
	PCRE2_SIZE at;
	int err;

	options |= (flags & REGEX_CASELESS ? PCRE2_CASELESS : 0) | (flags & REGEX_MULTILINE ? PCRE2_MULTILINE : 0) |
	    (flags & REGEX_DOTALL ? PCRE2_DOTALL : 0);
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	pcre2_set_bsr(context, PCRE2_BSR_ANYCRLF);
	pcre2_set_parens_nest_limit(context, NESTED_MAX);
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)s, len, options, &err, &at, context);
	if (!code && why) {
		PCRE2_UCHAR text[160];
		if (pcre2_get_error_message(err, text, sizeof(text)) < 0)
			snprintf((char *)text, sizeof(text), "error %d", err);
		snprintf(why, n, "%s at byte %zu", (const char *)text, at + 1);
	}
	return code;
}

size_t
regex_try(const char *s, size_t len, unsigned flags, char *why, size_t n)
{
	size_t size = 0;

	if (len == 0 || len > REGEX_TEXT_MAX) {
		snprintf(why, n, len ? "more than %d bytes" : "nothing, which is in every text", REGEX_TEXT_MAX);
		return 0;
	}
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	pcre2_code *code = context ? compile(s, len, flags, context, why, n) : NULL;
	if (code)
		pcre2_pattern_info(code, PCRE2_INFO_SIZE, &size);
	else if (!context)
		snprintf(why, n, "no memory");
	pcre2_code_free(code);
	pcre2_compile_context_free(context);
	return size;
}

static int
compile_all(struct regexes *r, const struct policy *p)
{
	pcre2_general_context *general = pcre2_general_context_create(take, give, r);
	pcre2_compile_context *context = general ? pcre2_compile_context_create(general) : NULL;

	r->context = general ? pcre2_match_context_create(general) : NULL;
	r->data = general ? pcre2_match_data_create(1, general) : NULL;
	if (!context || !r->context || !r->data)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->regexes.n; i++) {
		const struct l_regex *x = layout_regexes(p) + i;
		r->doing = COMPILING;
		r->scratch.used = 0;
		pcre2_code *code = compile(layout_string(p, x->text.off), x->text.len, x->flags, context, NULL, 0);
		r->doing = KEEPING;
		r->code[i] = code ? pcre2_code_copy(code) : NULL;
		if (!r->code[i])
			return -EBADMSG;
	}
	pcre2_set_match_limit(r->context, REGEX_STEPS);
	pcre2_set_depth_limit(r->context, DEPTH_MAX);
	pcre2_set_heap_limit(r->context, HEAP_MAX / 1024);
	pcre2_set_callout(r->context, on_step, r);
	r->doing = MATCHING;
	return 0;
}

int
regexes_open(const struct policy *p, struct regexes **out)
{
	size_t head = ALIGN16(sizeof(struct regexes) + p->regexes.n * sizeof(pcre2_code *));
	size_t kept = CONTEXTS + p->regex_bytes, size = head + ALIGN16(kept) + 2 * HEAP_MAX;
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return -errno;
	struct regexes *r = (struct regexes *)(void *)at;
	r->mapped = size;
	r->doing = KEEPING;
	r->kept = (struct area){ .at = at + head, .size = kept };
	r->half[0] = at + head + ALIGN16(kept);
	r->half[1] = r->half[0] + HEAP_MAX;
	r->scratch = (struct area){ .at = r->half[0], .size = 2 * HEAP_MAX };
	int err = compile_all(r, p);
	if (err)
		regexes_close(r);
	else
		*out = r;
	return err;
}

void
regexes_close(struct regexes *r)
{
	if (r)
		munmap(r, r->mapped);
}

enum regex_answer
regex_match(struct regexes *r, uint32_t i, const char *s, size_t len, uint32_t *steps)
{
	r->steps = *steps;
	r->before = 0;
	int found = pcre2_match(r->code[i], (PCRE2_SPTR)s, len, 0, 0, r->data, r->context);
	*steps = r->steps;
	if (found >= 0)
		return REGEX_YES;
	return found == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_TOO_HARD;
}
