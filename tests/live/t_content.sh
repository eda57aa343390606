#!/bin/bash
# What is in a program decides: MD5, SHA-1, TLSH, entropy, what an ELF file says of itself. It is found out when the program is written.
# seconds: 60
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

D=$M/dir
mkdir -p "$D" "$M/free"
TELEMETRY='digests = on'
put "$PROG/nop" "$D"/{md5,sha1,build-id,other,recorded} "$M/free/known" "$M/free/unknown"
put /bin/true "$D/libraries"
put "$PROG/step" "$D/tlsh"
for f in "$D"/{md5,sha1,tlsh,other,recorded} "$M/free"/*; do echo "${f##*/}" >>"$f"; done
printf '#!%s/step ok\n' "$PROG" >"$D/header"
{ printf '#!/bin/true\n'; head -c 20000 /dev/urandom; } >"$D/entropy"
chmod 755 "$D"/*
# One segment of code, all of it noise, and no sections.
"$PYTHON" -E - "$D/packed" <<'END'
import os, struct, sys
head = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x401000, 64, 0, 0, 64, 56, 1, 64, 0, 0)
segment = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 40960, 40960, 4096)
with open(sys.argv[1], "wb") as f:
    f.write((head + segment).ljust(4096, b"\0") + os.urandom(36864))
os.chmod(sys.argv[1], 0o755)
END
md5=$(md5sum <"$D/md5" | cut -c1-32) sha1=$(sha1sum <"$D/sha1" | cut -c1-40) tlsh=T1$(tlsh_unittest -f "$D/tlsh" | cut -f1)
id=$(readelf -n "$D/build-id" | sed -n 's/.*Build ID: //p')
known=$(sha256sum <"$M/free/known" | cut -c1-64)

rules() { cat <<END
[policy]
description = What is in a program

[list places]
values = $D/**

[rule by-md5]
on = exec
file.path = @places
file.hash.md5 = $md5
action = deny, alert

[rule by-sha1]
on = exec
file.path = @places
file.hash.sha1 = $sha1
action = deny, alert

[rule by-tlsh]
on = exec
file.path = @places
file.hash.tlsh = $tlsh
action = deny, alert

[rule by-entropy]
on = exec
file.path = @places
file.type = script
file.entropy|gte = 7500
action = deny, alert

[rule by-header]
on = exec
file.path = @places
file.header_bytes|startswith = $(printf '#!%s' "$PROG" | head -c 16 | od -An -tx1 | tr -d ' \n')
action = deny, alert

[rule by-library]
on = exec
file.path = $D/libraries
file.elf.shared_libraries|startswith = libc.so.
file.elf.static = false
action = deny, alert

[rule by-build-id]
on = exec
file.path = $D/build-id
file.elf.build_id = $id
action = deny, alert

[rule packed]
on = exec
file.path = @places
file.elf.packed = true
file.elf.stripped = true
file.elf.static = true
action = deny, alert

[rule only-told]
on = exec
file.path = $D/recorded
action = alert

[rule known]
on = exec
file.path = $M/free/**
file.hash.sha256 = $known
action = deny, alert
END
}
rules | policy content
start

for f in md5 sha1 tlsh header entropy libraries build-id packed; do denied "$f: denied" exec "$D/$f"; done
allowed "another is allowed" exec "$D/other"
alert "the record of one has all of it" rule.name=by-md5 "file.hash.md5=$md5" "file.hash.sha1=$(sha1sum <"$D/md5" | cut -c1-40)" \
    "file.hash.sha256=$(sha256sum <"$D/md5" | cut -c1-64)" "yett.file.header_bytes~^7f454c46" \
    "yett.file.elf.packed=false" "yett.file.entropy~^[0-9]+$"
alert "sha1" rule.name=by-sha1 "file.hash.sha1=$sha1" yett.verdict=deny
alert "tlsh is that of libtlsh" "rule.name=by-tlsh" "file.hash.tlsh~^T1[0-9A-F]{70}$" "file.hash.tlsh=$tlsh"
alert "a script of noise" rule.name=by-entropy yett.file.type=script "yett.file.entropy~^7[0-9]{3}$"
alert "the loader's list" rule.name=by-library file.elf.shared_libraries=libc.so.6
alert "the linker's id" rule.name=by-build-id "yett.file.elf.build_id=$id"
alert "packed, static, stripped" rule.name=packed yett.file.elf.packed=true yett.file.elf.static=true yett.file.elf.stripped=true
allowed "what is only told runs" exec "$D/recorded"
alert "with digests = on its record names them, too" rule.name=only-told "file.hash.md5=$(md5sum <"$D/recorded" | cut -c1-32)"
matches "yettctl explain says the same" "packed" "$(ctl explain --on exec "$D/packed" 2>&1)"
matches "of what it reads itself" "by-entropy" "$(ctl explain --on exec "$D/entropy" 2>&1)"
before=$(counter scans)
denied "what is known is not read again" exec "$D/md5"
denied "whatever rule asks" exec "$D/packed"
is "nobody asked scan" 0 "$(($(counter scans) - before))"

# Written, then run: the answer is there before the question.
written() { # N: how many more were sent to scan when they were written, and what was read of them is known
	eventually 10 test_written "$1" || not_ok "what was written is scanned" "$1 more" "$(counter ahead) of $ahead, $(counter scanned) of $scanned"
}
# shellcheck disable=SC2317 # called by name
test_written() { [ $(($(counter ahead) - ahead)) -ge "$1" ] && [ $(($(counter scanned) - scanned)) -ge "$1" ]; }
ahead=$(counter ahead) scanned=$(counter scanned)
cp "$M/free/known" "$M/free/copy"
cp "$M/free/unknown" "$M/free/fresh"
written 2
before=$(counter scans) hits=$(counter hash_hits)
allowed "a new program runs" exec "$M/free/fresh"
is "and waited for nothing" 0 "$(($(counter scans) - before))"
denied "a copy of what is known is denied at its first exec" exec "$M/free/copy"
alert "and its record has the rest" rule.name=known "file.path=$M/free/copy" "file.hash.md5=$(md5sum <"$M/free/copy" | cut -c1-32)"
is "which alone was asked for" 1 "$(($(counter scans) - before))"
number "their hashes were there" "$(($(counter hash_hits) - hits))" -ge 2
ahead=$(counter ahead)
install -m 755 /dev/stdin "$M/free/text" <<<"no program"
cat "$M/free/known" >"$M/free/plain"
test_ahead() { [ "$(($(counter ahead) - ahead))" -ge 1 ]; }
eventually 10 test_ahead && ok "what may be executed is looked at" || not_ok "what may be executed is looked at" "1 more" "$(counter ahead)"
scanned=$(counter scanned) ahead=$(counter ahead)
cp "$M/free/known" "$M/free/last"
written 1
is "what is no program is not read, and what may not be executed not even looked at" "1 1" \
    "$(($(counter ahead) - ahead)) $(($(counter scanned) - scanned))"
cp "$M/free/known" "$M/elsewhere"
cp "$M/free/known" "$M/free/last"
written 2
is "nor a program where no rule asks for what is in it" "2" "$(($(counter ahead) - ahead))"
# shellcheck disable=SC2317 # called by name
test_gate() { [ "$(pid_of gate)" -gt 0 ]; }
# More at once than the gate takes at a time.
mkdir "$M/free/many"
ahead=$(counter ahead) scanned=$(counter scanned)
for n in $(seq 300); do cp "$M/free/known" "$M/free/many/$n"; done
written 300
before=$(counter scans)
for n in 1 150 300; do denied "program $n of three hundred" exec "$M/free/many/$n"; done
is "had no room ahead" 0 "$(counter ahead_missed)"
# Whoever is quicker than that waits, as ever.
for n in $(seq 20); do
	cp "$M/free/known" "$M/free/at-once"
	"$PROG/step" exec "$M/free/at-once" 2>/dev/null && not_ok "run at once, $n" "denied" "it ran"
	rm "$M/free/at-once"
done
ok "twenty that were run as soon as they were written were denied"
# A file that is rewritten while it waits or is read is never taken for what it was.
for n in $(seq 20); do
	cp "$M/free/unknown" "$M/free/changing"
	sleep 0.0$((n % 5))
	cat "$M/free/known" >"$M/free/changing"
	"$PROG/step" exec "$M/free/changing" 2>/dev/null && not_ok "rewritten, $n" "denied" "it ran"
	rm "$M/free/changing"
done
ok "twenty that were rewritten at once were denied"

# Where nobody waits for what is in a program, nothing is read ahead: in monitor mode, and under other rules.
unseen() { # NAME
	ahead=$(counter ahead)
	cp "$M/free/known" "$M/free/unseen"
	sleep 0.2
	is "$1" 0 "$(($(counter ahead) - ahead))"
}
runs "monitor" "$B/yettctl" -c "$CONF" monitor
eventually 10 test_gate && unseen "in monitor mode nothing is read ahead"
runs "what is known runs there" "$M/free/known"
alert "and is told" rule.name=known yett.mode=monitor yett.would=deny
runs "enforce" "$B/yettctl" -c "$CONF" enforce
eventually 10 test_gate
ahead=$(counter ahead) scanned=$(counter scanned)
cp "$M/free/known" "$M/free/again"
written 1
sed -i '/^\[rule by-md5/,$d' "$P/content.ini"
printf '[rule by-name]\non = exec\nfile.path = %s/other\naction = deny, alert\n' "$D" >>"$P/content.ini"
runs "reload" "$B/yettctl" -c "$CONF" reload
denied "another rule" exec "$D/other"
alert "is told" rule.name=by-name
unseen "nothing is read ahead any more"
is "no question waited too long" 0 "$(counter deadline)"
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
