#!/bin/bash
# openvpn-tcp.pcap: OpenVPN in TLS mode over TCP, pings inside. Port 1194 bare, port 443 with
# tls-crypt (as it is used to pass for a web server), an odd port with tls-auth.
LAB_PACKAGES="openvpn openssl iputils-ping"
LAB_PROGRAMS="openvpn openssl ping"
. "$(dirname "$0")/lab.sh"

pki
openvpn --genkey secret "$LAB/shared.key"
tunnel() { # tunnel NUMBER PORT OPTION… : a server and a client, pings, both ended
  local n=$1 port=$2 serving calling
  shift 2
  server openvpn --mode server --tls-server --dev "ovpn$n" --dev-type tun --topology subnet \
    --server "10.8.$n.0" 255.255.255.0 --proto tcp-server --local 192.0.2.2 --port "$port" --dh none \
    --ca "$LAB/pki/ca.pem" --cert "$LAB/pki/server.pem" --key "$LAB/pki/server.key" \
    --keepalive 2 20 --verb 3 "$@" >"$LAB/server$n.log" 2>&1 &
  serving=$!
  until_true grep -q 'Initialization Sequence Completed' "$LAB/server$n.log"
  openvpn --client --dev "ovpn$n" --dev-type tun --nobind --proto tcp-client --remote 192.0.2.2 "$port" \
    --remote-cert-tls server --ca "$LAB/pki/ca.pem" --cert "$LAB/pki/client.pem" --key "$LAB/pki/client.key" \
    --verb 3 "$@" >"$LAB/client$n.log" 2>&1 &
  calling=$!
  until_true ping -c 1 -W 1 "10.8.$n.1"
  ping -q -c 6 -i 0.2 -s 200 "10.8.$n.1" >/dev/null
  ping -q -c 2 -i 0.2 -s 1200 "10.8.$n.1" >/dev/null
  sleep 2.5 # one keep-alive
  kill "$calling" && wait "$calling" || true
  kill "$serving" && wait "$serving" || true
}

record openvpn-tcp.pcap -i client0
tunnel 1 1194
tunnel 2 443 --tls-crypt "$LAB/shared.key"
tunnel 3 21194 --tls-auth "$LAB/shared.key" --auth SHA256
record_end
