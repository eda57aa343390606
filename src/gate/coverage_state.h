#ifndef GATE_COVERAGE_STATE_H
#define GATE_COVERAGE_STATE_H
/*
 * Execs that were asked about and have not happened yet, and those that happened and may be told of yet (see coverage.h). Part of
 * what the gate holds.
 */
#include <stdint.h>

#define COVERAGE_ASKS	4096
#define COVERAGE_LATE	256
struct coverage_file { uint64_t dev, ino; };
/* FILE: the last two; ino 0: none. RAN_NS: 0 until the exec is told of. TOLD: execs that audit has not told of; AUDITED_NS: when it did. */
struct coverage_ask { int32_t pid; uint32_t told; uint64_t ran_ns, audited_ns; struct coverage_file file[2]; };
struct coverage_late { int32_t pid; struct coverage_file file; uint64_t due_ns; };	/* due_ns 0: free */
struct coverage_state { struct coverage_ask ask[COVERAGE_ASKS]; struct coverage_late late[COVERAGE_LATE]; };

#endif
