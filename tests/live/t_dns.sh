#!/bin/bash
# Lookups of names: question, type, answers and code in one record, with the process that asked; by every way there is to ask.
# seconds: 240
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

audit_needed
put "$PROG/resolve" "$M"/bin/{resolve,flood}
net=127.53.$((RANDOM % 250 + 1)) ask=$M/bin/resolve
name_server "$net.1" "$net.2" ::1
printf 'nameserver %s.2\noptions timeout:1\n' "$net" >"$T/resolv.conf"
printf 'hosts: dns\n' >"$T/nsswitch.conf"
mount --bind "$T/resolv.conf" /etc/resolv.conf
mount --bind "$T/nsswitch.conf" /etc/nsswitch.conf

lookups() {
	cat <<-END
	[policy]
	description = Lookups
	[rule lookup]
	on = dns
	process.executable = $M/bin/resolve
	action = alert
	[rule struck]
	on = dns
	dns.question.name = kill.example.org
	action = kill, alert
	[rule flood]
	on = dns
	dns.question.name|endswith = .flood.test
	action = log
	END
}
lookups | policy dns
AUDIT=auto
RECORDS='events = on'
start
is "status: packets are heard" on "$(status sensors.packets.state)"

# asked WAY ADDRESS: the record of one lookup is there, in time, with the right process
n=0
asked() {
	local name pid until
	n=$((n + 1)) name=n$n.$1.example.org
	"$ask" "$1" "$2" "$name" & pid=$!
	until=$(($(date +%s%N) + 2000000000))
	wait "$pid" || not_ok "$1: the server answers" 0 "$?"
	alert "$1 to $2: one record with question, answer and process" rule.name=lookup event.action=dns "dns.question.name=$name" \
	    dns.question.type=A dns.response_code=NOERROR destination.port=53 "process.pid=$pid" "process.executable=$ask"
	[ "$(date +%s%N)" -lt "$until" ] && ok "$1 to $2: within 2 s" || not_ok "$1 to $2: within 2 s" "2 s" "more"
	is "$1 to $2: one, not several" 1 "$(alerts "dns.question.name=$name")"
}
asked connect "$net.1"
asked sendto "$net.1"
asked many "$net.1"
asked tcp "$net.1"
asked uring "$net.1"
asked held "$net.1"
asked connect ::1
asked sendto ::1
asked tcp ::1
asked getaddrinfo "$net.2"
alert "the answers are in it" dns.answers~192.0.2.1 dns.question.name=n1.connect.example.org
alert "where it was asked from and to" "destination.ip=$net.1" source.ip=127.0.0.1 dns.question.name=n1.connect.example.org
"$ask" connect "$net.1" no.ExamPle.orG
alert "a name that does not exist, in lower case" dns.question.name=no.example.org dns.response_code=NXDOMAIN
"$ask" connect "$net.1" mute.example.org
alert "one that nobody answers" dns.question.name=mute.example.org
is "has no code" 0 "$(alerts dns.question.name=mute.example.org dns.response_code=NOERROR)"
"$ask" keep "$net.1" kept.example.org 3
sleep 0.1
number "one socket, several questions" "$(alerts dns.question.name=kept.example.org)" -ge 1
no_alert "what audit tells of connections for it is no event that somebody asked for" event.action=connect

# A process that is seen with its socket is certain; one that is not is said to be guessed.
alert "who keeps its socket is known for certain" dns.question.name=n6.held.example.org
is "and nobody guesses" 0 "$(alerts dns.question.name=n6.held.example.org yett.flags=process-guessed)"

alert "what it was started with is known when it has ended" dns.question.name=n1.connect.example.org process.args=connect process.args_count=4

# Who is seen with the socket is killed where a rule says so.
"$ask" held "$net.1" kill.example.org
is "who holds the socket is killed" 137 "$?"
alert "and recorded" dns.question.name=kill.example.org yett.matched=struck yett.actions=kill

# From another network namespace, as a container has one, seen where it leaves it; nobody can look for the socket there.
unshare -n sleep 60 & box=$!
# shellcheck disable=SC2317 # called by name
apart() { [ "$(readlink /proc/$box/ns/net)" != "$(readlink /proc/self/ns/net)" ]; }
eventually 5 apart || give_up "a network namespace"
end=yett$((RANDOM % 10000)) subnet=198.18.$((RANDOM % 250))
ip link add "$end" type veth peer name eth0 netns $box && ip addr add "$subnet.1/30" dev "$end" && ip link set "$end" up &&
    nsenter -t $box -n sh -c "ip link set lo up; ip addr add $subnet.2/30 dev eth0; ip link set eth0 up" || give_up "a pair of interfaces"
exec {MORE}< <(exec "$PROG/resolve" serve "$subnet.1")
read -r -t 10 -u "$MORE" line && [ "$line" = ready ] || give_up "the name server for the container"
nsenter -t $box -n "$ask" connect "$subnet.1" boxed.example.org
alert "what a container asks" dns.question.name=boxed.example.org "source.ip=$subnet.2" "process.executable=$ask" yett.flags=process-guessed
# However likely a guess is, it is not struck.
signals=$(counter signals)
nsenter -t $box -n "$ask" held "$subnet.1" kill.example.org
alert "who is guessed is recorded" dns.question.name=kill.example.org yett.matched=struck yett.flags=process-guessed
is "and not struck" 0 "$(alerts yett.actions=kill yett.flags=process-guessed)"
is "nor is anybody else" "$signals" "$(counter signals)"
kill $box

# What the kernel filters out costs no wake-up: of a lookup over TCP two segments carry something, and what is no DNS is not heard.
settled
read_before=$(counter packets)
"$ask" tcp "$net.1" few.example.org 20
alert "lookups over TCP" dns.question.name=few.example.org
number "two packets each are read" $(($(counter packets) - read_before)) -ge 40
number "and no more" $(($(counter packets) - read_before)) -le 44

settled
seen=$(counter lookups) lost=$(counter packets_lost)
"$M/bin/flood" connect "$net.1" all.flood.test 10000
# shellcheck disable=SC2317 # called by name
counted() { [ $(($(counter lookups) - seen + ($(counter packets_lost) - lost))) -ge 10000 ]; }
eventually 20 counted && ok "10000 lookups: each is told or counted as lost" ||
    not_ok "10000 lookups: each is told or counted as lost" 10000 "$(($(counter lookups) - seen)) told, $(($(counter packets_lost) - lost)) packets lost"
echo "$(($(counter lookups) - seen)) told, $(($(counter packets_lost) - lost)) packets lost, $(counter events_lost) events lost, $(counter lookups_early) early"

# With more than the kernel keeps, what is lost is on record.
settled
watch=$(pid_of watch)
kill -STOP "$YETTD" "$watch"
"$M/bin/flood" connect "$net.1" lost.flood.test 40000
kill -CONT "$YETTD" "$watch"
alert "packets that found no room are on record" event.action=packets-lost
number "and counted" "$(counter packets_lost)" -gt 0
settled

kill -9 "$(pid_of watch)"
# shellcheck disable=SC2317 # called by name
heard() { "$ask" connect "$net.1" again.example.org; [ "$(alerts dns.question.name=again.example.org)" -ge 1 ]; }
eventually 15 heard && ok "a new watch hears on" || not_ok "a new watch hears on" "a record" "none"

rm -f "$P/dns.ini"
runs "a policy without lookups" "$B/yettctl" -c "$CONF" reload
is "closes the socket" unneeded "$(status sensors.packets.state)"
# shellcheck disable=SC2317 # called by name
no_rules() { [ "$(word ours "$("$PROG/auditstate")")" -le "$(word ours "$AUDIT_WAS")" ]; }
eventually 5 no_rules && ok "and the rules of audit are gone" || not_ok "and the rules of audit are gone" "$AUDIT_WAS" "$("$PROG/auditstate")"
lookups | policy dns
runs "one with them" "$B/yettctl" -c "$CONF" reload
# Those who asked while no watch ran cannot be told apart, and stand in the way of the next for two seconds.
# shellcheck disable=SC2317 # called by name
later() { "$ask" connect "$net.1" later.example.org; [ "$(alerts dns.question.name=later.example.org)" -ge 1 ]; }
eventually 15 later && ok "opens it again" || not_ok "opens it again" "a record" none
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
