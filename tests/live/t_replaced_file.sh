#!/bin/bash
# A program that is replaced, rewritten, truncated or unlinked while it is judged: nothing hangs, and a denied content that was put in place does not run.
# seconds: 180
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

put "$PROG/nop" "$M/good"
printf 'int main(void) { return 42; }\n' >"$T/bad.c"
"${CC:-gcc}" -o "$M/bad" "$T/bad.c" || give_up "gcc"
HASH=$(sha256sum <"$M/bad" | cut -d' ' -f1)
policy content <<END
[policy]
description = By content

[rule bad]
on = exec
file.hash.sha256 = $HASH
action = deny, alert
END
start
denied "the bad one as it is" exec "$M/bad"
allowed "the good one as it is" exec "$M/good"

# One after the other, as fast as the clock of the file system allows: no answer may be one for the content before.
wrong=0
for n in $(seq 100); do
	cat "$M/good" >"$M/turn" && chmod 755 "$M/turn"
	"$PROG/step" exec "$M/turn" 2>/dev/null || wrong=$((wrong + 1))
	cat "$M/bad" >"$M/turn"
	"$PROG/step" exec "$M/turn" 2>/dev/null
	[ $? = "$EPERM" ] || wrong=$((wrong + 1))
done
is "100 times rewritten in place, good and bad in turn: wrong answers" 0 "$wrong"
for n in $(seq 100); do
	put "$M/good" "$M/fresh" && mv "$M/fresh" "$M/turn"
	"$PROG/step" exec "$M/turn" 2>/dev/null || wrong=$((wrong + 1))
	put "$M/bad" "$M/fresh" && mv "$M/fresh" "$M/turn"
	"$PROG/step" exec "$M/turn" 2>/dev/null
	[ $? = "$EPERM" ] || wrong=$((wrong + 1))
done
is "100 times replaced by rename: wrong answers" 0 "$wrong"

for way in rename unlink truncate rewrite; do
	put "$M/good" "$M/target"
	out=$(timeout 60 "$PROG/swap" $way "$M/target" "$M/good" "$M/bad" 5)
	is "$way, at the same time: ends" 0 "$?"
	echo "  $way: $out"
	is "$way: the bad content never ran" 0 "$(word bad "$out")"
	number "$way: execs were tried" "$(($(word good "$out") + $(word refused "$out") + $(word busy "$out") + $(word absent "$out")))" -ge 50
	is "$way: no other errors" 0 "$(word other "$out")"
	number "$way: the longest wait in us" "$(word longest_us "$out")" -le 5000000
done
denied "afterwards, the bad one" exec "$M/bad"
allowed "afterwards, the good one" exec "$M/good"
# shellcheck disable=SC2317 # called by name
nothing_parked() { [ "$("$B/yettctl" -c "$CONF" status --json | look field counters.park_full)" = 0 ]; }
nothing_parked && ok "no question found the waiting room full" || not_ok "no question found the waiting room full" 0 "$(counter park_full)"
is "no gate was replaced" 0 "$(counter gate_restarts)"
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
