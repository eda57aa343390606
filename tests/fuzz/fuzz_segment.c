/*
 * Any bytes as what lies beside a log. The first byte: 'z' a packed segment, which is read; 'k' a public key; 's' sums and, behind a
 * zero, their signature, read without a key and with one that signed something else; 'r' a file of secret keys, 'a' an anchor. What is
 * taken can be written again as it was.
 */
#include "../unit/logs.h"
#include "alert/pack.h"

static struct logs logs;

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
end(void)
{
	logs_close(&logs);
}

static void
packed(const uint8_t *data, size_t size)
{
	static char block[100000];
	struct unpack *u;
	ssize_t got = 0;

	must(blob_write(logs.log, "packed", data, size));
	CLEANUP_FD int fd = openat(logs.log, "packed", O_RDONLY | O_CLOEXEC);
	must(fd >= 0 && unpack_open(&u, fd) == 0);
	for (int i = 0; u && i < 1000 && (got = unpack_read(u, block, sizeof(block))) > 0; i++)
		must(got <= (ssize_t)sizeof(block));
	must(got >= 0 || got == -EBADMSG);
	unpack_close(u);
}

static void
key(const uint8_t *data, size_t size)
{
	uint8_t bytes[32];
	char text[MINISIGN_KEY];

	if (!minisign_key_read((const char *)data, size, bytes))
		return;
	minisign_key(bytes, text);
	must(size == MINISIGN_KEY - 1);
}

static void
sums(const uint8_t *data, size_t size)
{
	static const uint8_t stranger[32] = { 1, 2, 3 };
	const uint8_t *zero = memchr(data, 0, size);
	size_t n = zero ? (size_t)(zero - data) : size;
	struct segment s;

	must(blob_write(logs.log, "alerts-00000007.sums", data, n));
	must(blob_write(logs.log, "alerts-00000007.sums.minisig", zero ? zero + 1 : data, zero ? size - n - 1 : 0));
	int err = segment_read(logs.log, "alerts", 7, NULL, &s);
	must(err == 0 || err == -EBADMSG);
	if (!err)
		must(s.number == 7 && s.first <= s.end && strlen(s.head) == 64 && strlen(s.hash) == 64 && strlen(s.log) == 16);
	must(segment_read(logs.log, "alerts", 7, stranger, &s) == -EBADMSG);
	must(segment_read(logs.log, "alerts", 8, NULL, &s) == -ENOENT);
}

/* A slot that is taken has a sum, and can sign. */
static void
secrets(const uint8_t *data, size_t size)
{
	struct ratchet *r;
	uint8_t sig[64];

	must(blob_write(logs.state, "keys", data, size) && ratchet_new(&r) == 0 && ratchet_load(r, logs.state, "keys") == 0);
	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *public = ratchet_slot(r, i);
		if (!public)
			continue;
		must(size >= i * RATCHET_SLOT + 60 && memcmp(data + i * RATCHET_SLOT, "YRK1", 4) == 0);
		must(ratchet_use(r, i) == 0 && memcmp(ratchet_public(r), public, 32) == 0);
		ratchet_sign(r, "x", 1, sig);
		break;
	}
	ratchet_free(r);
}

static void
anchor(const uint8_t *data, size_t size)
{
	uint8_t bytes[32];

	must(blob_write(logs.state, "anchor", data, size));
	int err = anchor_read(logs.state, "anchor", bytes);
	must(err == 0 || err == -EBADMSG || err == -EFBIG);
	must(err || size == 64 || size == 65);
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!logs.path[0]) {
		must(logs_open(&logs));
		atexit(end);
	}
	if (size == 0)
		return 0;
	if (*data == 'z')
		packed(data + 1, size - 1);
	else if (*data == 'k')
		key(data + 1, size - 1);
	else if (*data == 's')
		sums(data + 1, size - 1);
	else if (*data == 'r')
		secrets(data + 1, size - 1);
	else if (*data == 'a')
		anchor(data + 1, size - 1);
	return 0;
}
