#!/bin/bash
# mixed.pcapng: two interfaces named in one file, recorded by dumpcap. On lan0 (the site's network):
# dig, curl over HTTP and HTTPS, git and TFTP (which have no label here). On wg0 (a tunnel of
# wireguard-go, whose outside is on lan0): psql, sipp and curl; raw IP, without Ethernet.
# any-sll.pcap and any-sll2.pcap: the same traffic as tcpdump -i any sees it, in both cooked formats.
LAB_PACKAGES="bind9-dnsutils dnsmasq-base curl nginx-light openssl git wireguard-go wireguard-tools postgresql postgresql-client sip-tester"
LAB_PROGRAMS="dig dnsmasq curl nginx openssl git wireguard-go wg postgres initdb psql runuser sipp"
LAB_INTERFACE=lan0
. "$(dirname "$0")/lab.sh"

pki
mkdir -p "$LAB/www" "$LAB/nginx" "$LAB/tftp" "$LAB/git" "$LAB/db"
for line in $(seq 40); do echo "<p>Line $line of a page about nothing in particular.</p>"; done >"$LAB/www/index.html"
cp "$LAB/www/index.html" "$LAB/tftp/page.html"
cat >"$LAB/nginx.conf" <<CONF
user root;
daemon off;
pid $LAB/nginx.pid;
error_log $LAB/error.log;
events {}
http {
  access_log off;
  client_body_temp_path $LAB/nginx/body;
  proxy_temp_path $LAB/nginx/proxy;
  fastcgi_temp_path $LAB/nginx/fastcgi;
  uwsgi_temp_path $LAB/nginx/uwsgi;
  scgi_temp_path $LAB/nginx/scgi;
  ssl_certificate $LAB/pki/server.pem;
  ssl_certificate_key $LAB/pki/server.key;
  server { listen 80; listen 443 ssl; root $LAB/www; }
}
CONF
server nginx -c "$LAB/nginx.conf" &
server dnsmasq -k --no-resolv --no-hosts --user=root --pid-file="$LAB/dns.pid" \
  --address=/server.example.test/192.0.2.2 --enable-tftp --tftp-root="$LAB/tftp" &
git init -q --bare "$LAB/git/notes.git"
git -C "$LAB" init -q work
echo "A weir keeps a river." >"$LAB/work/notes.txt"
git -C "$LAB/work" add notes.txt
git -C "$LAB/work" -c user.name=Example -c user.email=example@example.test commit -qm "First note"
git -C "$LAB/work" push -q "$LAB/git/notes.git" HEAD:main
git -C "$LAB/git/notes.git" symbolic-ref HEAD refs/heads/main
server git daemon --export-all --base-path="$LAB/git" --listen=192.0.2.2 2>"$LAB/git.log" &
chown postgres "$LAB/db"
runuser -u postgres -- initdb -D "$LAB/db/data" -U reader -A trust --no-sync >"$LAB/init.log"
echo "host all all 0.0.0.0/0 trust" >>"$LAB/db/data/pg_hba.conf"
server runuser -u postgres -- postgres -D "$LAB/db/data" -h '*' -k "$LAB/db" -F >"$LAB/db.log" 2>&1 &

for where in client server; do
  (umask 077 && wg genkey >"$LAB/$where.key")
  wg pubkey <"$LAB/$where.key" >"$LAB/$where.pub"
done
wireguard-go --foreground wg0 >"$LAB/client.log" 2>&1 &
server wireguard-go --foreground wg1 >"$LAB/server.log" 2>&1 &
until_true wg show wg0
until_true server wg show wg1
server wg set wg1 listen-port 51820 private-key "$LAB/server.key" peer "$(cat "$LAB/client.pub")" allowed-ips 10.9.0.1/32
wg set wg0 private-key "$LAB/client.key" peer "$(cat "$LAB/server.pub")" allowed-ips 10.9.0.2/32 endpoint 192.0.2.2:51820
ip address add 10.9.0.1/24 dev wg0
server ip address add 10.9.0.2/24 dev wg1
server ip link set wg1 mtu 1420 up
ip link set wg0 mtu 1420 up
until_true listens udp 53
until_true listens tcp 443
until_true listens tcp 9418
until_true listens tcp 5432
(cd "$LAB" && exec ip netns exec server sipp -nostdin -sn uas -i 10.9.0.2 -p 5060 >/dev/null 2>&1) &
until_true listens udp 5060

record mixed.pcapng -i lan0 -i wg0
record any-sll.pcap -i any -y LINUX_SLL
record any-sll2.pcap -i any -y LINUX_SLL2
for type in A AAAA; do dig +tries=1 @192.0.2.2 server.example.test "$type" >/dev/null; done
curl -sS -o /dev/null http://192.0.2.2/
curl -sS -o /dev/null --cacert "$LAB/pki/ca.pem" --resolve server.example.test:443:192.0.2.2 https://server.example.test/
psql -qAt "host=10.9.0.2 user=reader dbname=postgres sslmode=disable" -c "SELECT n FROM generate_series(1, 40) n" >/dev/null
git clone -q git://192.0.2.2/notes.git "$LAB/clone"
curl -sS -o /dev/null tftp://192.0.2.2/page.html
(cd "$LAB" && timeout 20 sipp -nostdin -sn uac -i 10.9.0.1 -p 6060 -m 1 -d 200 -s bob 10.9.0.2:5060 >/dev/null 2>&1)
dig +tries=1 @192.0.2.2 missing.elsewhere.test >/dev/null
curl -sS -o /dev/null http://10.9.0.2/
record_end
