#!/bin/bash
# How often yett is woken, counted and not timed: never for the exec of a program that the kernel remembers, never for the open of a file that
# no rule names; and a content is hashed once.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

N=500
put "$PROG/nop" "$M/bin/known" "$M/bin/subject" "$M/bin/other"
for n in 1 2 3 4; do put "$PROG/nop" "$M/hashed/$n" && printf '%s' $n >>"$M/hashed/$n"; done
mkdir "$M/named" "$M/free"
for f in "$M/named/file" "$M/free/file" "$M/free/other"; do echo x >"$f"; done
policy wakeups <<END
[policy]
description = One program that hangs on who starts it, one directory, one content

[rule subject]
on = exec
file.path = $M/bin/subject
user.id = $NOBODY
action = deny, alert

[rule named]
on = open
file.path = $M/named/*
user.id = $NOBODY
action = deny, alert

[rule content]
on = exec
file.path = $M/hashed/*
file.hash.sha256 = $(printf 'no file has this' | sha256sum | cut -d' ' -f1)
action = deny, alert
END
start
aged "$M"/bin/* "$M"/hashed/*

# rose NAME EXPECTED COUNTER COMMAND...: by how much the command raised the counter
rose() {
	local name=$1 want=$2 which=$3 before
	shift 3
	before=$(counter "$which")
	"$@" || { not_ok "$name" "the command succeeds" "exit $?"; return; }
	is "$name" "$want" "$(($(counter "$which") - before))"
}
# execs PROGRAM TIMES
execs() { [ "$(word ran "$("$PROG/storm" -n "$2" "$1")")" = "$2" ]; }
# together PROGRAM TIMES HOW_MANY: so many at the same time
together() {
	local i pids=() bad=0
	for ((i = 0; i < $3; i++)); do
		execs "$1" "$2" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || bad=1; done
	return $bad
}
# opens FILE TIMES: by the shell itself, so that no program is started
opens() {
	local i
	for ((i = 0; i < $2; i++)); do : <"$1" || return 1; done
}
reads() { for ((i = 0; i < $1; i++)); do cat "$M"/free/* >"$T/read" || return 1; done; }
writes() { for ((i = 0; i < $1; i++)); do echo $i >>"$M/free/file" && echo $i >"$M/free/new$i" || return 1; done; }

rose "the first exec of a program asks once" 1 exec_asked execs "$M/bin/known" 1
rose "and $N more ask nobody" 0 exec_asked execs "$M/bin/known" $N
heard=$(counter proc_events)
rose "nor do execs by two at a time" 0 exec_asked together "$M/bin/known" $N 2
number "the gate lives and hears of them" $(($(counter proc_events) - heard)) -ge $((2 * N))
rose "where a rule hangs on the user, each exec asks once" 20 exec_asked execs "$M/bin/subject" 20
rose "an exec asks nothing as an open" 0 open_asked execs "$M/bin/subject" 20

rose "opens of a file that no rule names" 0 open_asked opens "$M/free/file" $N
rose "programs that read such files" 0 open_asked reads 20
rose "files that are created and appended to" 0 open_asked writes 100
rose "opens of a file that a rule names ask each time" 20 open_asked opens "$M/named/file" 20
rose "and are no execs" 0 exec_asked opens "$M/named/file" 20

rose "a program is hashed at its first exec" 1 scans execs "$M/hashed/1" 1
rose "and at no other" 0 scans execs "$M/hashed/1" $N
rose "which asks nobody" 0 exec_asked execs "$M/hashed/1" $N
rose "another program, at its first" 1 scans execs "$M/hashed/2" 20
# A change to any remembered program makes exec ask about all of them once more: then the hash is known.
flushes=$(counter uncached)
chmod g+x "$M/bin/known"
# shellcheck disable=SC2317 # called by name
test_flushed() { [ "$(counter uncached)" -gt "$flushes" ]; }
eventually 5 test_flushed && ok "a change is heard of" || not_ok "a change is heard of" "all are asked about again" "$(counter uncached)"
hits=$(counter hash_hits)
rose "asked about again, it is not hashed again" 0 scans execs "$M/hashed/1" 20
is "its hash was known" 1 $(($(counter hash_hits) - hits))
rose "eight who start a new program at the same time: one hash" 1 scans together "$M/hashed/3" 1 8
rose "rewritten: one more" 1 scans eval "printf x >>'$M/hashed/2'; execs '$M/hashed/2' 20"
rose "programs outside of the rule's place: none" 0 scans execs "$M/bin/other" 20
is "no deadline passed" 0 "$(counter deadline)"
is "no gate was replaced" 0 "$(counter gate_restarts)"
stop
is "yettd ends well" 0 "$STATUS"
whole

# Watching is no more work than guarding.
MODE=monitor
start
aged "$M/bin/known"	# its rights were changed above
rose "monitor: the first exec is told once" 1 exec_asked execs "$M/bin/known" 1
rose "monitor: $N more wake nobody" 0 exec_asked execs "$M/bin/known" $N
rose "monitor: opens of a file that no rule names" 0 open_asked opens "$M/free/file" $N
rose "monitor: a program is hashed once" 1 scans eval "execs '$M/hashed/4' 20; sleep 0.5"
stop
whole
finish
