#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>
#include "alert/chain.h"
#include "alert/json.h"
#include "event/field.h"
#include "alert/syntax.h"
#include "base/clock.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define WALL		(1795510800 * NS_PER_SEC)	/* 2026-11-24 09:00 */
#define BOOT		(5000 * NS_PER_SEC)

static const struct host_facts web1 = { .hostname = "web1", .id = "0123456789abcdef0123456789abcdef",
	.boot_id = "5e6f0a52-7f0e-4b4e-9a3c-1d2b3c4d5e6f", .version = "0.1.0", .agent_id = "00000000000000aa", .kernel = "6.1.0-56-amd64" };

static struct host_facts host;
static struct report report;
static char json[RECORD_MAX];
static FILE *records;	/* all that are written here, for tests/verify/schema; NULL: nobody asked */

static struct event *
prepare(enum report_kind kind, enum event_kind what)
{
	host = web1;
	memset(&report, 0, sizeof(report));
	event_init(&report.event, what, SENSOR_FANOTIFY);
	report.kind = (uint8_t)kind;
	report.mode = MODE_ENFORCE;
	report.event.id = 0x17;
	report.event.wall_ns = WALL;
	report.event.boot_ns = BOOT;
	return &report.event;
}

static void
set(enum event_text which, const char *s)
{
	assert_int_equal(event_set_str(&report.event, which, s), 0);
}

/* The record as text, with the two braces that the chain adds; proved to be JSON with `yett` at its end. */
static const char *
record_in(size_t size)
{
	struct syntax_member last[2];
	size_t len = alert_json(json, size, &report, &host, 7);

	assert_true(len <= size);
	memcpy(json + len, "}}", 3);
	if (!syntax_object(json, len + 2, last))
		fail_msg("no JSON: %s", json);
	assert_true(last[0].len == 4 && memcmp(last[0].name, "yett", 4) == 0);
	if (records)
		fprintf(records, "%s\n", json);
	return json;
}

static const char *
record(void)
{
	return record_in(ALERT_MIN);
}

static void
has(const char *part)
{
	if (!strstr(json, part))
		fail_msg("no %s in %s", part, json);
}

static void
has_not(const char *part)
{
	if (strstr(json, part))
		fail_msg("%s in %s", part, json);
}

static void
a_denied_exec_says_all_that_is_known(void **state)
{
	(void)state;
	struct event *ev = prepare(REPORT_ALERT, EVENT_EXEC);

	report.decision = report.would = DECISION_DENY;
	report.settled = SETTLED_RULE;
	report.severity = SEVERITY_HIGH;
	report.actions = ACTION_DENY | ACTION_ALERT;
	report.latency_us = 12;
	ev->have = HAVE_PROCESS | HAVE_ARGS | HAVE_CWD | HAVE_PARENT | HAVE_PREVIOUS | HAVE_ANCESTORS | HAVE_USER | HAVE_FILE |
	    HAVE_ATTRIBUTES | HAVE_HASH;
	ev->process = (struct process){ .pid = 42, .uid = 33, .ruid = 33, .gid = 34, .auid = UINT32_MAX, .entity = 0xabc,
		.start_ns = BOOT - NS_PER_SEC };
	ev->parent = (struct process){ .pid = 41, .entity = 0xab };
	ev->file = (struct file){ .dev = 64769, .ino = 7, .size = 100, .mode = 0104755, .links = 1, .mtime_ns = NS_PER_SEC };
	ev->args_count = 2;
	set(TEXT_EXECUTABLE, "/bin/sh");
	event_set(ev, TEXT_ARGS, "sh\0-c", 6);
	set(TEXT_CWD, "/var/www");
	set(TEXT_PARENT_EXECUTABLE, "/usr/sbin/nginx");
	set(TEXT_PREVIOUS_EXECUTABLE, "/usr/bin/worker");
	event_add_ancestor(ev, 41, 0xab, "/usr/sbin/nginx", 15);
	set(TEXT_USER_NAME, "www-data");
	set(TEXT_FILE_PATH, "/bin/sh");
	set(TEXT_RULE, "web-shell");
	set(TEXT_RULESET, "web");
	set(TEXT_TECHNIQUE, "T1505.003, T1059");
	event_set(ev, TEXT_MATCHED, "web-shell\0other", 16);
	event_file_flags(ev);
	assert_string_equal(record(),
	    "{\"@timestamp\":\"2026-11-24T09:00:00.000000000Z\",\"ecs\":{\"version\":\"8.11.0\"},"
	    "\"event\":{\"id\":\"0000000000000017\",\"sequence\":7,\"kind\":\"alert\","
	    "\"category\":[\"process\",\"intrusion_detection\"],\"type\":[\"start\",\"denied\"],"
	    "\"action\":\"exec\",\"outcome\":\"failure\",\"severity\":3,"
	    "\"reason\":\"Denied exec of /bin/sh as www-data, child of /usr/sbin/nginx: rule web-shell\"},\"log\":{\"level\":\"high\"},"
	    "\"rule\":{\"name\":\"web-shell\",\"ruleset\":\"web\"},"
	    "\"threat\":{\"framework\":\"MITRE ATT&CK\",\"technique\":{\"id\":[\"T1505.003\",\"T1059\"]}},"
	    "\"host\":{\"hostname\":\"web1\",\"id\":\"0123456789abcdef0123456789abcdef\","
	    "\"boot\":{\"id\":\"5e6f0a52-7f0e-4b4e-9a3c-1d2b3c4d5e6f\"},"
	    "\"os\":{\"type\":\"linux\",\"kernel\":\"6.1.0-56-amd64\"}},"
	    "\"agent\":{\"type\":\"yett\",\"version\":\"0.1.0\",\"id\":\"00000000000000aa\"},"
	    "\"user\":{\"id\":\"33\",\"name\":\"www-data\",\"group\":{\"id\":\"34\"}},"
	    "\"file\":{\"path\":\"/bin/sh\",\"hash\":{\"sha256\":\"0000000000000000000000000000000000000000000000000000000000000000\"},"
	    "\"size\":100,\"uid\":\"0\",\"gid\":\"0\",\"mode\":\"4755\",\"inode\":\"7\",\"device\":\"64769\","
	    "\"mtime\":\"1970-01-01T00:00:01.000000000Z\"},"
	    "\"process\":{\"pid\":42,\"entity_id\":\"0000000000000abc\",\"executable\":\"/bin/sh\",\"start\":\"2026-11-24T08:59:59.000000000Z\","
	    "\"hash\":{\"sha256\":\"0000000000000000000000000000000000000000000000000000000000000000\"},"
	    "\"parent\":{\"pid\":41,\"entity_id\":\"00000000000000ab\",\"executable\":\"/usr/sbin/nginx\"},"
	    "\"previous\":{\"executable\":\"/usr/bin/worker\"},\"working_directory\":\"/var/www\","
	    "\"args_count\":2,\"args\":[\"sh\",\"-c\"],\"command_line\":\"sh -c\"},"
	    "\"yett\":{\"verdict\":\"deny\",\"would\":\"deny\",\"mode\":\"enforce\",\"decided_by\":\"rule\",\"matched\":[\"web-shell\",\"other\"],"
	    "\"actions\":[\"deny\",\"alert\"],\"latency_us\":12,\"sensors\":[\"fanotify\"],\"flags\":[],"
	    "\"user\":{\"real\":{\"id\":\"33\"}},\"file\":{\"links\":1,\"setuid\":true,\"writable_by_others\":false,\"deleted\":false},"
	    "\"process\":{\"ancestor\":[{\"pid\":41,\"entity_id\":\"00000000000000ab\",\"executable\":\"/usr/sbin/nginx\"}]}}}");
}

static void
what_is_not_known_is_left_out(void **state)
{
	(void)state;

	prepare(REPORT_STATE, EVENT_AGENT);
	assert_string_equal(record(),
	    "{\"@timestamp\":\"2026-11-24T09:00:00.000000000Z\",\"ecs\":{\"version\":\"8.11.0\"},"
	    "\"event\":{\"id\":\"0000000000000017\",\"sequence\":7,\"kind\":\"state\",\"category\":[\"configuration\"],\"type\":[\"info\"],"
	    "\"action\":\"agent\",\"outcome\":\"success\",\"severity\":0,\"reason\":\"Saw agent by an unknown program: by default\"},"
	    "\"log\":{\"level\":\"info\"},"
	    "\"host\":{\"hostname\":\"web1\",\"id\":\"0123456789abcdef0123456789abcdef\","
	    "\"boot\":{\"id\":\"5e6f0a52-7f0e-4b4e-9a3c-1d2b3c4d5e6f\"},"
	    "\"os\":{\"type\":\"linux\",\"kernel\":\"6.1.0-56-amd64\"}},"
	    "\"agent\":{\"type\":\"yett\",\"version\":\"0.1.0\",\"id\":\"00000000000000aa\"},"
	    "\"yett\":{\"verdict\":\"allow\",\"would\":\"allow\",\"mode\":\"enforce\",\"decided_by\":\"default\","
	    "\"actions\":[],\"latency_us\":0,\"sensors\":[\"fanotify\"],\"flags\":[]}}");
}

static void
the_outcome_is_what_became_of_the_act(void **state)
{
	(void)state;
	static const struct { uint8_t decision; uint32_t have; int64_t result; const char *outcome; } cases[] = {
		{ DECISION_ALLOW, 0, 0, "success" }, { DECISION_DENY, 0, 0, "failure" },
		{ DECISION_ALLOW, HAVE_RESULT, 0, "success" }, { DECISION_ALLOW, HAVE_RESULT, 3, "success" },
		{ DECISION_ALLOW, HAVE_RESULT, -13, "failure" }, { DECISION_ALLOW, 0, -13, "success" },
		{ DECISION_DENY, HAVE_RESULT, 0, "failure" },
	};
	char want[64];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct event *ev = prepare(REPORT_EVENT, EVENT_CONNECT);
		report.decision = cases[i].decision;
		ev->have = cases[i].have;
		ev->result = cases[i].result;
		snprintf(want, sizeof(want), "\"outcome\":\"%s\"", cases[i].outcome);
		record();
		has(want);
		(cases[i].decision == DECISION_DENY ? has : has_not)("\"denied\"");
	}
}

/* With YETT_RECORDS all of them are held against ECS by tests/verify/form.py. */
static void
every_kind_is_categorised(void **state)
{
	(void)state;
	char want[128];

	for (int kind = 0; kind < EVENT__MAX; kind++)
		for (int decision = DECISION_ALLOW; decision <= DECISION_DENY; decision++) {
			prepare(decision ? REPORT_ALERT : REPORT_EVENT, (enum event_kind)kind);
			report.decision = (uint8_t)decision;
			record();
			snprintf(want, sizeof(want), "\"category\":[\"%s\"%s],\"type\":[\"%s\"%s],\"action\":\"%s\"",
			    event_kind_category((enum event_kind)kind), decision ? ",\"intrusion_detection\"" : "",
			    event_kind_type((enum event_kind)kind), decision ? ",\"denied\"" : "", event_kind_name((enum event_kind)kind));
			has(want);
		}
}

/* Each changes an event whose record must hold a text, and must not hold another. */
static void
peer4(struct event *ev)
{
	ev->kind = EVENT_CONNECT;
	ev->have = HAVE_PEER;
	ev->peer = (struct peer){ { 192, 0, 2, 1 }, AF_INET, 443 };
}
static void
peer6(struct event *ev)
{
	ev->kind = EVENT_CONNECT;
	ev->have = HAVE_PEER;
	ev->peer = (struct peer){ { 0x20, 1, 0xd, 0xb8 }, AF_INET6, 65535 };
}
static void peer_odd(struct event *ev) { ev->kind = EVENT_CONNECT; ev->have = HAVE_PEER; ev->peer.family = AF_VSOCK; }
static void auid(struct event *ev) { ev->have = HAVE_USER | HAVE_AUID; ev->process.auid = 1000; ev->process.uid = UINT32_MAX; }
static void auid_unset(struct event *ev) { ev->have = HAVE_USER | HAVE_AUID; }
static void opened(struct event *ev) { ev->have = HAVE_PROCESS | HAVE_FILE | HAVE_ATTRIBUTES | HAVE_HASH; }
static void removed(struct event *ev) { ev->have = HAVE_FILE; event_set_str(ev, TEXT_FILE_PATH, "/a"); }
static void
renamed(struct event *ev)
{
	ev->kind = EVENT_RENAME;
	ev->have = HAVE_FILE | HAVE_FILE_PREVIOUS;
	event_set_str(ev, TEXT_FILE_PATH, "/b");
	event_set_str(ev, TEXT_FILE_PREVIOUS, "/a");
}
static void moved_away(struct event *ev) { renamed(ev); ev->have = HAVE_FILE_PREVIOUS; ev->text[TEXT_FILE_PATH].len = 0; }
static void of_files(struct event *ev) { ev->sensors = 1u << SENSOR_FILES; ev->process.pid = 7; }
static void started_later(struct event *ev) { ev->have = HAVE_PROCESS; ev->process.start_ns = BOOT + 1; }
static void clock_behind(struct event *ev) { ev->have = HAVE_PROCESS; ev->process.start_ns = 1; ev->wall_ns = 5; }
static void of_audit(struct event *ev) { ev->sensors = 1u << SENSOR_PROC | 1u << SENSOR_AUDIT; ev->count = 9; }
static void flagged(struct event *ev) { ev->flags = FLAG_ARGS_CUT | FLAG_ANCESTRY_CUT | FLAG_LOADER | FLAG_SETUID; }
static void ended(struct event *ev) { ev->kind = EVENT_EXIT; ev->have = HAVE_PROCESS | HAVE_EXIT; ev->exit_code = -9; }
static void of_agent(struct event *ev) { ev->kind = EVENT_AGENT; ev->have = HAVE_ACTION; event_set_str(ev, TEXT_ACTION, "log-torn"); }
static void told(struct event *ev) { event_set_str(ev, TEXT_REASON, "Why."); }
static void
called(struct event *ev)
{
	ev->kind = EVENT_BPF;
	ev->have = HAVE_SYSCALL;
	event_set_str(ev, TEXT_SYSCALL, "bpf");
	ev->syscall_arg0 = UINT64_MAX;
}
static void
aimed(struct event *ev)
{
	ev->kind = EVENT_PTRACE;
	ev->have = HAVE_TARGET;
	ev->target.pid = 5;
	event_set_str(ev, TEXT_TARGET_EXECUTABLE, "/sbin/init");
}
static void killing(struct event *ev) { aimed(ev); ev->kind = EVENT_KILL; ev->signal = 9; }
static void
named(struct event *ev)
{
	ev->kind = EVENT_DNS;
	ev->have = HAVE_DNS;
	event_set_str(ev, TEXT_DNS_NAME, "a.b");
	event_set_str(ev, TEXT_DNS_TYPE, "TXT");
	event_set(ev, TEXT_DNS_ANSWERS, "192.0.2.1\0" "c.d\0", 14);
}
static void
changed(struct event *ev)
{
	ev->kind = EVENT_ACCOUNT;
	ev->have = HAVE_CHANGE | HAVE_ACCOUNT;
	ev->account_id = 0;
	event_set_str(ev, TEXT_ACCOUNT, "eve");
	event_set_str(ev, TEXT_CHANGE_TYPE, "added");
	event_set_str(ev, TEXT_CHANGE_OBJECT, "user");
	event_set_str(ev, TEXT_CHANGE_ENTRY, "eve");
}
static void
logged_on(struct event *ev)
{
	ev->kind = EVENT_LOGON;
	ev->have = HAVE_ACCOUNT | HAVE_SOURCE;
	event_set_str(ev, TEXT_ACCOUNT, "eve");
	ev->source = (struct peer){ { 192, 0, 2, 1 }, AF_INET, 0 };
}
static void
at_terminal(struct event *ev)
{
	ev->have = HAVE_PROCESS | HAVE_TTY | HAVE_LABEL;
	ev->flags = FLAG_INTERACTIVE;
	ev->tty = 136 << 8 | 1;
	event_set_str(ev, TEXT_TTY, "pts/1");
	event_set(ev, TEXT_LABELS, "web\0" "build\0", 10);
}
static void empty_args(struct event *ev) { ev->have = HAVE_PROCESS | HAVE_ARGS; event_set(ev, TEXT_ARGS, "a\0\0", 3); }
static void blank_ids(struct event *ev) { event_set_str(ev, TEXT_RULE, "r"); event_set_str(ev, TEXT_TECHNIQUE, " ,T1, ,T2,"); }
static void repeated(struct event *ev)
{
	(void)ev;
	report.repeated = 3;
	report.actions = ACTION_KILL_TREE | ACTION_SUSPEND;
	report.first_ns = WALL + NS_PER_SEC;
	report.last_ns = WALL + 61 * NS_PER_SEC;
	report.root = 0xab;
	report.root_pid = 77;
	event_set(&report.event, TEXT_SAMPLE_IDS, "01\0" "02", 6);
	event_set(&report.event, TEXT_SAMPLES, "/a b\0/c", 8);
}
static void of_tree(struct event *ev) { (void)ev; report.root = 0xab; report.root_pid = 77; }
static void monitored(struct event *ev) { (void)ev; report.mode = MODE_MONITOR; report.would = DECISION_DENY; }
static void late(struct event *ev) { (void)ev; report.settled = SETTLED_DEADLINE; }
static void within(struct event *ev) { event_set_str(ev, TEXT_CONTAINER, "c1"); event_set_str(ev, TEXT_SERVICE, "s1"); }
static void loads(struct event *ev) { ev->kind = EVENT_MODULE; ev->have = HAVE_MODULE; event_set_str(ev, TEXT_MODULE, "m1"); }

static void
members_say_what_the_manual_says(void **state)
{
	(void)state;
	static const struct { void (*change)(struct event *); const char *has, *has_not; } cases[] = {
		{ peer4, "\"destination\":{\"ip\":\"192.0.2.1\",\"port\":443}", NULL }, { peer6, "{\"ip\":\"2001:db8::\",\"port\":65535}", NULL },
		{ peer_odd, "\"destination\":{}", "\"port\"" },
		{ auid, "\"user\":{\"id\":\"4294967295\",", NULL }, { auid, "\"audit\":{\"id\":\"1000\"}", NULL },
		{ auid_unset, "\"user\":", "\"audit\"" },
		{ opened, "\"file\":{\"hash\":{\"sha256\":\"0000", "\"process\":{\"hash\"" }, { opened, "\"mode\":\"0000\"", "\"mtime\"" },
		{ started_later, "\"process\":{\"pid\":0}", "\"start\":" }, { clock_behind, "\"process\":{\"pid\":0}", "\"start\":" },
		{ of_audit, "\"sensors\":[\"proc\",\"audit\"]", NULL }, { of_audit, "\"count\":9,", NULL },
		{ named, "\"dns\":{\"question\":{\"name\":\"a.b\",\"type\":\"TXT\"},\"answers\":{\"data\":[\"192.0.2.1\",\"c.d\"]}}",
		    "\"response_code\"" },
		{ named, "\"reason\":\"Alert on dns: a.b, by an unknown program: by default\"", NULL },
		{ changed, "\"change\":{\"type\":\"added\",\"object\":\"user\",\"entry\":\"eve\"}", "\"before\"" },
		{ changed, "\"user\":{\"target\":{\"name\":\"eve\",\"id\":\"0\"}}", NULL },
		{ changed, "\"reason\":\"Alert on account: added user eve, by an unknown program: by default\"", NULL },
		{ logged_on, "\"user\":{\"target\":{\"name\":\"eve\"}}", NULL }, { logged_on, "\"source\":{\"ip\":\"192.0.2.1\",\"port\":0}", NULL },
		{ killing, "\"user\":{\"id\":\"0\"},\"signal\":9}", NULL },
		{ at_terminal, "\"interactive\":true,\"tty\":{\"char_device\":{\"major\":136,\"minor\":1}}", NULL },
		{ at_terminal, "\"process\":{\"tty\":{\"name\":\"pts/1\"},\"label\":[\"web\",\"build\"]}", NULL },
		{ flagged, "\"flags\":[\"args-cut\",\"ancestry-cut\",\"loader\"]", NULL }, { ended, "\"exit_code\":-9", NULL },
		{ of_agent, "\"action\":\"log-torn\"", "\"action\":\"open\"" }, { told, "\"reason\":\"Why.\"", NULL },
		{ called, "\"syscall\":\"bpf\",\"syscall_arg0\":\"18446744073709551615\"", NULL },
		{ aimed, "\"target\":{\"process\":{\"pid\":5,\"executable\":\"/sbin/init\"},\"user\":{\"id\":\"0\"}}", NULL },
		{ empty_args, "\"args\":[\"a\",\"\"]", NULL }, { blank_ids, "\"id\":[\"T1\",\"T2\"]", NULL },
		{ repeated, "\"actions\":[\"kill-tree\",\"suspend\"]", NULL }, { repeated, "\"action\":\"alert-summary\",", NULL },
		{ repeated, "\"count\":3,\"sensors\"", NULL },
		{ repeated, "\"start\":\"2026-11-24T09:00:01.000000000Z\",\"end\":\"2026-11-24T09:01:01.000000000Z\"}", NULL },
		{ repeated, "\"summary\":{\"of\":\"open\",\"tree\":{\"pid\":77,\"entity_id\":\"00000000000000ab\"},\"ids\":[\"01\",\"02\"],"
		    "\"files\":[\"/a b\",\"/c\"]},", NULL },
		{ of_tree, "\"tree\":{\"pid\":77,\"entity_id\":\"00000000000000ab\"},\"sensors\"", "\"summary\"" },
		{ monitored, "\"sequence\":7", "\"tree\"" }, { monitored, "\"sequence\":7", "\"summary\"" }, { monitored, "\"sequence\":7", "\"count\"" },
		{ monitored, "\"verdict\":\"allow\",\"would\":\"deny\",\"mode\":\"monitor\"", NULL }, { late, "\"decided_by\":\"deadline\"", NULL },
		{ removed, "\"file\":{\"path\":\"/a\"},", "\"size\"" }, { renamed, "\"file\":{\"path\":\"/b\"},", NULL },
		{ renamed, "\"file\":{\"previous\":{\"path\":\"/a\"}}", NULL },
		{ renamed, "Alert on rename of /a to /b by an unknown program", NULL },
		{ moved_away, "\"file\":{\"previous\":{\"path\":\"/a\"}}", "\"file\":{\"path\"" },
		{ moved_away, "Alert on rename of /a to an unknown place by an unknown program", NULL },
		{ of_files, "\"process\":{\"pid\":7},", "\"executable\"" }, { of_files, "\"sensors\":[\"files\"]", NULL },
		{ within, "\"container\":{\"id\":\"c1\"},\"service\":{\"name\":\"s1\"}", NULL }, { loads, "\"driver\":{\"name\":\"m1\"}", NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		cases[i].change(prepare(REPORT_ALERT, EVENT_OPEN));
		record();
		has(cases[i].has);
		if (cases[i].has_not)
			has_not(cases[i].has_not);
	}
}

static void
the_reason_is_a_sentence(void **state)
{
	(void)state;
	static const struct {
		uint8_t kind, what, decision, would;
		uint16_t actions;
		const char *exe, *file, *rule, *want;
	} cases[] = {
		{ REPORT_ALERT, EVENT_OPEN, DECISION_DENY, DECISION_DENY, ACTION_DENY, "/bin/cat", "/etc/shadow", "secrets",
		    "Denied open of /etc/shadow by /bin/cat: rule secrets" },
		{ REPORT_ALERT, EVENT_OPEN, DECISION_DENY, DECISION_DENY, ACTION_DENY, "", "/etc/shadow", "r",
		    "Denied open of /etc/shadow by an unknown program: rule r" },
		{ REPORT_ALERT, EVENT_EXEC, DECISION_ALLOW, DECISION_DENY, 0, "", "/tmp/x", "r", "Would have denied exec of /tmp/x: rule r" },
		{ REPORT_ALERT, EVENT_EXEC, DECISION_ALLOW, DECISION_ALLOW, ACTION_KILL, "/a", "/b", "r", "Killed after exec of /a: rule r" },
		{ REPORT_ALERT, EVENT_CONNECT, DECISION_ALLOW, DECISION_ALLOW, ACTION_SUSPEND, "/a", "", "r", "Suspended after connect by /a: rule r" },
		{ REPORT_ALERT, EVENT_CONNECT, DECISION_ALLOW, DECISION_ALLOW, ACTION_ALERT, "/a", "", "r", "Alert on connect by /a: rule r" },
		{ REPORT_EVENT, EVENT_CONNECT, DECISION_ALLOW, DECISION_ALLOW, ACTION_LOG, "/a", "", "", "Saw connect by /a: by default" },
	};
	char want[256];

	for (size_t i = 0; i < COUNT(cases); i++) {
		prepare((enum report_kind)cases[i].kind, (enum event_kind)cases[i].what);
		report.decision = cases[i].decision;
		report.would = cases[i].would;
		report.actions = cases[i].actions;
		set(TEXT_EXECUTABLE, cases[i].exe);
		set(TEXT_FILE_PATH, cases[i].file);
		set(TEXT_RULE, cases[i].rule);
		snprintf(want, sizeof(want), "\"reason\":\"%s\"", cases[i].want);
		record();
		has(want);
	}
	prepare(REPORT_ALERT, EVENT_EXEC)->have = HAVE_USER;
	report.event.process.uid = 1000;
	record();
	has("Alert on exec of  as user 1000: by default");
}

/* Every member is there and as long as can be: each text is the whole arena, filled with UNIT again and again. */
static void
fill(enum event_kind kind, const char *unit, size_t len)
{
	struct event *ev = prepare(REPORT_ALERT, kind);

	for (size_t i = 0; i < sizeof(ev->arena); i++)
		ev->arena[i] = unit[i % len];
	ev->used = sizeof(ev->arena);
	for (int i = 0; i < TEXT__MAX; i++)
		ev->text[i] = (struct slice){ 0, sizeof(ev->arena) };
	/* Those that have a form keep it. */
	static const char digests[] = "T1" "0123456789abcdef0123456789abcdef0123456789abcdef";
	size_t at = sizeof(ev->arena) - sizeof(digests) + 1;
	memcpy(ev->arena + at, digests, sizeof(digests) - 1);
	ev->text[TEXT_MD5] = (struct slice){ (uint16_t)(at + 2), 32 };
	ev->text[TEXT_SHA1] = (struct slice){ (uint16_t)(at + 2), 40 };
	ev->text[TEXT_TLSH].len = 0;
	ev->text[TEXT_REASON].len = 0;		/* so that the sentence is made of the longest parts */
	ev->ancestors = EVENT_ANCESTORS;
	for (int i = 0; i < EVENT_ANCESTORS; i++)
		ev->ancestor[i] = (struct ancestor){ .pid = INT32_MIN, .entity = UINT64_MAX, .executable = { 0, sizeof(ev->arena) } };
	ev->have = HAVE_ALL;
	ev->flags = FLAG_ALL;
	ev->count = ev->id = ev->syscall_arg0 = UINT64_MAX;
	ev->wall_ns = ev->boot_ns = UINT64_MAX;
	ev->result = INT64_MIN;
	ev->exit_code = INT32_MIN;
	ev->args_count = UINT32_MAX;
	ev->process = ev->parent = ev->target = (struct process){ INT32_MIN, UINT32_MAX, UINT32_MAX - 1, UINT32_MAX - 1, UINT32_MAX - 1,
		UINT32_MAX, 1, UINT64_MAX };
	memset(&ev->file, 0xff, sizeof(ev->file));
	memset(&ev->peer, 0xff, sizeof(ev->peer));
	memset(&ev->source, 0xff, sizeof(ev->source));
	ev->peer.family = ev->source.family = AF_INET6;
	ev->signal = UINT32_MAX;
	ev->account_id = UINT32_MAX - 1;
	report.decision = report.would = DECISION_DENY;
	report.severity = SEVERITY_CRITICAL;
	report.settled = SETTLED_BACKSTOP;
	report.actions = ACTION_ALL;
	report.latency_us = report.repeated = UINT32_MAX;
	char *const facts[] = { host.hostname, host.id, host.boot_id, host.version, host.agent_id, host.kernel };
	const size_t sizes[] = { sizeof(host.hostname), sizeof(host.id), sizeof(host.boot_id), sizeof(host.version), sizeof(host.agent_id),
		sizeof(host.kernel) };
	for (size_t i = 0; i < COUNT(facts); i++)
		memset(facts[i], '\x01', sizes[i] - 1);
}

static void
the_largest_event_fits_with_all_that_matters(void **state)
{
	(void)state;
	static const struct { const char *unit; size_t len; } units[] = {
		{ "\x01", 1 }, { "\xff", 1 }, { "\"", 1 }, { "\\", 1 }, { "\\x", 2 }, { "a", 1 }, { "", 1 }, { "a", 2 }, { "\x7f,", 2 },
		{ ",", 1 }, { " ", 1 }, { "\xf0\x9f\x8c\x8d", 4 }, { "\xc2\x9b", 2 }, { "\xe2\x82", 2 }, { "\x01\x01\x01\x01\0", 5 },
	};
	static const char *const always[] = {
		"{\"@timestamp\":\"2554-07-21", "\"event\":{\"id\":\"ffffffffffffffff\",\"sequence\":7,\"kind\":\"alert\"", "\"outcome\":\"failure\"",
		"\"severity\":4", "\"reason\":\"Denied ", "\"rule\":{\"name\":\"", "\"ruleset\":\"", "\"technique\":{\"id\":[",
		"\"host\":{\"hostname\":\"", "\"agent\":{\"type\":\"yett\"", "\"user\":{\"id\":\"4294967295\",\"name\":\"",
		"\"audit\":{\"id\":\"4294967294\"}", "\"container\":{\"id\":\"", "\"service\":{\"name\":\"",
		"\"process\":{\"pid\":-2147483648,\"entity_id\":\"ffffffffffffffff\",\"executable\":\"",
		"\"parent\":{\"pid\":-2147483648,\"entity_id\":\"ffffffffffffffff\",\"executable\":\"", "\"previous\":{\"executable\":\"",
		"\"args_count\":4294967295", "\"working_directory\":\"", "\"args\":[\"",
		"\"yett\":{\"verdict\":\"deny\",\"would\":\"deny\",\"mode\":\"enforce\",\"decided_by\":\"backstop\",\"matched\":[\"",
		"\"latency_us\":4294967295", "\"sensors\":[\"fanotify\"]", "\"truncated\":[", "\"process.executable\"",
		"\"process.ancestor.executable\"",
	};
	static const struct { uint32_t have; const char *what; } carried[] = {
		{ HAVE_FILE, "\"file\":{\"path\":\"" }, { HAVE_FILE, "\"file.path\"" }, { HAVE_FILE_PREVIOUS, "\"previous\":{\"path\":\"" },
		{ HAVE_HASH, "\"hash\":{\"sha256\":\"ffff" }, { HAVE_ATTRIBUTES, "\"inode\":\"18446744073709551615\"" },
		{ HAVE_ATTRIBUTES, "\"deleted\":" }, { HAVE_PEER, "\"destination\":{\"ip\":\"ffff:" }, { HAVE_EXIT, "\"exit_code\":-2147483648" },
		{ HAVE_TARGET, "\"target\":{\"process\":{\"pid\":-2147483648,\"executable\":\"" }, { HAVE_TARGET, "\"signal\":4294967295" },
		{ HAVE_MODULE, "\"driver\":{\"name\":\"" }, { HAVE_CHANGE, "\"change\":{\"type\":\"" }, { HAVE_SCRIPT, "\"script\":{\"text\":\"" },
		{ HAVE_SOURCE, "\"source\":{\"ip\":\"ffff:" }, { HAVE_DNS, "\"dns\":{\"question\":{\"name\":\"" },
		{ HAVE_ACCOUNT, "\"target\":{\"name\":\"" }, { HAVE_CONTENT, "\"elf\":{\"shared_libraries\":[\"" },
		{ HAVE_CONTENT, "\"entropy\":4294967295" },
		{ HAVE_SYSCALL, "\"syscall\":\"" }, { HAVE_RESULT, "\"result\":-9223372036854775808" },
	};

	for (size_t i = 0; i < COUNT(units) * EVENT__MAX; i++) {
		enum event_kind kind = (enum event_kind)(i % EVENT__MAX);
		size_t u = i / EVENT__MAX;
		if (kind == EVENT_AGENT)	/* told by yett itself, of itself */
			continue;
		fill(kind, units[u].unit, units[u].len);
		record_in(ALERT_MIN);
		for (size_t k = 0; k < COUNT(always); k++)
			if (!strstr(json, always[k]))
				fail_msg("%s, unit %zu: no %s in %s", event_kind_name(kind), u, always[k], json);
		for (size_t k = 0; k < COUNT(carried); k++)
			if (!strstr(json, carried[k].what) == ((field_carried(kind) & carried[k].have) != 0))
				fail_msg("%s, unit %zu: %s in %s", event_kind_name(kind), u, carried[k].what, json);
	}
}

static void
any_size_from_the_least_on_is_enough(void **state)
{
	(void)state;

	fill(EVENT_EXEC, "\x01", 1);
	for (size_t size = ALERT_MIN; size <= RECORD_MAX - CHAIN_SUFFIX; size += 7)
		record_in(size);
}

static void
what_was_cut_is_named_once(void **state)
{
	(void)state;
	struct event *ev = prepare(REPORT_ALERT, EVENT_OPEN);
	char path[6000];

	memset(path, 'p', sizeof(path));
	ev->have = HAVE_PROCESS | HAVE_ANCESTORS | HAVE_FILE;
	event_set(ev, TEXT_FILE_PATH, path, 4096);
	record();
	has_not("\"truncated\"");
	event_set(ev, TEXT_EXECUTABLE, path, sizeof(path));
	for (int i = 0; i < EVENT_ANCESTORS; i++)
		event_add_ancestor(ev, i, 1, path, 2000);
	record();
	has("\"truncated\":[\"process.executable\",\"process.ancestor.executable\"]}}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_denied_exec_says_all_that_is_known),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(every_kind_is_categorised), cmocka_unit_test(the_outcome_is_what_became_of_the_act),
		cmocka_unit_test(members_say_what_the_manual_says),
		cmocka_unit_test(the_reason_is_a_sentence),
		cmocka_unit_test(the_largest_event_fits_with_all_that_matters),
		cmocka_unit_test(any_size_from_the_least_on_is_enough),
		cmocka_unit_test(what_was_cut_is_named_once),
	};

	const char *path = getenv("YETT_RECORDS");
	records = path ? fopen(path, "we") : NULL;
	if (path && !records)
		return 2;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	return records && fclose(records) ? 2 : failed;
}
