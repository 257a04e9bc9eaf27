#!/bin/bash
# dns.pcap: dig against dnsmasq. A, AAAA, MX, TXT, SRV, PTR, CNAME, NXDOMAIN; UDP and TCP, an odd
# port, IPv6, an answer truncated over UDP and asked again over TCP. Nanosecond time stamps.
LAB_PACKAGES="bind9-dnsutils dnsmasq-base"
LAB_PROGRAMS="dig dnsmasq"
. "$(dirname "$0")/lab.sh"

long=$(head -c 240 /dev/zero | tr '\0' 't')
cat >"$LAB/dnsmasq.conf" <<CONF
keep-in-foreground
no-resolv
no-hosts
user=root
pid-file=$LAB/dnsmasq.pid
local=/example.test/
address=/www.example.test/198.51.100.80
address=/www.example.test/2001:db8:80::80
host-record=mail.example.test,198.51.100.25,2001:db8:80::25
cname=web.example.test,mail.example.test
mx-host=example.test,mail.example.test,10
mx-host=example.test,backup.example.test,20
txt-record=example.test,"v=spf1 mx -all"
txt-record=long.example.test,$long,$long,$long
srv-host=_sip._udp.example.test,sip.example.test,5060,10,20
ptr-record=80.100.51.198.in-addr.arpa,www.example.test
CONF
server dnsmasq -C "$LAB/dnsmasq.conf" -p 53 &
server dnsmasq -C "$LAB/dnsmasq.conf" -p 10053 --pid-file="$LAB/second.pid" &
until_true listens udp 53
until_true listens udp 10053

ask() { dig +time=2 +tries=1 "$@" >>"$LAB/answers" || true; }

record dns.pcap -i client0 --time-stamp-precision=nano
for type in A AAAA MX TXT SOA; do ask @192.0.2.2 example.test "$type"; done
ask @192.0.2.2 www.example.test A
ask @192.0.2.2 www.example.test AAAA +noedns
ask @192.0.2.2 web.example.test A
ask @192.0.2.2 _sip._udp.example.test SRV
ask @192.0.2.2 -x 198.51.100.80
ask @192.0.2.2 missing.example.test A
ask @192.0.2.2 www.elsewhere.test A
ask @192.0.2.2 long.example.test TXT +noedns
ask @192.0.2.2 example.test MX +tcp
ask @192.0.2.2 +tcp +keepopen www.example.test A @192.0.2.2 +tcp +keepopen missing.example.test A
ask @192.0.2.2 -p 10053 www.example.test A
ask @192.0.2.2 -p 10053 missing.example.test AAAA
ask @192.0.2.2 -p 10053 long.example.test TXT +tcp
ask @2001:db8::2 www.example.test AAAA
ask @2001:db8::2 mail.example.test A
ask @2001:db8::2 example.test TXT +tcp
ask @2001:db8::2 -p 10053 example.test MX
record_end
