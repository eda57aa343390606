#!/bin/bash
# Rules on start: what runs is told after the fact, by its name also if it ends at once and although the kernel need not ask about it.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

N=500 EVENTS=$L/events.jsonl
put "$PROG/nop" "$M/bin/short" "$M/bin/other"
put /bin/sh "$M/bin/sh"
put /bin/sleep "$M/bin/sleep"
printf '#!%s/bin/sh\nexit 0\n' "$M" >"$M/bin/script"
chmod 755 "$M/bin/script"
policy start <<END
[policy]
description = What starts
[rule started]
on = start
process.executable = $M/bin/**
action = log
[rule chained]
on = start
process.executable = $M/bin/sleep
process.previous.executable = $M/bin/sh
process.args = 30
action = kill, alert
END
start
aged "$M"/bin/*
told() { look count "$EVENTS" event.action=start "$@"; }
# told_of NAME COUNT COND...: that many, and no more
told_of() {
	local name=$1 want=$2
	shift 2
	eventually 10 told_is "$want" "$@"
	settled
	is "$name" "$want" "$(told "$@")"
}
# shellcheck disable=SC2317 # called by name
told_is() { [ "$(shift; told "$@")" = "$1" ]; }

"$PROG/storm" -n 1 "$M/bin/short" >/dev/null
before=$(counter exec_asked)
is "$N programs that end at once" $N "$(word ran "$("$PROG/storm" -n $N "$M/bin/short")")"
is "the kernel asked about none of them" 0 "$(($(counter exec_asked) - before))"
told_of "each is told by its name" $((N + 1)) "process.executable=$M/bin/short" 'process.parent.executable~/storm$'
is "and by what fanotify and the connector saw alike" $((N + 1)) "$(told "process.executable=$M/bin/short" 'yett.sensors=fanotify proc')"
is "with the file" $((N + 1)) "$(told "file.path=$M/bin/short" "file.inode=$(stat -c %i "$M/bin/short")")"
"$M/bin/script"
told_of "a script is told by its interpreter" 1 "process.executable=$M/bin/sh"
"$M/bin/sh" -c "exec $M/bin/sleep 30" 2>/dev/null
is "who is told of after the fact is killed" 137 $?
alert "with its arguments and what was before" rule.name=chained "process.executable=$M/bin/sleep" "process.previous.executable=$M/bin/sh" \
    "process.args=$M/bin/sleep 30"
told_of "the shell before it is told too" 2 "process.executable=$M/bin/sh"
is "no name was lost" 0 "$(counter started_overflow)"

policy start <<END
[policy]
description = Nothing that starts
[rule other]
on = exec
file.path = $M/bin/other
user.id = 12345
action = deny
END
runs "reload" "$B/yettctl" -c "$CONF" reload
"$M/bin/short"
"$M/bin/other"
settled
is "what no rule asks for is not told" $((N + 1)) "$(told "process.executable=$M/bin/short")"
stop
whole
finish
