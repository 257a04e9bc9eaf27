#!/bin/bash
# wireguard.pcap: wireguard-go against wireguard-go. Handshake, pings, keep-alives; ports 51820 and
# 51821, an odd port, IPv6.
LAB_PACKAGES="wireguard-go wireguard-tools iputils-ping"
LAB_PROGRAMS="wireguard-go wg ping"
. "$(dirname "$0")/lab.sh"

umask 077

tunnel() { # tunnel NUMBER SERVER-ADDRESS PORT PING-COUNT
  local n=$1 to=$2 port=$3 pings=$4 where
  for where in client server; do
    wg genkey >"$LAB/$where$n.key"
    wg pubkey <"$LAB/$where$n.key" >"$LAB/$where$n.pub"
    on "$where" wireguard-go --foreground "wg$where$n" >"$LAB/$where$n.log" 2>&1 &
    until_true on "$where" wg show "wg$where$n"
  done
  server wg set "wgserver$n" listen-port "$port" private-key "$LAB/server$n.key" \
    peer "$(cat "$LAB/client$n.pub")" allowed-ips "10.9.$n.1/32"
  wg set "wgclient$n" private-key "$LAB/client$n.key" \
    peer "$(cat "$LAB/server$n.pub")" allowed-ips "10.9.$n.2/32" endpoint "$to:$port" persistent-keepalive 2
  ip address add "10.9.$n.1/24" dev "wgclient$n"
  server ip address add "10.9.$n.2/24" dev "wgserver$n"
  server ip link set "wgserver$n" mtu 1420 up
  ip link set "wgclient$n" mtu 1420 up
  until_true ping -c 1 -W 1 "10.9.$n.2"
  ping -q -c "$pings" -i 0.2 -s 120 "10.9.$n.2" >/dev/null
  ping -q -c 4 -i 0.2 -s 1200 "10.9.$n.2" >/dev/null
  sleep 4.5 # keep-alives
  ip link set "wgclient$n" down
  server ip link set "wgserver$n" down
}

record wireguard.pcap -i client0
tunnel 1 192.0.2.2 51820 12
tunnel 2 192.0.2.2 40001 6
tunnel 3 "[2001:db8::2]" 51821 6
record_end
