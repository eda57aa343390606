#include "wire/fold.h"

uint64_t
fold_waiting(const struct fold_page *f)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < FOLD_CAUSES; i++)
		if (atomic_load(&f->hash[i]) && !atomic_load(&f->cause[i].settling))
			n += atomic_load(&f->cause[i].count);
	return n;
}
