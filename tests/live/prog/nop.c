/* The smallest program: does nothing, well. Needs no library, so it runs anywhere, also from a memfd. */
void	_start(void);

void
_start(void)
{
#if defined(__x86_64__)
	__asm__ volatile("mov $60, %eax; xor %edi, %edi; syscall");
#elif defined(__aarch64__)
	__asm__ volatile("mov x8, #93; mov x0, #0; svc #0");
#endif
	__builtin_unreachable();
}
