#include <errno.h>
#include <sys/mman.h>
#include "wire/page.h"

static const struct counter_info infos[COUNTER__MAX] = {
#define COUNTER(id, room_, name_, help_) [COUNTER_##id] = { .name = name_, .room = ROOM_##room_, .help = help_ },
#include "wire/counter.def"
#undef COUNTER
};

const struct counter_info *
counter_info(enum counter c)
{
	return &infos[c];
}

int
page_create(struct page **out)
{
	void *p = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	*out = p;
	return 0;
}

bool
page_owns(const struct page *p, int32_t pid)
{
	if (pid == atomic_load_explicit(&p->warden.helper, memory_order_relaxed) ||
	    pid == atomic_load_explicit(&p->warden.opener, memory_order_relaxed))
		return pid != 0;
	for (int i = 0; i < ROOM__MAX; i++)
		if (pid == atomic_load_explicit(&p->process[i].pid, memory_order_relaxed))
			return pid != 0;
	return false;
}
