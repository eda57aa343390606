#!/bin/bash
# What only audit can tell: connect, listen, ptrace, memfd_create, mount. Rules alert and kill. Audit is left as it was found.
# seconds: 180
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

audit_needed
put "$PROG/acts" "$M"/bin/{actor,bystander}
port=$((20000 + RANDOM % 20000))
events() {
	for kind in listen ptrace memfd mount; do
		printf '[rule %s]\non = %s\nprocess.executable = %s/bin/actor\naction = alert\n' "$kind" "$kind" "$M"
	done
}
policy audit <<END
[policy]
description = Told by audit
$(events)
[rule connect]
on = connect
process.executable = $M/bin/actor
destination.port = $port
destination.ip = 127.0.0.1
action = kill, alert
END
AUDIT=auto
start
is "status: audit is on" 1 "$(status sensors.audit.state | grep -cE '^(own|multicast)$')"
"$M/bin/actor" wait "$port" >"$T/out" &
wait $!
is "who connects is killed" 137 "$?"
alert "and recorded, with address and port" rule.name=connect event.action=connect destination.ip=127.0.0.1 "destination.port=$port" \
    "process.executable=$M/bin/actor"
"$M/bin/actor" connect $((port + 1)) >/dev/null
"$M/bin/bystander" connect "$port" >/dev/null
"$M/bin/actor" listen $((port + 2))
alert "listen" rule.name=listen "destination.port=$((port + 2))"
sleep 60 & victim=$!
"$M/bin/actor" seize $victim
alert "ptrace, with its target" rule.name=ptrace "yett.target.process.pid=$victim"
kill $victim
"$M/bin/actor" memfd
alert "memfd_create" rule.name=memfd
mkdir "$T/mnt"
"$M/bin/actor" mount "$T/mnt"
alert "mount" rule.name=mount
umount "$T/mnt"
is "only the connect to that port was killed" 1 "$(alerts rule.name=connect)"
no_alert "nothing of the bystander" "process.executable=$M/bin/bystander"

kill -9 "$(pid_of watch)"
# shellcheck disable=SC2317 # called by name
heard() { "$M/bin/actor" memfd; [ "$(alerts rule.name=memfd)" -ge 2 ]; }
eventually 15 heard && ok "a new watch hears on" || not_ok "a new watch hears on" "a second memfd record" "$(alerts rule.name=memfd)"

rm -f "$P/audit.ini"
runs "a policy without such rules" "$B/yettctl" -c "$CONF" reload
# shellcheck disable=SC2317 # called by name
no_rules() { [ "$(word ours "$("$PROG/auditstate")")" = 0 ]; }
eventually 5 no_rules && ok "needs no audit rules, so there are none" || not_ok "needs no audit rules, so there are none" "ours=0" "$("$PROG/auditstate")"
stop
is "yettd ends well" 0 "$STATUS"
sleep 0.2
is "audit is as it was" "$AUDIT_WAS" "$("$PROG/auditstate")"

policy audit <<END
[policy]
description = d
$(events)
END
start
number "rules of ours are there" "$(word ours "$("$PROG/auditstate")")" -ge 1
kill -9 "$YETTD"
wait "$YETTD" 2>/dev/null
YETTD=
start
stop
is "what a killed one left is gone after the next" 0 "$(word ours "$("$PROG/auditstate")")"
audit_restore
finish
