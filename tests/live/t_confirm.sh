#!/bin/bash
# A change that nobody confirms is undone, whatever else changes meanwhile; what is in force can be compared with what is on disk.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
put "$PROG/nop" "$M/bin/first" "$M/bin/second" "$M/bin/third"

# deny NAME...: the policy on disk is that these do not run
deny() {
	{
		printf '[policy]\ndescription = Programs that do not run\n'
		for name in "$@"; do
			printf '[rule no-%s]\non = exec\nprocess.executable = %s\naction = deny, alert\n' "$name" "$M/bin/$name"
		done
	} >"$P/programs.ini"
}
# denies NAME...: those and no others are denied
denies() {
	local name out=
	for name in first second third; do
		"$PROG/step" exec "$M/bin/$name" 2>/dev/null || out="$out $name"
	done
	echo "${out# }"
}
# shellcheck disable=SC2317 # called by name
test_denies() { [ "$(denies)" = "$1" ]; }
# soon NAME WHAT SECONDS
soon() { if eventually "$3" test_denies "$2"; then ok "$1"; else not_ok "$1" "denied: $2" "denied: $(denies)"; fi; }
# shellcheck disable=SC2317 # called by name
test_waits() { [ -n "$(status confirm_in_s)" ]; }

deny first
start
is "at first" first "$(denies)"
is "nothing waits" '' "$(status confirm_in_s)"
exits "and there is nothing to confirm" 1 "$B/yettctl" -c "$CONF" confirm

deny first second
exits "what is on disk differs" 1 "$B/yettctl" -c "$CONF" policy diff
matches "by one rule" '^\+ rule no-second .*programs.ini:7' "$(ctl policy diff)"
said=$(ctl reload --confirm 3s)
is "reload --confirm is done" 0 "$?"
matches "it says what will happen" 'Going back to generation 1 in 3 s unless confirmed: yettctl confirm' "$said"
is "the new policy is in force" "first second" "$(denies)"
number "status says how long" "$(status confirm_in_s)" -ge 0
matches "and says it to people" 'waits for confirmation, [0-9] s left' "$(ctl status)"
exits "what is on disk is in force" 0 "$B/yettctl" -c "$CONF" policy diff
soon "nobody confirms: what was in force is back" first 10
alert "it is recorded" event.action=policy-reverted "event.reason~back to mode enforce and the policy of generation 1"
is "nothing waits any more" '' "$(status confirm_in_s)"
exits "on disk the other still stands" 1 "$B/yettctl" -c "$CONF" policy diff

runs "reload --confirm once more" "$B/yettctl" -c "$CONF" reload --confirm 3s
runs "confirmed in time" "$B/yettctl" -c "$CONF" confirm
alert "it is recorded as well" event.action=policy-confirmed
sleep 4
is "what is confirmed stays" "first second" "$(denies)"
is "it was not undone" 1 "$(alerts event.action=policy-reverted)"

deny third
runs "a third policy, on trial" "$B/yettctl" -c "$CONF" reload --confirm 4s
is "is in force" third "$(denies)"
deny first third
runs "a reload meanwhile" "$B/yettctl" -c "$CONF" reload
is "is in force as well" "first third" "$(denies)"
test_waits && ok "but it waits on" || not_ok "but it waits on" "confirm_in_s" "none"
deny second third
runs "a reload with a time of its own" "$B/yettctl" -c "$CONF" reload --confirm 5s
is "is in force" "second third" "$(denies)"
deny
printf 'broken' >"$P/broken.ini"
exits "a reload that is refused" 3 "$B/yettctl" -c "$CONF" reload --confirm 60s
is "changes nothing" "second third" "$(denies)"
soon "what was confirmed last is back" "first second" 12
number "within its own time" "$(alerts event.action=policy-reverted)" -eq 2

# Modes. The broken file is still there, and nobody needs it.
runs "monitor mode with a broken file on disk" "$B/yettctl" -c "$CONF" monitor
is "denies nothing" '' "$(denies)"
runs "enforce --confirm" "$B/yettctl" -c "$CONF" enforce --confirm 3s
is "denies again" "first second" "$(denies)"
soon "until nobody has confirmed" '' 10
is "the mode is the old one" monitor "$(status mode)"
runs "enforce --confirm, and" "$B/yettctl" -c "$CONF" enforce --confirm 3s
runs "confirm" "$B/yettctl" -c "$CONF" policy confirm
rm "$P/broken.ini"
deny third
runs "another policy on trial" "$B/yettctl" -c "$CONF" reload --confirm 3s
runs "whoever wants nothing blocked meanwhile" "$B/yettctl" -c "$CONF" monitor
# shellcheck disable=SC2317 # called by name
reverted() { ! test_waits; }
eventually 10 reverted && ok "it is undone" || not_ok "it is undone" "nothing waits" "$(status confirm_in_s)"
is "and is not blocked by what comes back" '' "$(denies)"
is "which is in monitor mode" monitor "$(status mode)"
runs "enforce" "$B/yettctl" -c "$CONF" enforce
is "is what was confirmed, not what is on disk" "first second" "$(denies)"

# Only for root.
for what in confirm "policy diff" "reload --confirm 5s"; do
	# shellcheck disable=SC2086 # a list
	exits "$what is for root" 5 setpriv --reuid "$NOBODY" --regid "$NOGROUP" --clear-groups "$B/yettctl" -c "$CONF" $what
done
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
