#ifndef POLICY_INDEX_H
#define POLICY_INDEX_H
/*
 * How the few rules that an event can concern are found without asking each. Of a rule, some conditions are such that one of them holds
 * whenever the rule matches: it hangs on these hinges. Most hinges say how a value looks, and then such a value has a clue: certain bytes
 * at a certain spot. The values of an event are looked up in tables of clues; a rule none of whose clues is there need not be heard.
 *
 * A rule can hang on hinges twice: among what is known of an event at once, and among everything. It must pass both.
 * For judge and policy only.
 */
#include "event/field.h"

/* What is fetched only when a rule asks for it. */
#define INDEX_FETCHED	(HAVE_ARGS | HAVE_ENV | HAVE_CWD | HAVE_COMM | HAVE_PARENT_ARGS | HAVE_USER | HAVE_AUID | HAVE_CGROUP | \
	HAVE_SCANNED)
enum l_stage { STAGE_AT_ONCE, STAGE_ALL, STAGE__MAX };
#define HAVE_BITS	((unsigned)__builtin_popcount(HAVE_ALL))

/* N rules: their indices, or, where that is shorter, a bit for each rule there is. In `members`. */
struct l_crowd { uint32_t at, n; };
#define CROWD_BLOCK	8		/* words of bits come in so many, for the wide registers of a processor */

static inline uint32_t
crowd_words(uint32_t rules)
{
	return (rules + CROWD_BLOCK * 32 - 1) / (CROWD_BLOCK * 32) * CROWD_BLOCK;
}

/* Is it of bits? */
static inline bool
crowd_dense(struct l_crowd c, uint32_t rules)
{
	return (uint64_t)c.n * 32 > rules;
}

/* Where the bytes of a clue stand in a value. SPOT_ASK: there are none; the condition itself is asked, once for all its rules. */
enum l_spot { SPOT_WHOLE, SPOT_HEAD, SPOT_TAIL, SPOT_INSIDE, SPOT_ASK, SPOT__MAX };
#define CLUE_MOST	63		/* bytes of a head or tail that are looked at */
#define CLUE_GRAM	4		/* of what stands inside, so many are */

/* The clues at one spot of a field: 1 << bits chains, one behind the other. `heads` says where each begins, and where the last ends. */
struct l_lane {
	uint64_t	kinds;		/* of its rules */
	uint64_t	lengths;	/* a bit for each length that a clue has; the last is of all that are longer */
	struct l_crowd	rules;		/* all, for when the field is not known */
	uint32_t	head;
	uint32_t	condition;	/* of SPOT_ASK */
	uint16_t	field;
	uint8_t		stage, spot, bits, nocase;
	uint16_t	unused;
};
struct l_clue { uint32_t print, crowd; };	/* of a chain; prints that are alike by chance only make more rules to be heard */

/* The print of bytes, taken one by one: from the front, or for a tail from the end. */
#define PRINT_BEGIN	14695981039346656037ull

static inline uint64_t
print_step(uint64_t sum, char c)
{
	return (sum ^ (uint8_t)c) * 1099511628211ull;
}

static inline uint32_t
print_end(uint64_t sum)
{
	return (uint32_t)(sum * 0x9e3779b97f4a7c15ull >> 32);
}

/* The same for what stands inside, with print_end(): the last CLUE_GRAM bytes that went through. */
static inline uint32_t
gram_step(uint32_t gram, char c)
{
	return gram >> 8 | (uint32_t)(uint8_t)c << 24;
}

/* Which chain a print belongs to. */
static inline uint32_t
print_chain(uint32_t print, unsigned bits)
{
	return (uint32_t)((uint64_t)print << bits >> 32);
}

static inline char
print_lower(char c, bool nocase)
{
	return (char)(nocase && c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
}

static inline uint64_t
length_bit(size_t len)
{
	return 1ull << (len < CLUE_MOST ? len : CLUE_MOST);
}

#endif
