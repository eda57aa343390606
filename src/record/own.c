#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "record/own.h"

static uint64_t
id_of(const char *boot_id, const struct chain_head *to)
{
	uint64_t id;
	uint8_t hash[crypto_hash_sha256_BYTES];
	char text[128];
	int n = snprintf(text, sizeof(text), "%s:%s:%llu", boot_id, to->log, (unsigned long long)to->sequence);

	crypto_hash_sha256(hash, (const uint8_t *)text, (size_t)n);
	memcpy(&id, hash, sizeof(id));
	return id;
}

void
own_report(struct report *r, const struct own *own, const char *boot_id, const struct chain_head *to)
{
	struct event *ev = &r->event;

	memset(r, 0, offsetof(struct report, event));
	r->kind = REPORT_STATE;
	r->mode = own->mode;
	event_init(ev, EVENT_AGENT, SENSOR_SELF);
	ev->id = id_of(boot_id, to);
	ev->wall_ns = now_wall_ns();
	ev->boot_ns = now_boot_ns();
	ev->count = own->count;
	event_set_str(ev, TEXT_ACTION, own->action);
	event_set_str(ev, TEXT_REASON, own->why);
	if (own->len)
		event_set(ev, TEXT_DETAILS, own->details, own->len);
	ev->have |= HAVE_ACTION;
}
