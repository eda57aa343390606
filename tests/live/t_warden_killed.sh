#!/bin/bash
# kill -9 of the warden: the others go with it, and the kernel releases everybody who waits. The same when the gate could not have answered.
# seconds: 180
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
# shellcheck source=/dev/null
. "$LIVE/storms.sh"

gone() {
	local pid
	for pid in $1; do
		[ ! -e "/proc/$pid" ] || [ "$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null)" = Z ] || return 1
	done
}

for case in "in good health" "with a stopped gate"; do
	start
	is "$case: the warden is the process that was started" "$YETTD" "$(pid_of warden)"
	pids="$(pid_of gate) $(pid_of watch) $(pid_of scan) $(pid_of record)"
	storm_begin 4 4
	sleep 1
	[ "$case" = "in good health" ] || kill -STOP "$(pid_of gate)"
	kill -9 "$YETTD"
	wait "$YETTD" 2>/dev/null
	YETTD=
	eventually 5 gone "$pids" && ok "$case: the others are gone" || not_ok "$case: the others are gone" "none of $pids" "$(ps -o pid,stat,args -p "${pids// /,}")"
	wait "$STORM"
	out=$(cat "$T/storm.out")
	number "$case: no exec waits longer than 3 s (in us)" "$(word longest_us "$out")" -le 3000000
	number "$case: while it lived nothing forbidden ran: refusals" "$(word denied_refused "$out")" -ge 10
	is "$case: no other errors" 0 "$(word other "$out")"
	allowed "$case: afterwards nobody is asked" exec "$M/bin/forbidden"
done

start
denied "a new one takes over" exec "$M/bin/forbidden"
settled
stop
whole "the log goes on where it was"

# What was set by hand outlives a death, not a stop.
MODE=monitor
start
allowed "in monitor mode it runs" exec "$M/bin/forbidden"
runs "enforce, by hand" "$B/yettctl" -c "$CONF" enforce
denied "then it does not" exec "$M/bin/forbidden"
kill -9 "$YETTD"
wait "$YETTD" 2>/dev/null
YETTD=
start
denied "nor after a death" exec "$M/bin/forbidden"
runs "monitor for a time" "$B/yettctl" -c "$CONF" monitor --for 1h
kill -9 "$YETTD"
wait "$YETTD" 2>/dev/null
YETTD=
start
denied "a death ends what was only for a time" exec "$M/bin/forbidden"
stop
start
allowed "a stop ends it all" exec "$M/bin/forbidden"
stop
matches "systemd starts it again" '^Restart=(always|on-failure|on-abnormal)' "$(cat "$LIVE/../../systemd/yettd.service" 2>&1)"
finish
