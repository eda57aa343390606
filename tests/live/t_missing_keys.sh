#!/bin/bash
# Directories and keys that are missing, foreign or gone while it runs: a clear error or a record, never silence.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
# shellcheck source=/dev/null
. "$LIVE/storms.sh"

# fails NAME REGEX: yettd does not start, ends by itself, and says why
fails() {
	if launch; then
		not_ok "$1: it does not start" "an error" "it is ready"
		stop
		return
	fi
	matches "$1: it does not start and says why" "$2" "$(tail -n 3 "$T/yettd.err")"
}
good=$S
S=$T/no/such/place/state
fails "the parent of the key directory is missing" "$S"
S=$T/file
: >"$S"
fails "the key directory is a file" "$S"
rm -f "$S"
ln -s "$T" "$T/link"
S=$T/link
fails "the key directory is a link" "$S"
S=$good

start
ok "a missing key directory is made"
is "for its owner alone" "700 $NOBODY" "$(stat -c '%a %u' "$S")"
anchor=$(ctl keys show --json | look field anchor)
denied "it denies" exec "$M/bin/forbidden"
settled
launch_second() { timeout 20 "$B/yettd" -f -c "$CONF" 2>&1; }
said=$(launch_second)
status=$?
number "a second yettd with the same state ends with an error" "$status" -ge 1
matches "and says why" 'another yettd' "$said"
stop
start
is "the anchor stays" "$anchor" "$(ctl keys show --json | look field anchor)"

# The directory goes while it runs.
mv "$S" "$T/taken"
denied "keys taken away while it runs: it denies" exec "$M/bin/forbidden"
allowed "and allows" exec "$M/bin/allowed"
settled || :
is "each denial is in the log, or is counted" "$(counter denied)" "$(($(alerts yett.verdict=deny 'event.sequence>0') - $(alerts yett.verdict=deny 'event.sequence<1') - 1 + $(counter reports_lost)))"
stop
rm -rf "$S"
start
denied "started without the keys: it denies" exec "$M/bin/forbidden"
settled
now=$(ctl keys show --json | look field anchor)
if [ -n "$now" ] && [ "$now" != "$anchor" ]; then ok "there is a new anchor"; else not_ok "there is a new anchor" "not $anchor" "$now"; fi
alert "a record tells that a new chain began" 'event.reason~(new chain|[Nn]o key|keys)'
stop
whole "the new log is whole"
exits "and is not passed off as the old one" 6 "$B/yettctl" -c "$CONF" verify --key "$anchor"
matches "the old log was kept aside" 'jsonl' "$(find "$L" -type f ! -name alerts.jsonl -exec basename {} \;)"
finish
