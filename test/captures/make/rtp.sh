#!/bin/bash
# rtp.pcap: two calls of sipp with media, over IPv4 and IPv6: the caller sends G.711 A-law, the other side
# echoes it (-rtp_echo). The SIP that announces them is in the file too.
LAB_PACKAGES="sip-tester"
LAB_PROGRAMS="sipp"
. "$(dirname "$0")/lab.sh"

cd "$LAB"
# Half a second of A-law, 8000 bytes a second.
head -c 4000 /dev/zero | tr '\0' '\325' >tone.wav
cat >caller.xml <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="caller">
  <send retrans="500"><![CDATA[
INVITE sip:bob@example.test SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:alice@example.test>;tag=[call_number]
To: <sip:bob@example.test>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:alice@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=alice 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000

]]></send>
  <recv response="180" optional="true"/>
  <recv response="200" rtd="true"/>
  <send><![CDATA[
ACK sip:bob@example.test SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:alice@example.test>;tag=[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
  <nop><action><exec rtp_stream="tone.wav,1,8,PCMA/8000"/></action></nop>
  <pause milliseconds="700"/>
  <send retrans="500"><![CDATA[
BYE sip:bob@example.test SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:alice@example.test>;tag=[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200"/>
</scenario>
XML
answer() { server sipp -nostdin -sn uas -rtp_echo "$@" >/dev/null 2>&1 & }
answer -i 192.0.2.2 -p 5060 -mi 192.0.2.2 -mp 6000
answer -i 2001:db8::2 -p 5062 -mi 2001:db8::2 -mp 7000
until_true listens udp 5060
until_true listens udp 5062

call() { timeout 20 sipp -nostdin -sf caller.xml -m 1 "$@" >>"$LAB/calls.log" 2>&1; }

record rtp.pcap -i client0 udp
call -i 192.0.2.1 -p 6060 -mi 192.0.2.1 -mp 8000 192.0.2.2:5060
call -i 2001:db8::1 -p 6062 -mi 2001:db8::1 -mp 9000 "[2001:db8::2]:5062"
record_end
