#!/bin/bash
# What yettctl doctor says of a real yettd: with audit off and on, with all telemetry and none, of file systems that are not gated.
# seconds: 180
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

audit_needed
shipped=$LIVE/../../policies
mkdir -p "$T/etc" && mount -t tmpfs -o size=16m,mode=0755 yett-test "$T/etc" && cp -a /etc/. "$T/etc/" && mount --move "$T/etc" /etc ||
	give_up "an /etc of its own"
[ "$(stat -f -c %T /etc)" = tmpfs ] || give_up "/etc is not the test's own"
mkdir -p "$T/pts" && mount -t devpts -o newinstance yett-test "$T/pts" || give_up "a file system without files"

# consult NAME STATUS: doctor, as JSON
consult() {
	local got
	ctl --json doctor >"$T/doctor" 2>"$T/doctor.err"
	got=$?
	is "$1: exit status" "$2" "$got"
}
# row NUMBER FIELD, switch NAME FIELD, in_vain
row() { "$PYTHON" -c 'import json, sys; d = json.load(open(sys.argv[1])); print([r for r in d["rows"] if r["number"] == int(sys.argv[2])][0][sys.argv[3]])' "$T/doctor" "$@"; }
switch() { "$PYTHON" -c 'import json, sys; d = json.load(open(sys.argv[1])); print([s for s in d["switches"] if s["name"] == sys.argv[2]][0][sys.argv[3]])' "$T/doctor" "$@"; }
in_vain() { "$PYTHON" -c 'import json, sys; print(" ".join(sorted(a["name"] for a in json.load(open(sys.argv[1]))["asked_dark"])))' "$T/doctor"; }

conf
consult "without a daemon" 4
matches "it says so" 'not running' "$(cat "$T/doctor.err")"

AUDIT=off
start
consult "audit off, no rule" 0
is "what audit tells is dark" "dark" "$(row 10 state)"
is "and says why" "[audit] mode = off" "$(row 10 why)"
is "what others tell is not asked for" "unasked" "$(row 3 state)"
is "accounts are dark where /etc is not gated" "/etc is on a file system that is not gated" "$(row 14 why)"
is "yett tells of itself" "lit" "$(row 27 state)"
is "nobody asks in vain" "" "$(in_vain)"
number "no line is longer than 80 columns" "$(ctl doctor | awk '{ if (length > most) most = length } END { print most + 0 }')" -le 80

ln -s "$shipped"/telemetry.ini "$shipped"/telemetry/telemetry-all.ini "$P/"
runs "all telemetry" "$B/yettctl" -c "$CONF" reload
consult "audit off, all telemetry" 1
is "files that are made are recorded" "lit True" "$(row 3 state) $(row 3 all)"
matches "but not those elsewhere" 'filesystems does not name' "$(row 3 misses)"
is "connections are asked for in vain" "dark" "$(row 10 state)"
matches "and told to be" '(^| )connect( |$)' "$(in_vain)"
matches "accounts, too" '(^| )account( |$)' "$(in_vain)"
stop

AUDIT=auto FILESYSTEMS=$M,/etc OWN_MOUNTS=1
start
consult "audit on, /etc gated, all telemetry" 0
for n in 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 20 21 22 23 24 25 26 27 28 30 34; do
	is "row $n is lit" "lit" "$(row $n state)"
	is "row $n: all of it" "True" "$(row $n all)"
done
matches "row 10 names the rules" 'telemetry-connect.*telemetry-accept|telemetry-accept.*telemetry-connect' "$(row 10 rules)"
is "programs that start are not asked for" "unasked" "$(row 1 state)"
is "and what would ask is said" "telemetry/telemetry-programs.ini" "$(row 1 light)"
ln -s "$shipped/telemetry/telemetry-programs.ini" "$P/"
runs "that is linked" "$B/yettctl" -c "$CONF" reload
consult "with programs" 0
is "programs that start are recorded" "lit True" "$(row 1 state) $(row 1 all)"
rm "$P"/telemetry*
policy one <<END
[policy]
description = One rule
[rule one]
on = connect
destination.port = 23
action = alert
END
runs "only one rule" "$B/yettctl" -c "$CONF" reload
consult "one rule" 0
is "its row is lit in part" "lit False ['one']" "$(row 10 state) $(row 10 all) $(row 10 rules)"
is "audit works for what nobody asks" "unasked" "$(row 23 state)"
stop

FILESYSTEMS=$M,$T/pts
start
policy files <<END
[policy]
description = Files
[rule made]
on = create
file.path|exists = true
action = log
END
runs "a rule on files" "$B/yettctl" -c "$CONF" reload
consult "a file system that cannot be gated" 0
matches "is named" "files on $T/pts: holds no files" "$(row 3 misses)"
stop

# The switches, by what is run from /dev/shm.
mount -t tmpfs -o size=16m,mode=1777 yett-test /dev/shm || give_up "a /dev/shm of its own"
cp "$(command -v sleep)" /dev/shm/yett-sleeper
/dev/shm/yett-sleeper 60 &
sleeper=$!
# shellcheck disable=SC2317 # called by name
runs_there() { [ "$(readlink "/proc/$sleeper/exe")" = /dev/shm/yett-sleeper ]; }
eventually 5 runs_there
consult "a program runs from /dev/shm" 4
is "which may be run from" "open" "$(switch /dev/shm state)"
matches "who is affected is named" "'pid': $sleeper, 'name': 'yett-sleeper'" "$(switch /dev/shm processes)"
is "and the command" "mount -o remount,noexec /dev/shm" "$(switch /dev/shm command)"
kill "$sleeper"
wait "$sleeper" 2>/dev/null
mount -o remount,noexec /dev/shm
consult "it is remounted" 4
is "now it is closed" "closed noexec" "$(switch /dev/shm state) $(switch /dev/shm now)"
finish
