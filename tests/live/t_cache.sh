#!/bin/bash
# Allows that the kernel remembers: an exec of a program that every subject may run asks nobody; and each way in which that could go stale.
# seconds: 180
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

put "$PROG/nop" "$M"/bin/{plain,perm,owner,linked,moved,over,written,cut,mapped,subject,reload,bound} "$M/usr/theirs" "$M/usr/mapped"
chown "$NOBODY" "$M"/usr/*
chmod 777 "$M/usr"
mkdir -p "$M/denied" "$M/mnt"
policy cache <<END
[policy]
description = Objects that are denied for what they are

[rule denied-place]
on = exec
file.path = $M/denied/**
action = deny, alert

[rule open-mode]
on = exec
file.writable_by_others = true
action = deny, alert

[rule of-nobody]
on = exec
file.path = $M/bin/owner
file.uid = $NOBODY
action = deny, alert

[rule subject]
on = exec
process.executable = $M/bin/subject
user.id = $NOBODY
action = deny, alert
END
start
STEP="$PROG/step"

# asked NAME EXPECTED PROGRAM [TIMES]: how many questions that many execs raise
asked() {
	local before i
	before=$(counter exec_asked)
	for ((i = 0; i < ${4-5}; i++)); do "$3" || { not_ok "$1" "it runs" "exit $?"; return; }; done
	is "$1" "$2" "$(($(counter exec_asked) - before))"
}
remembered() { aged "$1" && "$1" && asked "$2: exec asks nobody" 0 "$1"; }

remembered "$M/bin/plain" "a program of root"
number "counted" "$(counter cached)" -ge 1
"$STEP" "gid=$NOGROUP" "uid=$NOBODY" exec "$M/bin/plain"
is "nor for another user" 0 "$?"
asked "a program that a rule denies to some is always asked about" 5 "$M/bin/subject"
exits "and denied to them" "$EPERM" "$STEP" "gid=$NOGROUP" "uid=$NOBODY" exec "$M/bin/subject"

remembered "$M/bin/perm" "before chmod"
chmod o+w "$M/bin/perm"
eventually 5 test "$(counter uncached)" -ge 1
denied "chmod: asked again and denied" exec "$M/bin/perm"
remembered "$M/bin/owner" "before chown"
chown "$NOBODY" "$M/bin/owner"
sleep 0.2
denied "chown: asked again and denied" exec "$M/bin/owner"
remembered "$M/bin/linked" "before link"
ln "$M/bin/linked" "$M/denied/linked"
sleep 0.2
denied "link: the other name is denied" exec "$M/denied/linked"
remembered "$M/bin/moved" "before rename"
mv "$M/bin/moved" "$M/denied/moved"
sleep 0.2
denied "rename: denied at its new place" exec "$M/denied/moved"
mkdir "$M/away"
put "$PROG/nop" "$M/away/carried"
remembered "$M/away/carried" "before its directory is renamed"
mv "$M/away" "$M/denied/away"
sleep 0.2
denied "rename of its directory: denied at its new place" exec "$M/denied/away/carried"
remembered "$M/bin/over" "before it is replaced"
put "$PROG/nop" "$M/bin/new"
chmod o+w "$M/bin/new"
mv "$M/bin/new" "$M/bin/over"
denied "rename over: the new one is denied at once" exec "$M/bin/over"
remembered "$M/bin/written" "before a write"
printf x >>"$M/bin/written"
asked "write: asked again" 1 "$M/bin/written" 1
remembered "$M/bin/cut" "before truncation"
truncate -s 2000 "$M/bin/cut" 2>/dev/null
before=$(counter exec_asked)
"$M/bin/cut" 2>/dev/null
is "truncate: asked again" 1 "$(($(counter exec_asked) - before))"
remembered "$M/bin/bound" "before a bind mount"
: >"$M/denied/bound"
mount --bind "$M/bin/bound" "$M/denied/bound"
runs "bind mount: the same object, whatever it is called" "$M/denied/bound"
umount "$M/denied/bound"

# Files that others may write: only under a lease.
remembered "$M/usr/theirs" "a program of a user"
began=$(date +%s%N)
printf y >>"$M/usr/theirs"
number "its writer waits until exec asks again: ms" "$((($(date +%s%N) - began) / 1000000))" -le 2000
asked "and exec does" 1 "$M/usr/theirs" 1
remembered "$M/usr/mapped" "before a shared mapping"
"$PYTHON" - "$M/usr/mapped" <<'PY'
import mmap, sys
with open(sys.argv[1], "r+b") as f:
    m = mmap.mmap(f.fileno(), 0)
    m[-1:] = m[-1:]
    m.close()
PY
asked "a store into a shared mapping: asked again" 1 "$M/usr/mapped" 1

remembered "$M/bin/reload" "before a reload"
sed -i "s|denied/\*\*|bin/reload|" "$P/cache.ini"
runs "reload" "$B/yettctl" -c "$CONF" reload
denied "reload: what is newly denied is denied" exec "$M/bin/reload"
sed -i "s|bin/reload|denied/**|" "$P/cache.ini"
runs "and back" "$B/yettctl" -c "$CONF" reload
remembered "$M/bin/reload" "before remount"
mount -o remount,noexec "$M"
"$M/bin/reload" 2>/dev/null
is "remount: the kernel's own no comes first" 126 "$?"
mount -o remount,exec "$M"

remembered "$M/usr/theirs" "before the gate dies"
gate=$(pid_of gate)
kill -9 "$gate"
other_pid gate "$gate" 5 >/dev/null
asked "with it go all marks: asked again" 1 "$M/usr/theirs" 1
asked "also those of root's programs" 1 "$M/bin/plain" 1
remembered "$M/bin/plain" "the new gate remembers too"
umount -l "$M/mnt" 2>/dev/null
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
