#!/bin/bash
# Events on files that nobody waits for: what is told of them, by whom, and what correlations make of them.
# seconds: 240
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

mkdir -p "$M"/tree/sub "$M"/dir/sub "$M"/other "$M"/home "$M"/drop
put "$PROG/changer" "$M/bin/changer"
C=$M/bin/changer
chmod -R a+rwX "$M"
echo own >"$M/dir/single"
L=$M/log ALERTS=$M/log/alerts.jsonl
mkdir "$T/stick"
plug() { mount -t tmpfs -o size=8m,mode=1777 yett-test "$T/stick" && mkdir "$T/stick/d"; }
disk=
if command -v mkfs.ext4 >/dev/null && truncate -s 32M "$T/disk" && mkfs.ext4 -q -F "$T/disk" && mount -o loop "$T/disk" "$T/stick"; then
	disk=$(losetup -n -O NAME -j "$T/disk")
	mkdir "$T/stick/d"
else
	echo "  no loop device or mkfs.ext4 here: only tmpfs"
	plug
fi
chown "$NOBODY" "$T/stick"
FILESYSTEMS=$M,$T/stick

rules() { cat <<END
[policy]
description = What happens to files

[rule tree]
on = create, rename, delete, chmod
file.path = $M/tree/**, $T/stick/d/*
action = alert

[rule left-tree]
on = rename
file.previous.path = $M/tree/**
not file.path = $M/tree/**
action = alert

[rule entries]
on = create, delete, rename
file.path = $M/dir/*
action = alert

[rule single]
on = delete, rename, chmod
file.path = $M/dir/single
action = alert

[rule by-name]
on = chmod
file.path = $M/**
file.setuid = true
action = alert

[rule own-log]
on = create, rename, delete, chmod
file.path = $M/log/**
action = alert

[rule of-nobody]
on = create
file.path = $M/other/*
user.id = $NOBODY
action = kill, alert

[rule arrives]
on = create, write, rename
file.path = $M/drop/*

[rule runs]
on = exec
file.path = $M/drop/*

[correlation download-then-exec]
type = temporal_ordered
rules = arrives, runs
group-by = file.path
timespan = 5m
action = deny, alert
severity = high

[rule locks]
on = rename
file.path = $M/home/*.locked

[correlation ransom]
type = event_count
rules = locks
group-by = process.tree
timespan = 10s
condition = gte: 20
action = kill-tree, alert
severity = critical
END
}
rules | policy files
start

# What is told of an act.
"$C" hold=200 create "$M/tree/a"
alert "create: path, program, user" rule.name=tree event.action=create "file.path=$M/tree/a" "process.executable=$C" user.id=0 \
    file.uid=0 file.mode=0644 file.size=0 yett.file.filesystem=tmpfs yett.sensors=files event.category=file event.type=creation
"$C" hold=200 rename "$M/tree/a" "$M/tree/sub/b"
alert "rename: both names" rule.name=tree event.action=rename "file.path=$M/tree/sub/b" "yett.file.previous.path=$M/tree/a" \
    "process.executable=$C"
"$C" hold=200 chmod 4711 "$M/tree/sub/b"
alert "chmod: the new mode" event.action=chmod "file.path=$M/tree/sub/b" file.mode=4711 yett.file.setuid=true
alert "and every rule that it concerns" event.action=chmod yett.matched=by-name yett.matched=tree
"$C" hold=200 delete "$M/tree/sub/b"
alert "delete: what is gone has no attributes" rule.name=tree event.action=delete "file.path=$M/tree/sub/b" "!file.uid" "!file.size"
"$C" mkdir "$M/tree/new" && "$C" create "$M/tree/new/c"
alert "a directory" event.action=create "file.path=$M/tree/new"
alert "and what is in it" event.action=create "file.path=$M/tree/new/c"
"$C" link "$M/tree/new/c" "$M/tree/hard"
alert "a hard link is a new name" event.action=create "file.path=$M/tree/hard" yett.file.links=2
"$C" symlink /nowhere "$M/tree/soft"
alert "a symbolic link is not followed" event.action=create "file.path=$M/tree/soft"
"$C" delete "$M/tree/hard"
alert "a name goes, the file stays: its attributes are told" event.action=delete "file.path=$M/tree/hard" yett.file.links=1
"$C" touch "$M/tree/new/c"
alert "times are attributes" event.action=chmod "file.path=$M/tree/new/c"
"$C" chmod 0700 "$M/tree/new"
alert "the mode of a directory" event.action=chmod "file.path=$M/tree/new" file.mode=0700

# Where rules look.
"$C" create "$M/other/a" && "$C" rename "$M/other/a" "$M/other/b"
"$C" rename "$M/other/b" "$M/tree/in"
alert "renamed into a tree: from where is told" event.action=rename "file.path=$M/tree/in" "yett.file.previous.path=$M/other/b"
"$C" rename "$M/tree/in" "$M/other/out"
alert "renamed out of it" rule.name=left-tree "file.path=$M/other/out" "yett.file.previous.path=$M/tree/in"
"$C" create "$M/dir/e"
alert "an entry of a directory" rule.name=entries event.action=create "file.path=$M/dir/e"
"$C" create "$M/dir/sub/deep"
"$C" rename "$M/dir/e" "$M/dir/sub/e"
"$C" rename "$M/dir/sub/e" "$M/dir/f"
alert "renamed in from below" rule.name=entries event.action=rename "file.path=$M/dir/f"
"$C" chmod 0600 "$M/dir/f"
"$C" chmod 0600 "$M/dir/single"
alert "a single file" rule.name=single event.action=chmod "file.path=$M/dir/single" file.mode=0600
"$C" create "$M/dir/new" && "$C" rename "$M/dir/new" "$M/dir/single"
alert "which is replaced" yett.matched=single event.action=rename "file.path=$M/dir/single" "yett.file.previous.path=$M/dir/new"
"$C" chmod 0640 "$M/dir/single"
alert "and looked at all the same" rule.name=single event.action=chmod "file.path=$M/dir/single" file.mode=0640

# Names that somebody chose to be difficult.
odd=$M/tree/$'new\nline'
"$C" create "$odd"
"$C" create "$M/tree/"$'\xff\xfe"\\'
"$C" create "$M/tree/ (deleted)"
long=$(printf '%0255d' 7)
"$C" mkdir "$M/tree/$long" && "$C" create "$M/tree/$long/$long"
alert "a name with a newline" event.action=create 'file.path~new\nline$'
alert "a name that is not UTF-8" event.action=create 'file.path~\\xff\\xfe"'
alert "a name that looks deleted" event.action=create "file.path=$M/tree/ (deleted)"
alert "the longest names" event.action=create "file.path=$M/tree/$long/$long"

# What goes in one breath: directories are gone before anybody can look where they were.
mkdir -p "$M"/tree/x/y/z && touch "$M"/tree/x/y/z/{1,2,3} && rm -r "$M/tree/x"
for gone in x/y/z/1 x/y/z/3 x/y/z x/y x; do alert "rm -r: $gone" event.action=delete "file.path=$M/tree/$gone"; done
settled
is "nothing was without a place" "0 0" "$(counter files_unplaced) $(counter files_lost)"
no_alert "nothing of what no rule names" "file.path=$M/dir/sub/deep"
no_alert "nor of kinds that it does not" event.action=chmod "file.path=$M/dir/f"
no_alert "nor what yett itself writes" rule.name=own-log

# Who did it.
"$PROG/step" "gid=$NOGROUP" "uid=$NOBODY" exec "$C" hold=5000 create "$M/other/theirs"
is "a rule kills for what was done" 137 "$?"
alert "and says who it was" rule.name=of-nobody "user.id=$NOBODY" user.name=nobody "user.group.id=$NOGROUP"
"$C" create "$M/other/mine" && ok "others may"

# Written by one, run by another.
put "$PROG/nop" "$M/plain" && cp "$M/plain" "$M/drop/got" && chmod 755 "$M/drop/got"
denied "what was written a moment ago is not run" exec "$M/drop/got"
alert "and is told as the correlation" rule.name=download-then-exec event.action=exec "file.path=$M/drop/got" yett.verdict=deny
mv "$M/plain" "$M/drop/moved"
denied "nor what was moved there" exec "$M/drop/moved"
ln "$M/bin/changer" "$M/drop/linked"
denied "nor what was linked there" exec "$M/drop/linked"
for n in $(seq 20); do
	cp "$M/drop/got" "$M/drop/$n"
	"$M/drop/$n" 2>/dev/null && not_ok "run $n at once" "no" "it ran"
done
ok "twenty were run at once after they came, and none ran"
ran=0
for n in $(seq 200); do
	"$C" linkrun "$M/bin/changer" "$M/drop/linkrun$n" 2>/dev/null
	[ $? = "$EPERM" ] || ran=$((ran + 1))
done
is "nor one that is linked there and run in the same breath, of two hundred" 0 "$ran"

# Many at once.
for n in $(seq 200); do echo "text $n" >"$M/home/$n.odt"; done
setsid -w "$C" lock "$M/home" 2000
is "who renames many is killed" 137 "$?"
locked=$(find "$M/home" -name '*.locked' | wc -l)
number "after so many" "$locked" -ge 20
number "and no more than were on their way" "$locked" -le 60
alert "and is told" rule.name=ransom event.action=rename "process.executable=$C" yett.actions=kill-tree

# A file system can be unmounted at any time, also right after something happened on it.
for n in $(seq 10); do "$C" create "$T/stick/d/$n"; done
runs "umount" umount "$T/stick"
alert "what happened there is told" event.action=create "file.path=$T/stick/d/1"
gone() { ctl status --json | grep -q "\"$T/stick\",\"type\":\"none\",\"covered\":false"; }
released() { [ -z "$disk" ] || [ -z "$(losetup -n -O NAME -j "$T/disk")" ]; }
eventually 2 released && ok "its device is free" || not_ok "its device is free" "no user" "$(losetup -j "$T/disk")"
eventually 5 gone && ok "it is covered no more" || not_ok "it is covered no more" "gone" "$(ctl status --json)"
plug
back() { "$C" create "$T/stick/d/again$RANDOM" && sleep 0.2 && [ "$(alerts event.action=create "file.path~stick/d/again")" -gt 0 ]; }
eventually 10 back && ok "another one in its place is told of" || not_ok "another one in its place is told of" "an alert" "none"
runs "and unmounted" umount "$T/stick"

# The gate goes; what happens meanwhile waits for the next.
gate=$(pid_of gate)
kill -STOP "$gate"
"$C" create "$M/tree/while-stopped"
other_pid gate "$gate" 10 >/dev/null
alert "what happened while the gate was stopped" event.action=create "file.path=$M/tree/while-stopped"
gate=$(pid_of gate)
kill -9 "$gate"
other_pid gate "$gate" 10 >/dev/null
"$C" create "$M/tree/after"
alert "and after it was killed" event.action=create "file.path=$M/tree/after"

# In monitor mode the same is told, and nothing is done.
runs "monitor" "$B/yettctl" -c "$CONF" monitor
"$PROG/step" "gid=$NOGROUP" "uid=$NOBODY" exec "$C" hold=100 create "$M/other/monitored"
is "a rule that would kill" 0 "$?"
alert "only tells" rule.name=of-nobody "file.path=$M/other/monitored" yett.mode=monitor
for n in $(seq 20); do
	cat "$M/drop/got" >"$M/drop/$n"
	"$M/drop/$n"
done
settled
is "what was written and is run at once would have been denied" 20 \
    "$(alerts rule.name=download-then-exec yett.mode=monitor yett.would=deny event.action=exec)"
policy files <<END
[policy]
description = Nothing of files

[rule none]
on = fork
user.id = 4000000
action = log
END
runs "reload without rules on files" "$B/yettctl" -c "$CONF" reload
before=$(counter file_events)
eventually 3 test "$(status sensors.files.state)" = unneeded
sleep 0.2
before=$(counter file_events)
"$C" create "$M/tree/unseen" && "$C" create "$M/dir/unseen"
sleep 0.2
is "what no rule asks for is not even heard" 0 "$(($(counter file_events) - before))"
is "no gate was replaced but those that were stopped" 2 "$(counter gate_restarts)"
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
