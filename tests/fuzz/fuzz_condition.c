/* An expression over four groups. What compiles means the same to an interpreter that reads the words of it. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "judge/judge.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char *const groups[] = { "a", "b1", "b2", "not-x" };
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

struct reading { const char *at; unsigned is; bool bad; };	/* is: a bit for each group that holds */

static bool
word(struct reading *r, const char *w)
{
	size_t n = strlen(w);

	r->at += strspn(r->at, " \t");
	if (strncmp(r->at, w, n) != 0 || (r->at[n] && !strchr(" \t()", r->at[n])))
		return false;
	r->at += n;
	return true;
}

/* The name that stands here, for one group or, with a star or as "them", several. */
static bool
named(struct reading *r, bool several, bool all)
{
	bool found = false, any = false, every = true;

	r->at += strspn(r->at, " \t");
	size_t len = strcspn(r->at, " \t()");
	bool star = several && len && r->at[len - 1] == '*', them = several && len == 4 && strncmp(r->at, "them", 4) == 0;
	for (size_t g = 0; g < GROUPS; g++) {
		bool same = strlen(groups[g]) == len && strncmp(groups[g], r->at, len) == 0;
		if (!same && !them && !(star && strncmp(groups[g], r->at, len - 1) == 0))
			continue;
		found = true;
		any = any || r->is >> g & 1;
		every = every && r->is >> g & 1;
	}
	r->bad = r->bad || !found;
	r->at += len;
	return all ? every : any;
}

static bool either(struct reading *r);

static bool
operand(struct reading *r)
{
	if (word(r, "not"))
		return !operand(r);
	if (word(r, "1 of") || word(r, "any of"))
		return named(r, true, false);
	if (word(r, "all of"))
		return named(r, true, true);
	if (*r->at != '(')
		return named(r, false, true);
	r->at++;
	bool holds = either(r);
	r->at += strspn(r->at, " \t");
	r->bad = r->bad || *r->at != ')';
	r->at += *r->at == ')';
	return holds;
}

static bool
both(struct reading *r)
{
	bool holds = operand(r);

	while (!r->bad && word(r, "and"))
		holds = operand(r) && holds;
	return holds;
}

static bool
either(struct reading *r)
{
	bool holds = both(r);

	while (!r->bad && word(r, "or"))
		holds = both(r) || holds;
	return holds;
}

static void
compare(const struct policy *p, const char *expression)
{
	static const uint32_t haves[GROUPS] = { HAVE_USER, HAVE_CWD, HAVE_COMM, HAVE_EXIT };
	static struct event ev;

	for (unsigned is = 0; is < 1u << GROUPS; is++) {
		struct reading r = { .at = expression, .is = is };
		struct verdict v;
		event_init(&ev, EVENT_EXEC, SENSOR_NOBODY);
		ev.tried = HAVE_ALL;
		/* Each group asks whether something is known. */
		for (size_t g = 0; g < GROUPS; g++)
			ev.have |= is >> g & 1 ? haves[g] : 0;
		event_set_str(&ev, TEXT_CWD, "/");
		event_set_str(&ev, TEXT_COMM, "x");
		judge(p, &ev, &v);
		bool holds = either(&r);
		if (r.bad || r.at[strspn(r.at, " \t")] || holds != v.matches)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct policy_sources sources = { .mode = MODE_ENFORCE };
	static struct faults faults;
	char expression[2048], text[4096];
	const struct policy *p;

	/* One line: further ones would be further keys. */
	if (size >= sizeof(expression) || memchr(data, '\n', size) || memchr(data, '\0', size))
		return 0;
	memcpy(expression, data, size);
	expression[size] = '\0';
	int len = snprintf(text, sizeof(text), "[rule r]\non = exec\naction = alert\na/user.id|exists = true\n"
	    "b1/process.working_directory|exists = true\nb2/process.title|exists = true\n"
	    "not-x/process.exit_code|exists = true\ncondition = %s\n", expression);
	memset(&faults, 0, sizeof(faults));
	int fd = policy_build_text(&sources, "t.ini", text, (size_t)len, &faults);
	if (fd < 0)
		return faults.errors ? 0 : (abort(), 0);
	if (policy_open(fd, &p))
		abort();
	close(fd);
	compare(p, expression);
	policy_close(p);
	return 0;
}
