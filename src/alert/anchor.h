#ifndef ALERT_ANCHOR_H
#define ALERT_ANCHOR_H
/*
 * The anchor: the first public key of a chain, all that a verifier needs. Kept in the state directory as hex and, as the same key in the
 * form that minisign and signify read, in a public key file.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "alert/minisign.h"

#define ANCHOR_FILE	"anchor"
#define ANCHOR_PUB	"yett.pub"

/* Writes both, as NAME and PUB. 0 or -errno. */
int	anchor_write(int dir, const char *name, const char *pub, const uint8_t key[32]);
/* 0, -ENOENT, -EBADMSG for what is no anchor, or another -errno. */
int	anchor_read(int dir, const char *name, uint8_t key[32]);
/* The public key file; its length. */
size_t	anchor_public(const uint8_t key[32], char text[MINISIGN_TEXT]);
/* Names the key, and with it the log: 16 hex digits. */
void	anchor_id(const uint8_t key[32], char id[17]);
/* Is it such a name? Of a directory: a log that was set aside. */
bool	anchor_is_id(const char *name);

#endif
