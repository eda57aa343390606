#!/bin/bash
# Each kind of broken policy and configuration: an error with file and line, exit 3, and what was in force stays.
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

put "$PROG/nop" "$M/bin/forbidden" "$M/bin/second"
policy good <<END
[policy]
description = In force

[rule forbidden]
on = exec
process.executable = $M/bin/forbidden
action = deny, alert
END
conf
runs "a good policy is well" "$B/yettd" -t -c "$CONF"

rule() { printf '[policy]\ndescription = d\n[rule r]\non = exec\n%b\n' "$1"; }
BAD=$P/bad.ini

# refuses NAME LINE REGEX: what is in $BAD is refused by -t and, on reload, by the daemon
refuses() {
	local said status
	said=$(timeout 20 "$B/yettd" -t -c "$CONF" 2>&1)
	status=$?
	if [ $status = 3 ] && printf '%s\n' "$said" | grep -E "bad\.ini:$2: " | grep -qiE -- "$3"; then
		ok "$1: exit 3 with file, line and reason"
	else
		not_ok "$1: exit 3 with file, line and reason" "exit 3, bad.ini:$2: ... $3" "exit $status: $said"
	fi
	said=$(ctl reload 2>&1)
	status=$?
	if [ $status = 3 ] && printf '%s\n' "$said" | grep -qE "bad\.ini:$2: "; then
		ok "$1: reload refuses it and says the same"
	else
		not_ok "$1: reload refuses it and says the same" "exit 3, bad.ini:$2:" "exit $status: $said"
	fi
	rm -f "$BAD"
}

start
generation=$(status policy.generation)
rule 'process.executabel = /bin/x\naction = deny' >"$BAD"
refuses "unknown field" 5 'process.executable'
rule 'process.executable = /bin/x\naction = denny' >"$BAD"
refuses "unknown action" 6 'deny'
rule 'process.executable = /bin/x\ncolour = red\naction = deny' >"$BAD"
refuses "unknown key" 6 'colour'
printf '[policy]\ndescription = d\n[ruul r]\non = exec\n' >"$BAD"
refuses "unknown section" 3 'ruul'
rule "process.executable = /$(head -c 10000 /dev/zero | tr '\0' x)\naction = deny" >"$BAD"
refuses "a line of 10 kB" 5 'line|bytes|long'
rule 'process.executable = /bin/x\0y\naction = deny' >"$BAD"
refuses "NUL" 5 'NUL'
rule 'process.executable = /bin/x\001\naction = deny' >"$BAD"
refuses "a control character" 5 'control'
rule 'process.executable = /bin/\0377\naction = deny' >"$BAD"
refuses "not UTF-8" 5 'UTF-8'
{ rule 'process.executable = /bin/x\naction = deny'; printf '[rule r]\non = exec\nprocess.executable = /bin/y\naction = deny\n'; } >"$BAD"
refuses "the same rule twice" 7 'again|already|twice|duplicate'
rule 'process.executable = /bin/x\nprocess.executable = /bin/y\naction = deny' >"$BAD"
refuses "the same key twice" 6 'again|already|twice|duplicate'
rule 'process.executable = /bin/[a-\naction = deny' >"$BAD"
refuses "a wrong glob" 5 'glob|\['
printf '[policy]\ndescription = d\n[rule r]\non = connect\ndestination.port = 1\naction = deny\n' >"$BAD"
refuses "an action that this event does not know" 6 'kill'
printf '[policy]\ndescription = d\n[rule r]\non = exce\nprocess.executable = /bin/x\naction = deny\n' >"$BAD"
refuses "an unknown event" 4 'exec'
rule 'process.executable = @nowhere\naction = deny' >"$BAD"
refuses "an unknown list" 5 'nowhere'
rule 'file.size|gt = many\naction = deny' >"$BAD"
refuses "a number that is none" 5 'many|number'
rule 'file.hash.sha256 = abc\naction = deny' >"$BAD"
refuses "a hash that is none" 5 'hash|hex|64|SHA'
rule 'process.executable|conatins = x\naction = deny' >"$BAD"
refuses "an unknown modifier" 5 'contains'
rule 'process.title = x\naction = allow' >"$BAD"
refuses "an allow rule on a name that an attacker chooses" 3 'process.title|allow'
rule 'process.executable = /bin/x\naction = deny\n[test t]\non = exec\nprocess.executable = /bin/x\nexpect = allow' >"$BAD"
refuses "a test that fails" '[0-9]*' 'test|expect'
{ rule 'process.executable = /bin/x\naction = deny'; printf '[exception e]\nrules = no-such-rule\nprocess.executable = /bin/y\nreason = x\n'; } >"$BAD"
refuses "an exception for a rule that is not there" '[0-9]*' 'no-such-rule'
printf '[policy]\ndescription = d\n[rule r]\non = exec\nprocess.executable = /bin/x\naction = deny' >"$BAD"
refuses "a file that ends in the middle of a line" 6 'newline'
rule 'process.executable = /bin/x\naction = deny' >"$BAD"
chmod 666 "$BAD"
said=$(timeout 20 "$B/yettd" -t -c "$CONF" 2>&1)
is "writable by others: exit 3" 3 "$?"
matches "writable by others: says so" 'bad\.ini.*chmod' "$said"
rm -f "$BAD"
printf '[policy]\ndescription = d\n[rule r]\non = exec\nfoo = 1\nbar = 2\naction = nothing\n' >"$BAD"
said=$(timeout 20 "$B/yettd" -t -c "$CONF" 2>&1)
is "several errors are told at once" "5 6 7" "$(printf '%s\n' "$said" | sed -n 's/.*bad\.ini:\([0-9]*\): .*/\1/p' | sort -nu | tr '\n' ' ' | sed 's/ $//')"
head -c 5000000 /dev/zero | tr '\0' '#' >"$BAD"
said=$(timeout 20 "$B/yettd" -t -c "$CONF" 2>&1)
is "a file of 5 MB: exit 3" 3 "$?"
rm -f "$BAD"

denied "the policy in force still denies" exec "$M/bin/forbidden"
is "nothing changed" "$generation" "$(status policy.generation)"
number "the refusals are counted" "$(counter reloads_refused)" -ge 20
alert "and recorded" event.action=policy-refused
alert "a refused reload tells who asked" event.action=policy-refused "event.reason~."

rule "process.executable = $M/bin/second\naction = deny, alert" >"$P/second.ini"
runs "a good one is taken" "$B/yettctl" -c "$CONF" reload
denied "its rule denies" exec "$M/bin/second"
denied "the old one too" exec "$M/bin/forbidden"
ln -sf /dev/null "$P/good.ini"
runs "a policy that is switched off" "$B/yettctl" -c "$CONF" reload
allowed "denies no more" exec "$M/bin/forbidden"
rm -f "$P"/*.ini
rule "process.executable = $M/bin/second\naction = deny, alert" >"$P/second.ini"
kill -HUP "$YETTD"
# shellcheck disable=SC2317 # called by name
reloaded() { [ "$(status policy.generation)" -gt "$((generation + 2))" ]; }
eventually 10 reloaded && ok "SIGHUP reloads" || not_ok "SIGHUP reloads" "generation above $((generation + 2))" "$(status policy.generation)"
stop

rule 'nonsense = 1\naction = deny' >"$BAD"
launch
is "it does not start with a broken policy" 1 "$?"
matches "and says where" 'bad\.ini:5: ' "$(tail -n 5 "$T/yettd.err")"
rm -f "$BAD"

# config NAME LINE REGEX: the configuration on stdin is refused
config() {
	local said status
	cat >"$T/bad.conf"
	said=$(timeout 20 "$B/yettd" -t -c "$T/bad.conf" 2>&1)
	status=$?
	if [ $status = 3 ] && printf '%s\n' "$said" | grep -E "bad\.conf:$2: " | grep -qiE -- "$3"; then
		ok "configuration, $1"
	else
		not_ok "configuration, $1" "exit 3, bad.conf:$2: ... $3" "exit $status: $said"
	fi
}
printf '[agent]\nmodd = enforce\n' | config "unknown key" 2 'mode'
printf '[agnet]\nmode = enforce\n' | config "unknown section" 1 'agent'
printf '[agent]\nmode = strict\n' | config "unknown value" 2 'enforce'
printf '[gate]\ndeadline = 2 weeks\n' | config "value out of range" 2 'deadline|60s|week'
printf '[gate]\ndeadline = 0s\n' | config "zero" 2 '.'
printf '[agent]\nmode = monitor\nmode = enforce\n' | config "twice" 3 'again|already|twice|duplicate'
printf '[paths]\nlog = relative/path\n' | config "a path that is not absolute" 2 'absolute|/'
printf '[agent]\nmode = mon\0itor\n' | config "NUL" 2 'NUL'
runs "an absent file is a working configuration" "$B/yettd" -t -c "$T/absent.conf"
finish
