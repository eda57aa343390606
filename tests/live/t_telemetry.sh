#!/bin/bash
# All 34 rows of the EDR-Telemetry project's Linux table, as an admin has them who links policies/telemetry: each act is done by raw system
# calls, and there is a record of it with the right process, in two seconds where the machine is not busy. Then the same without audit: what remains is what doctor says.
# seconds: 300
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

audit_needed
SHIPPED=$LIVE/../../policies EVENTS=$L/events.jsonl

own /etc /var/spool /usr/lib/systemd
mkdir -p /etc/cron.d /etc/systemd/system "$M/files" "$M/lib"
put "$PROG/acts" "$M/bin/actor"
put "$PROG/changer" "$M/bin/changer"
put "$PROG/resolve" "$M/bin/resolver"
put "$PROG/nop" "$M/bin/nop" "$M/bin/content"
printf '#!/bin/sh\n: a script that says so\n' >"$M/bin/script"
chmod 755 "$M/bin/script"
cp "$(ldd /bin/true | sed -n 's/.*=> \(.*libc[^ ]*\) .*/\1/p')" "$M/lib/libown.so"
mknod "$T/disk" b 7 0
ENTROPY=$("$PYTHON" -E -c 'import collections, math, sys
b = open(sys.argv[1], "rb").read()
print(round(-1000 * sum(n / len(b) * math.log2(n / len(b)) for n in collections.Counter(b).values())))' "$M/bin/content")
net=127.54.$((RANDOM % 250 + 1)).1
name_server "$net"

cp "$SHIPPED"/telemetry.ini "$SHIPPED"/telemetry/*.ini "$P"
policy own <<END
[policy]
description = What an admin names himself: places of libraries, and of contents
[rule libraries]
on = load
file.path = $M/lib/**
action = log
[rule contents]
on = exec
file.path = $M/bin/content
action = log
END
OWN_MOUNTS=1 FILESYSTEMS=$M,/etc,/var/spool,/usr/lib/systemd AUDIT=auto TELEMETRY='digests = on'
start

# seen SECONDS COND...: in one of the logs. The record is in $T/found
seen() {
	local until=$(($(date +%s%N) + $1 * 1000000000))
	shift
	while :; do
		look wait "$EVENTS" 0 "$@" >"$T/found" 2>"$T/look" && return 0
		look wait "$ALERTS" 0 "$@" >"$T/found" 2>>"$T/look" && return 0
		[ "$(date +%s%N)" -lt "$until" ] || return 1
	done
}

# row N NAME COND... -- PROGRAM ARG...: it runs, and there is a record of it with its process, in time. ROWS: those that were
ROWS='' ACTOR='' SLOWEST=0
row() {
	local n=$1 name=$2 conds=() began took
	shift 2
	while [ "$1" != -- ]; do conds+=("$1"); shift; done
	shift
	"$@" >"$T/said" 2>"$T/err" &
	ACTOR=$!
	began=$(date +%s%N)
	if seen 10 "${conds[@]}" "process.pid=$ACTOR" "process.executable=$M/bin/${1##*/}"; then
		took=$((($(date +%s%N) - began) / 1000000))
		[ "$took" -le "$SLOWEST" ] || SLOWEST=$took
		ok "$n $name"
		ROWS="$ROWS $n"
	else
		not_ok "$n $name" "a record with ${conds[*]} process.pid=$ACTOR" "$(cat "$T/err"); the last record: $(tail -n 1 "$T/look")"
	fi
	kill -9 "$ACTOR" 2>/dev/null
	wait "$ACTOR" 2>/dev/null
}
a=$M/bin/actor c=$M/bin/changer
change() { cp "$1" "$T/new" && sed -i "$2" "$T/new" && cp "$T/new" "$1+"; }

# What needs no audit.
without_audit() {
	row 1 "Process Creation" rule.name=telemetry-start event.category=process event.type=start "file.path=$M/bin/nop" -- "$M/bin/nop"
	row 2 "Process Termination" rule.name=telemetry-exit event.type=end process.exit_code=0 -- "$M/bin/nop"
	row 3 "File Creation" rule.name=telemetry-create "file.path=$M/files/one" -- "$c" create "$M/files/one"
	row 4 "File Modification" rule.name=telemetry-modify "file.path=$M/files/one" -- "$c" append text "$M/files/one"
	row 4 "File Modification, by rename" rule.name=telemetry-rename "file.path=$M/files/two" -- "$c" rename "$M/files/one" "$M/files/two"
	row 4 "File Modification, of its rights" rule.name=telemetry-chmod "file.path=$M/files/two" -- "$c" chmod 600 "$M/files/two"
	row 5 "File Deletion" rule.name=telemetry-delete "file.path=$M/files/two" -- "$c" delete "$M/files/two"
	row 9 "Script Content" rule.name=telemetry-script "file.path=$M/bin/script" 'yett.script.text~a script that says so' -- "$M/bin/script"
	row 13 "Scheduled Task" rule.name=telemetry-schedule yett.change.type=added yett.change.entry=/bin/job \
	    -- "$c" append '7 * * * * root /bin/job' /etc/cron.d/new
	rm /etc/cron.d/new
	row 14 "User Account Created" rule.name=telemetry-account yett.change.type=added yett.change.object=user user.target.name=eve \
	    -- "$c" append eve:x:4242:4242::/home/eve:/bin/sh /etc/passwd
	change /etc/passwd 's|/home/eve:/bin/sh|/home/eve:/bin/bash|'
	row 15 "User Account Modified" rule.name=telemetry-account yett.change.type=changed user.target.name=eve 'yett.change.after~shell=/bin/bash' \
	    -- "$c" rename /etc/passwd+ /etc/passwd
	cp /etc/passwd /etc/passwd+
	row 15 "User Account Modified, by a rewrite that changes nothing" rule.name=telemetry-account yett.change.type=rewritten \
	    -- "$c" rename /etc/passwd+ /etc/passwd
	change /etc/passwd '/^eve:/d'
	row 16 "User Account Deleted" rule.name=telemetry-account yett.change.type=removed yett.change.object=user user.target.name=eve \
	    -- "$c" rename /etc/passwd+ /etc/passwd
	row 18 "Image Load" rule.name=libraries event.category=library "file.path=$M/lib/libown.so" -- "$c" load "$M/lib/libown.so"
	printf '[Service]\nExecStart=/bin/old\n' >"$T/unit"
	cp "$T/unit" /etc/systemd/system/x.tmp
	row 24 "Service Creation" rule.name=telemetry-service yett.change.type=added yett.change.entry=x.service \
	    -- "$c" rename /etc/systemd/system/x.tmp /etc/systemd/system/x.service
	row 25 "Service Modification" rule.name=telemetry-service 'yett.change.after~/bin/new' -- "$c" append 'ExecStartPre=/bin/new' /etc/systemd/system/x.service
	row 26 "Service Deletion" rule.name=telemetry-service yett.change.type=removed yett.change.entry=x.service -- "$c" delete /etc/systemd/system/x.service
	row 29 "File MD5" rule.name=contents "process.hash.md5=$(md5sum <"$M/bin/content" | cut -c1-32)" -- "$M/bin/content"
	row 30 "File SHA" rule.name=contents "process.hash.sha256=$(sha256sum <"$M/bin/content" | cut -c1-64)" -- "$M/bin/content"
	row 31 "Fuzzy Hash" rule.name=contents "process.hash.tlsh=T1$(tlsh_unittest -f "$M/bin/content" | cut -f1)" -- "$M/bin/content"
	row 32 "File Entropy" rule.name=contents "yett.file.entropy>$((ENTROPY - 2))" "yett.file.entropy<$((ENTROPY + 2))" -- "$M/bin/content"
	row 33 "File Header Bytes" rule.name=contents "yett.file.header_bytes=$(head -c 16 "$M/bin/content" | od -An -tx1 | tr -d ' \n')" -- "$M/bin/content"
	row 34 "File Size" rule.name=contents "file.size=$(stat -c %s "$M/bin/content")" -- "$M/bin/content"
}
without_audit

port=$((20000 + RANDOM % 20000))
row 6 "User Logon" rule.name=telemetry-logon user.target.name=yett-alice source.ip=192.0.2.7 -- "$a" say-logon 1105 yett-alice 192.0.2.7
row 7 "User Logoff" rule.name=telemetry-logoff user.target.name=yett-alice -- "$a" say-logon 1106 yett-alice 192.0.2.7
row 8 "User Logon Failed" rule.name=telemetry-logon-failed user.target.name=yett-alice -- "$a" say-logon -1100 yett-alice 192.0.2.7
row 10 "Network Connection" rule.name=telemetry-connect destination.ip=127.0.0.1 destination.port=$port -- "$a" connect $port
row 10 "Network Connection, by io_uring" rule.name=telemetry-connect destination.port=$port -- "$a" uring-connect $port
row 10 "Network Connection, accepted" rule.name=telemetry-accept source.ip=127.0.0.1 -- "$a" accept $((port + 1)) 2
row 10 "Network Connection, accepted by io_uring" rule.name=telemetry-accept -- "$a" uring-accept 0
row 11 "Network Socket Listen" rule.name=telemetry-listen destination.port=$((port + 2)) -- "$a" listen $((port + 2)) 2
row 11 "Network Socket Listen, by io_uring" rule.name=telemetry-listen -- "$a" uring-listen $((port + 3))
row 11 "Network Socket Listen, bound" rule.name=telemetry-bind destination.port=$((port + 4)) -- "$a" listen $((port + 4))
row 11 "Network Socket Listen, to all packets" rule.name=telemetry-socket -- "$a" packet-socket
row 12 "DNS Query" rule.name=telemetry-dns dns.question.name=row12.example.org dns.answers.data=192.0.2.1 -- "$M/bin/resolver" connect "$net" row12.example.org
row 12 "DNS Query, by io_uring" rule.name=telemetry-dns dns.question.name=uring12.example.org -- "$M/bin/resolver" uring "$net" uring12.example.org
row 17 "Driver Load" rule.name=telemetry-module event.category=driver yett.event.syscall=finit_module -- "$a" module
row 19 "eBPF Event" rule.name=telemetry-bpf yett.event.syscall=bpf -- "$a" bpf-load
row 20 "Raw Access Read" rule.name=telemetry-raw-read "file.path=$T/disk" -- "$a" raw-read "$T/disk"
row 20 "Raw Access Read, by io_uring" rule.name=telemetry-raw-read "file.path=$T/disk" -- "$a" uring-raw-read "$T/disk"
victim
row 21 "Process Access" rule.name=telemetry-ptrace "yett.target.process.pid=$VICTIM" -- "$a" attach "$VICTIM"
row 22 "Process Tampering" rule.name=telemetry-ptrace "yett.target.process.pid=$VICTIM" yett.event.syscall=process_vm_writev -- "$a" write-memory "$VICTIM"
row 22 "Process Tampering, by its file" rule.name=telemetry-ptrace "yett.target.process.pid=$VICTIM" -- "$a" mem-file "$VICTIM"
row 22 "Process Tampering, by io_uring" rule.name=telemetry-ptrace "yett.target.process.pid=$VICTIM" -- "$a" uring-mem-file "$VICTIM"
done_with
victim
row 2 "Process Termination, by whom" rule.name=telemetry-kill "yett.target.process.pid=$VICTIM" yett.target.signal=9 -- "$a" kill "$VICTIM" 9
done_with
row 23 "Memory-Backed File Creation" rule.name=telemetry-memfd file.path=/memfd:payload -- "$a" memfd payload 2

seen 2 event.action=agent-start event.kind=state && ROWS="$ROWS 27"
is "27 Agent Start" agent-start "$(look field event.action <"$T/found")"
settled
stop
seen 2 event.action=agent-stop && ROWS="$ROWS 28"
is "28 Agent Stop" agent-stop "$(look field event.action <"$T/found")"
ok "the slowest record took $SLOWEST ms, with its search"
# shellcheck disable=SC2086 # words
is "all 34 rows were seen" "$(seq 34 | tr '\n' ' ')" "$(printf '%s\n' $ROWS | sort -nu | tr '\n' ' ')"
whole
is "the events have the form that others expect" "" "$("$PYTHON" "$LIVE/../verify/schema" "$EVENTS" 2>&1)"
is "audit is as it was" "$AUDIT_WAS" "$("$PROG/auditstate")"

# Of a lookup the process is not known then, and of a module only what the kernel tells of itself, if it has any.
AUDIT=off ROWS=" 17 27 28"
start
without_audit
"$M/bin/resolver" connect "$net" alone12.example.org
seen 2 rule.name=telemetry-dns dns.question.name=alone12.example.org && ROWS="$ROWS 12"
dark=$(ctl doctor --json 2>/dev/null | "$PYTHON" -E -c '
import json, sys
print("\n".join(str(row["number"]) for row in json.load(sys.stdin)["rows"] if row["state"] == "dark"))')
# shellcheck disable=SC2086 # words
is "without audit, what is not seen is what doctor calls dark" "$(seq 34 | tr '\n' ' ')" "$(printf '%s\n' $ROWS $dark | sort -n | uniq | tr '\n' ' ')"
# shellcheck disable=SC2086 # words
is "and nothing that is seen" "" "$(printf '%s\n' $dark | grep -xF "$(printf '%s\n' $ROWS)")"
stop
whole
finish
