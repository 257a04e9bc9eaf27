#!/bin/bash
# esp.pcap: strongSwan against strongSwan with the kernel's ESP, straight in IP (protocol 50, no UDP).
# One tunnel keyed by IKEv2, then one by IKEv1 (from 192.0.2.3), then IKEv2 over IPv6, all wholly on
# port 500. As Linux does, the receiver's interface also shows each packet once more, out of its ESP.
LAB_PACKAGES="strongswan-charon strongswan-swanctl libcharon-extra-plugins iputils-ping"
LAB_KERNEL_MODULES="xfrm_user esp4 esp6 authenc echainiv seqiv cbc aes_generic sha256_generic hmac"
LAB_PROGRAMS="swanctl ping"
ESP_BY=kernel
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/lab-strongswan.sh"

charon server gateway
charon client office

tunnel() { # tunnel NAME VERSION LOCAL REMOTE LOCAL-NET REMOTE-NET : as swanctl.conf has it
  cat <<CONF
connections { $1 { version = $2
  mobike = no
  local_addrs = $3
  remote_addrs = $4
  local { auth = psk }
  remote { auth = psk
    id = $4 }
  children { net { local_ts = $5
    remote_ts = $6
    esp_proposals = aes128-sha256 } } } }
secrets { ike-$1 { id-a = $3
  id-b = $4
  secret = "example-secret" } }
CONF
}
try() { # try VERSION CLIENT-ADDRESS SERVER-ADDRESS : the tunnel up, pings, down
  tunnel net "$1" "$3" "$2" 10.2.0.0/24 10.1.0.0/24 >"$LAB/gateway/swanctl.conf"
  tunnel net "$1" "$2" "$3" 10.1.0.0/24 10.2.0.0/24 >"$LAB/office/swanctl.conf"
  swan gateway --load-all --clear
  swan office --load-all --clear
  swan office --initiate --child net
  ping -q -c 8 -i 0.2 -s 120 -I 10.1.0.1 10.2.0.1 >/dev/null
  ping -q -c 4 -i 0.2 -s 1000 -I 10.1.0.1 10.2.0.1 >/dev/null
  swan office --terminate --ike net
}

ip address add 192.0.2.3/24 dev client0

record esp.pcap -i client0
try 2 192.0.2.1 192.0.2.2
try 1 192.0.2.3 192.0.2.2
try 2 2001:db8::1 2001:db8::2
record_end
