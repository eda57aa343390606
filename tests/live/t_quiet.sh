#!/bin/bash
# Neighbours of a file that a rule names ask until they turn out to be busy; then they are quiet, also where a rule hears of all scripts that
# are started; and each way in which that could go stale.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
mkdir -p "$M/etc"
for f in cache perm moved linked written reload theirs; do echo "$f" >"$M/etc/$f"; done
chown "$NOBODY" "$M/etc/theirs"
policy quiet <<END
[policy]
description = A file that is not there yet

[rule preload]
on = write
file.path = $M/etc/preload
action = deny, alert

[rule secret]
on = open
file.path = $M/etc/secret
process.executable = $M/bin/reader
action = deny, alert

[rule every-script-that-is-started]
on = script
not process.pid = -1
action = log
END
put "$PROG/opener" "$M/bin/reader"
start
# opens NAME EXPECTED FILE: how many of ten opens ask
opens() {
	local before i
	aged "$3"
	before=$(counter open_asked)
	for ((i = 0; i < 10; i++)); do "$PROG/opener" open read "$3" >/dev/null || { not_ok "$1" "it opens" "exit $?"; return; }; done
	is "$1" "$2" "$(($(counter open_asked) - before))"
}
opens "a busy neighbour asks twice and is quiet" 2 "$M/etc/cache"
opens "and stays so" 0 "$M/etc/cache"
opens "what others than root may write goes on asking" 10 "$M/etc/theirs"
exits "what is not there yet is denied when it is made" "$EPERM" "$PROG/opener" creat write "$M/etc/preload"
opens "before a write" 2 "$M/etc/written"
echo more >>"$M/etc/written"
before=$(counter open_asked)
"$PROG/opener" open read "$M/etc/written" >/dev/null
number "a write: asks again" "$(($(counter open_asked) - before))" -ge 1
opens "before a rename" 2 "$M/etc/moved"
mv "$M/etc/moved" "$M/etc/secret"
sleep 0.2
exits "renamed to the name of a rule: denied" "$EPERM" "$M/bin/reader" open read "$M/etc/secret"
opens "before a link" 2 "$M/etc/linked"
ln -f "$M/etc/linked" "$M/etc/secret"
sleep 0.2
exits "linked to the name of a rule: denied" "$EPERM" "$M/bin/reader" open read "$M/etc/secret"
opens "before a reload" 2 "$M/etc/reload"
sed -i "s|etc/secret|etc/reload|" "$P/quiet.ini"
runs "reload" "$B/yettctl" -c "$CONF" reload
exits "newly named: denied" "$EPERM" "$M/bin/reader" open read "$M/etc/reload"
opens "before the gate dies: known to be busy, it asks once" 1 "$M/etc/cache"
gate=$(pid_of gate)
kill -9 "$gate"
other_pid gate "$gate" 5 >/dev/null
opens "with it go all: asks twice and is quiet" 2 "$M/etc/cache"
number "they are counted" "$(counter quiet)" -ge 4
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
