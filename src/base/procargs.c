#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/uio.h>
#include "base/procfs.h"

/*
 * The pages that strings lie in are copied first and then read from the copy, so each is fetched once, many in one call, and what
 * is checked is what is used even while the owner writes there.
 */
#define PAGE		4096u
#define PAGES		8u
#define STRINGS_MAX	4096u
#define HEAD		128u	/* of a string, shown to KEEP */

struct pages {
	int32_t		tid;
	unsigned	used, next;		/* next: the slot that is replaced when all are used */
	uint64_t	number[PAGES];		/* address / PAGE */
	char		bytes[PAGES][PAGE];
};

struct out {
	char		*buf;
	size_t		 size, used;
	bool		 cut;
	bool		 blind;		/* a string could not be read: execve() fails on it too, so what follows does not matter */
};

static const char *
find_page(const struct pages *p, uint64_t number)
{
	for (unsigned i = 0; i < p->used; i++)
		if (p->number[i] == number)
			return p->bytes[i];
	return NULL;
}

/* Fetches the pages where the pointers lead, as many as fit. A bad one ends it: it is asked for again alone if it is needed. */
static void
fetch_ahead(struct pages *p, const uint64_t *pointers, size_t n)
{
	struct iovec local[PAGES], remote[PAGES];
	unsigned want = 0;

	p->used = p->next = 0;
	for (size_t i = 0; i < n && pointers[i] && want < PAGES; i++) {
		uint64_t number = pointers[i] / PAGE;
		bool known = false;
		for (unsigned k = 0; k < want && !known; k++)
			known = p->number[k] == number;
		if (known)
			continue;
		p->number[want] = number;
		local[want] = (struct iovec){ p->bytes[want], PAGE };
		remote[want] = (struct iovec){ (void *)(uintptr_t)(number * PAGE), PAGE };
		want++;
	}
	ssize_t got = want ? process_vm_readv(p->tid, local, want, remote, want, 0) : 0;
	p->used = got > 0 ? (unsigned)((size_t)got / PAGE) : 0;
}

static const char *
fetch_page(struct pages *p, uint64_t number)
{
	const char *have = find_page(p, number);

	if (have)
		return have;
	unsigned slot = p->used < PAGES ? p->used++ : p->next++ % PAGES;
	struct iovec local = { p->bytes[slot], PAGE }, remote = { (void *)(uintptr_t)(number * PAGE), PAGE };
	p->number[slot] = UINT64_MAX;
	if (process_vm_readv(p->tid, &local, 1, &remote, 1, 0) != PAGE)
		return NULL;
	p->number[slot] = number;
	return p->bytes[slot];
}

/* Copies the string at ADDRESS, at most N bytes of it. Bytes copied, or -EFAULT; *WHOLE: its end was reached. */
static ssize_t
copy_string(struct pages *p, uint64_t address, char *to, size_t n, bool *whole)
{
	size_t done = 0;

	*whole = false;
	for (;;) {
		const char *page = fetch_page(p, address / PAGE);
		if (!page)
			return -EFAULT;
		size_t off = address % PAGE, have = PAGE - off;
		size_t len = strnlen(page + off, have);
		size_t take = len < n - done ? len : n - done;
		memcpy(to + done, page + off, take);
		done += take;
		*whole = len < have && take == len;
		if (len < have || done == n)
			return (ssize_t)done;
		if (address > UINT64_MAX - have)
			return -EFAULT;
		address += have;
	}
}

static void
take_string(struct pages *p, uint64_t address, struct out *o, int (*keep)(const char *s, size_t len))
{
	bool whole;
	ssize_t n;

	if (keep) {
		char head[HEAD];
		n = copy_string(p, address, head, sizeof(head), &whole);
		o->blind = n < 0;
		if (n < 0 || !keep(head, (size_t)n))
			return;
	}
	if (o->used >= o->size) {
		o->cut = true;
		return;
	}
	n = copy_string(p, address, o->buf + o->used, o->size - o->used - 1, &whole);
	o->blind = n < 0;
	if (n < 0)
		return;
	o->used += (size_t)n;
	o->buf[o->used++] = '\0';
	if (!whole)
		o->cut = true;
}

/* Reads pointers up to the end of their page: the next one may not exist. */
static ssize_t
read_pointers(int32_t tid, uint64_t address, uint64_t *out, size_t n)
{
	size_t room = (PAGE - address % PAGE) / sizeof(*out);
	char split[sizeof(*out)];
	struct iovec local = { out, 0 };
	struct iovec remote[2] = { { (void *)(uintptr_t)address, 0 } };

	if (room == 0) {	/* this one lies across two pages */
		size_t first = PAGE - address % PAGE;
		local = (struct iovec){ split, sizeof(split) };
		remote[0].iov_len = first;
		remote[1] = (struct iovec){ (void *)(uintptr_t)(address + first), sizeof(split) - first };
		if (process_vm_readv(tid, &local, 1, remote, 2, 0) != sizeof(split))
			return -EFAULT;
		memcpy(out, split, sizeof(split));
		return 1;
	}
	n = room < n ? room : n;
	local.iov_len = remote[0].iov_len = n * sizeof(*out);
	ssize_t got = process_vm_readv(tid, &local, 1, remote, 1, 0);
	return got < 0 ? -errno : got / (ssize_t)sizeof(*out);
}

static void
take_batch(struct pages *p, const uint64_t *pointers, size_t n, struct out *o, int (*keep)(const char *s, size_t len))
{
	for (size_t i = 0; i < n && !o->blind; i++) {
		if (!keep && o->used >= o->size) {
			o->cut = true;
			return;
		}
		if (!find_page(p, pointers[i] / PAGE))
			fetch_ahead(p, pointers + i, n - i);
		take_string(p, pointers[i], o, keep);
	}
}

ssize_t
proc_strings(int32_t tid, uint64_t address, char *buf, size_t size, int (*keep)(const char *s, size_t len),
    uint32_t *count, int *cut)
{
	uint64_t pointers[PAGE / sizeof(uint64_t)];
	struct pages pages;
	struct out o = { .buf = buf, .size = size };
	uint32_t seen = 0;
	bool ended = address == 0;

	pages.tid = tid;
	pages.used = pages.next = 0;
	while (!ended && seen < STRINGS_MAX) {
		ssize_t n = read_pointers(tid, address, pointers, sizeof(pointers) / sizeof(pointers[0]));
		if (n <= 0 && seen == 0)
			return n ? n : -EFAULT;
		if (n <= 0)
			break;
		ssize_t used = 0;
		while (used < n && pointers[used] && seen + (uint32_t)used < STRINGS_MAX)
			used++;
		take_batch(&pages, pointers, (size_t)used, &o, keep);
		seen += (uint32_t)used;
		ended = used < n && !pointers[used];
		address += (uint64_t)n * sizeof(pointers[0]);
	}
	*count = seen;
	*cut = o.cut || o.blind || !ended;
	return (ssize_t)o.used;
}
