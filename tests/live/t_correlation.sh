#!/bin/bash
# What only several events together mean: a browser's child that talks to a domain controller, and a tree that rewrites many files.
# seconds: 120
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

audit_needed
put "$PROG/step" "$M"/bin/{browser,helper,other}
put "$PROG/acts" "$M/bin/talker"
put "$PROG/opener" "$M/bin/writer"
mkdir -p "$M/home"
for n in $(seq 8); do echo "$n" >"$M/home/$n"; done
port=$((20000 + RANDOM % 20000))
policy correlations <<END
[policy]
description = Several events

[rule browser-starts-child]
on = exec
process.previous.executable = $M/bin/browser

[rule connects-to-controller]
on = connect
destination.ip = 127.0.0.1
destination.port = $port

[correlation browser-to-controller]
type = temporal_ordered
rules = browser-starts-child, connects-to-controller
group-by = process.tree
timespan = 60s
action = kill, alert
severity = critical

[rule rewrites]
on = write
file.path = $M/home/*

[correlation many-rewrites]
type = value_count
rules = rewrites
group-by = process.tree
field = file.path
timespan = 60s
condition = gte: 5
action = deny, alert
severity = high

[rule starts]
on = exec
process.executable = $M/bin/**

[correlation never-ran]
type = new_terms
rules = starts
group-by = process.executable
learn = 1ms
action = alert
END
AUDIT=auto
start
"$M/bin/talker" wait "$port" >/dev/null & alone=$!
"$M/bin/browser" exec "$M/bin/helper" fork "$M/bin/other" fork "$M/bin/talker" wait "$port" >/dev/null
is "the great-grandchild of a browser that connects is killed" 137 "$?"
alert "and recorded as the correlation" rule.name=browser-to-controller event.action=connect yett.matched=connects-to-controller \
    "destination.port=$port"
sleep 0.2
kill -0 $alone 2>/dev/null && ok "who has no browser above may" || not_ok "who has no browser above may" "alive" "dead"
kill $alone 2>/dev/null
is "nobody else was told" 1 "$(alerts rule.name=browser-to-controller)"

for n in 1 2 3 4; do runs "rewriting $n" "$M/bin/writer" open write "$M/home/$n"; done
refused "the fifth file of one session" "$M/bin/writer" open write "$M/home/5"
refused "and the sixth" "$M/bin/writer" open write "$M/home/6"
refused "a session of its own does not lead out" setsid -w "$M/bin/writer" open write "$M/home/7"
runs "reading" "$M/bin/writer" open read "$M/home/5"
alert "recorded with its count" rule.name=many-rewrites yett.verdict=deny

put "$PROG/nop" "$M/bin/unseen"
"$M/bin/unseen"
alert "a program that never ran is told" rule.name=never-ran "process.executable=$M/bin/unseen"
"$M/bin/unseen"
settled
is "once" 1 "$(alerts rule.name=never-ran "process.executable=$M/bin/unseen")"
stop
start
"$M/bin/unseen"
put "$PROG/nop" "$M/bin/later"
"$M/bin/later"
alert "another, after a restart" rule.name=never-ran "process.executable=$M/bin/later"
is "what was learnt before is known" 1 "$(alerts rule.name=never-ran "process.executable=$M/bin/unseen")"
sed -i 's/gte: 5/gte: 6/' "$P/correlations.ini"
runs "a reload" "$B/yettctl" -c "$CONF" reload
number "correlations that came true are counted" "$(counter correlated)" -ge 1
stop
whole
audit_restore
finish
