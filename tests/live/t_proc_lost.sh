#!/bin/bash
# The proc connector loses messages, and is muted by an ordinary user: both are recorded and healed, and rules on ancestors hold again.
# seconds: 180
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

put "$PROG/step" "$M"/bin/{elder,late,other}
put "$PROG/mute" "$M/bin/mute"
policy ancestry <<END
[policy]
description = By ancestor

[rule late]
on = exec
process.ancestor.executable = $M/bin/elder
process.executable = $M/bin/late
action = deny, alert
END
DEADLINE=30s
# shellcheck disable=SC2317 # called by name
test_lost() { [ "$(counter proc_lost)" -ge 1 ]; }
# shellcheck disable=SC2317 # called by name
test_muted() { [ "$(counter proc_muted)" -ge 1 ]; }
# shellcheck disable=SC2317 # called by name
test_heard() {
	local before
	before=$(counter proc_events)
	"$PROG/many" -f 0.2 >/dev/null
	[ "$(counter proc_events)" -ge "$((before + 1000))" ]
}
start
gate=$(pid_of gate)

# The warden would replace a gate that it sees stopped.
kill -STOP "$YETTD" "$gate"
"$PROG/many" -f 4 >"$T/flood1" & a=$!
"$PROG/many" -f 4 >"$T/flood2" & b=$!
wait $a $b
kill -CONT "$gate" "$YETTD"
number "more came and went than the buffer holds" "$(($(word forked "$(cat "$T/flood1")") + $(word forked "$(cat "$T/flood2")")))" -ge 30000
eventually 20 test_lost && ok "the loss is counted" || not_ok "the loss is counted" "proc_lost above 0" "$(counter proc_lost)"
alert "and recorded" event.action=proc-lost
exits "ancestry holds again" "$EPERM" "$M/bin/elder" fork "$M/bin/other" fork "$M/bin/late"

said=$("$PROG/step" "gid=$NOGROUP" "uid=$NOBODY" exec "$M/bin/mute" 4000 2>&1)
status=$?
if [ $status != 0 ]; then
	ok "this kernel does not let ordinary users mute the connector"
else
	eventually 30 test_muted && ok "the silence is noticed" || not_ok "the silence is noticed" "proc_muted above 0" "$(counter proc_muted)"
	alert "and recorded" event.action=proc-muted
	eventually 60 test_heard && ok "it is healed: events come again" || not_ok "it is healed: events come again" "more proc_events" "$(counter proc_events)"
	exits "ancestry holds again after that" "$EPERM" "$M/bin/elder" fork "$M/bin/other" fork "$M/bin/late"
fi
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
