#!/bin/bash
# Logs that close, pack and remove themselves while denials come in, and record is killed on the way: no record is missing, yettctl reads them
# all, and minisign proves what is left.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

put "$PROG/nop" "$M/bin/forbidden" "$M/bin/logged"
policy segments <<END
[policy]
description = One program is denied, one is only logged

[rule forbidden]
on = exec
file.path = $M/bin/forbidden
action = deny, alert

[rule logged]
on = exec
file.path = $M/bin/logged
action = log
END
SEGMENT_SIZE=64k
start
# storm N: so many of each
storm() { "$PROG/storm" -n "$1" "$M/bin/forbidden" >"$T/said"; [ "$(word refused "$(cat "$T/said")")" = "$1" ] && "$PROG/storm" -n "$1" "$M/bin/logged" >/dev/null; }
does "300 denials, 300 events" storm 300
settled
# shellcheck disable=SC2317 # called by name
all_packed() { [ -n "$(find "$L" -name "$1-*.jsonl.zst")" ] && [ -z "$(find "$L" -name "$1-*.jsonl")" ]; }
eventually 10 all_packed alerts && ok "closed segments of alerts are packed" || not_ok "closed segments of alerts are packed" "*.zst only" "$(ls "$L")"
eventually 10 all_packed events && ok "and those of events" || not_ok "and those of events" "*.zst only" "$(ls "$L")"
number "there are several" "$(find "$L" -name 'alerts-*.zst' | wc -l)" -ge 2
whole "both logs are whole, packed as they are"
is "yettctl alerts reads them all" 300 "$(ctl alerts --json | grep -c '"name":"forbidden"')"
is "and yettctl events" 300 "$(ctl events --json | grep -c '"name":"logged"')"
id=$(ctl alerts --json | head -n 1 | sed 's/.*"event":{[^}]*"id":"\([0-9a-f]*\)".*/\1/')
matches "why finds one of the first" forbidden "$(ctl why "$id" 2>&1)"
number "the end of each segment is a record" "$(ctl events --json | grep -c '"action":"segment-end"')" -ge 2
anchor=$(ctl keys show --json | look field minisign)
unpack() { rm -rf "$T/copy" && cp -r "$L" "$T/copy" && zstd -q -d --rm "$T"/copy/*.zst; }
# proved STEM KEY: the loop of yett-record(5)
proved() {
	local s c k=$2
	for s in "$T/copy/$1"-*.sums; do
		c=$(minisign -VQm "$s" -P "$k") && (cd "$T/copy" && sha256sum --strict --ignore-missing -c "${s##*/}") || return 1
		k=${c##*next=}
	done
}
does "unpacked by zstd" unpack
does "minisign and sha256sum prove the alerts" proved alerts "$anchor"
does "and the events" proved events "$(ctl keys show --json | look field events.minisign)"

# Whoever removes the log while it is open, or puts another in its place, removes nothing.
before=$(ctl alerts --json | grep -c '"name":"forbidden"')
rm "$ALERTS"
denied "with the log removed: denied" exec "$M/bin/forbidden"
alert "that it was put back is a record" event.action=log-restored 'event.reason~alerts.jsonl'
mv "$L/events.jsonl" "$T/stolen" && cp "$T/stolen" "$L/events.jsonl"
allowed "an event, with its log replaced" exec "$M/bin/logged"
alert "that one, too" event.action=log-restored 'event.reason~events.jsonl'
settled
is "nothing is missing" $((before + 1)) "$(ctl alerts --json | grep -c '"name":"forbidden"')"
whole "both logs are whole again"

# Record dies again and again while segments are closed.
"$PROG/storm" 6 1 "$M/nop" "$M/bin/forbidden" >"$T/killed" &
storming=$!
deaths=0
while kill -0 $storming 2>/dev/null; do
	record=$(pid_of record)
	[ "${record:-0}" -gt 0 ] && kill -9 "$record" && deaths=$((deaths + 1))
	other_pid record "$record" 10 >/dev/null
	sleep 0.2
done
wait $storming
number "record was killed" $deaths -ge 5
settled
denied=$(word denied_refused "$(cat "$T/killed")")
lost=$(counter reports_lost)
is "each denial has its record, or is counted as lost" $((301 + denied - ${lost:-0})) "$(ctl alerts --json | grep -c '"name":"forbidden"')"
whole "both logs are whole after all these deaths"

# Too much is removed, the oldest first, and a record says so.
stop
segments=$(find "$L" -name 'alerts-*.sums' | wc -l)
KEEP_ALERTS=64k
start
does "100 denials more" storm 100
settled
alert "what was removed is a record" event.action=segments-removed 'event.reason~^Segments [0-9]+ to [0-9]+ of alerts'
# shellcheck disable=SC2317 # called by name
is_small() { [ "$(find "$L" -name 'alerts-*.jsonl*' -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }')" -le 131072 ]; }
eventually 10 is_small && ok "little is left" || not_ok "little is left" "at most 128 KiB" "$(ls -l "$L")"
number "the sums stay" "$(find "$L" -name 'alerts-*.sums' | wc -l)" -ge "$segments"
whole "what is left is whole"
stop
is "yettd ends well" 0 "$STATUS"
does "unpacked once more" unpack
does "minisign proves what is left" proved alerts "$anchor"
rm "$(find "$L" -name 'events-*.zst' | sort | sed -n 2p)"
exits "a segment that is missing between others is noticed" 6 "$B/yettctl" -c "$CONF" verify
finish
