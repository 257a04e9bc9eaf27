#!/bin/bash
# ikev1.pcap: strongSwan against strongSwan, IKEv1. Main mode, quick mode, rekeying, dead-peer
# detection and delete; then aggressive mode with XAUTH and mode config, from odd source ports.
# ESP in UDP beside them on 4500. A third client is refused (wrong secret).
LAB_PACKAGES="strongswan-charon strongswan-swanctl libcharon-extra-plugins libcharon-extauth-plugins iputils-ping"
LAB_PROGRAMS="swanctl ping"
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/lab-strongswan.sh"

charon server gateway
charon client office
charon client roamer "port = 10500" "port_nat_t = 14500"

cat >"$LAB/gateway/swanctl.conf" <<CONF
connections {
  office { version = 1
    local_addrs = 192.0.2.2
    local { auth = psk
      id = server.example.test }
    remote { auth = psk
      id = 192.0.2.1 }
    children { net { local_ts = 10.2.0.0/24
      remote_ts = 10.1.0.0/24
      esp_proposals = aes128-sha256 } } }
  roamer { version = 1
    aggressive = yes
    local_addrs = 192.0.2.2
    pools = roamers
    local { auth = psk
      id = server.example.test }
    remote { auth = psk
      id = roamers@example.test }
    remote-xauth { auth = xauth }
    children { net { local_ts = 10.2.0.0/24
      esp_proposals = aes128-sha1 } } }
}
pools { roamers { addrs = 10.4.0.0/24
  dns = 198.51.100.53 } }
secrets {
  ike-office { id = 192.0.2.1
    secret = "example-secret" }
  ike-roamer { id = roamers@example.test
    secret = "another-secret" }
  xauth-alice { id = alice
    secret = "example-password" }
}
CONF
cat >"$LAB/office/swanctl.conf" <<CONF
connections { gateway { version = 1
  local_addrs = 192.0.2.1
  remote_addrs = 192.0.2.2
  dpd_delay = 2s
  local { auth = psk }
  remote { auth = psk
    id = server.example.test }
  children { net { local_ts = 10.1.0.0/24
    remote_ts = 10.2.0.0/24
    esp_proposals = aes128-sha256 } } } }
secrets { ike-gateway { id = server.example.test
  secret = "example-secret" } }
CONF
cat >"$LAB/roamer/swanctl.conf" <<CONF
connections { gateway { version = 1
  aggressive = yes
  local_addrs = 192.0.2.1
  remote_addrs = 192.0.2.2
  local_port = 10500
  vips = 0.0.0.0
  local { auth = psk
    id = roamers@example.test }
  local-xauth { auth = xauth
    xauth_id = alice }
  remote { auth = psk
    id = server.example.test }
  children { net { remote_ts = 10.2.0.0/24
    esp_proposals = aes128-sha1 } } } }
secrets {
  ike-gateway { id = server.example.test
    secret = "another-secret" }
  xauth-alice { id = alice
    secret = "example-password" }
}
CONF
for name in gateway office roamer; do swan "$name" --load-all; done

record ikev1.pcap -i client0
swan office --initiate --child net
ping -q -c 10 -i 0.2 -s 120 -I 10.1.0.1 10.2.0.1 >/dev/null
swan office --rekey --child net
ping -q -c 5 -i 0.2 -s 1000 -I 10.1.0.1 10.2.0.1 >/dev/null
sleep 4 # dead-peer detection
swan office --terminate --ike gateway
swan roamer --initiate --child net
until_true ping -q -c 5 -i 0.2 -W 1 -s 300 10.2.0.1
swan roamer --terminate --ike gateway
sed -i 's/"another-secret"/"wrong-secret"/' "$LAB/roamer/swanctl.conf"
swan roamer --load-creds --clear
swan roamer --initiate --ike gateway --timeout 3 || true
record_end
