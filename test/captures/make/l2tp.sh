#!/bin/bash
# l2tp.pcap: xl2tpd against xl2tpd (L2TPv2), pings inside PPP. Control connection, session, data
# messages, hang-up; port 1701 and an odd port.
LAB_PACKAGES="xl2tpd ppp iputils-ping"
LAB_KERNEL_MODULES="ppp_generic ppp_async"
LAB_PROGRAMS="xl2tpd pppd ping"
. "$(dirname "$0")/lab.sh"

serve() { # serve PORT : a network server (LNS)
  cat >"$LAB/lns$1.conf" <<CONF
[global]
port = $1
listen-addr = 192.0.2.2
[lns default]
ip range = 10.5.0.10-10.5.0.20
local ip = 10.5.0.1
hostname = lns.example.test
require authentication = no
pppoptfile = $LAB/ppp
CONF
  server xl2tpd -D -c "$LAB/lns$1.conf" -p "$LAB/lns$1.pid" -C "$LAB/lns$1.control" >"$LAB/lns$1.log" 2>&1 &
  until_true listens udp "$1"
}
dial() { # dial SERVER-PORT LOCAL-PORT : an access concentrator (LAC), one tunnel, pings, hung up
  cat >"$LAB/lac$2.conf" <<CONF
[global]
port = $2
listen-addr = 192.0.2.1
[lac office]
lns = 192.0.2.2:$1
hostname = lac.example.test
require authentication = no
pppoptfile = $LAB/ppp
CONF
  local calling
  xl2tpd -D -c "$LAB/lac$2.conf" -p "$LAB/lac$2.pid" -C "$LAB/lac$2.control" >"$LAB/lac$2.log" 2>&1 &
  calling=$!
  until_true test -p "$LAB/lac$2.control"
  echo "c office" >"$LAB/lac$2.control"
  until_true ping -c 1 -W 1 10.5.0.1
  ping -q -c 8 -i 0.2 -s 200 10.5.0.1 >/dev/null
  ping -q -c 4 -i 0.2 -s 1200 10.5.0.1 >/dev/null
  echo "d office" >"$LAB/lac$2.control"
  sleep 2
  kill "$calling" && wait "$calling" || true
}

printf 'noauth\nnodetach\nmtu 1400\nmru 1400\nnodefaultroute\n' >"$LAB/ppp"
serve 1701
serve 21701

record l2tp.pcap -i client0
dial 1701 1701
dial 21701 21702
record_end
