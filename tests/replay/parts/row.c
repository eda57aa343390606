/* One row: an event, and what is to become of it. Taken in whole by replay.c, whose head says how a row is written. */
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "event/verdict.h"
#include "judge/judge.h"
#include "policy/given.h"
#include "policy/near.h"
#include "policy/scalar.h"

/* What an outcome says behind its first words. */
enum part { PART_WOULD, PART_MATCHED, PART_EXCEPTION, PART_ACTIONS, PART_WOULD_ACTIONS, PART_SEVERITY, PART_MODE, PART_RULE, PART_RULESET,
	PART_TECHNIQUE, PART_MESSAGE, PART_LABELS, PART__MAX };
static const char *const part_names[PART__MAX] = { "would", "matched", "exception", "actions", "would-actions", "severity", "mode", "rule",
	"ruleset", "technique", "message", "labels" };

/* Expected and judged outcomes are put into the same words and compared as words. */
struct outcome {
	char		verdict[256];		/* "deny by RULE", "allow by default", "needs FIELD, FIELD" */
	char		part[PART__MAX][1024];
	bool		given[PART__MAX];	/* expected ones only: this part is compared */
};

struct row {
	uint64_t	later_ns, at_ns;	/* since the row before; or, if not 0, on the wall clock */
	struct event	ev;
	uint32_t	unknown;		/* enum event_have: nobody has looked yet */
	bool		set[FIELD__MAX];
	struct outcome	expected;
	char		why[320];		/* what is wrong with it */
};

__attribute__((format(printf, 2, 3)))
static bool
wrong(struct row *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
	return false;
}

static bool
unknown_name(struct row *r, const char *what, const char *name, const char *nearest)
{
	char hint[80];

	return wrong(r, "there is no %s '%.80s'%s", what, name, near_hint(nearest, hint, sizeof(hint)));
}

static char *
past_blanks(char *s)
{
	return s + strspn(s, " \t\n");
}

/* Ends S before its trailing blanks. */
static void
trim(char *s)
{
	size_t n = strlen(s);

	while (n && strchr(" \t\n", s[n - 1]))
		n--;
	s[n] = '\0';
}

static int
find_field(struct row *r, const char *name)
{
	int f = field_find(name);

	if (f < 0)
		unknown_name(r, "field", name, field_nearest(name));
	return f;
}

/* Presence bits as the first field that hangs on each. */
static void
name_needs(uint32_t bits, char *out, size_t n)
{
	size_t at = (size_t)snprintf(out, n, "needs");

	for (int f = 0; f < FIELD__MAX && at < n; f++) {
		const struct field_info *i = field_info((enum field)f);
		if (bits & i->have)
			at += (size_t)snprintf(out + at, n - at, "%s %s", at > 5 ? "," : "", i->name);
		bits &= ~i->have;
	}
}

static void
name_actions(unsigned bits, char *out, size_t n)
{
	size_t at = (size_t)snprintf(out, n, "%s", bits ? "" : "none");

	for (unsigned bit = 1; bit <= ACTION_SUSPEND && at < n; bit <<= 1)
		if (bits & bit)
			at += (size_t)snprintf(out + at, n - at, "%s%s", at ? ", " : "", action_name((enum action)bit));
}

static void
name_labels(const struct policy *p, uint32_t bits, char *out, size_t n)
{
	size_t at = 0;

	for (unsigned i = 0; i < policy_labels(p) && at < n; i++)
		if (bits & 1u << i)
			at += (size_t)snprintf(out + at, n - at, "%s%s", at ? ", " : "", policy_label(p, i));
}

/* Calls FN for each of the words in LIST, which commas separate; LIST is cut up. */
typedef bool word_fn(struct row *, const char *word, void *arg);
static bool
each_word(struct row *r, char *list, word_fn *fn, void *arg)
{
	char *save = NULL;

	for (char *w = strtok_r(list, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		w = past_blanks(w);
		trim(w);
		if (!fn(r, w, arg))
			return false;
	}
	return true;
}

static bool
add_need(struct row *r, const char *word, void *bits)
{
	int f = find_field(r, word);

	if (f >= 0)
		*(uint32_t *)bits |= field_info((enum field)f)->have;
	return f >= 0;
}

static bool
add_action(struct row *r, const char *word, void *bits)
{
	unsigned bit = action_find(word);

	*(unsigned *)bits |= bit;
	return bit || strcmp(word, "none") == 0 || unknown_name(r, "action", word, NULL);
}

static bool
add_name(struct row *r, const char *word, void *out)
{
	size_t n = sizeof(r->expected.part[0]), at = strlen(out);

	return (size_t)snprintf((char *)out + at, n - at, "%s%s", at ? ", " : "", word) < n - at || wrong(r, "too many names");
}

/* One part behind a semicolon, into the words that the judge's would have. */
static bool
take_part(struct row *r, char *text)
{
	size_t len = strcspn(text, " \t\n");
	char *value = past_blanks(text + len);
	unsigned bits = 0;
	int part = 0;

	text[len] = '\0';
	while (part < PART__MAX && strcmp(part_names[part], text) != 0)
		part++;
	if (part == PART__MAX)
		return unknown_name(r, "part of an outcome", text, near_name(text, part_names, PART__MAX));
	char *out = r->expected.part[part];
	size_t n = sizeof(r->expected.part[0]);
	if (!*value || r->expected.given[part])
		return wrong(r, "'%s' %s", text, *value ? "is said twice" : "says nothing");
	r->expected.given[part] = true;
	if (part == PART_SEVERITY && severity_find(value) < 0)
		return unknown_name(r, "severity", value, NULL);
	if ((part == PART_WOULD && strcmp(value, "allow") != 0 && strcmp(value, "deny") != 0) ||
	    (part == PART_MODE && strcmp(value, "monitor") != 0 && strcmp(value, "enforce") != 0))
		return unknown_name(r, text, value, NULL);
	if (part == PART_MATCHED || part == PART_LABELS)
		return each_word(r, value, add_name, out);
	if (part == PART_ACTIONS || part == PART_WOULD_ACTIONS) {
		if (!each_word(r, value, add_action, &bits))
			return false;
		name_actions(bits, out, n);
		return true;
	}
	return (size_t)snprintf(out, n, "%s", value) < n || wrong(r, "'%s' is too long", text);
}

/* What a row does not say is as it mostly is; never "whatever". */
static void
fill_in(struct outcome *o, const char *decision, const char *by)
{
	bool by_rule = strcmp(by, "default") != 0;

	if (!o->given[PART_WOULD])
		snprintf(o->part[PART_WOULD], sizeof(o->part[0]), "%s", decision);
	if (!o->given[PART_MATCHED] && by_rule)
		snprintf(o->part[PART_MATCHED], sizeof(o->part[0]), "%s", by);
	if (!*o->part[PART_MATCHED] && !o->given[PART_ACTIONS]) {
		name_actions(0, o->part[PART_ACTIONS], sizeof(o->part[0]));
		o->given[PART_ACTIONS] = true;
	}
	o->given[PART_WOULD] = o->given[PART_MATCHED] = o->given[PART_EXCEPTION] = o->given[PART_LABELS] = true;
}

static bool
take_outcome(struct row *r, char *text)
{
	struct outcome *o = &r->expected;
	char decision[8], by[56];
	int end = 0;

	trim(text);
	text = past_blanks(text);
	if (strncmp(text, "needs ", 6) == 0) {
		uint32_t bits = 0;
		if (!each_word(r, text + 6, add_need, &bits))
			return false;
		name_needs(bits, o->verdict, sizeof(o->verdict));
		return true;
	}
	char *rest = strchr(text, ';');
	if (rest)
		*rest++ = '\0';
	trim(text);
	if (sscanf(text, "%7s by %55s%n", decision, by, &end) != 2 || text[end] ||
	    (strcmp(decision, "allow") != 0 && strcmp(decision, "deny") != 0))
		return wrong(r, "an outcome begins with 'allow by', 'deny by' a rule or default, or with 'needs': '%.80s'", text);
	snprintf(o->verdict, sizeof(o->verdict), "%s by %s", decision, by);
	while (rest) {
		char *part = past_blanks(rest);
		rest = strchr(part, ';');
		if (rest)
			*rest++ = '\0';
		trim(part);
		if (!take_part(r, part))
			return false;
	}
	fill_in(o, decision, by);
	return true;
}

/* "quoted", with "" for a quote inside, and perhaps *N behind it: so often. OUT has room for N bytes. */
static char *
take_quoted(struct row *r, char *s, char *out, size_t n, size_t *len)
{
	size_t at = 0;
	uint64_t times = 1;

	for (s++; *s && !(s[0] == '"' && s[1] != '"'); s++) {
		s += s[0] == '"';
		if (at < n)
			out[at++] = *s;
	}
	if (*s++ != '"') {
		wrong(r, "a quote is not closed");
		return NULL;
	}
	if (*s == '*') {
		char number[8];
		size_t digits = strcspn(++s, ", \t\n");
		snprintf(number, sizeof(number), "%.*s", (int)digits, s);
		if (digits >= sizeof(number) || scalar_unsigned(number, n, &times) || !times || at * times > n) {
			wrong(r, "'*%s' behind a quote is no number of times, or too much", number);
			return NULL;
		}
		s += digits;
	}
	*len = at * times;
	for (size_t i = at; i < *len; i++)
		out[i] = out[i - at];
	return s;
}

static char *
take_value(struct row *r, char *s, char *out, size_t n, size_t *len)
{
	if (*s == '"') {
		s = take_quoted(r, s, out, n, len);
	} else {
		size_t plain = strcspn(s, ", \t\n");
		*len = plain < n ? plain : n;
		memcpy(out, s, *len);
		s += plain;
	}
	if (s && *s && !strchr(", \t\n", *s)) {
		wrong(r, "a quoted value is followed by more than a comma or a blank");
		return NULL;
	}
	return s;
}

static bool
is_list(enum field f)
{
	return field_info(f)->type == TYPE_LIST || field_info(f)->type == TYPE_ANCESTORS;
}

static bool
set_flag(struct row *r, const char *word)
{
	static const struct { const char *name; uint32_t flag; } cuts[] = {
		{ "args", FLAG_ARGS_CUT }, { "ancestry", FLAG_ANCESTRY_CUT }, { "path", FLAG_PATH_CUT } };

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
		if (strcmp(cuts[i].name, word) == 0) {
			r->ev.flags |= cuts[i].flag;
			return true;
		}
	return unknown_name(r, "cut of", word, NULL);
}

static bool
set_value(struct row *r, const char *name, const char *value, size_t len)
{
	char why[160];

	if (strcmp(name, "cut") == 0)
		return set_flag(r, value);
	if (strcmp(name, "unknown") == 0)
		return add_need(r, value, &r->unknown);
	if (strcmp(name, "session") == 0) {
		uint64_t n;
		if (scalar_unsigned(value, UINT32_MAX - 1, &n))
			return wrong(r, "session is a number");
		r->ev.process.session = (uint32_t)n;
		return true;
	}
	int f = find_field(r, name);
	if (f < 0)
		return false;
	if (r->set[f] && !is_list((enum field)f))
		return wrong(r, "%s has one value; put quotes around a comma", name);
	if (!field_on((enum field)f, (enum event_kind)r->ev.kind))
		return wrong(r, "%s never has %s", event_kind_name((enum event_kind)r->ev.kind), name);
	r->set[f] = true;
	if (policy_event_set(&r->ev, (enum field)f, value, len, why, sizeof(why)))
		return wrong(r, "%s: '%.60s' %s", name, value, why);
	return true;
}

/* NAME=VALUE[,VALUE...]; returns what follows, NULL when it is wrong. */
static char *
take_setting(struct row *r, char *s)
{
	size_t name = strcspn(s, "= \t\n"), len;
	char value[EVENT_ARGS_MAX];

	if (s[name] != '=') {
		wrong(r, "'%.*s' is not FIELD=VALUE", (int)name, s);
		return NULL;
	}
	s[name] = '\0';
	char *at = s + name;
	do {
		at = take_value(r, at + 1, value, sizeof(value) - 1, &len);
		if (!at)
			return NULL;
		value[len] = '\0';
		if (!set_value(r, s, value, len))
			return NULL;
	} while (*at == ',');
	return past_blanks(at);
}

/* The kind, perhaps with a time before it. */
static char *
take_kind(struct row *r, char *s)
{
	size_t len = strcspn(s, " \t\n");
	char *rest = past_blanks(s + len);
	int bad = 0, kind;

	s[len] = '\0';
	if (*s == '+')
		bad = scalar_duration(s + 1, &r->later_ns);
	else if (strncmp(s, "at=", 3) == 0)
		bad = scalar_time(s + 3, &r->at_ns);
	else if ((kind = event_kind_find(s)) < 0 || event_kind_sensor((enum event_kind)kind) == SENSOR_NOBODY)
		bad = -1;
	else {
		event_init(&r->ev, (enum event_kind)kind, event_kind_sensor((enum event_kind)kind));
		return rest;
	}
	if (!bad)
		return take_kind(r, rest);
	wrong(r, "'%.80s' is neither an event that a sensor reports, nor +TIME, nor at=DATE", s);
	return NULL;
}

/* The arrow that stands outside of quotes, or NULL. */
static char *
find_arrow(char *s)
{
	bool quoted = false;

	for (; *s; s++) {
		quoted ^= *s == '"';
		if (!quoted && s[0] == '-' && s[1] == '>' && s[2])
			return s;
	}
	return NULL;
}

/* Reads TEXT, which is cut up. False: R->why says what is wrong. */
static bool
row_read(struct row *r, char *text)
{
	char *arrow = find_arrow(text);

	*r = (struct row){ 0 };
	if (!arrow)
		return wrong(r, "a row says its outcome behind '->'");
	*arrow = '\0';
	char *at = take_kind(r, past_blanks(text));
	while (at && *at)
		at = take_setting(r, at);
	if (!at || !take_outcome(r, arrow + 2))
		return false;
	if (r->unknown & r->ev.have)
		return wrong(r, "what is unknown goes with what is given: they are fetched together");
	r->ev.tried = HAVE_ALL & ~r->unknown;
	return true;
}

/* Names that NUL separates become a list. */
static void
copy_text(const struct event *ev, enum event_text which, char *out, size_t n)
{
	size_t len, at = 0;
	const char *s = event_text(ev, which, &len);

	for (size_t i = 0; i < len && at + 2 < n; i++) {
		if (!s[i])
			out[at++] = ',';
		out[at++] = s[i] ? s[i] : ' ';
	}
	out[at] = '\0';
}

/* What the judge said, in the words of an outcome, as the record will have it. */
static void
outcome_of(const struct policy *p, const struct event *ev, const struct verdict *v, struct outcome *o)
{
	static const struct { enum part part; enum event_text text; } texts[] = {
		{ PART_MATCHED, TEXT_MATCHED }, { PART_EXCEPTION, TEXT_EXCEPTION }, { PART_RULE, TEXT_RULE }, { PART_RULESET, TEXT_RULESET },
		{ PART_TECHNIQUE, TEXT_TECHNIQUE }, { PART_MESSAGE, TEXT_RULE_MESSAGE } };
	static struct report r;
	struct rule_info rule = { .name = "default" };

	*o = (struct outcome){ 0 };
	if (v->needs) {
		name_needs(v->needs, o->verdict, sizeof(o->verdict));
		return;
	}
	r.event = *ev;
	judge_report(p, v, &r);
	if (r.settled == SETTLED_RULE)
		policy_rule(p, (unsigned)v->decider, &rule);
	snprintf(o->verdict, sizeof(o->verdict), "%s by %s", decision_name((enum decision)r.decision), rule.name);
	snprintf(o->part[PART_WOULD], sizeof(o->part[0]), "%s", decision_name((enum decision)r.would));
	snprintf(o->part[PART_SEVERITY], sizeof(o->part[0]), "%s", severity_name((enum severity)r.severity));
	snprintf(o->part[PART_MODE], sizeof(o->part[0]), "%s", r.mode == MODE_ENFORCE ? "enforce" : "monitor");
	name_actions(r.actions, o->part[PART_ACTIONS], sizeof(o->part[0]));
	name_actions(v->would_actions, o->part[PART_WOULD_ACTIONS], sizeof(o->part[0]));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		copy_text(&r.event, texts[i].text, o->part[texts[i].part], sizeof(o->part[0]));
	name_labels(p, v->labels, o->part[PART_LABELS], sizeof(o->part[0]));
	size_t named = strlen(o->part[PART_MATCHED]);
	if (v->cut)
		snprintf(o->part[PART_MATCHED] + named, sizeof(o->part[0]) - named, ", ...");
}

/* Writes O as a row would have it; of an EXPECTED one, only what it gives. */
static void
outcome_words(const struct outcome *o, const struct outcome *expected, char *out, size_t n)
{
	size_t at = (size_t)snprintf(out, n, "%s", o->verdict);

	for (int i = 0; i < PART__MAX && at < n; i++)
		if (*o->part[i] && expected->given[i])
			at += (size_t)snprintf(out + at, n - at, "; %s %s", part_names[i], o->part[i]);
}

static bool
outcome_same(const struct outcome *expected, const struct outcome *judged)
{
	bool same = strcmp(expected->verdict, judged->verdict) == 0;

	for (int i = 0; same && i < PART__MAX; i++)
		same = !expected->given[i] || strcmp(expected->part[i], judged->part[i]) == 0;
	return same;
}
