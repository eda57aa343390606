#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "alert/anchor.h"
#include "alert/chain.h"
#include "base/cleanup.h"
#include "ctl/commands.h"
#include "ctl/control.h"
#include "ctl/store.h"
#include "ctl/term.h"

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

struct rotate_options { const char *only; };

/* What became of the log STEM, with the words that only this side knows. False: that is no answer. */
static bool
complete(const struct ctl *ctl, json_t *log)
{
	char path[CONFIG_PATH + 32], line[MINISIGN_KEY];
	const char *id = store_text(log, "log"), *anchor = store_text(log, "anchor");
	uint8_t key[32];

	if (!id[0] || strlen(anchor) != 64 || sodium_hex2bin(key, sizeof(key), anchor, 64, NULL, NULL, NULL))
		return false;
	minisign_key(key, line);
	snprintf(path, sizeof(path), "%s/%s", ctl->config.log, id);
	return json_object_set_new(log, "minisign", json_string(line)) == 0 && json_object_set_new(log, "directory", json_string(path)) == 0;
}

static void
show_rotated(const char *stem, const json_t *log)
{
	const char *old = store_text(log, "old"), *directory = store_text(log, "directory");
	int64_t records = 0;

	store_number(log, "records", &records);
	printf("The log of %s begins anew.\n  old anchor  %s\n  new anchor  %s\n  minisign    %s\n  set aside   ", stem, old[0] ? old : "lost",
	    store_text(log, "anchor"), store_text(log, "minisign"));
	term_put(stdout, directory, strlen(directory));
	printf(", %lld records\n", (long long)records);
}

static enum answer
rotated(const struct ctl *ctl, const struct control_reply *reply)
{
	json_t *root = json_loadb(reply->text, reply->len, 0, NULL), *log;
	const char *stem;
	bool good = json_object_size(root) > 0;

	json_object_foreach(root, stem, log)
		good = good && complete(ctl, log);
	if (!good) {
		ctl_error("the answer of yettd cannot be understood; is it of this version (%s)? See: yettctl keys show", VERSION);
	} else if (ctl->json) {
		json_dumpf(root, stdout, 0);
		putchar('\n');
	} else {
		json_object_foreach(root, stem, log)
			show_rotated(stem, log);
		printf("\nCopy the new anchors to another place now, out of reach of whoever may become root\n"
		    "here, and keep the old ones with what was set aside. From the old anchors on, all\n"
		    "of it is proved by: yettctl verify --key OLD --events-key OLD\n");
	}
	json_decref(root);
	return good ? ANSWER_DONE : ANSWER_BROKEN;
}

static enum answer
keys_rotate_run(struct ctl *ctl, const void *options, char **operands)
{
	const struct rotate_options *o = options;
	static struct control_reply reply;
	char request[32] = "rotate";

	(void)operands;
	if (o->only && strcmp(o->only, "alerts") != 0 && strcmp(o->only, "events") != 0) {
		ctl_error("--only takes alerts or events, not '%s'", o->only);
		return ANSWER_USAGE;
	}
	if (o->only)
		snprintf(request, sizeof(request), "rotate %s", o->only);
	enum answer a = control_ask(ctl, request, &reply);
	if (a == ANSWER_DONE)
		return rotated(ctl, &reply);
	control_show(stderr, &reply);
	return a;
}

static const struct option_row rotate_rows[] = {
	{ "only", 0, OPTION_TEXT, offsetof(struct rotate_options, only), "LOG", "that of alerts or that of events, and not both" },
	{ 0 }
};

const struct command keys_rotate_command = { .name = "keys rotate", .operands = "", .options = rotate_rows,
	.size = sizeof(struct rotate_options), .config = true, .run = keys_rotate_run,
	.help = "begins both logs under new anchors, which the last record of the old ones names; those are set aside. yettd does it, without a "
	"break" };
const struct command keys_show_command = { .name = "keys show", .operands = "", .config = true, .run = keys_show_run,
	.help = "the anchors: the public keys that the records of this host begin with, all that a verifier needs" };
const struct command keys_init_command = { .name = "keys init", .operands = "", .config = true, .run = keys_init_run,
	.help = "makes the keys if there are none, and prints the anchor" };
