#ifndef POLICY_REGEX_H
#define POLICY_REGEX_H
/*
 * Regular expressions, by PCRE2: bytes, found anywhere in the text. The block has their texts, and each process that opens it compiles
 * them once, into memory that it maps then; there is no JIT, because no page may be writable and executable, and nothing is allocated
 * when texts are looked at.
 *
 * A text can be made for an expression so that looking takes longer than anybody can wait. The limits of PCRE2 do not help: they hold for
 * one place of the text, and it looks at all of them. So steps are counted, over all places and all texts of one condition.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REGEX_TEXT_MAX	2048		/* bytes of an expression */
#define REGEXES_MAX	4096		/* in all policies together */
#define REGEX_BYTES_MAX	(32u << 20)	/* compiled */
#define REGEX_STEPS	200000u		/* of one condition: some 5 ms */

enum regex_flag { REGEX_CASELESS = 1 << 0, REGEX_MULTILINE = 1 << 1, REGEX_DOTALL = 1 << 2, REGEX_ALL = (1 << 3) - 1 };

/* Compiles and forgets it: the bytes that it takes; 0 with the reason in WHY. */
size_t	regex_try(const char *s, size_t len, unsigned flags, char *why, size_t n);

struct policy;
struct regexes;

/* What each process that opened a policy has of it for itself; stands right in front of the block. */
struct policy_own { struct regexes *regexes; };

static inline struct policy_own *
policy_own(const struct policy *p)
{
	return (struct policy_own *)(uintptr_t)p - 1;
}

/* Those of a policy that is mapped and proved. 0, -ENOMEM, or -EBADMSG when one of them does not compile. Maps memory. */
int	regexes_open(const struct policy *, struct regexes **);
void	regexes_close(struct regexes *);

enum regex_answer { REGEX_NO, REGEX_YES, REGEX_TOO_HARD };
/* Is expression I somewhere in S? STEPS: what is left of REGEX_STEPS; is lowered. */
enum regex_answer regex_match(struct regexes *, uint32_t i, const char *s, size_t len, uint32_t *steps);

#endif
