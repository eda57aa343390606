/* An event as another process sends it, under a policy with every operator; judged also by hearing each rule. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../unit/naive_judge.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define ON "on = exec, open, connect, listen, ptrace, module\n"
static const char text[] =
    "[rule exact]\n" ON "action = alert\nprocess.executable = /bin/sh, /bin/bash, \"\"\nprocess.args = a, b, c\n"
    "[rule contains]\n" ON "action = log\nprocess.args|contains = x, y\nprocess.command_line|contains|all = a, b\n"
    "[rule ends]\n" ON "action = log\nfile.path|endswith = .so\nprocess.title|startswith = k\nnot user.name = root\n"
    "[rule globs]\n" ON "action = alert\nfile.path = /tmp/**/x*, /etc/[a-c]?\nprocess.env_vars = LD_*=*\n"
    "[rule nocase]\n" ON "action = alert\nprocess.command_line|contains|nocase = EVIL, B?D\nprocess.name|nocase = SH\n"
    "[rule numbers]\n" ON "action = suspend\nuser.id|gte = 1\nuser.id|lt = 1000\n"
    "[rule more-numbers]\n" ON "action = alert\na/file.mode = 4755\na/file.size|gt = 1k\nb/event.result|lte = -1\nc/process.start|gt = 5m\n"
    "d/file.setuid = true\ncondition = 1 of a or not (b and c) or all of d*\n"
    "[rule refs]\n" ON "action = alert\na/process.name|fieldref|endswith = process.title\nb/process.args|fieldref = process.ancestor.name\n"
    "c/user.id|fieldref = file.uid\nd/process.parent.command_line|fieldref|contains = file.directory\ncondition = 1 of them\n"
    "[rule bytes]\n" ON "action = alert\na/destination.ip|cidr = 10.0.0.0/8, fe80::/10, ::1\n"
    "b/file.hash.sha256 = 0000000000000000000000000000000000000000000000000000000000000000\ncondition = a or b\n"
    "[rule there]\n" ON "action = kill\ncontainer.id|exists = true\nnot file.extension|exists = true\n"
    "[rule base64]\n" ON "action = alert\nprocess.args|base64offset = curl\n"
    "[rule lets]\n" ON "action = allow\nuser.id = 7\nnot process.args = x\nnot process.ancestor.name = y\n"
    "[rule stops]\non = exec, open\naction = deny\nprocess.ancestor.executable = /a/**\nprocess.ancestor.name = b*\n"
    "[rule trial]\non = exec\naction = deny\nmode = monitor\nprocess.args_count|gt = 3\nprocess.previous.name = z\n"
    "[exception one]\nrules = stops, exact\nreason = r\nuser.name = app\nprocess.args|all = a, b\nexpires = 2030-01-01\n"
    "[exception two]\nrules = *\nreason = r\nservice.name = s*\nnot process.working_directory = /tmp/**\n";

static const struct policy *
policy(void)
{
	static const struct policy_sources sources = { .mode = MODE_ENFORCE, .exec_default = DECISION_DENY };
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
count(void *arg, const struct judge_step *step)
{
	unsigned *steps = arg;

	if (step->truth > TRUTH_UNKNOWN || (step->key && !*step->key))
		abort();
	++*steps;
}

/* Whoever finds the rules by the values of an event says what he says who hears each, and so does who explains it. */
static void
compare(const struct event *ev, const struct verdict *v)
{
	struct verdict must, told;
	unsigned steps = 0;

	naive_judge(policy(), ev, &must);
	judge_explain(policy(), ev, &told, count, &steps);
	if (memcmp(&told, &must, sizeof(told)) != 0 || v->needs != must.needs || (!must.needs && memcmp(v, &must, sizeof(*v)) != 0))
		abort();
	for (int view = VIEW_ALL; view <= VIEW_LOADER; view++)
		if (judge_always_allows(policy(), ev, (enum judge_view)view) != naive_always_allows(policy(), ev, (enum judge_view)view))
			abort();
}

static void
judge_it(struct event *ev)
{
	static struct report r;
	struct verdict last, v;
	uint32_t tried = ev->tried;

	ev->tried = HAVE_ALL;
	judge(policy(), ev, &last);
	if (last.needs)
		abort();
	ev->tried = tried;
	for (;;) {
		judge(policy(), ev, &v);
		if (v.needs & (ev->have | ev->tried | ~HAVE_ALL))
			abort();
		compare(ev, &v);
		if (!v.needs)
			break;
		ev->tried |= v.needs;
	}
	if (memcmp(&v, &last, sizeof(v)) != 0)
		abort();	/* what nobody asked for made a difference */
	memset(&r, 0, offsetof(struct report, event));
	memcpy(&r.event, ev, sizeof(*ev));
	judge_report(policy(), &v, &r);
	if (r.event.used > EVENT_ARENA || r.decision != v.decision)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct event sent, ev;

	if (size < offsetof(struct event, arena) || size > sizeof(sent))
		return 0;
	if (event_from_wire(&ev, data, size) == 0)
		judge_it(&ev);
	/* The same with what a mutation of the length breaks mended. */
	memcpy(&sent, data, size);
	sent.used = (uint16_t)(size - offsetof(struct event, arena));
	sent.kind %= EVENT__MAX;
	sent.sensor %= SENSOR__MAX;
	sent.have &= HAVE_ALL;
	sent.tried &= HAVE_ALL;
	sent.flags &= FLAG_ALL;
	if (event_from_wire(&ev, &sent, size) == 0)
		judge_it(&ev);
	return 0;
}
