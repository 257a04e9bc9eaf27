#!/bin/bash
# Writes ../expected.tsv: every TCP, UDP, ESP and GRE flow of every capture (tshark lists them, needs
# Debian package tshark) with the label that endpoints.tsv gives the program at its known end. A flow
# that no line of endpoints.tsv explains is an error.
#
# The last column is the cross-check: how many of the flow's packets tshark dissects as that protocol,
# once told which ports are odd.
set -euo pipefail
cd "$(dirname "$0")/.."

flows() { # flows CAPTURE : transport, source, destination, protocols, one line a packet, outermost layers
  local odd=()
  case $1 in
    dns.pcap) odd=(tcp.port==10053,dns) ;;
    tls.pcap) odd=(tcp.port==80,tls) ;;
    mysql.pcapng) odd=(tcp.port==13306,mysql) ;;
    postgresql.pcap) odd=(tcp.port==15432,pgsql) ;;
    openvpn-udp.pcap) odd=(udp.port==21194,openvpn udp.port==443,openvpn) ;;
    openvpn-tcp.pcap) odd=(tcp.port==21194,openvpn tcp.port==443,openvpn) ;;
    l2tp.pcap) odd=(udp.port==21701,l2tp) ;;
  esac
  odd=("${odd[@]/#/-d}")
  tshark -n -r "$1" "${odd[@]}" -T fields -E occurrence=f -E separator=';' -e ip.proto -e ipv6.nxt -e ip.src -e ip.dst \
    -e ipv6.src -e ipv6.dst -e tcp.srcport -e tcp.dstport -e udp.srcport -e udp.dstport -e frame.protocols 2>/dev/null
}

{
  printf 'capture\ttransport\tendpoint_a\tendpoint_b\tprotocol\tpackets\tnote\ttshark_agrees\n'
  for capture in *.pcap *.pcapng; do
    flows "$capture" | awk -F ';' -v OFS='\t' -v capture="$capture" '
      function name(address, port) { return (address ~ /:/ ? "[" address "]" : address) ":" port }
      function known(capture, transport, endpoint) {
        key = capture OFS transport OFS endpoint
        return key in label ? key : ""
      }
      FILENAME == "make/endpoints.tsv" {
        split($0, part, "\t")
        label[part[1] OFS part[2] OFS part[3]] = part[4]
        note[part[1] OFS part[2] OFS part[3]] = part[5]
        next
      }
      {
        # An IPv6 packet inside an IPv4 one (or the other way) gives both numbers; layers tell the outer.
        outer = $11 ~ /^[^i]*(sll:ethertype:|eth:ethertype:|raw:)?ipv6/ ? 6 : 4
        number = outer == 6 ? $2 : $1
        if ($11 ~ /icmp/ && $11 !~ /(gre|l2tp|udp|esp).*icmp/) next
        if (number == 6) { transport = "TCP"; from = $7; to = $8 }
        else if (number == 17) { transport = "UDP"; from = $9; to = $10 }
        else if (number == 50) { transport = "ESP"; from = to = 0 }
        else if (number == 47) { transport = "GRE"; from = to = 0 }
        else next
        a = name(outer == 6 ? $5 : $3, from)
        b = name(outer == 6 ? $6 : $4, to)
        if ((transport OFS b OFS a) in packets) key = transport OFS b OFS a
        else {
          key = transport OFS a OFS b
          if (!(key in packets)) order[++count] = key
        }
        packets[key]++
        dissected[key] = dissected[key] " " $11
      }
      END {
        pattern["HTTP"] = ":http"; pattern["DNS"] = ":dns"; pattern["TLS"] = ":tls"; pattern["MySQL"] = ":mysql"
        pattern["PostgreSQL"] = ":pgsql"; pattern["SIP"] = ":sip"; pattern["RTP"] = ":rtp"; pattern["OpenVPN"] = ":openvpn"
        pattern["WireGuard"] = ":wg"; pattern["IKEv1"] = ":isakmp"; pattern["IKEv2"] = ":isakmp"
        pattern["ESP"] = ":esp"; pattern["L2TP"] = ":l2tp"; pattern["PPTP"] = ":pptp"
        for (i = 1; i <= count; i++) {
          split(order[i], end, OFS)
          rule = known(capture, end[1], end[3])
          if (rule == "") rule = known(capture, end[1], end[2])
          if (rule == "") {
            wild = end[2]; sub(/:[0-9]+$/, ":*", wild)
            rule = known(capture, end[1], wild)
          }
          if (rule == "") { print "unexplained: " capture " " order[i] >"/dev/stderr"; exit 1 }
          agrees = label[rule] == "-" ? "-" : 0
          n = split(dissected[order[i]], layers, " ")
          for (j = 1; j <= n && agrees != "-"; j++) agrees += layers[j] ~ (pattern[label[rule]] "(:|$)")
          print capture, order[i], label[rule], packets[order[i]], note[rule], agrees
        }
      }' make/endpoints.tsv - || exit 1
  done
} >expected.tmp
mv expected.tmp expected.tsv
awk -F '\t' 'NR > 1 { n[$5]++ } END { for (label in n) print label, n[label] }' expected.tsv | sort
