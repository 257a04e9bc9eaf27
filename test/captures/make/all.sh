#!/bin/bash
# Records everything again (minutes; root), then writes ../expected.tsv.
set -euo pipefail
cd "$(dirname "$0")"
for name in http dns tls mysql postgresql sip rtp openvpn-udp openvpn-tcp wireguard ikev2-esp ikev1 esp l2tp pptp mixed; do
  "./$name.sh"
done
./expected.sh
