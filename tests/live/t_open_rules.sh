#!/bin/bash
# An open is denied by path and subject, whichever system call asks; neighbours are opened.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

mkdir -p "$M/secret/deep" "$M/public" "$M/pay"
echo secret | tee "$M/secret/key" "$M/secret/deep/key" "$M/public/key" "$M/pay/list" "$M/pay/lists" >/dev/null
chmod -R a+rwX "$M"
put "$PROG/opener" "$M/bin/reader" "$M/bin/opener"

policy open <<END
[policy]
description = Files for one program, and for all but one user

[rule secrets]
on = open
file.path = $M/secret/**
not process.executable = $M/bin/reader
action = deny, alert

[rule payroll]
on = open
file.path = $M/pay/list
user.id = $NOBODY
action = deny, alert
END
start

for way in open openat openat2 uring uring-async handle; do
	for file in key deep/key; do
		exits "$way of secret/$file" "$EPERM" "$PROG/opener" $way read "$M/secret/$file"
	done
	exits "$way by the one program that may" 0 "$M/bin/reader" $way read "$M/secret/key"
	exits "$way of a file elsewhere" 0 "$PROG/opener" $way read "$M/public/key"
done
exits "open for writing" "$EPERM" "$PROG/opener" open write "$M/secret/key"
exits "creat over it" "$EPERM" "$PROG/opener" creat write "$M/secret/key"
exits "another copy of the program is not the one that may" "$EPERM" "$M/bin/opener" openat read "$M/secret/key"
denied "user" "gid=$NOGROUP" "uid=$NOBODY" exec "$M/bin/opener" open read "$M/pay/list"
exits "the same file by root" 0 "$M/bin/opener" open read "$M/pay/list"
allowed "the file beside it by that user" "gid=$NOGROUP" "uid=$NOBODY" exec "$M/bin/opener" open read "$M/pay/lists"

echo new >"$M/pay/new" && mv "$M/pay/new" "$M/pay/list"
denied "the file that took its place" "gid=$NOGROUP" "uid=$NOBODY" exec "$M/bin/opener" open read "$M/pay/list"
mkdir "$M/secret/later"

exits "a new directory below: making a file in it" "$EPERM" "$PROG/opener" creat write "$M/secret/later/key"

alert "the record names file and program" rule.name=secrets "file.path=$M/secret/key" "process.executable=$PROG/opener" event.action=open
alert "the record names the user" rule.name=payroll "user.id=$NOBODY" user.name=nobody "file.path=$M/pay/list"
no_alert "nothing of the neighbours" "file.path=$M/public/key"
stop
whole
finish
