/* The texts of /proc/PID. The first byte chooses the parser. */
#include <stdlib.h>
#include <string.h>
#include "base/proctext.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
parse_stat(const char *text, size_t len)
{
	struct proc_stat st;

	if (proc_parse_stat(text, len, &st) == 0 && !memchr(st.comm, '\0', sizeof(st.comm)))
		abort();
}

static void
parse_cgroup(const char *text, size_t len)
{
	char service[64], container[64];
	static const size_t sizes[] = { 1, 2, 10, 64 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		proc_cgroup_names(text, len, service, sizes[i], container, sizes[i]);
		if (!memchr(service, '\0', sizes[i]) || !memchr(container, '\0', sizes[i]))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	struct proc_status status;
	struct proc_syscall call;
	uint32_t number;

	if (size == 0)
		return 0;
	switch (data[0]) {
	case 's':
		parse_stat(text, size - 1);
		break;
	case 'u':
		proc_parse_status(text, size - 1, &status);
		break;
	case 'c':
		proc_parse_syscall(text, size - 1, &call);
		break;
	case 'n':
		proc_parse_number(text, size - 1, &number);
		break;
	case 'g':
		parse_cgroup(text, size - 1);
		break;
	}
	return 0;
}
