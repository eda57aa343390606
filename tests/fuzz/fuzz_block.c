/* A compiled policy that somebody altered: words of eight bytes say where, and what is there then. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "judge/judge.h"
#include "policy/given.h"
#include "policy/layout.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char text[] =
    "[rule a]\non = exec, open\naction = deny, alert\ndescription = what\nmessage = why\nthreat.technique.id = T1\n"
    "file.path = /x, /y/*, /z/**\nprocess.name|contains = a, b\nprocess.args|all = a*, b\nnot user.id|gt = 5\nfile.size = 1, 2\n"
    "filter/destination.ip|cidr = 10.0.0.0/8, ::1\n"
    "[rule b]\non = exec\naction = kill\na/user.name|fieldref|endswith = process.title\nb/user.id|exists = true\n"
    "c/process.title|nocase = X\ncondition = (a or not b) and 1 of c*\n"
    "[rule f]\non = exec\naction = log\nnot process.name = z\nprocess.previous.name = x, y\n"
    "[rule g]\non = exec\naction = log\nnot process.name = z\n"
    "[rule many]\non = exec\naction = log\nprocess.args|re = ^ab+$, (a|b)*[cd]\nprocess.args|re|i = x\n"
    "process.executable = /bin/*, /b*, /bin/a*, /bin/ab*, **/b, **/ab, **.so, */ab, **\n"
    "[exception e]\nrules = *\nreason = y\nuser.id = 7\n"
    "[correlation c]\naction = alert\ntype = value_count\nfield = user.id\ncondition = gte: 3\nrules = a, b\ngroup-by = host, user.name\n"
    "timespan = 5m\n";

/* The block as it was compiled, up to the names of the users of this host, which are not the same everywhere. */
static const struct policy *
compiled(void)
{
	static const struct policy_sources sources = { .mode = MODE_ENFORCE };
	static struct faults faults;
	static const struct policy *p;

	if (p)
		return p;
	int fd = policy_build_text(&sources, "t.ini", text, sizeof(text) - 1, &faults);
	if (fd < 0 || policy_open(fd, &p))
		abort();
	close(fd);
	return p;
}

static void
set(struct event *ev, enum field f, const char *value)
{
	char why[100];

	if (policy_event_set(ev, f, value, strlen(value), why, sizeof(why)))
		abort();
}

static void
use(const struct policy *p)
{
	static struct report r;
	struct verdict v;
	size_t n = strlen(policy_hash(p)) + strlen(policy_user(p, 0)) + strlen(policy_group(p, 0)) + policy_loader(p, 1, 2);

	event_init(&r.event, EVENT_EXEC, SENSOR_NOBODY);
	set(&r.event, FIELD_FILE_PATH, "/y/a");
	set(&r.event, FIELD_PROCESS_EXECUTABLE, "/bin/ab");
	set(&r.event, FIELD_PROCESS_ARGS, "ab");
	set(&r.event, FIELD_PROCESS_TITLE, "x");
	set(&r.event, FIELD_USER_ID, "3");
	set(&r.event, FIELD_DESTINATION_IP, "::1");
	judge(p, &r.event, &v);
	r.event.tried = HAVE_ALL;
	judge(p, &r.event, &v);
	judge_report(p, &v, &r);
	for (unsigned i = 0; i < policy_rules(p); i++) {
		struct rule_info info;
		policy_rule(p, i, &info);
		n += strlen(info.name) + strlen(info.ruleset) + strlen(info.description) + strlen(info.message) + strlen(info.technique) +
		    strlen(info.file);
	}
	for (unsigned i = 0; i < policy_places(p); i++) {
		struct watch_place w;
		policy_place(p, i, &w);
		n += strlen(w.path);
	}
	if (n == SIZE_MAX)
		abort();
}

#define OWN 16		/* bytes in front of a block, where a struct policy_own ends */
_Static_assert(OWN >= sizeof(struct policy_own), "it fits");

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct policy *good = compiled();
	char *whole = malloc(OWN + good->size), *bytes = whole + OWN;

	if (!whole)
		abort();
	memset(whole, 0, OWN);
	memcpy(bytes, good, good->size);
	for (; size >= 8; data += 8, size -= 8) {
		uint32_t at, word;
		memcpy(&at, data, 4);
		memcpy(&word, data + 4, 4);
		/* Words of four bytes; most of them before the names. */
		memcpy(bytes + at % (good->users.off / 4) * 4, &word, 4);
	}
	const struct policy *p = (const struct policy *)(const void *)bytes;
	/* As policy_open() does it. */
	if (layout_check(p, good->size) && (!p->regexes.n || regexes_open(p, &policy_own(p)->regexes) == 0)) {
		use(p);
		regexes_close(policy_own(p)->regexes);
	}
	free(whole);
	return 0;
}
