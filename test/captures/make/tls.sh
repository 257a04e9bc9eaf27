#!/bin/bash
# tls.pcap: openssl s_client and curl against openssl s_server. TLS 1.2 and 1.3, a download of some
# kilobytes, resumption, client certificate, a refused certificate, odd ports (80 among them), IPv6.
LAB_PACKAGES="curl openssl"
LAB_PROGRAMS="curl openssl"
. "$(dirname "$0")/lab.sh"

pki
mkdir -p "$LAB/www"
openssl rand -base64 2000 >"$LAB/www/file.txt"
serve() { (cd "$LAB/www" && exec ip netns exec server openssl s_server -quiet -cert ../pki/server.pem -key ../pki/server.key -CAfile ../pki/ca.pem "$@" >/dev/null 2>&1) & }
serve -accept 192.0.2.2:443 -tls1_2 -WWW
serve -accept 192.0.2.2:8443 -tls1_3 -WWW
serve -accept 192.0.2.2:80 -tls1_3 -WWW
serve -accept 192.0.2.2:14433 -tls1_2 -Verify 1 -WWW
serve -accept "[2001:db8::2]:14434" -6 -WWW
for port in 443 8443 80 14433 14434; do until_true listens tcp "$port"; done

at() { echo "--resolve server.example.test:$1:$2 https://server.example.test:$1/file.txt"; }
fetch() { curl -sS --http1.1 --cacert "$LAB/pki/ca.pem" -o /dev/null "$@" || true; }
client() { printf 'GET /file.txt HTTP/1.0\r\n\r\n' | openssl s_client -ign_eof -CAfile "$LAB/pki/ca.pem" -servername server.example.test "$@" >/dev/null 2>&1; }

record tls.pcap -i client0
fetch --tls-max 1.2 $(at 443 192.0.2.2)
fetch $(at 8443 192.0.2.2)
client -connect 192.0.2.2:8443 -sess_out "$LAB/session"
client -connect 192.0.2.2:8443 -sess_in "$LAB/session"
client -connect 192.0.2.2:443 -tls1_2 -no_ticket
fetch $(at 80 192.0.2.2)
fetch --cert "$LAB/pki/client.pem" --key "$LAB/pki/client.key" $(at 14433 192.0.2.2)
fetch --cacert /dev/null $(at 8443 192.0.2.2) 2>/dev/null
fetch --tls-max 1.2 $(at 14434 '[2001:db8::2]')
fetch $(at 14434 '[2001:db8::2]')
record_end
