#ifndef WIRE_COVERAGE_H
#define WIRE_COVERAGE_H
/* A part of the shared page. */
#include <stdatomic.h>
#include <stdint.h>

/* What became of programs that were started, by the file system they lie on (see gate/coverage.h). Written by the gate; entries stay. */
enum coverage {
#define COVERAGE(id, name, help) COVERAGE_##id,
#include "wire/coverage.def"
#undef COVERAGE
	COVERAGE__MAX
};
#define PAGE_COVERAGES		40
#define PAGE_COVERAGE_PATH	128
struct page_coverage {			/* written before `coverages` grows */
	_Atomic uint64_t dev;
	_Atomic uint64_t count[COVERAGE__MAX];
	char		 path[PAGE_COVERAGE_PATH];	/* where it is mounted, or what else it is */
};

#endif
