#!/bin/bash
# openvpn-udp.pcap: OpenVPN in TLS mode over UDP, pings inside. Port 1194 bare, an
# odd port with tls-auth, another with tls-crypt, IPv6.
LAB_PACKAGES="openvpn openssl iputils-ping"
LAB_PROGRAMS="openvpn openssl ping"
. "$(dirname "$0")/lab.sh"

pki
openvpn --genkey secret "$LAB/shared.key"
tunnel() { # tunnel NUMBER SERVER-ADDRESS PORT PROTO OPTION… : a server and a client, pings, both ended
  local n=$1 to=$2 port=$3 proto=$4 serving calling
  shift 4
  server openvpn --mode server --tls-server --dev "ovpn$n" --dev-type tun --topology subnet \
    --server "10.8.$n.0" 255.255.255.0 --proto "$proto" --local "$to" --port "$port" --dh none \
    --ca "$LAB/pki/ca.pem" --cert "$LAB/pki/server.pem" --key "$LAB/pki/server.key" \
    --keepalive 2 20 --verb 3 "$@" >"$LAB/server$n.log" 2>&1 &
  serving=$!
  until_true grep -q 'Initialization Sequence Completed' "$LAB/server$n.log"
  openvpn --client --dev "ovpn$n" --dev-type tun --nobind --proto "$proto" --remote "$to" "$port" \
    --remote-cert-tls server --ca "$LAB/pki/ca.pem" --cert "$LAB/pki/client.pem" --key "$LAB/pki/client.key" \
    --explicit-exit-notify 1 --verb 3 "$@" >"$LAB/client$n.log" 2>&1 &
  calling=$!
  until_true ping -c 1 -W 1 "10.8.$n.1"
  ping -q -c 6 -i 0.2 -s 200 "10.8.$n.1" >/dev/null
  ping -q -c 2 -i 0.2 -s 1200 "10.8.$n.1" >/dev/null
  sleep 2.5 # one keep-alive
  kill "$calling" && wait "$calling" || true
  kill "$serving" && wait "$serving" || true
}

record openvpn-udp.pcap -i client0
tunnel 1 192.0.2.2 1194 udp
tunnel 2 192.0.2.2 21194 udp --tls-auth "$LAB/shared.key" --auth SHA256
tunnel 3 192.0.2.2 443 udp --tls-crypt "$LAB/shared.key"
tunnel 4 2001:db8::2 1194 udp6
record_end
