#!/bin/bash
# What the caller and the admin see of one denial, and what the log is worth: whole, and with one byte changed.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

put "$PROG/step" "$M"/usr/sbin/webd "$M"/usr/bin/{worker,sh}
policy web <<END
[policy]
description = Web servers do not start shells

[rule web-shell]
description = A web server started a shell
on = exec
process.ancestor.executable = $M/usr/sbin/webd
process.executable = $M/usr/bin/sh
action = deny, alert
severity = high
threat.technique.id = T1505.003
message = Shells are not allowed below the web server. Ask ops.
END
start

said=$("$M/usr/sbin/webd" "gid=$NOGROUP" "uid=$NOBODY" fork "$M/usr/bin/worker" fork "$M/usr/bin/sh" -c 'id' 2>&1)
is "the caller gets EPERM" "$EPERM" "$?"
matches "and its C library says so" 'Operation not permitted' "$said"

record() { alert "$1" "${@:2}" rule.name=web-shell; }
record "the alert names the rule and its ruleset" rule.ruleset=web event.kind=alert
record "why, in a sentence" 'event.reason~.{10,}'
record "the technique" threat.technique.id=T1505.003
record "what was denied" yett.verdict=deny event.outcome=failure yett.mode=enforce event.action=exec
record "who decided" yett.decided_by yett.matched=web-shell
record "the program" "process.executable=$M/usr/bin/sh"
record "the arguments" process.args=-c process.args=id
record "the parent" "process.parent.executable=$M/usr/bin/worker"
record "the previous program" "process.previous.executable=$M/usr/bin/worker"
record "the ancestry, up to the web server" "yett.process.ancestor~$M/usr/sbin/webd"
record "the user" user.name=nobody "user.id=$NOBODY"
record "the hash of the file" "file.hash.sha256=$(sha256sum <"$M/usr/bin/sh" | cut -d' ' -f1)"
record "how long the answer took" 'yett.latency_us<2000000'
record "the host and the agent" host.hostname host.boot.id agent.version agent.type
record "its place in the log" 'event.sequence>0' 'event.id~.+' '@timestamp~^20[0-9-]+T[0-9:]+\.[0-9]{9}Z$' ecs.version

out=$(ctl alerts 2>&1)
is "yettctl alerts works" 0 "$?"
matches "and shows it" 'web-shell' "$out"
matches "yettctl alerts --json shows the record itself" '"rule":' "$(ctl alerts --json 2>&1)"

# Enough records for a flipped byte to have somewhere to be.
for _ in 1 2 3 4 5; do "$M/usr/sbin/webd" fork "$M/usr/bin/sh" 2>/dev/null; done
settled || not_ok "all reports reach the disk" "none pending" "$(status records.pending) pending"
anchor=$(ctl keys show --json | look field anchor)
matches "the anchor is told" '^[0-9a-f]{64}$' "$anchor"
whole "yettctl verify while it runs: whole"
stop
whole "yettctl verify after the end: whole"
is "records are one JSON object a line" 0 "$(alerts broken)"
verify=$(dirname "$LIVE")/verify/verify.py
runs "the independent verifier agrees" "$PYTHON" "$verify" "$anchor" "$ALERTS"

# change WORK NAME: the log after some damage; both verifiers must see it, ours by its exit code and the record.
damaged() {
	local name=$1 record=$2 said status
	said=$("$B/yettctl" -c "$CONF" verify --key "$anchor" "$T/damaged" 2>&1)
	status=$?
	is "$name: yettctl verify exits 6" 6 "$status"
	[ -z "$record" ] || matches "$name: it names record $record" "(^|[^0-9])$record([^0-9]|\$)" "$said"
	"$PYTHON" "$verify" "$anchor" "$T/damaged" >/dev/null 2>&1 && not_ok "$name: the independent verifier sees it" "exit not 0" "exit 0" ||
	    ok "$name: the independent verifier sees it"
}

"$PYTHON" - "$ALERTS" "$T/damaged" <<'END'
import sys
lines = open(sys.argv[1], "rb").read().splitlines(True)
at = len(lines[3]) // 2
lines[3] = lines[3][:at] + bytes([lines[3][at] ^ 1]) + lines[3][at + 1:]
open(sys.argv[2], "wb").write(b"".join(lines))
END
damaged "one bit" 3
sed 4d "$ALERTS" >"$T/damaged"
damaged "a record removed" 4
sed '4{h;d}; 5G' "$ALERTS" >"$T/damaged"
damaged "two records swapped" ''
sed '4p' "$ALERTS" >"$T/damaged"
damaged "a record twice" ''
finish
