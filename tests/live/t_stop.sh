#!/bin/bash
# Start, stop, and what is left behind: nothing.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
# shellcheck source=/dev/null
. "$LIVE/storms.sh"
start
pids="$(pid_of warden) $(pid_of gate) $(pid_of watch) $(pid_of scan) $(pid_of record)"
is "the warden is root" 0 "$(stat -c %u "/proc/$YETTD")"
for room in gate watch scan record; do
	pid=$(pid_of $room)
	is "$room is nobody" "$NOBODY" "$(awk '/^Uid:/ { print $3 }' "/proc/$pid/status")"
	is "$room: no new privileges, seccomp" "1 2" "$(awk '/^NoNewPrivs:/ { n = $2 } /^Seccomp:/ { s = $2 } END { print n, s }' "/proc/$pid/status")"
	matches "$room shows its name" "$room" "$(tr '\0' ' ' <"/proc/$pid/cmdline")"
done
for room in watch scan record; do
	is "$room has no capability" 0000000000000000 "$(awk '/^CapEff:/ { print $2 }' "/proc/$(pid_of $room)/status")"
done
runs "yettctl status: healthy" "$B/yettctl" -c "$CONF" status
alert "the start is recorded" event.action=agent-start event.kind=state
storm_begin 4 4
sleep 1
stop
is "it ends well under a storm" 0 "$STATUS"
wait "$STORM"
out=$(cat "$T/storm.out")
number "nobody hangs on it: longest wait in us" "$(word longest_us "$out")" -le 3000000
is "no other errors" 0 "$(word other "$out")"
allowed "afterwards nobody is asked" exec "$M/bin/forbidden"
for pid in $pids; do
	if [ -e "/proc/$pid" ]; then not_ok "process $pid is gone" gone "$(tr '\0' ' ' <"/proc/$pid/cmdline")"; else ok "process $pid is gone"; fi
done
is "the end is recorded" 1 "$(alerts event.action=agent-stop)"
is "the socket is gone" 1 "$([ -e "$R/control.sock" ]; echo $?)"
exits "yettctl status: exit 4, not running" 4 "$B/yettctl" -c "$CONF" status
whole
start
denied "a second start" exec "$M/bin/forbidden"
kill -INT "$YETTD"
wait "$YETTD"
is "SIGINT ends it well" 0 "$?"
YETTD=
whole "one chain over both"
finish
