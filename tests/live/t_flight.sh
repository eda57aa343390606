#!/bin/bash
# The flight recorder: what the process tree of an alert did, and nobody else, is in a file that a signed record names; it outlives the logs,
# a changed byte shows, and neither a dead record process nor a full disk takes an alert with it.
# seconds: 200
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

put "$PROG/nop" "$M/bin/forbidden" "$M/bin/slight" "$M/bin/logged" "$M/bin/other"
policy flight <<END
[policy]
description = One program is denied, one is worth a word, others are only logged

[rule forbidden]
on = exec
file.path = $M/bin/forbidden
action = deny, alert
severity = high

[rule slight]
on = exec
file.path = $M/bin/slight
action = alert
severity = low

[rule logged]
on = exec
file.path = $M/bin/logged, $M/bin/other
action = log
END
# session TEXT: a shell of its own runs it
session() { setsid -w sh -c "$1; true" >/dev/null 2>&1; }
# files: how many the recorder has written
files() { find "$L/flight" -name '*.jsonl' | wc -l; }
verifies() { exits "$1" "$2" "$B/yettctl" -c "$CONF" verify; }
# why ID: at 80 columns
why() { COLUMNS=80 ctl why "$1" 2>&1; }
# member EXPRESSION: of the object on stdin, called o
member() { "$PYTHON" -E -c "import json, sys; o = json.load(sys.stdin); print($1)"; }

start
is "the directory is there, for the group of the logs" 750 "$(stat -c %a "$L/flight")"
session "$M/bin/logged neighbour"
session "$M/bin/logged one; sh -c '$M/bin/other two; setsid -w $M/bin/logged three; true'; $M/bin/slight; $M/bin/forbidden; $M/bin/logged four; $M/bin/forbidden"
session "$M/bin/logged neighbour; $M/bin/slight"
settled
first=$(look all "$ALERTS" event.id rule.name=forbidden | head -n 1)
second=$(look all "$ALERTS" event.id rule.name=forbidden | sed -n 2p)
matches "an alert names its process tree" '^[0-9a-f]{16}$' "$(look get "$ALERTS" yett.tree.entity_id rule.name=forbidden)"
matches "before its file is written why has the logs" "by [0-9]+ records of the logs" "$(why "$first")"
does "a record names the file" look wait "$ALERTS" 30 event.action=flight-recorded
file=$L/flight/$first.jsonl
is "it has the id of the alert, and its mode" 640 "$(stat -c %a "$file")"
is "it has what this tree did, in order of time" "logged other logged slight forbidden logged forbidden" \
    "$(look all "$file" file.path | sed 's|.*/||' | tr '\n' ' ' | sed 's/ $//')"
is "and of no neighbour" 0 "$(grep -c neighbour "$file")"
is "each line is one of the logs, byte by byte" 7 "$(cat "$L/alerts.jsonl" "$L/events.jsonl" | grep -Fxcf "$file")"
details=$(look get "$ALERTS" yett.details event.action=flight-recorded)
matches "the record has its name and hash" "\"file=flight/$first.jsonl\", \"sha256=$(sha256sum <"$file" | cut -d' ' -f1)\"" "$details"
matches "how many lines, and each alert that shares it" "lines=7.*alert=$first.*alert=$second" "$details"
is "an alert of low severity has none" 1 "$(files)"
said=$(why "$second")
matches "why has the process tree, of the second alert too" "by 7 records of flight/$first" "$said"
matches "with all that descend from it" '^      [0-9]+ .*/bin/other \(' "$said"
matches "and says which process it is" '<- the alert$' "$said"
matches "the timeline has what was before" '^ +-[0-9]+\.[0-9]+ +[0-9]+ +EVENT +exec +logged ' "$said"
matches "and at zero the alert" '^ +\+0\.000 +[0-9]+ +DENIED +exec +forbidden ' "$said"
is "no line is wider than 80 columns" 0 "$(printf '%s\n' "$said" | sed -n '/^Process tree/,$p' | grep -cE '^.{81}')"
is "JSON has both" "7 0 True" "$(ctl why "$first" --json | member 'len(o["timeline"]), o["tree"][0]["depth"], len(o["tree"]) >= 6')"

# What verify notices.
whole "logs and file are whole"
matches "and verify says so" '^flights: whole' "$(ctl verify)"
cp -p "$file" "$T/copy"
printf X | dd of="$file" bs=1 seek=100 conv=notrunc 2>/dev/null
verifies "a changed byte is noticed" 6
matches "and in which file" "flight/$first.jsonl: altered: .*not what was recorded" "$(ctl verify)"
is "in JSON too" altered "$(ctl verify --json | look field flights.result)"
rm "$file"
verifies "a file that is missing is noticed" 6
cp -p "$T/copy" "$file"
verifies "as it was it is whole" 0
cp "$file" "$L/flight/00000000000000aa.jsonl"
verifies "a file that nobody recorded alters nothing" 0
is "but it is counted" 1 "$(ctl verify --json | look field flights.unproved)"
rm "$L/flight/00000000000000aa.jsonl"

# The logs go, the file stays. What is open at the stop is written at once.
session "$M/bin/logged late; $M/bin/forbidden"
settled
stop
is "yettd ends well" 0 "$STATUS"
is "at the stop the file is written" 2 "$(files)"
whole "and recorded"
SEGMENT_SIZE=64k KEEP_EVENTS=64k KEEP_ALERTS=64k
start
does "many events" "$PROG/storm" -n 300 "$M/bin/logged"
does "many alerts" "$PROG/storm" -n 300 "$M/bin/slight"
settled
# shellcheck disable=SC2317 # called by name
gone() { ! ctl "$1" --json | grep -q "\"id\":\"$2\""; }
does "the alert is gone from its log" eventually 20 gone alerts "$first"
does "and what went before it from the other" eventually 20 gone events "$(look get "$file" event.id rule.name=logged)"
matches "the file stays, and why has the alert from it" "by 7 records of flight/$first" "$(why "$first")"
session "$M/bin/logged last"
settled
verifies "the logs are whole" 0
is "the files are there, but no record proves them any more" 2 "$(ctl verify --json | look field flights.unproved)"
stop

# A dead record process loses what was in its memory, and nothing else.
SEGMENT_SIZE=1G KEEP_EVENTS=4G KEEP_ALERTS=4G
start
written=$(files)
session "$M/bin/logged lost; $M/bin/forbidden lost"
settled
lost=$(look all "$ALERTS" event.id rule.name=forbidden | tail -n 1)
record=$(pid_of record)
kill -9 "$record"
other_pid record "$record" 10 >/dev/null || not_ok "record is back" "another than $record" "$(pid_of record)"
session "$M/bin/logged new; $M/bin/forbidden new"
settled
stop
is "the tree after it has a file, that before it has none" $((written + 1)) "$(files)"
matches "of that why has the logs" "by 2 records of the logs" "$(why "$lost")"
whole "and all is whole"

# Too many files: the oldest go, after a record that says so.
rm -f "$L"/flight/*
for n in $(seq 1000 1999); do : >"$L/flight/000000000000$n.jsonl"; done
find "$L/flight" -type f -exec touch -d '2 days ago' {} +
touch -d '3 days ago' "$L/flight/0000000000001500.jsonl"
start
session "$M/bin/logged; $M/bin/forbidden"
settled
stop
alert "what is removed is a record" event.action=flights-removed yett.count=1 'yett.details=file=flight/0000000000001500.jsonl'
is "as many are there as may be" 1000 "$(files)"
does "the oldest is gone" test ! -e "$L/flight/0000000000001500.jsonl"
verifies "files that somebody else removed are noticed" 6

# A full disk: alerts go on, and no record names a file that is not there.
rm -rf "${S:?}" "${L:?}"
mkdir -p "$L"
mount -t tmpfs -o size=1m,mode=0755 yett-test "$L" || give_up "a small disk"
start
for _ in 1 2 3 4 5; do session "$M/bin/logged; $M/bin/forbidden"; done
settled
is "five alerts" 5 "$(alerts rule.name=forbidden)"
stop
is "yettd ends well" 0 "$STATUS"
is "none of them has a file" 0 "$(find "$L/flight" -type f | wc -l)"
no_alert "and no record says so" event.action=flight-recorded
whole "the logs are whole"

# Off is off.
umount "$L"
rm -rf "${S:?}" "${L:?}"
RECORDS='flight = off'
start
session "$M/bin/logged; $M/bin/forbidden"
settled
matches "without the recorder why has the logs" "by 2 records of the logs" "$(why "$(look get "$ALERTS" event.id rule.name=forbidden)")"
stop
does "there is no directory" test ! -e "$L/flight"
finish
