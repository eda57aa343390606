#ifndef GATE_STARTED_NOTES_H
#define GATE_STARTED_NOTES_H
/* Programs that have started, and what was opened to be run (see started.h). Part of what the gate holds. */
#include "event/event.h"
#include "judge/tree.h"

#define STARTED_OPENED	1024
#define STARTED_NOTES	1024
struct opened { int32_t pid; uint16_t len; struct file file; char path[TREE_PATH]; };
struct started { int32_t pid; bool heard; uint16_t len; uint64_t at_ns; struct file file; char path[TREE_PATH]; };
struct started_notes { struct opened opened[STARTED_OPENED]; struct started note[STARTED_NOTES]; unsigned head, tail; };

#endif
