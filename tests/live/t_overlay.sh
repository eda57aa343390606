#!/bin/bash
# Lower and overlay superblock both named: execs and opens through both are judged, none deadlocks.
# seconds: 120
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

# layers NAME DIRECTORY: an overlay whose layers lie on the file system of DIRECTORY
layers() {
	mkdir -p "$2"/{lower,upper,work} "$T/$1"
	put "$PROG/nop" "$2"/lower/{forbidden,allowed,edited,cached}
	echo text | tee "$2/lower/secret" "$2/lower/public" >/dev/null
	mount -t overlay -o "lowerdir=$2/lower,upperdir=$2/upper,workdir=$2/work" yett-test "$T/$1" || give_up "overlay $1"
}

layers one "$M"
both=$M,$T/one
where=("$M" "$T/one")
if command -v mkfs.ext4 >/dev/null && truncate -s 64M "$T/disk" && mkfs.ext4 -q -F "$T/disk" && mkdir "$T/disk.d" &&
    mount -o loop "$T/disk" "$T/disk.d"; then
	layers two "$T/disk.d"
	both=$both,$T/disk.d,$T/two
	where+=("$T/disk.d" "$T/two")
else
	echo "  no loop device or mkfs.ext4 here: only tmpfs as layers"
fi
FILESYSTEMS=${both//,/, }

# Paths of layers are relative to the layer, so the name decides.
policy overlay <<END
[policy]
description = By name, whatever the layer

[rule forbidden]
on = exec
file.name = forbidden
action = deny, alert

[rule open-mode]
on = exec
file.name = cached
file.writable_by_others = true
action = deny, alert

[rule secret]
on = open
file.name = secret
action = deny, alert
END
start
for ((i = 0; i < ${#where[@]}; i += 2)); do
	lower=${where[i]}/lower over=${where[i + 1]}
	type=$(stat -f -c %T "$lower")
	denied "$type: exec through the overlay" exec "$over/forbidden"
	denied "$type: exec through the layer" exec "$lower/forbidden"
	allowed "$type: another through the overlay" exec "$over/allowed"
	allowed "$type: another through the layer" exec "$lower/allowed"
	exits "$type: open through the overlay" "$EPERM" "$PROG/opener" openat read "$over/secret"
	exits "$type: open through the layer" "$EPERM" "$PROG/opener" openat read "$lower/secret"
	exits "$type: another through the overlay" 0 "$PROG/opener" openat rdwr "$over/public"
	exits "$type: another through the layer" 0 "$PROG/opener" openat read "$lower/public"
	runs "$type: a copy-up by chmod" chmod 755 "$over/forbidden"
	denied "$type: exec of what was copied up" exec "$over/forbidden"
	aged "$lower/cached"
	"$over/cached" && "$over/cached"
	before=$(counter exec_asked)
	"$over/cached"
	is "$type: a program is remembered through the overlay: exec asks nobody" 0 "$(($(counter exec_asked) - before))"
	runs "$type: it is copied up with another mode" chmod o+w "$over/cached"
	denied "$type: and asked about again, and denied for its mode" exec "$over/cached"
	runs "$type: the one below is as it was" "$lower/cached"
	runs "$type: a copy-up by writing" cp "$PROG/nop" "$over/edited"
	allowed "$type: exec of what was written" exec "$over/edited"
	out=$(timeout 60 "$PROG/storm" 3 4 "$over/allowed" "$lower/forbidden")
	is "$type: a storm through both: exit" 0 "$?"
	is "$type: a storm through both: nothing forbidden" 0 "$(word denied_ran "$out")"
	number "$type: a storm through both: longest wait in us" "$(word longest_us "$out")" -le 3000000
done

# Made after the start, on a layer that is watched.
mkdir -p "$M/late/upper" "$M/late/work" "$T/late"
mount -t overlay -o "lowerdir=$M/lower,upperdir=$M/late/upper,workdir=$M/late/work" yett-test "$T/late"
denied "an overlay mounted later is covered by its layer" exec "$T/late/forbidden"
allowed "and runs what it may" exec "$T/late/allowed"

for mount in "${where[@]}"; do
	said=$(ctl status --json | "$PYTHON" -c 'import json, sys
print([m["covered"] for m in json.load(sys.stdin)["mounts"] if m["path"] == sys.argv[1]])' "$mount")
	is "status: $mount is covered" "[True]" "$said"
done
is "no deadline passed, no gate was replaced" "0 0" "$(counter deadline) $(counter gate_restarts)"
stop
finish
