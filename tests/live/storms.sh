# shellcheck shell=bash
# For the tests that disturb the daemon under a storm of execs. The storm starts in turn a program that is allowed and one that a rule denies.
# storm_begin SECONDS WORKERS; storm_end NAME [LIMIT_MS]

put "$PROG/nop" "$M/bin/allowed" "$M/bin/forbidden"
policy storm <<END
[policy]
description = One program is forbidden

[rule forbidden]
on = exec
process.executable = $M/bin/forbidden
action = deny, alert
END

storm_begin() {
	"$PROG/storm" "$1" "$2" "$M/bin/allowed" "$M/bin/forbidden" >"$T/storm.out" 2>&1 &
	STORM=$!
}

# What must hold whatever happened: nothing forbidden ran, nobody waited longer than the deadline and what a busy machine adds.
storm_end() {
	local out
	wait "$STORM"
	out=$(cat "$T/storm.out")
	number "$1: the storm asked often enough" "$(word denied_refused "$out")" -ge 50
	is "$1: nothing that a rule denies has run" 0 "$(word denied_ran "$out")"
	number "$1: no exec waits longer than the deadline and 3 s (in us)" "$(word longest_us "$out")" -le "$((${2:-2000} * 1000 + 3000000))"
	is "$1: no other errors" 0 "$(word other "$out")"
	number "$1: allowed programs ran" "$(word ran "$out")" -ge 50
	is "$1: and ended well" 0 "$(word bad_status "$out")"
	allowed "$1: afterwards the one runs" exec "$M/bin/allowed"
	denied "$1: and the other does not" exec "$M/bin/forbidden"
}

# replaced ROOM PID NAME SECONDS
replaced() {
	local began ended now
	began=$(date +%s%N)
	if now=$(other_pid "$1" "$2" "$4"); then
		ended=$(date +%s%N)
		ok "$3: $1 is back ($2, now $now, seen after $(((ended - began) / 1000000)) ms)"
	else
		not_ok "$3: $1 is back within $4 s" "another pid than $2" "$(pid_of "$1")"
	fi
}
