#!/bin/bash
# 1,000 reloads during a storm of execs: no verdict and no event is lost, whatever the policy of the moment is called.
# seconds: 300
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
# shellcheck source=/dev/null
. "$LIVE/storms.sh"
policy other <<END
[policy]
description = What changes all the time

[rule other]
on = exec
process.executable = $M/bin/nobody-0
action = deny, alert
END
start
storm_begin 60 2
failed=0 n=0
began=$SECONDS
while [ $n -lt 1000 ]; do
	n=$((n + 1))
	sed -i "s|nobody-[0-9]*|nobody-$n|" "$P/other.ini"
	"$B/yettctl" -c "$CONF" reload >/dev/null 2>"$T/reload.err" || failed=$((failed + 1))
done
echo "  1,000 reloads in $((SECONDS - began)) s"
is "each reload was done" 0 "$failed"
storm_end "reloads"
is "all are counted" 1000 "$(counter reloads)"
is "no gate was replaced" 0 "$(counter gate_restarts)"
settled || not_ok "all reports reach the disk" "none pending" "$(status records.pending) pending"
refusals=$(($(word denied_refused "$(cat "$T/storm.out")") + 1))
is "each refusal was a verdict" "$refusals" "$(counter denied)"
is "and each has its record" "$refusals" "$(($(alerts yett.verdict=deny) + $(counter reports_lost)))"
is "none was lost" 0 "$(counter reports_lost)"
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
