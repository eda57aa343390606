#!/bin/bash
# A file that may be read by all and written by one: every way of opening for writing is denied, every way of reading is not.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

mkdir -p "$M/etc"
echo original >"$M/etc/conf"
echo original >"$M/etc/other"
chmod 666 "$M"/etc/*
put "$PROG/opener" "$M/bin/editor"

policy write <<END
[policy]
description = A protected file

[rule protected]
on = write
file.path = $M/etc/conf
not process.executable = $M/bin/editor
action = deny, alert
END
start

for way in open openat openat2 uring uring-async handle; do
	exits "$way for reading" 0 "$PROG/opener" $way read "$M/etc/conf"
	for access in write rdwr trunc append; do
		exits "$way for $access" "$EPERM" "$PROG/opener" $way $access "$M/etc/conf"
	done
	exits "$way for writing of the file beside it" 0 "$PROG/opener" $way rdwr "$M/etc/other"
done
exits "creat" "$EPERM" "$PROG/opener" creat write "$M/etc/conf"
is "the content was never touched" original "$(cat "$M/etc/conf")"
exits "the editor may write" 0 "$M/bin/editor" openat2 append "$M/etc/conf"
is "and did" originalx "$(tr -d '\n' <"$M/etc/conf")"

# While somebody who may write has it open, a reader is still known for one.
coproc HOLD { "$M/bin/editor" hold append "$M/etc/conf"; }
HOLDER=$HOLD_PID
read -r -t 10 -u "${HOLD[0]}" said
is "a writer holds it" holding "$said"
exits "reading meanwhile, by open" 0 "$PROG/opener" open read "$M/etc/conf"
exits "reading meanwhile, by openat" 0 "$PROG/opener" openat read "$M/etc/conf"
exits "writing meanwhile" "$EPERM" "$PROG/opener" openat append "$M/etc/conf"
kill "$HOLDER" 2>/dev/null
wait "$HOLDER" 2>/dev/null

alert "a record of kind write" rule.name=protected "file.path=$M/etc/conf" event.action=write yett.verdict=deny
no_alert "nobody was denied reading" event.action=open yett.verdict=deny
stop
whole
finish
