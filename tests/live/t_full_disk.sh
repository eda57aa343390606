#!/bin/bash
# The disk under the log is full: enforcement goes on, status says so, and once there is room every denial is in the log.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
# shellcheck source=/dev/null
. "$LIVE/storms.sh"
mkdir -p "$L"
mount -t tmpfs -o size=1m,mode=0755 yett-test "$L" || give_up "a small disk"
HEARTBEAT=1s
start
denied "before" exec "$M/bin/forbidden"
alert "recorded" rule.name=forbidden
dd if=/dev/zero of="$L/filler" bs=4k 2>/dev/null
number "the disk is full: free blocks" "$(stat -f -c %a "$L")" -le 0
n=0
while [ $n -lt 60 ] && "$PROG/step" exec "$M/bin/forbidden" 2>/dev/null; [ $? = "$EPERM" ]; do
	n=$((n + 1))
	[ $n -lt 60 ] || break
done
is "60 more denials are denials" 60 "$n"
allowed "an allowed program" exec "$M/bin/allowed"
# shellcheck disable=SC2317 # called by name
complains() { [ "$(counter write_errors)" -ge 1 ]; }
eventually 10 complains && ok "the failed writes are counted" || not_ok "the failed writes are counted" "at least 1" "$(counter write_errors)"
exits "yettctl status exits 1: degraded" 1 "$B/yettctl" -c "$CONF" status
matches "and names the reason" 'ENOSPC|[Nn]o space|full' "$(ctl status 2>&1)"
rm -f "$L/filler"
settled && ok "with room again the records are written" || not_ok "with room again the records are written" "none pending" "$(status records.pending)"
is "each denial is in the log, or is counted as lost" "$(counter denied)" "$(($(alerts yett.verdict=deny) + $(counter reports_lost)))"
alert "a record tells of the full disk" 'event.reason~(full|space|ENOSPC)'
exits "status is well again" 0 "$B/yettctl" -c "$CONF" status
stop
whole
finish
