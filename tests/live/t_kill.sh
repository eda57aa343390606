#!/bin/bash
# What no question is asked about is answered by a signal: programs in memory, trees of processes. Only the guilty die.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

put "$PROG/step" "$M"/bin/{nest,other}
put "$PROG/memfd" "$M/bin/memfd"
put "$PROG/work" "$M"/bin/{miner,worker,payload}
policy kill <<END
[policy]
description = Reactions

[rule memory]
on = exec
process.executable|startswith = /memfd:
process.previous.executable = $M/bin/memfd
action = kill, alert
severity = high

[rule tree]
on = exec
process.executable = $M/bin/miner
process.ancestor.executable = $M/bin/nest
action = deny, kill-tree, alert

[rule suspend]
on = exec
process.executable = $M/bin/payload
action = suspend, alert
END
start

"$M/bin/memfd" "$M/bin/worker" "$T/memory" 5 >/dev/null 2>&1
is "a program in memory is killed" 137 "$?"
if grep -qs finished "$T/memory"; then not_ok "before it finished" "not finished" "$(cat "$T/memory")"; else ok "before it finished"; fi
number "it did little: lines of work" "$(wc -l 2>/dev/null <"$T/memory" || echo 0)" -le 50
alert "and recorded" rule.name=memory 'process.executable~^/memfd:' "process.previous.executable=$M/bin/memfd"
"$M/bin/worker" "$T/disk" 1 &
wait $!
is "the same program on disk lives" 0 "$?"

timeout 20 "$M/bin/nest" fork "$M/bin/other" fork "$M/bin/miner" "$T/mined" 2>/dev/null
status=$?
is "a tree is killed, the eldest with it" 137 "$status"
is "the miner never ran" 1 "$([ -e "$T/mined" ]; echo $?)"
alert "and recorded" rule.name=tree yett.verdict=deny

"$M/bin/payload" "$T/suspended" 5 &
pid=$!
# shellcheck disable=SC2317 # called by name
is_stopped() { grep -q '^State:.T' "/proc/$pid/status"; }
eventually 5 is_stopped && ok "a program is suspended" || not_ok "a program is suspended" T "$(grep State /proc/$pid/status)"
kill -9 $pid
wait $pid 2>/dev/null
number "the signals are counted" "$(counter signalled)" -ge 3
stop
whole
finish
