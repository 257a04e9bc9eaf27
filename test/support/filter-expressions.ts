/** Expressions of all kinds, as operators write them and as the manual has them (pcap-filter(7)). */
export const filterExpressions: readonly string[] = `
tcp
udp
icmp
icmp6
igmp
igrp
pim
vrrp
carp
sctp
ah
esp
ip
ip6
arp
rarp
atalk
aarp
decnet
iso
stp
ipx
netbeui
lat
sca
moprc
mopdl
pppoed
not ip
! ip6
not tcp and udp
not (tcp and udp)
tcp or udp and port 53
tcp and port 80 or udp
tcp or udp or icmp and ip6
(tcp or udp) and (port 53 or port 80)
port 80
port 5060
src port 53
dst port 443
src or dst port 53
src and dst port 5060
tcp port 80
tcp src port 80
tcp dst port 443
tcp src and dst port 5060
udp port 53
udp port 5060
sctp port 80
tcp port 80 or 443
tcp port (80 or 443)
tcp dst port 80 or 443 or 5060
port 80 and not 40000
port (80 or 443) and not host 10.0.0.1
port not 53
not port 53 and not port 80
port 0x50
port 0120
port http
port https
port domain
port sip
udp port sip
tcp port domain
port ssh or smtp or ntp or snmp
port bootps or bootpc
portrange 80-443
portrange 443-80
tcp portrange 1-1023
udp src portrange 5000-6000
dst portrange http-https
portrange 5060
portrange 0-65535
host 10.0.0.1
src host 10.0.0.1
dst host 10.0.0.1
src 10.0.0.1
dst 192.168.1.20
src or dst 192.168.1.20
src and dst host 10.0.0.1
host 10.0.0.1 and 192.168.1.20
host 10.0.0.1 or 10.0.0.9
host (10.0.0.1 or 10.0.0.9) and tcp
host 10.0.0.1 and not (192.168.1.20 or 10.0.0.9)
ip host 10.0.0.1
arp host 10.0.0.1
rarp host 10.0.0.1
arp src host 10.0.0.1
arp dst 10.0.0.9
ip src 10.0.0.1
host 10
host 10.1
host 2001:db8::1
src host 2001:db8::1
ip6 host 2001:db8::1
dst 2001:db8:1::2
host ff02::1
host ::ffff:10.0.0.1
net 10
net 10.0
net 10.0.0.0/8
net 10.1.2/24
net 192.168
net 192.168.1.0/24
src net 192.168
dst net 10.0.0.0/8
net 10.0.0.0 mask 255.0.0.0
net 10.0 mask 255.255.0.0
net 172.16.0.0/12
net 0.0.0.0/0
net 0
src net 10 or 192.168
src net 10.1
net 2001:db8::/32
src net 2001:db8:1::/48
net ff00::/8
net 2001:db8::/33
net ::/0
ip net 10
arp net 192.168
ip6 net 2001:db8::/32
net 10.0.0.0/8 or 2001:db8::/32
proto 6
proto 17
proto \\tcp
proto gre
ip proto 6
ip proto \\udp
ip proto \\tcp or \\udp
ip proto ospf
ip proto 300
ip6 proto 17
ip6 proto \\tcp
ip6 proto 44
ip6 proto 0
ip6 proto ipv6-icmp
ether proto 0x800
ether proto \\ip
ether proto \\arp
ether proto \\ip6 or \\arp
ether proto 0x8100
ether proto 0x42
ether proto \\stp
ether proto 6
ether proto 0xfe
ether proto loopback
ether proto 70000
ether host 02:00:00:00:00:01
ether src 02:00:00:00:00:02
ether dst host 2:0:0:0:0:1
ether host 02-00-00-00-00-01
ether host 0200.0000.0001
ether host 020000000001
ether src and dst host 02:00:00:00:00:01
ether host 02:00:00:00:00:01 and not 02:00:00:00:00:02
broadcast
ether broadcast
multicast
ether multicast
ip broadcast
ip multicast
ip6 multicast
ether multicast and not ether broadcast
ether[0] & 1 = 0 and ip[16] >= 224
less 60
greater 100
len > 100
len <= 60
length = 60
len - 14 = ip[2:2]
less 64 and greater 40
vlan
vlan 100
vlan 100 and ip
vlan and tcp
vlan and vlan 100 and ip6
vlan 200 && vlan 100
vlan and host 10.0.0.1
vlan and port 80
vlan and arp
vlan or ip
not vlan
not vlan and ip
ip or vlan
ip or vlan and ip
(vlan and tcp) or udp
mpls
mpls 1000
mpls 16 and mpls 1000
mpls 16 and mpls 1001 and host 10.0.0.1
mpls and ip
mpls and ip6 or tcp
mpls and mpls and udp port 53
mpls and not ip
vlan and mpls
pppoes
pppoes 39
pppoes 0x27 and ip
pppoes and tcp port 80
pppoes and host 2001:db8::1
pppoes and ether[0] = 0
pppoes 40 or ip
pppoes and mpls
vlan and pppoes
ip[0] & 0xf != 5
ip[6:2] & 0x1fff = 0
ip[8] = 64
ip[9] = 6
ip[12:4] = 0x0a000001
ip[16] >= 224
ip[-1] = 0
ip[2:2] > 576
ip6[6] = 17
ip6[4:2] > 40
ether[12:2] = 0x0800
ether[0:4] = 0x02000000
link[6] = 2
arp[6:2] = 1
rarp[7] = 1
decnet[0] = 1
tcp[13] & 2 != 0
tcp[tcpflags] & (tcp-syn|tcp-ack) != 0
tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not src and dst net 10
tcp[tcpflags] & (tcp-rst|tcp-ack) == (tcp-rst|tcp-ack)
tcp[tcpflags] == tcp-syn
tcp[tcpflags] & (tcp-push|tcp-urg|tcp-ece|tcp-cwr) != 0
tcp[0:2] = 80 or tcp[2:2] = 80
tcp[12] >> 4 * 4 = 20
(tcp[12] & 0xf0) >> 2 > 20
tcp[(tcp[12] >> 2) & 0xfc : 4] = 0x70617963
tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)
udp[4:2] > 20
udp[0:2] < 1024
sctp[0:2] = 80
icmp[icmptype] = icmp-echo
icmp[icmptype] != icmp-echo and icmp[icmptype] != icmp-echoreply
icmp[icmpcode] = 1
icmp6[icmp6type] = icmp6-echo
icmp6[icmp6type] == icmp6-neighborsolicit or icmp6[icmp6code] = 1
icmp6[0] > 128
igmp[0] = 0
pim[0] = 0
vrrp[0] = 0
ip[0] + ip[1] * 2 - 3 = 66
ip[0] ^ 1 + 2 = 0x46
ip[0] % 3 * 2 = 3
ip[0] * 3 % 2 = 69
ip[0] | 1 & 2 = 69
100 / ip[1] = 5
not 100 / ip[1] = 5
ip[8] / 7 = 9
ip[8] << 26 = 0
ip[8] << 25 > 0
-ip[0] = 0xffffffbb
ip[0] = --69
- 1 > 5
1 = 1
1 = 2
not 1 = 2
ip[ip[0]] = 0
ether[len - 1] = 0
ether[len] = 0
not ether[len] = 0
not tcp[100] = 0
not (udp and port 53 or tcp)
(((tcp)))
not not tcp
(len) > 60
((tcp[0])) = (0)
tcp and not (port 80 or 443)
port 80 or (udp and 5060)
port 80 or (443)
port 80 or host 10.0.0.1 or 10.0.0.9
udp and (host 10.0.0.1 or host 10.0.0.9) and not portrange 5000-6000
host 10.0.0.1 and port 80 or 443 or udp
`
  .trim()
  .split("\n");

/** What nobody should write, and what libpcap refuses: both have to. */
export const refusedExpressions: readonly string[] = `
10.0.0.1
ip 10.0.0.1
10.0.0.0/8
net 10/8
net 10.0.0.1/8
net 10.0.0.0/33
net ::1/129
net ::1/64
net 10 mask 255
net 256.1.1.1
host 10.0.0.1/32
host ::/0
host 02:00:00:00:00:01
ether src 10.0.0.1
ether host ::1
ip host ::1
ip6 host 10.0.0.1
tcp host 10.0.0.1
tcp src 10.0.0.1
icmp port 5
ip port 5
ether port 5
port 10.1
port ::1
port -1
port 65536
port 08
port 99999999999
port nosuchservice
portrange 1-70000
portrange 80 - 90
udp port http
src tcp port 5
src or port 5
tcp proto 5
arp proto 6
ip proto tcp
ip proto nosuchprotocol
ether proto ip
ether proto nosuchprotocol
tcp or 80
(port 80) or 443
port 80 or (443 and 5 or tcp)
port 80 and (tcp or 81)
port (80 = 80)
port 80 or (40 + 3)
port 80 or 40 + 3
tcp udp
tcp port
tcp port 80 443
tcp not udp
tcp and
and tcp
tcp or or udp
tcp)
(tcp
()
not
len
5
1 + 2
ip[0]
ip[0] = 1 and ip[1]
ip[0] = 1 = 1
ip[0] <> 1
ip[0:3] = 1
ip[tcp] = 1
esp[0] = 1
ip[0] << 32 = 0
ip[0] / 0 = 1
len=5-3
less (5)
vlan 4096
vlan -1
mpls 1048576
mpls and arp
mpls and vlan
mpls and pppoes
pppoes 65536
pppoes and vlan
pppoes and ether host 02:00:00:00:00:01
pppoes and broadcast
tcp broadcast
ip6 broadcast
arp multicast
TCP
tcp; udp
port "80"
`
  .trim()
  .split("\n");
