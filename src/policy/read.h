#ifndef POLICY_READ_H
#define POLICY_READ_H
/*
 * The line discipline in front of libinih, which as packaged cuts long lines and section names, splits a long line into two
 * keys, and tells no line numbers, all without an error. Here every line is proved before inih sees it:
 *
 *   [section]            at the start of a line, nothing after it, at most 48 bytes, once in a file
 *   key = value          at the start of a line
 *     more               an indented line right below is one more value of that key
 *   # or ;               a comment, on a line of its own
 *
 * A line has at most READ_LINE bytes (READ_LINE_BARE where inih cannot be told), is UTF-8 without control characters, and
 * ends with a newline. Anything else is a fault with file and line; all of a text's faults are found in one pass.
 */
#include "base/fault.h"

#define READ_FILE_MAX	(4u << 20)
#define READ_LINE	4096
#define READ_LINE_BARE	196
#define READ_SECTION	48

struct read_item {
	const char	*section;
	const char	*key;		/* NULL: the section begins here */
	const char	*value;
	int		 line;
	bool		 more;		/* a further value of the same key */
};

/* 0, or -errno to end the reading with it. Strings live during the call. */
typedef int read_fn(void *arg, const struct read_item *);

/* Calls FN for each section and each value, in order; not for lines at fault. 0, or -errno; see FAULTS for what is wrong. */
int	read_text(const char *name, const char *text, size_t len, struct faults *, read_fn *, void *arg);

/*
 * Reads a file that must be regular, of root or the caller, writable by nobody else, at most READ_FILE_MAX bytes. The caller
 * frees TEXT. 0; -ENOENT without a fault; else -errno with a fault that says why.
 */
int	read_file(const char *path, struct faults *, char **text, size_t *len);
/* The same with MOST bytes. */
int	read_file_most(const char *path, size_t most, struct faults *, char **text, size_t *len);

/* What a line may not have in it, or NULL. */
const char *read_bad_text(const char *s, size_t len);

/* Would FILE's directory let somebody else than root and the caller replace it? Adds a fault then. */
void	read_check_directory(int fd, const char *path, struct faults *);

#endif
