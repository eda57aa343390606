#!/bin/bash
# kill -STOP of the gate under a storm of execs: it is replaced, not waited for.
# seconds: 180
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
# shellcheck source=/dev/null
. "$LIVE/storms.sh"
start
storm_begin 12 4
sleep 1
for n in 1 2 3; do
	gate=$(pid_of gate)
	kill -STOP "$gate"
	replaced gate "$gate" "stop $n" 3
	kill -0 "$gate" 2>/dev/null && not_ok "the stopped one is gone" "no process $gate" "it lives" || ok "the stopped one is gone"
	sleep 1.5
done
storm_end "gate stopped"
is "the warden counts them" 3 "$(counter gate_restarts)"
alert "a record tells of it" event.action=gate-restart
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
