#!/bin/bash
# All that a host does on record while it does as much as it can: processes for ten seconds, 10,000 connections, 100,000 events on files.
# Each act is on record, or its loss is counted and on record; and the memory of yett is what it was, but for the tree.
# seconds: 300
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

audit_needed
SHIPPED=$LIVE/../../policies EVENTS=$L/events.jsonl
put "$PROG/nop" "$M/bin/nop"
put "$PROG/acts" "$M/bin/actor"
put "$PROG/changer" "$M/bin/changer"
mkdir "$M/files"
cp "$SHIPPED"/telemetry.ini "$SHIPPED"/telemetry/*.ini "$P"
AUDIT=auto SYNC=batch
start
# What is touched for the first time in a storm stays: what grows shows in the next.
"$PROG/storm" 2 2 "$M/bin/nop" "$M/bin/nop" >/dev/null
"$M/bin/actor" connect-many 9 3000
"$M/bin/changer" many 12000 "$M/files"
settled

memory() {
	local room sum=0
	for room in warden gate watch scan record; do
		sum=$((sum + $(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(pid_of "$room")/status")))
	done
	echo "$sum"
}
# told ACTION PROGRAM: how many records; the log has hundreds of thousands
told() { grep -F "\"action\":\"$1\"" "$EVENTS" | grep -cF "\"executable\":\"$M/bin/$2\""; }
losses() {
	local name sum=0
	for name in "$@"; do sum=$((sum + $(counter "$name"))); done
	echo "$sum"
}
# quiet ACTION PROGRAM: no more of it comes
quiet() {
	local n=-1
	until [ "$n" = "$(told "$@")" ]; do
		n=$(told "$@")
		settled
		sleep 0.5
	done
}
# accounted NAME DONE BEFORE LOST ACTION PROGRAM COUNTER...: all that was done is told since, or what is lost rose
accounted() {
	local name=$1 done=$2 before=$3 lost=$4 action=$5 program=$6 now
	shift 6
	quiet "$action" "$program"
	now=$(($(told "$action" "$program") - before))
	if [ "$now" -ge "$done" ]; then
		ok "$name: all $done are told"
	elif [ "$(losses "$@")" -gt "$lost" ]; then
		ok "$name: $now of $done are told, and that some are lost"
	else
		not_ok "$name" "$done told, or a loss that is counted" "$now"
	fi
}
before=$(memory)
of_processes="notes_lost started_overflow proc_lost reports_lost"
of_files="files_lost reports_lost"
of_audit="audit_lost audit_broken events_lost reports_lost"

# shellcheck disable=SC2086 # names
lost=$(losses $of_processes)
starts=$(told start nop) ends=$(told exit nop)
tally=$("$PROG/storm" 10 2 "$M/bin/nop" "$M/bin/nop")
ran=$(($(word ran "$tally") + $(word denied_ran "$tally")))
# shellcheck disable=SC2086 # names
{
	accounted "programs that start, $((ran / 10)) a second" "$ran" "$starts" "$lost" start nop $of_processes
	accounted "and end" "$ran" "$ends" "$lost" exit nop $of_processes
}

# shellcheck disable=SC2086 # names
lost=$(losses $of_audit)
met=$(told connect actor)
does "10,000 connections" "$M/bin/actor" connect-many 9 10000
# shellcheck disable=SC2086 # names
accounted "connections" 10000 "$met" "$lost" connect actor $of_audit

# shellcheck disable=SC2086 # names
lost=$(losses $of_files)
made=$(told create changer) gone=$(told delete changer)
does "34,000 files are made, written and removed: 102,000 events" "$M/bin/changer" many 34000 "$M/files"
# shellcheck disable=SC2086 # names
{
	accounted "files that are made" 34000 "$made" "$lost" create changer $of_files
	accounted "and removed" 34000 "$gone" "$lost" delete changer $of_files
}
after=$(memory)
# The tree remembers who has ended, 65,536 of them at most, in 256 bytes each: until it is full it grows by these.
number "the memory is what it was, $before kB, and what the tree remembers" "$after" -le $((before + 4096 + ran / 4))
is "no gate was replaced" 0 "$(counter gate_restarts)"
# action COUNTER: of the state record that tells its loss
action() { sed -n "s/^LOSS($(sed -n "s/^COUNTER(\([A-Z_]*\),.*\"$1\".*/\1/p" "$LIVE/../../src/wire/counter.def"),[^\"]*\"\([a-z-]*\)\".*/\1/p" "$LIVE/../../src/wire/loss.def"; }
# shellcheck disable=SC2086 # names
for name in $of_processes $of_files $of_audit; do
	[ "$(counter "$name")" -eq 0 ] || alert "what was lost is on record: $name" "event.action=$(action "$name")"
done
stop
whole
is "audit is as it was" "$AUDIT_WAS" "$("$PROG/auditstate")"
finish
