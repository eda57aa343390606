#include <string.h>
#include "file/digest.h"
#include "file/elf_inside.h"

#define LOADS		16u	/* segments that are looked at */
#define NOTES		8u
#define NOTE_MAX	4096u	/* bytes of notes that are looked at */
#define SECTIONS_MAX	8192u
#define DYNAMIC_MAX	1024u	/* entries */
#define NEEDED_MAX	64u
#define NAME_MAX_	255u	/* letters of a library's name */
#define MARK_WITHIN	1024u	/* bytes from the beginning: the mark of UPX is behind the headers */
#define PIECE		4096u
#define PIECES		16u
#define SAMPLE_LEAST	2048u	/* bytes: fewer cannot look compressed */
#define DENSE		7200u	/* thousandths of a bit per byte */

struct segment { uint64_t offset, address, size; uint32_t flags; };

/* What the table of segments names. */
struct layout {
	const struct elf_reader	*r;
	unsigned	loads, notes;
	struct segment	load[LOADS], note[NOTES], dynamic;
	bool		loader;
};

static int
put_segment(void *arg, const uint8_t *phdr)
{
	struct layout *l = arg;
	const struct segment s = {
		.offset = ELF_MEMBER(l->r, phdr, Phdr, p_offset), .address = ELF_MEMBER(l->r, phdr, Phdr, p_vaddr),
		.size = ELF_MEMBER(l->r, phdr, Phdr, p_filesz), .flags = (uint32_t)ELF_MEMBER(l->r, phdr, Phdr, p_flags) };
	uint64_t type = ELF_MEMBER(l->r, phdr, Phdr, p_type);

	if (type == PT_INTERP)
		l->loader = true;
	if (s.offset > INT64_MAX || s.size > INT64_MAX - s.offset)
		return 1;
	if (type == PT_LOAD && s.size && l->loads < LOADS)
		l->load[l->loads++] = s;
	else if (type == PT_NOTE && l->notes < NOTES)
		l->note[l->notes++] = s;
	else if (type == PT_DYNAMIC && !l->dynamic.size)
		l->dynamic = s;
	return 1;
}

/* Where in the file is what the program will see at ADDRESS? False: nowhere. */
static bool
find_address(const struct layout *l, uint64_t address, uint64_t *offset)
{
	for (unsigned i = 0; i < l->loads; i++) {
		const struct segment *s = &l->load[i];
		if (address < s->address || address - s->address >= s->size)
			continue;
		*offset = s->offset + (address - s->address);
		return true;
	}
	return false;
}

/* What the loader is told: offsets of names in a table, and where that is. */
struct dynamic {
	const struct elf_reader	*r;
	uint64_t	name[NEEDED_MAX], strings;
	unsigned	names;
};

static int
put_dynamic(void *arg, const uint8_t *entry)
{
	struct dynamic *d = arg;
	uint64_t tag = ELF_MEMBER(d->r, entry, Dyn, d_tag), value = ELF_MEMBER(d->r, entry, Dyn, d_un);

	if (tag == DT_NEEDED && d->names < NEEDED_MAX)
		d->name[d->names++] = value;
	if (tag == DT_STRTAB)
		d->strings = value;
	return tag != DT_NULL;
}

static int
put_library(const struct elf_reader *r, uint64_t at, struct content *c)
{
	char name[NAME_MAX_ + 1];
	ssize_t n = r->read(r->arg, at, name, sizeof(name));

	if (n < 0)
		return (int)n;
	size_t len = strnlen(name, (size_t)n);
	if (!len || len == (size_t)n || len + 1 > sizeof(c->libraries) - c->libraries_len)
		return 0;
	memcpy(c->libraries + c->libraries_len, name, len + 1);
	c->libraries_len = (uint16_t)(c->libraries_len + len + 1);
	return 0;
}

static int
read_dynamic(const struct layout *l, struct content *c, bool *needs)
{
	struct dynamic d = { .r = l->r };
	struct elf_table t = { .offset = l->dynamic.offset, .size = ELF_SIZE(l->r, Dyn) };
	uint64_t many = l->dynamic.size / t.size, at;

	t.count = many < DYNAMIC_MAX ? (unsigned)many : DYNAMIC_MAX;
	int err = elf_walk(l->r, &t, put_dynamic, &d);
	*needs = d.names > 0;
	for (unsigned i = 0; i < d.names && err >= 0; i++)
		if (find_address(l, d.strings + d.name[i], &at))
			err = put_library(l->r, at, c);
	return err < 0 ? err : 0;
}

static uint64_t
rounded(uint64_t n)
{
	return (n + 3) & ~3ull;
}

/* Of notes one behind the other, the one in which the linker says what it made. */
static void
find_build_id(const struct elf_reader *r, const uint8_t *s, size_t len, struct content *c)
{
	while (len >= sizeof(Elf64_Nhdr)) {
		uint64_t name = elf_number(r, s, 4), size = elf_number(r, s + 4, 4), type = elf_number(r, s + 8, 4);
		s += sizeof(Elf64_Nhdr);
		len -= sizeof(Elf64_Nhdr);
		if (rounded(name) + rounded(size) > len)
			return;
		if (type == NT_GNU_BUILD_ID && name == 4 && !memcmp(s, "GNU", 4) && size && size <= CONTENT_BUILD_ID) {
			memcpy(c->build_id, s + 4, size);
			c->build_id_len = (uint8_t)size;
			return;
		}
		s += rounded(name) + rounded(size);
		len -= (size_t)(rounded(name) + rounded(size));
	}
}

static int
read_notes(const struct layout *l, struct content *c)
{
	uint8_t buf[NOTE_MAX];

	for (unsigned i = 0; i < l->notes && !c->build_id_len; i++) {
		const struct segment *s = &l->note[i];
		ssize_t n = l->r->read(l->r->arg, s->offset, buf, s->size < sizeof(buf) ? (size_t)s->size : sizeof(buf));
		if (n < 0)
			return (int)n;
		find_build_id(l->r, buf, (size_t)n, c);
	}
	return 0;
}

/* Pieces from all over it: what is unpacked later need not begin at the beginning. */
static int
is_dense(const struct elf_reader *r, const struct segment *s, bool *dense)
{
	uint64_t bytes[256] = { 0 }, all = 0, step = s->size / PIECES > PIECE ? s->size / PIECES : PIECE;
	uint8_t buf[PIECE];

	for (uint64_t at = 0, i = 0; at < s->size && i < PIECES; at += step, i++) {
		ssize_t n = r->read(r->arg, s->offset + at, buf, s->size - at < PIECE ? (size_t)(s->size - at) : PIECE);
		if (n < 0)
			return (int)n;
		for (ssize_t k = 0; k < n; k++)
			bytes[buf[k]]++;
		all += (uint64_t)n;
		if (n < (ssize_t)PIECE)
			break;
	}
	*dense = all >= SAMPLE_LEAST && digest_entropy(bytes, all) >= DENSE;
	return 0;
}

/* SECTIONS: there is a table of them. */
static int
read_density(const struct layout *l, bool sections, struct content *c)
{
	bool dense = false;
	int err = 0;

	for (unsigned i = 0; i < l->loads && !err && !(c->elf & CONTENT_PACKED); i++) {
		if (sections && !(l->load[i].flags & PF_X))
			continue;
		err = is_dense(l->r, &l->load[i], &dense);
		if (dense)
			c->elf |= CONTENT_PACKED;
	}
	return err;
}

struct sections { const struct elf_reader *r; unsigned seen; bool symbols; };

static int
put_section(void *arg, const uint8_t *shdr)
{
	struct sections *s = arg;

	s->seen++;
	s->symbols = s->symbols || ELF_MEMBER(s->r, shdr, Shdr, sh_type) == SHT_SYMTAB;
	return !s->symbols;
}

static int
read_sections(const struct elf_reader *r, const uint8_t *head, struct sections *s)
{
	struct elf_table t = { .offset = ELF_MEMBER(r, head, Ehdr, e_shoff), .size = ELF_SIZE(r, Shdr) };
	uint64_t many = ELF_MEMBER(r, head, Ehdr, e_shnum);
	uint8_t first[sizeof(Elf64_Shdr)] = { 0 };

	s->r = r;
	if (!t.offset || t.offset > INT64_MAX - SECTIONS_MAX * sizeof(Elf64_Shdr) || ELF_MEMBER(r, head, Ehdr, e_shentsize) != t.size)
		return 0;
	if (!many) {	/* more than fit into the member */
		ssize_t n = r->read(r->arg, t.offset, first, t.size);
		if (n < 0)
			return (int)n;
		many = ELF_MEMBER(r, first, Shdr, sh_size);
	}
	t.count = many < SECTIONS_MAX ? (unsigned)many : SECTIONS_MAX;
	int err = elf_walk(r, &t, put_section, s);
	return err < 0 ? err : 0;
}

static int
read_segments(const struct elf_reader *r, const struct elf_table *t, bool sections, struct content *c)
{
	struct layout l = { .r = r };
	bool needs = false;
	int err = elf_walk(r, t, put_segment, &l);

	if (err < 0 || (err = read_dynamic(&l, c, &needs)) || (err = read_notes(&l, c)))
		return err;
	if (!l.loader && !needs)
		c->elf |= CONTENT_STATIC;
	return read_density(&l, sections, c);
}

int
elf_details(elf_read *read, void *arg, struct content *c)
{
	struct elf_reader r = { .read = read, .arg = arg };
	struct sections s = { 0 };
	struct elf_table t;
	uint8_t head[MARK_WITHIN] = { 0 };

	ssize_t n = read(arg, 0, head, sizeof(head));
	if (n < 0 || !elf_order(&r, head, (size_t)n))
		return n < 0 ? (int)n : 0;
	int err = read_sections(&r, head, &s);
	if (err)
		return err;
	if (!s.symbols)
		c->elf |= CONTENT_STRIPPED;
	if (memmem(head, (size_t)n, "UPX!", 4))
		c->elf |= CONTENT_PACKED;
	return elf_segments(&r, head, &t) ? read_segments(&r, &t, s.seen, c) : 0;
}
