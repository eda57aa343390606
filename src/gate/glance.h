#ifndef GATE_GLANCE_H
#define GATE_GLANCE_H
/*
 * What the first bytes of a file say of it. Nothing but these is looked at, by pread() on the descriptor of a question; whoever wants to
 * know more asks scan.
 */
#include <stdbool.h>
#include <stddef.h>

/* An ELF file that is mapped wherever there is room: a library, or a program that was made like one. */
bool	glance_is_library(int fd);
/* Begins with #!. */
bool	glance_is_script(int fd);
/* A file with something in it that a shell would run: no ELF, and no NUL where its first line may be. */
bool	glance_is_text(int fd);

#endif
