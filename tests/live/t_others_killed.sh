#!/bin/bash
# watch, scan and record are killed, then stopped, under a storm of execs: nothing waits, nothing that was decided is lost.
# seconds: 300
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
# shellcheck source=/dev/null
. "$LIVE/storms.sh"
start
storm_begin 20 3
for signal in KILL STOP; do
	for room in watch scan record; do
		pid=$(pid_of $room)
		kill -$signal "$pid"
		replaced $room "$pid" "$signal" 5
		sleep 0.7
	done
done
storm_end "others"
for room in watch scan record; do
	is "$room was replaced twice" 2 "$(status processes.$room.restarts)"
	alert "a record tells of $room" event.action=process-restart "event.reason~$room"
done
is "the gate was not" 0 "$(status processes.gate.restarts)"
settled || not_ok "all reports reach the disk" "none pending" "$(status records.pending) pending"
denials=$(counter denied)
lost=$(counter reports_lost)
is "each denial has its record, or is counted as lost" "$denials" "$(($(alerts yett.verdict=deny) + lost))"
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
