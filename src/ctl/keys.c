#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "alert/anchor.h"
#include "alert/chain.h"
#include "base/cleanup.h"
#include "ctl/commands.h"

#define BLOB (2 + 8 + 32)

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

/* The key as minisign and signify read it: algorithm, number of the key, key. */
static void
minisign_line(const uint8_t key[32], char out[sodium_base64_ENCODED_LEN(BLOB, sodium_base64_VARIANT_ORIGINAL)])
{
	uint8_t blob[BLOB] = "Ed";
	char id[17];

	anchor_id(key, id);
	sodium_hex2bin(blob + 2, 8, id, 16, NULL, NULL, NULL);
	memcpy(blob + 10, key, 32);
	sodium_bin2base64(out, sodium_base64_ENCODED_LEN(BLOB, sodium_base64_VARIANT_ORIGINAL), blob, BLOB, sodium_base64_VARIANT_ORIGINAL);
}

static enum answer
show(const struct ctl *ctl, const char hex[65])
{
	char line[sodium_base64_ENCODED_LEN(BLOB, sodium_base64_VARIANT_ORIGINAL)];
	uint8_t key[32];
	size_t n;

	if (sodium_hex2bin(key, sizeof(key), hex, 64, NULL, &n, NULL) != 0 || n != sizeof(key))
		return failed(ctl, "the anchor is damaged", EBADMSG);
	minisign_line(key, line);
	if (ctl->json)
		printf("{\"anchor\": \"%s\", \"minisign\": \"%s\"}\n", hex, line);
	else
		printf("anchor    %s\nminisign  %s\n", hex, line);
	return ANSWER_DONE;
}

static enum answer
keys_show_run(struct ctl *ctl, const void *options, char **operands)
{
	CLEANUP_FD int dir = open(ctl->config.state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char hex[65];

	(void)options, (void)operands;
	int err = dir < 0 ? -errno : chain_anchor(dir, hex);
	if (err == -ENOENT) {
		ctl_error("there are no keys in %s yet. Make them: yettctl keys init", ctl->config.state);
		return ANSWER_NO;
	}
	return err ? failed(ctl, "the anchor cannot be read", -err) : show(ctl, hex);
}

static enum answer
keys_init_run(struct ctl *ctl, const void *options, char **operands)
{
	CLEANUP_FD int dir = open(ctl->config.state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char hex[65];

	(void)options, (void)operands;
	int err = dir < 0 ? -errno : chain_keys_init(dir, hex);
	if (err == -ENOENT) {
		ctl_error("there is no directory %s. Make it, owned by root, mode 0700", ctl->config.state);
		return ANSWER_NO;
	}
	if (err == -EEXIST) {
		ctl_error("there are keys in %s already; nothing is changed. See: yettctl keys show", ctl->config.state);
		return ANSWER_NO;
	}
	if (err)
		return failed(ctl, "the keys cannot be made", -err);
	enum answer a = show(ctl, hex);
	if (a == ANSWER_DONE && !ctl->json)
		printf("\nCopy the anchor to another place now, out of reach of whoever may become root here:\n"
		    "only with it can records be proved. Then: yettctl verify --key ANCHOR FILE\n");
	return a;
}

const struct command keys_show_command = { .name = "keys show", .operands = "", .config = true, .run = keys_show_run,
	.help = "the anchor: the public key that the records of this host begin with, all that a verifier needs" };
const struct command keys_init_command = { .name = "keys init", .operands = "", .config = true, .run = keys_init_run,
	.help = "makes the keys if there are none, and prints the anchor" };
