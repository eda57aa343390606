#!/bin/bash
# What gets lost is in the log: how much, and once for each cause. Losses are forced by processes that are stopped, or by a full disk.
# seconds: 180
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
mkdir -p "$L"
mount -t tmpfs -o size=48m,mode=0755 yett-test "$L" || give_up "a small disk"
put "$PROG/nop" "$M/bin/forbidden" "$M/bin/allowed"
mkdir -p "$M/tree"
policy losses <<END
[policy]
description = Denied, and heard

[rule forbidden]
on = exec
process.executable = $M/bin/forbidden
action = deny, alert

[rule tree]
on = create
file.path = $M/tree/nothing-is-called-so
action = alert

[rule files-of-tree]
on = create
file.path = $M/tree/**
process.executable = $M/bin/nobody
action = alert
END
HEARTBEAT=1s
start
denied "before" exec "$M/bin/forbidden"
is "nothing is lost" 0 "$(alerts event.action~-lost)"

# The kernel keeps so many events on files for a gate that does not read.
most=$(cat /proc/sys/fs/fanotify/max_queued_events)
gate=$(pid_of gate)
kill -STOP "$YETTD" "$gate"
"$PYTHON" -c '
import os, sys
for i in range(int(sys.argv[2])):
    os.close(os.open(f"{sys.argv[1]}/{i}", os.O_CREAT | os.O_WRONLY))' "$M/tree" $((most + 500))
kill -CONT "$gate" "$YETTD"
alert "events on files: the overflow of the kernel's queue is told" event.action=files-lost 'yett.count>0' 'event.reason~^[0-9]+ times events on files were lost'
is "with as many as are counted" "$(counter files_lost)" "$(look get "$ALERTS" yett.count event.action=files-lost)"
is "once" 1 "$(alerts event.action=files-lost)"

# The disk is full: records about yett wait in bounded memory, those of denials in the spool.
dd if=/dev/zero of="$L/filler" bs=4k 2>/dev/null
for _ in $(seq 60); do ctl reload >/dev/null; done
"$PROG/storm" -n 6000 "$M/bin/forbidden" >"$T/storm.out"
# shellcheck disable=SC2317 # called by name
test_spools_full() { [ "$(counter reports_lost)" -ge 1 ] && [ "$(counter states_lost)" -ge 1 ]; }
eventually 10 test_spools_full && ok "both find no room" || not_ok "both find no room" "reports_lost, states_lost" "$(counter reports_lost) $(counter states_lost)"
exits "status says that something was lost" 1 "$B/yettctl" -c "$CONF" status
rm -f "$L/filler"
settled && ok "with room again the records are written" || not_ok "with room again the records are written" "none pending" "$(status records.pending)"
alert "reports that were lost are told" event.action=reports-lost 'yett.count>0'
alert "so are records about yett" event.action=states-lost 'yett.count>0'
alert "and why" event.action=disk-full 'yett.count>0'
ctl reload >/dev/null
stop
# What was told in the meantime and at the end adds up.
sum() { look all "$ALERTS" yett.count "event.action=$1" | awk '{ n += $1 } END { print n + 0 }'; }
denied=$(look all "$ALERTS" rule.name rule.name=forbidden | wc -l)
is "each denial is in the log or among those that were lost" 6001 "$((denied + $(sum reports-lost)))"
number "each reload is in the log or among those that were lost" "$(($(alerts event.action=policy-loaded) + $(sum states-lost)))" -ge 61
whole
finish
