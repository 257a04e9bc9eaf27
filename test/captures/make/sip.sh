#!/bin/bash
# sip.pcapng (voice0): sipp calling sipp. INVITE to BYE over UDP and TCP, a call refused with 486, REGISTER,
# an odd port, IPv6. Media is announced (SDP) but none is sent.
LAB_PACKAGES="sip-tester"
LAB_PROGRAMS="sipp"
LAB_INTERFACE=voice0
. "$(dirname "$0")/lab.sh"

cat >"$LAB/register.xml" <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="register">
  <send retrans="500"><![CDATA[
REGISTER sip:example.test SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:alice@example.test>;tag=[call_number]
To: <sip:alice@example.test>
Call-ID: [call_id]
CSeq: 1 REGISTER
Contact: <sip:alice@[local_ip]:[local_port]>
Max-Forwards: 70
Expires: 600
Content-Length: 0

]]></send>
  <recv response="200"/>
</scenario>
XML
cat >"$LAB/registrar.xml" <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="registrar">
  <recv request="REGISTER"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:alice@example.test>;expires=600
Content-Length: 0

]]></send>
</scenario>
XML
cat >"$LAB/busy.xml" <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="busy">
  <recv request="INVITE"/>
  <send retrans="500"><![CDATA[
SIP/2.0 486 Busy Here
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
  <recv request="ACK"/>
</scenario>
XML
cat >"$LAB/caller.xml" <<'XML'
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
Content-Length: 0

]]></send>
  <recv response="486"/>
  <send><![CDATA[
ACK sip:bob@example.test SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
</scenario>
XML
cd "$LAB"
answer() { server sipp -nostdin "$@" >/dev/null 2>&1 & }
answer -sn uas -i 192.0.2.2 -p 5060
answer -sn uas -i 192.0.2.2 -p 5060 -t t1
answer -sn uas -i 192.0.2.2 -p 15060
answer -sn uas -i 2001:db8::2 -p 5062
answer -sf registrar.xml -i 192.0.2.2 -p 5070
answer -sf busy.xml -i 192.0.2.2 -p 5080
for port in 5060 15060 5062 5070 5080; do until_true listens udp "$port"; done
until_true listens tcp 5060

call() { timeout 20 sipp -nostdin "$@" >>"$LAB/calls.log" 2>&1; }

record sip.pcapng -i voice0
call -sn uac -i 192.0.2.1 -p 6060 -m 3 -r 5 -d 200 -s bob 192.0.2.2:5060
call -sn uac -i 192.0.2.1 -t t1 -m 2 -r 5 -d 200 -s bob 192.0.2.2:5060
call -sn uac -i 192.0.2.1 -p 6061 -m 2 -r 5 -d 100 -s bob 192.0.2.2:15060
call -sn uac -i 2001:db8::1 -p 6062 -m 1 -d 100 -s bob "[2001:db8::2]:5062"
call -sf register.xml -i 192.0.2.1 -p 6063 -m 2 192.0.2.2:5070
call -sf caller.xml -i 192.0.2.1 -p 6064 -m 1 192.0.2.2:5080
record_end
