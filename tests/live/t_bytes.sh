#!/bin/bash
# Paths, arguments and environment of any bytes: the record is UTF-8, and replacing each \xNN by its byte gives back what was there.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"
put "$PROG/nop" "$M/bin/nop"
policy bytes <<END
[policy]
description = All that is run below odd

[rule odd]
on = exec
process.executable = $M/odd/**
process.env_vars|contains = PYTHONPATH
action = alert

[rule made]
on = create
file.path = $M/odd/**
action = alert
END
mkdir -p "$M/odd"
start
cat >"$T/odd.py" <<'END'
"""odd.py run DIR PROGRAM: runs PROGRAM under odd names, with odd arguments and variables. odd.py check DIR LOG: says what differs."""
import json, os, random, re, subprocess, sys

verb, where, other = sys.argv[1:]
where = where.encode()
dice = random.Random(7)
every = bytes(b for b in range(1, 256) if b != ord("/"))
odd = [b"\xff\xfe", b"\\x41", b"\\\\x41", b"\\", b"\\x", b"\\xZZ", b"\\\xff", b"\xff\\x41", b'"quoted"', b"caf\xc3\xa9 \xf0\x9f\x8c\x8d",
       b"\xc3", b"\xc3\xa9\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"new\nline\ttab\x1b[31m\x7f", b"\xc2\x9b31m", b"\\u0041", b"%41 &amp;",
       every[:120], every[120:]] + [bytes(dice.choice(every) for _ in range(40)) for _ in range(20)]
cases = [(where + b"/" + name, [name, b"-x", name + name, b""], {b"PYTHONPATH": name}) for name in odd]


def decode(text):
    """As yett-record(5) says."""
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m.group(1), 16)]), text.encode("utf-8"))


if verb == "run":
    for path, args, env in cases:
        os.link(other, path)
        subprocess.run([path] + args, env=env, executable=path, check=True)
else:
    records = [json.loads(line) for line in open(other, "rb")]
    ran = {decode(r["process"]["executable"]): r for r in records if r.get("rule", {}).get("name") == "odd"}
    made = {decode(r["file"]["path"]) for r in records if r.get("rule", {}).get("name") == "made"}
    for path, args, env in cases:
        record = ran.get(path)
        if not record:
            print("no exec of", path)
            continue
        got = [decode(a) for a in record["process"]["args"]]
        if got != [path] + args:
            print("arguments of", path, "are", got)
        if b"PYTHONPATH=" + env[b"PYTHONPATH"] not in [decode(v) for v in record["process"]["env_vars"]]:
            print("environment of", path, "is", record["process"]["env_vars"])
        if decode(record["file"]["path"]) != path:
            print("the file of", path, "is", record["file"]["path"])
        if path not in made:
            print("nobody made", path)
    print(len(cases), "were looked at")
END
runs "they run" "$PYTHON" "$T/odd.py" run "$M/odd" "$M/bin/nop"
number "each was seen" "$(eventually 10 test "$(alerts rule.name=made)" -ge 41; alerts rule.name=odd)" -ge 41
settled
is "all come back" "41 were looked at" "$("$PYTHON" "$T/odd.py" check "$M/odd" "$ALERTS" 2>&1)"
stop
whole
finish
