# shellcheck shell=bash
# shellcheck disable=SC2154 # here, d, root, raw and the like are set by run, which sources this
# The little host that the benchmark runs on, and yettd in it: a tmpfs in a private mount namespace, with programs and their libraries, so
# that every exec of a load is asked about, and the shipped policies find the paths that they name.
#   $d       a tmpfs of our own, never marked      $root       the host, marked      $root/yett    yettd's house, never marked

libraries() { ldd "$@" 2>/dev/null | grep -o '/[^ ):]*\.so[^ ):]*' | sort -u; }

# give SOURCE TARGET
give() {
	mkdir -p "$(dirname "$root/$2")"
	cp -L "$1" "$root/$2" && chmod 755 "$root/$2" || fail "cannot copy $1"
}

# What `gcc -c` runs; nothing is linked here.
give_compiler() {
	local cc1
	cc1=$(gcc -print-prog-name=cc1) && [ "${cc1#/}" != "$cc1" ] || fail "gcc has no cc1 of its own"
	give "$(type -P gcc)" usr/bin/gcc
	give "$cc1" "$cc1"
	: >"$root/usr/include/stdc-predef.h"	# each compilation asks for it
}

build_host() {
	local p lib
	mkdir "$root" && mount -t tmpfs -o mode=755,size=1500m yett-bench "$root" || fail "no tmpfs"
	[ "$(stat -c %d "$root")" != "$(stat -c %d /)" ] || fail "the host is no file system of its own"
	cd "$root" && mkdir -p usr/{bin,sbin,lib,lib64,include} etc var/tmp bench proc dev yett && mkdir -m 1777 tmp || fail "mkdir"
	for p in bin sbin lib lib64; do ln -s usr/$p $p; done
	mount -t proc proc proc && mount --bind /dev dev && mount -t tmpfs -o mode=755 yett-bench yett || fail "mount"
	mkdir yett/{vendor,own,bin}
	for p in cat cp false find grep make rm sed tar test true; do give "$(type -P $p)" usr/bin/$p; done
	for p in as ar; do give "$(type -P $p)" usr/bin/$p; done
	give "$(type -P dash || type -P sh)" usr/bin/sh
	give_compiler
	for p in yettd yettctl; do give "$B/$p" yett/bin/$p; done
	while read -r lib; do
		mkdir -p "$root${lib%/*}" && cp -L "$lib" "$root$lib" || fail "cannot copy $lib"
	done < <(find "$root" -xdev -type f -perm -u+x -print0 | xargs -0 -n 1 ldd 2>/dev/null | grep -o '/[^ ):]*\.so[^ ):]*' |
	    cat - <(libraries "$B/yettd" "$B/yettctl") | sort -u)
	printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >etc/passwd
	printf 'root:x:0:\nnogroup:x:65534:\n' >etc/group
	echo 'include /etc/ld.so.conf.d/*.conf' >etc/ld.so.conf
	mkdir etc/ld.so.conf.d && cp /etc/ld.so.conf.d/*.conf etc/ld.so.conf.d/ 2>/dev/null
	/sbin/ldconfig -r "$root" 2>/dev/null || fail "ldconfig"
	cp "$here"/../../policies/*.ini yett/vendor
	cd / || exit 1
}

# What the loads work on.
fill_host() {
	local n b=$root/bench nop=$B/live/nop
	give "$nop" bench/nop
	"$here/generate" library "$b/lib" 32
	"$here/generate" tree "$b/tree" 4000
	tar -cf "$b/tree.tar" -C "$b" tree && rm -rf "$b/tree"
	"$here/generate" programs "$b/first" 400 112640 "$nop"
	"$here/generate" programs "$b/hashed" 400 112640 "$nop"
	mkdir "$b/open" "$b/work"
	for ((n = 0; n < 2000; n++)); do echo $n >"$b/open/$n"; done
	give "$nop" bench/big/program
	head -c 268435456 /dev/zero >>"$b/big/program"
	printf 'alpha beta\n%.0s' {1..200} >"$b/work/in"
	cat >"$b/job" <<-'END'
	cd /bench/work
	/usr/bin/test -r in || exit 1
	cat in >out
	sed 's/alpha/gamma/' out >changed
	/usr/bin/true
	END
	cat >"$b/untar" <<-'END'
	cd /bench/work && tar -xf ../tree.tar && find tree -type f -name '*.txt' >list && grep -rl word1f3 tree >list
	END
	cat >"$b/configure" <<-'END'
	cd /bench/work
	cp /bench/nop conftest && ./conftest && rm conftest
	cat in >out
	sed 's/alpha/gamma/' out >changed
	END
	# Below these directories a program must be hashed before its first exec.
	cat >"$root/yett/own/bench.ini" <<-END
	[policy]
	description = What is below these directories is judged by its content
	[rule by-content]
	on = exec
	file.path = /bench/hashed/**, /bench/written/**, /bench/big/**
	file.hash.sha256 = $(printf 'no file has this' | sha256sum | cut -d' ' -f1)
	action = deny, alert
	END
}

# Programs that come while yettd runs: where execs wait for what is in them, it is known before.
write_programs() {
	local before now until=$((SECONDS + 30))
	rm -rf "$root/bench/written"
	read -r before < <(counters scanned)
	cp -R "$root/bench/hashed" "$root/bench/written"
	[ -n "$daemon" ] && grep -q 'mode = enforce' "$root/yett/yett.conf" || return 0
	until read -r now < <(counters scanned); [ $((now - before)) -ge 400 ]; do
		[ "$SECONDS" -lt "$until" ] || fail "programs that were written are not hashed: $((now - before))"
		sleep 0.05
	done
}

# yettctl as seen from here; the daemon is chrooted.
ctl() { "$B/yettctl" -c "$d/outside.conf" "$@"; }

# configuration MODE AUDIT HOUSE
configuration() {
	cat <<-END
	[agent]
	mode = $1
	user = nobody
	[paths]
	vendor_policies = $3/vendor
	policies = $3/own
	state = $3/state
	log = $3/log
	run = $3/run
	[gate]
	filesystems = /
	[audit]
	mode = $2
	END
}

# start_yett MODE [AUDIT]: returns when it answers; ready_ms: how long that took
start_yett() {
	local began now
	configuration "$1" "${2-off}" /yett >"$root/yett/yett.conf"
	configuration "$1" "${2-off}" "$root/yett" >"$d/outside.conf"
	began=$(date +%s%N)
	chroot "$root" /yett/bin/yettd -f -c /yett/yett.conf 2>"$d/yettd.err" &
	daemon=$!
	until ctl status -q >/dev/null 2>&1; do
		now=$(date +%s%N)
		kill -0 $daemon 2>/dev/null && [ $((now - began)) -lt 60000000000 ] || { cat "$d/yettd.err" >&2; fail "yettd did not start"; }
		sleep 0.01
	done
	now=$(date +%s%N)
	ready_ms=$(((now - began) / 1000000))
	read -r -a kids <"/proc/$daemon/task/$daemon/children"
	agents=$(IFS=,; echo "$daemon,${kids[*]}")
	ctl status >"$d/status" 2>&1
}

stop_yett() {
	[ -n "$daemon" ] || return 0
	kill "$daemon" && wait "$daemon"
	daemon='' agents=''
	rm -rf "${root:?}"/yett/{state,log,run}
}

start_floor() {
	exec {ready}< <(exec "$B/bench/floor" "$root")
	floor=$!
	read -r -t 10 -u "$ready" word && [ "$word" = ready ] || fail "the bare listener"
	agents=$floor
}

stop_floor() {
	[ -n "$floor" ] || return 0
	kill "$floor"
	exec {ready}<&-
	floor='' agents=''
}

# counters NAME...: their values, in this order
counters() {
	local name text
	[ -n "$daemon" ] || { printf '0 %.0s' "$@"; return; }
	text=$(ctl status --json)
	for name in "$@"; do
		printf '%s ' "$(printf '%s\n' "$text" | grep -oE "\"$name\": ?[0-9]+" | tail -n 1 | grep -oE '[0-9]+$')"
	done
}
