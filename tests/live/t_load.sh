#!/bin/bash
# A library is refused by its place, whoever loads it and whatever it is called; programs, writers and other files are not taken for one.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

library=$(ldd "$B/yettctl" | sed -n 's/.*=> \(\/[^ ]*libjansson[^ ]*\).*/\1/p')
loader=$(sed -n 's/.* \(\/[^ ]*ld-linux[^ ]*\)$/\1/p' /proc/self/maps | head -n 1)
[ -s "$library" ] && [ -s "$loader" ] || give_up "a library and the loader of this host"
put "$library" "$M/lib/evil.so" "$M/lib/notes.txt" "$M/other/fine.so" "$M/open/seen.so" "$M/lib/written.so"
put /bin/true "$M/lib/program"
echo text >"$M/lib/plain"
printf '\177ELF' >"$M/lib/short"

policy load <<END
[policy]
description = Libraries below one directory

[rule load]
on = load
file.path = $M/lib/**
action = deny, alert

[rule open]
on = open
file.path = $M/open/**
action = alert
END

# dlopen NAME STATUS FILE: 0 it was loaded, 1 it was not
cat >"$T/dlopen.py" <<END
import ctypes, sys
try:
    ctypes.CDLL(sys.argv[1])
except OSError:
    sys.exit(1)
END
dlopen() { exits "$1" "$2" "$PYTHON" -E "$T/dlopen.py" "$3"; }
preload() { LD_PRELOAD=$1 /bin/true 2>&1; }

start
dlopen "dlopen" 1 "$M/lib/evil.so"
dlopen "dlopen of one that is called otherwise" 1 "$M/lib/notes.txt"
matches "LD_PRELOAD" "cannot be preloaded" "$(preload "$M/lib/notes.txt")"
dlopen "dlopen of one elsewhere" 0 "$M/other/fine.so"
is "LD_PRELOAD of one elsewhere" "" "$(preload "$M/other/fine.so")"
ln "$M/lib/evil.so" "$M/lib/linked"
dlopen "dlopen by another name" 1 "$M/lib/linked"
for way in open openat openat2 uring handle; do
	exits "$way for reading, as a library would be" "$EPERM" "$PROG/opener" $way read "$M/lib/evil.so"
done
exits "a program that is made like a library is started" 0 "$M/lib/program"
exits "and is one where the loader is told to load it" 127 "$loader" "$M/lib/program"
exits "who writes loads nothing" 0 "$PROG/opener" openat write "$M/lib/written.so"
exits "a file that is none" 0 "$PROG/opener" openat read "$M/lib/plain"
exits "the beginning of one" 0 "$PROG/opener" openat read "$M/lib/short"
alert "the record says what was loaded, and by whom" rule.name=load event.action=load "file.path=$M/lib/notes.txt" "process.executable=$(readlink -f /bin/true)" \
    yett.verdict=deny yett.sensors=fanotify
settled
is "the program was loaded by the loader only" 1 "$(alerts rule.name=load "file.path=$M/lib/program")"
no_alert "nothing of files that are no library" "file.path=$M/lib/plain"
no_alert "nothing of who wrote" "file.path=$M/lib/written.so"
dlopen "a load is an open" 0 "$M/open/seen.so"
alert "for rules on opens, too" rule.name=open event.action=load "file.path=$M/open/seen.so"
stop

MODE=monitor
start
dlopen "monitor: dlopen" 0 "$M/lib/evil.so"
alert "monitor: would be denied" rule.name=load yett.would=deny yett.verdict=allow "file.path=$M/lib/evil.so"
before=$(alerts rule.name=load "file.path=$M/lib/program")
exits "monitor: a program that is made like a library" 0 "$M/lib/program"
dlopen "monitor: dlopen of the last" 0 "$M/lib/linked"
alert "monitor: the last is told" rule.name=load yett.would=deny "file.path=$M/lib/linked"
is "monitor: the program is no library" "$before" "$(alerts rule.name=load "file.path=$M/lib/program")"
stop
whole
finish
