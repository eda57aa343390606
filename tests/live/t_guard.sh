#!/bin/bash
# A policy that takes away what the host needs is refused unless it is forced. Here the host needs a program of the test's own: it runs.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
put /bin/sleep "$M/bin/service" "$M/bin/other"
"$M/bin/service" 600 &
SERVICE=$!

# deny NAME: the policy on disk
deny() {
	policy guard <<-END
	[policy]
	description = Guarded
	[rule no-$1]
	on = exec
	process.executable = $M/bin/$1
	action = deny, alert
	END
}

deny other
start
runs "what nobody needs is taken" "$B/yettctl" -c "$CONF" reload
exits "and denied" "$EPERM" "$PROG/step" exec "$M/bin/other" 0
generation=$(status policy.generation)

deny service
said=$(ctl reload 2>&1)
is "what runs and would be denied: refused" 3 "$?"
matches "with file, line and reason" "guard.ini:3: error: \[rule no-service\] would deny what is needed now, for it runs: $M/bin/service \(pid $SERVICE\) as root" "$said"
matches "and a remedy" 'or say --force' "$said"
matches "and what holds" "generation $generation\) stays in force, in mode enforce" "$said"
is "it stays in force" "$generation" "$(status policy.generation)"
allowed "the program still runs" exec "$M/bin/service" 0
alert "the refusal is recorded" event.action=policy-refused "event.reason~would deny what is needed"
exits "check refuses it too" 3 "$B/yettctl" -c "$CONF" policy check
exits "unless it is forced" 0 "$B/yettctl" -c "$CONF" policy check --force
kill -HUP "$YETTD"
# shellcheck disable=SC2317 # called by name
refused_again() { [ "$(counter reloads_refused)" -ge 2 ]; }
eventually 10 refused_again && ok "SIGHUP is refused as well" || not_ok "SIGHUP is refused as well" "2 refusals" "$(counter reloads_refused)"

said=$(ctl reload --force 2>&1)
is "forced, it is taken" 0 "$?"
matches "with a warning" 'guard.ini:3: warning: \[rule no-service\] would deny' "$said"
exits "and denies" "$EPERM" "$PROG/step" exec "$M/bin/service" 0
alert "the record says that it was forced" event.action=policy-loaded "event.reason~It was forced"
runs "what is in force already is not refused" "$B/yettctl" -c "$CONF" reload

runs "the way to monitor mode is open" "$B/yettctl" -c "$CONF" monitor
exits "the way back is not" 3 "$B/yettctl" -c "$CONF" enforce
is "it stays in monitor mode" monitor "$(status mode)"
exits "a time that runs out is no way around it" 3 "$B/yettctl" -c "$CONF" enforce --confirm 60s
is "and nothing waits" '' "$(status confirm_in_s)"
runs "forced, it is" "$B/yettctl" -c "$CONF" enforce --force
exits "and denies" "$EPERM" "$PROG/step" exec "$M/bin/service" 0
runs "monitor for a second" "$B/yettctl" -c "$CONF" monitor --for 1s
# shellcheck disable=SC2317 # called by name
enforced() { [ "$(status mode)" = enforce ]; }
eventually 10 enforced && ok "what was in force comes back by itself" || not_ok "what was in force comes back by itself" enforce "$(status mode)"
stop

start
exits "at start it is taken" "$EPERM" "$PROG/step" exec "$M/bin/service" 0
matches "but said loudly" 'guard.ini:3: warning: \[rule no-service\] would deny what is needed' "$(cat "$T/yettd.err")"
alert "and recorded" event.action=lock-out

# What the host itself needs does not lie on a file system that this yettd is asked about.
policy guard <<END
[policy]
description = Elsewhere
[rule elsewhere]
on = exec
process.executable = $(realpath /bin/sh), $(realpath /bin/bash), /usr/sbin/sshd, /usr/bin/login
action = deny
END
runs "what lies elsewhere cannot be denied" "$B/yettctl" -c "$CONF" reload

# What it costs with many processes: the least of some reloads, in ms.
reload_ms() {
	local best=100000 begin took
	for _ in 1 2 3 4 5 6 7; do
		begin=$(date +%s%N)
		ctl reload >/dev/null || echo 100000
		took=$((($(date +%s%N) - begin) / 1000000))
		[ "$took" -ge "$best" ] || best=$took
	done
	echo "$best"
}
few=$(reload_ms)
for _ in $(seq 300); do "$M/bin/other" 600 & done
many=$(reload_ms)
limit=100
[ "$(nm "$B/yettd" | grep -c __asan_init)" = 0 ] || limit=500
echo "  a reload takes $few ms, with 300 more processes $many ms"
number "what 300 processes add to a reload, in ms" $((many - few)) -le "$limit"
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
