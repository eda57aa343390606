#ifndef CTL_TERM_H
#define CTL_TERM_H
/*
 * What goes to a terminal. Text in records was chosen by whoever is being watched: control bytes, escape sequences, broken UTF-8 and
 * characters that turn or hide others are shown escaped, never sent.
 */
#include <stdint.h>
#include <stdio.h>
#include "base/fault.h"
#include "ctl/ctl.h"

enum color { COLOR_NONE, COLOR_GOOD, COLOR_BAD, COLOR_ODD, COLOR_STRONG };

void	term_init(void);
/* WHEN: auto, always, never, NULL as auto. */
enum answer term_color(const char *when);
/* Columns of the terminal, or of COLUMNS; 0: no limit, output goes to a file. */
unsigned term_columns(void);
/* The same where text is wrapped in any case: 80 without a limit. */
unsigned term_page(void);

/* Writes S escaped. */
void	term_put(FILE *, const char *s, size_t len);
/* The same with newlines as they are. */
void	term_lines(FILE *, const char *s, size_t len);
/* At most COLUMNS columns of S, escaped, padded with blanks if PAD; text that is cut ends in "~". Returns the columns used. */
struct fit { unsigned columns; bool pad; };
unsigned term_fit(const char *s, struct fit);
/* WORD in colour and padded to COLUMNS. */
void	term_word(enum color, const char *word, unsigned columns);
/* HEAD, and beside it from column INDENT, or below it where it is longer, TEXT broken at words. */
void	term_definition(const char *head, unsigned indent, const char *text);
/* One fault, with the line and a caret below. */
void	term_fault(FILE *, const struct fault *);
/* Each fault as file:line: error: why, with the line and a caret below. */
void	term_faults(FILE *, const struct faults *);

#endif
