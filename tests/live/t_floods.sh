#!/bin/bash
# Garbage, half requests, silence and floods on the admin socket: it answers who asks properly, and execs never notice.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
# shellcheck source=/dev/null
. "$LIVE/storms.sh"
start
sock=$R/control.sock
watch=$(pid_of watch)
storm_begin 20 2
for how in random empty long hurry fds many; do
	out=$(timeout 60 "$PROG/garbage" "$sock" $how 500)
	is "$how: ends" 0 "$?"
	echo "  $how: $out"
	is "$how: status still answers" enforce "$(status mode)"
done
out=$(timeout 60 "$PROG/garbage" "$sock" many 300)
number "proper requests in a row are answered" "$(word answered "$out")" -ge 290

"$PROG/garbage" "$sock" silent 64 >/dev/null &
silent=$!
sleep 0.3
# shellcheck disable=SC2317 # called by name
test_status() { [ "$(status mode)" = enforce ]; }
eventually 10 test_status && ok "64 who connect and say nothing do not keep others out for ever" ||
    not_ok "64 who connect and say nothing do not keep others out for ever" "a status within 10 s" "none"
wait "$silent"
"$PROG/garbage" "$sock" random 2000 >/dev/null & a=$!
"$PROG/garbage" "$sock" silent 30 >/dev/null & b=$!
"$PROG/garbage" "$sock" many 2000 >/dev/null & c=$!
"$PROG/garbage" "$sock" hurry 2000 >/dev/null & d=$!
wait $a $b $c $d
is "after all at once, status answers" enforce "$(status mode)"
number "refusals are counted" "$(counter clients_refused)" -ge 100
is "watch lived through it" "$watch" "$(pid_of watch)"
put "$PROG/garbage" "$M/bin/garbage"
said=$("$PROG/step" "gid=$NOGROUP" "uid=$NOBODY" exec "$M/bin/garbage" "$sock" many 5)
is "an unprivileged user is not let in" "connected=0 answered=0 refused=5" "$said"
storm_end floods
is "no gate was replaced" 0 "$(counter gate_restarts)"
stop
whole
finish
