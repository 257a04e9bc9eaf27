#!/bin/bash
# pptp.pcap: pptp (pptp-linux) against pptpd, pings inside PPP. Control connection on TCP 1723, data in
# GRE version 1 (IP protocol 47).
LAB_PACKAGES="pptpd pptp-linux ppp iputils-ping"
LAB_KERNEL_MODULES="ppp_generic ppp_async"
LAB_PROGRAMS="pptpd pptp pppd ping"
. "$(dirname "$0")/lab.sh"

printf 'noauth\nnodetach\nmtu 1400\nmru 1400\n' >"$LAB/ppp"
cat >"$LAB/pptpd.conf" <<CONF
option $LAB/ppp
listen 192.0.2.2
localip 10.6.0.1
remoteip 10.6.0.10-20
pidfile $LAB/pptpd.pid
CONF
server pptpd -f -c "$LAB/pptpd.conf" >"$LAB/pptpd.log" 2>&1 &
until_true listens tcp 1723

dial() { # dial PING-SIZE : one call, pings, hung up
  local calling
  pppd pty "pptp 192.0.2.2 --nolaunchpppd --nohostroute --idle-wait 2" file "$LAB/ppp" >"$LAB/pppd.log" 2>&1 &
  calling=$!
  until_true ping -c 1 -W 1 10.6.0.1
  ping -q -c 8 -i 0.2 -s "$1" 10.6.0.1 >/dev/null
  sleep 3 # a control echo
  kill "$calling" && wait "$calling" || true
  sleep 1
}

record pptp.pcap -i client0
dial 200
dial 1200
record_end
