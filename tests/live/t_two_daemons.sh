#!/bin/bash
# Two of them side by side, each in a mount namespace with paths of its own: each denies its own and leaves the other alone.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

mkdir "$T/a" "$T/b" "$T/word"
cat >"$T/side" <<'END'
#!/bin/bash
# One of the two. Says what it does in $WORDS.started and the like, goes on when it is told to.
. "$LIB"
put "$PROG/nop" "$M/forbidden-$SIDE" "$M/allowed"
policy side <<POLICY
[policy]
description = Of one of two

[rule forbidden-$SIDE]
on = exec
process.executable = $M/forbidden-$SIDE
action = deny, alert
POLICY
start
gate=$(pid_of gate)
: >"$WORDS/$SIDE.started"
eventually 20 test -e "$WORDS/go"
denied "$SIDE denies its own" exec "$M/forbidden-$SIDE"
allowed "$SIDE allows the rest" exec "$M/allowed"
"$PROG/storm" -n 200 "$M/allowed" >"$T/out"
is "$SIDE: 200 execs" 200 "$(word ran "$(cat "$T/out")")"
alert "$SIDE has the record of its own" "rule.name=forbidden-$SIDE"
no_alert "$SIDE has none of the other" rule.name "!rule.name=forbidden-$SIDE"
is "$SIDE has one denial" 1 "$(counter denied)"
: >"$WORDS/$SIDE.first"
if [ "$SIDE" = a ]; then
	eventually 20 test -e "$WORDS/b.first"
	kill -9 "$YETTD"
	wait "$YETTD" 2>/dev/null
	YETTD=
	: >"$WORDS/a.dead"
	finish
fi
eventually 30 test -e "$WORDS/a.dead"
denied "$SIDE goes on when the other is killed" exec "$M/forbidden-$SIDE"
is "$SIDE keeps its gate" "$gate" "$(pid_of gate)"
stop
is "$SIDE ends well" 0 "$STATUS"
whole "$SIDE: the log is whole"
finish
END
# shellcheck disable=SC2016 # the side expands it
sed -i 's/ "!rule.name=forbidden-\$SIDE"/ "rule.name~-[^$SIDE]$"/' "$T/side"
mkdir "$W/a" "$W/b"
for side in a b; do
	# Each gets its own namespace list, which the runner reads too.
	mkdir -p "$W/$side/t"
	SIDE=$side WORDS=$T/word W=$W/$side T=$W/$side/t unshare -m --propagation private bash "$T/side" >"$T/word/$side.out" 2>&1 &
done
eventually 30 test -e "$T/word/a.started" -a -e "$T/word/b.started" || not_ok "both start" "two" "$(cat "$T"/word/*.out)"
cat "$W"/[ab]/namespaces >>"$W/namespaces"
: >"$T/word/go"
wait
cat "$T"/word/[ab].out
for side in a b; do
	if [ -e "$W/$side/done" ]; then ok "$side came to its end"; else not_ok "$side came to its end" "done" "nothing"; fi
done
finish
