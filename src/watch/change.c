#include <stdio.h>
#include <string.h>
#include "watch/change.h"

#define SHOWN_MAX	1536

struct shown { size_t len; char text[SHOWN_MAX]; };

static void
show(struct shown *to, struct span text)
{
	size_t blank = to->len ? 1 : 0, room = sizeof(to->text) - to->len;

	if (room <= blank)
		return;
	if (blank)
		to->text[to->len++] = ' ';
	room -= blank;
	size_t n = text.n < room ? text.n : room;
	if (n)
		memcpy(to->text + to->len, text.s, n);
	to->len += n;
}

static bool
has(struct span value, struct span attribute)
{
	struct span a;

	while (value_next(&value, &a))
		if (span_same(a, attribute))
			return true;
	return false;
}

static bool
shows(struct span value, struct span text)
{
	struct span a;

	while (value_next(&value, &a))
		if (span_same(value_shown(a), text))
			return true;
	return false;
}

/* The attributes of OF that OTHER has not. What looks the same and is not, because it is not shown, is called another one. */
static void
show_attributes(struct shown *to, const struct entry *of, const struct entry *other)
{
	struct span value = of ? of->value : (struct span){ NULL, 0 }, a;

	to->len = 0;
	while (value_next(&value, &a)) {
		struct span text = value_shown(a);
		if (other && has(other->value, a))
			continue;
		if (text.n)
			show(to, text);
		if (other && text.n != a.n && shows(other->value, text))
			show(to, SPAN("(another)"));
	}
}

static void
put_account(struct changes *c, struct span name, uint32_t uid, bool known)
{
	struct event *ev = &c->event;

	if (name.n && event_set(ev, TEXT_ACCOUNT, name.s, name.n) == 0)
		ev->have |= HAVE_ACCOUNT;
	ev->account_id = known ? uid : UINT32_MAX;
	if (known)
		ev->have |= HAVE_ACCOUNT;
}

static void
put_named(struct changes *c, struct span name)
{
	uint32_t uid = UINT32_MAX;
	bool known = known_user(c->known, name, &uid);

	put_account(c, name, uid, known);
}

/* Of what lies below a home, its owner. */
static void
put_owner(struct changes *c)
{
	static const char *const below[] = { "/.ssh/", "/.config/systemd/user/", "/.local/share/systemd/user/" };
	struct span path, name;
	uint32_t uid;

	path.s = event_text(&c->event, TEXT_FILE_PATH, &path.n);
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
		const char *at = memmem(path.s, path.n, below[i], strlen(below[i]));
		if (at && known_with(c->known, "home=", (struct span){ path.s, (size_t)(at - path.s) }, &name, &uid))
			put_account(c, name, uid, true);
	}
}

/* Whose rights these are. */
static void
put_whose(struct changes *c, const struct entry *e)
{
	uint32_t uid;
	bool known;
	struct span who;

	switch (e->object) {
	case OBJECT_USER:
		known = known_number(known_attribute(e, "uid="), &uid);
		put_account(c, e->key, known ? uid : UINT32_MAX, known);
		return;
	case OBJECT_PASSWORD:
		put_named(c, e->key);
		return;
	case OBJECT_MEMBER:
	case OBJECT_CRON:
		who = known_attribute(e, "user=");
		if (who.n)
			put_named(c, who);
		return;
	case OBJECT_AT:
		who = (struct span){ NULL, 0 };
		known = known_with(c->known, "uid=", known_attribute(e, "uid="), &who, &uid) ||
		    known_number(known_attribute(e, "uid="), &uid);
		put_account(c, who, known ? uid : UINT32_MAX, known);
		return;
	case OBJECT_SUDOERS:
		if (known_user(c->known, e->key, &uid))
			put_account(c, e->key, uid, true);
		return;
	case OBJECT_UNIT:
		if (span_is(e->key, "User") && value_next(&(struct span){ e->value.s, e->value.n }, &who))
			put_named(c, who);
		else
			put_owner(c);
		return;
	case OBJECT_KEY:
	case OBJECT_TIMER:
		put_owner(c);
		return;
	case OBJECT_GROUP:
	case OBJECT_SHADOW_GROUP:
	case OBJECT_PAM:
	case OBJECT_PRELOAD:
	case OBJECT_SSHD:
	case OBJECT_INIT:
	case OBJECT__MAX:
		return;
	}
}

static void
begin(struct changes *c, const char *type, enum change_object object)
{
	struct event *ev = &c->event;

	memcpy(ev, c->cause, event_wire_size(c->cause));
	ev->kind = (uint16_t)c->fact.kind;
	ev->have |= HAVE_CHANGE;
	ev->account_id = UINT32_MAX;
	event_make_room(ev, 2 * SHOWN_MAX + 2 * ENTRY_KEY);
	event_set_str(ev, TEXT_CHANGE_TYPE, type);
	event_set_str(ev, TEXT_CHANGE_OBJECT, change_object_name(object));
}

static void
tell(struct changes *c)
{
	if (c->logons)
		logons_fact(c->logons, &c->event);
	outbox_put(c->out, &c->event);
}

static void
on_difference(void *arg, const struct entry *before, const struct entry *after)
{
	struct changes *c = arg;
	const struct entry *e = after ? after : before;
	struct span key = value_shown(e->key);
	struct shown old, new;

	if (c->told++ >= CHANGES_MAX)
		return;
	show_attributes(&old, before, after);
	show_attributes(&new, after, before);
	begin(c, !before ? "added" : !after ? "removed" : "changed", e->object);
	event_set(&c->event, TEXT_CHANGE_ENTRY, key.s, key.n);
	event_set(&c->event, TEXT_CHANGE_BEFORE, old.text, old.len);
	event_set(&c->event, TEXT_CHANGE_AFTER, new.text, new.len);
	put_whose(c, e);
	tell(c);
}

/* Of the whole file. */
static void
tell_whole(struct changes *c, const char *type, const char *after)
{
	begin(c, type, parse_object(&c->fact));
	event_set_str(&c->event, TEXT_CHANGE_AFTER, after);
	tell(c);
}

static void
tell_rest(struct changes *c)
{
	char text[64];

	if (c->told <= CHANGES_MAX)
		return;
	snprintf(text, sizeof(text), "and %u more entries", c->told - CHANGES_MAX);
	tell_whole(c, "changed", text);
}

static void
tell_large(struct changes *c, uint64_t size)
{
	char text[96];

	snprintf(text, sizeof(text), "too large to be compared: %llu bytes", (unsigned long long)size);
	tell_whole(c, "changed", text);
}

static struct known *
take_in(struct changes *c, const struct seen *s)
{
	struct known *k = known_find(c->known, s->file.path.s, s->file.path.n);

	return k ? k : known_add(c->known, s->file.path.s, s->file.path.n, &s->file.fact);
}

void
change_seen(struct changes *c, const struct event *cause, const struct seen *s)
{
	struct known *k = known_find(c->known, s->file.path.s, s->file.path.n);
	bool old = k != NULL, large = k && k->large;
	static const struct entries nothing;
	struct entries now;

	c->cause = cause;
	c->fact = s->file.fact;
	c->told = 0;
	entries_init(&now, c->key);
	now.over = s->size > FACT_BYTES;
	if (!now.over)
		parse_file(&now, &s->file);
	if (entries_sort(&now))
		now.over = true;
	if (s->quiet) {
		;
	} else if (now.over || large) {
		tell_large(c, s->size);
	} else if (!old && c->known->n == KNOWN_FILES) {
		tell_whole(c, "changed", "not compared: more files than are kept");
	} else {
		entries_compare(old ? &k->entries : &nothing, &now, on_difference, c);
		tell_rest(c);
		if (!c->told && old && s->written)
			tell_whole(c, "rewritten", "");
	}
	k = take_in(c, s);
	if (k) {
		k->file = s->identity;
		known_keep(c->known, k, &now);
	}
	entries_done(&now);
}

void
change_gone(struct changes *c, const struct event *cause, struct known *k)
{
	static const struct entries nothing;

	c->cause = cause;
	c->fact = k->fact;
	c->told = 0;
	if (k->large)
		tell_whole(c, "removed", "");
	else
		entries_compare(&k->entries, &nothing, on_difference, c);
	tell_rest(c);
	known_drop(c->known, k);
}
