#ifndef CTL_SIGMA_VALUE_H
#define CTL_SIGMA_VALUE_H
/* Values of Sigma, their modifiers, and what they become as a test of one field. */
#include "ctl/sigma.h"

enum sigma_wrap { SIGMA_WHOLE, SIGMA_INSIDE, SIGMA_BEGIN, SIGMA_END };	/* contains, startswith, endswith */
enum sigma_wide { SIGMA_NARROW, SIGMA_UTF16LE, SIGMA_UTF16BE, SIGMA_UTF16 };

struct sigma_mods {
	enum sigma_wrap	 wrap;
	enum sigma_wide	 wide;
	enum sigma_how	 how;		/* of a comparison that is none of text; else SIGMA_EQUALS */
	bool		 all, cased, neq, expand, windash, base64, base64offset;
	char		 flags[4];	/* of a regular expression */
};
/* KEY is "field|modifier|...". What is wrong with the modifiers, or NULL; FIELD is what stands before them, "" for keywords. */
const char *sigma_mods_read(struct pool *, const char *key, const char **field, struct sigma_mods *);

/* What values are compared with. WATCHED: the path of a file that something is done to, taken as written: only what it names is watched. */
struct sigma_field { const char *name; bool watched; };
/*
 * VALUES (a scalar, or a list of them) against FIELD: a test, or several joined; CANNOT with the reason. LEFT takes what was left out.
 */
struct sigma_logic *sigma_compare(struct sigma_import *, const struct sigma_field *, const struct sigma_mods *,
	const struct sigma_tree *values, struct sigma_lines *left);

/* A Sigma text, with wildcards apart from letters. */
#define SIGMA_ANY	0x100		/* * */
#define SIGMA_ONE	0x101		/* ? */
struct sigma_glyphs { uint16_t *at; size_t n; struct sigma_glyphs *next; };
struct sigma_glyphs *sigma_glyphs(struct pool *, const char *text);
/* The texts that one value of Sigma stands for by its modifiers; NULL with WHY. Wrapping is not done here, nor is base64offset if PLAIN. */
struct sigma_glyphs *sigma_texts(struct sigma_import *, const struct sigma_mods *, const char *value, const char **why);
/* May yett itself look for the three forms in base64? */
bool	sigma_offset_is_plain(const struct sigma_mods *, const struct sigma_glyphs *);
/* As a pattern of yett; in a path, * does not stop at a slash. */
const char *sigma_pattern(struct pool *, const struct sigma_glyphs *, bool path);
/* What keeps TEXT from standing in a line of a policy, or NULL. */
const char *sigma_unwritable(const char *text);
/* The same text with a ? in place of what cannot stand there, and a blank for each line end. */
const char *sigma_clean(struct pool *, const char *text);

#endif
