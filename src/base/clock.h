#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
#include <stdint.h>
#include <time.h>

#define NS_PER_SEC	1000000000ull
#define NS_PER_MS	1000000ull
#define NS_PER_US	1000ull

/* Nanoseconds of CLOCK; vDSO, no system call. */
static inline uint64_t
clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* All timers, deadlines and ages in yett: the clock that nobody can set and that counts sleep. */
static inline uint64_t
now_boot_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

/* Only for what people read: no decision depends on it. */
static inline uint64_t
now_wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

#endif
