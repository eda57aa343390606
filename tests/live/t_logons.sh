#!/bin/bash
# Log-ons and accounts in the words of the real programs: su and the account tools of this machine, on an /etc of the test's own. One record
# of each act, also where a file says the same.
# seconds: 120
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

audit_needed
for tool in su useradd userdel; do
	ldd "$(command -v $tool)" 2>/dev/null | grep -qE 'libaudit|libpam' || skip "$tool of this machine tells audit nothing"
done
for dir in /etc /var/log /var/mail; do
	mkdir -p "$T/own$dir" && mount -t tmpfs -o size=64m,mode=0755 yett-test "$T/own$dir" || give_up "a tmpfs for $dir"
	cp -a "$dir/." "$T/own$dir/" 2>/dev/null
	mount --move "$T/own$dir" "$dir" || give_up "mount --move to $dir"
	[ "$(stat -f -c %T $dir)" = tmpfs ] || give_up "$dir is not the test's own"
done
OWN_MOUNTS=1 FILESYSTEMS=$M,/etc AUDIT=auto
useradd -M -s /bin/sh -u 4001 yett-alice || give_up "useradd"
{
	printf '[policy]\ndescription = Who logs on\n'
	for kind in logon logoff logon-failed account; do
		printf '[rule %s]\non = %s\nuser.target.name = yett-*\naction = alert\n' $kind $kind
	done
} | policy logons
start
is "status: audit is on" 1 "$(status sensors.audit.state | grep -cE '^(own|multicast)$')"
before=$("$PROG/auditstate")
is "which needs no rule for log-ons" 0 "$(word ours "$before")"

# told NAME COND...: there is a record within 2 s
told() {
	local name=$1 said
	shift
	if said=$(look wait "$ALERTS" 2 "$@" 2>&1 >/dev/null); then ok "$name"; else not_ok "$name" "a record with $*" "the last record: ${said##*$'\n'}"; fi
}

su yett-alice -c true &
su_pid=$!
wait $su_pid
told "su" rule.name=logon user.target.name=yett-alice process.executable="$(readlink -f "$(command -v su)")" process.pid=$su_pid \
    event.category=authentication yett.event.result=0 user.name=root
told "and its end" rule.name=logoff user.target.name=yett-alice process.pid=$su_pid
echo wrong | setpriv --reuid="$NOBODY" --regid="$NOGROUP" --clear-groups su yett-alice -c true >"$T/su" 2>&1
told "a wrong password" rule.name=logon-failed user.target.name=yett-alice 'yett.event.result<0'
useradd -M -u 4002 yett-bob
told "an account, of which file and program say the same" rule.name=account user.target.name=yett-bob yett.change.type=added \
    yett.change.object=user yett.sensors=facts yett.sensors=audit user.target.id=4002
userdel yett-bob
told "and that it goes" rule.name=account user.target.name=yett-bob yett.change.type=removed yett.change.object=user yett.sensors=facts

sleep 1.5	# what waits for another to say it is told by now
settled
is "each log-on once" 1 "$(alerts rule.name=logon)"
is "each end once" 1 "$(alerts rule.name=logoff)"
is "each refusal once" 1 "$(alerts rule.name=logon-failed)"
is "the account that was made once" 1 "$(alerts yett.change.type=added yett.change.object=user)"
is "the account that went once" 1 "$(alerts yett.change.type=removed yett.change.object=user)"
is "no record of audit was broken" 0 "$(counter audit_broken)"
stop
whole
is "audit is as it was" "$AUDIT_WAS" "$("$PROG/auditstate")"
finish
