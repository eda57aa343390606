#ifndef ALERT_MINISIGN_H
#define ALERT_MINISIGN_H
/*
 * Signatures and public keys as minisign(1) and signify(1) read them, in the form `Ed`, which signs the file itself: the only one that both
 * take. A signature is four lines: untrusted comment; algorithm, number of the key and signature; trusted comment; signature of the
 * signature and that comment.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "alert/ratchet.h"

#define MINISIGN_KEY	57		/* a public key in base64, with a zero */
#define MINISIGN_NOTE	512		/* a trusted comment, with a zero */
#define MINISIGN_TEXT	1024		/* a signature file */

/* Number of a key: 16 hex digits. */
void	minisign_id(const uint8_t key[32], char id[17]);
/* A public key as its second line has it, RW..., and back. */
void	minisign_key(const uint8_t key[32], char text[MINISIGN_KEY]);
bool	minisign_key_read(const char *text, size_t len, uint8_t key[32]);
/* A public key file, of at most MINISIGN_TEXT bytes. Returns its length. */
size_t	minisign_public(const uint8_t key[32], const char *comment, char text[MINISIGN_TEXT]);

/* Signs MSG by the present key; NOTE (no newline, shorter than MINISIGN_NOTE) is the trusted comment. Returns the length of TEXT. */
size_t	minisign_sign(const struct ratchet *, const void *msg, size_t len, const char *note, char text[MINISIGN_TEXT]);
/* Is TEXT of N bytes a signature of MSG by KEY? NOTE is its trusted comment then, and also where KEY is NULL: nothing is proved. */
bool	minisign_check(const char *text, size_t n, const void *msg, size_t len, const uint8_t *key, char note[MINISIGN_NOTE]);

#endif
