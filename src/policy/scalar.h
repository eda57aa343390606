#ifndef POLICY_SCALAR_H
#define POLICY_SCALAR_H
/* Values that are not text, from the words an admin writes. All return 0 or -EINVAL; OUT is written on success only. */
#include <stddef.h>
#include <stdint.h>
#include "event/field.h"

/* Decimal digits only, at most MOST. */
int	scalar_unsigned(const char *s, uint64_t most, uint64_t *out);
/*
 * A number as a field of TYPE takes it: decimal; a mode in octal; a 64-bit size with k, M, G (1024); a clock as a
 * duration; a bit as true or false.
 */
int	scalar_number(enum field_type, const char *s, int64_t *out);
/* What scalar_number() takes, in words. */
const char *scalar_number_help(enum field_type);
/* 10ms 2s 5m 1h 7d. */
int	scalar_duration(const char *s, uint64_t *ns);
/* YYYY-MM-DD (the begin of that day) or YYYY-MM-DDThh:mm:ssZ, after 1970: nanoseconds since then. */
int	scalar_time(const char *s, uint64_t *wall_ns);
/* 64 hexadecimal digits. */
int	scalar_hash(const char *s, uint8_t out[static 32]);
/* IPv4 (LEN 4, also if it is written as mapped into IPv6) or IPv6 (LEN 16). */
int	scalar_address(const char *s, uint8_t out[static 16], size_t *len);
/* ADDRESS/BITS: the address, then one byte of bits (LEN 5 or 17). Bits behind the prefix must be zero. */
int	scalar_network(const char *s, uint8_t out[static 17], size_t *len);

#endif
