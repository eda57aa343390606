#include <stddef.h>
#include "watch/bound.h"

void
bound_put(struct bounds *b, int32_t pid, uint32_t fd, const struct peer *peer)
{
	b->at[b->next++ % BOUND_MAX] = (struct bound){ .pid = pid, .fd = fd, .peer = *peer };
}

const struct peer *
bound_find(const struct bounds *b, int32_t pid, uint32_t fd)
{
	for (unsigned i = 1; i <= BOUND_MAX; i++) {
		const struct bound *one = &b->at[(b->next - i) % BOUND_MAX];
		if (one->pid == pid && one->fd == fd && one->peer.family)
			return &one->peer;
	}
	return NULL;
}
