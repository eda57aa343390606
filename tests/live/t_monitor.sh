#!/bin/bash
# Monitor mode says what it would have denied, and cannot delay anything: also when every process of yett is stopped.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
put "$PROG/nop" "$M/bin/allowed" "$M/bin/forbidden"
echo text >"$M/secret"
MODE=monitor
policy monitor <<END
[policy]
description = Would deny

[rule forbidden]
on = exec
process.executable = $M/bin/forbidden
action = deny, alert

[rule secret]
on = open
file.path = $M/secret
action = deny, alert
END
start
allowed "an exec that would be denied runs" exec "$M/bin/forbidden"
exits "an open that would be denied opens" 0 "$PROG/opener" open read "$M/secret"
alert "the exec is recorded" rule.name=forbidden yett.would=deny event.outcome=success yett.mode=monitor
alert "the open is recorded" rule.name=secret yett.would=deny event.outcome=success
no_alert "nothing was denied" yett.verdict=deny
is "status says monitor" monitor "$(status mode)"
is "nobody was denied" 0 "$(counter denied)"

quiet=$("$PROG/storm" -n 300 "$M/bin/allowed")
pids="$YETTD $(pid_of gate) $(pid_of watch) $(pid_of scan) $(pid_of record)"
# The warden first: it would replace the others.
# shellcheck disable=SC2086 # a list
for pid in $pids; do kill -STOP $pid; done
stopped=$("$PROG/storm" -n 300 "$M/bin/forbidden")
opened=$(timeout 10 "$PROG/opener" open read "$M/secret")
# shellcheck disable=SC2046,SC2086 # lists
states=$(sed -n 's/^State:\t\(.\).*/\1/p' $(printf '/proc/%s/status ' $pids) | tr -d '\n')
is "every process of yett is stopped" TTTTT "$states"
is "every exec ran" 300 "$(word ran "$stopped")"
is "an open opened" ok "$opened"
echo "  middle wait for an exec: $(word middle_us "$quiet") us, with everything stopped $(word middle_us "$stopped") us," \
    "longest $(word longest_us "$stopped") us"
number "none was delayed: the longest in us" "$(word longest_us "$stopped")" -le 250000
number "the middle one, in per cent of that before" "$(($(word middle_us "$stopped") * 100 / $(word middle_us "$quiet")))" -le 200
# shellcheck disable=SC2086 # a list
for pid in $pids; do kill -CONT $pid 2>/dev/null; done
# shellcheck disable=SC2317 # called by name
test_running() { [ "$(status mode)" = monitor ]; }
eventually 10 test_running && ok "it goes on afterwards" || not_ok "it goes on afterwards" "status" "$(ctl status 2>&1)"
alert "and tells what happened meanwhile, or how much was lost" rule.name=forbidden

runs "yettctl enforce" "$B/yettctl" -c "$CONF" enforce
denied "now the exec is denied" exec "$M/bin/forbidden"
exits "and the open" "$EPERM" "$PROG/opener" open read "$M/secret"
allowed "and the other runs" exec "$M/bin/allowed"
is "status says enforce" enforce "$(status mode)"
runs "yettctl monitor for two seconds" "$B/yettctl" -c "$CONF" monitor --for 2s
allowed "it runs again" exec "$M/bin/forbidden"

# shellcheck disable=SC2317 # called by name
until_enforced() { ! "$PROG/step" exec "$M/bin/forbidden"; }
eventually 10 until_enforced && ok "enforcement comes back by itself" || not_ok "enforcement comes back by itself" "EPERM" "it runs"
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
