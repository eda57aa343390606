#!/bin/bash
# The sensors check each other: an exec that nobody was asked about is judged after the fact, one that was is not judged again, and what
# several have seen is one record that names them all.
# seconds: 240
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

audit_needed
field "$T/ungated"
put "$PROG/step" "$M/bin/forbidden" "$M/bin/told" "$M/bin/common" "$M/bin/hashed" "$T/ungated/forbidden" "$T/ungated/told"
put "$PROG/nop" "$M/bin/nop" "$T/ungated/nop"
cp "$PROG/mute" "$T/mute"
policy cross <<END
[policy]
description = One is killed wherever it runs, one is told

[rule forbidden]
on = exec
process.name = forbidden
process.args = die
action = kill, alert

[rule told]
on = exec
process.name = told
action = alert

[rule refused]
on = exec
process.name = told
user.id = 4711
action = deny

[rule hashed]
on = exec
process.name = hashed
process.args = die
action = kill, alert

[rule never]
on = exec
process.name = hashed
file.hash.sha256 = $(printf '%064d' 7)
action = deny

[rule started]
on = start
process.name = nop
action = alert
END
AUDIT=$'auto\n[telemetry]\nexec = full'
DEADLINE=30s DEADLINE_VERDICT=allow
HEARTBEAT=1s
aged "$M/bin/common"
# coverage NAME: how many programs became of that, on all file systems
coverage() {
	ctl coverage --json | "$PYTHON" -c '
import json, sys
print(sum(f[sys.argv[1]] for d in json.load(sys.stdin)["days"] for f in d["filesystems"]))' "$1"
}
# heard: the connector tells of what happens; another test may have muted it
# shellcheck disable=SC2317 # called by name
heard() {
	local n
	n=$(counter proc_events)
	"$PROG/many" -f 0.2 >/dev/null
	[ "$(counter proc_events)" -ge "$((n + 100))" ]
}
start
eventually 60 heard || give_up "the proc connector is muted"
is "audit is on" 1 "$(status sensors.audit.state | grep -cE '^(own|multicast)$')"

# One act, one record.
exits "a program that three see" 0 "$M/bin/told" as three
alert "is one record, which names them" rule.name=told "process.args=$M/bin/told as three" "yett.sensors=fanotify proc audit" event.kind=alert
denied "one that is denied" "gid=$NOGROUP" uid=4711 exec "$M/bin/told" denied
alert "two see it" rule.name=refused "yett.sensors=fanotify audit" yett.event.result=-1
exits "where nobody is asked" 0 "$T/ungated/told" as two
alert "two see it, too" rule.name=told "process.executable=$T/ungated/told" "yett.sensors=proc audit"
exits "a rule on start" 0 "$M/bin/nop"
alert "three see it" rule.name=started "process.executable=$M/bin/nop" "yett.sensors=fanotify proc audit"
settled
is "each is there once" "1 1 1 1" "$(alerts rule.name=told "process.args=$M/bin/told as three") $(alerts rule.name=refused) \
$(alerts rule.name=told "process.executable=$T/ungated/told") $(alerts rule.name=started)"

# Judged after the fact, and acted upon.
"$T/ungated/forbidden" hold=10000 exec "$T/ungated/nop" die & pid=$!
wait $pid
is "on a file system that is not gated: killed" 137 "$?"
alert "and told" rule.name=forbidden "process.executable=$T/ungated/forbidden" yett.verdict=allow
for _ in $(seq 30); do "$M/bin/common"; done
stop
is "what is allowed for good is not judged again" "0 0" "$(coverage missed) $(alerts "process.executable=$M/bin/common")"
number "what nobody was asked about is counted, and why" "$(coverage ungated)" -ge 2

# The question was read and never answered: the backstop lets it through, and the next gate looks at what ran.
start
gate=$(pid_of gate) scans=$(counter scans)
truncate -s 12G "$M/bin/hashed"		# of nothing, but it takes a while to see that
"$M/bin/hashed" hold=20000 exec "$M/bin/nop" die & pid=$!
# shellcheck disable=SC2317 # called by name
asked_scan() { [ "$(counter scans)" -gt "$scans" ]; }
eventually 10 asked_scan || not_ok "the question waits for scan" "more than $scans scans" "$(counter scans)"
kill -9 "$gate"
wait $pid
is "while there was no gate: killed by the next one" 137 "$?"
alert "and told, by the connector and audit" rule.name=hashed "process.executable=$M/bin/hashed" "yett.sensors=proc audit"

# The connector is muted: audit tells.
if "$PROG/step" "gid=$NOGROUP" "uid=$NOBODY" exec "$T/mute" 4000 2>/dev/null; then
	"$T/ungated/forbidden" hold=10000 exec "$T/ungated/nop" die muted & pid=$!
	wait $pid
	is "while the connector is muted: killed" 137 "$?"
	alert "audit has told, or the healed connector" rule.name=forbidden process.args=muted
	eventually 60 heard && ok "it is heard again" || not_ok "it is heard again" "more proc_events" "$(counter proc_events)"
fi
stop
is "nothing was missed" 0 "$(coverage missed)"
number "one ran without a gate" "$(coverage no_gate)" -ge 1
whole
audit_restore
finish
