#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "policy/build.h"

int
build_seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) ? -errno : 0;
}

int
policy_in_mode(const struct policy *p, enum mode mode)
{
	CLEANUP_FD int fd = memfd_create("yett-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, p->size))
		return -errno;
	struct policy *copy = mmap(NULL, p->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (copy == MAP_FAILED)
		return -errno;
	memcpy(copy, p, p->size);
	copy->mode = (uint8_t)mode;
	struct l_rule *r = (struct l_rule *)(void *)((char *)copy + copy->rules.off);
	for (uint32_t i = 0; i < copy->rules.n; i++)
		r[i].mode = r[i].wanted < mode ? r[i].wanted : (uint8_t)mode;
	munmap(copy, p->size);
	int err = build_seal(fd);
	return err ? err : steal_fd(&fd);
}
