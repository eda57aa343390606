#ifndef BASE_FAULT_H
#define BASE_FAULT_H
/*
 * What is wrong with a text that an admin wrote: every fault names file, line and reason, and where
 * there is one, the remedy ("did you mean ..."). Several are collected, none is printed here.
 */
#include <stdbool.h>
#include <stddef.h>

#define FAULTS_MAX	20
#define FAULT_TEXT	320

struct fault {
	char		file[256];
	int		line;		/* 1-based; 0: the whole file */
	bool		warning;	/* does not refuse the text */
	char		why[FAULT_TEXT];
};

struct faults {
	size_t		count;		/* stored */
	size_t		errors;		/* found, warnings not counted; may exceed count */
	struct fault	fault[FAULTS_MAX];
};

/* Adds a fault; beyond FAULTS_MAX it is counted only. */
void	fault_add(struct faults *, const char *file, int line, const char *fmt, ...)
		__attribute__((format(printf, 4, 5)));
void	fault_warn(struct faults *, const char *file, int line, const char *fmt, ...)
		__attribute__((format(printf, 4, 5)));

/* Writes "file:line: error: why" into OUT (n bytes, always terminated). */
void	fault_format(const struct fault *, char *out, size_t n);

#endif
