#!/bin/bash
# Each act that audit is to tell of, by the call itself, by that of 32-bit programs and by io_uring: a record of it with the right process
# is there within 2 s. And what is no such act is not told.
# seconds: 240
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

audit_needed
put "$PROG/acts" "$M/bin/actor"
actor=$M/bin/actor
{
	printf '[policy]\ndescription = Told by audit\n'
	for kind in connect accept listen socket kill raw-read ptrace memfd module bpf mount; do
		printf '[rule %s]\non = %s\nprocess.executable = %s\naction = alert\n' "$kind" "$kind" "$actor"
	done
	for kind in logon logoff logon-failed account; do
		printf '[rule %s]\non = %s\nuser.target.name = yett-*, "eve il"\naction = alert\n' "$kind" "$kind"
	done
	printf '[rule started]\non = service\nchange.entry = yett-test.service\naction = alert\n'
} | policy acts
AUDIT=auto
start
is "status: audit is on" 1 "$(status sensors.audit.state | grep -cE '^(own|multicast)$')"

# act NAME RULE COND... -- WHAT ARG...: WHAT is done; within 2 s there is a record of RULE with that process and all of COND. SAID: its output
act() {
	local name=$1 conds=("rule.name=$2") pid said code
	shift 2
	while [ "$1" != -- ]; do conds+=("$1"); shift; done
	shift
	"$actor" "$@" >"$T/said" 2>"$T/actor.err" &
	pid=$!
	if said=$(look wait "$ALERTS" 2 "${conds[@]}" "process.pid=$pid" "process.executable=$actor" 2>&1 >"$T/found"); then
		ok "$name"
	else
		not_ok "$name" "within 2 s a record with ${conds[*]} process.pid=$pid" "the last record: ${said##*$'\n'}"
	fi
	kill -9 "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	code=$?
	[ "$code" != 98 ] || echo "skip - $name: this machine has no such call"
	SAID=$(cat "$T/said")
}
found() { look field "$1" <"$T/found"; }

port=$((20000 + RANDOM % 20000))
act "connect" connect destination.ip=127.0.0.1 destination.port=$port yett.event.syscall=connect -- connect $port
act "connect of a 32-bit program" connect destination.ip=127.0.0.1 destination.port=$port -- connect-32 $port
act "connect by io_uring" connect destination.ip=127.0.0.1 destination.port=$port -- uring-connect $port
act "connect, with the own end" connect destination.ip=127.0.0.1 source.ip=127.0.0.1 -- connect-self 0 3
is "which is the one that it has" "$SAID" "$(found source.port)"
act "listen, with where" listen destination.ip=127.0.0.1 destination.port=$((port + 1)) -- listen $((port + 1))
act "listen of a 32-bit program" listen destination.port=$((port + 2)) -- listen-32 $((port + 2))
act "listen by io_uring" listen -- uring-listen $((port + 3))
act "listen on whatever port there is" listen destination.ip=127.0.0.1 'destination.port>0' -- listen 0 3
act "accept, with both ends" accept source.ip=127.0.0.1 destination.ip=127.0.0.1 destination.port=$((port + 4)) -- accept $((port + 4)) 3
is "from the port that it came from" "$SAID" "$(found source.port)"
act "accept, by one that is gone at once" accept source.ip=127.0.0.1 -- accept 0
is "from the port that it came from" "$SAID" "$(found source.port)"
act "accept, by one that does not ask from whom" accept source.ip=127.0.0.1 destination.port=$((port + 5)) -- accept4 $((port + 5)) 3
is "from the port that it came from" "$SAID" "$(found source.port)"
act "accept of a 32-bit program" accept source.ip=127.0.0.1 -- accept-32 0 3
act "accept by io_uring" accept -- uring-accept 0
"$actor" accept-local 1 &
local_pid=$!
wait $local_pid
act "a packet socket" socket yett.event.syscall_arg0=17 -- packet-socket
act "a packet socket of a 32-bit program" socket yett.event.syscall_arg0=17 -- packet-socket-32
act "a raw socket" socket yett.event.syscall_arg0=2 -- raw-socket
act "a raw socket of a 32-bit program, by socketcall" socket yett.event.syscall_arg0=2 -- raw-socketcall-32
"$actor" stream-socket &
stream_pid=$!
wait $stream_pid
for how in kill kill-32 tkill tgkill pidfd-signal queue-signal; do
	victim
	act "a signal by $how" kill "yett.target.process.pid=$VICTIM" "yett.target.process.executable=$(readlink -f "$PROG/acts")" \
	    yett.target.signal=9 -- $how "$VICTIM" 9
	done_with
done
victim
"$actor" kill "$VICTIM" 0
"$actor" kill "$VICTIM" 18
done_with
mknod "$T/disk" b 7 0
mknod "$T/memory" c 1 1
for how in raw-read raw-open raw-openat2 raw-open-32 uring-raw-read uring-raw-openat2; do
	act "a disk by $how" raw-read "file.path=$T/disk" -- $how "$T/disk"
done
act "a disk by handle" raw-read "file.path=$T/disk" -- raw-by-handle "$T/disk" 3
act "a disk by a node of one's own" raw-read "file.path=$T/own" -- raw-node "$T/disk" "$T/own"
act "memory as a device" raw-read "file.path=$T/memory" -- raw-read "$T/memory"
act "a disk among other files of one call" raw-read "file.path=$T/disk" -- uring-raw-among "$T/disk" "$CONF"
"$actor" raw-read "$CONF"
"$actor" raw-read /dev/null
victim
for how in attach seize read-memory write-memory mem-file; do
	act "the memory of another by $how" ptrace "yett.target.process.pid=$VICTIM" \
	    "yett.target.process.executable=$(readlink -f "$PROG/acts")" -- $how "$VICTIM"
done
act "the memory of another by a name below its directory" ptrace "yett.target.process.pid=$VICTIM" -- mem-file-at "$VICTIM" 3
act "the memory of another by io_uring" ptrace "yett.target.process.pid=$VICTIM" -- uring-mem-file "$VICTIM"
act "a descriptor of another" ptrace "yett.target.process.pid=$VICTIM" yett.event.syscall=pidfd_getfd -- take-descriptor "$VICTIM" 0 3
done_with
"$actor" write-proc
act "a file in memory, with its name" memfd file.path=/memfd:payload -- memfd payload 3
for how in bpf-load bpf-attach bpf-link; do
	act "BPF: $how" bpf yett.event.syscall=bpf -- $how
done
act "a module" module yett.event.syscall=finit_module -- module
act "another kernel" module yett.event.syscall=kexec_file_load -- kexec
mkdir "$T/mnt"
act "a mount" mount "file.path=$T/mnt" -- mount "$T/mnt"
umount "$T/mnt"

act "a session that begins" logon user.target.name=yett-alice source.ip=192.0.2.7 yett.process.tty.name=pts/7 yett.event.result=0 -- \
    say-logon 1105 yett-alice 192.0.2.7
act "a log-on" logon user.target.name=yett-bob source.ip=2001:db8::7 -- say-logon 1112 yett-bob 2001:db8::7
act "a name with a blank" logon "user.target.name=eve il" -- say-logon 1112 "eve il" 192.0.2.7
act "the end of a session" logoff user.target.name=yett-alice -- say-logon 1106 yett-alice 192.0.2.7
act "a password that is wrong" logon-failed user.target.name=yett-alice source.ip=192.0.2.7 'yett.event.result<0' -- \
    say-logon -1100 yett-alice 192.0.2.7
act "an account that is made" account user.target.name=yett-carol yett.change.type=added yett.change.object=user -- \
    say-logon 1114 yett-carol 192.0.2.7
act "a service that starts" started yett.change.type=started yett.change.object=unit -- say 1130 'unit=yett-test comm="systemd"'

settled
is "nothing else was told of those that did something else" 0 \
    $(($(alerts process.pid=$local_pid rule.name=accept) + $(alerts process.pid=$stream_pid) + $(alerts rule.name=kill yett.target.signal=0) + \
    $(alerts rule.name=kill yett.target.signal=18) + $(alerts rule.name=raw-read "file.path=$CONF") + $(alerts file.path=/dev/null)))
is "every other event is told once" "" "$(look all "$ALERTS" process.pid rule.name~'^(accept|socket|kill|raw-read|memfd|logon|logoff|logon-failed)$' \
    | sort | uniq -d)"
is "no record of audit was broken" 0 "$(counter audit_broken)"
stop
is "yettd ends well" 0 "$STATUS"
whole
is "audit is as it was" "$AUDIT_WAS" "$("$PROG/auditstate")"
finish
