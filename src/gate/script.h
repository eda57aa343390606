#ifndef GATE_SCRIPT_H
#define GATE_SCRIPT_H
/*
 * Scripts, for rules on script: what is started and begins with #!, and a text that an interpreter opens. The descriptor of the question is
 * the script, so its text is that which runs, unless somebody writes it at that moment. Where no rule asks, nothing is looked at.
 */
#include "gate/state.h"

/* Is the question, whose event is placed, about a script that rules may ask for, and that was not told of by the same process just now? */
bool	script_is(const struct gate *, const struct question *);
/* The event of the question becomes that of its script, with its text. */
void	script_event(struct gate *, const struct question *);
/* The script in hand was told of. */
void	script_told(struct gate *, struct question *);
/* Does this program run scripts? By the last part of its path, without a version. */
bool	script_interpreter(const char *path, size_t len);

#endif
