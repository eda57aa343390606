#!/bin/bash
# Known numbers of programs on two file systems that are gated and one that is not: yettctl coverage has exactly these, over restarts,
# a crash of the gate, and in monitor mode.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
field "$T/second"
field "$T/ungated"
FILESYSTEMS=$M,$T/second
HEARTBEAT=1s
put "$PROG/step" "$M/bin/one" "$T/second/bin/two" "$T/ungated/bin/three"
policy coverage <<END
[policy]
description = One may not be cached, since it depends on who runs it

[rule forbidden]
on = exec
process.executable = $M/bin/one
user.id = 4711
action = deny, alert
END

# run N PROGRAM: N times, each long enough to be looked at
run() {
	local i pids=
	for i in $(seq "$1"); do
		"$2" hold=400 exec "$PROG/nop" & pids="$pids $!"
	done
	# shellcheck disable=SC2086 # a list of pids
	wait $pids
}
# of FILE_SYSTEM NAME: the figure, over all days
of() {
	ctl coverage --json | "$PYTHON" -c '
import json, sys
rows = [f for d in json.load(sys.stdin)["days"] for f in d["filesystems"] if f["filesystem"] == sys.argv[1]]
print(sum(r[sys.argv[2]] for r in rows))' "$1" "$2"
}
# figures NAME FILE_SYSTEM RAN JUDGED CACHED UNGATED UNJUDGED
figures() {
	is "$1" "ran $3, judged $4, cached $5, ungated $6, unjudged $7" \
	    "ran $(of "$2" ran), judged $(of "$2" judged), cached $(of "$2" cached), ungated $(of "$2" ungated), unjudged $(of "$2" unjudged)"
}

aged "$M/bin/one" "$T/second/bin/two"
start
matches "before anything is told" 'Nothing is told of programs' "$(ctl coverage)"
run 7 "$M/bin/one"
run 1 "$T/second/bin/two"	# asked about, and remembered from then on
run 5 "$T/second/bin/two"
run 4 "$T/ungated/bin/three"
stop
figures "a rule that depends on the user: each is judged" "$M" 7 7 0 0 0
figures "a program that none is about: once judged, then remembered" "$T/second" 6 1 5 0 0
figures "not gated" "$T/ungated" 4 0 0 4 4
alert "the record says so in words" event.action=coverage "yett.details=judged=7 path=$M" "yett.details=judged=1 cached=5 path=$T/second" \
    "yett.details=ungated=4 path=$T/ungated" 'event.reason~programs were started'

start
run 3 "$M/bin/one"
denied "what is denied did not run" "gid=$NOGROUP" uid=4711 exec "$M/bin/one"
run 2 "$T/ungated/bin/three"
stop
figures "after a restart they add up" "$M" 10 10 0 0 0
figures "not gated" "$T/ungated" 6 0 0 6 6
matches "it says for how long yett did not run" 'yett did not run for [0-9]+ s' "$(ctl coverage)"

start
gate=$(pid_of gate)
kill -9 "$gate"
other_pid gate "$gate" 10 >/dev/null
eventually 10 test "$(pid_of gate)" != 0
run 3 "$M/bin/one"
stop
figures "another gate counts on" "$M" 13 13 0 0 0
matches "it says that a gate was replaced" '1 gates were replaced' "$(ctl coverage)"

# In monitor mode the notification may come after the exec.
MODE=monitor
start
run 9 "$M/bin/one"
run 3 "$T/second/bin/two"
stop
figures "in monitor mode: each is judged" "$M" 22 22 0 0 0
is "in monitor mode: the others are judged or remembered" "9 0" "$(of "$T/second" ran) $(of "$T/second" unjudged)"

MODE=enforce
start
cp "$PROG/step" "$T/inmemory"
"$PYTHON" -c '
import os, sys
fd = os.memfd_create("x", 0)
os.write(fd, open(sys.argv[1], "rb").read())
os.execve(fd, ["x", "hold=400", "exec", sys.argv[2]], {})' "$T/inmemory" "$PROG/nop"
run 2 "$M/bin/one"
alert "a heartbeat" event.action=heartbeat "event.sequence>$(status records.sequence)"
kill -KILL "$YETTD"
wait "$YETTD" 2>/dev/null
YETTD=
start
run 1 "$M/bin/one"
"$PYTHON" -c '
import os, sys
fd = os.memfd_create("x", 0)
os.write(fd, open(sys.argv[1], "rb").read())
os.execve(fd, ["x", "hold=400", "exec", sys.argv[2]], {})' "$T/inmemory" "$PROG/nop"
stop
figures "what went with a crash is not made up" "$M" 23 23 0 0 0
matches "but said" 'went with yettd, which was not stopped in good order' "$(ctl coverage)"
is "a program in memory" 1 "$(of '(memory)' memory)"
number "80 columns are enough" "$(ctl coverage | awk '{ if (length($0) > n) n = length($0) } END { print n }')" -le 80
is "since tomorrow there is nothing" '{"days":[]}' "$(ctl coverage --json --since 2099-01-01)"
exits "a time that is none" 2 "$B/yettctl" -c "$CONF" coverage --since never
whole
finish
