#!/bin/bash
# A new anchor while denials come in, and again while record is killed: both logs are proved from the old anchor on, and no record is missing.
# seconds: 240
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
# shellcheck source=/dev/null
. "$LIVE/storms.sh"

put "$PROG/nop" "$M/bin/logged"
policy logged <<END
[policy]
description = One program is only logged

[rule logged]
on = exec
file.path = $M/bin/logged
action = log
END
SEGMENT_SIZE=64k
start
# aside: the directories of logs that were set aside
aside() { find "$L" -mindepth 1 -maxdepth 1 -type d -name "????????????????"; }
# shellcheck disable=SC2317 # called by name
all_packed() { [ -z "$(find "$L" -maxdepth 1 \( -name '*-0*.jsonl' -o -name '*.tmp' \))" ]; }
# in_all WORD STEM: how many records of that log, present and set aside, have the word
in_all() { eventually 20 all_packed || give_up "closed segments are packed"; find "$L" \( -name "$2.jsonl" -o -name "$2-*.jsonl" \) -exec cat {} + -o -name "$2-*.jsonl.zst" -exec zstd -qdc {} + | grep -c "$1"; }
# key FIELD: of yettctl keys show
key() { ctl keys show --json | look field "$1"; }

# Nobody else may.
is "only root changes keys" 5 "$(setpriv --reuid nobody --clear-groups "$B/yettctl" -c "$CONF" keys rotate >/dev/null 2>&1; echo $?)"
exits "a log that does not exist is refused" 2 "$B/yettctl" -c "$CONF" keys rotate --only all

old=$(key anchor) old_events=$(key events.anchor)
denied "before: it denies" exec "$M/bin/forbidden"
runs "before: it logs" "$M/bin/logged"
storm_begin 8 2
eventually 10 test "$(counter denied)" -ge 20
said=$(ctl keys rotate --json)
is "keys rotate succeeds under the storm" 0 $?
new=$(key anchor) new_events=$(key events.anchor)
is "it tells the old anchor" "$old" "$(echo "$said" | look field alerts.old)"
is "and the new one, which keys show shows" "$new" "$(echo "$said" | look field alerts.anchor)"
is "the same of the log of events" "$old_events $new_events" \
	"$(echo "$said" | look field events.old) $(echo "$said" | look field events.anchor)"
[ "$old" != "$new" ] && [ "$old_events" != "$new_events" ] && ok "both are new" || not_ok "both are new" "other anchors" "$new $new_events"
storm_end "a new anchor"
settled
denials=$(counter denied)
is "no report is lost" 0 "$(counter reports_lost)"
is "each denial is in the old log or in the new one" "$denials" "$(in_all '"verdict":"deny"' alerts)"
first=$(echo "$said" | look field alerts.directory)
last=$(tail -n 1 "$(find "$first" -name 'alerts-*.jsonl' | sort | tail -n 1)")	# what ended with the log was not packed
matches "the last record of the old log names the new anchor" "keys-rotated.*anchor $new" "$last"
matches "and who asked for it" '"executable":"[^"]*/yettctl"' "$last"
runs "the old log is proved where it lies" "$B/yettctl" -c "$CONF" verify --key "$old" "$first"
runs "also with the anchor that yettd kept" "$B/yettctl" -c "$CONF" verify "$first"
whole "the new log is whole"
matches "and says what it follows" "follows the log ${first##*/}" "$(ctl verify)"
runs "from the old anchors on all is proved" "$B/yettctl" -c "$CONF" verify --key "$old" --events-key "$old_events"
said=$(ctl verify --json --key "$old" --events-key "$old_events")
matches "the old log of alerts first" "\"earlier\": \[\{\"log\": \"${first##*/}\", \"result\": \"whole\"" "$said"
is "the new one says what it follows" "${first##*/}" "$(echo "$said" | look field follows.log)"
matches "and so of events" '"events": \{"earlier": \[\{"log": "[0-9a-f]{16}", "result": "whole"' "$said"
is "all four are whole, and the files of the flight recorder" 5 "$(echo "$said" | grep -o '"result": "whole"' | wc -l)"
exits "another anchor proves nothing" 6 "$B/yettctl" -c "$CONF" verify --key "$old_events"
alert "the new log of alerts names the new one of events" "event.reason~under the anchor $new_events"

# One of both.
ctl keys rotate --only events >"$T/said"
is "one of both can be asked for" 0 $?
matches "the answer for people says where it lies" "set aside +$L/[0-9a-f]{16}" "$(cat "$T/said")"
is "the anchor of alerts stays" "$new" "$(key anchor)"
[ "$(key events.anchor)" != "$new_events" ] && ok "that of events does not" || not_ok "that of events does not" "another one" "$new_events"

# Record dies in the middle, again and again.
storm_begin 14 2
deaths=0 changed=0
while kill -0 "$STORM" 2>/dev/null; do
	before=$(key anchor)
	ctl keys rotate >"$T/rotated" 2>&1 &
	asking=$!
	record=$(pid_of record)
	sleep "0.0$((deaths % 10))"
	[ "${record:-0}" -gt 0 ] && kill -9 "$record" && deaths=$((deaths + 1))
	wait $asking
	other_pid record "$record" 10 >/dev/null
	[ "$before" != "$(key anchor)" ] && changed=$((changed + 1))
done
storm_end "killed in the middle"
number "record was killed" $deaths -ge 5
settled
denials=$(counter denied)
lost=$(counter reports_lost)
is "each denial has its record in one of the logs, or is counted as lost" "$denials" "$(($(in_all '"verdict":"deny"' alerts) + lost))"
is "no log was broken" 0 "$(in_all 'log-broken' alerts)"
number "there were new anchors all the same" $changed -ge 1
runs "from the first anchors on all is proved" "$B/yettctl" -c "$CONF" verify --key "$old" --events-key "$old_events"
whole "the last log is whole"
is "yettctl alerts still shows the first denial" "$denials" "$(($(ctl alerts --json | grep -c '"verdict":"deny"') + lost))"
for dir in $(aside); do
	exits "what lies in ${dir##*/} is proved" 0 "$B/yettctl" -c "$CONF" verify "$dir"
done
stop
is "yettd ends well" 0 "$STATUS"
exits "without yettd it says to start it" 4 "$B/yettctl" -c "$CONF" keys rotate
finish
