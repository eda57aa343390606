/*
 * Which programs' allows may the kernel remember under a policy (gate/cache.h), and if not, because of which rules?
 *
 *   cacheable programs VENDOR OWN    one row for each line of stdin: PATH -> "PATH  RULE, RULE", "PATH" alone: remembered.
 *                                    Before PATH may stand: setuid; small, as a program of few lines; loader, which is asked about as such
 *   cacheable places VENDOR OWN      what opens are asked about: "file PATH", "directory PATH", "tree PATH", "everything"
 *   cacheable kinds VENDOR OWN       the events that are asked of audit
 *   cacheable rules VENDOR OWN       "RULE FILE TECHNIQUE", one a line
 *
 * VENDOR and OWN are directories of policies, as in policy/policy.h; OWN may be "".
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "base/cleanup.h"
#include "judge/judge.h"

struct blame { const struct policy *policy; enum judge_view view; unsigned n; char names[4096]; };

static void
one_rule(void *arg, const struct judge_step *s)
{
	struct blame *b = arg;
	struct rule_info r;

	if (s->key || s->exception || s->truth == TRUTH_FALSE)
		return;
	policy_rule(b->policy, s->index, &r);
	size_t n = strlen(b->names);
	snprintf(b->names + n, sizeof(b->names) - n, "%s%s", b->n++ ? ", " : "", r.name);
}

/* Of the process that asks nothing is known, so what a rule hangs on is not either. */
static bool
program(const char *path, bool setuid, bool small, struct blame *b)
{
	static struct event ev;
	struct verdict v;

	event_init(&ev, EVENT_EXEC, SENSOR_FANOTIFY);
	ev.file.mode = S_IFREG | 0755 | (setuid ? S_ISUID : 0);
	ev.file.links = 1;
	ev.file.size = small ? 16000 : 5000000;
	ev.flags |= setuid ? FLAG_SETUID : 0;
	if (event_set_str(&ev, TEXT_FILE_PATH, path) || event_set_str(&ev, TEXT_FILESYSTEM, "ext4") || event_set_str(&ev, TEXT_FILE_OWNER, "root"))
		return false;
	ev.have = HAVE_FILE | HAVE_ATTRIBUTES;
	/* Which program a loader is for is not known. */
	if (b->view == VIEW_OBJECT && event_set_str(&ev, TEXT_EXECUTABLE, path) == 0)
		ev.have |= HAVE_PROCESS;
	judge_explain(b->policy, &ev, &v, one_rule, b);
	return judge_always_allows(b->policy, &ev, b->view);
}

/* Takes WORD from the front of *S. */
static bool
take(char **s, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*s, word, n) != 0 || (*s)[n] != ' ')
		return false;
	*s += n + 1;
	return true;
}

static int
programs(const struct policy *p)
{
	char line[1024];
	int bad = 0;

	while (fgets(line, sizeof(line), stdin)) {
		struct blame b = { .policy = p };
		char *path = line;
		line[strcspn(line, "\n")] = '\0';
		b.view = take(&path, "loader") ? VIEW_LOADER : VIEW_OBJECT;
		bool setuid = take(&path, "setuid"), small = take(&path, "small");
		bool remembered = program(path, setuid, small, &b);
		/* Of a loader the judge passes over rules that do not speak of files. */
		bool told = b.view == VIEW_LOADER ? remembered : b.n == 0;
		printf("%s%s%s\n", line, remembered ? "" : "  ", remembered ? "" : b.names);
		if (remembered == told)
			continue;
		printf("%s: the judge says that it is%s remembered\n", line, remembered ? "" : " not");
		bad = 1;
	}
	return bad;
}

static void
places(const struct policy *p)
{
	static const char *const kinds[] = {
		[WATCH_FILE] = "file", [WATCH_DIRECTORY] = "directory", [WATCH_TREE] = "tree", [WATCH_EVERYTHING] = "everything",
	};

	for (unsigned i = 0; i < policy_places(p); i++) {
		struct watch_place w;
		policy_place(p, i, &w);
		printf("%s %s\n", kinds[w.kind], w.kind == WATCH_EVERYTHING ? "" : w.path);
	}
}

static void
kinds(const struct policy *p)
{
	for (int k = 0; k < EVENT__MAX; k++)
		if ((policy_kinds(p) & 1ull << k) && event_kind_sensor((enum event_kind)k) == SENSOR_AUDIT)
			printf("%s\n", event_kind_name((enum event_kind)k));
}

static void
rules(const struct policy *p)
{
	for (unsigned i = 0; i < policy_rules(p); i++) {
		struct rule_info r;
		policy_rule(p, i, &r);
		printf("%s %s %s\n", r.name, r.ruleset, r.technique);
	}
}

static int
answer(const char *what, const struct policy *p)
{
	if (strcmp(what, "programs") == 0)
		return programs(p);
	if (strcmp(what, "places") == 0)
		places(p);
	else if (strcmp(what, "kinds") == 0)
		kinds(p);
	else if (strcmp(what, "rules") == 0)
		rules(p);
	else
		return 2;
	return 0;
}

int
main(int argc, char **argv)
{
	struct policy_sources s = { .mode = MODE_ENFORCE, .exec_default = DECISION_ALLOW, .open_default = DECISION_ALLOW, .judge = judge };
	struct faults faults = { 0 };
	const struct policy *p;

	if (argc != 4) {
		fprintf(stderr, "usage: cacheable programs | places | kinds | rules VENDOR OWN\n");
		return 2;
	}
	s.vendor_policies = argv[2];
	s.policies = argv[3];
	CLEANUP_FD int fd = policy_build(&s, &faults);
	for (size_t i = 0; i < faults.count; i++) {
		char text[FAULT_TEXT + 300];
		fault_format(&faults.fault[i], text, sizeof(text));
		fprintf(stderr, "%s\n", text);
	}
	if (fd < 0 || faults.count || policy_open(fd, &p))
		return 1;
	int status = answer(argv[1], p);
	policy_close(p);
	return status;
}
