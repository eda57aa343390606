#ifndef ALERT_ANCHOR_H
#define ALERT_ANCHOR_H
/*
 * The anchor: the first public key of a chain, all that a verifier needs. Kept in the state directory as `anchor` (hex) and as
 * `yett.pub`, the same key in the form that minisign and signify read.
 */
#include <stdint.h>

#define ANCHOR_FILE	"anchor"
#define ANCHOR_PUB	"yett.pub"

/* Writes both. 0 or -errno. */
int	anchor_write(int dir, const uint8_t key[32]);
/* 0, -ENOENT, -EBADMSG for what is no anchor, or another -errno. */
int	anchor_read(int dir, uint8_t key[32]);
/* Names the key, and with it the log: 16 hex digits. */
void	anchor_id(const uint8_t key[32], char id[17]);

#endif
