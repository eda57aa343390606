#ifndef CTL_SIGMA_FILES_H
#define CTL_SIGMA_FILES_H
/* Files of Sigma rules in, files of policies out. */
#include "ctl/sigma.h"

/* First line of what was imported: only such a file is written over. */
#define SIGMA_MARK "# Imported from Sigma by yettctl: change it there and import it again, or write exceptions in a file of your own."

/* Adds PATH: a file, or all *.yml and *.yaml below a directory. What cannot be read becomes a rule that was not converted. */
void	sigma_add_path(struct sigma_import *, const char *path);

/*
 * A policy of all rules of a source (of all sources: -1) that became something; NULL: there are none. What this version lacks something
 * for is in it as a comment, so that the rest loads, unless LIVE.
 */
const char *sigma_policy(struct sigma_import *, int source, bool live);

/* The name for the policy of a source: that of its file. Each is given once. */
const char *sigma_policy_name(struct sigma_import *, struct names *given, const char *file);
/* Writes TEXT at PATH, in place of what was imported there before. 0, or -errno; -EEXIST: something else is there. */
int	sigma_policy_write(const char *path, const char *text);

#endif
