#ifndef CTL_SIGMA_WRITE_H
#define CTL_SIGMA_WRITE_H
/* Text of a policy. All that strangers wrote is cleaned or quoted on its way into a line. */
#include "ctl/sigma_value.h"

/* Text that grows. */
struct sigma_out { struct table text; };
void	sigma_out_begin(struct sigma_out *);
void	sigma_put(struct sigma_out *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A comment, broken at words; HEAD stands before its first line. */
void	sigma_put_comment(struct sigma_out *, struct pool *, const char *head, const char *text);
/* "key = value, value": as many lines as it needs. */
void	sigma_put_values(struct sigma_out *, const char *key, const struct sigma_lines *values);
/* The same where the whole is one text. */
void	sigma_put_text(struct sigma_out *, struct pool *, const char *key, const char *text);
/* The text, into the pool; ends the growing. */
const char *sigma_out_end(struct sigma_out *, struct pool *);

/* The conditions of a rule, and how they are joined. False: a policy has no room for so many. */
bool	sigma_put_logic(struct sigma_out *, struct pool *, const struct sigma_logic *);

/* A name for the rule of a policy: from its title, not in use yet, short enough for a section with WORD before it. */
const char *sigma_name(struct sigma_import *, const struct sigma_rule *, const char *word, const char *suffix);
/* What the rule became, as INI: head, rules, correlation. It gets a reason if it is none. */
void	sigma_write(struct sigma_import *, struct sigma_rule *);
/* The title, fit for a line of its own. */
const char *sigma_title(struct pool *, const char *title);
/* Severity and technique. */
void	sigma_put_common(struct sigma_out *, struct sigma_import *, const struct sigma_rule *);

/* The correlation that a rule is, or that its condition counted by. NULL, or the reason why it cannot be. */
const char *sigma_put_correlation(struct sigma_out *, struct sigma_import *, struct sigma_rule *);
/* Before anything is written: the rules that it joins only feed it. NULL, or the reason why it cannot be. */
const char *sigma_correlate(struct sigma_import *, struct sigma_rule *);

#endif
