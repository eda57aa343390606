#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "alert/anchor.h"
#include "alert/chain.h"
#include "base/cleanup.h"
#include "ctl/commands.h"

static enum answer
failed(const struct ctl *ctl, const char *what, int err)
{
	if (err == EACCES || err == EPERM) {
		ctl_error("%s: %s: not permitted: this needs root", ctl->config.state, what);
		return ANSWER_FORBIDDEN;
	}
	ctl_error("%s: %s: %s", ctl->config.state, what, strerror(err));
	return ANSWER_NO;
}

/* The anchors that there are, each as hex and as minisign and signify read it. EVENTS "": none. */
static enum answer
show(const struct ctl *ctl, const char alerts[65], const char events[65])
{
	char line[2][MINISIGN_KEY] = { "", "" };
	const char *hex[] = { alerts, events };

	for (int i = 0; i < 2; i++) {
		uint8_t key[32];
		size_t n;
		if (!hex[i][0])
			continue;
		if (sodium_hex2bin(key, sizeof(key), hex[i], 64, NULL, &n, NULL) != 0 || n != sizeof(key))
			return failed(ctl, "the anchor is damaged", EBADMSG);
		minisign_key(key, line[i]);
	}
	if (ctl->json) {
		printf("{\"anchor\": \"%s\", \"minisign\": \"%s\"", hex[0], line[0]);
		if (hex[1][0])
			printf(", \"events\": {\"anchor\": \"%s\", \"minisign\": \"%s\"}", hex[1], line[1]);
		puts("}");
		return ANSWER_DONE;
	}
	printf("anchor    %s\nminisign  %s\n", hex[0], line[0]);
	if (hex[1][0])
		printf("of the log of events:\nanchor    %s\nminisign  %s\n", hex[1], line[1]);
	return ANSWER_DONE;
}

static enum answer
keys_show_run(struct ctl *ctl, const void *options, char **operands)
{
	CLEANUP_FD int dir = open(ctl->config.state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char alerts[65] = "", events[65] = "";

	(void)options, (void)operands;
	int err = dir < 0 ? -errno : chain_anchor(CHAIN_ALERTS, dir, alerts);
	if (err == -ENOENT) {
		ctl_error("there are no keys in %s yet. Make them: yettctl keys init", ctl->config.state);
		return ANSWER_NO;
	}
	if (!err && (err = chain_anchor(CHAIN_EVENTS, dir, events)) == -ENOENT)
		err = 0;
	return err ? failed(ctl, "the anchor cannot be read", -err) : show(ctl, alerts, events);
}

static enum answer
keys_init_run(struct ctl *ctl, const void *options, char **operands)
{
	CLEANUP_FD int dir = open(ctl->config.state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char alerts[65] = "", events[65] = "";

	(void)options, (void)operands;
	int err = dir < 0 ? -errno : chain_keys_init(CHAIN_ALERTS, dir, alerts);
	if (err == -ENOENT) {
		ctl_error("there is no directory %s. Make it, owned by root, mode 0700", ctl->config.state);
		return ANSWER_NO;
	}
	if (err == -EEXIST) {
		ctl_error("there are keys in %s already; nothing is changed. See: yettctl keys show", ctl->config.state);
		return ANSWER_NO;
	}
	if (!err && (err = chain_keys_init(CHAIN_EVENTS, dir, events)) == -EEXIST)
		err = chain_anchor(CHAIN_EVENTS, dir, events);
	if (err)
		return failed(ctl, "the keys cannot be made", -err);
	enum answer a = show(ctl, alerts, events);
	if (a == ANSWER_DONE && !ctl->json)
		printf("\nCopy the anchors to another place now, out of reach of whoever may become root here:\n"
		    "only with them can records be proved. Then: yettctl verify --key ANCHOR FILE\n");
	return a;
}

const struct command keys_show_command = { .name = "keys show", .operands = "", .config = true, .run = keys_show_run,
	.help = "the anchors: the public keys that the records of this host begin with, all that a verifier needs" };
const struct command keys_init_command = { .name = "keys init", .operands = "", .config = true, .run = keys_init_run,
	.help = "makes the keys if there are none, and prints the anchor" };
