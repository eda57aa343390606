#!/bin/bash
# `make demo` shows what it promises.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
out=$("$LIVE/demo" "$B" 2>&1)
is "the demo ends well" 0 "$?"
is "six attacks are stopped" 6 "$(printf '%s\n' "$out" | grep -cE '^   (DENIED|KILLED)')"
is "their neighbours run" 6 "$(printf '%s\n' "$out" | grep -c '^   allowed')"
matches "the records are whole" '^alerts: whole:' "$out"
matches "a changed word is noticed" 'forged.jsonl:[0-9]+: altered' "$out"
finish
