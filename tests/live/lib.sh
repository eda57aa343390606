# shellcheck shell=bash
# What the live tests share. A test gets its own mount namespace and in it:
#   $T        its house, a tmpfs that is never marked: configuration, policies, state, log
#   $M        its field, a tmpfs with a mark: the programs and files that the test is about; anybody may write there
#   $PROG     the programs of prog/, on the host's own file system, where the daemon asks nothing
# Settings of the daemon are the variables of conf(); a test sets them before start.
# shellcheck disable=SC2034 # several are for the tests
set -u
umask 022

M=$T/m P=$T/policies L=$T/log S=$T/state R=$T/run CONF=$T/yett.conf ALERTS=$T/log/alerts.jsonl
FOLD=off JOURNAL=off RECORDS='' TELEMETRY=''	# RECORDS: further lines of [records]; TELEMETRY: lines of [telemetry]
MODE=enforce EXEC_DEFAULT=allow OPEN_DEFAULT=allow DEADLINE=2s DEADLINE_VERDICT=deny AUDIT=off HEARTBEAT=60s SYNC=alert
SEGMENT_SIZE=1G KEEP_ALERTS=4G KEEP_EVENTS=4G
FILESYSTEMS=$M VENDOR=$T/vendor YETTD= NOBODY=$(id -u nobody) NOGROUP=$(id -g nobody)
EPERM=101 ENOENT=102 EACCES=113 EBUSY=116 ETXTBSY=126	# what step and opener exit with
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0

readlink /proc/self/ns/mnt >>"$W/namespaces"

ok() { echo "ok - $1"; }

# not_ok NAME EXPECTED GOT
not_ok() {
	echo "not ok - $1"
	echo "  expected: $2"
	printf '%s\n' "$3" | sed '1s/^/  got:      /; 2,$s/^/            /'
}

# is NAME EXPECTED GOT
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "$2" "$3"; fi; }

# matches NAME REGEX TEXT
matches() { if printf '%s\n' "$3" | grep -qE -- "$2"; then ok "$1"; else not_ok "$1" "something like $2" "$3"; fi; }

# number NAME VALUE OP LIMIT: OP as in test(1)
number() { if [ "${2:-x}" "$3" "$4" ] 2>/dev/null; then ok "$1 ($2)"; else not_ok "$1" "a number $3 $4" "${2:-nothing}"; fi; }

# exits NAME STATUS COMMAND...
exits() {
	local name=$1 want=$2 got said
	shift 2
	said=$(timeout 60 "$@" 2>&1)
	got=$?
	if [ "$got" = "$want" ]; then ok "$name"; else not_ok "$name" "exit $want" "exit $got: $said"; fi
}

# allowed NAME WAY... : step WAY... runs it. denied: the kernel says EPERM.
allowed() { local name=$1; shift; exits "$name" 0 "$PROG/step" "$@"; }
denied() { local name=$1; shift; exits "$name" $EPERM "$PROG/step" "$@"; }

# The same for programs that are started without step in front of them.
runs() { local name=$1; shift; exits "$name" 0 "$@"; }

# does NAME FUNCTION...: it succeeds; what it said last is shown where it does not
does() { local name=$1; shift; if "$@" >"$T/does" 2>&1; then ok "$name"; else not_ok "$name" "success" "$(tail -n 5 "$T/does")"; fi; }
refused() { local name=$1; shift; exits "$name" $EPERM "$@"; }

skip() {
	echo "skip - $1"
	finish
}

finish() {
	: >"$W/done"
	exit 0
}

give_up() {
	echo "not ok - $1"
	keep_logs
	finish
}

# shellcheck disable=SC2317 # called by trap
keep_logs() {
	cp "$T/yettd.err" "$CONF" "$OUT/" 2>/dev/null
	cp -r "$L" "$P" "$OUT/" 2>/dev/null
}

# A word on what the daemon said, and whether a sanitiser spoke.
# shellcheck disable=SC2317 # called by trap
at_exit() {
	keep_logs
	if grep -qsE 'AddressSanitizer|UndefinedBehavior|runtime error' "$T"/*.err; then
		not_ok "no sanitiser complains" "silence" "$(grep -hE -A12 'AddressSanitizer|runtime error' "$T"/*.err | head -n 30)"
	fi
}
trap at_exit EXIT

# field DIR [SIZE]: a tmpfs of its own
field() {
	mkdir -p "$1"
	mount -t tmpfs -o "size=${2:-64m},mode=1777" yett-test "$1" || give_up "tmpfs on $1"
}

# put SOURCE TARGET...: a program, 0755
put() {
	local from=$1 to
	shift
	for to in "$@"; do
		mkdir -p "$(dirname "$to")"
		cp "$from" "$to" && chmod 755 "$to" || give_up "cp $from $to"
	done
}

# aged FILE...: returns when none of them has changed for a second, so that its allow may be remembered
aged() {
	local until=0 f
	for f in "$@"; do until=$(($(stat -c %Z "$f") + 2 > until ? $(stat -c %Z "$f") + 2 : until)); done
	while [ "$(date +%s)" -lt "$until" ]; do sleep 0.05; done
}

# policy NAME: the text on stdin
policy() { cat >"$P/$1.ini"; }

conf() {
	cat >"$CONF" <<-END
	[agent]
	mode = $MODE
	user = nobody
	[paths]
	policies = $P
	vendor_policies = $VENDOR
	state = $S
	log = $L
	run = $R
	[gate]
	filesystems = $FILESYSTEMS
	exec_default = $EXEC_DEFAULT
	open_default = $OPEN_DEFAULT
	deadline = $DEADLINE
	deadline_verdict = $DEADLINE_VERDICT
	[records]
	heartbeat = $HEARTBEAT
	sync = $SYNC
	segment_size = $SEGMENT_SIZE
	keep_alerts = $KEEP_ALERTS
	keep_events = $KEEP_EVENTS
	fold = $FOLD
	journal = $JOURNAL
	$RECORDS
	[audit]
	mode = $AUDIT
	${TELEMETRY:+[telemetry]}
	$TELEMETRY
	END
}

# Nothing that the machine runs from is ever marked, whatever a test says.
guard() {
	local fs device
	[ -n "$FILESYSTEMS" ] || give_up "the test names no file system to gate"
	for fs in ${FILESYSTEMS//,/ }; do
		[ "${fs#"$W"/}" != "$fs" ] || [ "${OWN_MOUNTS-}" = 1 ] || give_up "$fs is not the test's own"
		mountpoint -q "$fs" || give_up "nothing is mounted on $fs"
		[ "$(stat -f -c %T "$fs")" = overlayfs ] && continue
		device=$(stat -c '%Hd:%Ld' "$fs")
		case $HOST_DEVICES in *" $device "*) give_up "$fs is a file system of the host ($device)" ;; esac
	done
}

# Starts the daemon and returns when it says that it is ready; else 1, and YETTD is empty.
launch() {
	local line
	conf
	guard
	exec {NOTIFIED}< <(exec "$PROG/notify" "$T/notify")
	read -r -t 10 -u "$NOTIFIED" line && [ "$line" = listening ] || give_up "the listener for sd_notify"
	NOTIFY_SOCKET=$T/notify "$B/yettd" -f -c "$CONF" 2>>"$T/yettd.err" {NOTIFIED}<&- &
	YETTD=$!
	for _ in $(seq 60); do
		while read -r -t 0.5 -u "$NOTIFIED" line; do
			[ "$line" = READY=1 ] && return 0
		done
		kill -0 "$YETTD" 2>/dev/null || break
	done
	kill -9 "$YETTD" 2>/dev/null
	wait "$YETTD" 2>/dev/null
	YETTD=
	return 1
}

start() { launch || give_up "yettd starts: $(tail -n 5 "$T/yettd.err")"; }

# Asks the daemon to end. STATUS: what it exited with.
stop() {
	[ -n "$YETTD" ] || return 0
	kill -TERM "$YETTD"
	(sleep 20; kill -9 "$YETTD") 2>/dev/null &
	local killer=$!
	wait "$YETTD"
	STATUS=$?
	kill "$killer" 2>/dev/null
	YETTD=
}

ctl() { timeout 30 "$B/yettctl" -c "$CONF" "$@"; }

look() { "$PYTHON" -E "$LIVE/look" "$@"; }

# status FIELD, e.g. processes.gate.pid, counters.denied
status() { ctl status --json | look field "$1"; }
pid_of() { status "processes.$1.pid"; }
counter() { status "counters.$1"; }

# other_pid ROOM PID SECONDS: waits until the room runs under another pid, and prints that
other_pid() {
	local until=$((SECONDS + $3)) now
	while now=$(pid_of "$1"); [ -z "$now" ] || [ "$now" = "$2" ] || [ "$now" = 0 ]; do
		[ "$SECONDS" -le "$until" ] || return 1
		sleep 0.05
	done
	echo "$now"
}

# eventually SECONDS COMMAND...
eventually() {
	local until=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -le "$until" ] || return 1
		sleep 0.05
	done
}

# alert NAME COND...: a record that meets them is there within 10 s; see look
alert() {
	local name=$1 said
	shift
	if said=$(look wait "$ALERTS" 10 "$@" 2>&1 >/dev/null); then
		ok "$name"
	else
		not_ok "$name" "a record with $*" "the last records: $said"
	fi
}

# alerts COND...: how many records meet them
alerts() { look count "$ALERTS" "$@"; }

# no_alert NAME COND...: in what is written by now
no_alert() {
	local name=$1
	shift
	is "$name" 0 "$(alerts "$@")"
}

# settled: returns when all reports are on disk
settled() { eventually 15 test_settled; }
# shellcheck disable=SC2317 # called by name
test_settled() { [ "$(status records.pending)" = 0 ]; }

# word NAME TEXT: the number after NAME= in TEXT
word() { printf ' %s\n' "$2" | sed -n "s/.* $1=\([0-9]*\).*/\1/p"; }

# The log holds, and each record in it is what yett-record(5) and ECS say.
whole() {
	local bad
	exits "${1:-the log is whole}" 0 "$B/yettctl" -c "$CONF" verify
	[ -s "$ALERTS" ] || return 0	# its segment was closed just now; verify has said that there are records
	bad=$("$PYTHON" "$LIVE/../verify/schema" "$ALERTS" 2>&1) || not_ok "its records have the form that others expect" "$LIVE/../verify/schema is content" "$bad"
}

# One audit for the whole machine: one test at a time.
audit_lock() {
	exec {AUDIT_FD}>/tmp/yett-audit.lock
	flock -w 600 "$AUDIT_FD" || give_up "another test holds audit"
}

# The same for a test that needs it. AUDIT_WAS: how it is found
audit_needed() {
	audit_lock
	AUDIT_WAS=$("$PROG/auditstate") || skip "this kernel has no audit"
	[ "$(word enabled "$AUDIT_WAS")" != 2 ] || skip "audit is locked until the next boot"
}

audit_restore() { "$PROG/auditstate" restore "$(word enabled "$AUDIT_WAS")" "$(word limit "$AUDIT_WAS")" "$(word wait "$AUDIT_WAS")"; }

# own DIR...: from here on each is a tmpfs with the same content, which nobody else sees
own() {
	local dir
	for dir; do
		mkdir -p "$T/own$dir" && mount -t tmpfs -o size=64m,mode=0755 yett-test "$T/own$dir" || give_up "a tmpfs for $dir"
		cp -a "$dir/." "$T/own$dir/" 2>/dev/null
		mount --move "$T/own$dir" "$dir" && [ "$(stat -f -c %T "$dir")" = tmpfs ] || give_up "$dir is not the test's own"
	done
}

# victim: somebody to act upon. VICTIM: his pid, until done_with
victim() { "$PROG/acts" linger 60 & VICTIM=$!; eventually 2 victim_runs; }
# shellcheck disable=SC2317 # called by name
victim_runs() { [ "$(readlink "/proc/$VICTIM/exe")" = "$(readlink -f "$PROG/acts")" ]; }
done_with() { kill -9 "$VICTIM" 2>/dev/null; wait "$VICTIM" 2>/dev/null; }

# name_server ADDRESS...: answers on port 53 of these
name_server() {
	local line
	exec {READY}< <(exec "$PROG/resolve" serve "$@")
	read -r -t 10 -u "$READY" line && [ "$line" = ready ] || give_up "the name server"
}

mkdir -p "$T"
mount -t tmpfs -o size=640m,mode=0755 yett-test "$T" || { echo "not ok - a tmpfs of its own"; exit 1; }
mkdir -p "$P" "$VENDOR"
field "$M"
put "$PROG/step" "$M/step"
put "$PROG/nop" "$M/nop"
