#ifndef EVENT_CONTENT_H
#define EVENT_CONTENT_H
/*
 * What is known of the content of a file beyond its SHA-256 and its type: what costs more, and is found out only where something asks.
 * Flat and pointer-free, as struct event; it comes from a process that read what may be hostile, so content_sound() first.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTENT_TLSH		72	/* letters of a digest, see file/tlsh.h */
#define CONTENT_HEADER		16
#define CONTENT_BUILD_ID	32
#define CONTENT_LIBRARIES	1024

enum file_type { FILE_OTHER, FILE_ELF, FILE_SCRIPT };

enum content_elf {
	CONTENT_STATIC		= 1 << 0,	/* asks for no loader and no library */
	CONTENT_STRIPPED	= 1 << 1,	/* has no table of symbols */
	CONTENT_PACKED		= 1 << 2,	/* unpacks itself: see file/elf.h */
};
#define CONTENT_ELF_ALL		7u

struct content {
	uint8_t		md5[16], sha1[20];
	uint32_t	entropy;		/* of all bytes, thousandths of a bit per byte; 0 to 8000 */
	uint8_t		tlsh_len;		/* CONTENT_TLSH, or 0: too short or too uniform */
	uint8_t		header_len;
	uint8_t		build_id_len;
	uint8_t		elf;			/* enum content_elf; 0 of what is no ELF */
	uint16_t	libraries_len;
	char		tlsh[CONTENT_TLSH];
	uint8_t		header[CONTENT_HEADER];	/* the first bytes */
	uint8_t		build_id[CONTENT_BUILD_ID];
	char		libraries[CONTENT_LIBRARIES]; /* names that the loader is to find, each ends with NUL; as many as fit */
};

struct event;
/* Tells EV the type of its file, and its interpreter of LEN bytes. */
void	content_tell_type(struct event *, enum file_type, const char *interpreter, size_t len);
/* Tells EV all that is known; it has HAVE_CONTENT then. */
void	content_tell(struct event *, const struct content *);

/* Are all lengths in it true, and is the text text? */
bool	content_sound(const struct content *);

#endif
