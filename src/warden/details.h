#ifndef WARDEN_DETAILS_H
#define WARDEN_DETAILS_H
/* What stands behind the sentence of a state record, a line each: yett.details. */
#include <stdbool.h>
#include <stddef.h>
#include "policy/policy.h"

#define DETAILS_MAX 12000

struct details { size_t len; bool cut; char text[DETAILS_MAX]; };	/* lines, each with its NUL */

/* What does not fit whole is left out, and a last line says so. */
void	details_add(struct details *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Rules and other sections by name that were added, removed, changed; mode, defaults and hash before and after. */
void	details_changes(struct details *, const struct policy *old, const struct policy *new);
/* The program that runs, its configuration, and every file that P was made of, by their hashes. CONFIG may be missing. */
void	details_files(struct details *, const char *config, const struct policy *p);

#endif
