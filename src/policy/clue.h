#ifndef POLICY_CLUE_H
#define POLICY_CLUE_H
/* Bytes that every value has which meets a condition (policy/index.h). */
#include "policy/build.h"
#include "policy/glob.h"

struct clue { enum l_spot spot; const char *bytes; size_t len; char letters[GLOB_MAX]; };
typedef void clue_fn(void *arg, const struct clue *);

/*
 * Tells clues of a condition: whenever it holds, a value of its field has one of them. False: there is no such choice, whatever was
 * told. The lower clue_weight() the better.
 */
bool	clues_of(const struct build *, const struct l_condition *, clue_fn *, void *arg);
unsigned clue_weight(const struct clue *);

#endif
