/* Sigma rules of strangers: whatever they are, what is made of them is a policy, and one that only alerts. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ctl/sigma.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What a rule may be too big for, and expressions that are none; anything else that the compiler says is a fault of the importer. */
static bool
is_theirs(const char *why)
{
	static const char *const reasons[] = { "more than 512 bytes", "too long", "nested too deeply", "more than 16 rules", "more than 8 fields",
		"up to 64 values", "up to 1000000", "line of ", "is no regular expression: " };

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strstr(why, reasons[i]))
			return true;
	return false;
}

/* A line that acts, begins a section, or is none at all can only be one that we wrote. */
static void
look_at_line(const char *s, size_t len)
{
	static const char *const sections[] = { "[rule sigma-", "[correlation sigma-" };

	if (len > 4096 || memchr(s, '\r', len))
		abort();
	if (strncmp(s, "action", 6) == 0 && strncmp(s, "action = alert\n", 15) != 0 && strncmp(s, "action = log\n", 13) != 0)
		abort();
	for (size_t i = 0; s[0] == '['; i++) {
		if (i == sizeof(sections) / sizeof(sections[0]))
			abort();
		if (strncmp(s, sections[i], strlen(sections[i])) == 0)
			return;
	}
}

static void
look_at(const struct sigma_rule *r)
{
	static const char refused[] = "a policy does not take it: ";

	if (r->reason && strncmp(r->reason, refused, strlen(refused)) == 0 && !is_theirs(r->reason)) {
		fprintf(stderr, "%s\n", r->reason);
		abort();
	}
	if (!r->reason && r->doc == SIGMA_DOC_RULE && (!r->text || !r->made))
		abort();
	for (const char *s = r->reason || !r->text ? "" : r->text; *s; s += strcspn(s, "\n") + 1)
		look_at_line(s, strcspn(s, "\n"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const expand[] = { "admins=root,ops" };
	struct pool pool = { 0 };
	struct sigma_import imp = { .pool = &pool, .expand = expand, .n_expand = 1 };

	sigma_add(&imp, "fuzz.yml", (const char *)data, size);
	sigma_convert(&imp);
	sigma_check(&imp);
	for (const struct sigma_rule *r = imp.first; r; r = r->next)
		look_at(r);
	names_done(&imp.names);
	pool_done(&pool);
	return 0;
}
