#include <stdarg.h>
#include <stdio.h>
#include "base/fault.h"

static void	add(struct faults *, bool warning, const char *file, int line, const char *fmt, va_list)
		__attribute__((format(printf, 5, 0)));

static void
add(struct faults *fs, bool warning, const char *file, int line, const char *fmt, va_list ap)
{
	if (!warning)
		fs->errors++;
	if (fs->count == FAULTS_MAX)
		return;
	struct fault *f = &fs->fault[fs->count++];
	f->line = line;
	f->warning = warning;
	snprintf(f->file, sizeof(f->file), "%s", file);
	vsnprintf(f->why, sizeof(f->why), fmt, ap);
}

void
fault_add(struct faults *fs, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(fs, false, file, line, fmt, ap);
	va_end(ap);
}

void
fault_warn(struct faults *fs, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(fs, true, file, line, fmt, ap);
	va_end(ap);
}

void
fault_format(const struct fault *f, char *out, size_t n)
{
	const char *what = f->warning ? "warning" : "error";

	if (f->line > 0)
		snprintf(out, n, "%s:%d: %s: %s", f->file, f->line, what, f->why);
	else
		snprintf(out, n, "%s: %s: %s", f->file, what, f->why);
}
