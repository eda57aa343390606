#!/bin/bash
# The text of a script is seen when it is started, and where rules name a place when an interpreter opens it; a rule ends it by its text.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

# script FILE LINES...
script() {
	local file=$1
	shift
	mkdir -p "$(dirname "$file")"
	printf '%s\n' "$@" >"$file"
	chmod 755 "$file"
}
script "$M/bin/bad" '#!/bin/sh' "touch $T/bad" 'exec 3<>/dev/tcp/192.0.2.1/1'
script "$M/bin/good" '#!/bin/sh' "touch $T/good"
script "$M/bin/long" '#!/bin/sh' "$(yes '# padding' | head -n 2000)" 'echo /dev/tcp/'
script "$M/drop/opened" "touch $T/opened" '# /dev/tcp/192.0.2.1/1'
script "$M/drop/also.py" 'x = 1 # /dev/tcp/'
script "$M/else/opened" '# /dev/tcp/192.0.2.1/1'
cp "$PROG/nop" "$M/drop/binary"
printf 'a\0# /dev/tcp/' >"$M/drop/data"
printf 'bytes \377\376 /dev/tcp/\n' >"$M/drop/bytes"
policy script <<END
[policy]
description = By what scripts say

[rule tcp]
on = script
script.text|contains = /dev/tcp/
not file.path = $M/drop/*
action = kill, alert

[rule drop]
on = script
file.path = $M/drop/*
script.text|contains = /dev/tcp/
action = alert

[rule exact]
on = script
file.path = $M/bin/good
file.hash.sha256 = $(sha256sum "$M/bin/good" | cut -d' ' -f1)
action = alert
END
aged "$M/bin/good" "$M/bin/bad" "$PROG/nop"
start
exits "a script with a bad text is ended before it runs" 137 "$M/bin/bad"
is "it did nothing" "" "$(ls "$T/bad" 2>/dev/null)"
alert "the record has its text" rule.name=tcp event.action=script "file.path=$M/bin/bad" "process.executable=$M/bin/bad" \
    "yett.script.text~touch $T/bad" "process.previous.executable=$(readlink -f /usr/bin/timeout)" yett.sensors=fanotify
exits "another one runs" 0 "$M/bin/good"
alert "and is told by its hash" rule.name=exact "yett.script.text~touch $T/good"
exits "what stands behind the first 8 KiB is not seen" 0 "$M/bin/long"
exits "an interpreter opens one" 0 /bin/sh "$M/drop/opened"
alert "where a rule names the place it is told" rule.name=drop "file.path=$M/drop/opened" "process.executable=$(readlink -f /bin/sh)" \
    "yett.script.text~dev/tcp"
exits "python opens one" 0 "$PYTHON" -E "$M/drop/also.py"
alert "once, though it is opened twice" rule.name=drop "file.path=$M/drop/also.py"
exits "elsewhere nobody is asked" 0 /bin/sh "$M/else/opened"
/bin/sh "$M/drop/bytes" 2>/dev/null
alert "bytes that are no text are in the record" rule.name=drop "file.path=$M/drop/bytes" 'yett.script.text~bytes .* /dev/tcp/'
exits "who is no interpreter reads a text" 0 "$PROG/opener" openat read "$M/drop/opened"
exits "an interpreter reads what is none" 0 "$PYTHON" -E -c "open('$M/drop/data', 'rb').read(); open('$M/drop/binary', 'rb').read()"
exits "a program is no script" 0 "$M/drop/binary"
for _ in 1 2 3; do "$M/bin/good"; done
settled
is "each is told once a run" "1 1 4" "$(alerts rule.name=drop "file.path=$M/drop/opened") $(alerts rule.name=drop "file.path=$M/drop/also.py") \
$(alerts rule.name=exact)"
no_alert "nothing of the others" "file.path=$M/else/opened"
is "nor of what is no text" "0 0" "$(alerts "file.path=$M/drop/data") $(alerts "file.path=$M/drop/binary")"
said=$(ctl policy check -v 2>&1)
matches "policy check -v: where scripts are seen" 'interpreter opens are not seen' "$(printf '%s' "$said" | tr -s ' \n' '  ')"
matches "and where they are" "open on $M/drop/\*" "$(printf '%s' "$said" | tr -s ' \n' '  ')"
stop

MODE=monitor
start
exits "monitor: it runs" 2 "$M/bin/bad"
alert "monitor: and would be ended" rule.name=tcp yett.mode=monitor "yett.script.text~touch $T/bad"
stop

# Where no rule asks for scripts, none is looked at, and what is allowed for good stays so.
MODE=enforce
rm "$P/script.ini"
policy other <<END
[rule other]
on = exec
process.executable = $M/bin/none
action = deny
END
start
"$M/bin/good"
before=$(counter exec_asked)
"$M/bin/good"
is "no rule on scripts: the kernel need not ask again" 0 "$(($(counter exec_asked) - before))"
stop
whole
finish
