#!/bin/bash
# kill -9 of the gate, again and again, under a storm of execs.
# seconds: 180
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
# shellcheck source=/dev/null
. "$LIVE/storms.sh"
start
storm_begin 12 4
sleep 1
for n in 1 2 3 4; do
	gate=$(pid_of gate)
	kill -9 "$gate"
	replaced gate "$gate" "kill $n" 1
	sleep 1.5
done
storm_end "gate killed"
is "the warden counts them" 4 "$(counter gate_restarts)"
alert "a record tells of it" event.action=gate-restart 'event.reason~killed'
settled
is "one record for each" 4 "$(alerts event.action=gate-restart)"
is "the others stay as they are" "0 0 0" "$(status processes.watch.restarts) $(status processes.scan.restarts) $(status processes.record.restarts)"

# Again and again, faster than it can start: it is held back, and meanwhile nobody waits and nothing forbidden runs.
storm_begin 8 2
for _ in $(seq 12); do
	gate=$(pid_of gate)
	[ "${gate:-0}" -gt 0 ] && kill -9 "$gate" 2>/dev/null
	sleep 0.2
done
replaced gate 0 "crash loop" 10
storm_end "crash loop"
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
