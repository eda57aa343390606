/*
 * Writes a log as the record process does. Usage: write LOG_DIR STATE_DIR <COMMANDS
 *	+ BODY		a record with a signature of its own; BODY is a JSON object without its last two braces, as alert_json() leaves it
 *	- BODY		a record that the next signature seals
 *	commit		all so far is signed and on disk
 *	close		what is on disk becomes a closed segment
 *	pack N		that closed segment is packed
 *	restart		the chain is closed and opened again; what was not committed is lost
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alert/chain.h"
#include "alert/json.h"
#include "alert/pack.h"
#include "alert/segment.h"
#include "base/cleanup.h"
#include "base/clock.h"

#define BOOT_ID "5e6f0a52-7f0e-4b4e-9a3c-1d2b3c4d5e6f"

static int
append(struct chain *c, const char *body, bool sealed)
{
	struct chain_line line = { .body = body, .len = strlen(body), .mono_ns = now_boot_ns(), .boot_id = BOOT_ID, .sealed = sealed };

	return chain_append(c, &line);
}

static int
pack(int dir, uint64_t number)
{
	char from[SEGMENT_NAME], to[SEGMENT_NAME];
	struct pack *p;

	segment_name(from, "alerts", number, SEGMENT_RECORDS);
	segment_name(to, "alerts", number, SEGMENT_PACKED);
	int err = pack_open(&p, dir, from, to);
	if (err)
		return err;
	while ((err = pack_step(p)) > 0)
		;
	pack_close(p);
	return err;
}

static int
obey(struct chain **c, const int dirs[2], const char *command)
{
	enum chain_found found;
	uint64_t torn;

	if (command[0] == '+' || command[0] == '-')
		return append(*c, command + 2, command[0] == '+');
	if (!strcmp(command, "commit"))
		return chain_commit(*c);
	if (!strcmp(command, "close"))
		return chain_close_segment(*c);
	if (!strncmp(command, "pack ", 5))
		return pack(dirs[0], strtoull(command + 5, NULL, 10));
	if (strcmp(command, "restart"))
		return -EINVAL;
	chain_free(*c);
	*c = NULL;
	return chain_open(c, &(struct chain_place){ CHAIN_ALERTS, dirs[0], dirs[1] }, &found, &torn);
}

int
main(int argc, char **argv)
{
	CLEANUP_FREE char *line = NULL;
	struct chain *c = NULL;
	size_t size = 0;
	ssize_t len;
	int dirs[2], err;

	for (int i = 0; i < 2; i++)
		if (argc != 3 || (dirs[i] = open(argv[i + 1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
			fprintf(stderr, "write: two directories are needed\n");
			return 2;
		}
	err = obey(&c, dirs, "restart");
	while (!err && (len = getline(&line, &size, stdin)) > 0) {
		line[len - 1] = '\0';
		err = obey(&c, dirs, line);
	}
	if (err)
		fprintf(stderr, "write: %s: %s\n", line ? line : "open", strerror(-err));
	chain_free(c);
	return err != 0;
}
