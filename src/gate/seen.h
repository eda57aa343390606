#ifndef GATE_SEEN_H
#define GATE_SEEN_H
/* What the gate has seen and keeps for a moment, to understand what comes after it. Parts of its state (see state.h). */
#include "base/fanrecord.h"

/* Where directories were, by handle (see dirs.h). */
#define DIRS_KNOWN	256
#define DIRS_PATH	512
struct known_dir { uint64_t fsid; int32_t type; uint32_t bytes; uint8_t handle[FAN_HANDLE_MAX]; uint16_t len; char path[DIRS_PATH]; };

/* Sockets that a process was seen to hold (see owner.h). */
#define OWNERS		1024
struct owner { uint64_t inode; int32_t pid; };

#endif
