#include "base/clock.h"
#include "record/stream.h"

#define RETRY_NS	NS_PER_SEC

void
stream_added(struct stream *s, enum sender from, uint64_t number, uint64_t wait_ns)
{
	uint64_t due = now_boot_ns() + wait_ns;

	s->batch++;
	if (number) {
		s->last[from] = number;
		if (!s->held[from])
			s->held[from] = number;
	}
	if (!s->due_ns || due < s->due_ns)
		s->due_ns = due;
}

bool
stream_is_new(const struct stream *s, enum sender from, uint64_t number)
{
	return !number || number > s->last[from];
}

bool
stream_has_room(const struct stream *s)
{
	return s->batch < s->most && !s->ending && !s->rotating && chain_has_room(s->chain);
}

static bool
is_idle(const struct stream *s)
{
	return !s->chain || (!s->batch && !s->ending && !s->rotating);
}

bool
stream_is_due(const struct stream *s, uint64_t now_ns)
{
	if (is_idle(s))
		return false;
	return now_ns >= s->due_ns || (!s->failing_ns && !stream_has_room(s));
}

static int
put_on_disk(struct stream *s, struct page *page)
{
	int err = s->batch ? chain_commit(s->chain) : 0;

	if (err)
		return err;
	if (s->batch) {
		counter_add(page, COUNTER_RECORDS, s->batch);
		counter_add(page, COUNTER_COMMITS, 1);
		s->last_ns = now_boot_ns();
	}
	for (int i = 0; i < FROM__MAX; i++) {
		s->committed[i] = s->last[i];
		s->held[i] = 0;
	}
	s->batch = 0;
	if (s->ending) {
		err = chain_close_segment(s->chain);
		s->ending = err != 0;
		s->closed = s->closed || !err;
	} else if (s->rotating) {
		err = chain_rotate(s->chain);
		s->rotating = err != 0;
		s->begun = !err;
	}
	return err;
}

int
stream_commit(struct stream *s, struct page *page)
{
	int err = put_on_disk(s, page);

	if (!err) {
		s->due_ns = 0;
		return 0;
	}
	if (!s->failing_ns)
		s->failing_ns = now_boot_ns();
	s->error = -err;
	s->due_ns = now_boot_ns() + RETRY_NS;
	counter_add(page, COUNTER_WRITE_ERRORS, 1);
	return err;
}

int
stream_wait(const struct stream *s, uint64_t now_ns)
{
	if (is_idle(s))
		return -1;
	return s->due_ns <= now_ns ? 0 : (int)((s->due_ns - now_ns) / NS_PER_MS) + 1;
}
