#!/bin/bash
# Labels: a rule gives one, children that are born later have it, over exec; other rules test it; a reload keeps it by its name.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

put "$PROG/step" "$M/bin/server" "$M/bin/tool" "$M/bin/other"
put "$PROG/nop" "$M/bin/nop"
put "$PROG/opener" "$M/bin/reader"
mkdir "$M/data"
echo x >"$M/data/file"

# labels [FIRST]: a policy in which FIRST is the first label
labels() {
	policy labels <<-END
	[policy]
	description = What descends from the server, and what a rule does about it
	[rule a-first]
	on = exec
	process.executable = $M/bin/none
	label = ${1:-first}
	[rule server]
	on = exec
	process.executable = $M/bin/server
	label = web
	[rule tool]
	on = exec
	process.executable = $M/bin/tool
	process.label = web
	label = tool
	[rule forbidden]
	on = exec
	process.executable = $M/bin/nop
	process.label = web
	action = deny, alert
	[rule read]
	on = open
	file.path = $M/data/file
	process.label = tool
	action = alert
	[rule refused]
	on = exec
	process.executable = $M/bin/other
	user.id = 4711
	label = web
	action = deny
	END
}
labels
start
allowed "what has no label" fork "$M/bin/nop"
denied "the process itself, over exec" exec "$M/bin/server" exec "$M/bin/nop"
exits "its child" "$EPERM" "$M/bin/server" fork "$M/bin/nop"
exits "the child of a child, which runs another program" "$EPERM" "$M/bin/server" fork "$M/bin/other" fork "$M/bin/nop"
allowed "another program, which the server did not start" exec "$M/bin/other" exec "$M/bin/nop"
exits "who reads without the second label" 0 "$M/bin/tool" exec "$M/bin/reader" open read "$M/data/file"
no_alert "is not told" rule.name=read
exits "who has both" 0 "$M/bin/server" exec "$M/bin/tool" exec "$M/bin/reader" open read "$M/data/file"
alert "is told with both" rule.name=read "process.executable=$M/bin/reader" yett.process.label=web yett.process.label=tool
denied "an exec that is denied" "gid=$NOGROUP" uid=4711 exec "$M/bin/other"
alert "the record of what is forbidden names the label" rule.name=forbidden yett.process.label=web

# It lives on over a reload: under another number, and is gone when no rule gives it.
mkfifo "$T/go"
"$M/bin/server" read="$T/go" exec "$M/bin/nop" & waits=$!
eventually 10 test "$(readlink /proc/$waits/exe)" = "$M/bin/server"
labels zero
runs "reload" "$B/yettctl" -c "$CONF" reload
echo >"$T/go"
wait "$waits"
is "after a reload" "$EPERM" "$?"
"$M/bin/server" read="$T/go" exec "$M/bin/nop" & waits=$!
eventually 10 test "$(readlink /proc/$waits/exe)" = "$M/bin/server"
mv "$P/labels.ini" "$T/labels.ini"
runs "reload without labels" "$B/yettctl" -c "$CONF" reload
mv "$T/labels.ini" "$P/labels.ini"
runs "and with them again" "$B/yettctl" -c "$CONF" reload
echo >"$T/go"
wait "$waits"
is "what no rule gave for a while is forgotten" 0 "$?"
exits "who comes now has it" "$EPERM" "$M/bin/server" exec "$M/bin/nop"

matches "policy show: the label" 'actions +label web' "$(ctl policy show server)"
matches "explain: it is allowed, and gets the label" 'server \(label web' "$(ctl explain "$M/bin/server")"
exits "explain: with the label" 1 "$B/yettctl" -c "$CONF" explain "$M/bin/nop" process.label=web
exits "explain: without" 0 "$B/yettctl" -c "$CONF" explain "$M/bin/nop"
why=$(ctl why "$(look get "$ALERTS" event.id rule.name=forbidden)")
matches "why: the condition on the label" 'process.label = web' "$why"

gate=$(pid_of gate)
kill -9 "$gate"
other_pid gate "$gate" 10 >/dev/null
exits "another gate gives them" "$EPERM" "$M/bin/server" fork "$M/bin/nop"
stop
whole
finish
