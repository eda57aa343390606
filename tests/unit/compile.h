#ifndef TESTS_UNIT_COMPILE_H
#define TESTS_UNIT_COMPILE_H
/* Policies from text, for tests: of a file t.ini, in enforce mode, with the judge that runs their [test] sections. */
#include <string.h>
#include <unistd.h>
#include "judge/judge.h"
#include "policy/policy.h"

static const struct policy_sources compile_enforcing = { .mode = MODE_ENFORCE, .judge = judge };

/* The policy, or NULL with FAULTS. Any other failure ends the test. */
static inline const struct policy *
compile_for(const struct policy_sources *sources, const char *text, struct faults *faults)
{
	const struct policy *p = NULL;
	int fd = policy_build_text(sources, "t.ini", text, strlen(text), faults);

	if (fd < 0) {
		assert_int_equal(fd, -EINVAL);
		assert_true(faults->errors > 0);
		return NULL;
	}
	assert_int_equal(faults->errors, 0);
	assert_int_equal(policy_open(fd, &p), 0);
	close(fd);
	return p;
}

/* The policy; a text that does not compile ends the test. */
static inline const struct policy *
compile(const char *text)
{
	struct faults faults = { 0 };
	const struct policy *p = compile_for(&compile_enforcing, text, &faults);
	char why[700];

	if (!p) {
		fault_format(&faults.fault[0], why, sizeof(why));
		fail_msg("%s\n%s", why, text);
	}
	return p;
}

#endif
