#!/bin/bash
# What happens to yett itself is in the log: what was started, who changed what, who ended it.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

put "$PROG/nop" "$M/bin/one"
mkdir -p "$VENDOR"
rule() { printf '[rule %s]\non = exec\nprocess.executable = %s/bin/%s\naction = alert\n' "$1" "$M" "${2:-$1}"; }
{ echo '[policy]'; echo 'description = Of the vendor'; rule vendors; } >"$VENDOR/20-vendor.ini"
{ echo '[policy]'; echo 'description = Of the admin'; rule one; rule two; } | policy 50-local
sum() { sha256sum "$1" | cut -d' ' -f1; }

start
alert "a start tells the hash of the program" event.action=agent-start "yett.details=program: $B/yettd sha256 $(sum "$B/yettd")"
alert "of the configuration" event.action=agent-start "yett.details=configuration: $CONF sha256 $(sum "$CONF")"
for f in "$VENDOR/20-vendor.ini" "$P/50-local.ini"; do
	alert "of ${f##*/}" event.action=agent-start "yett.details=policy file: $f sha256 $(sum "$f")"
done
alert "the kernel and the boot" event.action=agent-start "yett.details=kernel: $(uname -r)" "yett.details=boot: $(cat /proc/sys/kernel/random/boot_id)"
alert "and what the kernel command line says of yett" event.action=agent-start 'yett.details~^kernel command line: '
before=$(look get "$ALERTS" event.reason event.action=agent-start | grep -oE '[0-9a-f]{64}')

# who COND...: of the record of a change by yettctl as root, started by this shell
login=$(cat /proc/self/loginuid)
[ "$login" = 4294967295 ] && login='!yett.user.audit.id' || login="yett.user.audit.id=$login"
who() { alert "$1" "${@:2}" user.id=0 user.name=root "$login" process.pid '!process.args' 'process.start' "process.executable=$B/yettctl"; }

{ echo '[policy]'; echo 'description = Of the admin'; rule one other; rule three; printf '[list l]\nvalues = a\n'; } | policy 50-local
runs "reload" "$B/yettctl" -c "$CONF" reload
who "a reload tells who asked" event.action=policy-loaded
after=$(look get "$ALERTS" event.reason event.action=policy-loaded | grep -oE '[0-9a-f]{64}')
is "the policy is another" "64 1" "${#after} $([ "$before" = "$after" ] || echo 1)"
alert "and what changed: hashes before and after" event.action=policy-loaded "yett.details=policy: $before -> $after"
for change in "added rule three" "added list l" "changed rule one" "removed rule two"; do
	alert "$change" event.action=policy-loaded "yett.details=$change"
done
is "and nothing else" 5 "$(look get "$ALERTS" yett.details event.action=policy-loaded | "$PYTHON" -c 'import json, sys; print(len(json.load(sys.stdin)))')"

echo '[rule' >"$P/60-broken.ini"
exits "a broken policy is refused" 3 "$B/yettctl" -c "$CONF" reload
who "who wanted it is told" event.action=policy-refused 'event.reason~was refused: '
rm "$P/60-broken.ini"
runs "monitor for a second" "$B/yettctl" -c "$CONF" monitor --for 1s
who "a change of mode tells who asked" event.action=mode-change "yett.details=mode: enforce -> monitor"
alert "and that it has ended by itself" event.action=mode-change "yett.details=mode: monitor -> enforce" 'event.reason~the time of monitor mode is over' '!process'
is "a mode is no other policy" 0 "$(alerts event.action=mode-change 'yett.details~^policy: ')"
runs "a reload on trial" "$B/yettctl" -c "$CONF" reload --confirm 60s
runs "confirmed" "$B/yettctl" -c "$CONF" confirm
who "who confirmed is told" event.action=policy-confirmed
{ echo '[policy]'; echo 'description = Of the admin'; rule four; } | policy 50-local
runs "another on trial" "$B/yettctl" -c "$CONF" reload --confirm 1s
alert "what going back changes is told" event.action=policy-reverted "yett.details=removed rule four" "yett.details=added rule three"
signals=$(alerts event.action=policy-loaded)
kill -HUP "$YETTD"
# shellcheck disable=SC2317 # called by name
test_loaded() { [ "$(alerts event.action=policy-loaded)" -gt "$signals" ]; }
eventually 10 test_loaded && ok "SIGHUP reloads" || not_ok "SIGHUP reloads" "one more policy-loaded" "$(alerts event.action=policy-loaded)"
alert "and whose it was is told" event.action=policy-loaded "process.pid=$$" user.id=0 "process.executable=$(readlink -f /proc/$$/exe)"
stop
alert "who ended it is told" event.action=agent-stop "process.pid=$$" "event.reason~by SIGTERM from uid 0 .*pid $$ $(readlink -f /proc/$$/exe)"
whole
finish
