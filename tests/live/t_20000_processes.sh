#!/bin/bash
# 20,000 processes at once: the tree keeps the living, rules that look at ancestors hold, nothing waits, nothing is lost unsaid.
# seconds: 240
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

N=20000
[ "$(cat /proc/sys/kernel/pid_max)" -ge $((N + 5000)) ] || N=$(($(cat /proc/sys/kernel/pid_max) * 2 / 3))
free=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
[ "$free" -ge $((N / 20)) ] || skip "$N processes need $((N / 20)) MB of memory, $free are free"
put "$PROG/step" "$M"/bin/{elder,late,other}
put "$PROG/nop" "$M/bin/forbidden" "$M/bin/allowed"
policy many <<END
[policy]
description = By ancestor

[rule late]
on = exec
process.ancestor.executable = $M/bin/elder
process.executable = $M/bin/late
action = deny, alert

[rule forbidden]
on = exec
process.executable = $M/bin/forbidden
action = deny, alert
END
start

# A deep chain that is there before the crowd.
coproc DEEP { exec "$M/bin/elder" fork "$M/bin/other" fork "$M/bin/other" fork /bin/sh -c "read -r go; exec $M/bin/late"; }
deep=$DEEP_PID go=${DEEP[1]}
coproc CROWD { exec "$PROG/many" $N; }
crowd=$CROWD_PID end=${CROWD[1]} from=${CROWD[0]}
read -r -t 120 -u "$from" said
is "$N processes live" "started=$N" "$said"
denied "a forbidden program among them" exec "$M/bin/forbidden"
exits "an ancestor's rule for newcomers" "$EPERM" "$M/bin/elder" fork "$M/bin/other" fork "$M/bin/late"
echo >&"$go"
wait "$deep"
is "an ancestor's rule for a chain older than the crowd" 126 "$?"
out=$(timeout 100 "$PROG/storm" 5 4 "$M/bin/allowed" "$M/bin/forbidden")
is "a storm of execs meanwhile: nothing forbidden ran" 0 "$(word denied_ran "$out")"
number "the longest wait in us" "$(word longest_us "$out")" -le 5000000
nodes=$(ctl status --json | look field counters.tree_full)
is "every process has its place in the tree" 0 "$nodes"
is "no deadline passed" 0 "$(counter deadline)"
exec {end}>&-
wait "$crowd"
is "the crowd goes" 0 "$?"

# As many come and go as fast as they can; the memory of the dead does not displace the living.
"$PROG/many" -f 8 >"$T/flood" & flood=$!
exits "while processes come and go: the ancestor's rule" "$EPERM" "$M/bin/elder" hold=3000 fork "$M/bin/other" hold=2000 fork "$M/bin/late"
wait $flood
number "$(cat "$T/flood")" "$(word forked "$(cat "$T/flood")")" -ge "$N"
denied "afterwards" exec "$M/bin/forbidden"
lost=$(counter proc_lost)
# A loss may happen; then it is recorded.
if [ "$lost" -gt 0 ]; then alert "$lost losses of the proc connector are recorded" event.action=proc-lost; else ok "no process event was lost"; fi
is "no gate was replaced" 0 "$(counter gate_restarts)"
stop
whole
finish
