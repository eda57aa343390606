#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "ctl/load.h"
#include "ctl/term.h"

void
load_sources(const struct config *c, struct policy_sources *s)
{
	*s = (struct policy_sources){
		.vendor_policies = c->vendor_policies, .policies = c->policies, .mode = c->mode,
		.exec_default = c->exec_default, .open_default = c->open_default,
	};
}

enum answer
load_policy(struct ctl *ctl, const struct policy **policy)
{
	struct faults faults = { 0 };
	struct policy_sources sources;

	load_sources(&ctl->config, &sources);
	int fd = policy_build(&sources, &faults);
	if (fd < 0) {
		term_faults(stderr, &faults);
		if (!faults.count)
			ctl_error("the policies in %s cannot be read: %s", sources.policies, strerror(-fd));
		return ANSWER_INVALID;
	}
	int err = policy_open(fd, policy);
	close(fd);
	if (err) {
		ctl_error("the compiled policy cannot be used: %s", strerror(-err));
		return ANSWER_BROKEN;
	}
	return ANSWER_DONE;
}

enum answer
load_in_force(const struct ctl *ctl, const struct policy **policy, struct control_reply *reply)
{
	int fd;
	enum answer a = control_ask_for(ctl, "policy", reply, &fd);
	CLEANUP_FD int owned = fd;

	if (a != ANSWER_DONE) {
		if (reply->len)
			ctl_error("%s", reply->text);
		return a;
	}
	int err = owned < 0 ? -1 : policy_open(owned, policy);
	if (err) {
		ctl_error("the policy that yettd told cannot be read; is it of this version (%s)?", VERSION);
		return ANSWER_UNREACHABLE;
	}
	return ANSWER_DONE;
}

static void
append(char *out, size_t size, const char *name)
{
	size_t len = strlen(out);

	snprintf(out + len, size - len, "%s%s", len ? ", " : "", name);
}

void
load_kinds(uint64_t mask, char *out, size_t size)
{
	out[0] = '\0';
	for (int i = 0; i < EVENT__MAX; i++) {
		const char *name = event_kind_name((enum event_kind)i);
		if (!(mask & 1ull << i))
			continue;
		if (strlen(out) + strlen(name) + 4 > size) {
			snprintf(out + strlen(out), size - strlen(out), "+");
			return;
		}
		append(out, size, name);
	}
}

void
load_actions(const struct policy *policy, const struct rule_info *r, char *out, size_t size)
{
	out[0] = '\0';
	for (unsigned bit = 1; bit && bit <= r->actions; bit <<= 1)
		if (r->actions & bit)
			append(out, size, action_name((enum action)bit));
	for (unsigned i = 0; i < policy_labels(policy); i++) {
		char text[80];
		snprintf(text, sizeof(text), "label %s", policy_label(policy, i));
		if (r->labels & 1u << i)
			append(out, size, text);
	}
}

const char *
load_mode(enum mode m)
{
	return m == MODE_ENFORCE ? "enforce" : "monitor";
}

const char *
load_effect(const struct rule_info *r)
{
	bool prevents = false;

	for (int i = 0; i < EVENT__MAX; i++)
		if ((r->kinds & 1ull << i) && event_kind_prevents((enum event_kind)i))
			prevents = true;
	if (!(r->actions & ACTION_DENY) || !prevents)
		return r->actions & ACTION_ALLOW ? "allows" : "reacts";
	return r->mode == MODE_ENFORCE ? "prevents" : "would prevent";
}
