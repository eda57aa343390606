#!/bin/bash
# Floods of alike alerts: the first is recorded at once, the others are counted, and not one is lost, whoever is killed meanwhile.
# seconds: 300
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
put "$PROG/nop" "$M/bin/forbidden" "$M/bin/grave" "$M/bin/allowed"
policy flood <<END
[policy]
description = Two programs are forbidden

[rule forbidden]
on = exec
process.executable = $M/bin/forbidden
action = deny, alert

[rule grave]
on = exec
process.executable = $M/bin/grave
action = deny, alert
severity = critical
END
FOLD=2s

# How many alerts the records tell of, each once: those of RULE..., and each summary as its count.
told() {
	"$PYTHON" -E - "$ALERTS" "$@" <<'END'
import json, sys
seen, n = set(), 0
for line in open(sys.argv[1], "rb"):
    r = json.loads(line)
    if r["event"]["kind"] != "alert" or r["event"]["id"] in seen or (sys.argv[2:] and r["rule"]["name"] not in sys.argv[2:]):
        continue
    seen.add(r["event"]["id"])
    n += r["yett"]["count"] if r["event"]["action"] == "alert-summary" else 1
print(n)
END
}
# shellcheck disable=SC2317 # called by name
none_waits() { [ "$(status records.folding)" = 0 ]; }
unfolded() { eventually 20 none_waits && settled || not_ok "all counts become summaries" 0 "$(status records.folding)"; }

start
denied "the first" exec "$M/bin/forbidden"
alert "is recorded at once" rule.name=forbidden event.action=exec
number "and no summary is there" "$(alerts event.action=alert-summary)" -eq 0
denied "the second" exec "$M/bin/forbidden"
is "is counted" 1 "$(counter folded)"
alert "and summed up when the window ends" event.action=alert-summary event.kind=alert yett.count=1 yett.summary.of=exec yett.verdict=deny \
    event.start event.end yett.summary.tree.pid yett.summary.ids "yett.summary.files=$M/bin/forbidden" rule.name=forbidden 'event.reason~1 more like'
matches "yettctl alerts shows it" '1 more like' "$(COLUMNS=200 ctl alerts)"
unfolded
is "the sum is that of the alerts" "$(counter alerts)" "$(told)"

# Two trees, one rule, 20,000 denials.
before=$(counter denied)
began=$(date +%s%N)
setsid -w "$PROG/storm" -n 10000 "$M/bin/forbidden" >"$T/one" & one=$!
setsid -w "$PROG/storm" -n 10000 "$M/bin/forbidden" >"$T/two" & two=$!
wait $one $two
took=$((($(date +%s%N) - began) / 1000000))
is "20,000 are denied" 20000 "$(($(counter denied) - before))"
unfolded
sums=$(alerts event.action=alert-summary)
firsts=$(alerts event.action=exec rule.name=forbidden)
number "in few records: $firsts first ones, $sums summaries, $took ms" "$((firsts + sums))" -le "$((4 * (took / 2000 + 3)))"
is "the sum is that of the alerts, to the last" "$(counter alerts)" "$(told)"
is "nothing was lost" 0 "$(counter reports_lost)"
trees=$(look all "$ALERTS" yett.summary.tree.entity_id event.action=alert-summary 'yett.count>100' | sort -u | wc -l)
is "each tree has its own summaries" 2 "$trees"

# Critical ones: the first of a window all have a record.
for _ in 1 2 3 4 5 6 7 8 9 10; do "$PROG/step" exec "$M/bin/grave" 2>/dev/null; done
settled
is "ten critical denials are ten records" 10 "$(alerts rule.name=grave event.action=exec)"
setsid -w "$PROG/storm" -n 200 "$M/bin/grave" >/dev/null
unfolded
number "but a flood of them is not" "$(alerts rule.name=grave event.action=exec)" -le 74
is "and none is missing" 210 "$(told grave)"

# Whoever is killed: the counts live on.
setsid -w "$PROG/storm" -n 20000 "$M/bin/forbidden" >"$T/three" & three=$!
for room in gate record gate record gate; do
	sleep 0.3
	pid=$(pid_of $room)
	[ "${pid:-0}" -gt 0 ] && kill -9 "$pid"
	other_pid $room "$pid" 10 >/dev/null || not_ok "$room is back" "another than $pid" "$(pid_of $room)"
done
wait $three
unfolded
number "gates were replaced" "$(status processes.gate.restarts)" -ge 2
is "after kills the sum is still that of the alerts" "$(counter alerts)" "$(told)"
lost=$(alerts event.action=alert-lost)
swept=$(counter swept)
number "a denial without an alert was in hand when its gate was killed ($lost told, $swept answered by the warden): such ones" \
    "$(($(counter denied) - $(counter alerts)))" -le "$(status processes.gate.restarts)"

# The end of yettd is the end of all windows.
FOLD=1h
stop
whole
start
for _ in 1 2 3 4 5; do "$PROG/step" exec "$M/bin/forbidden" 2>/dev/null; done
is "four wait" 4 "$(status records.folding)"
stop
alert "the end sums up what waits" event.action=alert-summary yett.count=4
is "no count is lost" 0 "$(alerts event.action=summary-lost)"
whole
finish
