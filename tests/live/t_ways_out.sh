#!/bin/bash
# Ways out besides the log: the journal, syslog, a program, metrics. They say what the log says; the log never waits for one, and what one
# of them misses is counted and told.
# seconds: 300
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
put "$PROG/nop" "$M/bin/forbidden" "$M/bin/bad
name"
policy out <<END
[policy]
description = Two programs are forbidden

[rule forbidden]
on = exec
process.executable = $M/bin/forbidden
action = deny, alert
severity = high
threat.technique.id = T1204

[rule odd]
on = exec
process.executable|startswith = $M/bin/bad
action = deny, alert
severity = critical

[rule telemetry]
on = exec
process.executable = $M/step
action = log
END

# hear WHAT: plays WHAT on $T/WHAT.sock until it is killed
hear() {
	local line
	exec {HEARD}< <(exec "$PYTHON" -E "$LIVE/witness" "$1" "$T/$1.sock" "$T/$1.jsonl" 2>>"$T/witness.err")
	HEARER=$!
	read -r -t 10 -u "$HEARD" line && [ "$line" = listening ] || give_up "a listener for $1"
}
# heard WHAT NAME COND...
heard() {
	local what=$1 name=$2 said
	shift 2
	if said=$(look wait "$T/$what.jsonl" 10 "$@" 2>&1 >/dev/null); then ok "$what: $name"
	else not_ok "$what: $name" "a message with $*" "$(tail -n 2 "$T/$what.jsonl"; echo "$said")"; fi
}
number_heard() { look count "$T/$1.jsonl" "${@:2}"; }

# The program: it says what it got and how it was started, as far as a program in this sandbox can.
mkdir -p "$T/got" && chmod 777 "$T/got"
cat >"$T/on-alert" <<END
#!/usr/bin/python3 -I
import json, os, sys, time
record = json.loads(sys.stdin.buffer.read())
def can(f):
    try: f(); return True
    except OSError: return False
said = {"argv": sys.argv[1:], "record": record, "env": dict(os.environ), "cwd": os.getcwd(), "uid": os.getuid(), "gid": os.getgid(),
        "groups": os.getgroups(), "fds": sorted(n for n in range(256) if can(lambda: os.fstat(n))),
        "out": os.readlink("/proc/self/fd/1") + os.readlink("/proc/self/fd/2"), "leader": os.getsid(0) == os.getpid(),
        "status": {k: v.strip() for k, v in (l.split(":", 1) for l in open("/proc/self/status")) if k in ("NoNewPrivs", "CapEff", "Seccomp", "SigBlk", "SigIgn")},
        "unshare": can(lambda: os.unshare(os.CLONE_NEWUSER)) if hasattr(os, "unshare") else False}
path = "$T/got/%s.json" % record["event"]["id"]
with open(path + ".tmp", "w") as f: json.dump(said, f); f.write("\n")
os.rename(path + ".tmp", path)
if os.path.exists("$T/slow"): time.sleep(60)
END
chmod 755 "$T/on-alert"
got() { cat "$T"/got/*.json >"$T/got.jsonl" 2>/dev/null; look count "$T/got.jsonl" "$@"; }
# shellcheck disable=SC2317 # called by name
has_got() { [ "$(got "${@:2}")" -ge "$1" ]; }
# shellcheck disable=SC2317 # called by name
counted() { [ "$(counter "$1")" -ge "$2" ]; }

hear journal; journal=$HEARER
hear syslog; syslog=$HEARER
HEARTBEAT=1s
JOURNAL=$T/journal.sock
RECORDS="syslog = $T/syslog.sock
metrics = $T/metrics/yett.prom
program = $T/on-alert --queue security
    one argument, with blanks
program_timeout = 2s
programs_at_once = 2
programs_per_minute = 20"
start
denied "a denial" exec "$M/bin/forbidden" --first
alert "is in the log" rule.name=forbidden
id=$(look get "$ALERTS" event.id rule.name=forbidden)
seq=$(look get "$ALERTS" event.sequence rule.name=forbidden)
heard journal "with its fields" "YETT_ID=$id" "YETT_SEQUENCE=$seq" YETT_RULE=forbidden YETT_VERDICT=deny YETT_KIND=alert PRIORITY=3 \
    SYSLOG_IDENTIFIER=yett "YETT_EXECUTABLE=$M/bin/forbidden" YETT_TECHNIQUE=T1204 YETT_COMMAND_LINE~--first 'MESSAGE~^Denied exec of .*rule forbidden$'
heard syslog "with its fields" pri=83 app=yett id=alert sd=yett@32473 "data.id=$id" data.rule=forbidden data.verdict=deny \
    'msg~^Denied exec of .*rule forbidden$' "data.executable=$M/bin/forbidden" "host=$(hostname)"
heard journal "states too" YETT_KIND=state YETT_ACTION=agent-start
"$PROG/step" exec "$M/bin/bad
name" "$(printf 'a\001b\377"]\\x41')" 2>/dev/null
heard journal "a name with a newline is one field" YETT_RULE=odd 'YETT_EXECUTABLE~bin/bad
name$' 'MESSAGE~bad\\x0aname' PRIORITY=2
heard syslog "and on one line" data.rule=odd 'data.executable~bad\\x0aname$' pri=82 'data.command_line~a\\x01b\\xff"\]\\x5cx41'
runs "what is only logged" "$M/step" exec "$PROG/nop"
alert "is in the log" event.kind=event rule.name=telemetry
is "telemetry stays there" 0 "$(number_heard journal YETT_KIND=event)"

# The head, as a witness keeps it.
heard journal "the head of the log" YETT_KIND=head YETT_HEAD YETT_SEQUENCE
heard syslog "the head of the log" id=head data.head data.sequence
eval "$(look get "$T/syslog.jsonl" msg id=head | sed -n 's/.*--expect-seq \([0-9]*\) --expect-head \([0-9a-f]*\)$/n=\1 h=\2/p')"
settled
exits "yettctl verify takes it" 0 "$B/yettctl" -c "$CONF" verify --expect-seq "${n:-x}" --expect-head "${h:-x}"
is "and it is the hash of that line" "${h:-}" "$(sed -n "$((${n:-0} + 1))p" "$ALERTS" | sha256sum | cut -d' ' -f1)"

# The program.
eventually 10 has_got 2 record.event.kind=alert && ok "a program ran for each alert" || not_ok "a program ran for each alert" 2 "$(got record)"
is "with the alert" 1 "$(got "record.event.id=$id" record.rule.name=forbidden 'record.process.args=--first' record.yett.verdict=deny)"
is "none for states" 0 "$(got '!record.rule.name')"
is "its arguments" 2 "$(got 'argv=--queue security one argument, with blanks')"
is "a clean environment" 2 "$(got cwd=/ 'env~^\{"PATH": "[^"]*"(, "LC_CTYPE": "C.UTF-8")?\}$')"	# the second is of python's making
is "three descriptors" 2 "$(got 'fds=0 1 2' out=/dev/null/dev/null leader=true)"
is "the user, without groups, capabilities and new privileges" 2 "$(got "uid=$NOBODY" "gid=$NOGROUP" status.NoNewPrivs=1 status.CapEff=0000000000000000 \
    status.Seccomp=2 status.SigBlk=0000000000000000 unshare=false)"
is "yettctl status counts them" 2 "$(counter run)"
matches "and shows the ways" 'ways out +journal [0-9]+ sent, 0 lost; syslog [0-9]+ sent, 0 lost; programs 2 run, 0 lost' "$(COLUMNS=200 ctl status 2>&1)"

# A slow one is killed; beyond the limits alerts are counted, and the last one is told with their number.
touch "$T/slow"
for i in $(seq 8); do "$PROG/step" exec "$M/bin/forbidden" "--slow$i" 2>/dev/null; done
eventually 20 counted run_killed 2 && ok "slow programs are killed" || not_ok "slow programs are killed" 2 "$(counter run_killed)"
rm "$T/slow"
eventually 10 has_got 5 record.yett.verdict=deny && ok "and the next one runs" || not_ok "and the next one runs" 5 "$(got record)"
is "which is the last, and says how many were left out" 1 "$(got record.process.args=--slow8 record.yett.skipped=5)"
is "as the counter does" 5 "$(counter run_folded)"
is "all of them are in the log" 8 "$(alerts 'process.args~^--slow')"
alert "the log tells that the program missed some" event.action=way-drops 'event.reason~program'
# shellcheck disable=SC2317 # called by name
nobody_left() { ! pgrep -f "^/usr/bin/python3 -I $T/on-alert" >/dev/null; }
eventually 10 nobody_left && ok "nobody of the program is left" || not_ok "nobody of the program is left" none "$(pgrep -af "$T/on-alert")"

# Metrics.
# shellcheck disable=SC2317 # called by name
written() { [ -s "$T/metrics/yett.prom" ]; }
eventually 5 written && ok "metrics are written" || not_ok "metrics are written" "$T/metrics/yett.prom" "$(ls -la "$T/metrics")"
said=$("$PYTHON" -E "$LIVE/witness" prom "$T/metrics/yett.prom" 2>&1) && ok "in the format of Prometheus" || not_ok "in the format of Prometheus" well "$said"
matches "with the mode" '^yett_enforcing 1$' "$said"
is "readable by all, and no other file there" "644 yett.prom" "$(stat -c %a "$T/metrics/yett.prom") $(ls -A "$T/metrics")"

# Listeners that are gone, come back, or do not read.
kill "$journal" "$syslog"
wait "$journal" "$syslog" 2>/dev/null
lost=$(counter syslog_lost)
denied "with nobody there, a denial is one" exec "$M/bin/forbidden" --alone
alert "and in the log" process.args=--alone
eventually 10 counted syslog_lost $((lost + 1)) && ok "what syslog misses is counted" || not_ok "what syslog misses is counted" $((lost + 1)) "$(counter syslog_lost)"
eventually 10 counted journal_lost 1 && ok "what the journal misses is counted" || not_ok "what the journal misses is counted" 1 "$(counter journal_lost)"
alert "it is told once" event.action=way-drops 'event.reason~^The journal does not take.*ECONNREFUSED'
alert "of each" event.action=way-drops 'event.reason~^Syslog'
hear journal; journal=$HEARER
hear syslog; syslog=$HEARER
alert "a new journal is found, which is told too" event.action=way-recovered 'event.reason~^The journal .*again; it missed [1-9]'
alert "a new syslog" event.action=way-recovered 'event.reason~^Syslog .*again'
is "neither was told twice" "1 1" "$(alerts event.action=way-drops 'event.reason~journal') $(alerts event.action=way-drops 'event.reason~Syslog')"
denied "a denial" exec "$M/bin/forbidden" --again
heard journal "hears again" YETT_COMMAND_LINE~--again
kill -STOP "$journal"
lost=$(counter journal_lost)
for i in $(seq 40); do "$PROG/step" exec "$M/bin/forbidden" "--full$i" 2>/dev/null; done
eventually 10 counted journal_lost $((lost + 1)) && ok "one that does not read loses" || not_ok "one that does not read loses" "more than $lost" "$(counter journal_lost)"
is "the log does not" 40 "$(settled; alerts 'process.args~^--full')"
kill -CONT "$journal"

# Processes that die.
pid=$(pid_of record)
kill -9 "$pid"
other_pid record "$pid" 10 >/dev/null || not_ok "record is back" "another" "$pid"
denied "after a death of record" exec "$M/bin/forbidden" --reborn
heard syslog "the next one goes on" data.command_line~--reborn
pid=$(pid_of hook)
kill -9 "$pid"
alert "the death of hook is told" event.action=hook-ended
exits "and status is degraded" 1 "$B/yettctl" -c "$CONF" status
denied "but nothing else" exec "$M/bin/forbidden" --orphan
alert "is lost" process.args=--orphan
stop
is "yettd ends well" 0 "$STATUS"
whole
heard journal "the end is told" YETT_ACTION=agent-stop
is "syslog: nothing was out of form" 0 "$(number_heard syslog broken)"
is "journal: nothing was out of form" 0 "$(number_heard journal broken)"
is "the last head is that of the whole log" "$(tail -n 1 "$ALERTS" | sha256sum | cut -d' ' -f1)" "$(look get "$T/syslog.jsonl" data.head id=head)"
kill "$journal" "$syslog"

# Off is off, and a directory that others own is not taken over.
RECORDS="metrics = $T/others/yett.prom"
JOURNAL=off
mkdir -m 755 "$T/others"
start
is "no process for a program" '' "$(pid_of hook)"
alert "a directory where record may not write is told" event.action=way-drops 'event.reason~file of metrics.*EACCES'
is "and stays as it is" "0 755" "$(stat -c '%u %a' "$T/others")"
stop
finish
