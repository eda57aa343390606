#!/bin/bash
# An audit daemon that was there first keeps all that it asked for, and yett hears all that it asked for beside it; then both go, in either
# order. The daemon has a configuration, a log and a /run of its own.
# seconds: 120
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

own=$LIVE/../../build/unpacked
AUDITD=$(PATH=$own/sbin:$own/usr/sbin:/usr/sbin:/sbin:$PATH command -v auditd) || skip "there is no auditd: make check installs it"
AUDITCTL=$(dirname "$AUDITD")/auditctl
LIBS=$(find "$own" -name '*.so.*' -printf '%h\n' 2>/dev/null | sort -u | tr '\n' ':')
audit_needed
[ "$(word owner "$AUDIT_WAS")" = 0 ] || skip "an audit daemon runs on this host"
mkdir -p "$T/own-run" "$T/auditd/plugins.d" && mount --bind "$T/own-run" /run || give_up "a /run of its own"
cat >"$T/auditd/auditd.conf" <<END
local_events = yes
write_logs = yes
log_file = $T/auditd/audit.log
log_format = RAW
log_group = root
flush = INCREMENTAL_ASYNC
freq = 1
max_log_file = 32
num_logs = 2
max_log_file_action = IGNORE
space_left = 2
space_left_action = IGNORE
admin_space_left = 1
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
plugin_dir = $T/auditd/plugins.d
END
chmod 750 "$T/auditd" "$T/auditd/plugins.d"
chmod 640 "$T/auditd/auditd.conf"
put "$PROG/acts" "$M/bin/actor"
policy auditd <<END
[policy]
description = Beside an audit daemon
[rule memfd]
on = memfd
process.executable = $M/bin/actor
action = alert
END
AUDIT=auto ACTS=300

# their COMMAND...: with the libraries of the daemon
their() { LD_LIBRARY_PATH=$LIBS "$@"; }
LD_LIBRARY_PATH=$LIBS "$AUDITD" -n -c "$T/auditd" -s enable >"$T/auditd/out" 2>&1 &
THEIRS=$!
# shellcheck disable=SC2317 # called by name
owns() { [ "$(word owner "$("$PROG/auditstate")")" = "$THEIRS" ]; }
does "an audit daemon owns audit" eventually 10 owns
owns || give_up "what it says: $(cat "$T/auditd/out")"
their "$AUDITCTL" -a always,exit -F arch=b64 -S memfd_create -k theirs >/dev/null 2>&1 || give_up "a rule of its own"
before=$("$PROG/auditstate")
start
is "yett reads beside it" multicast "$(status sensors.audit.state)"
for _ in $(seq $ACTS); do "$M/bin/actor" memfd beside 0; done
# shellcheck disable=SC2317 # called by name
all_told() { [ "$(alerts rule.name=memfd)" = "$ACTS" ]; }
eventually 10 all_told
is "yett has all of it" $ACTS "$(alerts rule.name=memfd)"
# As often as the daemon's own rule says, since yett's names the same call: one record of each call, whosever rule it was.
# shellcheck disable=SC2317 # called by name
all_written() { [ "$(written)" = $ACTS ]; }
written() { grep -c 'type=SYSCALL .* syscall=319 .* comm="actor"' "$T/auditd/audit.log"; }
eventually 10 all_written
is "so has the daemon" $ACTS "$(written)"
is "nothing was lost" "0 0" "$(counter audit_lost) $(counter audit_broken)"
does "the daemon still owns audit" owns
stop
is "yettd ends well" 0 "$STATUS"
sleep 0.2
is "what was there before it is there after it" "$before" "$("$PROG/auditstate")"
"$M/bin/actor" memfd after 0
# shellcheck disable=SC2317 # called by name
one_more() { [ "$(written)" = $((ACTS + 1)) ]; }
does "and the daemon goes on" eventually 5 one_more

start
kill -TERM "$THEIRS"
wait "$THEIRS"
"$M/bin/actor" memfd alone 0
# shellcheck disable=SC2317 # called by name
told_more() { [ "$(alerts rule.name=memfd)" -gt "$ACTS" ]; }
does "when the daemon goes, yett hears on" eventually 10 told_more
stop
whole
their "$AUDITCTL" -d always,exit -F arch=b64 -S memfd_create -k theirs >/dev/null 2>&1
audit_restore
is "audit is as it was" "$(word enabled "$AUDIT_WAS") 0" "$(word enabled "$("$PROG/auditstate")") $(word rules "$("$PROG/auditstate")")"
finish
