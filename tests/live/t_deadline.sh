#!/bin/bash
# A hash that nobody can supply in time: the deadline answers, with the verdict that the configuration names; others do not wait with it.
# Also: a process that dies while its question waits.
# seconds: 180
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

put "$PROG/nop" "$M/bin/plain" "$M/hashed/"{1,2,3,4,5,6,7,8}
for n in 1 2 3 4 5 6 7 8; do printf '%s' $n >>"$M/hashed/$n"; done
policy deadline <<END
[policy]
description = Only these need a hash

[rule hashed]
on = exec
file.path = $M/hashed/*
file.hash.sha256 = $(printf 'no file has this' | sha256sum | cut -d' ' -f1)
action = deny, alert
END

# The scanner does not come back by itself while its warden is stopped too; the gate works on.
stall() {
	scan=$(pid_of scan)
	kill -STOP "$YETTD" "$scan"
}
resume() { kill -CONT "$YETTD" "$scan" 2>/dev/null; }

DEADLINE=700ms
for DEADLINE_VERDICT in deny allow; do
	start
	allowed "$DEADLINE_VERDICT: a hash that matches no rule" exec "$M/hashed/1"
	stall
	began=$(date +%s%N)
	timeout 20 "$PROG/step" exec "$M/hashed/2" 2>/dev/null &
	waiting=$!
	out=$(timeout 20 "$PROG/storm" -n 100 "$M/bin/plain")
	elsewhere=$(($(date +%s%N) - began))
	is "$DEADLINE_VERDICT: meanwhile others run" 100 "$(word ran "$out")"
	number "$DEADLINE_VERDICT: and do not wait with it (the longest in us)" "$(word longest_us "$out")" -le 600000
	allowed "$DEADLINE_VERDICT: a hash that is known needs no scan" exec "$M/hashed/1"
	wait "$waiting"
	status=$?
	took=$((($(date +%s%N) - began) / 1000000))
	number "$DEADLINE_VERDICT: the answer comes by the deadline and 3 s (ms; the others took $((elsewhere / 1000000)))" "$took" -le 3700
	number "$DEADLINE_VERDICT: and not before it (ms)" "$took" -ge 650
	if [ "$DEADLINE_VERDICT" = allow ]; then
		is "allow: it ran" 0 "$status"
	elif [ "$status" = "$EPERM" ] || [ "$status" = "$EBUSY" ]; then
		ok "deny: it did not run"
	else
		not_ok "deny: it did not run" "EPERM or EBUSY" "$status"
	fi

	# Who dies while his question waits leaves nothing behind.
	for n in 3 4 5; do
		"$PROG/step" exec "$M/hashed/$n" 2>/dev/null &
		asker=$!
		sleep 0.1
		kill -9 $asker
		wait $asker 2>/dev/null
		is "$DEADLINE_VERDICT: who waits can be killed ($n)" 137 "$?"
	done
	resume
	test_scan() { "$PROG/step" exec "$M/hashed/8"; }
	eventually 10 test_scan && ok "$DEADLINE_VERDICT: scan is back" || not_ok "$DEADLINE_VERDICT: scan is back" "a hash" "none"
	number "$DEADLINE_VERDICT: the deadline is counted" "$(counter deadline)" -ge 1
	alert "$DEADLINE_VERDICT: and recorded" yett.decided_by=deadline "file.path=$M/hashed/2"
	is "$DEADLINE_VERDICT: the gate was not replaced for it" 0 "$(counter gate_restarts)"
	stop
	rm -rf "$L" "$S"
done
finish
