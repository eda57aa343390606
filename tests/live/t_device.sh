#!/bin/bash
# Devices that appear and go: what the kernel says of them, and nobody else.
# seconds: 120
# shellcheck source=/dev/null
. "${LIB:?run it by tests/live/run}"

[ -c /dev/loop-control ] && [ -c /dev/net/tun ] || skip "this kernel has no loop devices or no tun"
device=$PROG/device number=$((3000 + RANDOM % 20000)) tun=yett$((RANDOM % 10000))
devices() {
	cat <<-END
	[policy]
	description = Devices
	[rule block-device]
	on = device
	change.object = block
	action = alert
	[rule interface]
	on = device
	change.object = net
	change.entry = $tun
	action = alert
	[rule usb]
	on = device
	change.object = usb
	action = alert
	END
}
devices | policy device
start
is "status: devices are heard" on "$(status sensors.devices.state)"
is "and packets are not, since no rule asks" unneeded "$(status sensors.packets.state)"
from=$(date +%s%N)
"$device" add "$number"
alert "a disk appears" rule.name=block-device event.action=device yett.change.type=added yett.change.object=block "yett.change.entry=loop$number" \
    'yett.change.after~DEVTYPE=disk' '!process' yett.sensors=uevents
[ $(($(date +%s%N) - from)) -lt 2000000000 ] && ok "within 2 s" || not_ok "within 2 s" "2 s" more
"$device" remove "$number"
alert "and goes" rule.name=block-device yett.change.type=removed "yett.change.entry=loop$number" 'yett.change.before~DEVTYPE=disk'
exec {READY}< <(exec "$device" interface "$tun" < <(sleep 60))
read -r -t 10 -u "$READY" line && [ "$line" = ready ] || give_up "the interface"
alert "an interface appears" rule.name=interface "yett.change.entry=$tun" yett.change.type=added

before=$(counter devices) broken=$(counter devices_broken)
echo add >"/sys/class/net/$tun/uevent"
"$device" lie 1
# shellcheck disable=SC2317 # called by name
refused() { [ "$(counter devices_broken)" -gt "$broken" ]; }
eventually 5 refused && ok "what does not come from the kernel is counted" || not_ok "what does not come from the kernel is counted" more "$broken"
"$device" add "$number"
"$device" remove "$number"
# shellcheck disable=SC2317 # called by name
heard() { [ "$(counter devices)" -ge $((before + 2)) ]; }
eventually 5 heard || not_ok "what really comes is heard" $((before + 2)) "$(counter devices)"
settled
is "what the kernel was made to say again is no event" 1 "$(alerts rule.name=interface)"
no_alert "and a lie is none" rule.name=usb

# With more than the kernel keeps, what is lost is on record.
watch=$(pid_of watch)
kill -STOP "$YETTD" "$watch"
"$device" lie 20000
kill -CONT "$YETTD" "$watch"
alert "messages that found no room are on record" event.action=devices-lost

kill -9 "$(pid_of watch)"
# shellcheck disable=SC2317 # called by name
again() { "$device" add $((number + 1)); "$device" remove $((number + 1)); [ "$(alerts "yett.change.entry=loop$((number + 1))")" -ge 1 ]; }
eventually 15 again && ok "a new watch hears on" || not_ok "a new watch hears on" "a record" none
rm -f "$P/device.ini"
runs "a policy without them" "$B/yettctl" -c "$CONF" reload
is "closes the socket" unneeded "$(status sensors.devices.state)"
devices | policy device
runs "one with them" "$B/yettctl" -c "$CONF" reload
"$device" add $((number + 2))
"$device" remove $((number + 2))
alert "opens it again" "yett.change.entry=loop$((number + 2))"
stop
is "yettd ends well" 0 "$STATUS"
whole
finish
