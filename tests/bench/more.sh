# shellcheck shell=bash
# shellcheck disable=SC2154 # here, d, root, raw and the like are set by run, which sources this
# What is measured once, or of the daemon alone: memory, loading, long lists, a storm of forks, a large file. Lines for report, into $raw.

# latency: what status says of the waits for answers
latency() {
	ctl status --json | tr -d '\n ' | sed -n 's/.*"latency_us":{\([^}]*\)}.*/\1/p' | tr ',' '\n' | tr -d '"' | tr ':' '=' | tr '\n' ' '
}

audit_rule() {
	cat <<-'END'
	[policy]
	description = Connections are looked at
	[rule connection]
	on = connect
	destination.ip = 192.0.2.1
	action = alert
	END
}

# What happens to files anywhere in the tree is told, in a place that compilers and archives write to; nothing matches.
files_rule() {
	cat <<-'END'
	[policy]
	description = What happens to files is looked at
	[rule file]
	on = create, rename, delete, chmod
	file.path = /bench/**
	file.extension = locked
	action = alert
	END
}

# memory NAME: PSS of all processes of yettd, in KiB, and of each
memory() {
	local pid sum=0 kib each=
	for pid in ${agents//,/ }; do
		kib=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")
		sum=$((sum + kib))
		each="$each $(tr '\0' ' ' <"/proc/$pid/cmdline" | sed 's/^yettd: *//; s/^\/.*/warden/; s/ *$//; s/ /-/g')=$kib"
	done
	echo "memory=$1 pss=$sum$each" >>"$raw"
}

# crowd N: so many processes more
crowd() {
	coproc CROWD { exec "$B/live/many" "$1"; }
	crowd_pid=$CROWD_PID crowd_end=${CROWD[1]}
	read -r -t 60 -u "${CROWD[0]}" said && [ "$said" = "started=$1" ] || fail "$1 processes"
}

no_crowd() {
	exec {crowd_end}>&-
	wait "$crowd_pid"
}

# policies WHICH: puts them into the daemon's own directory
policies() {
	local own=$root/yett/own
	rm -f "$own"/generated.ini "$own"/hashes*.ini
	case $1 in
	shipped) ;;
	rules) "$here/generate" rules 5000 object >"$own/generated.ini" ;;
	hashes*)
		"$here/generate" rules 10 subject >"$own/generated.ini"	# so that each exec is asked about
		"$here/generate" hashes "${1#hashes}" "$own" ;;
	esac
}

milliseconds() {
	local began
	began=$(date +%s%N)
	"$@" >"$d/said" 2>&1 || { cat "$d/said" >&2; fail "$*"; }
	echo $((($(date +%s%N) - began) / 1000000))
}

# loading WHICH: how long policies take to be checked, to start with, to be reloaded; and what they weigh
loading() {
	local check reload
	policies "$1"
	check=$(milliseconds "$B/yettctl" -c "$d/outside.conf" policy check)
	start_yett enforce
	reload=$(milliseconds ctl reload)
	echo "loading=$1 check=$check ready=$ready_ms reload=$reload" >>"$raw"
	one static1 >/dev/null
	memory "$1"
}

# What a rule, a hash, a process weighs.
weights() {
	local which
	for which in shipped rules hashes10 hashes50000 hashes100000; do
		progress "loads $which"
		loading $which
		if [ $which = shipped ]; then
			crowd 1000
			sleep 1
			memory crowd
			no_crowd
		fi
		stop_yett
	done
}

# Nothing is remembered: each exec looks its hash up.
lists() {
	local round which
	for ((round = 0; round < ROUNDS; round++)); do
		for which in hashes10 hashes100000; do
			progress "round $((round + 1)) of $ROUNDS: $which"
			half $round.$which none static1
			policies $which
			start_yett enforce
			half $round.$which $which static1
			stop_yett
		done
	done
}

storm() {
	local heard lost heard2 lost2 full full2 said
	progress "storm of forks"
	policies shipped
	echo "storm=none $(load fork 2 5)" >>"$raw"
	start_yett enforce
	read -r heard lost full < <(counters proc_events proc_lost tree_full)
	said=$(load fork 2 5)
	sleep 1
	read -r heard2 lost2 full2 < <(counters proc_events proc_lost tree_full)
	echo "storm=enforce $said heard=$((heard2 - heard)) lost=$((lost2 - lost)) full=$((full2 - full))" >>"$raw"
	stop_yett
}

# While a large program is hashed, others who are asked about wait for nothing. Each round it is a new content.
large() {
	local round pid
	progress "a large file is hashed"
	"$here/generate" rules 10 subject >"$root/yett/own/generated.ini"
	start_yett enforce
	for ((round = 0; round < 3; round++)); do
		echo "large=alone $(load -w 20 exec 1 4000 /bench/nop)" >>"$raw"
		printf x >>"$root/bench/big/program"
		chroot "$root" /bench/big/program &
		pid=$!
		echo "large=beside $(load exec 1 4000 /bench/nop)" >>"$raw"
		wait $pid
		printf x >>"$root/bench/big/program"
		echo "large=itself $(load run 1 /bench/big/program)" >>"$raw"
		echo "large=again $(load run 1 /bench/big/program)" >>"$raw"
	done
	stop_yett
	rm -f "$root/yett/own/generated.ini"
}

# The judge alone, by the shape and the number of rules.
judgements() {
	progress "judges"
	"$B/bench/judge" | awk 'NR > 1 {
		name = $1
		for (i = 2; i <= NF - 5; i++) name = name "_" $i
		printf "judge=%s rules=%s each=%s index=%s load=%s mib=%s\n", name, $(NF - 4), $(NF - 3), $(NF - 2), $(NF - 1), $NF
	}' >>"$raw"
}

# How fast a file is read, by what is to be known of it.
scanning() {
	progress "scans"
	"$B/bench/scan" >>"$raw"
}

# What the record process takes, on the disk of TMPDIR: as fast as it takes alerts, 5,000 of them a second, 50,000 events a second.
recording() {
	local rates w
	for rates in '0 0' '5000 0' '0 50000'; do
		progress "records, $rates a second"
		w=$(mktemp -d) || fail "no directory"
		# shellcheck disable=SC2086 # two words
		echo "record=${rates/ /+} $("$B/bench/record" "$w" "${RECORD_SECONDS:-10}" $rates)" >>"$raw"
		rm -rf "$w"
	done
}

more() {
	judgements
	scanning
	recording
	lists
	weights
	storm
	large
	policies shipped
}
