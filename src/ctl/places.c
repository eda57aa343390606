#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "ctl/control.h"
#include "ctl/costs.h"
#include "ctl/load.h"
#include "ctl/places.h"
#include "ctl/store.h"
#include "ctl/term.h"

static const char *const kinds[] = { [WATCH_FILE] = "file", [WATCH_DIRECTORY] = "directory", [WATCH_TREE] = "tree",
	[WATCH_EVERYTHING] = "everything" };

/* The places that yettd has; NULL: it cannot be asked. */
static json_t *
ask(const struct ctl *ctl)
{
	static struct control_reply reply;

	control_peek(ctl, &reply);
	json_t *status = reply.len ? json_loadb(reply.text, reply.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	json_t *places = json_object_get(status, "places");
	json_incref(places);
	json_decref(status);
	return places;
}

static const json_t *
find(const json_t *places, const struct watch_place *w)
{
	const json_t *p;
	size_t i;

	json_array_foreach(places, i, p)
		if (strcmp(store_text(p, "path"), w->path) == 0 && strcmp(store_text(p, "kind"), kinds[w->kind]) == 0)
			return p;
	return NULL;
}

static const char *
state_of(const json_t *told, const json_t *one, const struct watch_place *w)
{
	struct stat st;

	if (one)
		return store_text(one, "state");
	if (told)
		return "not in force";
	return w->kind == WATCH_EVERYTHING || lstat(w->path, &st) == 0 ? "there" : "absent";
}

static json_t *
events_json(unsigned events)
{
	uint64_t mask = policy_watch_kinds(events);
	json_t *list = json_pack("[]");

	for (int k = 0; k < EVENT__MAX; k++)
		if (mask & 1ull << k)
			json_array_append_new(list, json_string(event_kind_name((enum event_kind)k)));
	return list;
}

json_t *
places_json(const struct ctl *ctl, const struct policy *p, bool own)
{
	json_t *told = own ? ask(ctl) : NULL, *list = json_pack("[]");

	for (unsigned i = 0; i < policy_places(p); i++) {
		struct watch_place w;
		policy_place(p, i, &w);
		const json_t *one = find(told, &w);
		json_array_append_new(list, json_pack("{ss ss so ss ss}", "path", w.path, "kind", kinds[w.kind], "events",
		    events_json(w.events), "state", state_of(told, one, &w), "why", one ? store_text(one, "why") : ""));
	}
	json_decref(told);
	return list;
}

void
places_show(const struct ctl *ctl, const struct policy *p, bool own)
{
	json_t *list = places_json(ctl, p, own);

	if (policy_places(p)) {
		term_word(COLOR_STRONG, "Places", 0);
		putchar('\n');
	}
	for (unsigned i = 0; i < policy_places(p); i++) {
		const json_t *one = json_array_get(list, i);
		char head[32], events[128], *text = NULL;
		struct watch_place w;
		size_t size;
		policy_place(p, i, &w);
		FILE *out = open_memstream(&text, &size);
		if (!out)
			break;
		load_kinds(policy_watch_kinds(w.events), events, sizeof(events));
		costs_place(out, &w);
		fprintf(out, " (%s)", events);
		if (*store_text(one, "why"))
			fprintf(out, ": %s", store_text(one, "why"));
		fclose(out);
		snprintf(head, sizeof(head), "    %s", store_text(one, "state"));
		term_definition(head, 18, text);
		free(text);
	}
	json_decref(list);
}
