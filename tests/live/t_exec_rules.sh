#!/bin/bash
# An exec is denied by each kind of condition, and its nearest neighbour is not.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

put "$PROG/step" "$M"/bin/{forbidden,free,parent,other,child,elder,late,web,shell,tool,hashed,good} "$M"/owned/{his,ours} "$M"/mode/{open,shut}
put "$PROG/nop" "$M/bin/argful"
printf 'another content' >>"$M/bin/hashed"
chown "$NOBODY" "$M/owned/his"
chmod 0777 "$M/mode/open"
put "$(readlink -f /bin/sh)" "$M/bin/sh"
printf '#!%s/bin/sh\nexit 0\n' "$M" >"$M/bin/script"
printf '#!%s/bin/sh\nexit 0\n' "$M" >"$M/bin/scriptlet"
chmod 755 "$M/bin/script" "$M/bin/scriptlet"
ln "$M/bin/hashed" "$M/bin/hashed-link"
HASH=$(sha256sum <"$M/bin/hashed" | cut -d' ' -f1)

policy exec <<END
[policy]
description = One rule for each kind of condition

[list shells]
values = $M/bin/shell, $M/bin/shell2

[rule by-path]
on = exec
process.executable = $M/bin/forbidden
action = deny, alert

[rule by-script]
on = exec
file.path = $M/bin/script
action = deny, alert

[rule by-parent]
on = exec
process.parent.executable = $M/bin/parent
process.executable = $M/bin/child
action = deny, alert

[rule by-ancestor]
on = exec
process.ancestor.executable = $M/bin/elder
process.executable = $M/bin/late
action = deny, alert

[rule by-previous]
on = exec
process.previous.executable = $M/bin/web
process.executable = @shells
action = deny, alert

[rule by-user]
on = exec
process.executable = $M/bin/tool
user.name = nobody
action = deny, alert

[rule by-owner]
on = exec
file.path = $M/owned/*
file.uid = $NOBODY
action = deny, alert

[rule by-mode]
on = exec
file.path = $M/mode/*
file.mode = 0777
action = deny, alert

[rule by-hash]
on = exec
file.hash.sha256 = $HASH
action = deny, alert

[rule by-argv]
on = exec
process.executable = $M/bin/argful
process.args = --evil
action = deny, alert
END
start

for way in exec fork vfork spawn thread; do
	denied "path, by $way" $way "$M/bin/forbidden"
	allowed "another path, by $way" $way "$M/bin/free"
done
denied "a script by its path" exec "$M/bin/script"
allowed "another script with the same interpreter" exec "$M/bin/scriptlet"

for way in fork vfork spawn; do
	exits "parent, by $way" "$EPERM" "$M/bin/parent" $way "$M/bin/child"
	exits "the same child of another parent, by $way" 0 "$M/bin/other" $way "$M/bin/child"
done
exits "what was the program itself is no parent" 0 "$M/bin/parent" exec "$M/bin/child"

exits "ancestor, as a parent" "$EPERM" "$M/bin/elder" fork "$M/bin/late"
exits "ancestor, three processes up" "$EPERM" "$M/bin/elder" fork "$M/bin/other" fork "$M/bin/free" fork "$M/bin/late"
exits "ancestor, after the process between is gone" "$EPERM" "$M/bin/elder" orphan "$M/bin/late"
exits "no such ancestor" 0 "$M/bin/other" fork "$M/bin/free" fork "$M/bin/late"

exits "previous program, in the same process" "$EPERM" "$M/bin/web" exec "$M/bin/shell"
exits "previous program, by fork and exec" "$EPERM" "$M/bin/web" fork "$M/bin/shell"
exits "previous program, from another thread" "$EPERM" "$M/bin/web" thread "$M/bin/shell"
exits "another previous program" 0 "$M/bin/other" fork "$M/bin/shell"
exits "the same previous program and another new one" 0 "$M/bin/web" fork "$M/bin/free"

denied "user" "gid=$NOGROUP" "uid=$NOBODY" exec "$M/bin/tool"
allowed "the same program by root" exec "$M/bin/tool"
allowed "another program by the same user" "gid=$NOGROUP" "uid=$NOBODY" exec "$M/bin/free"

denied "owner of the file" exec "$M/owned/his"
allowed "root's file beside it" exec "$M/owned/ours"
chown "$NOBODY" "$M/owned/ours"
denied "the same file once it belongs to him" exec "$M/owned/ours"

denied "mode of the file" exec "$M/mode/open"
allowed "the file with another mode beside it" exec "$M/mode/shut"
chmod 0777 "$M/mode/shut"
denied "the same file once it has that mode" exec "$M/mode/shut"

denied "SHA-256" exec "$M/bin/hashed"
denied "SHA-256, a second time" exec "$M/bin/hashed"
denied "SHA-256, under another name" exec "$M/bin/hashed-link"
put "$M/bin/hashed" "$M/bin/copy"
denied "SHA-256, a copy" exec "$M/bin/copy"
allowed "another content" exec "$M/bin/good"
printf 'x' >>"$M/bin/copy"
allowed "the copy after one more byte" exec "$M/bin/copy"

denied "argument" exec "$M/bin/argful" --evil
denied "argument, not the first" exec "$M/bin/argful" a b c --evil
denied "argument, by vfork" vfork "$M/bin/argful" --evil
allowed "other arguments" exec "$M/bin/argful" --evil-not
allowed "no arguments" exec "$M/bin/argful"

for rule in path script parent ancestor previous user owner mode hash argv; do
	alert "the record of by-$rule" "rule.name=by-$rule" yett.verdict=deny event.outcome=failure
done
no_alert "nothing else is recorded as denied" yett.verdict=deny '!rule.name'
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
