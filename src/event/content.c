#include <ctype.h>
#include "event/content.h"
#include "event/event.h"

bool
content_sound(const struct content *c)
{
	if (c->entropy > 8000 || (c->tlsh_len && c->tlsh_len != CONTENT_TLSH) || c->header_len > CONTENT_HEADER ||
	    c->build_id_len > CONTENT_BUILD_ID || (c->elf & ~CONTENT_ELF_ALL) || c->libraries_len > CONTENT_LIBRARIES)
		return false;
	for (unsigned i = 0; i < c->tlsh_len; i++)
		if (!isupper((unsigned char)c->tlsh[i]) && !isdigit((unsigned char)c->tlsh[i]))
			return false;
	return !c->libraries_len || c->libraries[c->libraries_len - 1] == '\0';
}

void
content_tell_type(struct event *ev, enum file_type type, const char *interpreter, size_t len)
{
	static const char *const types[] = { [FILE_OTHER] = "other", [FILE_ELF] = "elf", [FILE_SCRIPT] = "script" };

	event_set_str(ev, TEXT_FILE_TYPE, types[type <= FILE_SCRIPT ? type : FILE_OTHER]);
	event_set(ev, TEXT_INTERPRETER, interpreter, len);
}

static void
put_hex(struct event *ev, enum event_text which, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * CONTENT_BUILD_ID];

	for (size_t i = 0; i < n; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	event_set(ev, which, text, 2 * n);
}

void
content_tell(struct event *ev, const struct content *c)
{
	put_hex(ev, TEXT_MD5, c->md5, sizeof(c->md5));
	put_hex(ev, TEXT_SHA1, c->sha1, sizeof(c->sha1));
	put_hex(ev, TEXT_HEADER, c->header, c->header_len);
	put_hex(ev, TEXT_BUILD_ID, c->build_id, c->build_id_len);
	event_set(ev, TEXT_TLSH, c->tlsh, c->tlsh_len);
	event_set(ev, TEXT_LIBRARIES, c->libraries, c->libraries_len);
	ev->file.entropy = c->entropy;
	ev->flags |= (c->elf & CONTENT_STATIC ? FLAG_ELF_STATIC : 0) | (c->elf & CONTENT_STRIPPED ? FLAG_ELF_STRIPPED : 0) |
	    (c->elf & CONTENT_PACKED ? FLAG_ELF_PACKED : 0);
	ev->have |= HAVE_CONTENT;
}
