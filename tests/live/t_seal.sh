#!/bin/bash
# What is critical is on disk before the answer is given, no or yes; and a disk that does not answer holds nobody for long.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

put "$PROG/nop" "$M/bin/forbidden" "$M/bin/watched" "$M/bin/plain"
echo text >"$M/secret"
policy seal <<END
[policy]
description = Critical acts

[rule forbidden]
on = exec
file.path = $M/bin/forbidden
action = deny, alert
severity = critical

[rule watched]
on = exec
file.path = $M/bin/watched
action = alert
severity = critical

[rule secret]
on = open
file.path = $M/secret
action = alert
severity = critical

[rule plain]
on = exec
file.path = $M/bin/plain
action = alert
severity = high
END
start
# there RULE: how many records there are at this moment
there() { grep -c "\"name\":\"$1\"" "$ALERTS"; }
# sealed NAME RULE COMMAND...: fifty times, the record is there when the command has its answer
sealed() {
	local name=$1 rule=$2 n missing=0
	shift 2
	for n in $(seq 50); do
		"$@" 2>/dev/null
		[ "$(there "$rule")" = "$n" ] || missing=$((missing + 1))
	done
	is "$name" 0 "$missing"
}
# shellcheck disable=SC2317 # called by name
reads() { : <"$M/secret"; }
# shellcheck disable=SC2317 # called by name
quietly() { ("$@"); }
sealed "a denial is on disk before it is answered" forbidden quietly "$M/bin/forbidden"
sealed "so is an exec that is allowed" watched "$M/bin/watched"
sealed "and an open" secret reads
alert "the record says so" rule.name=watched yett.flags=seal-before-answer
denied "it is still denied" exec "$M/bin/forbidden"
"$M/bin/plain"
alert "what is not critical does not wait" rule.name=plain
no_alert "and says so" rule.name=plain yett.flags=seal-before-answer
is "each wait is counted" 151 "$(counter sealed)"
is "and none was too long" 0 "$(counter seal_late)"

# The record process is stopped: the warden replaces it, and the answer waits for the new one.
record=$(pid_of record)
kill -STOP "$record"
denied "with record stopped: denied" exec "$M/bin/forbidden"
other_pid record "$record" 10 >/dev/null
# The disk is full, its reserve too: who asks is answered all the same.
fill() { dd if=/dev/zero bs=64k of="$T/filled$1" 2>/dev/null; }
full=0
until [ "$(counter seal_late)" -gt 0 ] || [ $full = 8 ]; do
	fill $((full++))
	denied "with a full disk: denied" exec "$M/bin/forbidden"
	allowed "and allowed" exec "$M/bin/watched"
done
number "answers that could not wait are counted" "$(counter seal_late)" -ge 1
rm "$T"/filled*
settled
alert "and told" event.action=seal-late
is "the records are there all the same" $((52 + full)) "$(alerts rule.name=forbidden)"
is "no deadline passed" 0 "$(counter deadline)"
is "no gate was replaced" 0 "$(counter gate_restarts)"

# Killed while the answer waits for the record: nobody else waits, and the gate does not care.
for _ in $(seq 20); do
	"$M/bin/watched" &
	kill -9 $! 2>/dev/null
	wait $! 2>/dev/null
done
allowed "who is killed while he waits harms nobody" exec "$M/bin/watched"
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
