#ifndef CTL_PUBKEY_H
#define CTL_PUBKEY_H
#include <stdint.h>

/*
 * A public key as an admin has it: 64 hex digits, or a file with them, or a public key file of minisign or signify.
 * 0, -EBADMSG, or -errno of the file.
 */
int	pubkey_read(const char *text_or_path, uint8_t key[32]);

#endif
