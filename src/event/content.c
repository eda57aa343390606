#include <ctype.h>
#include "event/content.h"

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
