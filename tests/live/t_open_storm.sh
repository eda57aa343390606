#!/bin/bash
# 1,500 threads that open files below a watched directory do not slow an exec elsewhere: opens and execs have a queue each.
# seconds: 240
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

put "$PROG/nop" "$M/elsewhere/nop"
mkdir -p "$M/watched" "$M/unwatched"
for n in $(seq 64); do echo "$n" | tee "$M/watched/$n" >"$M/unwatched/$n"; done
policy opens <<END
[policy]
description = Every open below one directory is asked for

[rule watched]
on = open
file.path = $M/watched/*
process.executable = $M/nobody-at-all
action = deny, alert
END
DEADLINE=10s
start

# execs N: on the cpu that the openers leave free
execs() { taskset -c 0 "$PROG/storm" -n "$1" "$M/elsewhere/nop"; }

# storm DIRECTORY EXECS: learns the middle wait for an exec meanwhile
storm() {
	local said out
	coproc OPENS { exec "$PROG/openstorm" 1500 "$1"; }
	local pid=$OPENS_PID in=${OPENS[1]} from
	exec {from}<&"${OPENS[0]}"	# the shell closes its own when the storm has ended
	read -r -t 60 -u "$from" said
	[ "$said" = running ] || { kill -9 "$pid"; return 1; }
	out=$(execs "$2")
	exec {in}>&-
	read -r -t 60 -u "$from" TALLY
	exec {from}<&-
	wait "$pid" 2>/dev/null
	EXECS=$out
}

# What else the machine does only adds: the best of three rounds is what the queues cost.
ratio=1000000
for round in 1 2 3; do
	[ "$ratio" -gt 200 ] || break
	quiet=$(execs 200)
	asked=$(counter open_asked)
	if storm "$M/watched" 200; then ok "round $round: 1,500 threads open"; else not_ok "round $round: 1,500 threads open" running nothing; fi
	under=$EXECS
	is "round $round: each exec ran" 200 "$(word ran "$under")"
	is "round $round: no open failed" 0 "$(word failed "$TALLY")"
	number "round $round: the opens were asked for" "$(($(counter open_asked) - asked))" -ge 1500
	ratio=$(($(word middle_us "$under") * 100 / $(word middle_us "$quiet")))
done
storm "$M/unwatched" 5
plain=$EXECS
echo "  middle wait for an exec: quiet $(word middle_us "$quiet") us, under watched opens $(word middle_us "$under") us," \
    "under unwatched opens $(word middle_us "$plain") us; longest under watched opens $(word longest_us "$under") us"
number "an exec takes at most twice as long as in quiet, in per cent" "$ratio" -le 200
number "the longest, in us" "$(word longest_us "$under")" -le 2000000
is "no deadline passed" 0 "$(counter deadline)"
stop
finish
