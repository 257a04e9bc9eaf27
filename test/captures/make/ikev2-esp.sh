#!/bin/bash
# ikev2-esp.pcap: strongSwan against strongSwan, IKEv2 with certificates and with a pre-shared key.
# IKE_SA_INIT on 500, IKE_AUTH, rekeying, dead-peer detection and delete on 4500, and ESP in UDP on
# 4500 beside them (the four zero octets of RFC 3948 tell the two apart); odd source ports in the
# second tunnel.
LAB_PACKAGES="strongswan-charon strongswan-swanctl libcharon-extra-plugins openssl iputils-ping"
LAB_PROGRAMS="swanctl openssl ping"
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/lab-strongswan.sh"

pki
charon server gateway
charon client office
charon client roamer "port = 10500" "port_nat_t = 14500"
for name in gateway office; do
  cp "$LAB/pki/ca.pem" "$LAB/$name/x509ca/"
done
cp "$LAB/pki/server.pem" "$LAB/gateway/x509/" && cp "$LAB/pki/server.key" "$LAB/gateway/private/"
cp "$LAB/pki/client.pem" "$LAB/office/x509/" && cp "$LAB/pki/client.key" "$LAB/office/private/"

cat >"$LAB/gateway/swanctl.conf" <<CONF
connections {
  office { version = 2
    local_addrs = 192.0.2.2
    remote_addrs = 192.0.2.1
    local { auth = pubkey
      certs = server.pem
      id = server.example.test }
    remote { auth = pubkey
      id = client.example.test }
    children { net { local_ts = 10.2.0.0/24
      remote_ts = 10.1.0.0/24
      esp_proposals = aes128gcm16-x25519 } } }
  roamer { version = 2
    local_addrs = 192.0.2.2
    local { auth = psk
      id = server.example.test }
    remote { auth = psk
      id = roamer.example.test }
    children { net { local_ts = 10.2.0.0/24
      remote_ts = 10.3.0.0/24
      esp_proposals = aes256-sha256 } } }
}
secrets { ike-roamer { id = roamer.example.test
  secret = "example-secret" } }
CONF
cat >"$LAB/office/swanctl.conf" <<CONF
connections { gateway { version = 2
  local_addrs = 192.0.2.1
  remote_addrs = 192.0.2.2
  dpd_delay = 2s
  local { auth = pubkey
    certs = client.pem
    id = client.example.test }
  remote { auth = pubkey
    id = server.example.test }
  children { net { local_ts = 10.1.0.0/24
    remote_ts = 10.2.0.0/24
    esp_proposals = aes128gcm16-x25519 } } } }
CONF
cat >"$LAB/roamer/swanctl.conf" <<CONF
connections { gateway { version = 2
  local_addrs = 192.0.2.1
  remote_addrs = 192.0.2.2
  local_port = 10500
  local { auth = psk
    id = roamer.example.test }
  remote { auth = psk
    id = server.example.test }
  children { net { local_ts = 10.3.0.0/24
    remote_ts = 10.2.0.0/24
    esp_proposals = aes256-sha256 } } } }
secrets { ike-gateway { id = server.example.test
  secret = "example-secret" } }
CONF
ip address add 10.3.0.1/24 dev lo
for name in gateway office roamer; do swan "$name" --load-all; done

record ikev2-esp.pcap -i client0
swan office --initiate --child net
ping -q -c 10 -i 0.2 -s 120 -I 10.1.0.1 10.2.0.1 >/dev/null
swan office --rekey --child net
ping -q -c 5 -i 0.2 -s 1000 -I 10.1.0.1 10.2.0.1 >/dev/null
swan office --rekey --ike gateway
sleep 5 # dead-peer detection
swan office --terminate --ike gateway
swan roamer --initiate --child net
ping -q -c 10 -i 0.2 -s 300 -I 10.3.0.1 10.2.0.1 >/dev/null
swan roamer --terminate --ike gateway
record_end
