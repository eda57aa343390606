#ifndef WARDEN_TOLL_H
#define WARDEN_TOLL_H
/*
 * Loss is itself a record: one for each cause at once, and while it goes on another at most each minute, with how much it was since the
 * one before. Pure.
 */
#include "wire/page.h"

/* Of each counter: so much was told; no sooner again (boot clock). */
struct toll { struct { uint64_t told, due_ns; } of[COUNTER__MAX]; };

struct toll_loss { const char *action, *what; uint64_t count; };

/* The next loss to tell, which then counts as told. AT_ONCE: also what would wait, since nobody will ask again. False: none. */
bool	toll_next(struct toll *, const struct page *, uint64_t now_ns, bool at_once, struct toll_loss *);

#endif
