#!/bin/bash
# The mark plan: places that do not exist yet, are replaced, mounted over, or asked for anew by a reload are marked at every moment.
# seconds: 240
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

put "$PROG/opener" "$M/bin/opener"
O=$M/bin/opener
mkdir -p "$M"/{etc,site,vault,over,here}
echo text | tee "$M"/{etc/other,site/page,vault/key,spare} >/dev/null
field "$M/over" 4m
FILESYSTEMS=$M,$M/over
echo text >"$M/over/secret"

policy plan <<END
[policy]
description = Places that come and go

[rule preload]
on = open
file.path = $M/etc/ld.so.preload
action = deny, alert

[rule deep]
on = open
file.path = $M/a/b/c/*
action = deny, alert

[rule deep-heard]
on = create, delete
file.path = $M/heard/x/y/*
action = alert

[rule tree]
on = open
file.path = $M/grove/tree/**
action = deny, alert

[rule site]
on = open
file.path = $M/site/*
action = deny, alert

[rule over]
on = open
file.path = $M/over/secret
action = deny, alert

[rule bound]
on = open
file.path = $M/bound/*
action = deny, alert
END
start

# tries NAME EXPECTED FILE: opens it at once, and again a moment later, well before the second is over in which the clock would look
tries() {
	sleep 0.15
	exits "$1" "$2" "$O" openat read "$3"
}

for round in 1 2 3; do
	echo evil >"$M/etc/ld.so.preload"
	exits "round $round: a file that appears is denied to its second reader" "$EPERM" "$O" openat read "$M/etc/ld.so.preload"
	exits "round $round: its neighbour is not" 0 "$O" openat read "$M/etc/other"
	rm -f "$M/etc/ld.so.preload"
	echo evil >"$M/etc/new" && mv "$M/etc/new" "$M/etc/ld.so.preload"
	exits "round $round: nor one that is moved there" "$EPERM" "$O" openat read "$M/etc/ld.so.preload"
	rm -f "$M/etc/ld.so.preload"

	mkdir -p "$M/a/b/c"
	sleep 0.15
	exits "round $round: three levels deep: denied" "$EPERM" "$O" creat write "$M/a/b/c/f"
	mv "$M/a/b" "$M/a/b.old" && mkdir -p "$M/a/b/c" && echo x >"$M/a/plain" && mv "$M/a/plain" "$M/a/b/c/g"
	tries "round $round: moved away in the middle and made anew" "$EPERM" "$M/a/b/c/g"
	rm -rf "$M/a"

	mkdir -p "$M/heard/x/y"
	sleep 0.15
	touch "$M/heard/x/y/$round"
	alert "round $round: what is only heard is heard as deep" rule.name=deep-heard event.action=create "file.path=$M/heard/x/y/$round"
	rm -rf "$M/heard"

	mkdir -p "$M/built/tree/sub" && echo x >"$M/built/tree/sub/f"
	exits "round $round: a tree under another name" 0 "$O" openat read "$M/built/tree/sub/f"
	mv "$M/built" "$M/grove"
	tries "round $round: a tree that is moved there" "$EPERM" "$M/grove/tree/sub/f"
	mv "$M/grove" "$M/built"
	exits "round $round: and moved away" 0 "$O" openat read "$M/built/tree/sub/f"
	rm -rf "$M/built"

	mv "$M/site" "$M/site.old" && mkdir "$M/site" && mv "$M/site.old/page" "$M/site/page"
	tries "round $round: a directory that takes the place of another" "$EPERM" "$M/site/page"
	rmdir "$M/site.old"
done 2>/dev/null
mkdir "$M/site2" && mv "$M/site/page" "$M/site2/page" && "$PROG/changer" exchange "$M/site" "$M/site2"
tries "two directories that are exchanged" "$EPERM" "$M/site/page"

# Mounts.
exits "below a mount" "$EPERM" "$O" openat read "$M/over/secret"
umount "$M/over"
echo text >"$M/over.secret" && mv "$M/over.secret" "$M/over/secret"
tries "the mount goes: what lay below it" "$EPERM" "$M/over/secret"
for round in 1 2 3; do
	mount -t tmpfs -o size=4m yett-test "$M/over" && cp "$M/spare" "$M/over/plain"
	sleep 0.15
	mv "$M/over/plain" "$M/over/secret"
	tries "round $round: another mount over it, with the number of the old one" "$EPERM" "$M/over/secret"
	umount "$M/over"
done
mkdir "$M/bound"
mount --bind "$M/here" "$M/bound"
echo text >"$M/here/doc"
tries "a bind mount is a place: denied by its name" "$EPERM" "$M/bound/doc"
exits "and by the other it is another file" 0 "$O" openat read "$M/here/doc"
umount "$M/bound"
echo text >"$M/plain" && mv "$M/plain" "$M/bound/doc"
tries "the directory below the bind mount" "$EPERM" "$M/bound/doc"

# The plan is shown.
state() { ctl status --json | "$PYTHON" -c 'import json, sys
print([" ".join([p["kind"], ",".join(p["events"]), p["state"]]) for p in json.load(sys.stdin)["places"] if p["path"] == sys.argv[1]])' "$1"; }
is "status: a file" "['file open,write marked']" "$(state "$M/etc/ld.so.preload")"
is "status: a directory that is there" "['directory open,write marked']" "$(state "$M/site")"
is "status: one that is not" "['directory open,write awaited']" "$(state "$M/a/b/c")"
is "status: a tree that is not" "['tree open,write awaited']" "$(state "$M/grove/tree")"
is "status: what is only heard" "['directory create,delete awaited']" "$(state "$M/heard/x/y")"
said=$(COLUMNS=400 "$B/yettctl" -c "$CONF" policy check -v 2>&1)
matches "policy check -v: marked" "marked +$M/site/\* \(open, write\)" "$said"
matches "policy check -v: awaited" "awaited +$M/a/b/c/\* \(open, write\)" "$said"

# A reload changes what is marked; what stays denied is denied all the time.
mkdir -p "$M/vault/sub"
for n in $(seq 8); do echo "$n" >"$M/vault/sub/$n"; done
ln -s vault/sub "$M/alias"
one() { cat <<END
[policy]
description = One way to ask for it
[rule vault]
on = open
file.path = $M/vault/sub/*, $M/alias/*, $M/elsewhere/*
action = deny
END
}
two() { cat <<END
[policy]
description = Another way
[rule vault]
on = open, write
file.path = $M/vault/sub/1, $M/vault/sub/2, $M/vault/sub/3, $M/vault/sub/4, $M/vault/sub/5, $M/vault/sub/6, $M/vault/sub/7, $M/vault/sub/8
action = deny
[rule heard]
on = create, chmod
file.path = $M/vault/sub/*
action = log
END
}
three() { cat <<END
[policy]
description = A tree
[rule vault]
on = open
file.path = $M/vault/**
action = deny
END
}
one | policy plan
runs "reload" "$B/yettctl" -c "$CONF" reload
coproc STORM { exec "$PROG/knock" "$M"/vault/sub/*; }
storm=$STORM_PID in=${STORM[1]}
exec {from}<&"${STORM[0]}"	# the shell closes its own when the storm has ended
failed=0
for n in $(seq 50); do
	case $((n % 3)) in 0) one ;; 1) two ;; 2) three ;; esac | policy plan
	"$B/yettctl" -c "$CONF" reload >/dev/null || failed=$((failed + 1))
done
is "fifty reloads" 0 "$failed"
exec {in}>&-
read -r -t 10 -u "$from" tally
wait "$storm" 2>/dev/null
is "let none of the opens through" 0 "$(word opened "$tally")"
number "of so many" "$(word refused "$tally")" -ge 1000
is "all were seen" "51 0" "$(counter reloads) $(counter deadline)"
one | policy plan
runs "the last one" "$B/yettctl" -c "$CONF" reload
sleep 0.2
before=$(counter open_asked)
"$O" openat read "$M/vault/key" && "$O" openat read "$M/site/page"
is "what is not named any more asks nobody" 0 "$(($(counter open_asked) - before))"
is "no gate was replaced" 0 "$(counter gate_restarts)"
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
