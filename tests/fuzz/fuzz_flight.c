/*
 * Any order of records, of whatever processes say they descend from whatever others, through ring, family and files. Four bytes a record:
 * kind and weight, process, parent, root, of 16 entities each; 0xff commits, and what is due is dropped as if it had been written. What the
 * ring has is what was put, a family holds no more than it may, and a flight nobody's line but once.
 */
#include <sys/mman.h>
#include "../unit/logs.h"
#include "record/flight.c"
#include "record/ring.c"

static struct page *page;
static struct flights *flights;
static struct report report;
static char batch[1u << 20];
static size_t filled;

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_flight(const struct flight *l)
{
	size_t bytes = 0;

	must(l->lines <= FILE_LINES && l->len <= FLIGHT_BYTES && l->alerts >= 1 && l->alerts <= FLIGHT_ALERTS && l->family.n <= FAMILY_MAX);
	for (unsigned i = 0; i < l->lines; i++) {
		must(l->piece[i].offset == bytes && l->text[bytes + l->piece[i].len - 1] == '\n');
		must(memchr(l->text + bytes, '\n', l->piece[i].len) == l->text + bytes + l->piece[i].len - 1);
		bytes += l->piece[i].len;
	}
	must(bytes == l->len);
}

static void
commit(enum chain_which which)
{
	flights_committed(flights, which, batch, filled);
	filled = 0;
	must(flights->notes[which].n == 0);
	for (unsigned i = 0; i < flights->ring.n; i++)
		must(ring_at(&flights->ring, i)->text[ring_at(&flights->ring, i)->len - 1] == '\n');
	for (unsigned i = 0; i < FLIGHT_OPEN; i++)
		if (flights->flight[i].open)
			check_flight(&flights->flight[i]);
}

/* Entities that collide in the table of a family, and 0. */
static uint64_t
entity(uint8_t byte)
{
	return (uint64_t)(byte & 15) << (byte & 0x80 ? 52 : 0);
}

static void
note(const uint8_t b[4], uint64_t at)
{
	memset(&report, 0, offsetof(struct report, event));
	event_init(&report.event, EVENT_EXEC, SENSOR_FANOTIFY);
	report.kind = b[0] % REPORT__MAX;
	report.severity = (uint8_t)((b[0] >> 2) % (SEVERITY_CRITICAL + 1));
	report.repeated = b[0] >> 7;
	report.root = entity(b[3]);
	report.event.boot_ns = at ^ b[0];
	report.event.process.entity = entity(b[1]);
	report.event.parent.entity = entity(b[2]);
	event_add_ancestor(&report.event, 1, entity((uint8_t)(b[2] ^ b[3])), "x", 1);
	flights_note(flights, CHAIN_ALERTS, &report);
	filled += (size_t)snprintf(batch + filled, sizeof(batch) - filled, "%llu\n", (unsigned long long)at);
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	must(page || page_create(&page) == 0);
	/* Nothing is written: that is for tests with a directory. */
	must(flights_new(&flights, &(struct flight_setup){ -1, page, 1000 }) == 0);
	for (size_t i = 0; i + 4 <= size && i < 16384; i += 4) {
		if (data[i] != 0xff) {
			note(data + i, i);
			continue;
		}
		commit(CHAIN_ALERTS);
		for (unsigned k = 0; k < FLIGHT_OPEN && (data[i + 1] & 1); k++)
			end_flight(&flights->flight[k]);
	}
	commit(CHAIN_ALERTS);
	flights_free(flights);
	return 0;
}
